// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

// The only source of time. `wall` is UTC in ms since 1970 and may jump; `mono` only grows and means
// nothing to another machine. Tests pass a clock of their own.
struct clock {
	int64_t (*wall_ms)(void *arg);
	int64_t (*mono_ms)(void *arg);
	void *arg;
};

const struct clock *clock_system(void);
int64_t clock_wall_ms(const struct clock *clock);
int64_t clock_mono_ms(const struct clock *clock);
// RFC 3339 in UTC with milliseconds, "2026-11-22T03:00:00.000Z": 24 characters and a NUL.
void clock_format(int64_t wall_ms, char out[static 25]);
