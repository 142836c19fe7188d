// SPDX-License-Identifier: Apache-2.0
// Reads: one Redis command each, or a script that writes nothing.
#include <stdio.h>

#include "call.h"

static void read_key(struct store *s, const char *command, store_fn fn, void *arg, const char *pool,
        const char *kind, const char *id)
{
	struct call c;
	call_command(&c, s, command);
	if (id)
		call_key(&c, "{%s}:%s:%s", pool, kind, id);
	else
		call_key(&c, "{%s}:%s", pool, kind);
	call_run(&c, fn, arg);
}

void store_conversation(struct store *s, const char *pool, const char *id, store_fn fn, void *arg)
{
	read_key(s, "HGETALL", fn, arg, pool, "c", id);
}

void store_message(struct store *s, const char *pool, const char *id, store_fn fn, void *arg)
{
	read_key(s, "HGETALL", fn, arg, pool, "m", id);
}

void store_holds(struct store *s, const char *pool, const char *name, store_fn fn, void *arg)
{
	read_key(s, "HKEYS", fn, arg, pool, "hold", name);
}

void store_rates(struct store *s, const char *pool, store_fn fn, void *arg)
{
	read_key(s, "HGETALL", fn, arg, pool, "rates", NULL);
}

void store_signed_in(struct store *s, const char *pool, store_fn fn, void *arg)
{
	read_key(s, "HGETALL", fn, arg, pool, "staff", NULL);
}

void store_staff_records(struct store *s, store_fn fn, void *arg)
{
	read_key(s, "HGETALL", fn, arg, "staff", "records", NULL);
}

void store_state_count(struct store *s, const char *pool, const char *set, store_fn fn, void *arg)
{
	read_key(s, "ZCARD", fn, arg, pool, set, NULL);
}

void store_waiting_count(struct store *s, const char *pool, enum level l, store_fn fn, void *arg)
{
	char level[4];
	snprintf(level, sizeof level, "%d", (int)l);
	read_key(s, "ZCARD", fn, arg, pool, "w", level);
}

void store_page_get(struct store *s, const char *pool, uint64_t number, store_fn fn, void *arg)
{
	char id[24];
	snprintf(id, sizeof id, "%llu", (unsigned long long)number);
	read_key(s, "HGETALL", fn, arg, pool, "e", id);
}

// The first `limit` members of a sorted set, with scores when asked.
static void read_range(struct store *s, const char *pool, const char *kind, size_t limit,
        bool scores, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "ZRANGE");
	call_key(&c, "{%s}:%s", pool, kind);
	call_int(&c, 0);
	call_int(&c, (int64_t)limit - 1);
	if (scores)
		call_str(&c, "WITHSCORES");
	call_run(&c, fn, arg);
}

void store_queue(struct store *s, const char *pool, bool imminent, size_t first, size_t count,
        store_fn fn, void *arg)
{
	store_window(s, pool, imminent ? "q0" : "q", first, count, fn, arg);
}

void store_waiting(
        struct store *s, const char *pool, enum level l, size_t limit, store_fn fn, void *arg)
{
	char kind[8];
	snprintf(kind, sizeof kind, "w:%d", (int)l);
	read_range(s, pool, kind, limit, true, fn, arg);
}

void store_held_since(struct store *s, const char *pool, size_t limit, store_fn fn, void *arg)
{
	read_range(s, pool, "held", limit, true, fn, arg);
}

void store_pages(struct store *s, const char *pool, bool past, store_fn fn, void *arg)
{
	read_range(s, pool, past ? "pages_past" : "pages", 500, false, fn, arg);
}

// Of a set of timers: what is due until then, with the times.
static void read_until(struct store *s, const char *pool, const char *timers, int64_t until_ms,
        size_t limit, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "ZRANGEBYSCORE");
	call_key(&c, "{%s}:%s", pool, timers);
	call_str(&c, "-inf");
	call_int(&c, until_ms);
	call_str(&c, "WITHSCORES");
	call_str(&c, "LIMIT");
	call_int(&c, 0);
	call_int(&c, (int64_t)limit);
	call_run(&c, fn, arg);
}

void store_due(
        struct store *s, const char *pool, int64_t until_ms, size_t limit, store_fn fn, void *arg)
{
	read_until(s, pool, "due", until_ms, limit, fn, arg);
}

void store_tending(
        struct store *s, const char *pool, int64_t until_ms, size_t limit, store_fn fn, void *arg)
{
	read_until(s, pool, "tend", until_ms, limit, fn, arg);
}

void store_custody(struct store *s, const char *pool, const char *id, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "custody_read");
	call_key(&c, "{%s}:c:%s", pool, id);
	call_key(&c, "{%s}:custody:%s", pool, id);
	call_run(&c, fn, arg);
}

void store_message_ids(struct store *s, const char *pool, const char *id, uint64_t after_sequence,
        store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "LRANGE");
	call_key(&c, "{%s}:ms:%s", pool, id);
	call_int(&c, (int64_t)after_sequence); // the first message has sequence 1 and index 0
	call_int(&c, -1);
	call_run(&c, fn, arg);
}
