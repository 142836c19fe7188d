// SPDX-License-Identifier: Apache-2.0
// Redis' servers in the simulated world: the weather between them and the nodes, crashes,
// failovers, lagging replicas, refusals.
#include "sim_redis.h"

#include <stdlib.h>
#include <string.h>

#include "model_servers.h"
#include "oracle_book.h"
#include "world.h"

#define REPLICAS_MAX 2
#define SENTINELS    3
#define FOREVER      INT64_MAX
#define NOTICED_MS   12000 // by then a link has seen that it hears nothing any more

struct redis_world {
	struct world *world;
	struct loop *loop;
	struct model_net *net;
	struct model_servers *servers;
	size_t replicas;
	bool healed;
	// Until when, in true time.
	int64_t apart[NODES_MAX];                                // a node from all servers
	int64_t lags[REPLICAS_MAX + 1], alone[REPLICAS_MAX + 1]; // a server, from the others
	int64_t refused;
	const char *refusal;
	bool busy; // a crash or a failover is under way
	size_t old_master;
	bool crashed;
};

static int64_t now_of(const struct redis_world *r)
{
	return sim_now(r->world->sim);
}

// ---- weather

static int64_t delay_ms(size_t node, uint16_t port, bool to_server, void *arg)
{
	struct redis_world *r = arg;
	struct sim *s = r->world->sim;
	(void)port;
	(void)to_server;
	if (!r->healed && sim_below(s, 100000) < r->world->trouble.lost) {
		sim_trace(s, "n%zu loses bytes", node + 1);
		r->world->faults++;
		node_unwell(r->world->nodes[node], NOTICED_MS);
		return -1;
	}
	return sim_chance(s, 950) ? sim_between(s, 0, 2) : sim_between(s, 3, 60);
}

static bool reaches(size_t node, uint16_t port, void *arg)
{
	const struct redis_world *r = arg;
	(void)port;
	return now_of(r) >= r->apart[node];
}

static int64_t wall_ms(size_t server, void *arg)
{
	const struct redis_world *r = arg;
	(void)server;
	return loop_wall_ms(r->loop);
}

static int64_t copy_ms(size_t master, size_t replica, void *arg)
{
	struct redis_world *r = arg;
	struct sim *s = r->world->sim;
	int64_t now = now_of(r);
	if (now < r->alone[master] || now < r->alone[replica])
		return -1;
	return now < r->lags[replica] ? sim_between(s, 500, 3000) : sim_between(s, 0, 4);
}

static const char *refuse(size_t node, size_t server, void *arg)
{
	const struct redis_world *r = arg;
	(void)node;
	(void)server;
	return now_of(r) < r->refused ? r->refusal : NULL;
}

static enum model_mishap mishap(size_t node, size_t server, void *arg)
{
	struct redis_world *r = arg;
	struct sim *s = r->world->sim;
	(void)server;
	if (r->healed || sim_below(s, 100000) >= r->world->trouble.mishap)
		return MISHAP_NONE;
	enum model_mishap m = sim_chance(s, 500) ? MISHAP_BEFORE : MISHAP_AFTER;
	sim_trace(s, "n%zu link is cut %s a command", node + 1,
	        m == MISHAP_BEFORE ? "before" : "after");
	r->world->faults++;
	return m;
}

// ---- what the oracle sees

static void on_key(struct bytes key, void *arg)
{
	oracle_wrote(arg, key);
}

static void wrote(size_t server, struct bytes effects, void *arg)
{
	struct redis_world *r = arg;
	if (server != model_servers_master(r->servers))
		return;
	model_effects_each(effects, on_key, r->world->oracle);
	oracle_written(r->world->oracle);
}

struct model_store *sim_redis_store(struct redis_world *r)
{
	return model_redis_store(model_servers_redis(r->servers), model_servers_master(r->servers));
}

void sim_redis_write(struct redis_world *r, int argc, const struct bytes *argv)
{
	struct model_reply out = {0};
	model_redis_command(
	        model_servers_redis(r->servers), 0, loop_wall_ms(r->loop), argc, argv, NULL, &out);
	model_reply_free(&out);
}

// ---- the whole

struct redis_world *sim_redis_new(struct world *w, size_t replicas)
{
	struct redis_world *r = xcalloc(1, sizeof *r);
	r->world = w;
	r->replicas = replicas;
	r->loop = sim_loop_new(w->sim, "redis", 0, 1000);
	const struct model_weather weather = {delay_ms, reaches, r};
	r->net = model_net_new(r->loop, &weather);
	const struct model_servers_rules rules = {
	        .redis = 1 + replicas,
	        .sentinels = replicas ? SENTINELS : 0,
	        .wall_ms = wall_ms,
	        .copy_ms = copy_ms,
	        .refuse = refuse,
	        .mishap = mishap,
	        .wrote = wrote,
	        .arg = r,
	};
	r->servers = model_servers_new(r->net, &rules);
	return r;
}

void sim_redis_free(struct redis_world *r)
{
	model_servers_free(r->servers);
	model_net_free(r->net);
	loop_free(r->loop);
	free(r);
}

void sim_redis_configure(const struct redis_world *r, struct buf *yaml)
{
	if (r->replicas == 0) {
		buf_printf(yaml, "redis: {host: model, port: %d}\n", MODEL_REDIS_PORT);
		return;
	}
	buf_append_str(yaml, "redis:\n  master_name: model\n  sentinels:\n");
	for (int i = 0; i < SENTINELS; i++)
		buf_printf(yaml, "    - {host: model, port: %d}\n", MODEL_SENTINEL_PORT + i);
}

void sim_redis_place(struct redis_world *r, size_t node, struct loop *l)
{
	model_net_place(r->net, node, l);
}

void sim_redis_kill(struct redis_world *r, size_t node)
{
	model_net_kill(r->net, node);
}

// ---- faults

static void all_unwell(struct redis_world *r, int64_t for_ms)
{
	for (size_t i = 0; i < r->world->nodes_count; i++)
		node_unwell(r->world->nodes[i], for_ms);
}

static void on_restart(void *arg)
{
	struct redis_world *r = arg;
	if (!r->crashed)
		return;
	sim_trace(r->world->sim, "redis starts again");
	model_servers_restart(r->servers, model_servers_master(r->servers));
	r->crashed = r->busy = false;
}

static void crash(struct redis_world *r)
{
	int64_t down = sim_between(r->world->sim, 100, 20000);
	bool silently = sim_chance(r->world->sim, 300);
	sim_trace(r->world->sim, "redis crashes%s", silently ? " silently" : "");
	r->busy = r->crashed = true;
	all_unwell(r, down + NOTICED_MS);
	model_servers_crash(r->servers, model_servers_master(r->servers), silently);
	sim_after(r->world->sim, down, on_restart, r);
}

// The old master is back, or within reach: it follows the new one.
static void on_rejoin(void *arg)
{
	struct redis_world *r = arg;
	size_t old = r->old_master;
	if (!r->busy)
		return;
	sim_trace(r->world->sim, "redis %zu comes back and follows", old);
	if (r->crashed)
		model_servers_restart(r->servers, old);
	r->alone[old] = 0;
	r->crashed = r->busy = false;
	model_servers_follow(r->servers, old, model_servers_master(r->servers));
}

// Sentinel takes the replica that has the most.
static void on_promote(void *arg)
{
	struct redis_world *r = arg;
	struct model_redis *m = model_servers_redis(r->servers);
	size_t old = r->old_master, best = old;
	if (!r->busy)
		return;
	for (size_t i = 0; i <= r->replicas; i++)
		if (i != old &&
		        (best == old || model_redis_offset(m, i) > model_redis_offset(m, best)))
			best = i;
	sim_trace(r->world->sim, "redis %zu is master, %llu behind", best,
	        (unsigned long long)(model_redis_offset(m, old) - model_redis_offset(m, best)));
	model_servers_promote(r->servers, best);
	for (size_t i = 0; i <= r->replicas; i++)
		if (i != old && i != best)
			model_servers_follow(r->servers, i, best);
	oracle_failover(r->world->oracle);
	sim_after(r->world->sim, sim_between(r->world->sim, 500, 10000), on_rejoin, r);
}

// The master dies, or is alone on its side of a partition while nodes still reach it.
static void fail_over(struct redis_world *r)
{
	struct sim *s = r->world->sim;
	size_t old = model_servers_master(r->servers);
	r->busy = true;
	r->old_master = old;
	r->alone[old] = FOREVER;
	all_unwell(r, 15000 + NOTICED_MS);
	r->crashed = sim_chance(s, 500);
	sim_trace(s, "redis %zu is %s", old, r->crashed ? "dead" : "alone");
	if (r->crashed)
		model_servers_crash(r->servers, old, sim_chance(s, 500));
	sim_after(s, sim_between(s, 500, 4000), on_promote, r);
}

static void lag(struct redis_world *r)
{
	size_t i = sim_below(r->world->sim, r->replicas + 1);
	int64_t until = now_of(r) + sim_between(r->world->sim, 1000, 15000);
	bool lost = sim_chance(r->world->sim, 500);
	if (r->alone[i] > now_of(r))
		return;
	sim_trace(r->world->sim, "redis %zu %s", i, lost ? "is away" : "lags");
	if (lost && i != model_servers_master(r->servers))
		r->alone[i] = until;
	else
		r->lags[i] = until;
	all_unwell(r, until - now_of(r) + 2000);
}

static void refuse_for_a_while(struct redis_world *r)
{
	static const char *const errors[] = {
	        "OOM command not allowed when used memory > 'maxmemory'.",
	        "MISCONF Redis is configured to save RDB snapshots, but it cannot.",
	        "NOREPLICAS Not enough good replicas to write.",
	        "BUSY Redis is busy running a script.",
	        "LOADING Redis is loading the dataset in memory",
	};
	struct sim *s = r->world->sim;
	int64_t for_ms = sim_between(s, 100, 8000);
	r->refusal = errors[sim_below(s, sizeof errors / sizeof errors[0])];
	r->refused = now_of(r) + for_ms;
	sim_trace(s, "redis refuses: %.10s", r->refusal);
	all_unwell(r, for_ms + 8000);
}

static void part(struct redis_world *r)
{
	struct world *w = r->world;
	size_t i = sim_below(w->sim, w->nodes_count);
	int64_t for_ms = sim_between(w->sim, 100, 30000);
	r->apart[i] = now_of(r) + for_ms;
	sim_trace(w->sim, "n%zu is apart from redis", i + 1);
	node_unwell(w->nodes[i], for_ms + NOTICED_MS);
}

void sim_redis_fault(struct redis_world *r)
{
	struct sim *s = r->world->sim;
	r->world->faults++;
	switch (sim_below(s, 5)) {
	case 0:
		if (!r->busy)
			crash(r);
		break;
	case 1:
		if (!r->busy && r->world->copies > 0)
			fail_over(r);
		break;
	case 2:
		if (r->replicas)
			lag(r);
		break;
	case 3:
		refuse_for_a_while(r);
		break;
	default:
		part(r);
	}
}

void sim_redis_heal(struct redis_world *r)
{
	r->healed = true;
	r->refused = 0;
	memset(r->apart, 0, sizeof r->apart);
	memset(r->lags, 0, sizeof r->lags);
	for (size_t i = 0; i <= r->replicas; i++)
		if (!r->busy || i != r->old_master)
			r->alone[i] = 0;
}
