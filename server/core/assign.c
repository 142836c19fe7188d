// SPDX-License-Identifier: Apache-2.0
// Choosing the counselor for a conversation.
#include "core/assign.h"

#include <string.h>

unsigned assign_units(enum level l)
{
	return l == LEVEL_IMMINENT ? ASSIGN_ALL_UNITS : 1;
}

static bool named(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool eligible(
        const struct assign_conversation *conversation, const struct assign_counselor *c)
{
	return c->available && c->fit >= 0 && c->load < c->capacity &&
	       (!c->draining || conversation->imminent) &&
	       !named(conversation->recused, conversation->recused_count, c->name);
}

// Load before idleness: two people at once is harder on a counselor than having just finished one.
static bool better(const struct assign_conversation *c, const struct assign_counselor *a,
        const struct assign_counselor *b)
{
	if (a->draining != b->draining)
		return b->draining;
	if (a->guest != b->guest)
		return b->guest;
	if (a->fit != b->fit)
		return a->fit > b->fit;
	if (c->imminent && (a->load == 0) != (b->load == 0))
		return a->load == 0;
	unsigned share_a = a->load * b->capacity, share_b = b->load * a->capacity;
	if (share_a != share_b)
		return share_a < share_b;
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
		if (!eligible(conversation, c))
			continue;
		room = true;
		if (!named(conversation->excluded, conversation->excluded_count, c->name) &&
		        (best < 0 || better(conversation, c, &counselors[best])))
			best = (int)i;
	}
	if (exhausted)
		*exhausted = room && best < 0;
	return best;
}

bool assign_draining(int64_t end_ms, int64_t before_ms, int64_t now_ms)
{
	return end_ms > 0 && now_ms >= end_ms - before_ms;
}

static bool goes_before(const struct assign_hold *a, const struct assign_hold *b)
{
	if (a->taken != b->taken)
		return a->taken;
	if (a->level != b->level)
		return a->level > b->level;
	return strcmp(a->conversation, b->conversation) < 0;
}

bool assign_fits(const struct assign_hold *holds, size_t count, size_t mine, unsigned capacity)
{
	unsigned before = 0;
	for (size_t i = 0; i < count; i++)
		if (i != mine && goes_before(&holds[i], &holds[mine]))
			before += assign_units(holds[i].level);
	return before < capacity;
}
