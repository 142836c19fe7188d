// SPDX-License-Identifier: Apache-2.0
// What the spool holds: segments by their first sequence, records by their place in them.

#include "spool_index.h"

#include <stdlib.h>
#include <string.h>

static void free_segment(struct spool_segment *s)
{
	free(s->entries);
	free(s);
}

void spool_index_clear(struct spool_index *ix)
{
	for (size_t i = 0; i < ix->count; i++)
		free_segment(ix->segments[i]);
	free(ix->segments);
	*ix = (struct spool_index){0};
}

// How many segments begin at or before the sequence.
static size_t count_up_to(const struct spool_index *ix, uint64_t sequence)
{
	size_t low = 0, high = ix->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (ix->segments[middle]->first <= sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct spool_segment *spool_index_segment(struct spool_index *ix, uint64_t first)
{
	size_t at = count_up_to(ix, first);
	if (at && ix->segments[at - 1]->first == first)
		return ix->segments[at - 1];
	if (ix->count == ix->cap) {
		ix->cap = ix->cap ? ix->cap * 2 : 16;
		ix->segments = xrealloc(ix->segments, ix->cap * sizeof(struct spool_segment *));
	}
	struct spool_segment *s = xcalloc(1, sizeof(*s));
	s->first = first;
	ix->segments[ix->count++] = s;
	return s;
}

void spool_index_remove(struct spool_index *ix, const struct spool_segment *s)
{
	size_t at = count_up_to(ix, s->first);
	if (!at || ix->segments[at - 1] != s)
		return;
	ix->waiting -= s->waiting;
	free_segment(ix->segments[at - 1]);
	memmove(&ix->segments[at - 1], &ix->segments[at],
	        (ix->count - at) * sizeof(struct spool_segment *));
	ix->count--;
}

static void reserve(struct spool_segment *s, size_t count)
{
	if (count <= s->cap)
		return;
	s->cap = count > s->cap * 2 ? count : s->cap * 2;
	s->entries = xrealloc(s->entries, s->cap * sizeof(*s->entries));
}

void spool_index_add(struct spool_index *ix, struct spool_segment *s, uint64_t sequence,
        const struct spool_entry *entry)
{
	size_t at = (size_t)(sequence - s->first);
	reserve(s, at + 1);
	for (; s->count < at; s->count++)
		s->entries[s->count] = (struct spool_entry){0};
	s->entries[at] = *entry;
	s->entries[at].state = SPOOL_WAITS;
	s->count = at + 1;
	s->waiting++;
	ix->waiting++;
}

struct spool_entry *spool_index_find(
        const struct spool_index *ix, uint64_t sequence, struct spool_segment **segment)
{
	size_t at = count_up_to(ix, sequence);
	if (!at)
		return NULL;
	struct spool_segment *s = ix->segments[at - 1];
	uint64_t place = sequence - s->first;
	if (place >= s->count || s->entries[place].state != SPOOL_WAITS)
		return NULL;
	*segment = s;
	return &s->entries[place];
}

static uint64_t next_in(const struct spool_segment *s, uint64_t after)
{
	size_t at = s->oldest;
	if (after >= s->first && after - s->first >= at)
		at = after - s->first < s->count ? (size_t)(after - s->first) + 1 : s->count;
	while (at < s->count && s->entries[at].state != SPOOL_WAITS)
		at++;
	return at < s->count ? s->first + at : 0;
}

uint64_t spool_index_next(const struct spool_index *ix, uint64_t after)
{
	size_t at = count_up_to(ix, after);
	for (at = at ? at - 1 : 0; at < ix->count; at++) {
		const struct spool_segment *s = ix->segments[at];
		uint64_t sequence = s->waiting ? next_in(s, after) : 0;
		if (sequence)
			return sequence;
	}
	return 0;
}

void spool_index_settle(struct spool_index *ix, struct spool_segment *s, struct spool_entry *e,
        enum spool_entry_state state)
{
	e->state = (unsigned)state & 3;
	s->waiting--;
	ix->waiting--;
	while (s->oldest < s->count && s->entries[s->oldest].state != SPOOL_WAITS)
		s->oldest++;
}
