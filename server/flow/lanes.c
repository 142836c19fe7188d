// SPDX-License-Identifier: Apache-2.0
// Slots, rate and pauses of each gateway, and which entries are next in them.
#include "lanes.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "nodes.h"

// How many calls a gateway may have open when one of this kind begins: a provider that hangs holds
// these and no others.
static const size_t slots_of[SEND_KINDS] = {
        [SEND_REPLY] = 16, [SEND_PAGE] = 14, [SEND_NOTICE] = 12, [SEND_AUTO] = 10};

#define SHARE_LEAST     0.1 // texts a second: however many nodes share a rate, each sends some
#define BURST_S         0.25
#define WAKE_LEAST_MS   10
#define CANDIDATES_MOST 4096 // in one look; there is always another

struct lane {
	struct lanes *all;
	char *gateway;
	uint32_t rate_per_s; // over all nodes; 0 is no limit
	size_t open;         // calls, from the claim to the record of their outcome
	double tokens;
	int64_t filled_ms; // monotonic, as all times here
	int64_t paused_until_ms;
	uint64_t timer;
	bool looking;
	bool look_again;
	bool *used;  // by pool: it has ever sent through this gateway
	bool *dirty; // by pool: something may be due
};

struct lanes {
	struct flow *flow;
	lane_start_fn start;
	struct lane **list;
	size_t count;
};

const char *send_kind_name(enum send_kind k)
{
	static const char *const names[SEND_KINDS] = {
	        STORE_REPLY, STORE_PAGE, STORE_NOTICE, STORE_AUTO};
	return names[k];
}

// ---- room ----

static int64_t mono(const struct lane *l)
{
	return loop_mono_ms(l->all->flow->loop);
}

static double share_of(const struct lane *l)
{
	double share = (double)l->rate_per_s / (double)nodes_count(l->all->flow->nodes);
	return share < SHARE_LEAST ? SHARE_LEAST : share;
}

// A small bucket: a provider that counts by the second must not see two seconds' worth in one.
static void refill(struct lane *l)
{
	int64_t now = mono(l);
	double share = share_of(l), most = share * BURST_S > 1 ? share * BURST_S : 1;
	l->tokens += share * (double)(now - l->filled_ms) / 1000;
	if (l->tokens > most)
		l->tokens = most;
	l->filled_ms = now;
}

static size_t lane_room(struct lane *l, enum send_kind kind)
{
	size_t room = l->open < slots_of[kind] ? slots_of[kind] - l->open : 0;
	if (mono(l) < l->paused_until_ms)
		return 0;
	if (l->rate_per_s > 0) {
		refill(l);
		size_t tokens = (size_t)l->tokens;
		room = room < tokens ? room : tokens;
	}
	return room;
}

// ---- waking up ----

static void lane_look(struct lane *l);

static void on_wake(void *arg)
{
	struct lane *l = arg;
	l->timer = 0;
	lane_look(l);
}

// When something waits for nothing but time. A slot that becomes free looks by itself.
static void wake_later(struct lane *l)
{
	int64_t after = l->paused_until_ms - mono(l);
	if (l->rate_per_s > 0 && l->tokens < 1) {
		int64_t next = (int64_t)((1 - l->tokens) / share_of(l) * 1000) + 1;
		after = after > next ? after : next;
	}
	if (after <= 0 || l->timer)
		return;
	after = after > WAKE_LEAST_MS ? after : WAKE_LEAST_MS;
	l->timer = loop_timer(l->all->flow->loop, after, on_wake, l);
}

// ---- looking ----

struct candidate {
	struct pool *pool;
	enum send_kind kind;
	int64_t due_ms;
	char member[2 * POOL_ID_MAX];
};

// One look at what is due in a lane: all its pools and kinds, read at once.
struct look {
	struct lane *lane;
	size_t open;
	struct candidate *list;
	size_t count;
};

struct look_part {
	struct look *look;
	struct pool *pool;
	enum send_kind kind;
	size_t limit;
};

static int by_urgency(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->due_ms != b->due_ms)
		return a->due_ms < b->due_ms ? -1 : 1;
	return strcmp(a->member, b->member);
}

static size_t pool_index(const struct pool *p)
{
	return (size_t)(p - p->flow->pools);
}

// True unless there was no room for it.
static bool take(struct lane *l, const struct candidate *c)
{
	if (lane_room(l, c->kind) == 0)
		return false;
	struct bytes id = bytes_str(c->member), conversation = bytes_str("");
	const char *space = strchr(c->member, ' ');
	if (space) {
		id = bytes_of(c->member, (size_t)(space - c->member));
		conversation = bytes_str(space + 1);
	}
	if (!l->all->start(l, c->pool, c->kind, id, conversation))
		return true;
	l->open++;
	l->tokens -= l->rate_per_s > 0 ? 1 : 0;
	return true;
}

static void look_end(struct look *k)
{
	struct lane *l = k->lane;
	bool left = false;
	l->looking = false;
	if (k->count > 1)
		qsort(k->list, k->count, sizeof *k->list, by_urgency);
	for (size_t i = 0; i < k->count && !l->all->flow->draining; i++)
		if (!take(l, &k->list[i]))
			l->dirty[pool_index(k->list[i].pool)] = left = true;
	if (left)
		wake_later(l);
	free(k->list);
	free(k);
	if (l->look_again)
		lane_look(l);
}

static void add_candidate(
        struct look *k, const struct look_part *part, const struct redis_reply *r, size_t i)
{
	if (k->count == CANDIDATES_MOST) {
		k->lane->dirty[pool_index(part->pool)] = true;
		return;
	}
	k->list = xrealloc(k->list, (k->count + 1) * sizeof *k->list);
	struct candidate *c = &k->list[k->count++];
	*c = (struct candidate){part->pool, part->kind, redis_integer(redis_at(r, i + 1)), ""};
	bytes_copy(redis_bytes(redis_at(r, i)), c->member, sizeof c->member);
}

static void on_due(const struct store_answer *a, void *arg)
{
	struct look_part *part = arg;
	struct look *k = part->look;
	size_t n = a->code == STORE_OK ? redis_count(a->reply) : 0;
	for (size_t i = 0; i + 1 < n; i += 2)
		add_candidate(k, part, a->reply, i);
	if (n / 2 >= part->limit) // there may be more behind them
		k->lane->dirty[pool_index(part->pool)] = true;
	free(part);
	if (--k->open == 0)
		look_end(k);
}

static void look_at(struct look *k, struct pool *p)
{
	struct lane *l = k->lane;
	l->dirty[pool_index(p)] = false;
	for (enum send_kind kind = 0; kind < SEND_KINDS; kind++) {
		size_t limit = lane_room(l, kind);
		if (limit == 0) {
			l->dirty[pool_index(p)] = true;
			continue;
		}
		struct look_part *part = xcalloc(1, sizeof *part);
		*part = (struct look_part){k, p, kind, limit};
		k->open++;
		store_outbox(p->flow->store, p->config->name, l->gateway, send_kind_name(kind),
		        flow_now(p->flow), limit, on_due, part);
	}
}

static void lane_look(struct lane *l)
{
	struct flow *f = l->all->flow;
	l->look_again = l->looking;
	if (l->looking || f->draining)
		return;
	if (lane_room(l, SEND_REPLY) == 0) {
		wake_later(l);
		return;
	}
	struct look *k = xcalloc(1, sizeof *k);
	k->lane = l;
	k->open = 1;
	l->looking = true;
	for (size_t i = 0; i < f->pools_count; i++)
		if (l->dirty[i])
			look_at(k, &f->pools[i]);
	if (--k->open == 0)
		look_end(k);
}

void lane_end(struct lane *l, bool called)
{
	l->open--;
	l->tokens += !called && l->rate_per_s > 0 ? 1 : 0;
	lane_look(l);
}

void lane_pause(struct lane *l, int64_t ms)
{
	int64_t until = mono(l) + (ms < LANE_PAUSE_MAX_MS ? ms : LANE_PAUSE_MAX_MS);
	if (until <= l->paused_until_ms)
		return;
	log_warn("event=gateway_paused gateway=%s ms=%lld", l->gateway, (long long)ms);
	l->paused_until_ms = until;
}

const char *lane_gateway(const struct lane *l)
{
	return l->gateway;
}

// ---- all lanes ----

static struct lane *lane_add(struct lanes *all, const char *gateway, uint32_t rate_per_s)
{
	struct lane *l = xcalloc(1, sizeof *l);
	l->all = all;
	l->gateway = xstrdup(gateway);
	l->rate_per_s = rate_per_s;
	l->tokens = 1;
	l->filled_ms = mono(l);
	l->used = xcalloc(all->flow->config->pools_count + 1, sizeof *l->used);
	l->dirty = xcalloc(all->flow->config->pools_count + 1, sizeof *l->dirty);
	all->list = xrealloc(all->list, (all->count + 1) * sizeof(struct lane *));
	all->list[all->count++] = l;
	return l;
}

static struct lane *lane_of(struct lanes *all, const char *gateway)
{
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->list[i]->gateway, gateway) == 0)
			return all->list[i];
	return lane_add(all, gateway, 0);
}

struct lanes *lanes_new(struct flow *f, lane_start_fn start)
{
	struct lanes *all = xcalloc(1, sizeof *all);
	all->flow = f;
	all->start = start;
	for (unsigned i = 0; i < f->config->gateways_count; i++)
		lane_add(all, f->config->gateways[i].name, f->config->gateways[i].rate_per_s);
	return all;
}

void lanes_free(struct lanes *all)
{
	for (size_t i = 0; i < all->count; i++) {
		struct lane *l = all->list[i];
		loop_cancel(all->flow->loop, l->timer);
		free(l->gateway);
		free(l->used);
		free(l->dirty);
		free(l);
	}
	free(all->list);
	free(all);
}

void lanes_look(struct lanes *all, struct pool *p, const char *gateway)
{
	size_t pool = pool_index(p);
	if (gateway) {
		struct lane *l = lane_of(all, gateway);
		l->used[pool] = l->dirty[pool] = true;
		lane_look(l);
		return;
	}
	for (size_t i = 0; i < all->count; i++) {
		struct lane *l = all->list[i];
		if (!l->used[pool])
			continue;
		l->dirty[pool] = true;
		lane_look(l);
	}
}

static void on_used(const struct store_answer *a, void *arg)
{
	struct pool *p = arg;
	for (size_t i = 0; a->code == STORE_OK && i < redis_count(a->reply); i++) {
		char *gateway = bytes_dup(redis_bytes(redis_at(a->reply, i)));
		lane_of(p->flow->lanes, gateway)->used[pool_index(p)] = true;
		free(gateway);
	}
}

void lanes_learn(struct lanes *all, struct pool *p)
{
	store_gateways_used(all->flow->store, p->config->name, on_used, p);
}

size_t lanes_count(const struct lanes *all)
{
	return all->count;
}

const char *lanes_gateway(const struct lanes *all, size_t index)
{
	return all->list[index]->gateway;
}
