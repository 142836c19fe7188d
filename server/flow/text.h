// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "flow/gateway.h"
#include "kind.h"

// One text as it came, and its way into Redis: triage, the acknowledgement path of on-call people,
// seal, one script.

// Appends the record of a text that arrived now (kind.h).
void text_record(const struct flow *f, const struct gateway *g, const struct gateway_inbound *in,
        struct buf *out);

bool text_take(struct flow *f, struct bytes record, const struct taker *t);
bool text_give_up(struct flow *f, struct bytes record, const struct taker *t);
uint64_t text_whose(struct bytes record);
void text_rehearse(struct flow *f, struct bytes record);
