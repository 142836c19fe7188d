// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// What was deleted stays in Redis' append-only files until they are rewritten. The embedded Redis
// is told to: at once after the first deletion of a process's life, from then on once a day when
// something was deleted. Any other Redis is its operators' (deploy/OPERATIONS.md).

struct rewrite;
struct rewrite *rewrite_new(const struct flow *f);
void rewrite_free(struct rewrite *r); // after the link to Redis

// Something was deleted.
void rewrite_want(struct flow *f);
// From time to time.
void rewrite_look(struct flow *f);
