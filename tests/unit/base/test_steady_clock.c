// SPDX-License-Identifier: Apache-2.0
// The clock that does not jump.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/clock.h"

#define START  INT64_C(1790000000000)
#define HOUR   INT64_C(3600000)
#define SECOND INT64_C(1000)

// A machine: time passes, and somebody sets its clock.
struct machine {
	int64_t wall, mono, elapsed;
	struct clock clock;
};

static int64_t machine_wall(void *arg)
{
	return ((struct machine *)arg)->wall;
}

static int64_t machine_mono(void *arg)
{
	return ((struct machine *)arg)->mono;
}

static int64_t machine_elapsed(void *arg)
{
	return ((struct machine *)arg)->elapsed;
}

static void pass(struct machine *m, int64_t ms)
{
	m->wall += ms;
	m->mono += ms;
	m->elapsed += ms;
}

static struct steady_clock *begin(struct machine *m)
{
	*m = (struct machine){.wall = START, .mono = 5, .elapsed = 500};
	m->clock = (struct clock){machine_wall, machine_mono, m, machine_elapsed};
	return steady_clock_new(&m->clock);
}

static int64_t now(struct steady_clock *s)
{
	return clock_wall_ms(steady_clock(s));
}

static void test_goes_with_the_system(void **state)
{
	(void)state;
	struct machine m;
	struct steady_clock *s = begin(&m);
	for (int i = 0; i < 1000; i++) {
		pass(&m, 777);
		assert_int_equal(now(s), m.wall);
	}
	assert_int_equal(clock_mono_ms(steady_clock(s)), m.mono);
	steady_clock_free(s);
}

static void test_a_jump_is_not_followed_and_told(void **state)
{
	(void)state;
	const int64_t jumps[] = {HOUR, -HOUR, 3 * SECOND, -3 * SECOND};
	for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
		struct machine m;
		struct steady_clock *s = begin(&m);
		m.wall += jumps[i];
		for (int k = 0; k < 100; k++) {
			pass(&m, 10 * SECOND);
			assert_int_equal(now(s), START + (k + 1) * 10 * SECOND);
		}
		assert_int_equal(steady_clock_lead_ms(s), jumps[i]);
		steady_clock_free(s);
	}
}

static void test_an_adjustment_is_followed_slowly(void **state)
{
	(void)state;
	const int64_t offsets[] = {1500, -1500};
	for (size_t i = 0; i < 2; i++) {
		struct machine m;
		struct steady_clock *s = begin(&m);
		int64_t before = now(s);
		m.wall += offsets[i];
		for (int64_t t = 0; t < HOUR; t += 100) {
			pass(&m, 100);
			int64_t after = now(s);
			assert_true(after - before >= 99 && after - before <= 101);
			before = after;
		}
		assert_int_equal(now(s), m.wall);
		steady_clock_free(s);
	}
}

static void test_asleep_time_passes(void **state)
{
	(void)state;
	struct machine m;
	struct steady_clock *s = begin(&m);
	m.wall += HOUR;
	m.elapsed += HOUR; // and mono stood still
	assert_int_equal(now(s), m.wall);
	assert_int_equal(steady_clock_lead_ms(s), 0);
	steady_clock_free(s);
}

static void test_steps_when_told(void **state)
{
	(void)state;
	struct machine m;
	struct steady_clock *s = begin(&m);
	steady_clock_step(s, -HOUR);
	pass(&m, SECOND);
	assert_int_equal(now(s), START - HOUR + SECOND);
	assert_int_equal(steady_clock_lead_ms(s), HOUR);
	steady_clock_free(s);
}

static void test_the_systems_own(void **state)
{
	(void)state;
	struct steady_clock *s = steady_clock_new(clock_system());
	assert_true(llabs(now(s) - clock_wall_ms(clock_system())) < 1000);
	assert_true(clock_elapsed_ms(clock_system()) >= clock_mono_ms(clock_system()));
	steady_clock_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_goes_with_the_system),
	        cmocka_unit_test(test_a_jump_is_not_followed_and_told),
	        cmocka_unit_test(test_an_adjustment_is_followed_slowly),
	        cmocka_unit_test(test_asleep_time_passes),
	        cmocka_unit_test(test_steps_when_told),
	        cmocka_unit_test(test_the_systems_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
