// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

// The form of what the spool keeps, before it is sealed: a version byte, then numbers of eight
// bytes and runs of bytes with their length in four, little-endian, in the order in which their
// writer knows them.

void record_begin(struct buf *out, uint8_t version);
void record_put_int(struct buf *out, int64_t value);
void record_put_bytes(struct buf *out, struct bytes value);

struct record_reader {
	struct bytes rest;
	bool bad; // once something was amiss, everything else reads as 0 and empty
};
// `bad` when it is of another version.
struct record_reader record_read(struct bytes record, uint8_t version);
int64_t record_int(struct record_reader *r);
struct bytes record_bytes(struct record_reader *r); // borrowed from the record
// Everything was there and nothing is left.
MUST_CHECK bool record_end(const struct record_reader *r);
