// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "flow/quarantine.h"
#include "kind.h"

// How many entries wait, and the alarm and the gauge that follow from it.

// Entries are named GATEWAY.RANDOM, as conversations are by their pool.
#define QUARANTINE_ID_MAX POOL_ID_MAX

struct quarantine;
struct quarantine *quarantine_new(struct flow *f);
void quarantine_free(struct quarantine *q);
// Counts what waits; after every change and with every beat.
void quarantine_look(struct quarantine *q);
// As last counted; *since_ms is when the oldest came, 0 when none waits.
uint64_t quarantine_waiting(const struct quarantine *q, int64_t *since_ms);
// Keeps what cannot be taken as a text. Everything is copied. `fn` is called once, later.
struct quarantine_entry {
	const char *gateway;
	const char *reason;
	struct bytes request;
	int64_t at_ms; // when it arrived
};
typedef void (*quarantine_fn)(enum outcome o, void *arg);
void quarantine_keep(
        struct flow *f, const struct quarantine_entry *entry, quarantine_fn fn, void *arg);
// A record of quarantine_put()'s, from the post or from the spool (kind.h).
bool quarantine_take(struct flow *f, struct bytes record, const struct taker *t);
// The gateway that an entry's id names; false when it is no such id.
MUST_CHECK bool quarantine_gateway(const char *id, char gateway[static 33]);
