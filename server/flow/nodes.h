// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// The nodes of this house: who lives, and what time it is. A node is NAME/INCARNATION. It lives
// while its heartbeat counter moves, judged by our own monotonic clock: nobody's wall clock and no
// expiry in Redis takes part. Times of nodes are compared at each beat.

#define NODES_BEAT_MS 1000

struct nodes;
struct nodes *nodes_new(struct flow *f);
void nodes_free(struct nodes *n);
// Beats for this node and looks at the others; `then` is called when they have been seen.
void nodes_beat(struct nodes *n, void (*then)(struct flow *f));
bool nodes_alive(const struct nodes *n, const char *node);
// For how long a node has been silent, ms: 0 for ourselves and for one that we know nothing of.
int64_t nodes_silent_ms(const struct nodes *n, const char *node);
// Those that live, ourselves included.
size_t nodes_count(const struct nodes *n);
// Our time is the house's: until then no timer may run. Needs a beat or two after the start.
bool nodes_time_agreed(const struct nodes *n);
// After the system's clock jumped forward, nobody knows which one is right: for a while, an
// escalation is opened also when only the system's says that it is due. Elsewhere 0.
int64_t nodes_early_ms(const struct nodes *n);
