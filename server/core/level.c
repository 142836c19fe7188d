// SPDX-License-Identifier: Apache-2.0
// Levels, and the order of the queue by them.
#include "core/level.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {
        [LEVEL_LOW] = "low",
        [LEVEL_MEDIUM] = "medium",
        [LEVEL_UNKNOWN] = "unknown",
        [LEVEL_HIGH] = "high",
        [LEVEL_IMMINENT] = "imminent",
};

const char *level_name(enum level l)
{
	return l >= LEVEL_LOW && l <= LEVEL_IMMINENT ? names[l] : "none";
}

bool level_from_name(const char *name, enum level *out)
{
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++) {
		if (strcmp(names[l], name) != 0)
			continue;
		*out = (enum level)l;
		return true;
	}
	return false;
}

enum level level_max(enum level a, enum level b)
{
	return a > b ? a : b;
}

int64_t queue_score(enum level l, int64_t enqueued_ms, const struct by_level *boost)
{
	return l == LEVEL_IMMINENT ? enqueued_ms : enqueued_ms - boost->ms[l];
}

int64_t queue_answer_by(
        enum level l, int64_t since_ms, const struct by_level *within, int64_t earlier)
{
	int64_t by = since_ms + within->ms[l];
	return earlier != 0 && earlier < by ? earlier : by;
}
