// SPDX-License-Identifier: Apache-2.0
// Deletion by age.
#include "retain.h"

#include <stdlib.h>

#include "base/log.h"
#include "erase.h"
#include "history.h"
#include "rewrite.h"

// At a look, which comes every few seconds: a hundred thousand conversations of one day are gone
// within half a day, and nobody notices.
#define BATCH  20
#define DAY_MS (INT64_C(24) * 3600 * 1000)

// The conversations of a look, one after the other.
struct retaining {
	struct pool *pool;
	char ids[BATCH][POOL_ID_MAX];
	size_t count, next;
};

static void next(struct retaining *r);

static void on_erased(enum store_code code, void *arg)
{
	struct retaining *r = arg;
	// What was not deleted comes again, and what is open again is in the list no more.
	if (code == STORE_OK)
		rewrite_want(r->pool->flow);
	next(r);
}

static void on_conversation(const struct store_answer *a, void *arg)
{
	struct retaining *r = arg;
	struct conversation_view view = {0};
	if (a->code != STORE_OK) {
		next(r);
		return;
	}
	conversation_view(a->reply, &view);
	const struct erase_order order = {
	        .pool = r->pool,
	        .conversation = r->ids[r->next - 1],
	        .line = view.line,
	        .texter = view.texter,
	        .who = "",
	        .why = "retention",
	        .force = true,
	};
	erase_conversation(&order, on_erased, r);
}

static void next(struct retaining *r)
{
	struct pool *p = r->pool;
	if (r->next == r->count || p->flow->draining) {
		p->retaining = false;
		free(r);
		return;
	}
	store_conversation(p->flow->store, p->config->name, r->ids[r->next++], on_conversation, r);
}

static void on_old(const struct store_answer *a, void *arg)
{
	struct retaining *r = arg;
	size_t count = a->code == STORE_OK ? redis_count(a->reply) : 0;
	r->count = count < BATCH ? count : BATCH;
	for (size_t i = 0; i < r->count; i++)
		bytes_copy(redis_bytes(redis_at(a->reply, i)), r->ids[i], sizeof r->ids[i]);
	next(r);
}

static int64_t limit_of(const struct pool *p)
{
	return flow_now(p->flow) - p->config->retain_days * DAY_MS;
}

// A clock that is wrong by years makes everything old. What was closed lately by that clock speaks
// for it; without that, so does a day in which people had to get along with it.
static bool is_trusted(struct pool *p, int64_t latest_ms)
{
	const struct flow *f = p->flow;
	bool trusted = latest_ms == 0 || latest_ms > limit_of(p) ||
	               loop_mono_ms(f->loop) - f->begun_ms > DAY_MS;
	if (!trusted && !p->retention_waits)
		log_warn("event=retention_waits pool=%s reason=\"everything is old by our clock\"",
		        p->config->name);
	p->retention_waits = !trusted;
	return trusted;
}

static void on_latest(const struct store_answer *a, void *arg)
{
	struct retaining *r = arg;
	struct pool *p = r->pool;
	if (a->code == STORE_OK && is_trusted(p, redis_integer(redis_at(a->reply, 1))))
		store_closed(p->flow->store, p->config->name, limit_of(p), BATCH, on_old, r);
	else
		next(r);
}

void retain_look(struct pool *p)
{
	if (p->retaining || p->config->retain_days == 0)
		return;
	struct retaining *r = xcalloc(1, sizeof *r);
	r->pool = p;
	p->retaining = true;
	store_closed_latest(p->flow->store, p->config->name, on_latest, r);
}
