// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "net/loop.h"

// One simulated night: one queue of events in virtual time, one generator of chance, one trace.
// Every `struct loop` (include/net/loop.h) is a node's view of it, with clocks of its own, and can
// be stopped for a while, or die. The same seed gives the same night, to the last event.

struct sim;
struct sim *sim_new(uint64_t seed);
void sim_free(struct sim *s);
int64_t sim_now(const struct sim *s);    // true time, ms from the start
uint64_t sim_steps(const struct sim *s); // events delivered
// What the simulator's parts find through a loop.
struct world;
void sim_set_world(struct sim *s, struct world *w);
struct world *sim_world(const struct sim *s);

// Delivers the next event; false when there is none.
bool sim_step(struct sim *s);
// An event of the world, of no node. Never 0; cancelling one that was is harmless.
uint64_t sim_after(struct sim *s, int64_t after_ms, loop_fn fn, void *arg);
void sim_cancel(struct sim *s, uint64_t event);

// Chance. What the product draws (random_bytes) and what the world draws are two streams, so that
// the world's choices stay the same when the product draws once more.
uint64_t sim_below(struct sim *s, uint64_t limit); // 0 … limit - 1
int64_t sim_between(struct sim *s, int64_t least, int64_t most);
bool sim_chance(struct sim *s, unsigned per_mille);

// One line of what happened; all lines go into the hash, the latest are kept.
void sim_trace(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_trace_show(struct sim *s, bool all); // print each line as it comes
uint64_t sim_hash(const struct sim *s);
void sim_print_latest(const struct sim *s);

// ---- nodes

// A loop whose machine has the wall clock `wall_off_ms` away from true time, and has been up for
// `up_ms`.
struct loop *sim_loop_new(struct sim *s, const char *name, int64_t wall_off_ms, int64_t up_ms);
struct sim *sim_of(const struct loop *l);
int64_t sim_loop_wall_off(const struct loop *l); // what it is by now
const char *sim_loop_name(const struct loop *l);
// The machine's own clock, as the kernel has it: jumps with sim_loop_jump() and drifts.
const struct clock *sim_loop_system(const struct loop *l);
// The clock that loop_clock() gives instead, or NULL for the system's. Borrowed.
void sim_loop_use(struct loop *l, const struct clock *clock);
void sim_loop_jump(struct loop *l, int64_t by_ms);
void sim_loop_drift(struct loop *l, int64_t parts_per_million);
// How much of the work of its lanes takes seconds.
void sim_loop_slow(struct loop *l, unsigned per_mille);
// What the time is in truth, as a wall clock has it.
int64_t sim_true_wall(const struct sim *s);
// SIGSTOP and SIGCONT: what is due meanwhile waits, and then comes in order.
void sim_loop_stop(struct loop *l);
void sim_loop_continue(struct loop *l);
bool sim_loop_stopped(const struct loop *l);
// kill -9: pending events vanish, and nothing that is asked of it later happens. Its memory stays
// until loop_free().
void sim_loop_kill(struct loop *l);
bool sim_loop_dead(const struct loop *l);

// Seeds random_bytes() (and all else that libsodium draws).
void sim_random_seed(uint64_t seed);
