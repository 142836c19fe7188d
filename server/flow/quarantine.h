// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "flow/quarantine.h"
#include "private.h"

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
// The gateway that an entry's id names; false when it is no such id.
MUST_CHECK bool quarantine_gateway(const char *id, char gateway[static 33]);
