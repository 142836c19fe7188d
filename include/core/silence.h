// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/level.h"

// A held conversation in which one side is silent. Pure: the state is in Redis, the caller tells
// whom the decision names. A length of 0 is never.

struct silence_policy {
	// The counselor's, while the texter waits for a reply.
	int64_t nudge_ms;      // they are reminded
	int64_t supervisor_ms; // supervisors are told
	int64_t reroute_ms;    // somebody else is asked
	// The texter's, after a reply; again each time that much has passed.
	struct by_level texter;
	int64_t close_ms; // medium and low end by themselves after it; nothing else ever does
};

struct silence {
	enum level level;
	int64_t unanswered_ms; // since when the texter waits for a reply; 0: they do not
	int64_t replied_ms;    // the latest reply, or since when it is held
	int64_t asked_ms;      // a close waits for a supervisor since then; 0: none does
	bool flagged;          // a flag is open
	bool needs_second;     // may only be closed by two people
	unsigned told;         // how often this silence has been told of
};

enum silence_act {
	SILENCE_NONE,
	SILENCE_NUDGE,             // remind the counselor that the texter waits
	SILENCE_SUPERVISOR,        // tell supervisors, and the counselor again
	SILENCE_REROUTE,           // take it from the counselor: back into the queue
	SILENCE_TEXTER,            // the counselor is to check in, or to close
	SILENCE_TEXTER_SUPERVISOR, // likewise, and a supervisor must sign before it is closed
	SILENCE_CLOSE,
	SILENCE_CLOSE_ASKED, // supervisors are told again that a close waits for them
	SILENCE_ACTS,
};
const char *silence_act_name(enum silence_act a);

struct silence_decision {
	enum silence_act act;
	unsigned told;
	int64_t since_ms;   // of the silence
	int64_t next_at_ms; // when to look again; always later than now, never 0
};

// However long everything takes, a held conversation is looked at again after this.
#define SILENCE_LOOK_MS (3600 * 1000)

struct silence_decision silence_decide(
        const struct silence_policy *p, const struct silence *s, int64_t now_ms);
