// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "net/loop.h"
#include "redis_wire.h"

// Copies: what scripts wrote is OK only when enough replicas have it.
//
// The invariant: WAIT counts the replicas that have acknowledged all that this connection has had
// executed so far (Redis keeps that offset in c->woff, and moves it after every command, so that
// the no-op of a duplicate is covered as well as the write of the first). Replies come in order.
// So whatever is held on the wire when WAIT's answer arrives was executed before that WAIT, and the
// answer speaks for it; what was sent after the WAIT is not answered yet, and has another WAIT to
// come. A replica with `appendfsync always` acknowledges after its own fsync.
//
// WAIT blocks its connection, so one is under way at a time: scripts of that while share the next.

struct copies;
struct copies_events {
	void (*is_short)(void *arg); // too few have it; again with every such answer
	void *arg;
};

// `wanted` above 0. `scripts` is borrowed.
struct copies *copies_new(
        struct loop *l, struct wire *scripts, unsigned wanted, const struct copies_events *events);
void copies_free(struct copies *c);
void copies_start(struct copies *c, unsigned replicas); // the link is up, and so many follow Redis
// So many of the replicas may forget what they acknowledge: as many more are demanded.
void copies_distrust(struct copies *c, unsigned unfit);
void copies_stop(struct copies *c);   // the connection is gone
void copies_sent(struct copies *c);   // a script went out by wire_send_held(): a WAIT follows
void copies_missed(struct copies *c); // Redis refused to write: NOREPLICAS
bool copies_are_short(const struct copies *c);
