// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/errors.h"
#include "flow/gateway.h"

struct flow;

// Is `to` one of this gateway's lines? A text to another number is no text that can be taken.
bool intake_knows_line(const struct flow *f, const struct gateway *g, struct bytes to);
typedef void (*intake_done_fn)(uint64_t tag, enum err e, void *arg);

// An authentic, complete post of a text is there, readable or not: from now on the ledger expects
// that one of intake_text() and quarantine_put() is called for it, once.
void intake_received(struct flow *f);
// A text's way in. `done` is called once, later, within 5 s, with what the gateway must be told:
// ERR_NONE: it is on a disk, Redis' or the spool's, or was already (a duplicate), or was an on-call
// person's acknowledgement. ERR_UNAVAILABLE: neither could take it; the gateway must repeat it.
// Nothing of `in` is kept after the call.
void intake_text(struct flow *f, const struct gateway *g, const struct gateway_inbound *in,
        uint64_t tag, intake_done_fn done, void *arg);
// The same for a text that a supervisor releases from the quarantine. It is never spooled: when
// Redis cannot answer it is ERR_UNAVAILABLE, and stays where it is. ERR_INTERNAL: it cannot be
// stored as a text, and is in the quarantine again.
void intake_release(struct flow *f, const struct gateway *g, const struct gateway_inbound *in,
        uint64_t tag, intake_done_fn done, void *arg);
// A delivery report. ERR_NOT_FOUND when we never sent such a message. While Redis cannot answer it
// is ERR_UNAVAILABLE: a report holds nobody's words, and a provider repeats it.
void intake_receipt(struct flow *f, const struct gateway *g, const struct gateway_receipt *r,
        uint64_t tag, intake_done_fn done, void *arg);
