// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// Who is there. A counselor whose console is lost, or whose node is dead, is "gone": offers go back
// at once, held people when the grace is over.

// A console of this node has closed.
void presence_lost(struct pool *p, const char *name, const char *sid);
// Takes back what is offered to somebody, not what they hold.
void presence_withdraw_offers(struct pool *p, const char *name);
// The timer gone:NAME is due: everybody they hold goes back into the queue.
void presence_grace_over(struct pool *p, const char *name);
// Looks for counselors whose node, or whose session on this node, is dead.
void presence_check(struct flow *f);
