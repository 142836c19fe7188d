// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "flow/intake.h"

// Where an authentic request goes that cannot be taken as a text: it is kept sealed, and a
// supervisor reads it and makes a text of it, or discards it. Nobody's words are thrown away
// because we could not read them.

#define QUARANTINE_REQUEST_MAX (80 * 1024)

// Keeps it; the same bytes through the same gateway are one entry, however often they come.
// `reason` is for people, and says nothing of the content.
// `request` holds no secret of the gateway's (path segment, signature). `done` is called once,
// later: ERR_NONE when it is kept, or was before.
void quarantine_put(struct flow *f, const struct gateway *g, const char *reason,
        struct bytes request, uint64_t tag, intake_done_fn done, void *arg);
// One that crashed us, as often as may be, before it was known to be authentic, has been refused
// again: people are told, until it has not come for ten minutes.
void quarantine_crasher(struct flow *f, const struct gateway *g);
