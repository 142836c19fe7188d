// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "spool_index.h"
#include "spool_writer.h"
#include "store/spool.h"

// The spool's own parts, for its files.

struct spool {
	struct loop *loop;
	struct loop_lane *lane;
	const struct disk *disk;
	char *dir;
	size_t segment_size;
	uint64_t limit;
	struct spool_events events;
	int lock;

	struct spool_writer *writer; // the lane's
	struct spool_status status;  // the writer's, after its last job
	struct spool_index index;

	struct spool_batch waiting; // appended, not yet given to the lane
	size_t pending_bytes;       // waiting or on the lane
	bool committing;

	bool full; // the limit kept out a part of the last batch
	bool broken;
	const char *error;
	int64_t retry_at;   // mono ms; while broken, nothing is tried before
	int64_t prepare_at; // mono ms; no spare is tried before
	bool preparing;
	uint64_t retire_timer;
	uint64_t heal_timer;
	uint64_t damaged;

	uint64_t reading; // first sequence of the segment that is open to read, 0 for none
	int reading_fd;
	struct buf record; // the last that was read
};

// Fills the index and the writer from what the folder holds. False with a line in `error`.
MUST_CHECK bool spool_load(struct spool *s, struct buf *error);
// Counts, logs and tells that records of a segment could not be read.
void spool_tell_damage(struct spool *s, uint64_t first, uint64_t records);
// The name for bytes of a segment that are put aside.
enum { SPOOL_ASIDE_NAME = 64 };
void spool_aside_name(
        uint64_t first, size_t offset, const char *suffix, char out[static SPOOL_ASIDE_NAME]);
