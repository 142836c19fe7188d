// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// A conversation past its answer_by pages whoever is on call until a human has acted. core/escalate
// decides, the page_… scripts keep the state; people are resolved when a page is sent.

// The timer answer:ID is due.
void escalation_open(struct pool *p, const char *conversation);
// The timer flag:ID is due.
void escalation_open_flag(struct pool *p, const char *conversation);
// The timer page:N is due.
void escalation_due(struct pool *p, uint64_t number);

// What became of an acknowledgement.
enum escalation_acked { ACKED, ACKED_BEFORE, ACK_RESOLVED, ACK_NOT_FOUND, ACK_UNAVAILABLE };
struct escalation_ack {
	enum escalation_acked what;
	uint64_t number;
	char by[33]; // ACKED_BEFORE: who, and when
	int64_t by_at_ms;
};
typedef void (*escalation_ack_fn)(const struct escalation_ack *ack, void *arg);
// Pages are numbered over all pools.
void escalation_acknowledge(
        struct flow *f, uint64_t number, const char *person, escalation_ack_fn fn, void *arg);
// What a bare "ok" of a person can mean: the open, unacknowledged escalations that have paged them.
struct escalation_mine {
	bool known; // Redis has told
	bool held;  // one that they have acknowledged already, and that is not over
	size_t count;
	const uint64_t *numbers;
};
typedef void (*escalation_mine_fn)(const struct escalation_mine *mine, void *arg);
void escalation_mine(struct flow *f, const char *person, escalation_mine_fn fn, void *arg);
