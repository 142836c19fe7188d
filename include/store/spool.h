// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "net/loop.h"
#include "store/disk.h"

// The local spool: where a record is safe when Redis cannot answer. Append-only, preallocated
// segments of 4 MiB (an eighth of a limit below 32 MiB) of records, each with length, CRC32C and
// sequence; one writer on a thread of its own, group commit (one fdatasync for all that wait). A
// failed write or sync poisons its segment for ever: what was acknowledged stays in it, nothing
// more is appended, and what waited is tried once more in a new segment. One spare segment is
// always kept ready, so a disk that fills up still takes a segment of records. Payloads are opaque
// here and sealed by the caller.

struct spool;

struct spool_record {
	uint64_t sequence; // grows for ever, over restarts too
	int64_t at_ms;     // wall clock, when it was appended
	unsigned kind;     // the caller's, 1 to 255
	struct bytes payload;
};
#define SPOOL_PAYLOAD_MAX (256 * 1024)

// What the spool holds, for alarms and status.
struct spool_state {
	uint64_t records; // appended and not yet done
	uint64_t bytes;   // on disk, of the limit
	uint64_t limit;
	int64_t oldest_ms; // at_ms of the oldest record, 0 when there is none
	uint64_t damaged;  // records in the middle of a segment that could not be read, since the
	                   // start
	bool broken;       // the last append could not be written
	const char *error; // what the disk said last, "" in peace
};

struct spool_events {
	// A part of this file could not be read; what there is of it was put aside as
	// FILE-….damaged in the same folder: people must look at it. `records` may be 0 when
	// nothing that was acknowledged is missing. May be called by spool_open() already, and by
	// spool_next().
	void (*damaged)(const char *file, uint64_t records, void *arg);
	void *arg;
};

// Reads what an earlier life left in `dir` (torn tails are skipped, bad middles put aside), which
// is made when it is absent, but not its parents. Blocks. NULL leaves one line in `error`: the
// folder cannot be used, another process has it, or a newer version wrote it.
struct spool *spool_open(struct loop *l, const struct disk *disk, const char *dir, uint64_t limit,
        const struct spool_events *events, struct buf *error);
// Waits for appends under way and calls their callbacks; what is in the spool stays. Not from a
// callback of the spool.
void spool_close(struct spool *s);

// Called once, later: true when the record is on disk, false when it is not known to be (a restart
// may find it all the same).
typedef void (*spool_fn)(bool on_disk, void *arg);
// The payload is copied. False from the callback when the spool is full (`limit`), when the disk
// fails or failed within the last second, or when 8 MiB wait for the disk already.
void spool_append(struct spool *s, unsigned kind, int64_t at_ms, struct bytes payload, spool_fn fn,
        void *arg);

// The oldest record with a sequence above `after` that is on disk; false when there is none. Valid
// until the next call of the spool. Reads on the loop, mostly from the page cache. What is found
// damaged now is put aside, told and skipped.
bool spool_next(struct spool *s, uint64_t after, struct spool_record *out);
// The record has found its place elsewhere. A segment whose records are all done is removed, the
// one being written a second later; until then a restart hands them out again: what takes them must
// know duplicates.
void spool_done(struct spool *s, uint64_t sequence);
// A record that its reader refuses is done, but kept beside the spool in a file of its own
// (SEGMENT-….refused), never thrown away.
void spool_put_aside(struct spool *s, uint64_t sequence);
void spool_state(const struct spool *s, struct spool_state *out);
