// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/mem.h"

// One process, one event loop. Deadlines are monotonic and live in one heap; a timer is named by an
// id, so a stale id is harmless.

struct loop;
typedef void (*loop_fn)(void *arg);

struct loop *loop_new(const struct clock *clock);
void loop_free(struct loop *l);
void loop_run(struct loop *l);  // until loop_stop()
void loop_stop(struct loop *l); // from inside a callback
// Runs what is ready and at most `wait_ms` of waiting: for tests.
void loop_turn(struct loop *l, int64_t wait_ms);

const struct clock *loop_clock(const struct loop *l);
int64_t loop_mono_ms(const struct loop *l);
int64_t loop_wall_ms(const struct loop *l);

// One-shot. Never 0. Cancelling an id that has fired or never was does nothing.
uint64_t loop_timer(struct loop *l, int64_t after_ms, loop_fn fn, void *arg);
void loop_cancel(struct loop *l, uint64_t timer);
// Runs fn after the present callback has returned, before the loop waits again, in order.
void loop_defer(struct loop *l, loop_fn fn, void *arg);
void loop_on_signal(struct loop *l, int signo, loop_fn fn, void *arg);

// Runs `work` on one of two worker threads, then `done` on the loop: for password hashing and its
// like. At most 256 wait; beyond that it returns false and calls neither. `arg` must stay until
// `done`.
MUST_CHECK bool loop_offload(struct loop *l, loop_fn work, loop_fn done, void *arg);

// A thread of its own for one module whose work may block for long (a slow disk): jobs run one
// after the other, in order, and their `done` on the loop in the same order. Their number is not
// bounded here: the module bounds it. The loop must outlive the lane; freeing waits until every
// job, those given by a `done` too, has run and its `done` was called.
struct loop_lane;
struct loop_lane *loop_lane_new(struct loop *l);
void loop_lane_free(struct loop_lane *lane);
void loop_lane_run(struct loop_lane *lane, loop_fn work, loop_fn done, void *arg);
