// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "flow/gateway.h"
#include "private.h"

// What sending and asking have in common: an outbox entry's contents, and a call to its provider.

// An entry unsealed. Zero-initialise; outgoing_wipe() when done.
struct outgoing {
	struct buf text;
	struct buf number;
	struct buf line;
};
MUST_CHECK bool outgoing_open(struct flow *f, const char *id, const char *conversation,
        const struct redis_reply *entry, struct outgoing *out);
void outgoing_wipe(struct outgoing *out);

#define PROVIDER_TIMEOUT_MS 15000
// `call` stays the caller's. `done` as in http_client_call().
void provider_call(struct flow *f, const struct gateway *g, struct gateway_call *call, uint64_t tag,
        http_done_fn done, void *arg);
void provider_failed(struct flow *f, const char *gateway, const char *error);
