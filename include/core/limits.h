// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Limits for texters: they never refuse anybody, and danger lifts them. The scripts apply them
// (server/store/lua/include/limits.lua).

// Who begins more than `conversations` (0: nobody is counted) within the window, or is limited for
// abuse, comes `later_ms` later in the queue than their level says.
struct limits {
	uint32_t conversations;
	int64_t window_ms;
	int64_t later_ms;
};

// For how long a limit for abuse is asked for; 0 takes what is usual. 0 when it is too long.
uint32_t limits_abuse_hours(uint32_t hours);
#define LIMITS_ABUSE_HOURS_MAX 720
// A word for what a texter is reported for.
bool limits_reason_ok(const char *reason);
// All of them with commas, for people.
const char *limits_reasons(void);
