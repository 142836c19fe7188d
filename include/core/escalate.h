// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/level.h"

// What an escalation does next. Pure: the state is in Redis, the caller
// resolves people.

enum escalation_state {
	ESCALATION_TRIGGERED = 1,
	ESCALATION_ACKNOWLEDGED = 2,
	ESCALATION_RESOLVED = 3, // a human took the conversation
};

struct escalation_policy {
	size_t levels;           // ≥ 1
	const int64_t *delay_ms; // per level, before the next
	const bool *reachable;   // per level: somebody there can be paged now
	bool catch_all_reachable;
	uint32_t repeats; // extra passes when not without_end
	int64_t acknowledge_ms;
};

struct escalation {
	enum escalation_state state;
	size_t step;   // the level to page next; == levels means the catch-all, levels + 1 that it
	               // was paged
	uint32_t pass; // complete passes so far
};

struct escalation_decision {
	bool page;             // page `level` now
	size_t level;          // == policy.levels means the catch-all
	bool nobody_reachable; // not even the catch-all: raise the operator's alarm
	struct escalation next;
	int64_t next_at_ms; // when to decide again; never 0: no policy ends silently
};

// Life-safety levels repeat without end.
bool escalation_without_end(enum level l);
// The decision at now_ms for a triggered escalation. Empty levels are skipped at once, and so is a
// catch-all where nobody can be paged. Each pass ends with the catch-all; then, after the longest
// delay, comes the next pass, or, when the last one is over, the catch-all alone, for ever. A
// policy whose levels are all empty goes to the catch-all in the same call.
struct escalation_decision escalate_step(const struct escalation *e,
        const struct escalation_policy *p, bool without_end, int64_t now_ms);
// An acknowledgement whose deadline passed with the conversation still unanswered: triggered again,
// from the level that was paged last.
struct escalation escalate_again(const struct escalation *e);

// A reply of an on-call person: "ACK 12", "ack #12", "ok", "OK." … *number is 0 when none was
// given.
bool escalation_is_ack(const char *text, size_t len, uint64_t *number);
