// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/buf.h"

// The bytes of a segment file; this is the only place that says what they mean. Integers are
// little-endian.
//
// Name     16 hex digits, the first sequence, then ".seg". A segment owns SPOOL_SEQUENCES of them,
//          so the next one's name is known before anything is written, and sequences go on growing
//          over restarts as long as the newest file is there.
// Header   "HFSPOOL\n", version (4), CRC-32C of the rest of the header (4), first sequence (8); so
// in
//          every version.
// Record   "HFR1", CRC-32C of all that follows in the record (4), length of the payload (4), `back`
//          (4), sequence (8), at_ms (8), kind (4), payload. Sequences follow one another without a
//          hole.
// End      The zeros that were set aside when the file was made, or the end of the file.
//
// `back` is how many records of the same batch stand before this one. A batch is written once the
// one before is synced, so whoever finds a record knows that everything before its batch was
// acknowledged: what is missing there is damage, what is missing behind is a torn tail.
//
// The first record of a segment is of kind SPOOL_KIND_OPENING, written with its first batch. It
// lists what is known of the older segments, three numbers of 8 bytes each: first sequence, `floor`
// (all before it was acknowledged), `end` (nothing from it on was, and what was appended there in
// vain is written again elsewhere). So a bad end of an older segment is known from a torn one, and
// what a failed write left behind is not handed out. The two differ for a segment that an earlier
// life left: its last batch can be read, but whether it is on the disk or in the page cache only,
// nobody knows.
enum {
	SPOOL_VERSION = 1,
	SPOOL_HEADER = 24,
	SPOOL_RECORD = 36, // before the payload
	SPOOL_KIND_OPENING = 0,
	SPOOL_SEQUENCES = 1 << 20, // more than fit in a segment
	SPOOL_NAME = 24,           // of a file, with its NUL
};

struct spool_item {
	uint64_t sequence;
	int64_t at_ms;
	uint32_t kind;
	uint32_t back;
	size_t offset; // of the record in its file
	struct bytes payload;
};

void spool_segment_name(uint64_t first, char out[static SPOOL_NAME]);
// False for another file's name. A first sequence is never 0.
MUST_CHECK bool spool_segment_parse_name(const char *name, uint64_t *first);

void spool_segment_header(uint64_t first, struct buf *out);
enum spool_header {
	SPOOL_HEADER_GOOD,
	SPOOL_HEADER_BAD,
	SPOOL_HEADER_NEWER, // of a version that we cannot read
};
enum spool_header spool_segment_check_header(struct bytes file, uint64_t first);

// Appends one record; `offset` of the item is not looked at.
void spool_segment_encode(const struct spool_item *item, struct buf *out);
// The record that starts at `offset`; false when there is no whole and sound one.
MUST_CHECK bool spool_segment_decode(struct bytes file, size_t offset, struct spool_item *out);
// The next sound record at or behind `offset` with a sequence from `least` to below `end`; false
// when there is none.
MUST_CHECK bool spool_segment_find(
        struct bytes file, size_t offset, uint64_t least, uint64_t end, struct spool_item *out);
static inline size_t spool_item_end(const struct spool_item *item)
{
	return item->offset + SPOOL_RECORD + item->payload.len;
}

// One line of an opening record.
struct spool_bounds {
	uint64_t first;
	uint64_t floor;
	uint64_t end;
};
enum { SPOOL_BOUNDS = 24 };
#define SPOOL_END_UNKNOWN UINT64_MAX // never in a file
void spool_opening_add(struct buf *payload, const struct spool_bounds *bounds);
// The first line about the segment `first`; false when there is none.
MUST_CHECK bool spool_opening_find(struct bytes payload, uint64_t first, struct spool_bounds *out);
