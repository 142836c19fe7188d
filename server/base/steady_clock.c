// SPDX-License-Identifier: Apache-2.0
// Wall time that does not jump when the system's does.
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

// One millisecond for each so many that pass.
#define FOLLOW_EVERY_MS 2000

struct steady_clock {
	const struct clock *system;
	struct clock clock;
	int64_t wall_ms;     // our time …
	int64_t elapsed_ms;  // … at this moment of the system's elapsed time
	int64_t followed_ms; // elapsed time up to which adjustments were taken over
};

static int64_t lead(const struct steady_clock *s)
{
	return clock_wall_ms(s->system) - s->wall_ms;
}

static void follow(struct steady_clock *s)
{
	int64_t most = (s->elapsed_ms - s->followed_ms) / FOLLOW_EVERY_MS, by = lead(s);
	if (most == 0)
		return;
	s->followed_ms = s->elapsed_ms;
	if (by > -STEADY_CLOCK_JUMP_MS && by < STEADY_CLOCK_JUMP_MS)
		s->wall_ms += by > most ? most : by < -most ? -most : by;
}

static int64_t steady_wall(void *arg)
{
	struct steady_clock *s = arg;
	int64_t elapsed = clock_elapsed_ms(s->system);
	s->wall_ms += elapsed - s->elapsed_ms;
	s->elapsed_ms = elapsed;
	follow(s);
	return s->wall_ms;
}

static int64_t steady_mono(void *arg)
{
	const struct steady_clock *s = arg;
	return clock_mono_ms(s->system);
}

static int64_t steady_elapsed(void *arg)
{
	const struct steady_clock *s = arg;
	return clock_elapsed_ms(s->system);
}

struct steady_clock *steady_clock_new(const struct clock *system)
{
	struct steady_clock *s = xcalloc(1, sizeof *s);
	s->system = system;
	s->clock = (struct clock){steady_wall, steady_mono, s, steady_elapsed};
	s->wall_ms = clock_wall_ms(system);
	s->elapsed_ms = s->followed_ms = clock_elapsed_ms(system);
	return s;
}

void steady_clock_free(struct steady_clock *s)
{
	free(s);
}

const struct clock *steady_clock(struct steady_clock *s)
{
	return &s->clock;
}

int64_t steady_clock_lead_ms(struct steady_clock *s)
{
	steady_wall(s);
	return lead(s);
}

void steady_clock_step(struct steady_clock *s, int64_t by_ms)
{
	s->wall_ms += by_ms;
}
