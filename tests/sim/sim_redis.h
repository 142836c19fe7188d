// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model_store.h"
#include "net/loop.h"

// The simulated Redis as the world handles it: a master and replicas, the network to them, and
// what can happen to both.

struct world;
struct redis_world;
struct redis_world *sim_redis_new(struct world *w, size_t replicas);
void sim_redis_free(struct redis_world *r);
// The `redis:` part of a node's configuration.
void sim_redis_configure(const struct redis_world *r, struct buf *yaml);
void sim_redis_place(struct redis_world *r, size_t node, struct loop *l); // a process begins
void sim_redis_kill(struct redis_world *r, size_t node);                  // and dies

// The keyspace that counts: the master's, as the Sentinels have it.
struct model_store *sim_redis_store(struct redis_world *r);
// Staff and the like, written before the night begins.
void sim_redis_write(struct redis_world *r, int argc, const struct bytes *argv);

// One more fault of Redis' own, or of the network, chosen by chance; only one of the first at a
// time.
void sim_redis_fault(struct redis_world *r);
// From now on nothing more goes wrong; what did is put right.
void sim_redis_heal(struct redis_world *r);
