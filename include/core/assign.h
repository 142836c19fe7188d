// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Who should be offered the next conversation. Pure: it proposes, the `offer` script disposes.

struct assign_counselor {
	const char *name;
	bool available;
	unsigned capacity;     // units
	unsigned load;         // units of what is held, offered and in wrap-up
	bool draining;         // the shift is about to end
	bool exposed;          // has just had an imminent conversation
	int64_t idle_since_ms; // when the last conversation ended, or sign-in
};

// The conversation's own limits: names that have declined or missed it in this pass.
struct assign_conversation {
	const char *const *excluded;
	size_t excluded_count;
	bool imminent;
};

// Index of the counselor to ask: room left, not excluded, least loaded first, for an imminent one
// then who has not just had another, then idle longest, then by name. Whose shift is about to end
// is asked for nobody, unless it is imminent and there is nobody else. -1 when nobody can.
// `*exhausted` (may be NULL) is set when somebody with room is there but all such are excluded: the
// pass is over and the exclusions may be forgotten.
int assign_choose(const struct assign_conversation *conversation,
        const struct assign_counselor *counselors, size_t count, bool *exhausted);
