// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

// The outcome of triage, most urgent first. There is no lower one than LOW and nothing is ever
// dropped. The numbers are kept in Redis and on the wire: never renumber. 0 is no level: it never
// stands for an outcome.
enum level {
	LEVEL_LOW = 1,
	LEVEL_MEDIUM = 2,
	LEVEL_UNKNOWN = 3,
	LEVEL_HIGH = 4,
	LEVEL_IMMINENT = 5,
};

const char *level_name(enum level l); // "imminent" …
bool level_from_name(const char *name, enum level *out);
enum level level_max(enum level a, enum level b);

// Seconds by level, as configured for a pool.
struct by_level {
	int64_t ms[6]; // indexed by enum level
};

// Queue order: imminent is a class of its own, ordered by enqueued_ms; the others
// share one order with the static score enqueued_ms − boost[level], which ages everybody alike
// without rescoring.
int64_t queue_score(enum level l, int64_t enqueued_ms, const struct by_level *boost);
// When a human must have taken it. Never later than `earlier` unless that is 0: a rise in level
// only hastens.
int64_t queue_answer_by(
        enum level l, int64_t since_ms, const struct by_level *within, int64_t earlier);
