// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

// What must be true, kept apart from the product's own bookkeeping: promises 1 to 8 of the design.
// The world tells what it saw; the oracle looks at Redis' keyspace itself. A violation ends the
// run.

struct world;
struct oracle;
struct oracle *oracle_new(struct world *w);
void oracle_free(struct oracle *o);

// Something is not as it must be: tells the seed, the step and what, and ends with 1.
_Noreturn void oracle_violation(struct oracle *o, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

// ---- what the world saw

// Text `number` (1, 2, 3 …) leaves a phone; it travels as the provider's time of the text.
// `texter` from TEXTERS_MAX on is a person on call, whose text may be an acknowledgement.
void oracle_text(
        struct oracle *o, uint64_t number, size_t texter, size_t gateway, const char *words);
void oracle_acknowledged(struct oracle *o, uint64_t number, size_t node); // 2xx

enum ask_kind {
	ASK_ACCEPT,
	ASK_DECLINE,
	ASK_REPLY,
	ASK_CLOSE,
	ASK_FINISH,
	ASK_TRANSFER,
	ASK_ANSWER, // to a close
	ASK_KINDS
};
// A counselor's console sends a request with this claim. `client` of a reply, otherwise "".
void oracle_asked(struct oracle *o, enum ask_kind kind, const char *name, const char *conversation,
        uint64_t epoch, const char *client);
// A console shows that its counselor holds the conversation.
void oracle_told_held(struct oracle *o, const char *name, const char *conversation, uint64_t epoch);
// A console shows a text (of a history, or pushed): the same number and words everywhere.
void oracle_shown(struct oracle *o, const char *conversation, const char *message,
        uint64_t sequence, uint64_t text, const char *words);
void oracle_queued(struct oracle *o, const char *conversation,
        const char *message); // a reply was called queued
void oracle_delivery_shown(struct oracle *o, const char *message, int delivery);
// A provider took a text of ours; `again` when it had it before and sends it a second time.
void oracle_taken(struct oracle *o, const char *message, const char *to, bool again);

// How many messages a conversation has.
uint64_t oracle_messages(struct oracle *o, const char *conversation);

// ---- looks

void oracle_step(struct oracle *o);     // after each event: what changed
void oracle_all(struct oracle *o);      // everything
void oracle_failover(struct oracle *o); // Redis may have lost what no copy had
// NULL when everything has drained, or what has not yet. Words that live until the next call.
const char *oracle_drained(struct oracle *o);
void oracle_print_counts(const struct oracle *o);
