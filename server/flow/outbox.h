// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// Sends what waits in {P}:out: counselors' replies, pages and notices to staff. Each entry is
// claimed with a lease, sent, and its outcome recorded.

struct outbox *outbox_new(struct flow *f);
void outbox_free(struct outbox *o);
void outbox_run(struct pool *p);
size_t outbox_open(const struct outbox *o); // entries claimed whose outcome is not yet recorded
