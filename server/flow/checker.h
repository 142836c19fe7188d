// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// Looks for orphans, always and at a bounded cost: conversations in no place or in two, timers that
// are missing, sets that name what does not exist, texts that would never be sent. It walks the
// pools' sets, the outboxes, who is signed in, and all keys, so that nothing can hide. Scripts put
// right what they safely can (store/lua/check*.lua); what they cannot is an alarm.

struct checker;
struct checker *checker_new(struct flow *f);
void checker_free(struct checker *c);

// What the latest complete pass over everything saw.
struct checker_report {
	uint64_t passes; // complete ones since the start
	int64_t took_ms;
	int64_t ended_ms; // wall clock
	uint64_t checked; // open conversations
	uint64_t repaired;
	uint64_t missed;          // could not be looked at
	uint64_t orphans;         // could not be repaired
	char orphan[POOL_ID_MAX]; // one of them
};
void checker_report(const struct checker *c, struct checker_report *out);
