// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "spool_segment.h"
#include "store/disk.h"
#include "store/spool.h"

// The side of the spool that changes the disk. While the spool is open, only its lane calls this;
// before and after, only the loop.
//
// One segment is being written (after the first append), and one more is kept ready: made, named
// and synced, so that an append needs no room and no new name on the disk. A segment that failed
// once is never written or synced again: after a failed fsync the kernel may have dropped the data
// and call the next one a success.

struct spool_writer;

// One record on its way to the disk.
struct spool_pending {
	unsigned kind;
	int64_t at_ms;
	struct bytes payload; // owned
	spool_fn fn;
	void *arg;
	// What became of it:
	bool on_disk;
	uint64_t first; // of its segment
	uint64_t sequence;
	size_t offset;
};

struct spool_batch {
	struct spool_pending *items;
	size_t count, cap;
	size_t bytes;
	bool full; // the limit kept a record out
	int error; // what the disk said to a record that it did not take, 0 in peace
};

struct spool_status {
	uint64_t active; // first sequence of the segment being written, 0 for none
	uint64_t bytes;  // of all segments on disk
	bool spare;
};

// Borrows `disk`, copies `dir`.
struct spool_writer *spool_writer_new(
        const struct disk *disk, const char *dir, size_t segment_size, uint64_t limit);
void spool_writer_free(struct spool_writer *w);

// A segment of an earlier life and its bytes on disk. The oldest first.
void spool_writer_adopt(struct spool_writer *w, const struct spool_bounds *bounds, uint64_t size);
// The unused segment of an earlier life, newer than all others; false when it cannot be used.
MUST_CHECK bool spool_writer_adopt_spare(struct spool_writer *w, uint64_t first);

// Writes and syncs; says for each record where it is.
void spool_writer_commit(struct spool_writer *w, struct spool_batch *batch);
// Makes the spare segment when there is none and the limit allows it.
void spool_writer_prepare(struct spool_writer *w);
// Writes no more to the active segment; does nothing when none could follow it.
void spool_writer_retire(struct spool_writer *w);
// A closed segment is needed no more. The newest file is kept until there is a newer one: its name
// says where sequences go on.
void spool_writer_remove(struct spool_writer *w, uint64_t first);
// Keeps bytes in a file of this name, whatever it held before. 0 or an errno.
int spool_writer_put_aside(struct spool_writer *w, const char *name, struct bytes data);
void spool_writer_status(const struct spool_writer *w, struct spool_status *out);

// The path of a file in the folder; the caller frees it.
char *spool_path(const char *dir, const char *name);
char *spool_segment_path(const char *dir, uint64_t first);
