// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "net/loop.h"
#include "redis_way.h"

// Do the replicas keep what they acknowledge? WAIT counts them without their names, and one whose
// appendfsync is not `always` acknowledges from memory. So each is asked, and the link demands one
// more copy for each that is not fit: then at least one that is has it.

struct replicas;
typedef void (*replicas_fn)(unsigned unfit, void *arg);
struct replicas *replicas_new(struct loop *l, const struct way *way, replicas_fn fn, void *arg);
void replicas_free(struct replicas *r);
// Calls `fn` once, perhaps from inside, within ASK_MS, unless it is begun again before. A replica
// that cannot be asked counts as it did before: we may not reach what the master reaches.
#define REPLICAS_MAX 16
void replicas_look(struct replicas *r, const struct place *places, size_t count);
void replicas_stop(struct replicas *r); // calls nothing more
