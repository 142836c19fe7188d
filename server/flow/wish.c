// SPDX-License-Identifier: Apache-2.0
// Deletion because somebody asked for it: waiting, deleting, telling.
#include "wish.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/deletion.h"
#include "erase.h"
#include "history.h"
#include "rewrite.h"
#include "say.h"

// While somebody talks with them, or a reply to them is on its way.
#define AGAIN_MS 15000
// A receipt is mostly sent by then.
#define TOLD_MS 2000
// A reply that is not sent by then is not waited for. Longer than any validity_s that makes sense.
#define FORCE_MS (INT64_C(24) * 3600 * 1000)
// Its row says for how long it may be sent; a gateway that is gone never tries it.
#define GIVE_UP_MS (INT64_C(25) * 3600 * 1000)

struct wishes {
	struct strmap *busy; // member of the timers -> struct round
};

// One look at a wish, from its timer until it is done or has another time.
struct round {
	struct pool *pool;
	char line[24];
	char texter[VAULT_HASH_LEN + 1];
	char member[120]; // of the timers
	char score[32];
	char id[POOL_ID_MAX];
	char by[33];
	char language[4];
	char gateway[33];
	char receipt[POOL_ID_MAX]; // the message
	char told_by[33];
	bool telling, numbered;
	int64_t asked_ms, told_ms;
	char conversation[POOL_ID_MAX]; // that is looked at
};

struct wishes *wishes_new(void)
{
	struct wishes *w = xcalloc(1, sizeof *w);
	w->busy = strmap_new();
	return w;
}

void wishes_free(struct wishes *w)
{
	strmap_free(w->busy);
	free(w);
}

const char *wish_language(const struct pool *p, struct bytes text)
{
	const struct config_pool *c = p->config;
	if (c->delete_words_count == 0)
		return deletion_default(text);
	for (unsigned i = 0; i < c->delete_words_count; i++)
		for (unsigned j = 0; j < c->delete_words[i].words_count; j++)
			if (deletion_phrase(text, c->delete_words[i].words[j]))
				return c->delete_words[i].language;
	return NULL;
}

void wish_code(const char *id, char out[static WISH_CODE_LEN + 1])
{
	size_t len = strlen(id);
	const char *from = len > WISH_CODE_LEN ? id + len - WISH_CODE_LEN : id;
	snprintf(out, WISH_CODE_LEN + 1, "%s", from);
	for (char *c = out; *c; c++)
		*c = (char)toupper((unsigned char)*c);
}

void wish_log(const char *id, const char *pool, const char *by)
{
	char code[WISH_CODE_LEN + 1];
	wish_code(id, code);
	log_info("event=deletion_asked pool=%s receipt=%s staff=%s", pool, code, *by ? by : "-");
}

static struct store_texter texter_of(const struct round *r)
{
	return (struct store_texter){r->pool->config->name, r->line, r->texter};
}

static void round_end(struct round *r)
{
	strmap_remove(r->pool->flow->wishes->busy, r->member);
	free(r);
}

static void on_over(const struct store_answer *a, void *arg)
{
	(void)a; // what was not done is still due
	round_end(arg);
}

static void read_wish(struct round *r);

// ---- waiting ----

static void look_again(struct round *r, const char *conversation, int64_t in_ms)
{
	const struct store_texter t = texter_of(r);
	const struct flow *f = r->pool->flow;
	store_erase_wait(f->store, &t, conversation, flow_now(f) + in_ms, on_over, r);
}

static void on_said(enum store_code code, void *arg)
{
	struct round *r = arg;
	(void)code; // said once, or tried again at the next look
	look_again(r, r->conversation, AGAIN_MS);
}

static void wait_for(struct round *r, const char *conversation)
{
	const struct say_what later = {.id = TEXT_DELETED_LATER};
	if (conversation != r->conversation)
		snprintf(r->conversation, sizeof r->conversation, "%s", conversation);
	if (*r->by)
		look_again(r, r->conversation, AGAIN_MS);
	else
		say(r->pool, r->conversation, &later, on_said, r);
}

// ---- deleting ----

static void on_erased(enum store_code code, void *arg)
{
	struct round *r = arg;
	if (code == STORE_OK)
		read_wish(r);
	else if (code == STORE_CONFLICT)
		wait_for(r, r->conversation);
	else if (code == STORE_HELD)
		look_again(r, "", AGAIN_MS);
	else
		round_end(r);
}

static void erase(struct round *r, struct bytes conversation)
{
	const struct flow *f = r->pool->flow;
	char code[WISH_CODE_LEN + 1], why[sizeof "receipt=" + WISH_CODE_LEN];
	wish_code(r->id, code);
	snprintf(why, sizeof why, "receipt=%s", code);
	bytes_copy(conversation, r->conversation, sizeof r->conversation);
	const struct erase_order order = {
	        .pool = r->pool,
	        .conversation = r->conversation,
	        .line = r->line,
	        .texter = r->texter,
	        .who = r->by,
	        .why = why,
	        .force = flow_now(f) - r->asked_ms > FORCE_MS,
	};
	erase_conversation(&order, on_erased, r);
}

// ---- telling ----

static void on_ended(const struct store_answer *a, void *arg)
{
	struct round *r = arg;
	char code[WISH_CODE_LEN + 1];
	wish_code(r->id, code);
	if (store_said(a) == STORE_OK) {
		log_info("event=deletion_done pool=%s receipt=%s", r->pool->config->name, code);
		rewrite_want(r->pool->flow);
		rewrite_look(r->pool->flow);
	}
	round_end(r);
}

static struct store_told told_of(const struct round *r)
{
	return (struct store_told){
	        .of = texter_of(r), .id = r->id, .gateway = r->told_by, .message = r->receipt};
}

static void end(struct round *r)
{
	const struct store_told told = told_of(r);
	store_erase_end(r->pool->flow->store, &told, on_ended, r);
}

static bool is_under_way(const struct round *r, const struct redis_reply *entry)
{
	struct bytes state = redis_bytes(redis_field(entry, "state"));
	return (bytes_is(state, "queued") || bytes_is(state, "sending")) &&
	       flow_now(r->pool->flow) - r->told_ms < GIVE_UP_MS;
}

static void on_receipt(const struct store_answer *a, void *arg)
{
	struct round *r = arg;
	if (a->code != STORE_OK)
		round_end(r);
	else if (is_under_way(r, a->reply))
		look_again(r, "", AGAIN_MS);
	else
		end(r);
}

static void fill(
        const struct round *r, const struct config_line *line, const char *words, struct buf *out)
{
	char code[WISH_CODE_LEN + 1];
	wish_code(r->id, code);
	const struct text_word values[] = {
	        {"line", *line->name ? line->name : line->number},
	        {"emergency", line->emergency},
	        {"receipt", code},
	};
	text_fill(words, values, sizeof values / sizeof values[0], out);
}

static void tell(struct round *r, const struct config_line *line, const char *words)
{
	const struct flow *f = r->pool->flow;
	const struct text_row *row = text_row(TEXT_DELETED_RECEIPT);
	struct conversation_key key;
	struct buf text = {0}, wrapped = {0}, sealed = {0};
	bool known = config_gateway(f->config, r->gateway) != NULL;
	snprintf(r->told_by, sizeof r->told_by, "%s", known ? r->gateway : line->gateway);
	pool_id_new(r->pool, r->receipt);
	fill(r, line, words, &text);
	conversation_key_new(&key);
	vault_wrap(f->vault, r->id, &key, &wrapped);
	vault_seal(&key, r->id, r->receipt, "out", buf_bytes(&text), &sealed);
	struct store_told told = told_of(r);
	told.wrapped_key = buf_bytes(&wrapped);
	told.sealed_text = buf_bytes(&sealed);
	told.valid_ms = (int64_t)row->valid_s * 1000;
	told.next_ms = flow_now(f) + TOLD_MS;
	store_erase_tell(f->store, &told, on_over, r);
	conversation_key_wipe(&key);
	buf_free(&text);
	buf_free(&wrapped);
	buf_free(&sealed);
}

// Nothing of theirs is left. Whom a staff member wrote down for gets no text: who else reads that
// phone is not known.
static void all_gone(struct round *r)
{
	const struct config *config = r->pool->flow->config;
	const struct config_line *line = config_line(config, r->line);
	const char *language = *r->language || !line ? r->language : line->language;
	const char *words = line ? text_template(config, line, language, TEXT_DELETED_RECEIPT) : "";
	if (!*r->by && r->numbered && r->pool->config->automatic && *words)
		tell(r, line, words);
	else
		end(r);
}

// ---- how far it is ----

static void take_wish(struct round *r, const struct redis_reply *w)
{
#define COPY(field, name) bytes_copy(redis_bytes(redis_field(w, name)), r->field, sizeof r->field)
	COPY(id, "id");
	COPY(by, "by");
	COPY(language, "language");
	COPY(gateway, "gateway");
	COPY(receipt, "receipt");
	COPY(told_by, "told_by");
#undef COPY
	r->telling = bytes_is(redis_bytes(redis_field(w, "phase")), "telling");
	r->numbered = redis_bytes(redis_field(w, "number")).len > 0;
	r->asked_ms = redis_integer(redis_field(w, "asked_at"));
	r->told_ms = redis_integer(redis_field(w, "told_at"));
}

// The latest of their conversations: while it is live, none of the others is touched.
struct latest {
	struct round *round;
	char oldest[POOL_ID_MAX];
	char latest[POOL_ID_MAX];
};

static void on_latest(const struct store_answer *a, void *arg)
{
	struct latest *l = arg;
	struct round *r = l->round;
	struct conversation_view view = {0};
	if (a->code != STORE_OK)
		round_end(r);
	else if (conversation_view(a->reply, &view) && view.state != CONVERSATION_CLOSED)
		wait_for(r, l->latest);
	else
		erase(r, bytes_str(l->oldest));
	free(l);
}

static void look_at_latest(struct round *r, struct bytes oldest, struct bytes latest)
{
	const struct pool *p = r->pool;
	struct latest *l = xcalloc(1, sizeof *l);
	l->round = r;
	bytes_copy(oldest, l->oldest, sizeof l->oldest);
	bytes_copy(latest, l->latest, sizeof l->latest);
	store_conversation(p->flow->store, p->config->name, l->latest, on_latest, l);
}

static void go_on(struct round *r, const struct redis_reply *reply)
{
	const struct pool *p = r->pool;
	struct bytes open = redis_bytes(redis_at(reply, 1)),
	             oldest = redis_bytes(redis_at(reply, 2));
	char *live = bytes_dup(open);
	if (r->telling)
		store_entry(p->flow->store, p->config->name, r->receipt, on_receipt, r);
	else if (*live)
		wait_for(r, live);
	else if (oldest.len > 0)
		look_at_latest(r, oldest, redis_bytes(redis_at(reply, 3)));
	else
		all_gone(r);
	free(live);
}

static void on_read(const struct store_answer *a, void *arg)
{
	struct round *r = arg;
	const struct flow *f = r->pool->flow;
	if (a->code == STORE_NOT_FOUND) {
		store_settle(f->store, r->pool->config->name, r->member, bytes_str(r->score),
		        on_over, r);
	} else if (a->code != STORE_OK || f->draining) {
		round_end(r);
	} else {
		take_wish(r, redis_at(a->reply, 4));
		go_on(r, a->reply);
	}
}

static void read_wish(struct round *r)
{
	const struct store_texter t = texter_of(r);
	store_erase_read(r->pool->flow->store, &t, on_read, r);
}

void wish_due(struct pool *p, const char *what, const char *member, const char *score)
{
	struct strmap *busy = p->flow->wishes->busy;
	const char *colon = strrchr(what, ':');
	struct round *r = xcalloc(1, sizeof *r);
	r->pool = p;
	snprintf(r->line, sizeof r->line, "%.*s", colon ? (int)(colon - what) : 0, what);
	snprintf(r->texter, sizeof r->texter, "%s", colon ? colon + 1 : "");
	snprintf(r->member, sizeof r->member, "%s", member);
	snprintf(r->score, sizeof r->score, "%s", score);
	if (strmap_get(busy, r->member)) {
		free(r);
		return;
	}
	strmap_put(busy, r->member, r);
	read_wish(r);
}
