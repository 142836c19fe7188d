// SPDX-License-Identifier: Apache-2.0
// Who needs a supervisor's eye first.
#include "core/need.h"

#include <string.h>

static int earlier(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

int need_compare(const struct need *a, const struct need *b)
{
	if (a->attention != b->attention)
		return a->attention ? -1 : 1;
	if (a->imminent != b->imminent)
		return a->imminent ? -1 : 1;
	int order = a->imminent ? earlier(a->silent_since_ms, b->silent_since_ms)
	                        : earlier(a->score, b->score);
	return order ? order : strcmp(a->id, b->id);
}
