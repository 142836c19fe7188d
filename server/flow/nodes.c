// SPDX-License-Identifier: Apache-2.0
// Heartbeats, and the agreement on what time it is.
#include "nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm.h"
#include "base/log.h"

// A node whose counter has not moved for this long is dead …
#define DEAD_MS 15000
// … and one that bears our own name is our own earlier life, dead at once, unless we see it move:
// then it is another process that was given our name.
#define NAMESAKE_DEAD_MS 3500
#define FORGET_MS        3600000
// We did not look for so long that the counters say nothing about the time between.
#define GAP_MS 5000
// Times of two nodes may differ by so much: a beat is read up to a beat later.
#define APART_MS 5000
// At the start, how long we look whether a node that went by an earlier time lives.
#define AGREE_MS 3500
// After a jump, how long escalations are opened by either clock.
#define EARLY_MS 10000

struct peer {
	int64_t count;
	int64_t moved_ms; // monotonic; when it was first seen, at first
	int64_t clock_ms; // its time at its last beat, 0 unknown
	bool moved;       // since the look before
	bool moves;       // has ever moved under our eyes
	unsigned steps;   // moves since we began to look, or to look again after a gap
	bool listed;      // in the latest answer
};

struct nodes {
	struct flow *flow;
	struct strmap *peers; // "name/incarnation" -> struct peer; not ourselves
	int64_t read_ms;      // monotonic: when the counters were last read
	int64_t first_ms;     // … and first
	bool agreed;
	int64_t lead_ms; // of the system's clock at the last look
	int64_t early_ms;
	int64_t early_until; // monotonic
	void (*then)(struct flow *f);
};

struct nodes *nodes_new(struct flow *f)
{
	struct nodes *n = xcalloc(1, sizeof *n);
	n->flow = f;
	n->peers = strmap_new();
	return n;
}

static void free_peer(const char *name, void *value, void *arg)
{
	(void)name;
	(void)arg;
	free(value);
}

void nodes_free(struct nodes *n)
{
	strmap_each(n->peers, free_peer, NULL);
	strmap_free(n->peers);
	free(n);
}

static int64_t mono(const struct nodes *n)
{
	return loop_mono_ms(n->flow->loop);
}

// ---- who lives

static bool is_namesake(const struct nodes *n, const char *node)
{
	size_t len = (size_t)(strchr(n->flow->node, '/') - n->flow->node) + 1;
	return strncmp(node, n->flow->node, len) == 0;
}

static bool peer_alive(const struct nodes *n, const char *node, const struct peer *p)
{
	int64_t silent = mono(n) - p->moved_ms;
	if (is_namesake(n, node))
		return p->moves && silent < NAMESAKE_DEAD_MS;
	return silent < DEAD_MS;
}

bool nodes_alive(const struct nodes *n, const char *node)
{
	const struct peer *p = strmap_get(n->peers, node);
	return strcmp(node, n->flow->node) == 0 || (p && peer_alive(n, node, p));
}

int64_t nodes_silent_ms(const struct nodes *n, const char *node)
{
	const struct peer *p = strmap_get(n->peers, node);
	return p ? mono(n) - p->moved_ms : 0;
}

struct counting {
	const struct nodes *nodes;
	size_t alive;
	bool namesake;
};

static void count_peer(const char *node, void *value, void *arg)
{
	struct counting *c = arg;
	const struct peer *p = value;
	bool alive = p->moves && peer_alive(c->nodes, node, p);
	c->alive += alive;
	c->namesake |= alive && is_namesake(c->nodes, node);
}

static struct counting count(const struct nodes *n)
{
	struct counting c = {.nodes = n, .alive = 1};
	strmap_each(n->peers, count_peer, &c);
	return c;
}

size_t nodes_count(const struct nodes *n)
{
	return count(n).alive;
}

static void look_for_namesakes(struct nodes *n)
{
	if (count(n).namesake)
		alarm_raise(n->flow, ALARM_NODE_NAME, "Another process runs as %s.",
		        n->flow->config->node);
	else
		alarm_clear(n->flow, ALARM_NODE_NAME);
}

// ---- what time it is

static void step(struct nodes *n, int64_t by_ms, const char *why)
{
	log_error("event=clock_stepped by_ms=%lld reason=\"%s\"", (long long)by_ms, why);
	steady_clock_step(n->flow->steady, by_ms);
	n->agreed = true;
}

struct looking {
	struct nodes *nodes;
	int64_t latest;   // time that any node went by
	bool others;      // that bear another name
	int64_t apart_ms; // of a living node that differs most; it is ahead of us when positive
	char node[72];
};

static void look_at_clock(const char *node, void *value, void *arg)
{
	struct looking *l = arg;
	const struct peer *p = value;
	int64_t apart = p->clock_ms - flow_now(l->nodes->flow);
	l->others |= !is_namesake(l->nodes, node);
	if (p->clock_ms == 0)
		return;
	l->latest = p->clock_ms > l->latest ? p->clock_ms : l->latest;
	// A beat that a partition held up, or that was made while we did not look, shows an earlier
	// time than its node goes by, whose next one does not.
	bool fresh = p->moved && (apart > 0 || p->steps >= 2);
	if (!fresh || llabs(apart) <= APART_MS || llabs(apart) < llabs(l->apart_ms))
		return;
	l->apart_ms = apart;
	snprintf(l->node, sizeof l->node, "%s", node);
}

// Time never goes back behind what the house has seen. Somebody who went by an earlier time may be
// long dead, or alive and right: that shows within a few beats, unless nobody else is known.
static void agree(struct nodes *n, const struct looking *l)
{
	int64_t behind = l->latest - flow_now(n->flow);
	if (l->latest && behind > APART_MS)
		step(n, behind, "the house has seen a later time");
	else if (l->apart_ms)
		step(n, l->apart_ms, "the nodes that live go by another time");
	else if (!l->others || (l->latest && behind > -APART_MS) ||
	         mono(n) - n->first_ms >= AGREE_MS)
		n->agreed = true;
	if (n->agreed)
		nodes_beat(n, n->then); // the others are to know it at once
}

static void look_at_system(struct nodes *n, const struct looking *l)
{
	int64_t lead = steady_clock_lead_ms(n->flow->steady);
	bool jumped = llabs(lead) >= STEADY_CLOCK_JUMP_MS;
	// One that jumps forward and is still behind us makes nothing due sooner, and nothing
	// later.
	if (lead > 0 && lead > n->lead_ms + STEADY_CLOCK_JUMP_MS) {
		n->early_ms = lead;
		n->early_until = mono(n) + EARLY_MS;
	}
	n->lead_ms = lead;
	if (jumped)
		alarm_raise(n->flow, ALARM_CLOCK,
		        "The machine's clock is %lld s %s the time that has really passed; "
		        "timers go by the latter.",
		        (long long)(llabs(lead) / 1000), lead > 0 ? "ahead of" : "behind");
	else if (l->apart_ms)
		alarm_raise(n->flow, ALARM_CLOCK, "Node %s is %lld s %s us.", l->node,
		        (long long)(llabs(l->apart_ms) / 1000),
		        l->apart_ms > 0 ? "ahead of" : "behind");
	else
		alarm_clear(n->flow, ALARM_CLOCK);
}

static void look_at_clocks(struct nodes *n)
{
	struct looking l = {.nodes = n};
	strmap_each(n->peers, look_at_clock, &l);
	if (!n->agreed)
		agree(n, &l);
	else
		look_at_system(n, &l);
}

bool nodes_time_agreed(const struct nodes *n)
{
	return n->agreed;
}

int64_t nodes_early_ms(const struct nodes *n)
{
	return mono(n) < n->early_until ? n->early_ms : 0;
}

// ---- a beat

static void excuse_peer(const char *node, void *value, void *arg)
{
	struct peer *p = value;
	(void)node;
	p->moved_ms = *(const int64_t *)arg;
	p->steps = 0;
}

// Counters that nobody could move, or that we could not read, say nothing about their nodes.
static void excuse_gap(struct nodes *n, int64_t now)
{
	if (now - n->read_ms > GAP_MS)
		strmap_each(n->peers, excuse_peer, &now);
	n->read_ms = now;
	n->first_ms = n->first_ms ? n->first_ms : now;
}

static void see_peer(struct nodes *n, const char *node, int64_t beats, int64_t clock_ms)
{
	struct peer *p = strmap_get(n->peers, node);
	bool known = p != NULL;
	if (!known) {
		p = xcalloc(1, sizeof *p);
		strmap_put(n->peers, node, p);
	}
	p->moved = known && p->count != beats;
	p->steps += p->moved ? 1 : 0;
	p->moves |= p->moved;
	if (!known || p->moved)
		p->moved_ms = n->read_ms;
	p->count = beats;
	p->listed = true;
	p->clock_ms = clock_ms;
}

struct gone {
	const char *names[STORE_FORGET_MAX];
	size_t count;
};

static void note_unlisted(const char *node, void *value, void *arg)
{
	struct gone *g = arg;
	struct peer *p = value;
	if (!p->listed && g->count < STORE_FORGET_MAX)
		g->names[g->count++] = node;
	p->listed = false;
}

static void drop_unlisted(struct nodes *n)
{
	struct gone g = {0};
	strmap_each(n->peers, note_unlisted, &g);
	for (size_t i = 0; i < g.count; i++)
		free(strmap_remove(n->peers, g.names[i]));
}

static void see_all(
        struct nodes *n, const struct redis_reply *beats, const struct redis_reply *clocks)
{
	for (size_t i = 0; i + 1 < redis_count(beats); i += 2) {
		char *node = bytes_dup(redis_bytes(redis_at(beats, i)));
		if (strcmp(node, n->flow->node) != 0)
			see_peer(n, node, redis_integer(redis_at(beats, i + 1)),
			        redis_integer(redis_field(clocks, node)));
		free(node);
	}
	drop_unlisted(n);
}

static void on_beat(const struct store_answer *a, void *arg)
{
	struct nodes *n = arg;
	if (a->code != STORE_OK && a->code != STORE_SHORT)
		return;
	excuse_gap(n, mono(n));
	see_all(n, redis_at(a->reply, 1), redis_at(a->reply, 2));
	look_at_clocks(n);
	look_for_namesakes(n);
	n->then(n->flow);
}

struct forgetting {
	const struct nodes *nodes;
	const char *names[STORE_FORGET_MAX];
	size_t count;
};

// Absent is dead as well, so the counters of the dead need not stay.
static void forget_peer(const char *node, void *value, void *arg)
{
	struct forgetting *f = arg;
	const struct peer *p = value;
	int64_t keep_ms = is_namesake(f->nodes, node) ? NAMESAKE_DEAD_MS : FORGET_MS;
	if (mono(f->nodes) - p->moved_ms >= keep_ms && f->count < STORE_FORGET_MAX)
		f->names[f->count++] = node;
}

void nodes_beat(struct nodes *n, void (*then)(struct flow *f))
{
	struct forgetting f = {.nodes = n};
	strmap_each(n->peers, forget_peer, &f);
	n->then = then;
	store_beat(n->flow->store, n->flow->node, n->agreed ? flow_now(n->flow) : 0, f.names,
	        f.count, on_beat, n);
}
