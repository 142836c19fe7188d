// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// When the counselors of other pools help out in one. Pure. It opens at one mark and closes at a
// lower one, so that it does not open and close with each conversation.

enum overflow_why {
	OVERFLOW_NO,
	OVERFLOW_OLDEST, // somebody has waited for too long
	OVERFLOW_DEPTH,  // too many wait
	OVERFLOW_OFFLINE,
};

struct overflow_policy {
	int64_t oldest_ms; // opens when the oldest has waited for so long; 0: never for that
	int64_t oldest_until_ms;
	size_t depth; // or when so many wait; 0: never for that
	size_t depth_until;
};

struct overflow_now {
	bool offline; // the pool was taken offline: whoever helps is needed at once
	size_t waiting;
	int64_t oldest_ms; // 0 when nobody waits
};

// `was` is how it stands. It stays open, for the reason that it was opened for, until nobody has
// waited for longer than oldest_until_ms and no more than depth_until wait.
enum overflow_why overflow_decide(
        const struct overflow_policy *p, enum overflow_why was, const struct overflow_now *now);
const char *overflow_why_name(enum overflow_why why);       // "", "oldest", "depth", "offline"
enum overflow_why overflow_why_from_name(const char *name); // what it does not know is OVERFLOW_NO
