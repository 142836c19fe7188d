// SPDX-License-Identifier: Apache-2.0
// The system's clocks, and time as text.
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

// 9999-12-31T23:59:59.999Z: the last instant that fits the format.
#define LAST_MS INT64_C(253402300799999)

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t system_wall(void *arg)
{
	(void)arg;
	return read_ms(CLOCK_REALTIME);
}

// CLOCK_MONOTONIC stands still while the machine sleeps: after a suspend the other nodes must not
// all look dead because their heartbeats were not watched.
static int64_t system_mono(void *arg)
{
	(void)arg;
	return read_ms(CLOCK_MONOTONIC);
}

static int64_t system_elapsed(void *arg)
{
	(void)arg;
	return read_ms(CLOCK_BOOTTIME);
}

const struct clock *clock_system(void)
{
	static const struct clock system = {
	        .wall_ms = system_wall, .mono_ms = system_mono, .elapsed_ms = system_elapsed};
	return &system;
}

int64_t clock_wall_ms(const struct clock *clock)
{
	return clock->wall_ms(clock->arg);
}

int64_t clock_mono_ms(const struct clock *clock)
{
	return clock->mono_ms(clock->arg);
}

int64_t clock_elapsed_ms(const struct clock *clock)
{
	return clock->elapsed_ms ? clock->elapsed_ms(clock->arg) : clock_mono_ms(clock);
}

void clock_format(int64_t wall_ms, char out[static 25])
{
	wall_ms = wall_ms < 0 ? 0 : wall_ms > LAST_MS ? LAST_MS : wall_ms;
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	char day[sizeof "2026-11-22T03:00:00"];
	strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, 25, "%s.%03dZ", day, (int)(wall_ms % 1000));
}
