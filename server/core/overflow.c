// SPDX-License-Identifier: Apache-2.0
// Opening and closing a pool to the counselors of others.
#include "core/overflow.h"

#include <string.h>

static const char *const names[] = {
        [OVERFLOW_NO] = "",
        [OVERFLOW_OLDEST] = "oldest",
        [OVERFLOW_DEPTH] = "depth",
        [OVERFLOW_OFFLINE] = "offline",
};

static bool stays(const struct overflow_policy *p, const struct overflow_now *now)
{
	bool too_long = p->oldest_ms > 0 && now->oldest_ms > p->oldest_until_ms;
	bool too_many = p->depth > 0 && now->waiting > p->depth_until;
	return now->waiting > 0 && (too_long || too_many);
}

enum overflow_why overflow_decide(
        const struct overflow_policy *p, enum overflow_why was, const struct overflow_now *now)
{
	if (now->offline)
		return OVERFLOW_OFFLINE;
	if (p->oldest_ms > 0 && now->oldest_ms >= p->oldest_ms)
		return was == OVERFLOW_DEPTH ? was : OVERFLOW_OLDEST;
	if (p->depth > 0 && now->waiting >= p->depth)
		return was == OVERFLOW_OLDEST ? was : OVERFLOW_DEPTH;
	if (was == OVERFLOW_NO || !stays(p, now))
		return OVERFLOW_NO;
	return was == OVERFLOW_OFFLINE ? OVERFLOW_OLDEST : was;
}

const char *overflow_why_name(enum overflow_why why)
{
	return names[why];
}

enum overflow_why overflow_why_from_name(const char *name)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i], name) == 0)
			return (enum overflow_why)i;
	return OVERFLOW_NO;
}
