// SPDX-License-Identifier: Apache-2.0
// Lost consoles and dead nodes: their people go back into the queue.
#include "presence.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anchor.h"
#include "base/log.h"
#include "hand.h"
#include "history.h"
#include "nodes.h"

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

static void on_finished(const struct store_answer *a, void *arg)
{
	struct hand_back *one = arg;
	if (a->code == STORE_OK)
		anchor_log(one->pool, one->id);
	on_handed_back(a, arg);
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
	const struct store_exposure exposure = pool_exposure(p);
	struct store_claim claim = {p->config->name, one->id, one->name, view.epoch};
	if (view.state == CONVERSATION_OFFERED)
		store_unoffer(p->flow->store, &claim, "withdrawn", on_handed_back, one);
	else if (view.state == CONVERSATION_HELD && one->held_too)
		store_release(p->flow->store, &claim, "lost", &p->within, on_handed_back, one);
	else if (view.state == CONVERSATION_WRAP_UP && one->held_too)
		store_finish(p->flow->store, &claim, &exposure, on_finished, one);
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
		hand_lost(g->pool, g->name);
	}
	free(g);
}

// The grace counts from the last sign of life.
static void lose(struct pool *p, const char *name, const char *sid, int64_t silent_ms)
{
	struct gone *g = xcalloc(1, sizeof *g);
	int64_t grace_ms = (int64_t)p->config->grace_s * 1000 - silent_ms;
	g->pool = p;
	snprintf(g->name, sizeof g->name, "%s", name);
	store_gone(p->flow->store, p->config->name, name, sid, grace_ms > 0 ? grace_ms : 0, on_gone,
	        g);
}

void presence_lost(struct pool *p, const char *name, const char *sid)
{
	lose(p, name, sid, 0);
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

// ---- sessions of the dead ----

// On this node a session lives while its console does; a sign-in that Redis knows and we do not has
// been lost half-way.
static bool session_alive(const struct flow *f, const char *node, const char *name, const char *sid)
{
	const struct session *s = strmap_get(f->signed_in, name);
	if (strcmp(node, f->node) != 0)
		return nodes_alive(f->nodes, node);
	return s && strcmp(s->sid, sid) == 0;
}

static void check_counselor(struct pool *p, struct bytes name, struct bytes json)
{
	struct flow *f = p->flow;
	json_t *s = json_loadb((const char *)json.data, json.len, 0, NULL);
	const char *node = json_string_value(json_object_get(s, "node"));
	const char *sid = json_string_value(json_object_get(s, "session"));
	const char *presence = json_string_value(json_object_get(s, "presence"));
	char *text = bytes_dup(name);
	bool gone = presence && strcmp(presence, "gone") == 0;
	bool alive = node && sid && session_alive(f, node, text, sid);
	if (node && sid && presence && !gone && !alive) {
		log_warn("event=session_dead node=%s staff=%s", node, text);
		lose(p, text, sid, nodes_silent_ms(f->nodes, node));
	} else if (gone && alive && strcmp(node, f->node) == 0) {
		// Another node took us for dead while we were stopped: the console must sign in
		// again.
		log_warn("event=session_revived staff=%s", text);
		session_dismiss(f, strmap_get(f->signed_in, text), "resync");
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

void presence_check(struct flow *f)
{
	for (size_t i = 0; i < f->pools_count; i++)
		store_signed_in(f->store, f->pools[i].config->name, on_counselors, &f->pools[i]);
}
