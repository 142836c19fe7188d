// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// Who is there. A counselor whose console is lost, or whose node is dead, is "gone": offers go back
// at once, held people when the grace is over. Other nodes live while their heartbeat counter
// moves, judged by our own monotonic clock.

struct presence *presence_new(struct flow *f);
void presence_free(struct presence *p);
// A console of this node has closed.
void presence_lost(struct flow *f, struct pool *p, const char *name, const char *sid);
// Takes back what is offered to somebody, not what they hold.
void presence_withdraw_offers(struct pool *p, const char *name);
// The timer gone:NAME is due: everybody they hold goes back into the queue.
void presence_grace_over(struct pool *p, const char *name);
// How many nodes there are that live, this one included.
size_t presence_live_nodes(const struct presence *p);
// Beats for this node and looks at the others. Every PRESENCE_BEAT_MS.
#define PRESENCE_BEAT_MS 5000
void presence_beat(struct presence *p);
