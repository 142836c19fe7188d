// SPDX-License-Identifier: Apache-2.0
// What goes wrong, and when: nodes killed, stopped, their clocks set, providers away; the rest is
// Redis' and the network's (sim_redis.c).
#include <stdlib.h>

#include "sim_redis.h"
#include "world.h"

#define LOOK_MS 1000
#define HOUR_MS 3600000

static bool each_minute(struct world *w, unsigned per_mille)
{
	return sim_below(w->sim, 60000) < per_mille;
}

static void on_start(void *arg)
{
	node_start(arg);
}

static void on_continue(void *arg)
{
	node_continue(arg);
}

static void kill_one(struct world *w, struct node *n)
{
	w->faults++;
	node_kill(n);
	sim_after(w->sim, sim_between(w->sim, 10, 30000), on_start, n);
}

static void stop_one(struct world *w, struct node *n)
{
	w->faults++;
	node_stop(n);
	sim_after(w->sim, sim_between(w->sim, 50, 60000), on_continue, n);
}

void fault_strikes(struct world *w, struct node *n)
{
	if (!node_running(n))
		return;
	if (sim_chance(w->sim, 600))
		kill_one(w, n);
	else
		stop_one(w, n);
}

static void jump_one(struct world *w, struct node *n)
{
	static const int64_t jumps[] = {HOUR_MS, -HOUR_MS, 3000, -3000, 400};
	w->faults++;
	node_jump(n, jumps[sim_below(w->sim, sizeof jumps / sizeof jumps[0])]);
}

static void on_gateway_back(void *arg)
{
	bool *down = arg;
	*down = false;
}

static void gateway_goes(struct world *w)
{
	size_t i = sim_below(w->sim, GATEWAYS);
	w->faults++;
	if (w->gateway_down[i])
		return;
	sim_trace(w->sim, "provider %s is away", w->gateways[i].name);
	w->gateway_down[i] = true;
	sim_after(w->sim, sim_between(w->sim, 1000, 60000), on_gateway_back, &w->gateway_down[i]);
}

static void on_look(void *arg)
{
	struct world *w = arg;
	const struct trouble *t = &w->trouble;
	if (w->ending)
		return;
	for (size_t i = 0; i < w->nodes_count; i++) {
		struct node *n = w->nodes[i];
		if (node_running(n) && each_minute(w, t->kills))
			kill_one(w, n);
		if (node_running(n) && each_minute(w, t->stops))
			stop_one(w, n);
		if (node_alive(n) && each_minute(w, t->jumps))
			jump_one(w, n);
	}
	if (each_minute(w, t->gateway_down))
		gateway_goes(w);
	if (each_minute(w, t->redis))
		sim_redis_fault(w->redis);
	sim_after(w->sim, LOOK_MS, on_look, w);
}

void faults_start(struct world *w)
{
	sim_after(w->sim, LOOK_MS, on_look, w);
}

void faults_end(struct world *w)
{
	w->ending = true;
	w->trouble = (struct trouble){0};
	sim_redis_heal(w->redis);
	for (size_t i = 0; i < GATEWAYS; i++)
		w->gateway_down[i] = false;
	for (size_t i = 0; i < w->nodes_count; i++) {
		w->faults += node_disk_faults(w->nodes[i]);
		node_disk_trouble(w->nodes[i], 0, 0);
		node_continue(w->nodes[i]);
		if (node_spool_told(w->nodes[i]))
			node_kill(w->nodes[i]);
		node_start(w->nodes[i]);
	}
}
