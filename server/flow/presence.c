// SPDX-License-Identifier: Apache-2.0
// Lost consoles and dead nodes: their people go back into the queue.
#include "presence.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "history.h"

// A node whose counter has not moved for this long on our monotonic clock is dead.
#define NODE_DEAD_MS   15000
#define NODE_FORGET_MS 3600000

struct peer {
	int64_t count;
	int64_t moved_ms; // monotonic
	bool dead;
};

struct presence {
	struct flow *flow;
	struct strmap *peers; // "node/incarnation" -> struct peer
	int64_t read_ms;      // monotonic: when the counters were last read
};

struct presence *presence_new(struct flow *f)
{
	struct presence *p = xcalloc(1, sizeof *p);
	p->flow = f;
	p->peers = strmap_new();
	return p;
}

static void free_peer(const char *name, void *value, void *arg)
{
	(void)name;
	(void)arg;
	free(value);
}

void presence_free(struct presence *p)
{
	strmap_each(p->peers, free_peer, NULL);
	strmap_free(p->peers);
	free(p);
}

// ---- giving back what somebody holds ----

struct hand_back {
	struct pool *pool;
	char name[33];
	bool held_too; // or only what is offered
	size_t open;
	char id[POOL_ID_MAX]; // of one conversation, in its own copy
	struct hand_back *all;
};

static void hand_back_done(struct hand_back *all)
{
	if (--all->open > 0)
		return;
	if (all->held_too)
		store_forget(
		        all->pool->flow->store, all->pool->config->name, all->name, NULL, NULL);
	free(all);
}

static void on_handed_back(const struct store_answer *a, void *arg)
{
	struct hand_back *one = arg;
	log_info("conversation=%s event=handed_back staff=%s result=%s", one->id, one->name,
	        store_code_name(a->code));
	hand_back_done(one->all);
	free(one);
}

static void hand_back_one(const struct store_answer *a, void *arg)
{
	struct hand_back *one = arg;
	struct pool *p = one->pool;
	struct conversation_view view;
	if (a->code != STORE_OK || !conversation_view(a->reply, &view) ||
	        strcmp(view.holder, one->name) != 0) {
		hand_back_done(one->all);
		free(one);
		return;
	}
	struct store_claim claim = {p->config->name, one->id, one->name, view.epoch};
	if (view.state == CONVERSATION_OFFERED)
		store_unoffer(p->flow->store, &claim, "withdrawn", on_handed_back, one);
	else if (view.state == CONVERSATION_HELD && one->held_too)
		store_release(p->flow->store, &claim, "lost", &p->within, on_handed_back, one);
	else if (view.state == CONVERSATION_WRAP_UP && one->held_too)
		store_finish(p->flow->store, &claim, on_handed_back, one);
	else {
		hand_back_done(one->all);
		free(one);
	}
}

static void on_holds(const struct store_answer *a, void *arg)
{
	struct hand_back *all = arg;
	struct pool *p = all->pool;
	for (size_t i = 0; a->code == STORE_OK && i < redis_count(a->reply); i++) {
		struct hand_back *one = xcalloc(1, sizeof *one);
		*one = *all;
		one->all = all;
		char *id = bytes_dup(redis_bytes(redis_at(a->reply, i)));
		snprintf(one->id, sizeof one->id, "%s", id);
		free(id);
		all->open++;
		store_conversation(p->flow->store, p->config->name, one->id, hand_back_one, one);
	}
	hand_back_done(all);
}

static void hand_back(struct pool *p, const char *name, bool held_too)
{
	struct hand_back *all = xcalloc(1, sizeof *all);
	all->pool = p;
	all->held_too = held_too;
	all->open = 1;
	snprintf(all->name, sizeof all->name, "%s", name);
	store_holds(p->flow->store, p->config->name, name, on_holds, all);
}

void presence_withdraw_offers(struct pool *p, const char *name)
{
	hand_back(p, name, false);
}

// ---- gone ----

struct gone {
	struct pool *pool;
	char name[33];
};

static void on_gone(const struct store_answer *a, void *arg)
{
	struct gone *g = arg;
	if (a->code == STORE_OK) {
		log_info("event=gone staff=%s pool=%s grace_s=%u", g->name, g->pool->config->name,
		        g->pool->config->grace_s);
		hand_back(g->pool, g->name, false);
	}
	free(g);
}

void presence_lost(struct flow *f, struct pool *p, const char *name, const char *sid)
{
	struct gone *g = xcalloc(1, sizeof *g);
	g->pool = p;
	snprintf(g->name, sizeof g->name, "%s", name);
	store_gone(f->store, p->config->name, name, sid, (int64_t)p->config->grace_s * 1000,
	        on_gone, g);
}

static void on_signed_in(const struct store_answer *a, void *arg)
{
	struct gone *g = arg;
	struct bytes json = redis_bytes(redis_field(a->reply, g->name));
	json_t *s = json.len ? json_loadb((const char *)json.data, json.len, 0, NULL) : NULL;
	const char *presence = json_string_value(json_object_get(s, "presence"));
	double gone_at = json_number_value(json_object_get(s, "gone_at"));
	bool back = s && (!presence || strcmp(presence, "gone") != 0 ||
	                         gone_at > (double)flow_now(g->pool->flow));
	if (a->code == STORE_OK && back)
		store_forget(g->pool->flow->store, g->pool->config->name, g->name, NULL,
		        NULL); // settles the timer
	else if (a->code == STORE_OK)
		hand_back(g->pool, g->name, true);
	json_decref(s);
	free(g);
}

void presence_grace_over(struct pool *p, const char *name)
{
	struct gone *g = xcalloc(1, sizeof *g);
	g->pool = p;
	snprintf(g->name, sizeof g->name, "%s", name);
	store_signed_in(p->flow->store, p->config->name, on_signed_in, g);
}

// ---- nodes ----

// This node's own earlier lives are dead at once: two processes never share a node name.
static bool same_node_earlier(const struct flow *f, const char *node)
{
	size_t len = (size_t)(strchr(f->node, '/') - f->node) + 1;
	return strncmp(node, f->node, len) == 0 && strcmp(node, f->node) != 0;
}

static bool node_alive(struct presence *p, const char *node)
{
	const struct peer *peer = strmap_get(p->peers, node);
	return strcmp(node, p->flow->node) == 0 ||
	       (peer && !peer->dead && !same_node_earlier(p->flow, node));
}

struct count {
	const struct presence *presence;
	size_t live;
};

static void count_live(const char *node, void *value, void *arg)
{
	struct count *c = arg;
	const struct peer *peer = value;
	const struct flow *f = c->presence->flow;
	if (strcmp(node, f->node) != 0 && !peer->dead && !same_node_earlier(f, node))
		c->live++;
}

size_t presence_live_nodes(const struct presence *p)
{
	struct count c = {p, 1};
	strmap_each(p->peers, count_live, &c);
	return c.live;
}

// On this node a session lives while its console does; a sign-in that Redis knows and we do not has
// been lost half-way.
static bool session_alive(struct presence *p, const char *node, const char *name, const char *sid)
{
	const struct session *s = strmap_get(p->flow->signed_in, name);
	if (strcmp(node, p->flow->node) != 0)
		return node_alive(p, node);
	return s && strcmp(s->sid, sid) == 0;
}

static void check_counselor(struct pool *p, struct bytes name, struct bytes json)
{
	json_t *s = json_loadb((const char *)json.data, json.len, 0, NULL);
	const char *node = json_string_value(json_object_get(s, "node"));
	const char *sid = json_string_value(json_object_get(s, "session"));
	const char *presence = json_string_value(json_object_get(s, "presence"));
	char *text = bytes_dup(name);
	bool gone = presence && strcmp(presence, "gone") == 0;
	bool alive = node && sid && session_alive(p->flow->presence, node, text, sid);
	if (node && sid && presence && !gone && !alive) {
		log_warn("event=session_dead node=%s staff=%s", node, text);
		presence_lost(p->flow, p, text, sid);
	} else if (gone && alive && strcmp(node, p->flow->node) == 0) {
		// Another node took us for dead while we were stopped: the console must sign in
		// again.
		log_warn("event=session_revived staff=%s", text);
		session_dismiss(p->flow, strmap_get(p->flow->signed_in, text), "resync");
	}
	free(text);
	json_decref(s);
}

static void on_counselors(const struct store_answer *a, void *arg)
{
	struct pool *p = arg;
	for (size_t i = 0; a->code == STORE_OK && i + 1 < redis_count(a->reply); i += 2)
		check_counselor(p, redis_bytes(redis_at(a->reply, i)),
		        redis_bytes(redis_at(a->reply, i + 1)));
}

// Counters that nobody could move, or that we could not read, say nothing about their nodes.
static void excuse_peer(const char *node, void *value, void *arg)
{
	struct peer *peer = value;
	(void)node;
	peer->moved_ms = *(const int64_t *)arg;
}

static void excuse_gap(struct presence *p, int64_t now)
{
	if (now - p->read_ms > 2 * PRESENCE_BEAT_MS)
		strmap_each(p->peers, excuse_peer, &now);
	p->read_ms = now;
}

static void see_peer(struct presence *p, const char *node, int64_t count, int64_t now)
{
	struct peer *peer = strmap_get(p->peers, node);
	if (!peer) {
		peer = xcalloc(1, sizeof *peer);
		peer->moved_ms = now;
		strmap_put(p->peers, node, peer);
	}
	if (peer->count != count) {
		peer->count = count;
		peer->moved_ms = now;
	}
	peer->dead = now - peer->moved_ms >= NODE_DEAD_MS;
	// Absent is dead as well, so the counters of the dead need not stay.
	if (same_node_earlier(p->flow, node) || now - peer->moved_ms >= NODE_FORGET_MS)
		store_beat_forget(p->flow->store, node, NULL, NULL);
}

static void on_beats(const struct store_answer *a, void *arg)
{
	struct presence *p = arg;
	if (a->code != STORE_OK)
		return;
	int64_t now = loop_mono_ms(p->flow->loop);
	excuse_gap(p, now);
	for (size_t i = 0; i + 1 < redis_count(a->reply); i += 2) {
		char *node = bytes_dup(redis_bytes(redis_at(a->reply, i)));
		see_peer(p, node, redis_integer(redis_at(a->reply, i + 1)), now);
		free(node);
	}
	for (size_t i = 0; i < p->flow->pools_count; i++) {
		struct pool *pool = &p->flow->pools[i];
		store_signed_in(p->flow->store, pool->config->name, on_counselors, pool);
	}
}

void presence_beat(struct presence *p)
{
	store_beat(p->flow->store, p->flow->node, NULL, NULL);
	store_beats(p->flow->store, on_beats, p);
}
