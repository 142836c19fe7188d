// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/level.h"

// Who should be offered the next conversation. Pure: it proposes, the `offer` script disposes.

// A conversation costs one unit; an imminent one costs more than anybody can have, as in
// store/lua/include/staff.lua.
#define ASSIGN_ALL_UNITS 100
unsigned assign_units(enum level l);

struct assign_counselor {
	const char *name;
	bool available;
	unsigned capacity;     // units
	unsigned load;         // units of what is held, offered and in wrap-up, in all pools
	bool draining;         // the shift is about to end
	bool guest;            // of another pool: helps out
	bool exposed;          // has just had an imminent conversation
	int64_t idle_since_ms; // when the last conversation ended, or sign-in
	int fit; // for this conversation, by skills: -1 not at all, otherwise the higher the better
};

// The conversation's own limits.
struct assign_conversation {
	const char *const *excluded; // have declined or missed it in this pass
	size_t excluded_count;
	const char *const *recused; // know the texter: never asked
	size_t recused_count;
	bool imminent;
};

// Index of the counselor to ask: room left, not excluded, the pool's own first, who fits best,
// least loaded by share of the capacity first (an imminent one goes to who has nobody at all before
// that, and then to who has not just had another), then idle longest, then by name. Whose shift is
// about to end is asked for nobody, unless it is imminent and there is nobody else. -1 when nobody
// can.
// `*exhausted` (may be NULL) is set when somebody with room is there but all such are excluded: the
// pass is over and the exclusions may be forgotten.
int assign_choose(const struct assign_conversation *conversation,
        const struct assign_counselor *counselors, size_t count, bool *exhausted);

// No more offers from `before_ms` before the end of a shift; `end_ms` 0 is no end.
bool assign_draining(int64_t end_ms, int64_t before_ms, int64_t now_ms);

// What one counselor has, in all pools.
struct assign_hold {
	const char *conversation;
	enum level level;
	bool taken; // held or in wrap-up: not merely offered
};
// Two pools, or two nodes, may have offered at the same moment: does `mine` fit into the capacity
// with what goes before it? What is taken goes first, then need, then the lower id, so that all who
// ask agree on which offer must go.
bool assign_fits(const struct assign_hold *holds, size_t count, size_t mine, unsigned capacity);
