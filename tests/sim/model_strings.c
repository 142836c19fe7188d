// SPDX-License-Identifier: Apache-2.0
// The model store's commands on strings.
#include <stdio.h>
#include <string.h>

#include "model_keys.h"

static void get(struct model_run *r)
{
	const struct model_object *o = model_read(r, r->argv[1], KIND_STRING);
	if (o)
		model_add_text(r->out, MODEL_STRING, model_text(&o->is.text));
	else if (!r->wrong)
		model_add_nil(r->out);
}

struct set_options {
	bool absent, present, keep_ttl;
	int64_t expires_ms;
};

static bool set_expiry(struct model_run *r, int i, int64_t unit, int64_t since, int64_t *out)
{
	int64_t n;
	if (i >= r->argc)
		model_unknown(r, r->argv[i - 1]);
	if (!model_integer(r, r->argv[i], &n))
		return false;
	if (n <= 0) {
		model_fail(r, "ERR invalid expire time in 'set' command");
		return false;
	}
	*out = n * unit + since;
	return true;
}

static bool set_option(struct model_run *r, int *i, struct set_options *o)
{
	struct bytes word = r->argv[*i];
	int64_t now = r->call->now_ms;
	if (model_is(word, "NX"))
		o->absent = true;
	else if (model_is(word, "XX"))
		o->present = true;
	else if (model_is(word, "KEEPTTL"))
		o->keep_ttl = true;
	else if (model_is(word, "PX"))
		return set_expiry(r, ++*i, 1, now, &o->expires_ms);
	else if (model_is(word, "EX"))
		return set_expiry(r, ++*i, 1000, now, &o->expires_ms);
	else if (model_is(word, "PXAT"))
		return set_expiry(r, ++*i, 1, 0, &o->expires_ms);
	else
		model_unknown(r, word);
	return true;
}

static void set_effects(struct model_run *r, int64_t expires_ms)
{
	char at[24];
	snprintf(at, sizeof at, "%lld", (long long)expires_ms);
	if (!expires_ms || !r->call->effects)
		return;
	r->rewritten = true;
	model_effects_add(r->call->effects, 5,
	        (struct bytes[]){bytes_str("SET"), r->argv[1], r->argv[2], bytes_str("PXAT"),
	                bytes_str(at)});
}

static void set(struct model_run *r)
{
	struct set_options o = {0};
	for (int i = 3; i < r->argc; i++)
		if (!set_option(r, &i, &o))
			return;
	const struct model_object *old = model_any(r, r->argv[1]);
	if (old ? o.absent : o.present) {
		model_add_nil(r->out);
		return;
	}
	if (o.keep_ttl && old)
		o.expires_ms = old->expires_ms;
	model_delete(r, r->argv[1]);
	struct model_object *new = model_make(r, r->argv[1], KIND_STRING);
	model_text_set(&new->is.text, r->argv[2]);
	new->expires_ms = o.expires_ms;
	r->dirty = true;
	set_effects(r, o.expires_ms);
	model_add_text(r->out, MODEL_STATUS, bytes_str("OK"));
}

static void add(struct model_run *r, int64_t by)
{
	int64_t n = 0;
	char digits[24];
	const struct model_object *old = model_write(r, r->argv[1], KIND_STRING);
	if (r->wrong || (old && !model_integer(r, model_text(&old->is.text), &n)))
		return;
	if (__builtin_add_overflow(n, by, &n)) {
		model_fail(r, "ERR increment or decrement would overflow");
		return;
	}
	int len = snprintf(digits, sizeof digits, "%lld", (long long)n);
	struct model_object *o = model_make(r, r->argv[1], KIND_STRING);
	model_text_set(&o->is.text, bytes_of(digits, (size_t)len));
	r->dirty = true;
	model_add_integer(r->out, n);
}

static void incr(struct model_run *r)
{
	add(r, 1);
}

static void decr(struct model_run *r)
{
	add(r, -1);
}

static void incrby(struct model_run *r)
{
	int64_t by;
	if (model_integer(r, r->argv[2], &by))
		add(r, by);
}

const struct model_command model_string_commands[] = {
        {"GET", 2, false, 1, 1, 1, get},
        {"SET", -3, true, 1, 1, 1, set},
        {"INCR", 2, true, 1, 1, 1, incr},
        {"INCRBY", 3, true, 1, 1, 1, incrby},
        {"DECR", 2, true, 1, 1, 1, decr},
        {0},
};
