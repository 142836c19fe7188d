// SPDX-License-Identifier: Apache-2.0
// Conversations: their scripts, one wrapper each, and the reads beside them.
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "call.h"
#include "private.h"

// How many offers in a row may be missed before a counselor counts as away.
#define MISSES_MAX 2

struct store *store_new(struct redis *redis, const struct clock *clock)
{
	struct store *s = xcalloc(1, sizeof *s);
	s->redis = redis;
	s->clock = clock;
	return s;
}

static void forget_gateways(struct store *s)
{
	for (size_t i = 0; i < s->gateways_count; i++)
		free(s->gateways[i]);
	free(s->gateways);
}

void store_free(struct store *s)
{
	forget_gateways(s);
	free(s);
}

void store_know_gateways(struct store *s, const char *const *names, size_t count)
{
	forget_gateways(s);
	s->gateways = xcalloc(count + 1, sizeof(char *));
	s->gateways_count = count;
	for (size_t i = 0; i < count; i++)
		s->gateways[i] = xstrdup(names[i]);
}

struct redis *store_redis(struct store *s)
{
	return s->redis;
}

void store_channel(const char *pool, struct buf *out)
{
	buf_printf(out, "{%s}:events", pool);
}

static void key_waiting(struct call *c, const char *pool)
{
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++)
		call_key(c, "{%s}:w:%d", pool, l);
}

// The last of a script's keys.
static void key_custody(struct call *c, const char *pool, const char *conversation)
{
	call_key(c, "{%s}:custody:%s", pool, conversation);
}

static void key_queues(struct call *c, const char *pool)
{
	call_key(c, "{%s}:q0", pool);
	call_key(c, "{%s}:q", pool);
}

void store_ingest(struct store *s, const struct store_ingest *in, store_fn fn, void *arg)
{
	struct call c;
	const char *pool = in->pool;
	call_script(&c, s, "ingest");
	call_key(&c, "{%s}:seen:%s:%s", pool, in->gateway, in->provider_id_hash);
	call_key(&c, "{%s}:texter:%s:%s", pool, in->line, in->texter);
	call_key(&c, "{%s}:c:%s", pool, in->conversation);
	call_key(&c, "{%s}:ms:%s", pool, in->conversation);
	call_key(&c, "{%s}:m:%s", pool, in->message);
	key_queues(&c, pool);
	call_key(&c, "{%s}:due", pool);
	call_key(&c, "{%s}:past:%s:%s", pool, in->line, in->texter);
	key_waiting(&c, pool);
	call_key(&c, "{%s}:rates", pool);
	call_key(&c, "{%s}:tend", pool);
	call_key(&c, "{%s}:known:%s:%s", pool, in->line, in->texter);
	call_key(&c, "{%s}:late:%s:%s", pool, in->line, in->texter);
	call_key(&c, "{%s}:of:%s:%s", pool, in->line, in->texter);
	call_key(&c, "{%s}:staff", pool);
	call_key(&c, "{%s}:hold:%s", pool, in->last ? in->last : "");
	call_key(&c, "{%s}:wrap", pool);
	call_key(&c, "{%s}:often:%s:%s", pool, in->line, in->texter);
	call_key(&c, "{%s}:abuse:%s:%s", pool, in->line, in->texter);
	key_custody(&c, pool, in->conversation);
	call_now(&c);
	call_str(&c, in->conversation);
	call_bytes(&c, in->wrapped_key);
	call_str(&c, in->message);
	call_bytes(&c, in->sealed_text);
	call_int(&c, in->level);
	call_str(&c, in->reasons);
	call_int(&c, in->provider_ms);
	call_int(&c, in->media);
	call_int(&c, in->damaged);
	call_str(&c, in->gateway);
	call_str(&c, in->line);
	call_bytes(&c, in->sealed_number);
	call_str(&c, in->texter);
	call_by_level(&c, in->boost);
	call_by_level(&c, in->within);
	call_channel(&c, pool);
	call_int(&c, STORE_KEEP_MS);
	call_int(&c, in->at_ms);
	call_int(&c, in->automatic);
	call_str(&c, in->answer ? in->answer : "");
	call_str(&c, in->require ? in->require : "");
	call_str(&c, in->want ? in->want : "");
	call_str(&c, in->language ? in->language : "");
	call_str(&c, in->partner ? in->partner : "");
	call_str(&c, in->last ? in->last : "");
	call_int(&c, in->limits.conversations);
	call_int(&c, in->limits.window_ms);
	call_int(&c, in->limits.later_ms);
	call_run(&c, fn, arg);
}

void store_offer(struct store *s, const char *pool, const char *conversation, const char *name,
        int64_t offer_ms, store_fn fn, void *arg)
{
	const struct store_offer o = {
	        .pool = pool, .conversation = conversation, .name = name, .offer_ms = offer_ms};
	store_offer_to(s, &o, fn, arg);
}

void store_offer_to(struct store *s, const struct store_offer *o, store_fn fn, void *arg)
{
	const char *pool = o->pool;
	struct call c;
	call_script(&c, s, "offer");
	call_key(&c, "{%s}:c:%s", pool, o->conversation);
	key_queues(&c, pool);
	call_key(&c, "{%s}:due", pool);
	call_key(&c, "{%s}:staff", pool);
	call_key(&c, "{%s}:hold:%s", pool, o->name);
	key_custody(&c, pool, o->conversation);
	call_now(&c);
	call_str(&c, o->conversation);
	call_str(&c, o->name);
	call_int(&c, o->offer_ms);
	call_channel(&c, pool);
	call_int(&c, o->elsewhere);
	call_run(&c, fn, arg);
}

void store_accept(struct store *s, const struct store_claim *claim, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "accept");
	call_key(&c, "{%s}:c:%s", claim->pool, claim->conversation);
	call_key(&c, "{%s}:due", claim->pool);
	call_key(&c, "{%s}:staff", claim->pool);
	call_key(&c, "{%s}:held", claim->pool);
	key_waiting(&c, claim->pool);
	call_key(&c, "{%s}:rates", claim->pool);
	key_custody(&c, claim->pool, claim->conversation);
	call_claim(&c, claim);
	call_channel(&c, claim->pool);
	call_run(&c, fn, arg);
}

void store_offer_also(struct store *s, const char *pool, const char *conversation, uint64_t epoch,
        const char *const *names, size_t count, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "offer_also");
	call_key(&c, "{%s}:c:%s", pool, conversation);
	call_key(&c, "{%s}:staff", pool);
	call_now(&c);
	call_str(&c, conversation);
	call_int(&c, (int64_t)epoch);
	call_channel(&c, pool);
	for (size_t i = 0; i < count && i < STORE_ALSO_MAX; i++)
		call_str(&c, names[i]);
	call_run(&c, fn, arg);
}

void store_accept_also(struct store *s, const struct store_claim *claim, const char *before,
        store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "accept_also");
	call_key(&c, "{%s}:c:%s", claim->pool, claim->conversation);
	call_key(&c, "{%s}:due", claim->pool);
	call_key(&c, "{%s}:staff", claim->pool);
	call_key(&c, "{%s}:held", claim->pool);
	key_waiting(&c, claim->pool);
	call_key(&c, "{%s}:rates", claim->pool);
	call_key(&c, "{%s}:hold:%s", claim->pool, before);
	call_key(&c, "{%s}:hold:%s", claim->pool, claim->name);
	key_custody(&c, claim->pool, claim->conversation);
	call_claim(&c, claim);
	call_channel(&c, claim->pool);
	call_str(&c, before);
	call_run(&c, fn, arg);
}

static void key_hand_back(struct call *c, const struct store_claim *claim)
{
	call_key(c, "{%s}:c:%s", claim->pool, claim->conversation);
	key_queues(c, claim->pool);
	call_key(c, "{%s}:due", claim->pool);
	call_key(c, "{%s}:staff", claim->pool);
	call_key(c, "{%s}:hold:%s", claim->pool, claim->name);
}

void store_unoffer(struct store *s, const struct store_claim *claim, const char *reason,
        store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "unoffer");
	key_hand_back(&c, claim);
	key_custody(&c, claim->pool, claim->conversation);
	call_claim(&c, claim);
	call_str(&c, reason);
	call_int(&c, MISSES_MAX);
	call_channel(&c, claim->pool);
	call_run(&c, fn, arg);
}

void store_reweigh(struct store *s, const char *pool, const char *conversation, const char *name,
        store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "reweigh");
	call_key(&c, "{%s}:c:%s", pool, conversation);
	call_key(&c, "{%s}:staff", pool);
	call_key(&c, "{%s}:hold:%s", pool, name);
	call_str(&c, conversation);
	call_str(&c, name);
	call_run(&c, fn, arg);
}

void store_recuse(struct store *s, const struct store_claim *claim, const char *line,
        const char *texter, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "recuse");
	call_key(&c, "{%s}:c:%s", claim->pool, claim->conversation);
	call_key(&c, "{%s}:known:%s:%s", claim->pool, line, texter);
	key_custody(&c, claim->pool, claim->conversation);
	call_claim(&c, claim);
	call_run(&c, fn, arg);
}

void store_attend(struct store *s, const char *pool, const char *conversation, const char *kind,
        const char *name, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "attend");
	call_key(&c, "{%s}:c:%s", pool, conversation);
	call_str(&c, conversation);
	call_str(&c, kind);
	call_str(&c, name);
	call_channel(&c, pool);
	call_run(&c, fn, arg);
}

void store_forgive(struct store *s, const char *pool, const char *conversation,
        const char *excluded, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "forgive");
	call_key(&c, "{%s}:c:%s", pool, conversation);
	call_str(&c, conversation);
	call_str(&c, excluded);
	call_channel(&c, pool);
	call_run(&c, fn, arg);
}

static void release(struct store *s, const struct store_claim *claim, const char *reason,
        const struct by_level *within, const char *silence_at, const struct store_note *note,
        const char *skill, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "release");
	key_hand_back(&c, claim);
	call_key(&c, "{%s}:held", claim->pool);
	key_waiting(&c, claim->pool);
	call_key(&c, "{%s}:tend", claim->pool);
	call_key(&c, "{%s}:notes:%s", claim->pool, claim->conversation);
	key_custody(&c, claim->pool, claim->conversation);
	call_claim(&c, claim);
	call_str(&c, reason);
	call_by_level(&c, within);
	call_channel(&c, claim->pool);
	call_str(&c, silence_at);
	call_str(&c, note ? note->id : "");
	call_bytes(&c, note ? note->sealed : bytes_str(""));
	call_str(&c, skill);
	call_run(&c, fn, arg);
}

void store_release(struct store *s, const struct store_claim *claim, const char *reason,
        const struct by_level *within, store_fn fn, void *arg)
{
	release(s, claim, reason, within, "", NULL, "", fn, arg);
}

void store_give_away(struct store *s, const struct store_claim *claim, const char *reason,
        const char *skill, const struct store_note *note, const struct by_level *within,
        store_fn fn, void *arg)
{
	release(s, claim, reason, within, "", note, skill, fn, arg);
}

void store_release_silent(struct store *s, const struct store_claim *claim, int64_t silence_at_ms,
        const struct by_level *within, store_fn fn, void *arg)
{
	char seen[24];
	snprintf(seen, sizeof seen, "%lld", (long long)silence_at_ms);
	release(s, claim, "silent", within, seen, NULL, "", fn, arg);
}

void store_silence(struct store *s, const struct store_silence *look, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "silence");
	call_key(&c, "{%s}:c:%s", look->pool, look->conversation);
	call_key(&c, "{%s}:due", look->pool);
	call_now(&c);
	call_str(&c, look->conversation);
	call_int(&c, look->silence_at_ms);
	call_str(&c, look->act);
	call_int(&c, look->told);
	call_int(&c, look->next_at_ms);
	call_int(&c, look->since_ms);
	call_channel(&c, look->pool);
	call_run(&c, fn, arg);
}

static void key_close(
        struct call *c, const struct store_claim *claim, const struct store_closing *closing)
{
	call_key(c, "{%s}:c:%s", claim->pool, claim->conversation);
	call_key(c, "{%s}:due", claim->pool);
	call_key(c, "{%s}:held", claim->pool);
	call_key(c, "{%s}:wrap", claim->pool);
	call_key(c, "{%s}:texter:%s:%s", claim->pool, closing->line, closing->texter);
	call_key(c, "{%s}:past:%s:%s", claim->pool, closing->line, closing->texter);
	call_key(c, "{%s}:rates", claim->pool);
	call_key(c, "{%s}:late:%s:%s", claim->pool, closing->line, closing->texter);
	call_key(c, "{%s}:notes:%s", claim->pool, claim->conversation);
	call_key(c, "{%s}:tend", claim->pool);
	key_custody(c, claim->pool, claim->conversation);
}

static void call_record(struct call *c, const char *tags, const struct store_note *note)
{
	call_str(c, tags ? tags : "");
	call_str(c, note ? note->id : "");
	call_bytes(c, note ? note->sealed : bytes_str(""));
}

void store_close(struct store *s, const struct store_claim *claim,
        const struct store_closing *closing, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "close");
	key_close(&c, claim, closing);
	call_claim(&c, claim);
	call_str(&c, closing->outcome);
	call_int(&c, closing->wrap_up_ms);
	call_int(&c, (int64_t)closing->seen);
	call_channel(&c, claim->pool);
	call_int(&c, closing->least ? (int64_t)closing->least : LEVEL_IMMINENT + 1);
	call_int(&c, closing->alone);
	call_int(&c, closing->reopen_ms);
	call_int(&c, closing->survey);
	call_record(&c, closing->tags, closing->note);
	call_run(&c, fn, arg);
}

void store_close_answer(struct store *s, const struct store_claim *claim,
        const struct store_closing *closing, bool approve, const char *reason, store_fn fn,
        void *arg)
{
	struct call c;
	call_script(&c, s, "close_answer");
	key_close(&c, claim, closing);
	call_claim(&c, claim);
	call_int(&c, approve);
	call_str(&c, reason);
	call_int(&c, closing->wrap_up_ms);
	call_channel(&c, claim->pool);
	call_int(&c, closing->reopen_ms);
	call_int(&c, closing->survey);
	call_run(&c, fn, arg);
}

void store_finish(struct store *s, const struct store_claim *claim,
        const struct store_exposure *exposure, store_fn fn, void *arg)
{
	store_finish_with(s, claim, exposure, NULL, NULL, fn, arg);
}

void store_finish_with(struct store *s, const struct store_claim *claim,
        const struct store_exposure *exposure, const char *tags, const struct store_note *note,
        store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "finish");
	call_key(&c, "{%s}:c:%s", claim->pool, claim->conversation);
	call_key(&c, "{%s}:due", claim->pool);
	call_key(&c, "{%s}:wrap", claim->pool);
	call_key(&c, "{%s}:staff", claim->pool);
	call_key(&c, "{%s}:hold:%s", claim->pool, claim->name);
	call_key(&c, "{%s}:rates", claim->pool);
	call_key(&c, "{%s}:closed", claim->pool);
	call_key(&c, "{%s}:notes:%s", claim->pool, claim->conversation);
	key_custody(&c, claim->pool, claim->conversation);
	call_claim(&c, claim);
	call_channel(&c, claim->pool);
	call_int(&c, exposure->ms);
	call_int(&c, exposure->units);
	call_record(&c, tags, note);
	call_run(&c, fn, arg);
}

void store_settle(struct store *s, const char *pool, const char *member, struct bytes score,
        store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "settle");
	call_key(&c, "{%s}:due", pool);
	call_str(&c, member);
	call_bytes(&c, score);
	call_run(&c, fn, arg);
}
