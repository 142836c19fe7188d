// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/errors.h"
#include "flow/gateway.h"

struct flow;

// Is `to` one of this gateway's lines? A text to another number is no text that can be taken.
bool intake_knows_line(const struct flow *f, const struct gateway *g, struct bytes to);
// A text's way in. `done` is called once, later, with what the gateway must be told:
// ERR_NONE: it is on disk, or was already (a duplicate), or was an on-call person's
// acknowledgement. ERR_NOT_FOUND: `to` is no line of this gateway. ERR_UNAVAILABLE: Redis gave no
// outcome in time; the gateway must repeat it. Nothing of `in` is kept after the call.
typedef void (*intake_done_fn)(uint64_t tag, enum err e, void *arg);
void intake_text(struct flow *f, const struct gateway *g, const struct gateway_inbound *in,
        uint64_t tag, intake_done_fn done, void *arg);
// A delivery report. ERR_NOT_FOUND when we never sent such a message.
void intake_receipt(struct flow *f, const struct gateway *g, const struct gateway_receipt *r,
        uint64_t tag, intake_done_fn done, void *arg);
