// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "loop_private.h"

// The worker threads behind loop_offload().
struct offload;
struct offload *offload_new(struct event_base *base);
// Waits for work in progress; work not yet begun is dropped and no `done` is called.
void offload_free(struct offload *o);
MUST_CHECK bool offload_add(struct offload *o, loop_fn work, loop_fn done, void *arg);
