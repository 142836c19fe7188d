// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

// What the spool holds, without payloads: 16 bytes a record, so that a full spool stays cheap.
// Pure.

enum spool_entry_state {
	SPOOL_HOLE, // no record: a sequence that was never used, or whose record is damaged
	SPOOL_WAITS,
	SPOOL_DONE,
};

struct spool_entry {
	int64_t at_ms;
	uint32_t offset;      // of the record in its segment
	uint32_t length : 30; // of the payload
	uint32_t state : 2;
};

struct spool_segment {
	uint64_t first;
	struct spool_entry *entries; // by sequence - first
	size_t count, cap;
	size_t waiting; // entries that wait
	size_t oldest;  // none before it waits
	size_t asides;  // parts of it that are being put aside
	bool closed;    // nothing is added any more
	bool keep;      // its file holds something that could be kept nowhere else
};

struct spool_index {
	struct spool_segment **segments; // by rising first
	size_t count, cap;
	uint64_t waiting;
};

void spool_index_clear(struct spool_index *ix);
// The segment, added when it is new: newer than all others then.
struct spool_segment *spool_index_segment(struct spool_index *ix, uint64_t first);
void spool_index_remove(struct spool_index *ix, const struct spool_segment *s);
// A record that waits, with a higher sequence than all others of its segment.
void spool_index_add(struct spool_index *ix, struct spool_segment *s, uint64_t sequence,
        const struct spool_entry *entry);
// The record that waits under this sequence, and its segment; NULL when there is none.
struct spool_entry *spool_index_find(
        const struct spool_index *ix, uint64_t sequence, struct spool_segment **segment);
// The first that waits with a sequence above `after`; 0 when there is none.
uint64_t spool_index_next(const struct spool_index *ix, uint64_t after);
// Ends the waiting of a record that spool_index_find() gave.
void spool_index_settle(struct spool_index *ix, struct spool_segment *s, struct spool_entry *e,
        enum spool_entry_state state);
