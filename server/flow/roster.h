// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/assign.h"
#include "private.h"

// The counselors who are signed in to a pool, from the answer of store_signed_in(): what they have
// in that pool, and nothing about skills (fit is 0). Guests are available while they help out.
#define ROSTER_MAX 512
// Returns how many; their names are owned by the list.
size_t roster_read(const struct pool *p, const struct redis_reply *reply,
        struct assign_counselor out[static ROSTER_MAX]);
void roster_free(struct assign_counselor *list, size_t count);
// Of one record: the units that they have.
unsigned roster_load(struct bytes json);
// Cuts up a comma-separated list of names. Returns how many.
size_t roster_names(char *csv, const char **out, size_t max);
