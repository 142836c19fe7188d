// SPDX-License-Identifier: Apache-2.0
// The outbox: its scripts, one wrapper each, and the reads beside them.
#include <string.h>

#include "call.h"
#include "private.h"

static void key_lane(struct call *c, const char *pool, const char *gateway, const char *kind)
{
	call_key(c, "{%s}:out:%s:%s", pool, gateway, kind);
	call_key(c, "{%s}:unsent:%s:%s", pool, gateway, kind);
}

const char *store_out_list(const struct store_out *o)
{
	return strcmp(o->kind, STORE_AUTO) == 0 ? "autos" : "replies";
}

// What every change of an entry may touch.
static void key_entry(struct call *c, const struct store_out *o)
{
	call_key(c, "{%s}:o:%s", o->pool, o->id);
	call_key(c, "{%s}:m:%s", o->pool, o->id);
	call_key(c, "{%s}:%s:%s", o->pool, store_out_list(o), o->conversation);
	key_lane(c, o->pool, o->gateway, o->kind);
	call_key(c, "{%s}:due", o->pool);
}

static void key_known(struct call *c, const struct store_out *o, struct bytes provider_id)
{
	struct buf id = {0};
	buf_append_bytes(&id, provider_id);
	call_key(c, "{%s}:sid:%s:%s", o->pool, o->gateway, buf_str(&id));
	buf_free(&id);
}

static void entry_args(struct call *c, const struct store_out *o)
{
	call_now(c);
	call_str(c, o->id);
	call_str(c, o->conversation);
	call_str(c, o->gateway);
}

void store_send(struct store *s, const struct store_claim *claim, const struct store_reply *r,
        store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "send");
	call_key(&c, "{%s}:c:%s", claim->pool, claim->conversation);
	call_key(&c, "{%s}:ms:%s", claim->pool, claim->conversation);
	call_key(&c, "{%s}:m:%s", claim->pool, r->message);
	call_key(&c, "{%s}:cid:%s", claim->pool, claim->conversation);
	call_key(&c, "{%s}:o:%s", claim->pool, r->message);
	call_key(&c, "{%s}:replies:%s", claim->pool, claim->conversation);
	key_lane(&c, claim->pool, r->gateway, STORE_REPLY);
	call_key(&c, "{%s}:gateways", claim->pool);
	call_key(&c, "{%s}:due", claim->pool);
	call_claim(&c, claim);
	call_str(&c, r->message);
	call_str(&c, r->client_id);
	call_bytes(&c, r->sealed_text);
	call_str(&c, r->gateway);
	call_channel(&c, claim->pool);
	call_run(&c, fn, arg);
}

void store_send_held(struct store *s, const struct store_claim *claim, const char *message,
        const char *gateway, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "send_held");
	call_key(&c, "{%s}:c:%s", claim->pool, claim->conversation);
	call_key(&c, "{%s}:m:%s", claim->pool, message);
	call_key(&c, "{%s}:o:%s", claim->pool, message);
	call_key(&c, "{%s}:replies:%s", claim->pool, claim->conversation);
	key_lane(&c, claim->pool, gateway, STORE_REPLY);
	call_key(&c, "{%s}:gateways", claim->pool);
	call_claim(&c, claim);
	call_str(&c, message);
	call_str(&c, gateway);
	call_channel(&c, claim->pool);
	call_run(&c, fn, arg);
}

void store_say(struct store *s, const struct store_automatic *a, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "say");
	call_key(&c, "{%s}:c:%s", a->pool, a->conversation);
	call_key(&c, "{%s}:ms:%s", a->pool, a->conversation);
	call_key(&c, "{%s}:m:%s", a->pool, a->message);
	call_key(&c, "{%s}:o:%s", a->pool, a->message);
	call_key(&c, "{%s}:autos:%s", a->pool, a->conversation);
	key_lane(&c, a->pool, a->gateway, STORE_AUTO);
	call_key(&c, "{%s}:gateways", a->pool);
	call_key(&c, "{%s}:told:%s:%s", a->pool, a->line, a->texter);
	call_now(&c);
	call_str(&c, a->conversation);
	call_str(&c, a->message);
	call_str(&c, a->text);
	call_str(&c, a->mark);
	call_str(&c, a->condition);
	call_int(&c, a->valid_ms);
	call_bytes(&c, a->sealed_text);
	call_str(&c, a->gateway);
	call_channel(&c, a->pool);
	call_str(&c, a->kept_field);
	call_str(&c, a->kept);
	call_int(&c, a->told_ms);
	call_run(&c, fn, arg);
}

void store_tend(struct store *s, const char *pool, const char *conversation, int64_t seen_ms,
        int64_t next_ms, const char *mark, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "tend");
	call_key(&c, "{%s}:c:%s", pool, conversation);
	call_key(&c, "{%s}:tend", pool);
	call_str(&c, conversation);
	call_int(&c, seen_ms);
	call_int(&c, next_ms);
	call_str(&c, mark);
	call_run(&c, fn, arg);
}

void store_notice(
        struct store *s, const char *pool, const struct store_page *n, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "out_put");
	call_key(&c, "{%s}:o:%s", pool, n->id);
	key_lane(&c, pool, n->gateway, STORE_NOTICE);
	call_key(&c, "{%s}:gateways", pool);
	call_now(&c);
	call_str(&c, n->id);
	call_str(&c, n->person);
	call_str(&c, n->gateway);
	call_str(&c, n->line);
	call_bytes(&c, n->sealed_number);
	call_bytes(&c, n->sealed_text);
	call_channel(&c, pool);
	call_run(&c, fn, arg);
}

void store_out_claim(struct store *s, const struct store_out *o, const struct store_lease *l,
        store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "out_claim");
	key_entry(&c, o);
	call_key(&c, "{%s}:c:%s", o->pool, o->conversation);
	entry_args(&c, o);
	call_str(&c, l->token);
	call_int(&c, l->lease_ms);
	call_int(&c, l->validity_ms);
	call_int(&c, l->repeatable);
	call_int(&c, l->ask_ms);
	call_int(&c, STORE_KEEP_MS);
	call_channel(&c, o->pool);
	call_run(&c, fn, arg);
}

void store_out_done(struct store *s, const struct store_out *o, const struct store_outcome *out,
        store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "out_done");
	key_entry(&c, o);
	key_known(&c, o, out->provider_id);
	entry_args(&c, o);
	call_int(&c, (int64_t)out->epoch);
	call_str(&c, out->outcome);
	call_bytes(&c, out->provider_id);
	call_bytes(&c, out->note);
	call_int(&c, out->retry_at_ms);
	call_int(&c, out->ask_ms);
	call_int(&c, STORE_KEEP_MS);
	call_channel(&c, o->pool);
	call_run(&c, fn, arg);
}

void store_receipt(struct store *s, const struct store_out *o, int delivery,
        struct bytes provider_id, struct bytes note, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "receipt");
	key_entry(&c, o);
	key_known(&c, o, provider_id);
	entry_args(&c, o);
	call_int(&c, delivery);
	call_bytes(&c, note);
	call_bytes(&c, provider_id);
	call_int(&c, STORE_KEEP_MS);
	call_channel(&c, o->pool);
	call_run(&c, fn, arg);
}

void store_out_ask(struct store *s, const char *pool, const char *id, const char *delays_ms,
        store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "out_ask");
	call_key(&c, "{%s}:o:%s", pool, id);
	call_key(&c, "{%s}:due", pool);
	call_now(&c);
	call_str(&c, id);
	call_str(&c, delays_ms);
	call_run(&c, fn, arg);
}

void store_out_asked(struct store *s, const struct store_out *o, int delivery,
        struct bytes provider_id, struct bytes note, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "out_asked");
	call_key(&c, "{%s}:o:%s", o->pool, o->id);
	call_key(&c, "{%s}:m:%s", o->pool, o->id);
	call_key(&c, "{%s}:due", o->pool);
	key_known(&c, o, provider_id);
	call_str(&c, o->id);
	call_int(&c, delivery);
	call_bytes(&c, provider_id);
	call_bytes(&c, note);
	call_int(&c, STORE_KEEP_MS);
	call_channel(&c, o->pool);
	call_run(&c, fn, arg);
}

// ---- reads ----

void store_entry(struct store *s, const char *pool, const char *id, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "HGETALL");
	call_key(&c, "{%s}:o:%s", pool, id);
	call_run(&c, fn, arg);
}

void store_outbox(struct store *s, const char *pool, const char *gateway, const char *kind,
        int64_t until_ms, size_t limit, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "ZRANGEBYSCORE");
	call_key(&c, "{%s}:out:%s:%s", pool, gateway, kind);
	call_str(&c, "-inf");
	call_int(&c, until_ms);
	call_str(&c, "WITHSCORES");
	call_str(&c, "LIMIT");
	call_int(&c, 0);
	call_int(&c, (int64_t)limit);
	call_run(&c, fn, arg);
}

void store_unsent_count(struct store *s, const char *pool, const char *gateway, const char *kind,
        store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "ZCARD");
	call_key(&c, "{%s}:unsent:%s:%s", pool, gateway, kind);
	call_run(&c, fn, arg);
}

void store_unsent_oldest(struct store *s, const char *pool, const char *gateway, const char *kind,
        store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "ZRANGE");
	call_key(&c, "{%s}:unsent:%s:%s", pool, gateway, kind);
	call_int(&c, 0);
	call_int(&c, 0);
	call_str(&c, "WITHSCORES");
	call_run(&c, fn, arg);
}

void store_gateways_used(struct store *s, const char *pool, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "SMEMBERS");
	call_key(&c, "{%s}:gateways", pool);
	call_run(&c, fn, arg);
}
