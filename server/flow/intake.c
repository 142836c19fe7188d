// SPDX-License-Identifier: Apache-2.0
// A text's way in: triage, seal, one script.
#include "flow/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ack.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/metrics.h"
#include "private.h"
#include "staff.h"
#include "vault/mac.h"

// Sealing again for another conversation can be called for twice in a row (one closes, another
// opens), hardly more.
#define ATTEMPTS_MAX 5

struct intake {
	struct flow *flow;
	struct pool *pool;
	const struct config_line *line;
	uint64_t tag;
	intake_done_fn done;
	void *arg;
	enum err err;
	char gateway[33];
	char provider_id[65];
	char texter[VAULT_HASH_LEN + 1];
	struct buf text;
	struct buf number; // sealed
	struct buf reasons;
	enum level level;
	int64_t provider_ms;
	unsigned media;
	bool damaged;
	char conversation[POOL_ID_MAX];
	char message[POOL_ID_MAX];
	struct conversation_key key;
	struct buf wrapped;
	unsigned attempts;
};

static void intake_end(struct intake *in, enum err e)
{
	in->done(in->tag, e, in->arg);
	conversation_key_wipe(&in->key);
	buf_wipe(&in->text);
	buf_free(&in->number);
	buf_free(&in->reasons);
	buf_free(&in->wrapped);
	free(in);
}

static void end_later(void *arg)
{
	struct intake *in = arg;
	intake_end(in, in->err);
}

static void fail_later(struct intake *in, enum err e)
{
	in->err = e;
	loop_defer(in->flow->loop, end_later, in);
}

static void begin_conversation(struct intake *in)
{
	pool_id_new(in->pool, in->conversation);
	conversation_key_new(&in->key);
	buf_clear(&in->wrapped);
	vault_wrap(in->flow->vault, in->conversation, &in->key, &in->wrapped);
}

static bool join_conversation(struct intake *in, struct bytes id, struct bytes wrapped)
{
	if (id.len == 0 || id.len >= sizeof in->conversation)
		return false;
	bytes_copy(id, in->conversation, sizeof in->conversation);
	buf_clear(&in->wrapped);
	buf_append_bytes(&in->wrapped, wrapped);
	return vault_unwrap(in->flow->vault, in->conversation, wrapped, &in->key);
}

static void store(struct intake *in);

static void stored(struct intake *in, const struct store_answer *a)
{
	bool first = bytes_is(redis_bytes(redis_at(a->reply, 2)), "new");
	log_info("conversation=%s event=%s message=%s sequence=%lld level=%s reasons=%s gateway=%s",
	        in->conversation, first ? "opened" : "continued", in->message,
	        (long long)redis_integer(redis_at(a->reply, 1)), level_name(in->level),
	        in->reasons.len ? buf_str(&in->reasons) : "-", in->gateway);
	metric_inc(M_INBOUND, "stored");
	intake_end(in, ERR_NONE);
}

static void on_ingested(const struct store_answer *a, void *arg)
{
	struct intake *in = arg;
	if (a->code == STORE_OK) {
		stored(in, a);
	} else if (a->code == STORE_DUPLICATE) {
		metric_inc(M_INBOUND, "duplicate");
		log_info("event=duplicate gateway=%s", in->gateway);
		intake_end(in, ERR_NONE);
	} else if (a->code == STORE_ANOTHER && ++in->attempts < ATTEMPTS_MAX) {
		if (join_conversation(in, redis_bytes(redis_at(a->reply, 1)),
		            redis_bytes(redis_at(a->reply, 2)))) {
			store(in);
			return;
		}
		log_error("conversation=%s event=key_unreadable", in->conversation);
		intake_end(in, ERR_INTERNAL);
	} else if (a->code == STORE_NEW && ++in->attempts < ATTEMPTS_MAX) {
		begin_conversation(in);
		store(in);
	} else {
		log_error("event=not_stored gateway=%s code=%s", in->gateway,
		        store_code_name(a->code));
		intake_end(in, ERR_UNAVAILABLE);
	}
}

static void store(struct intake *in)
{
	struct buf sealed = {0};
	vault_seal(&in->key, in->conversation, in->message, "in", buf_bytes(&in->text), &sealed);
	const struct store_ingest ingest = {
	        .pool = in->pool->config->name,
	        .conversation = in->conversation,
	        .wrapped_key = buf_bytes(&in->wrapped),
	        .message = in->message,
	        .sealed_text = buf_bytes(&sealed),
	        .level = in->level,
	        .reasons = buf_str(&in->reasons),
	        .provider_ms = in->provider_ms,
	        .media = in->media,
	        .damaged = in->damaged,
	        .gateway = in->gateway,
	        .line = in->line->number,
	        .sealed_number = buf_bytes(&in->number),
	        .texter = in->texter,
	        .provider_id_hash = in->provider_id,
	        .boost = &in->pool->boost,
	        .within = &in->pool->within,
	};
	store_ingest(in->flow->store, &ingest, on_ingested, in);
	buf_free(&sealed);
}

static void triage(struct intake *in)
{
	struct triage_result result;
	triage_score(in->flow->triage, buf_bytes(&in->text), &result);
	triage_reasons(&result, &in->reasons);
	// Bytes that could not be read may have been the ones that mattered.
	in->level =
	        in->damaged || in->media ? level_max(result.level, LEVEL_UNKNOWN) : result.level;
}

static void take_text(struct intake *in)
{
	pool_id_new(in->pool, in->message);
	begin_conversation(in);
	store(in);
}

// The acknowledgement path has looked at the text: it was one, or it is a person's text like any
// other.
static void on_ack_done(enum ack_outcome outcome, void *arg)
{
	struct intake *in = arg;
	if (outcome == ACK_NOT_ONE) {
		take_text(in);
		return;
	}
	if (outcome == ACK_TAKEN)
		metric_inc(M_INBOUND, "acknowledgement");
	intake_end(in, outcome == ACK_TAKEN ? ERR_NONE : ERR_UNAVAILABLE);
}

static void note_inbound(struct flow *f, const char *gateway)
{
	for (unsigned i = 0; i < f->config->gateways_count; i++)
		if (strcmp(f->health[i].config->name, gateway) == 0)
			f->health[i].last_inbound_ms = flow_now(f);
}

static void name_provider_id(struct intake *in, const struct gateway *g, struct bytes id)
{
	uint8_t digest[32];
	struct buf scoped = {0}, hex = {0};
	buf_printf(&scoped, "%s|", g->account);
	buf_append_bytes(&scoped, id);
	sha256(buf_bytes(&scoped), digest);
	hex_encode(bytes_of(digest, sizeof digest), &hex);
	snprintf(in->provider_id, sizeof in->provider_id, "%s", buf_str(&hex));
	buf_free(&scoped);
	buf_free(&hex);
}

// NULL when this gateway has no such line.
static const struct config_line *find_line(
        const struct flow *f, const struct gateway *g, struct bytes to)
{
	char *number = bytes_dup(to);
	const struct config_line *line = config_line(f->config, number);
	free(number);
	return line && strcmp(line->gateway, g->name) == 0 ? line : NULL;
}

bool intake_knows_line(const struct flow *f, const struct gateway *g, struct bytes to)
{
	return find_line(f, g, to) != NULL;
}

static struct intake *intake_new(
        struct flow *f, const struct gateway *g, uint64_t tag, intake_done_fn done, void *arg)
{
	struct intake *in = xcalloc(1, sizeof *in);
	in->flow = f;
	in->tag = tag;
	in->done = done;
	in->arg = arg;
	snprintf(in->gateway, sizeof in->gateway, "%s", g->name);
	return in;
}

void intake_text(struct flow *f, const struct gateway *g, const struct gateway_inbound *text,
        uint64_t tag, intake_done_fn done, void *arg)
{
	struct intake *in = intake_new(f, g, tag, done, arg);
	struct buf from = {0};
	buf_append_bytes(&from, buf_bytes(&text->from));
	in->line = find_line(f, g, buf_bytes(&text->to));
	note_inbound(f, g->name);
	if (!in->line) {
		log_error("event=unknown_line gateway=%s", g->name);
		fail_later(in, ERR_NOT_FOUND);
	} else if (f->draining || !staff_loaded(f->staff)) {
		fail_later(in, ERR_UNAVAILABLE);
	} else {
		char phone[VAULT_HASH_LEN + 1];
		in->pool = pool_find(f, in->line->pool);
		buf_append_bytes(&in->text, buf_bytes(&text->text));
		in->provider_ms = text->provider_ms;
		in->media = text->media;
		in->damaged = text->damaged;
		name_provider_id(in, g, buf_bytes(&text->provider_id));
		vault_hash(f->vault, in->line->number, buf_str(&from), in->texter);
		vault_seal_number(f->vault, in->texter, buf_str(&from), &in->number);
		vault_hash(f->vault, "staff", buf_str(&from), phone);
		// Before the call returns, so that a text that crashes it is known by the crash
		// guard.
		triage(in);
		const struct staff_member *member = staff_by_phone(f->staff, phone);
		if (member)
			ack_take(in->pool, member, in->line, in->provider_id, buf_bytes(&in->text),
			        on_ack_done, in);
		else
			take_text(in);
	}
	buf_wipe(&from);
}
