// SPDX-License-Identifier: Apache-2.0
// A text's way in: triage, seal, one script.
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ack.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/metrics.h"
#include "core/deletion.h"
#include "quarantine.h"
#include "rating.h"
#include "record.h"
#include "staff.h"
#include "tags.h"
#include "vault/mac.h"
#include "wish.h"

#define VERSION 1

// Sealing again for another conversation can be called for twice in a row (one closes, another
// opens), hardly more.
#define ATTEMPTS_MAX 5

// ---- the record ----

// Borrows from the record.
struct text {
	struct bytes gateway;
	struct bytes provider_id; // hash of the gateway's account and the provider's id, in hex
	struct bytes line;
	struct bytes from;
	struct bytes text;
	int64_t at_ms; // when it arrived
	int64_t provider_ms;
	unsigned media;
	bool damaged;
};

static void put_provider_id(const struct gateway *g, struct bytes id, struct buf *out)
{
	uint8_t digest[32];
	struct buf scoped = {0}, hex = {0};
	buf_printf(&scoped, "%s|", g->account);
	buf_append_bytes(&scoped, id);
	sha256(buf_bytes(&scoped), digest);
	hex_encode(bytes_of(digest, sizeof digest), &hex);
	record_put_bytes(out, buf_bytes(&hex));
	buf_free(&scoped);
	buf_free(&hex);
}

void text_record(const struct flow *f, const struct gateway *g, const struct gateway_inbound *in,
        struct buf *out)
{
	record_begin(out, VERSION);
	record_put_bytes(out, bytes_str(g->name));
	put_provider_id(g, buf_bytes(&in->provider_id), out);
	record_put_bytes(out, buf_bytes(&in->to));
	record_put_bytes(out, buf_bytes(&in->from));
	record_put_bytes(out, buf_bytes(&in->text));
	record_put_int(out, flow_now(f));
	record_put_int(out, in->provider_ms);
	record_put_int(out, in->media);
	record_put_int(out, in->damaged);
}

static bool read_text(struct bytes record, struct text *out)
{
	struct record_reader r = record_read(record, VERSION);
	out->gateway = record_bytes(&r);
	out->provider_id = record_bytes(&r);
	out->line = record_bytes(&r);
	out->from = record_bytes(&r);
	out->text = record_bytes(&r);
	out->at_ms = record_int(&r);
	out->provider_ms = record_int(&r);
	out->media = (unsigned)record_int(&r);
	out->damaged = record_int(&r) != 0;
	return record_end(&r) && out->gateway.len <= 32 && out->provider_id.len == 64;
}

// Of a phone number or a name, in `scope`.
static void hash_of(const struct flow *f, const char *scope, struct bytes from,
        char out[static VAULT_HASH_LEN + 1])
{
	struct buf number = {0};
	buf_append_bytes(&number, from);
	vault_hash(f->vault, scope, buf_str(&number), out);
	buf_wipe(&number);
}

// FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv
static uint64_t fold(uint64_t hash, struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		hash = (hash ^ b.data[i]) * 0x100000001b3;
	return hash;
}

// It never leaves the process, so it needs no key; two whom it takes for one wait for each other.
uint64_t text_whose(struct bytes record)
{
	struct text t;
	if (!read_text(record, &t))
		return 0;
	uint64_t hash = fold(0xcbf29ce484222325, t.line);
	hash = fold(fold(hash, bytes_of("", 1)), t.from);
	return hash ? hash : 1;
}

// ---- taking it ----

struct taking {
	struct flow *flow;
	struct taker taker;
	struct pool *pool; // NULL when the line is no longer there
	const struct config_line *line;
	struct buf record; // `text` borrows from it
	struct text text;
	char gateway[33];
	char provider_id[65];
	char texter[VAULT_HASH_LEN + 1];
	struct buf number; // sealed
	struct buf reasons;
	enum level level;
	char conversation[POOL_ID_MAX];
	char message[POOL_ID_MAX];
	struct conversation_key key;
	struct buf wrapped;
	char last[33]; // held the conversation that is reopened; ""
	unsigned attempts;
};

static void taking_end(struct taking *k, enum outcome o)
{
	k->taker.fn(k->flow, k->taker.id, o);
	conversation_key_wipe(&k->key);
	buf_wipe(&k->record);
	buf_free(&k->number);
	buf_free(&k->reasons);
	buf_free(&k->wrapped);
	free(k);
}

// ---- what cannot be stored as a text ----

static void on_quarantined(enum outcome o, void *arg)
{
	taking_end(arg, o);
}

// It is somebody's text all the same: a supervisor reads it and sees to it.
static void quarantine(struct taking *k, const char *reason)
{
	const struct text *t = &k->text;
	struct buf request = {0};
	char when[25];
	clock_format(t->at_ms, when);
	buf_printf(&request, "From: %.*s\nTo: %.*s\nArrived: %s\n\n", (int)t->from.len,
	        (const char *)t->from.data, (int)t->line.len, (const char *)t->line.data, when);
	buf_append_bytes(&request, t->text);
	const struct quarantine_entry entry = {k->gateway, reason, buf_bytes(&request), t->at_ms};
	quarantine_keep(k->flow, &entry, on_quarantined, k);
	buf_wipe(&request);
}

static void quarantine_lineless(void *arg)
{
	quarantine(arg, "its line is no longer configured");
}

// ---- storing ----

static void begin_conversation(struct taking *k)
{
	k->last[0] = '\0';
	pool_id_new(k->pool, k->conversation);
	conversation_key_new(&k->key);
	buf_clear(&k->wrapped);
	vault_wrap(k->flow->vault, k->conversation, &k->key, &k->wrapped);
}

static bool join_conversation(struct taking *k, struct bytes id, struct bytes wrapped)
{
	if (id.len == 0 || id.len >= sizeof k->conversation)
		return false;
	bytes_copy(id, k->conversation, sizeof k->conversation);
	buf_clear(&k->wrapped);
	buf_append_bytes(&k->wrapped, wrapped);
	return vault_unwrap(k->flow->vault, k->conversation, wrapped, &k->key);
}

static void store(struct taking *k);

static bool unwanted(const struct taking *k)
{
	return k->taker.wanted && !k->taker.wanted(k->flow, k->taker.id);
}

static void limit_count(const char *conversation, struct bytes result)
{
	char word[12];
	if (result.len == 0)
		return;
	bytes_copy(result, word, sizeof word);
	log_info("conversation=%s event=limit limit=%s", conversation, word);
	metric_inc(M_LIMITS, word);
}

static void stored(struct taking *k, const struct store_answer *a)
{
	struct bytes kind = redis_bytes(redis_at(a->reply, 2));
	const char *event = bytes_is(kind, "new")        ? "opened"
	                    : bytes_is(kind, "reopened") ? "reopened"
	                                                 : "continued";
	log_info("conversation=%s event=%s message=%s sequence=%lld level=%s reasons=%s gateway=%s",
	        k->conversation, event, k->message, (long long)redis_integer(redis_at(a->reply, 1)),
	        level_name(k->level), k->reasons.len ? buf_str(&k->reasons) : "-", k->gateway);
	limit_count(k->conversation, redis_bytes(redis_at(a->reply, 3)));
	taking_end(k, OUTCOME_STORED);
}

static void join(struct taking *k, const struct redis_reply *r)
{
	bytes_copy(redis_bytes(redis_at(r, 3)), k->last, sizeof k->last);
	if (join_conversation(k, redis_bytes(redis_at(r, 1)), redis_bytes(redis_at(r, 2)))) {
		store(k);
		return;
	}
	log_error("conversation=%s event=key_unreadable", k->conversation);
	quarantine(k, "the key of its conversation cannot be read");
}

static void on_ingested(const struct store_answer *a, void *arg)
{
	struct taking *k = arg;
	if (a->code == STORE_OK) {
		stored(k, a);
	} else if (a->code == STORE_DUPLICATE) {
		log_info("event=duplicate gateway=%s", k->gateway);
		taking_end(k, OUTCOME_DUPLICATE);
	} else if (unwanted(k)) {
		taking_end(k, OUTCOME_UNAVAILABLE);
	} else if (a->code == STORE_ANOTHER && ++k->attempts < ATTEMPTS_MAX) {
		join(k, a->reply);
	} else if (a->code == STORE_NEW && ++k->attempts < ATTEMPTS_MAX) {
		begin_conversation(k);
		store(k);
	} else {
		log_warn("event=not_stored gateway=%s code=%s", k->gateway,
		        store_code_name(a->code));
		taking_end(k, OUTCOME_UNAVAILABLE);
	}
}

static struct limits limits_of(const struct config_pool *p)
{
	return (struct limits){.conversations = p->limits.conversations,
	        .window_ms = (int64_t)p->limits.per_hours * 3600 * 1000,
	        .later_ms = (int64_t)p->limits.later_s * 1000};
}

static void store(struct taking *k)
{
	struct buf sealed = {0};
	struct tags tags;
	vault_seal(&k->key, k->conversation, k->message, "in", k->text.text, &sealed);
	tags_of(k->line, k->text.text, &tags);
	const struct store_ingest ingest = {
	        .pool = k->pool->config->name,
	        .conversation = k->conversation,
	        .wrapped_key = buf_bytes(&k->wrapped),
	        .message = k->message,
	        .sealed_text = buf_bytes(&sealed),
	        .level = k->level,
	        .reasons = buf_str(&k->reasons),
	        .at_ms = k->text.at_ms,
	        .provider_ms = k->text.provider_ms,
	        .media = k->text.media,
	        .damaged = k->text.damaged,
	        .automatic = k->pool->config->automatic,
	        .answer = care_answer(k->text.text),
	        .gateway = k->gateway,
	        .line = k->line->number,
	        .sealed_number = buf_bytes(&k->number),
	        .texter = k->texter,
	        .provider_id_hash = k->provider_id,
	        .boost = &k->pool->boost,
	        .within = &k->pool->within,
	        .require = buf_str(&tags.require),
	        .want = buf_str(&tags.want),
	        .language = tags.language,
	        .partner = tags.partner,
	        .last = k->last,
	        .limits = limits_of(k->pool->config),
	};
	store_ingest(k->flow->store, &ingest, on_ingested, k);
	tags_free(&tags);
	buf_free(&sealed);
}

static void store_first(struct taking *k)
{
	pool_id_new(k->pool, k->message);
	begin_conversation(k);
	store(k);
}

// ---- a word that asks for deletion ----

static void on_wished(const struct store_answer *a, void *arg)
{
	struct taking *k = arg;
	if (a->code == STORE_DUPLICATE) {
		log_info("event=duplicate gateway=%s", k->gateway);
		taking_end(k, OUTCOME_DUPLICATE);
		return;
	}
	if (a->code != STORE_OK) {
		log_warn("event=not_stored gateway=%s code=%s", k->gateway,
		        store_code_name(a->code));
		taking_end(k, OUTCOME_UNAVAILABLE);
		return;
	}
	char *id = bytes_dup(redis_bytes(redis_at(a->reply, 1)));
	wish_log(id, k->pool->config->name, "");
	free(id);
	if (redis_bytes(redis_at(a->reply, 2)).len == 0)
		taking_end(k, OUTCOME_DELETION);
	else if (unwanted(k))
		taking_end(k, OUTCOME_UNAVAILABLE);
	else
		store_first(k); // whoever talks with them sees it as well
}

static void ask_deletion(struct taking *k, const char *language)
{
	char id[POOL_ID_MAX];
	pool_id_new(k->pool, id);
	const struct store_wish wish = {
	        .of = {k->pool->config->name, k->line->number, k->texter},
	        .id = id,
	        .by = "",
	        .language = language,
	        .gateway = k->gateway,
	        .sealed_number = buf_bytes(&k->number),
	        .provider_id_hash = k->provider_id,
	};
	store_erase_ask(k->flow->store, &wish, on_wished, k);
}

// ---- how it was ----

static void on_rating_done(enum rating_outcome outcome, void *arg)
{
	struct taking *k = arg;
	if (outcome == RATING_NOT_ONE && !unwanted(k))
		store_first(k);
	else
		taking_end(k, outcome == RATING_TAKEN ? OUTCOME_RATING : OUTCOME_UNAVAILABLE);
}

static bool rate(struct taking *k)
{
	const struct rating rating = {.gateway = k->gateway,
	        .provider_id = k->provider_id,
	        .line = k->line->number,
	        .texter = k->texter,
	        .rating = care_rating(k->text.text)};
	if (!k->pool->config->survey || !rating.rating)
		return false;
	rating_take(k->pool, &rating, on_rating_done, k);
	return true;
}

// A text of a texter's. Only what is nothing but a word of ours is no person's.
static void take(struct taking *k)
{
	bool whole = !k->text.damaged && k->text.media == 0;
	const char *language = whole ? wish_language(k->pool, k->text.text) : NULL;
	if (language)
		ask_deletion(k, language);
	else if (!whole || !rate(k))
		store_first(k);
}

// The acknowledgement path has looked at the text: it was one, or it is a person's text like any
// other.
static void on_ack_done(enum ack_outcome outcome, void *arg)
{
	struct taking *k = arg;
	if (outcome == ACK_NOT_ONE && unwanted(k))
		taking_end(k, OUTCOME_UNAVAILABLE);
	else if (outcome == ACK_NOT_ONE)
		take(k);
	else
		taking_end(k, outcome == ACK_TAKEN ? OUTCOME_ACKNOWLEDGEMENT : OUTCOME_UNAVAILABLE);
}

static enum level triage(const struct flow *f, const struct text *t, struct buf *reasons)
{
	struct triage_result result;
	triage_score(f->triage, t->text, &result);
	triage_reasons(&result, reasons);
	// Bytes that could not be read may have been the ones that mattered.
	return t->damaged || t->media ? level_max(result.level, LEVEL_UNKNOWN) : result.level;
}

void text_rehearse(struct flow *f, struct bytes record)
{
	struct text t;
	struct buf reasons = {0};
	if (read_text(record, &t)) {
		triage(f, &t, &reasons);
		deletion_default(t.text);
	}
	buf_free(&reasons);
}

static const struct config_line *find_line(const struct flow *f, const struct text *t)
{
	char *number = bytes_dup(t->line);
	const struct config_line *line = config_line(f->config, number);
	free(number);
	return line && bytes_is(t->gateway, line->gateway) ? line : NULL;
}

// False when it is no record of a text.
static struct taking *taking_new(struct flow *f, struct bytes record, const struct taker *t)
{
	struct taking *k = xcalloc(1, sizeof *k);
	buf_append_bytes(&k->record, record);
	if (!read_text(buf_bytes(&k->record), &k->text)) {
		buf_wipe(&k->record);
		free(k);
		return NULL;
	}
	k->flow = f;
	k->taker = *t;
	k->line = find_line(f, &k->text);
	bytes_copy(k->text.gateway, k->gateway, sizeof k->gateway);
	bytes_copy(k->text.provider_id, k->provider_id, sizeof k->provider_id);
	return k;
}

static void seal_number(struct taking *k)
{
	struct buf from = {0};
	buf_append_bytes(&from, k->text.from);
	vault_hash(k->flow->vault, k->line->number, buf_str(&from), k->texter);
	vault_seal_number(k->flow->vault, k->texter, buf_str(&from), &k->number);
	buf_wipe(&from);
}

bool text_take(struct flow *f, struct bytes record, const struct taker *t)
{
	char phone[VAULT_HASH_LEN + 1];
	struct taking *k = taking_new(f, record, t);
	if (!k)
		return false;
	if (!k->line) {
		log_error("event=unknown_line gateway=%s", k->gateway);
		loop_defer(f->loop, quarantine_lineless, k);
		return true;
	}
	k->pool = pool_find(f, k->line->pool);
	seal_number(k);
	// Before the call returns, so that a text that crashes it is known by the crash guard.
	k->level = triage(f, &k->text, &k->reasons);
	hash_of(f, "staff", k->text.from, phone);
	const struct staff_member *member = staff_by_phone(f->staff, phone);
	if (member)
		ack_take(k->pool, member, k->line, k->provider_id, k->text.text, on_ack_done, k);
	else
		take(k);
	return true;
}

bool text_give_up(struct flow *f, struct bytes record, const struct taker *t)
{
	struct taking *k = taking_new(f, record, t);
	if (k)
		quarantine(k, "it could not be stored, while others could");
	return k != NULL;
}
