// SPDX-License-Identifier: Apache-2.0
// The checker's scripts and reads.
#include "call.h"
#include "private.h"

#define SCAN_COUNT 200

// A key is made of a name that may be empty: no conversation has that one.
static const char *named(const char *name)
{
	return name[0] ? name : "-";
}

void store_check(struct store *s, const struct store_check *check, store_fn fn, void *arg)
{
	struct call c;
	const char *pool = check->pool;
	call_script(&c, s, "check");
	call_key(&c, "{%s}:c:%s", pool, check->conversation);
	call_key(&c, "{%s}:q0", pool);
	call_key(&c, "{%s}:q", pool);
	call_key(&c, "{%s}:due", pool);
	call_key(&c, "{%s}:held", pool);
	call_key(&c, "{%s}:wrap", pool);
	call_key(&c, "{%s}:pages", pool);
	call_key(&c, "{%s}:staff", pool);
	call_key(&c, "{%s}:hold:%s", pool, named(check->holder));
	call_key(&c, "{%s}:e:%llu", pool, (unsigned long long)check->page);
	call_key(&c, "{%s}:texter:%s:%s", pool, named(check->line), named(check->texter));
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++)
		call_key(&c, "{%s}:w:%d", pool, l);
	call_key(&c, "{%s}:tend", pool);
	call_key(&c, "{%s}:closed", pool);
	call_key(&c, "{%s}:e:%llu", pool, (unsigned long long)check->flag_page);
	call_key(&c, "{%s}:custody:%s", pool, check->conversation);
	call_now(&c);
	call_str(&c, check->conversation);
	call_str(&c, check->holder);
	call_int(&c, (int64_t)check->page);
	call_str(&c, check->texter);
	call_by_level(&c, check->boost);
	call_by_level(&c, check->within);
	call_channel(&c, pool);
	call_int(&c, (int64_t)check->flag_page);
	call_run(&c, fn, arg);
}

void store_check_hold(struct store *s, const char *pool, const char *name, const char *const *ids,
        size_t count, store_fn fn, void *arg)
{
	struct call c;
	count = count < STORE_CHECK_HOLD_MAX ? count : STORE_CHECK_HOLD_MAX;
	call_script(&c, s, "check_hold");
	call_key(&c, "{%s}:staff", pool);
	call_key(&c, "{%s}:due", pool);
	call_key(&c, "{%s}:hold:%s", pool, name);
	for (size_t i = 0; i < count; i++)
		call_key(&c, "{%s}:c:%s", pool, ids[i]);
	call_now(&c);
	call_str(&c, name);
	for (size_t i = 0; i < count; i++)
		call_str(&c, ids[i]);
	call_run(&c, fn, arg);
}

void store_check_texter(struct store *s, const char *pool, const char *line, const char *texter,
        const char *conversation, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "check_texter");
	call_key(&c, "{%s}:texter:%s:%s", pool, line, texter);
	call_key(&c, "{%s}:c:%s", pool, conversation);
	call_str(&c, conversation);
	call_run(&c, fn, arg);
}

void store_check_page(struct store *s, const char *pool, uint64_t number, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "check_page");
	call_key(&c, "{%s}:e:%llu", pool, (unsigned long long)number);
	call_key(&c, "{%s}:due", pool);
	call_key(&c, "{%s}:pages", pool);
	call_now(&c);
	call_int(&c, (int64_t)number);
	call_run(&c, fn, arg);
}

void store_check_out(struct store *s, const struct store_out *o, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "check_out");
	call_key(&c, "{%s}:o:%s", o->pool, o->id);
	call_key(&c, "{%s}:%s:%s", o->pool, store_out_list(o), o->conversation);
	call_key(&c, "{%s}:out:%s:%s", o->pool, o->gateway, o->kind);
	call_key(&c, "{%s}:unsent:%s:%s", o->pool, o->gateway, o->kind);
	call_now(&c);
	call_str(&c, o->id);
	call_str(&c, o->conversation);
	call_str(&c, o->gateway);
	call_str(&c, o->kind);
	call_channel(&c, o->pool);
	call_run(&c, fn, arg);
}

void store_window(struct store *s, const char *pool, const char *set, size_t first, size_t count,
        store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "ZRANGE");
	call_key(&c, "{%s}:%s", pool, set);
	call_int(&c, (int64_t)first);
	call_int(&c, (int64_t)(first + count) - 1);
	call_run(&c, fn, arg);
}

void store_scan(struct store *s, const char *pool, const char *cursor, store_fn fn, void *arg)
{
	struct call c;
	struct buf pattern = {0};
	buf_printf(&pattern, "{%s}:[cehot]*", pool);
	call_command(&c, s, "SCAN");
	call_str(&c, cursor);
	call_str(&c, "MATCH");
	call_bytes(&c, buf_bytes(&pattern));
	call_str(&c, "COUNT");
	call_int(&c, SCAN_COUNT);
	call_run(&c, fn, arg);
	buf_free(&pattern);
}

void store_texter(struct store *s, const char *pool, const char *line, const char *texter,
        store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "HGETALL");
	call_key(&c, "{%s}:texter:%s:%s", pool, line, texter);
	call_run(&c, fn, arg);
}
