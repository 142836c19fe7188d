// SPDX-License-Identifier: Apache-2.0
// One conversation: some messages at a time, until none is left.
#include "erase.h"

#include <stdio.h>
#include <stdlib.h>

#include "anchor.h"
#include "base/log.h"

struct erasing {
	struct pool *pool;
	char conversation[POOL_ID_MAX];
	char line[24];
	char texter[VAULT_HASH_LEN + 1];
	char who[33];
	char why[40];
	bool force;
	erase_fn fn;
	void *arg;
};

static void erasing_end(struct erasing *e, enum store_code code)
{
	e->fn(code, e->arg);
	free(e);
}

static void read_first(struct erasing *e);

static void on_erased(const struct store_answer *a, void *arg)
{
	struct erasing *e = arg;
	enum store_code said = store_said(a);
	if (said == STORE_OK && bytes_is(redis_bytes(redis_at(a->reply, 1)), "more")) {
		read_first(e);
		return;
	}
	if (said == STORE_OK) {
		log_info("conversation=%s event=deleted staff=%s why=%s", e->conversation,
		        *e->who ? e->who : "-", e->why);
		anchor_log(e->pool, e->conversation);
	}
	erasing_end(e, said == STORE_NOT_FOUND ? STORE_OK : said);
}

static void on_first(const struct store_answer *a, void *arg)
{
	struct erasing *e = arg;
	const struct flow *f = e->pool->flow;
	if (a->code != STORE_OK || f->draining) {
		erasing_end(e, STORE_UNAVAILABLE);
		return;
	}
	const struct store_erase order = {
	        .of = {e->pool->config->name, e->line, e->texter},
	        .conversation = e->conversation,
	        .who = e->who,
	        .why = e->why,
	        .force = e->force,
	        .messages = a->reply,
	};
	store_erase(f->store, &order, on_erased, e);
}

static void read_first(struct erasing *e)
{
	store_first_messages(e->pool->flow->store, e->pool->config->name, e->conversation,
	        STORE_ERASE_MAX, on_first, e);
}

void erase_conversation(const struct erase_order *o, erase_fn fn, void *arg)
{
	struct erasing *e = xcalloc(1, sizeof *e);
	e->pool = o->pool;
	snprintf(e->conversation, sizeof e->conversation, "%s", o->conversation);
	snprintf(e->line, sizeof e->line, "%s", o->line);
	snprintf(e->texter, sizeof e->texter, "%s", o->texter);
	snprintf(e->who, sizeof e->who, "%s", o->who);
	snprintf(e->why, sizeof e->why, "%s", o->why);
	e->force = o->force;
	e->fn = fn;
	e->arg = arg;
	read_first(e);
}
