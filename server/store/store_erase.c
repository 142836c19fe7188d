// SPDX-License-Identifier: Apache-2.0
// Deletion: its scripts, one wrapper each, and the reads beside them.
#include "call.h"
#include "private.h"

static void key_of(struct call *c, const char *what, const struct store_texter *t)
{
	call_key(c, "{%s}:%s:%s:%s", t->pool, what, t->line, t->texter);
}

static void key_pool(struct call *c, const struct store_texter *t, const char *what)
{
	call_key(c, "{%s}:%s", t->pool, what);
}

// What the timer is called after "erase:".
static void call_member(struct call *c, const struct store_texter *t)
{
	struct buf member = {0};
	buf_printf(&member, "%s:%s", t->line, t->texter);
	call_bytes(c, buf_bytes(&member));
	buf_free(&member);
}

void store_erase_ask(struct store *s, const struct store_wish *wish, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "erase_ask");
	key_of(&c, "erase", &wish->of);
	key_pool(&c, &wish->of, "due");
	key_of(&c, "texter", &wish->of);
	call_key(&c, "{%s}:seen:%s:%s", wish->of.pool, wish->gateway, wish->provider_id_hash);
	call_now(&c);
	call_member(&c, &wish->of);
	call_str(&c, wish->id);
	call_str(&c, wish->by);
	call_str(&c, wish->language);
	call_str(&c, wish->gateway);
	call_bytes(&c, wish->sealed_number);
	call_int(&c, STORE_KEEP_MS);
	call_run(&c, fn, arg);
}

void store_erase_read(struct store *s, const struct store_texter *t, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "erase_read");
	key_of(&c, "erase", t);
	key_of(&c, "texter", t);
	key_of(&c, "of", t);
	call_run(&c, fn, arg);
}

void store_erase_wait(struct store *s, const struct store_texter *t, const char *conversation,
        int64_t next_ms, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "erase_wait");
	key_of(&c, "erase", t);
	key_pool(&c, t, "due");
	call_key(&c, "{%s}:c:%s", t->pool, conversation[0] ? conversation : "-");
	call_now(&c);
	call_member(&c, t);
	call_int(&c, next_ms);
	call_str(&c, conversation);
	call_channel(&c, t->pool);
	call_run(&c, fn, arg);
}

static void key_each(struct call *c, const struct store_erase *e, const char *kind)
{
	for (size_t i = 0; i < redis_count(e->messages); i++) {
		struct bytes id = redis_bytes(redis_at(e->messages, i));
		call_key(c, "{%s}:%s:%.*s", e->of.pool, kind, (int)id.len, (const char *)id.data);
	}
}

void store_erase(struct store *s, const struct store_erase *e, store_fn fn, void *arg)
{
	static const char *const kinds[] = {"c", "ms", "notes", "cid", "replies", "autos"};
	struct call c;
	call_script(&c, s, "erase");
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		call_key(&c, "{%s}:%s:%s", e->of.pool, kinds[i], e->conversation);
	key_of(&c, "of", &e->of);
	key_of(&c, "late", &e->of);
	key_pool(&c, &e->of, "closed");
	key_pool(&c, &e->of, "due");
	key_pool(&c, &e->of, "tend");
	key_each(&c, e, "m");
	key_each(&c, e, "o");
	call_key(&c, "{%s}:custody:%s", e->of.pool, e->conversation);
	call_now(&c);
	call_str(&c, e->conversation);
	call_str(&c, e->who);
	call_str(&c, e->why);
	call_int(&c, e->force);
	for (size_t i = 0; i < redis_count(e->messages); i++)
		call_bytes(&c, redis_bytes(redis_at(e->messages, i)));
	call_run(&c, fn, arg);
}

// The receipt's list and places in the outbox. No gateway has the name "-".
static void key_receipt(struct call *c, const struct store_told *told)
{
	const char *pool = told->of.pool, *gateway = told->gateway[0] ? told->gateway : "-";
	call_key(c, "{%s}:autos:%s", pool, told->id);
	call_key(c, "{%s}:out:%s:%s", pool, gateway, STORE_AUTO);
	call_key(c, "{%s}:unsent:%s:%s", pool, gateway, STORE_AUTO);
}

static const char *named(const char *id)
{
	return id[0] ? id : "-";
}

void store_erase_tell(struct store *s, const struct store_told *told, store_fn fn, void *arg)
{
	const struct store_texter *t = &told->of;
	struct call c;
	call_script(&c, s, "erase_tell");
	key_of(&c, "erase", t);
	key_pool(&c, t, "due");
	key_of(&c, "of", t);
	key_of(&c, "past", t);
	call_key(&c, "{%s}:o:%s", t->pool, told->message);
	key_receipt(&c, told);
	key_pool(&c, t, "gateways");
	call_now(&c);
	call_member(&c, t);
	call_str(&c, told->id);
	call_str(&c, told->message);
	call_bytes(&c, told->wrapped_key);
	call_bytes(&c, told->sealed_text);
	call_str(&c, t->line);
	call_str(&c, t->texter);
	call_int(&c, told->valid_ms);
	call_int(&c, told->next_ms);
	call_channel(&c, t->pool);
	call_str(&c, told->gateway);
	call_run(&c, fn, arg);
}

void store_erase_end(struct store *s, const struct store_told *told, store_fn fn, void *arg)
{
	const struct store_texter *t = &told->of;
	struct call c;
	call_script(&c, s, "erase_end");
	key_of(&c, "erase", t);
	key_pool(&c, t, "due");
	key_of(&c, "of", t);
	key_of(&c, "past", t);
	call_key(&c, "{%s}:o:%s", t->pool, named(told->message));
	call_key(&c, "{%s}:m:%s", t->pool, named(told->message));
	key_receipt(&c, told);
	call_now(&c);
	call_member(&c, t);
	call_str(&c, told->id);
	call_str(&c, told->message);
	call_run(&c, fn, arg);
}

void store_check_erase(struct store *s, const struct store_texter *t, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "check_erase");
	key_of(&c, "erase", t);
	key_pool(&c, t, "due");
	call_now(&c);
	call_member(&c, t);
	call_run(&c, fn, arg);
}

// ---- reads ----

void store_closed(
        struct store *s, const char *pool, int64_t until_ms, size_t limit, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "ZRANGEBYSCORE");
	call_key(&c, "{%s}:closed", pool);
	call_str(&c, "-inf");
	call_int(&c, until_ms);
	call_str(&c, "LIMIT");
	call_int(&c, 0);
	call_int(&c, (int64_t)limit);
	call_run(&c, fn, arg);
}

void store_closed_latest(struct store *s, const char *pool, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "ZRANGE");
	call_key(&c, "{%s}:closed", pool);
	call_int(&c, -1);
	call_int(&c, -1);
	call_str(&c, "WITHSCORES");
	call_run(&c, fn, arg);
}

void store_first_messages(
        struct store *s, const char *pool, const char *id, size_t count, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "LRANGE");
	call_key(&c, "{%s}:ms:%s", pool, id);
	call_int(&c, 0);
	call_int(&c, (int64_t)count - 1);
	call_run(&c, fn, arg);
}
