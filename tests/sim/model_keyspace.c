// SPDX-License-Identifier: Apache-2.0
// The model store's commands on keys of any kind, SCAN, and those without a key.
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model_keys.h"

#define SCAN_COUNT 10

static void del(struct model_run *r)
{
	int64_t removed = 0;
	for (int i = 1; i < r->argc; i++)
		removed += model_delete(r, r->argv[i]);
	r->dirty = removed > 0;
	model_add_integer(r->out, removed);
}

static void exists(struct model_run *r)
{
	int64_t there = 0;
	for (int i = 1; i < r->argc; i++)
		there += model_any(r, r->argv[i]) != NULL;
	model_add_integer(r->out, there);
}

static const char *kind_name(const struct model_object *o)
{
	static const char *const names[] = {"string", "hash", "set", "zset", "list"};
	return o ? names[o->kind] : "none";
}

static void type(struct model_run *r)
{
	model_add_text(r->out, MODEL_STATUS, bytes_str(kind_name(model_any(r, r->argv[1]))));
}

static void expire_effects(struct model_run *r, int64_t at)
{
	char digits[24];
	snprintf(digits, sizeof digits, "%lld", (long long)at);
	r->rewritten = true;
	if (!r->call->effects)
		return;
	struct bytes parts[] = {bytes_str("PEXPIREAT"), r->argv[1], bytes_str(digits)};
	struct bytes gone[] = {bytes_str("DEL"), r->argv[1]};
	if (at <= r->call->now_ms)
		model_effects_add(r->call->effects, 2, gone);
	else
		model_effects_add(r->call->effects, 3, parts);
}

static void expire_at(struct model_run *r, int64_t unit, int64_t since)
{
	int64_t n;
	if (r->argc > 3)
		model_unknown(r, r->argv[3]);
	if (!model_integer(r, r->argv[2], &n))
		return;
	struct model_object *o = model_any(r, r->argv[1]);
	int64_t at = n * unit + since;
	model_add_integer(r->out, o != NULL);
	if (!o)
		return;
	r->dirty = true;
	expire_effects(r, at);
	if (at <= r->call->now_ms)
		model_delete(r, r->argv[1]);
	else
		o->expires_ms = at;
}

static void pexpire(struct model_run *r)
{
	expire_at(r, 1, r->call->now_ms);
}

static void expire(struct model_run *r)
{
	expire_at(r, 1000, r->call->now_ms);
}

static void pexpireat(struct model_run *r)
{
	expire_at(r, 1, 0);
}

// -2 without the key, -1 without an expiry.
static void left(struct model_run *r, int64_t unit, int64_t since)
{
	const struct model_object *o = model_any(r, r->argv[1]);
	int64_t n = !o ? -2 : o->expires_ms == 0 ? -1 : (o->expires_ms - since + unit / 2) / unit;
	model_add_integer(r->out, n);
}

static void pttl(struct model_run *r)
{
	left(r, 1, r->call->now_ms);
}

static void ttl(struct model_run *r)
{
	left(r, 1000, r->call->now_ms);
}

static void pexpiretime(struct model_run *r)
{
	left(r, 1, 0);
}

static void persist(struct model_run *r)
{
	struct model_object *o = model_any(r, r->argv[1]);
	r->dirty = o && o->expires_ms != 0;
	if (o)
		o->expires_ms = 0;
	model_add_integer(r->out, r->dirty);
}

static void dbsize(struct model_run *r)
{
	model_add_integer(r->out, (int64_t)model_store_count(r->store));
}

static void flushall(struct model_run *r)
{
	struct model_store *empty = model_store_new();
	struct model_store old = *r->store;
	*r->store = *empty;
	*empty = old;
	model_store_free(empty);
	r->dirty = true;
	model_add_text(r->out, MODEL_STATUS, bytes_str("OK"));
}

// ---- SCAN and its like: the cursor is the order of the next entry

struct scan {
	uint64_t cursor;
	int64_t count;
	char *pattern;
	char *type;
};

static void scan_options(struct model_run *r, int at, struct scan *s)
{
	if (!bytes_to_u64(r->argv[at], &s->cursor))
		model_unknown(r, r->argv[at]);
	for (int i = at + 1; i < r->argc; i += 2) {
		if (i + 1 == r->argc)
			model_unknown(r, r->argv[i]);
		if (model_is(r->argv[i], "COUNT"))
			model_integer(r, r->argv[i + 1], &s->count);
		else if (model_is(r->argv[i], "MATCH") && !s->pattern)
			s->pattern = bytes_dup(r->argv[i + 1]);
		else if (model_is(r->argv[i], "TYPE") && !s->type)
			s->type = bytes_dup(r->argv[i + 1]);
		else
			model_unknown(r, r->argv[i]);
	}
}

static bool scan_wants(
        struct model_run *r, const struct scan *s, const struct model_entry *e, bool keys)
{
	if (s->pattern && fnmatch(s->pattern, e->key, 0) != 0)
		return false;
	const struct model_object *o = keys ? model_any(r, model_key(e)) : NULL;
	if (keys && !o)
		return false;
	return !s->type || strcmp(s->type, kind_name(o)) == 0;
}

static void scan_add(struct model_run *r, const struct model_entry *e, enum model_kind kind)
{
	model_add_text(r->out, MODEL_STRING, model_key(e));
	if (kind == KIND_HASH)
		model_add_text(r->out, MODEL_STRING, model_text(&e->value.text));
	if (kind == KIND_ZSET)
		model_add_score(r->out, e->value.score);
}

void model_scan(
        struct model_run *r, int at, const struct model_dict *d, enum model_kind kind, bool keys)
{
	struct scan s = {.count = SCAN_COUNT};
	char next[24];
	scan_options(r, at, &s);
	size_t i = model_dict_from(d, s.cursor);
	struct model_entry *e = NULL;
	model_add_array(r->out, 2);
	size_t cursor_at = r->out->count;
	model_add_nil(r->out);
	size_t array_at = r->out->count;
	model_add_array(r->out, 0);
	for (int64_t seen = 0; seen < s.count && (e = model_dict_next(d, &i)); seen++)
		if (scan_wants(r, &s, e, keys))
			scan_add(r, e, kind);
	r->out->at[array_at].integer = (int64_t)(r->out->count - array_at - 1);
	e = model_dict_next(d, &i);
	int len = snprintf(next, sizeof next, "%llu", (unsigned long long)(e ? e->order : 0));
	struct model_value *cursor = &r->out->at[cursor_at];
	cursor->type = MODEL_STRING;
	cursor->len = (size_t)len;
	memcpy(cursor->digits, next, sizeof next);
	free(s.pattern);
	free(s.type);
}

static void scan_keys(struct model_run *r)
{
	model_scan(r, 1, &r->store->keys, KIND_SET, true);
}

// ---- without a key

static void publish(struct model_run *r)
{
	const struct model_call *c = r->call;
	r->dirty = true; // replicas tell those who listen there
	model_add_integer(r->out, c->publish ? c->publish(r->argv[1], r->argv[2], c->arg) : 0);
}

static void time_now(struct model_run *r)
{
	char digits[24];
	int64_t now = r->call->now_ms;
	model_add_array(r->out, 2);
	int n = snprintf(digits, sizeof digits, "%lld", (long long)(now / 1000));
	model_add_copy(r->out, MODEL_STRING, bytes_of(digits, (size_t)n));
	n = snprintf(digits, sizeof digits, "%lld", (long long)(now % 1000 * 1000));
	model_add_copy(r->out, MODEL_STRING, bytes_of(digits, (size_t)n));
}

static void ping(struct model_run *r)
{
	model_add_text(r->out, MODEL_STATUS, bytes_str("PONG"));
}

const struct model_command model_key_commands[] = {
        {"DEL", -2, true, 1, -1, 1, del},
        {"UNLINK", -2, true, 1, -1, 1, del},
        {"EXISTS", -2, false, 1, -1, 1, exists},
        {"TYPE", 2, false, 1, 1, 1, type},
        {"EXPIRE", -3, true, 1, 1, 1, expire},
        {"PEXPIRE", -3, true, 1, 1, 1, pexpire},
        {"PEXPIREAT", -3, true, 1, 1, 1, pexpireat},
        {"TTL", 2, false, 1, 1, 1, ttl},
        {"PTTL", 2, false, 1, 1, 1, pttl},
        {"PEXPIRETIME", 2, false, 1, 1, 1, pexpiretime},
        {"PERSIST", 2, true, 1, 1, 1, persist},
        {"DBSIZE", 1, false, 0, 0, 0, dbsize},
        {"FLUSHALL", 1, true, 0, 0, 0, flushall},
        {"SCAN", -2, false, 0, 0, 0, scan_keys},
        {"PUBLISH", 3, false, 0, 0, 0, publish},
        {"TIME", 1, false, 0, 0, 0, time_now},
        {"PING", 1, false, 0, 0, 0, ping},
        {0},
};
