// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// Sends what waits in the outboxes: counselors' replies, pages and notices to staff. Each entry is
// claimed with a lease, sent, and its outcome recorded.

struct outbox *outbox_new(struct flow *f);
void outbox_free(struct outbox *o);
// Something may be due in that pool: with that gateway, or with any (NULL).
void outbox_run(struct pool *p, const char *gateway);
size_t outbox_open(const struct outbox *o); // entries claimed whose outcome is not yet recorded

// When the provider is asked about a reply that may have been sent, if it can be; 0 otherwise.
int64_t outbox_ask_ms(const struct gateway *g);
