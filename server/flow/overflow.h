// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// Pools that help each other out. A conversation never leaves its pool: the counselors of the pools
// in `overflow.to` are signed in to it as guests, and are asked while it is open and nobody of its
// own with room can take it. What a guest holds they keep when it closes.

// Of a pool that is open, or NULL.
const char *overflow_open(const struct pool *p);
// Do the counselors of one of these pools help out in p?
bool overflow_helps(const struct pool *p, char *const *pools, size_t count);
// Reads how it is.
void overflow_look(struct pool *p);
// Decides anew for all pools.
void overflow_round(struct flow *f);
