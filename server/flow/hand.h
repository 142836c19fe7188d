// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "answer.h"
#include "private.h"

// Transfers from counselor to counselor, where other modules come upon them.

// Accept and Decline of what was no open offer: it may be a transfer. They answer the request.
void hand_accept(struct request *r);
void hand_decline(struct request *r);
// The timer transfer:ID.
void hand_due(struct pool *p, const char *conversation, const char *member, const char *score);
// A console is gone: what it was asked to take on stays with who has it, and it leaves what it had
// joined.
void hand_lost(struct pool *p, const char *name);
