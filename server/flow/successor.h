// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// Whom a conversation that is passed on for a skill goes to.

// Does anybody of this pool's staff have it, here or not?
bool successor_exists(const struct flow *f, const struct pool *p, const char *skill);
// The best of those who are here, have the skill and room in all their pools, and were not asked
// before; "" when there is nobody. It is asked of the conversation as it is when this is called.
typedef void (*successor_fn)(const char *name, void *arg);
void successor_find(
        struct pool *p, const char *conversation, const char *skill, successor_fn fn, void *arg);
