// SPDX-License-Identifier: Apache-2.0
// The model store's commands on sorted sets.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_keys.h"

struct zadd_options {
	bool absent, present, higher, lower, changed;
};

static bool zadd_option(struct bytes word, struct zadd_options *o)
{
	bool *const flags[] = {&o->absent, &o->present, &o->higher, &o->lower, &o->changed};
	static const char *const names[] = {"NX", "XX", "GT", "LT", "CH"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (model_is(word, names[i])) {
			*flags[i] = true;
			return true;
		}
	}
	return false;
}

static bool zadd_allowed(const struct zadd_options *o, const struct model_entry *e, double score)
{
	if (!e)
		return !o->present;
	if (o->absent || (o->higher && score <= e->value.score))
		return false;
	return !o->lower || score < e->value.score;
}

static bool parse_scores(struct model_run *r, int at, double *scores)
{
	for (int i = at; i < r->argc; i += 2) {
		if (!model_double(r->argv[i], &scores[(i - at) / 2])) {
			model_fail(r, "ERR value is not a valid float");
			return false;
		}
	}
	return true;
}

static void zadd_all(
        struct model_run *r, int at, const struct zadd_options *options, const double *scores)
{
	int64_t added = 0, moved = 0;
	struct model_object *o = model_write(r, r->argv[1], KIND_ZSET);
	if (!o && !r->wrong && !options->present)
		o = model_make(r, r->argv[1], KIND_ZSET);
	if (r->wrong)
		return;
	for (int i = at; o && i < r->argc; i += 2) {
		double score = scores[(i - at) / 2];
		bool changed;
		const struct model_entry *e = model_dict_find(&o->is.zset.members, r->argv[i + 1]);
		if (!zadd_allowed(options, e, score))
			continue;
		added += model_zset_put(&o->is.zset, r->argv[i + 1], score, &changed);
		moved += changed;
	}
	r->dirty = added + moved > 0;
	model_add_integer(r->out, options->changed ? added + moved : added);
}

static void zadd(struct model_run *r)
{
	struct zadd_options o = {0};
	int at = 2;
	while (at < r->argc && zadd_option(r->argv[at], &o))
		at++;
	if (at >= r->argc || (r->argc - at) % 2 != 0 || (o.absent && (o.higher || o.lower)) ||
	        (o.absent && o.present) || (o.higher && o.lower))
		model_unknown(r, r->argv[at < r->argc ? at : 1]);
	double *scores = xcalloc((size_t)(r->argc - at) / 2, sizeof *scores);
	if (parse_scores(r, at, scores))
		zadd_all(r, at, &o, scores);
	free(scores);
}

static void zincrby(struct model_run *r)
{
	double by, score = 0;
	bool changed;
	if (!model_double(r->argv[2], &by)) {
		model_fail(r, "ERR value is not a valid float");
		return;
	}
	struct model_object *o = model_make(r, r->argv[1], KIND_ZSET);
	if (!o)
		return;
	const struct model_entry *e = model_dict_find(&o->is.zset.members, r->argv[3]);
	score = (e ? e->value.score : 0) + by;
	model_zset_put(&o->is.zset, r->argv[3], score, &changed);
	r->dirty = true;
	model_add_score(r->out, score);
}

static void zrem(struct model_run *r)
{
	struct model_object *o = model_write(r, r->argv[1], KIND_ZSET);
	int64_t removed = 0;
	if (r->wrong)
		return;
	for (int i = 2; o && i < r->argc; i++)
		removed += model_zset_remove(&o->is.zset, r->argv[i]);
	if (removed > 0)
		model_tidy(r, r->argv[1], o);
	r->dirty = removed > 0;
	model_add_integer(r->out, removed);
}

static void zcard(struct model_run *r)
{
	const struct model_object *o = model_read(r, r->argv[1], KIND_ZSET);
	if (!r->wrong)
		model_add_integer(r->out, o ? (int64_t)o->is.zset.members.count : 0);
}

static const struct model_entry *member_of(const struct model_object *o, struct bytes member)
{
	return o ? model_dict_find(&o->is.zset.members, member) : NULL;
}

static void add_score_of(struct model_run *r, const struct model_object *o, struct bytes member)
{
	const struct model_entry *e = member_of(o, member);
	if (e)
		model_add_score(r->out, e->value.score);
	else
		model_add_nil(r->out);
}

static void zscore(struct model_run *r)
{
	const struct model_object *o = model_read(r, r->argv[1], KIND_ZSET);
	if (!r->wrong)
		add_score_of(r, o, r->argv[2]);
}

static void zmscore(struct model_run *r)
{
	const struct model_object *o = model_read(r, r->argv[1], KIND_ZSET);
	if (r->wrong)
		return;
	model_add_array(r->out, (size_t)r->argc - 2);
	for (int i = 2; i < r->argc; i++)
		add_score_of(r, o, r->argv[i]);
}

static void zrank(struct model_run *r)
{
	const struct model_object *o = model_read(r, r->argv[1], KIND_ZSET);
	const struct model_entry *e = r->wrong ? NULL : member_of(o, r->argv[2]);
	if (e)
		model_add_integer(
		        r->out, (int64_t)model_zset_rank(&o->is.zset, e->value.score, r->argv[2]));
	else if (!r->wrong)
		model_add_nil(r->out);
}

// ---- ranges: the members from rank `first` to before `end`

struct range {
	bool by_score, reverse, scores;
	double low, high;
	bool above, below;   // the bounds themselves are left out
	int64_t from, to;    // ranks as given
	int64_t skip, limit; // limit < 0: all
	size_t first, end;
};

static bool parse_bound(struct model_run *r, struct bytes text, double *score, bool *exclusive)
{
	*exclusive = text.len > 0 && text.data[0] == '(';
	if (*exclusive)
		text = bytes_of(text.data + 1, text.len - 1);
	if (model_double(text, score))
		return true;
	model_fail(r, "ERR min or max is not a float");
	return false;
}

// Before the key is looked at, as in Redis.
static bool parse_range(struct model_run *r, struct range *range)
{
	if (!range->by_score)
		return model_integer(r, r->argv[2], &range->from) &&
		       model_integer(r, r->argv[3], &range->to);
	struct bytes least = r->argv[range->reverse ? 3 : 2];
	struct bytes most = r->argv[range->reverse ? 2 : 3];
	return parse_bound(r, least, &range->low, &range->above) &&
	       parse_bound(r, most, &range->high, &range->below);
}

static void select_range(const struct model_zset *z, struct range *range)
{
	size_t count = z->members.count;
	if (range->by_score) {
		range->first = model_zset_below(z, range->low, range->above);
		range->end = model_zset_below(z, range->high, !range->below);
		if (range->end < range->first)
			range->end = range->first;
	} else if (model_range(&range->from, &range->to, count)) {
		size_t from = (size_t)range->from, to = (size_t)range->to;
		range->first = range->reverse ? count - 1 - to : from;
		range->end = range->reverse ? count - from : to + 1;
	}
}

static void answer_range(struct model_run *r, const struct model_zset *z, const struct range *range)
{
	int64_t count = (int64_t)(range->end - range->first) - range->skip;
	if (count < 0 || range->skip < 0)
		count = 0;
	if (range->limit >= 0 && count > range->limit)
		count = range->limit;
	model_add_array(r->out, (size_t)count * (range->scores ? 2 : 1));
	for (int64_t i = range->skip; i < range->skip + count; i++) {
		size_t at = range->reverse ? range->end - 1 - (size_t)i : range->first + (size_t)i;
		model_add_text(r->out, MODEL_STRING, bytes_of(z->at[at].key, z->at[at].len));
		if (range->scores)
			model_add_score(r->out, z->at[at].score);
	}
}

static bool range_options(struct model_run *r, struct range *range)
{
	for (int i = 4; i < r->argc; i++) {
		if (model_is(r->argv[i], "WITHSCORES")) {
			range->scores = true;
		} else if (model_is(r->argv[i], "BYSCORE")) {
			range->by_score = true;
		} else if (model_is(r->argv[i], "REV")) {
			range->reverse = true;
		} else if (model_is(r->argv[i], "LIMIT") && i + 2 < r->argc) {
			if (!model_integer(r, r->argv[i + 1], &range->skip) ||
			        !model_integer(r, r->argv[i + 2], &range->limit))
				return false;
			i += 2;
		} else {
			model_unknown(r, r->argv[i]);
		}
	}
	return true;
}

static void answer(struct model_run *r, struct range range)
{
	range.limit = -1;
	if (!range_options(r, &range) || !parse_range(r, &range))
		return;
	const struct model_object *o = model_read(r, r->argv[1], KIND_ZSET);
	if (r->wrong)
		return;
	if (o)
		select_range(&o->is.zset, &range);
	answer_range(r, o ? &o->is.zset : NULL, &range);
}

static void zrange(struct model_run *r)
{
	answer(r, (struct range){0});
}

static void zrevrange(struct model_run *r)
{
	answer(r, (struct range){.reverse = true});
}

static void zrangebyscore(struct model_run *r)
{
	answer(r, (struct range){.by_score = true});
}

static void zrevrangebyscore(struct model_run *r)
{
	answer(r, (struct range){.by_score = true, .reverse = true});
}

static void zcount(struct model_run *r)
{
	struct range range = {.by_score = true};
	if (!parse_range(r, &range))
		return;
	const struct model_object *o = model_read(r, r->argv[1], KIND_ZSET);
	if (o)
		select_range(&o->is.zset, &range);
	if (!r->wrong)
		model_add_integer(r->out, (int64_t)(range.end - range.first));
}

static void remove_range(struct model_run *r, struct range range)
{
	if (!parse_range(r, &range))
		return;
	struct model_object *o = model_write(r, r->argv[1], KIND_ZSET);
	if (r->wrong)
		return;
	if (o)
		select_range(&o->is.zset, &range);
	for (size_t i = range.first; i < range.end; i++) {
		const struct model_member *m = &o->is.zset.at[range.first];
		model_zset_remove(&o->is.zset, bytes_of(m->key, m->len));
	}
	r->dirty = range.end > range.first;
	model_add_integer(r->out, (int64_t)(range.end - range.first));
	if (r->dirty)
		model_tidy(r, r->argv[1], o);
}

static void zremrangebyrank(struct model_run *r)
{
	remove_range(r, (struct range){0});
}

static void zremrangebyscore(struct model_run *r)
{
	remove_range(r, (struct range){.by_score = true});
}

static void zscan(struct model_run *r)
{
	static const struct model_dict none;
	const struct model_object *o = model_read(r, r->argv[1], KIND_ZSET);
	if (!r->wrong)
		model_scan(r, 2, o ? &o->is.zset.members : &none, KIND_ZSET, false);
}

const struct model_command model_zset_commands[] = {
        {"ZADD", -4, true, 1, 1, 1, zadd},
        {"ZINCRBY", 4, true, 1, 1, 1, zincrby},
        {"ZREM", -3, true, 1, 1, 1, zrem},
        {"ZCARD", 2, false, 1, 1, 1, zcard},
        {"ZSCORE", 3, false, 1, 1, 1, zscore},
        {"ZMSCORE", -3, false, 1, 1, 1, zmscore},
        {"ZRANK", 3, false, 1, 1, 1, zrank},
        {"ZRANGE", -4, false, 1, 1, 1, zrange},
        {"ZREVRANGE", -4, false, 1, 1, 1, zrevrange},
        {"ZRANGEBYSCORE", -4, false, 1, 1, 1, zrangebyscore},
        {"ZREVRANGEBYSCORE", -4, false, 1, 1, 1, zrevrangebyscore},
        {"ZCOUNT", 4, false, 1, 1, 1, zcount},
        {"ZREMRANGEBYRANK", 4, true, 1, 1, 1, zremrangebyrank},
        {"ZREMRANGEBYSCORE", 4, true, 1, 1, 1, zremrangebyscore},
        {"ZSCAN", -3, false, 1, 1, 1, zscan},
        {0},
};
