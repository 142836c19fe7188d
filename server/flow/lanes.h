// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// What may be sent next. Each gateway is a lane of its own: it has slots for calls to its provider,
// a rate, and pauses when the provider asks for one; what waits in one lane is not even looked at
// while it is full, and never stands in the way of another. In a lane, replies come before pages,
// pages before notices and these before automatic texts, over all pools, and the last slots are
// kept for the more urgent kinds.

enum send_kind { SEND_REPLY, SEND_PAGE, SEND_NOTICE, SEND_AUTO, SEND_KINDS };
const char *send_kind_name(enum send_kind k);

struct lane;
struct lanes;

// Begins to send that entry and calls lane_end() once, later. False when it is at it already.
typedef bool (*lane_start_fn)(struct lane *l, struct pool *p, enum send_kind kind, struct bytes id,
        struct bytes conversation);

struct lanes *lanes_new(struct flow *f, lane_start_fn start);
void lanes_free(struct lanes *all);
// Something may be due: with that gateway, or with any (NULL).
void lanes_look(struct lanes *all, struct pool *p, const char *gateway);
// Reads which gateways the pool has ever used: some may not be configured here any more.
void lanes_learn(struct lanes *all, struct pool *p);
// Configured gateways come first, in the configuration's order; others after them.
size_t lanes_count(const struct lanes *all);
const char *lanes_gateway(const struct lanes *all, size_t index);

const char *lane_gateway(const struct lane *l);
// `called`: the provider was called; if not, the call counts for nothing.
void lane_end(struct lane *l, bool called);
// The provider wants no calls for that long, at most LANE_PAUSE_MAX_MS: whoever asks for more is
// asked again.
#define LANE_PAUSE_MAX_MS 300000
void lane_pause(struct lane *l, int64_t ms);
