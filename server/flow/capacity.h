// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "staff.h"

// How much a counselor can have, in all pools together. Loads are those of the pools' holds: no
// count is kept beside them.

// The pools of this configuration that they serve; at most `max`. Returns how many: first `own`
// (may be NULL) of theirs, then those in which they help out (overflow.h).
size_t capacity_pools(
        struct flow *f, const struct staff_member *m, struct pool **pools, size_t max, size_t *own);
#define CAPACITY_POOLS_MAX 64

// Two nodes, or two pools, may have offered to one counselor at the same moment: takes back each
// offer that does not fit with what goes before it.
void capacity_settle(struct flow *f, const char *name);
// May the counselor take what is offered? Not when it does not fit. What cannot be read does not
// stand in the way: somebody is to be answered.
typedef void (*capacity_fn)(bool fits, void *arg);
void capacity_ask(
        struct flow *f, const char *name, const char *conversation, capacity_fn fn, void *arg);
