// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// A text from an on-call person's phone: "ACK 12", or "ok" where one page is open. Anything else,
// and any "ok" when nothing is open, is a person's text like everybody's.

enum ack_outcome {
	ACK_NOT_ONE, // take it in as a text
	ACK_TAKEN,   // done, or done before
	ACK_FAILED,  // Redis gave no outcome: the gateway must repeat it
};
typedef void (*ack_fn)(enum ack_outcome outcome, void *arg);

struct staff_member;
// `fn` may be called at once. `provider_id` is the hash that makes a repeated post one.
void ack_take(struct pool *p, const struct staff_member *member, const struct config_line *line,
        const char *provider_id, struct bytes text, ack_fn fn, void *arg);
