// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

// Remembers over a crash of this process which request it was in: a request that has crashed it
// twice is not parsed a third time. A small file, mapped: what is written to it outlives the
// process (not the machine, and a power cut is no fault of a parser). Handling is synchronous, so
// one slot is enough. Whatever the file holds is a hint and never trusted: a wrong one costs a
// look by a human.

#define CRASH_GUARD_PRINT 32 // bytes of a request's fingerprint: its SHA-256
#define CRASH_GUARD_MOST  2  // as many crashes, and the request is not parsed again

enum crash_stage {
	CRASH_NONE,
	CRASH_VERIFY, // nobody knew yet who had sent it
	CRASH_PARSE,  // it was authentic
};

struct crash_guard;
// Opens or makes `path`, and counts the crash that an earlier life ended with. NULL leaves one line
// in `error`: another process has it, or the disk refuses. A NULL guard may be used: it knows
// nothing.
struct crash_guard *crash_guard_open(const char *path, struct buf *error);
void crash_guard_close(struct crash_guard *g);

// How often a request with this fingerprint has crashed the process; *stage is where, the last
// time.
unsigned crash_guard_count(const struct crash_guard *g,
        const uint8_t print[static CRASH_GUARD_PRINT], enum crash_stage *stage);
// From here on it is this request that a crash counts against.
void crash_guard_enter(struct crash_guard *g, const uint8_t print[static CRASH_GUARD_PRINT]);
void crash_guard_stage(struct crash_guard *g, enum crash_stage stage);
// Handled, and still alive: a crash that counted against it was somebody else's, unless it had
// MOST of them and was not parsed.
void crash_guard_leave(struct crash_guard *g);
