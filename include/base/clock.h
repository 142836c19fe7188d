// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

// The only source of time. `wall` is UTC in ms since 1970 and may jump; `mono` only grows and means
// nothing to another machine. Tests pass a clock of their own.
struct clock {
	int64_t (*wall_ms)(void *arg);
	int64_t (*mono_ms)(void *arg);
	void *arg;
	// As mono, and the time that the machine slept counts too; NULL where nothing sleeps.
	int64_t (*elapsed_ms)(void *arg);
};

const struct clock *clock_system(void);
int64_t clock_wall_ms(const struct clock *clock);
int64_t clock_mono_ms(const struct clock *clock);
int64_t clock_elapsed_ms(const struct clock *clock);
// The time that everything is decided by: `wall` starts as the system's and goes on with the time
// that really passes, whatever somebody sets the system's to. A difference below
// STEADY_CLOCK_JUMP_MS is an adjustment and is followed, by at most 0.5 ms a second, which is as
// fast as NTP corrects; a larger one is a jump, which its owner asks for. `system` must outlive it.
// Of one thread.
#define STEADY_CLOCK_JUMP_MS 2000
struct steady_clock;
struct steady_clock *steady_clock_new(const struct clock *system);
void steady_clock_free(struct steady_clock *s);
// Borrowed; lives as long as `s`.
const struct clock *steady_clock(struct steady_clock *s);
// The system's wall clock minus ours: beyond ±STEADY_CLOCK_JUMP_MS one of them is wrong.
int64_t steady_clock_lead_ms(struct steady_clock *s);
// Sets our time forward or back, because the other nodes agree on another one.
void steady_clock_step(struct steady_clock *s, int64_t by_ms);
// RFC 3339 in UTC with milliseconds, "2026-11-22T03:00:00.000Z": 24 characters and a NUL.
void clock_format(int64_t wall_ms, char out[static 25]);
