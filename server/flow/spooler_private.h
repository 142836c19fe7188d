// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "spooler.h"

// Shared by spooler.c, which works, and spooler_look.c, which watches.

#define WINDOW       64  // records on their way into Redis
#define SCAN_SLICE   256 // records opened in one go
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 5000
// A record that fails for so long, and has failed so often after others were stored, would never
// be. It must not stand in the others' way. Once is not enough: when Redis has refused everybody
// for long and takes texts again, others may be first.
#define HOPELESS_MS     (10 * 60 * 1000)
#define HOPELESS_PASSED 2

struct failing {
	int64_t at_ms;   // monotonic; 0 when nothing has failed
	uint64_t stored; // texts, by the latest failure
	unsigned passed; // failures since others had been stored
};

// A record that was read, until it has its place.
struct hand {
	uint64_t sequence;
	unsigned kind;
	uint64_t whose;
	struct buf plain;
	bool running; // Redis has it, and has not answered
	bool failed;
	struct failing since; // since it, or the one before it of the same person, failed first
};

struct spooler {
	struct flow *flow;
	const struct disk *disk;
	char *dir;
	struct spool *spool; // NULL while it cannot be opened
	struct buf error;    // why it cannot
	bool ending;

	struct idmap *holders; // whose -> how many records are there or on their way
	uint64_t found;        // at the start
	uint64_t scanned;      // of them
	uint64_t scanned_to;   // sequence
	uint64_t damaged_before;
	bool scanning;
	uint64_t scan_timer;

	struct hand hand[WINDOW]; // in order
	size_t hand_count;
	uint64_t given_up; // whose the latest record was that was hopeless
	struct failing given_up_since;
	uint64_t drawn_to; // sequence
	uint64_t run_timer;
	uint64_t pause_timer;
	int64_t pause_ms; // the next one's length

	bool refusing;    // the latest append failed, or took too long
	bool aside;       // there are files that were put aside, or should be
	int64_t aside_ms; // when there was one more; monotonic
	unsigned looks;
};

void spooler_open(struct spooler *sp);
void spooler_run_soon(struct spooler *sp);
// Records that the spool could not read since it was opened.
uint64_t spooler_damaged(const struct spooler *sp);
// Looks whether there are still files that were put aside; and: there is one more.
void spooler_see_aside(struct spooler *sp);
void spooler_note_aside(struct spooler *sp);
