// SPDX-License-Identifier: Apache-2.0
// Choosing the counselor for a conversation.
#include "core/assign.h"

#include <string.h>

static bool excluded(const struct assign_conversation *c, const char *name)
{
	for (size_t i = 0; i < c->excluded_count; i++)
		if (strcmp(c->excluded[i], name) == 0)
			return true;
	return false;
}

// Load before idleness: two people at once is harder on a counselor than having just finished one.
static bool better(const struct assign_conversation *c, const struct assign_counselor *a,
        const struct assign_counselor *b)
{
	if (a->draining != b->draining)
		return b->draining;
	if (a->load != b->load)
		return a->load < b->load;
	if (c->imminent && a->exposed != b->exposed)
		return b->exposed;
	if (a->idle_since_ms != b->idle_since_ms)
		return a->idle_since_ms < b->idle_since_ms;
	return strcmp(a->name, b->name) < 0;
}

int assign_choose(const struct assign_conversation *conversation,
        const struct assign_counselor *counselors, size_t count, bool *exhausted)
{
	int best = -1;
	bool room = false;
	for (size_t i = 0; i < count; i++) {
		const struct assign_counselor *c = &counselors[i];
		if (!c->available || c->load >= c->capacity ||
		        (c->draining && !conversation->imminent))
			continue;
		room = true;
		if (!excluded(conversation, c->name) &&
		        (best < 0 || better(conversation, c, &counselors[best])))
			best = (int)i;
	}
	if (exhausted)
		*exhausted = room && best < 0;
	return best;
}
