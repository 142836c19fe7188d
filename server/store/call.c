// SPDX-License-Identifier: Apache-2.0
// Building, sending and answering one call to Redis.
#include "call.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "private.h"

// Without an outcome by then the gateway is told: providers wait 10 to 15 s before they give up.
#define CALL_DEADLINE_MS 3000

static const struct {
	const char *name;
	enum err err;
} codes[] = {
        [STORE_OK] = {"OK", ERR_NONE},
        [STORE_DUPLICATE] = {"DUPLICATE", ERR_NONE},
        [STORE_ANOTHER] = {"ANOTHER", ERR_CONFLICT},
        [STORE_NEW] = {"NEW", ERR_CONFLICT},
        [STORE_GONE] = {"GONE", ERR_GONE},
        [STORE_STALE] = {"STALE", ERR_STALE},
        [STORE_CONFLICT] = {"CONFLICT", ERR_CONFLICT},
        [STORE_EARLY] = {"EARLY", ERR_CONFLICT},
        [STORE_ALREADY] = {"ALREADY", ERR_CONFLICT},
        [STORE_RESOLVED] = {"RESOLVED", ERR_CONFLICT},
        [STORE_UNSEEN] = {"UNSEEN", ERR_UNSEEN},
        [STORE_HELD] = {"HELD", ERR_CONFLICT},
        [STORE_NOT_FOUND] = {"NOT_FOUND", ERR_NOT_FOUND},
        [STORE_APPROVAL] = {"APPROVAL", ERR_APPROVAL},
        [STORE_FULL] = {"FULL", ERR_FULL},
        [STORE_UNAVAILABLE] = {"UNAVAILABLE", ERR_UNAVAILABLE},
        [STORE_UNKNOWN] = {"UNKNOWN", ERR_UNAVAILABLE},
        [STORE_SHORT] = {"SHORT", ERR_UNAVAILABLE},
};
#define CODES_COUNT (sizeof codes / sizeof codes[0])

const char *store_code_name(enum store_code c)
{
	return codes[c].name;
}

enum err store_code_err(enum store_code c)
{
	return codes[c].err;
}

static enum store_code code_of(struct bytes name)
{
	for (size_t i = 0; i < CODES_COUNT; i++)
		if (bytes_is(name, codes[i].name))
			return (enum store_code)i;
	return STORE_UNAVAILABLE;
}

enum store_code store_said(const struct store_answer *a)
{
	return a->code == STORE_SHORT ? code_of(redis_bytes(redis_at(a->reply, 0))) : a->code;
}

static void call_begin(struct call *c, struct store *s, const char *script)
{
	memset(c, 0, offsetof(struct call, at));
	memset(&c->bytes, 0, sizeof c->bytes);
	c->store = s;
	c->script = script;
}

void call_script(struct call *c, struct store *s, const char *script)
{
	call_begin(c, s, script);
}

void call_command(struct call *c, struct store *s, const char *command)
{
	call_begin(c, s, NULL);
	call_str(c, command);
}

void call_bytes(struct call *c, struct bytes arg)
{
	if (c->parts == CALL_PARTS_MAX)
		fatal("event=call_too_long script=%s", c->script ? c->script : "-");
	c->at[c->parts] = c->bytes.len;
	c->len[c->parts] = arg.len;
	c->parts++;
	buf_append_bytes(&c->bytes, arg);
}

void call_key(struct call *c, const char *format, ...)
{
	struct buf key = {0};
	va_list args;
	va_start(args, format);
	buf_vprintf(&key, format, args);
	va_end(args);
	call_bytes(c, buf_bytes(&key));
	c->keys++;
	buf_free(&key);
}

void call_str(struct call *c, const char *arg)
{
	call_bytes(c, bytes_str(arg));
}

void call_int(struct call *c, int64_t arg)
{
	char digits[24];
	int n = snprintf(digits, sizeof digits, "%lld", (long long)arg);
	call_bytes(c, bytes_of(digits, (size_t)n));
}

void call_now(struct call *c)
{
	call_int(c, clock_wall_ms(c->store->clock));
}

void call_claim(struct call *c, const struct store_claim *claim)
{
	call_now(c);
	call_str(c, claim->conversation);
	call_str(c, claim->name);
	call_int(c, (int64_t)claim->epoch);
}

void call_channel(struct call *c, const char *pool)
{
	struct buf channel = {0};
	store_channel(pool, &channel);
	call_bytes(c, buf_bytes(&channel));
	buf_free(&channel);
}

void call_by_level(struct call *c, const struct by_level *b)
{
	struct buf csv = {0};
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++)
		buf_printf(&csv, "%s%lld", l == LEVEL_LOW ? "" : ",", (long long)b->ms[l]);
	call_bytes(c, buf_bytes(&csv));
	buf_free(&csv);
}

// One call under way: lives from call_run() to the link's one callback.
struct pending {
	store_fn fn;
	void *arg;
	bool script;
	const char *what; // static: the script's name
};

static enum store_code outcome(const struct pending *p, const struct redis_result *r)
{
	switch (r->status) {
	case REDIS_OK:
		return p->script ? code_of(redis_bytes(redis_at(r->reply, 0))) : STORE_OK;
	case REDIS_REFUSED:
		log_error("event=redis_refused call=%s error=\"%s\"", p->what, r->error);
		return STORE_UNAVAILABLE;
	case REDIS_NO_LINK:
		return STORE_UNAVAILABLE;
	case REDIS_SHORT:
		return STORE_SHORT;
	case REDIS_UNKNOWN:
		break;
	}
	return STORE_UNKNOWN;
}

static void on_reply(const struct redis_result *r, void *arg)
{
	struct pending *p = arg;
	struct store_answer a = {.code = outcome(p, r), .reply = r->reply};
	if (p->fn)
		p->fn(&a, p->arg);
	free(p);
}

void call_run(struct call *c, store_fn fn, void *arg)
{
	struct pending *p = xcalloc(1, sizeof *p);
	*p = (struct pending){fn, arg, c->script != NULL, c->script ? c->script : "command"};
	struct bytes parts[CALL_PARTS_MAX];
	for (size_t i = 0; i < c->parts; i++)
		parts[i] = bytes_of(c->bytes.data + c->at[i], c->len[i]);
	if (c->script)
		redis_script(c->store->redis, c->script, (int)c->keys, (int)c->parts, parts,
		        CALL_DEADLINE_MS, on_reply, p);
	else
		redis_command(c->store->redis, (int)c->parts, parts, CALL_DEADLINE_MS, on_reply, p);
	buf_wipe(&c->bytes);
}
