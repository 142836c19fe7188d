// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/errors.h"

// What became of every text that this node was given since its start: each has one outcome, and the
// sums must be right. What is counted is held against what is really there (posts that wait,
// records in the spool), so that a text that vanished between the two is noticed.
//
//   received = all outcomes + under way
//   found in the spool at the start + put into it = replayed + put aside + damaged + still there

enum outcome {
	OUTCOME_STORED,
	OUTCOME_DUPLICATE,
	OUTCOME_ACKNOWLEDGEMENT, // an on-call person's answer to a page
	OUTCOME_DELETION, // a texter's word that asks for deletion, with no conversation open
	OUTCOME_RATING,   // a texter's answer to how it was
	OUTCOME_QUARANTINED,
	OUTCOME_SPOOLED,
	OUTCOME_TOO_LARGE,
	OUTCOME_QUARANTINE_FULL,
	OUTCOME_UNAVAILABLE, // kept nowhere, as far as we know: whoever has it must repeat it
	OUTCOME_COUNT
};
const char *outcome_name(enum outcome o);
// What the gateway is told.
enum err outcome_err(enum outcome o);

struct ledger;
struct ledger *ledger_new(void);
void ledger_free(struct ledger *l);

// An authentic, complete post of a text is there.
void ledger_received(struct ledger *l);
// And has come to its end. Counts holdfast_inbound_total too.
void ledger_outcome(struct ledger *l, enum outcome o);

void ledger_found(struct ledger *l, uint64_t records); // in the spool, at the start
void ledger_put(struct ledger *l);                     // one more is on its disk
void ledger_replayed(struct ledger *l, enum outcome o);
void ledger_put_aside(struct ledger *l);
// Texts stored so far, live and replayed.
uint64_t ledger_stored(const struct ledger *l);

// What is really there.
struct ledger_facts {
	uint64_t under_way; // posts without an answer
	uint64_t spooled;   // records in the spool
	uint64_t damaged;   // records of it that could not be read since it was opened
};
// Call it from time to time, between two callbacks of the loop. True when the sums were wrong twice
// in a row.
bool ledger_look(struct ledger *l, const struct ledger_facts *facts);
// Both equations with their numbers, for people.
void ledger_render(const struct ledger *l, const struct ledger_facts *facts, struct buf *out);
