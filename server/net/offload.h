// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "loop_private.h"

// Worker threads behind loop_offload() and loop_lane_run(): each job's `work` on one of them, its
// `done` on the loop. Jobs begin in the order in which they were added.
struct offload;
// `max_waiting` jobs may wait for a thread; 1 to 2 threads.
struct offload *offload_new(struct event_base *base, size_t threads, size_t max_waiting);
// Waits for work in progress; work not yet begun is dropped and no `done` is called.
void offload_free(struct offload *o);
// Returns when every job, those added by a `done` too, has run and was told.
void offload_drain(struct offload *o);
MUST_CHECK bool offload_add(struct offload *o, loop_fn work, loop_fn done, void *arg);
