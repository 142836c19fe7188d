// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "edge/gateways.h"
#include "flow/intake.h"
#include "net/http.h"

// The gateway listener's requests: /v1/gateways/NAME/messages and /receipts. It authenticates,
// parses, hands over to intake, and answers when intake has: 2xx only then. An authentic post that
// is no text we can take goes to the quarantine.

struct webhook;
// `guard_file` remembers what crashed us (crash_guard.h); NULL does without.
struct webhook *webhook_new(
        struct loop *l, const struct gateways *gateways, struct flow *flow, const char *guard_file);
// After the flow is freed: intake's answers still come here.
void webhook_free(struct webhook *w);
struct http_server *webhook_server(struct webhook *w); // for the listener, and for draining
