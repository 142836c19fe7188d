// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model_lua.h"
#include "model_store.h"

// A replicated Redis without time of its own: servers, each with a keyspace, and the stream of
// effects from a master to those that follow it. Whoever drives it says when anything arrives.
//
// Every server has `appendfsync always`: nothing that somebody has seen, a reply, a message or the
// stream, leaves it before its fsync. So what is executed here is on its disk, a crash loses
// nothing of it, and a crash before the fsync is the same as a command that never arrived.

#define MODEL_SERVERS_MAX 8

struct model_redis_rules {
	size_t servers;        // 0 is the first master, the others follow it
	unsigned min_replicas; // min-replicas-to-write
	int64_t max_lag_ms;    // min-replicas-max-lag
	// A message is out at `server`. Returns how many hear it.
	int64_t (*publish)(size_t server, struct bytes channel, struct bytes payload, void *arg);
	// A command or script has run at `server` and changed something. May be NULL.
	void (*wrote)(size_t server, struct bytes effects, void *arg);
	void *arg;
};

struct model_redis;
struct model_redis *model_redis_new(const struct model_redis_rules *rules);
void model_redis_free(struct model_redis *m);
struct model_lua *model_redis_lua(struct model_redis *m);

// One command, or one script by its name (`keys` counts). `deny` is an error such as "OOM …" that
// writes get, or NULL. A server that is no master, or has too few replicas, denies by itself.
void model_redis_command(struct model_redis *m, size_t server, int64_t now_ms, int argc,
        const struct bytes *argv, const char *deny, struct model_reply *out);
void model_redis_script(struct model_redis *m, size_t server, int64_t now_ms, const char *script,
        int keys, int argc, const struct bytes *argv, const char *deny, struct model_reply *out);

bool model_redis_is_up(const struct model_redis *m, size_t server);
bool model_redis_is_master(const struct model_redis *m, size_t server);
size_t model_redis_master_of(const struct model_redis *m, size_t server); // itself when it is one
// How much has been written there: one a command or script that changed something.
uint64_t model_redis_offset(const struct model_redis *m, size_t server);
// How many of those that follow `server` have acknowledged `offset`, and follow it at all.
size_t model_redis_copies(const struct model_redis *m, size_t server, uint64_t offset);

// The stream: `replica` takes and acknowledges up to `most` effects of its master at `now`. One
// that is new, or whose past is not the master's, is given a copy of everything first. False when
// either is down.
bool model_redis_stream(struct model_redis *m, size_t replica, int64_t now_ms, size_t most);
// Its connection to the master is gone: it counts as no replica until it streams again.
void model_redis_unlink(struct model_redis *m, size_t replica);

// Failover: whatever `server` has not received is gone with it. The others go on as they were.
void model_redis_promote(struct model_redis *m, size_t server);
void model_redis_follow(struct model_redis *m, size_t server, size_t master);
void model_redis_crash(struct model_redis *m, size_t server);
void model_redis_restart(struct model_redis *m, size_t server); // in the role it had

// To look at, and for what expires by itself.
struct model_store *model_redis_store(struct model_redis *m, size_t server);
void model_redis_expire(struct model_redis *m, size_t server, int64_t now_ms);
