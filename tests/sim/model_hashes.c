// SPDX-License-Identifier: Apache-2.0
// The model store's commands on hashes, sets and lists.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_keys.h"

// ---- hashes

static const struct model_entry *field_of(const struct model_object *o, struct bytes field)
{
	return o ? model_dict_find(&o->is.dict, field) : NULL;
}

static void add_field(struct model_run *r, const struct model_object *o, struct bytes field)
{
	const struct model_entry *e = field_of(o, field);
	if (e)
		model_add_text(r->out, MODEL_STRING, model_text(&e->value.text));
	else
		model_add_nil(r->out);
}

static bool put_field(struct model_object *o, struct bytes field, struct bytes value)
{
	bool added;
	model_text_set(&model_dict_put(&o->is.dict, field, &added)->value.text, value);
	return added;
}

static void hset(struct model_run *r)
{
	int64_t added = 0;
	if (r->argc % 2 != 0) {
		model_fail(r, "ERR wrong number of arguments for 'hset' command");
		return;
	}
	struct model_object *o = model_make(r, r->argv[1], KIND_HASH);
	if (!o)
		return;
	for (int i = 2; i < r->argc; i += 2)
		added += put_field(o, r->argv[i], r->argv[i + 1]);
	r->dirty = true;
	model_add_integer(r->out, added);
}

static void hsetnx(struct model_run *r)
{
	struct model_object *o = model_make(r, r->argv[1], KIND_HASH);
	if (!o)
		return;
	bool absent = !field_of(o, r->argv[2]);
	if (absent)
		put_field(o, r->argv[2], r->argv[3]);
	r->dirty = absent;
	model_add_integer(r->out, absent);
}

static void hget(struct model_run *r)
{
	const struct model_object *o = model_read(r, r->argv[1], KIND_HASH);
	if (!r->wrong)
		add_field(r, o, r->argv[2]);
}

static void hmget(struct model_run *r)
{
	const struct model_object *o = model_read(r, r->argv[1], KIND_HASH);
	if (r->wrong)
		return;
	model_add_array(r->out, (size_t)r->argc - 2);
	for (int i = 2; i < r->argc; i++)
		add_field(r, o, r->argv[i]);
}

static void list_fields(struct model_run *r, bool names, bool values)
{
	const struct model_object *o = model_read(r, r->argv[1], KIND_HASH);
	size_t i = 0;
	struct model_entry *e;
	if (r->wrong)
		return;
	model_add_array(r->out, o ? o->is.dict.count * (names && values ? 2 : 1) : 0);
	while (o && (e = model_dict_next(&o->is.dict, &i))) {
		if (names)
			model_add_text(r->out, MODEL_STRING, model_key(e));
		if (values)
			model_add_text(r->out, MODEL_STRING, model_text(&e->value.text));
	}
}

static void hgetall(struct model_run *r)
{
	list_fields(r, true, true);
}

static void hkeys(struct model_run *r)
{
	list_fields(r, true, false);
}

static void hvals(struct model_run *r)
{
	list_fields(r, false, true);
}

static void hdel(struct model_run *r)
{
	struct model_object *o = model_write(r, r->argv[1], KIND_HASH);
	int64_t removed = 0;
	if (r->wrong)
		return;
	for (int i = 2; o && i < r->argc; i++) {
		struct model_entry *e = model_dict_find(&o->is.dict, r->argv[i]);
		if (!e)
			continue;
		free(e->value.text.data);
		model_dict_remove(&o->is.dict, e);
		removed++;
	}
	if (removed > 0)
		model_tidy(r, r->argv[1], o);
	r->dirty = removed > 0;
	model_add_integer(r->out, removed);
}

static void hincrby(struct model_run *r)
{
	int64_t n = 0, by;
	char digits[24];
	if (!model_integer(r, r->argv[3], &by))
		return;
	struct model_object *o = model_make(r, r->argv[1], KIND_HASH);
	const struct model_entry *e = field_of(o, r->argv[2]);
	if (!o)
		return;
	if (e && !model_integer(r, model_text(&e->value.text), &n)) {
		model_fail(r, "ERR hash value is not an integer");
		return;
	}
	if (__builtin_add_overflow(n, by, &n)) {
		model_fail(r, "ERR increment or decrement would overflow");
		return;
	}
	int len = snprintf(digits, sizeof digits, "%lld", (long long)n);
	put_field(o, r->argv[2], bytes_of(digits, (size_t)len));
	r->dirty = true;
	model_add_integer(r->out, n);
}

static void hexists(struct model_run *r)
{
	const struct model_object *o = model_read(r, r->argv[1], KIND_HASH);
	if (!r->wrong)
		model_add_integer(r->out, field_of(o, r->argv[2]) != NULL);
}

static void hlen(struct model_run *r)
{
	const struct model_object *o = model_read(r, r->argv[1], KIND_HASH);
	if (!r->wrong)
		model_add_integer(r->out, o ? (int64_t)o->is.dict.count : 0);
}

static void scan_dict(struct model_run *r, enum model_kind kind)
{
	static const struct model_dict none;
	const struct model_object *o = model_read(r, r->argv[1], kind);
	if (!r->wrong)
		model_scan(r, 2, o ? &o->is.dict : &none, kind, false);
}

static void hscan(struct model_run *r)
{
	scan_dict(r, KIND_HASH);
}

// ---- sets

static void sadd(struct model_run *r)
{
	struct model_object *o = model_make(r, r->argv[1], KIND_SET);
	int64_t count = 0;
	if (!o)
		return;
	for (int i = 2; i < r->argc; i++) {
		bool added;
		model_dict_put(&o->is.dict, r->argv[i], &added);
		count += added;
	}
	r->dirty = count > 0;
	model_add_integer(r->out, count);
}

static void srem(struct model_run *r)
{
	struct model_object *o = model_write(r, r->argv[1], KIND_SET);
	int64_t removed = 0;
	if (r->wrong)
		return;
	for (int i = 2; o && i < r->argc; i++) {
		struct model_entry *e = model_dict_find(&o->is.dict, r->argv[i]);
		if (!e)
			continue;
		model_dict_remove(&o->is.dict, e);
		removed++;
	}
	if (removed > 0)
		model_tidy(r, r->argv[1], o);
	r->dirty = removed > 0;
	model_add_integer(r->out, removed);
}

static void scard(struct model_run *r)
{
	const struct model_object *o = model_read(r, r->argv[1], KIND_SET);
	if (!r->wrong)
		model_add_integer(r->out, o ? (int64_t)o->is.dict.count : 0);
}

static void sismember(struct model_run *r)
{
	const struct model_object *o = model_read(r, r->argv[1], KIND_SET);
	if (!r->wrong)
		model_add_integer(r->out, field_of(o, r->argv[2]) != NULL);
}

static void smembers(struct model_run *r)
{
	const struct model_object *o = model_read(r, r->argv[1], KIND_SET);
	size_t i = 0;
	struct model_entry *e;
	if (r->wrong)
		return;
	model_add_array(r->out, o ? o->is.dict.count : 0);
	while (o && (e = model_dict_next(&o->is.dict, &i)))
		model_add_text(r->out, MODEL_STRING, model_key(e));
}

static void sscan(struct model_run *r)
{
	scan_dict(r, KIND_SET);
}

// ---- lists

static void push(struct model_run *r, bool left)
{
	struct model_object *o = model_make(r, r->argv[1], KIND_LIST);
	if (!o)
		return;
	struct model_list *l = &o->is.list;
	for (int i = 2; i < r->argc; i++) {
		if (l->count == l->cap) {
			l->cap = l->cap ? l->cap * 2 : 4;
			l->at = xrealloc(l->at, l->cap * sizeof *l->at);
		}
		size_t at = left ? 0 : l->count;
		memmove(l->at + at + 1, l->at + at, (l->count - at) * sizeof *l->at);
		l->at[at] = (struct model_text){0};
		model_text_set(&l->at[at], r->argv[i]);
		l->count++;
	}
	r->dirty = true;
	model_add_integer(r->out, (int64_t)l->count);
}

static void rpush(struct model_run *r)
{
	push(r, false);
}

static void lpush(struct model_run *r)
{
	push(r, true);
}

static void lrange(struct model_run *r)
{
	int64_t first, last;
	if (!model_integer(r, r->argv[2], &first) || !model_integer(r, r->argv[3], &last))
		return;
	const struct model_object *o = model_read(r, r->argv[1], KIND_LIST);
	if (r->wrong)
		return;
	if (!o || !model_range(&first, &last, o->is.list.count)) {
		model_add_array(r->out, 0);
		return;
	}
	model_add_array(r->out, (size_t)(last - first + 1));
	for (int64_t i = first; i <= last; i++)
		model_add_text(r->out, MODEL_STRING, model_text(&o->is.list.at[i]));
}

static void llen(struct model_run *r)
{
	const struct model_object *o = model_read(r, r->argv[1], KIND_LIST);
	if (!r->wrong)
		model_add_integer(r->out, o ? (int64_t)o->is.list.count : 0);
}

static void lindex(struct model_run *r)
{
	int64_t i;
	if (!model_integer(r, r->argv[2], &i))
		return;
	const struct model_object *o = model_read(r, r->argv[1], KIND_LIST);
	if (r->wrong)
		return;
	int64_t count = o ? (int64_t)o->is.list.count : 0;
	i += i < 0 ? count : 0;
	if (i >= 0 && i < count)
		model_add_text(r->out, MODEL_STRING, model_text(&o->is.list.at[i]));
	else
		model_add_nil(r->out);
}

// Keeps the items from `first` to `last`; nothing when `first` is past `last`.
static void keep(struct model_list *l, int64_t first, int64_t last)
{
	size_t kept = 0;
	for (int64_t i = 0; i < (int64_t)l->count; i++) {
		if (i >= first && i <= last)
			l->at[kept++] = l->at[i];
		else
			free(l->at[i].data);
	}
	l->count = kept;
}

static void ltrim(struct model_run *r)
{
	int64_t first, last;
	if (!model_integer(r, r->argv[2], &first) || !model_integer(r, r->argv[3], &last))
		return;
	struct model_object *o = model_write(r, r->argv[1], KIND_LIST);
	if (r->wrong)
		return;
	if (o) {
		if (!model_range(&first, &last, o->is.list.count))
			first = 1, last = 0;
		keep(&o->is.list, first, last);
		model_tidy(r, r->argv[1], o);
		r->dirty = true;
	}
	model_add_text(r->out, MODEL_STATUS, bytes_str("OK"));
}

static void lrem(struct model_run *r)
{
	int64_t most, removed = 0;
	if (!model_integer(r, r->argv[2], &most))
		return;
	if (most < 0)
		model_unknown(r, r->argv[2]);
	struct model_object *o = model_write(r, r->argv[1], KIND_LIST);
	if (r->wrong)
		return;
	size_t kept = 0;
	for (size_t i = 0; o && i < o->is.list.count; i++) {
		struct model_text *t = &o->is.list.at[i];
		if ((most == 0 || removed < most) && bytes_equal(model_text(t), r->argv[3])) {
			free(t->data);
			removed++;
		} else {
			o->is.list.at[kept++] = *t;
		}
	}
	if (removed > 0) {
		o->is.list.count = kept;
		model_tidy(r, r->argv[1], o);
	}
	r->dirty = removed > 0;
	model_add_integer(r->out, removed);
}

const struct model_command model_hash_commands[] = {
        {"HSET", -4, true, 1, 1, 1, hset},
        {"HSETNX", 4, true, 1, 1, 1, hsetnx},
        {"HGET", 3, false, 1, 1, 1, hget},
        {"HMGET", -3, false, 1, 1, 1, hmget},
        {"HGETALL", 2, false, 1, 1, 1, hgetall},
        {"HKEYS", 2, false, 1, 1, 1, hkeys},
        {"HVALS", 2, false, 1, 1, 1, hvals},
        {"HDEL", -3, true, 1, 1, 1, hdel},
        {"HINCRBY", 4, true, 1, 1, 1, hincrby},
        {"HEXISTS", 3, false, 1, 1, 1, hexists},
        {"HLEN", 2, false, 1, 1, 1, hlen},
        {"HSCAN", -3, false, 1, 1, 1, hscan},
        {"SADD", -3, true, 1, 1, 1, sadd},
        {"SREM", -3, true, 1, 1, 1, srem},
        {"SCARD", 2, false, 1, 1, 1, scard},
        {"SISMEMBER", 3, false, 1, 1, 1, sismember},
        {"SMEMBERS", 2, false, 1, 1, 1, smembers},
        {"SSCAN", -3, false, 1, 1, 1, sscan},
        {"RPUSH", -3, true, 1, 1, 1, rpush},
        {"LPUSH", -3, true, 1, 1, 1, lpush},
        {"LRANGE", 4, false, 1, 1, 1, lrange},
        {"LLEN", 2, false, 1, 1, 1, llen},
        {"LINDEX", 3, false, 1, 1, 1, lindex},
        {"LTRIM", 4, true, 1, 1, 1, ltrim},
        {"LREM", 4, true, 1, 1, 1, lrem},
        {0},
};
