// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

// The order in which a supervisor looks at conversations: first those with a matter that is theirs
// to see to, then imminent ones, of them whom nobody has said anything to for longest; the rest as
// in the queue.
struct need {
	bool attention;
	bool imminent;
	int64_t silent_since_ms; // the latest human word to the texter, or when they came
	int64_t score;           // of the queue
	const char *id;          // makes the order total
};

// As qsort() wants it: below 0 when `a` comes first.
int need_compare(const struct need *a, const struct need *b);
