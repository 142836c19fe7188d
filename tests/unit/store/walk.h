// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "checking.h"

// A random walk's own book, and its dice.

#define OPEN_MAX    40
#define REPLIES     64
#define STALE_EVERY 8 // how often a claim is made up

// What the walk believes of one conversation, from the answers alone.
struct one {
	char id[24];
	char texter[8];
	char name[8];
	uint64_t epoch;
	int state;
	uint64_t page;
	uint64_t generation;
	char to[8];          // who is asked to take it on
	bool skilled;        // for a skill: the next one is asked, or it waits again
	uint64_t taken_from; // the epoch in which it last was taken over or transferred
};

// What was seen of a reply.
struct reply {
	char id[24];
	char conversation[24];
	int64_t rank; // how far its delivery had come
};

struct walk {
	struct world *w;
	uint64_t seed;
	struct one at[OPEN_MAX];
	size_t count;
	unsigned made; // conversations, messages and entries, for their ids
	int session[STAFF_COUNT];
	char last_provider_id[32];
	struct reply replies[REPLIES]; // the latest
	size_t replied;
	unsigned answers[STORE_SHORT + 1];
};

// SplitMix64.
static inline uint64_t next_random(struct walk *k)
{
	uint64_t z = k->seed += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline size_t below(struct walk *k, size_t n)
{
	return (size_t)(next_random(k) % n);
}

static inline bool one_in(struct walk *k, size_t n)
{
	return below(k, n) == 0;
}

// Every answer is one that the scripts document, and never a script's own error.
static inline enum store_code result(struct walk *k)
{
	enum store_code code = answered(k->w);
	assert_true(code != STORE_UNAVAILABLE);
	k->answers[code]++;
	return code;
}

static inline struct one *any(struct walk *k)
{
	return k->count ? &k->at[below(k, k->count)] : NULL;
}

// Mostly the claim that would be right, and now and then somebody else's or an old one.
static inline struct store_claim claim(struct walk *k, const struct one *c)
{
	struct store_claim out = {POOL, c->id, c->name, c->epoch};
	if (one_in(k, STALE_EVERY))
		out.name = staff[below(k, STAFF_COUNT)];
	if (out.epoch > 0 && one_in(k, STALE_EVERY))
		out.epoch--;
	return out;
}

static inline bool rightful(const struct one *c, const struct store_claim *claim)
{
	return c->epoch == claim->epoch && strcmp(c->name, claim->name) == 0;
}

static inline struct one *of_texter(struct walk *k, const char *texter)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->at[i].state <= 3 && strcmp(k->at[i].texter, texter) == 0)
			return &k->at[i];
	return NULL;
}
