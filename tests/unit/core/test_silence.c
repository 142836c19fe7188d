// SPDX-License-Identifier: Apache-2.0
// Who is told of a silence, and when it is looked at again.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/silence.h"

#define T0 INT64_C(1800000000000)

static const struct silence_policy policy = {
        120000, 180000, 300000, {.ms = {0, 1800000, 1800000, 900000, 600000, 300000}}, 7200000};

static void decides(const struct silence *s, int64_t after_ms, enum silence_act act, unsigned told,
        int64_t next_ms)
{
	struct silence_decision d = silence_decide(&policy, s, T0 + after_ms);
	assert_string_equal(silence_act_name(d.act), silence_act_name(act));
	assert_int_equal(d.told, told);
	assert_int_equal(d.next_at_ms, T0 + next_ms);
	assert_int_equal(d.since_ms, T0);
}

static void test_the_counselor_is_silent(void **state)
{
	(void)state;
	struct silence s = {.level = LEVEL_LOW, .unanswered_ms = T0, .replied_ms = T0 - 5000};
	decides(&s, 0, SILENCE_NONE, 0, 120000);
	decides(&s, 119999, SILENCE_NONE, 0, 120000);
	decides(&s, 120000, SILENCE_NUDGE, 1, 180000);
	s.told = 1;
	decides(&s, 120001, SILENCE_NONE, 1, 180000); // once
	decides(&s, 180000, SILENCE_SUPERVISOR, 2, 300000);
	s.told = 2;
	decides(&s, 299999, SILENCE_NONE, 2, 300000);
	decides(&s, 300000, SILENCE_REROUTE, 3, 300000 + SILENCE_LOOK_MS);
	// Nobody looked for long: what is latest counts.
	s.told = 0;
	decides(&s, 200000, SILENCE_SUPERVISOR, 2, 300000);
	decides(&s, 400000, SILENCE_REROUTE, 3, 400000 + SILENCE_LOOK_MS);
}

static void test_the_texter_is_silent(void **state)
{
	(void)state;
	struct silence s = {.level = LEVEL_MEDIUM, .replied_ms = T0};
	decides(&s, 1799999, SILENCE_NONE, 0, 1800000);
	decides(&s, 1800000, SILENCE_TEXTER, 1, 3600000);
	s.told = 1;
	decides(&s, 3599999, SILENCE_NONE, 1, 3600000);
	decides(&s, 3600000, SILENCE_TEXTER, 2, 5400000);
	decides(&s, 7200000, SILENCE_CLOSE, 4, 9000000);
	s = (struct silence){.level = LEVEL_HIGH, .replied_ms = T0};
	decides(&s, 600000, SILENCE_TEXTER_SUPERVISOR, 1, 1200000);
	decides(&s, 7200000, SILENCE_TEXTER_SUPERVISOR, 12, 7800000);
}

// Nobody is bothered while a close waits for its second person; supervisors are reminded.
static void test_a_close_waits(void **state)
{
	(void)state;
	struct silence s = {.level = LEVEL_HIGH, .unanswered_ms = T0 - 600000, .asked_ms = T0};
	decides(&s, 179999, SILENCE_NONE, 0, 180000);
	decides(&s, 180000, SILENCE_CLOSE_ASKED, 1, 360000);
}

static void test_never_is_never(void **state)
{
	(void)state;
	const struct silence_policy none = {0};
	struct silence s = {.level = LEVEL_LOW, .unanswered_ms = T0};
	for (int i = 0; i < 2; i++) {
		struct silence_decision d = silence_decide(&none, &s, T0 + 900000000);
		assert_int_equal(d.act, SILENCE_NONE);
		assert_int_equal(d.next_at_ms, T0 + 900000000 + SILENCE_LOOK_MS);
		s = (struct silence){.level = LEVEL_IMMINENT, .replied_ms = T0};
	}
}

static int64_t some(int64_t most)
{
	return rand() % 4 == 0 ? 0 : rand() % most;
}

// Whatever the policy and the state: what is high, imminent or unknown never ends by itself, nor
// what is unanswered, flagged or waits for a second person; and there is always a next look.
static void test_nothing_at_risk_ends_by_itself(void **state)
{
	(void)state;
	unsigned seed = 20260 + (unsigned)rand() % 1000, closed = 0;
	printf("seed %u\n", seed);
	srand(seed);
	for (int i = 0; i < 200000; i++) {
		struct silence_policy p = {
		        some(9000), some(9000), some(9000), {.ms = {0}}, some(9000)};
		for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++)
			p.texter.ms[l] = some(9000);
		struct silence s = {.level = (enum level)(1 + rand() % 5),
		        .unanswered_ms = rand() % 2 ? T0 + some(20000) : 0,
		        .replied_ms = T0 + some(20000),
		        .asked_ms = rand() % 4 ? 0 : T0 + some(20000),
		        .flagged = rand() % 3 == 0,
		        .needs_second = rand() % 3 == 0,
		        .told = (unsigned)rand() % 5};
		int64_t now = T0 + some(30000);
		struct silence_decision d = silence_decide(&p, &s, now);
		assert_true(d.next_at_ms > now && d.next_at_ms <= now + SILENCE_LOOK_MS);
		if (d.act != SILENCE_CLOSE)
			continue;
		closed++;
		assert_true(s.level <= LEVEL_MEDIUM && s.unanswered_ms == 0 && s.asked_ms == 0 &&
		            !s.flagged && !s.needs_second);
	}
	assert_true(closed > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_the_counselor_is_silent),
	        cmocka_unit_test(test_the_texter_is_silent),
	        cmocka_unit_test(test_a_close_waits),
	        cmocka_unit_test(test_never_is_never),
	        cmocka_unit_test(test_nothing_at_risk_ends_by_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
