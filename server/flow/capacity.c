// SPDX-License-Identifier: Apache-2.0
// A counselor's capacity over all pools: what they have is read together, and an offer too many is
// taken back.
#include "capacity.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/assign.h"
#include "history.h"
#include "overflow.h"

#define HOLDS_MAX 64

size_t capacity_pools(
        struct flow *f, const struct staff_member *m, struct pool **pools, size_t max, size_t *own)
{
	size_t n = 0;
	for (size_t i = 0; i < m->pools_count && n < max; i++) {
		struct pool *p = pool_find(f, m->pools[i]);
		if (p)
			pools[n++] = p;
	}
	if (own)
		*own = n;
	for (size_t i = 0; i < f->pools_count && n < max; i++) {
		struct pool *p = &f->pools[i];
		if (!staff_serves(m, p->config->name) &&
		        overflow_helps(p, m->pools, m->pools_count))
			pools[n++] = p;
	}
	return n;
}

// ---- what one counselor has, read from every pool ----

struct hold {
	struct pool *pool;
	char id[POOL_ID_MAX];
	enum level level;
	bool offered;
	uint64_t epoch;
};

struct gathering {
	struct flow *flow;
	char name[33];
	unsigned capacity;
	struct hold holds[HOLDS_MAX];
	size_t count;
	size_t open; // answers awaited
	char conversation[POOL_ID_MAX];
	capacity_fn fn;
	void *arg;
};

static size_t fit_order(const struct gathering *g, struct assign_hold *out)
{
	for (size_t i = 0; i < g->count; i++)
		out[i] = (struct assign_hold){
		        g->holds[i].id, g->holds[i].level, !g->holds[i].offered};
	return g->count;
}

static void withdraw(const struct gathering *g, const struct hold *h)
{
	struct store_claim claim = {h->pool->config->name, h->id, g->name, h->epoch};
	log_info("conversation=%s event=offer_too_many staff=%s", h->id, g->name);
	store_unoffer(g->flow->store, &claim, "withdrawn", NULL, NULL);
}

static void gathered(struct gathering *g)
{
	struct assign_hold all[HOLDS_MAX];
	size_t n = fit_order(g, all);
	bool fits = true, found = g->conversation[0] == '\0';
	unsigned taken = 0;
	for (size_t i = 0; i < n; i++) {
		found = found || strcmp(g->holds[i].id, g->conversation) == 0;
		if (!g->holds[i].offered)
			taken += assign_units(g->holds[i].level);
		if (!g->holds[i].offered || assign_fits(all, n, i, g->capacity))
			continue;
		if (strcmp(g->holds[i].id, g->conversation) == 0)
			fits = false;
		withdraw(g, &g->holds[i]);
	}
	// What was offered without being held for them must find room now.
	if (!found)
		fits = taken < g->capacity;
	if (g->fn)
		g->fn(fits, g->arg);
	free(g);
}

static void step(struct gathering *g)
{
	if (--g->open == 0)
		gathered(g);
}

struct look {
	struct gathering *all;
	struct pool *pool;
	char id[POOL_ID_MAX];
};

static void on_conversation(const struct store_answer *a, void *arg)
{
	struct look *one = arg;
	struct gathering *g = one->all;
	struct conversation_view view;
	if (a->code == STORE_OK && conversation_view(a->reply, &view) &&
	        strcmp(view.holder, g->name) == 0 && g->count < HOLDS_MAX) {
		struct hold *h = &g->holds[g->count++];
		h->pool = one->pool;
		h->level = view.level;
		h->epoch = view.epoch;
		h->offered = view.state == CONVERSATION_OFFERED;
		memcpy(h->id, one->id, sizeof h->id);
	}
	free(one);
	step(g);
}

static void on_holds(const struct store_answer *a, void *arg)
{
	struct look *of_pool = arg;
	struct gathering *g = of_pool->all;
	for (size_t i = 0; a->code == STORE_OK && i < redis_count(a->reply) && i < HOLDS_MAX; i++) {
		struct look *one = xcalloc(1, sizeof *one);
		*one = *of_pool;
		bytes_copy(redis_bytes(redis_at(a->reply, i)), one->id, sizeof one->id);
		g->open++;
		store_conversation(
		        g->flow->store, one->pool->config->name, one->id, on_conversation, one);
	}
	free(of_pool);
	step(g);
}

static void gather(struct gathering *g, const struct staff_member *m)
{
	struct pool *pools[CAPACITY_POOLS_MAX];
	size_t n = capacity_pools(g->flow, m, pools, CAPACITY_POOLS_MAX, NULL);
	g->capacity = m->capacity;
	g->open = 1;
	for (size_t i = 0; i < n; i++) {
		struct look *of_pool = xcalloc(1, sizeof *of_pool);
		*of_pool = (struct look){.all = g, .pool = pools[i]};
		g->open++;
		store_holds(g->flow->store, pools[i]->config->name, g->name, on_holds, of_pool);
	}
	step(g);
}

void capacity_ask(
        struct flow *f, const char *name, const char *conversation, capacity_fn fn, void *arg)
{
	const struct staff_member *m = staff_find(f->staff, name);
	struct pool *pools[CAPACITY_POOLS_MAX];
	bool one = m && capacity_pools(f, m, pools, CAPACITY_POOLS_MAX, NULL) < 2;
	if (!m || (fn && one)) { // the scripts count within one pool
		if (fn)
			fn(true, arg);
		return;
	}
	struct gathering *g = xcalloc(1, sizeof *g);
	g->flow = f;
	g->fn = fn;
	g->arg = arg;
	bytes_copy(bytes_str(name), g->name, sizeof g->name);
	bytes_copy(bytes_str(conversation), g->conversation, sizeof g->conversation);
	gather(g, m);
}

void capacity_settle(struct flow *f, const char *name)
{
	capacity_ask(f, name, "", NULL, NULL);
}
