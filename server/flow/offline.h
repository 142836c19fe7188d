// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// Pools that a supervisor has taken offline. Who texts is told that nobody is there; who waits is
// still offered to whoever is, is paged for, and stays in the queue. Who is held stays held.

// Reads how it is. Consoles hear of a change.
void offline_look(struct pool *p);
// To a console that has just signed in, when the pool is offline.
void offline_tell(const struct pool *p, uint64_t session);
