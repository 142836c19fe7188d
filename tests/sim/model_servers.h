// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model_net.h"
#include "model_redis.h"

// Redis servers and Sentinels on the model network: what speaks RESP with the store's link. Redis
// number i listens on MODEL_REDIS_PORT + i, Sentinel number i on MODEL_SENTINEL_PORT + i.

#define MODEL_REDIS_PORT    6379
#define MODEL_SENTINEL_PORT 26379

// What happens to a connection around one of its commands.
enum model_mishap {
	MISHAP_NONE,
	MISHAP_BEFORE, // it is cut, and the command not executed
	MISHAP_AFTER,  // it is executed, and the connection cut before the reply
};

struct model_servers_rules {
	size_t redis, sentinels;
	unsigned min_replicas;
	int64_t max_lag_ms;
	// The server's wall clock, which may jump.
	int64_t (*wall_ms)(size_t server, void *arg);
	// ms until a replica has, and has acknowledged, what its master has written by now. Below
	// 0: they do not reach each other; asked again soon.
	int64_t (*copy_ms)(size_t master, size_t replica, void *arg);
	// Asked for each command or script with a key. An error such as "OOM …" refuses what
	// writes; LOADING and BUSY refuse everything. NULL is none. May be NULL.
	const char *(*refuse)(size_t node, size_t server, void *arg);
	enum model_mishap (*mishap)(size_t node, size_t server, void *arg); // may be NULL
	// A command or script has changed something there (model_effects_each()). May be NULL.
	void (*wrote)(size_t server, struct bytes effects, void *arg);
	void *arg;
};

struct model_servers;
struct model_servers *model_servers_new(
        struct model_net *net, const struct model_servers_rules *rules);
void model_servers_free(struct model_servers *s); // before the network
// To look at its keyspaces and offsets.
struct model_redis *model_servers_redis(struct model_servers *s);

// The process dies; with `silently` the whole machine does, and nobody is told. What it had
// executed is there when it starts again; its connections and its cache of scripts are not.
void model_servers_crash(struct model_servers *s, size_t server, bool silently);
void model_servers_restart(struct model_servers *s, size_t server);
// Failover: `server` is the master from now on, and the Sentinels say so. What it has not received
// is lost. The old master and the other replicas go on as they were until they are told to follow.
void model_servers_promote(struct model_servers *s, size_t server);
// What a Sentinel does with the others: clients are cut off, as by CLIENT KILL.
void model_servers_follow(struct model_servers *s, size_t server, size_t master);
size_t model_servers_master(const struct model_servers *s); // as the Sentinels have it
