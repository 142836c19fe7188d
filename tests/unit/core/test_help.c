// SPDX-License-Identifier: Apache-2.0
// When other pools help out, and when no more.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/overflow.h"

#define S INT64_C(1000)

static const struct overflow_policy both = {300 * S, 120 * S, 10, 5};

static enum overflow_why decide(
        const struct overflow_policy *p, enum overflow_why was, size_t waiting, int64_t oldest_s)
{
	const struct overflow_now now = {.waiting = waiting, .oldest_ms = oldest_s * S};
	return overflow_decide(p, was, &now);
}

static void test_opens_at_one_mark_and_closes_at_another(void **state)
{
	(void)state;
	assert_int_equal(decide(&both, OVERFLOW_NO, 9, 299), OVERFLOW_NO);
	assert_int_equal(decide(&both, OVERFLOW_NO, 1, 300), OVERFLOW_OLDEST);
	assert_int_equal(decide(&both, OVERFLOW_OLDEST, 1, 121), OVERFLOW_OLDEST);
	assert_int_equal(decide(&both, OVERFLOW_OLDEST, 5, 120), OVERFLOW_NO);
	assert_int_equal(decide(&both, OVERFLOW_NO, 5, 121), OVERFLOW_NO);
	assert_int_equal(decide(&both, OVERFLOW_NO, 10, 1), OVERFLOW_DEPTH);
	assert_int_equal(decide(&both, OVERFLOW_DEPTH, 6, 1), OVERFLOW_DEPTH);
	assert_int_equal(decide(&both, OVERFLOW_DEPTH, 5, 1), OVERFLOW_NO);
	// For one reason it was opened, for another it stays so.
	assert_int_equal(decide(&both, OVERFLOW_DEPTH, 1, 200), OVERFLOW_DEPTH);
	assert_int_equal(decide(&both, OVERFLOW_DEPTH, 1, 400), OVERFLOW_DEPTH);
	assert_int_equal(decide(&both, OVERFLOW_OLDEST, 20, 1), OVERFLOW_OLDEST);
}

static void test_only_for_what_is_configured(void **state)
{
	static const struct overflow_policy oldest = {300 * S, 120 * S, 0, 0};
	static const struct overflow_policy depth = {0, 0, 10, 5};
	static const struct overflow_policy none = {0};
	(void)state;
	assert_int_equal(decide(&oldest, OVERFLOW_NO, 1000, 1), OVERFLOW_NO);
	assert_int_equal(decide(&oldest, OVERFLOW_OLDEST, 1000, 120), OVERFLOW_NO);
	assert_int_equal(decide(&depth, OVERFLOW_NO, 9, 100000), OVERFLOW_NO);
	assert_int_equal(decide(&none, OVERFLOW_NO, 1000, 100000), OVERFLOW_NO);
}

static void test_an_offline_pool_is_helped_at_once(void **state)
{
	struct overflow_now now = {.offline = true};
	static const struct overflow_policy none = {0};
	(void)state;
	assert_int_equal(overflow_decide(&none, OVERFLOW_NO, &now), OVERFLOW_OFFLINE);
	assert_int_equal(overflow_decide(&both, OVERFLOW_DEPTH, &now), OVERFLOW_OFFLINE);
	now = (struct overflow_now){.waiting = 3, .oldest_ms = 200 * S};
	assert_int_equal(overflow_decide(&both, OVERFLOW_OFFLINE, &now), OVERFLOW_OLDEST);
	now = (struct overflow_now){0};
	assert_int_equal(overflow_decide(&both, OVERFLOW_OFFLINE, &now), OVERFLOW_NO);
}

static void test_names(void **state)
{
	(void)state;
	for (int why = OVERFLOW_NO; why <= OVERFLOW_OFFLINE; why++)
		assert_int_equal(
		        overflow_why_from_name(overflow_why_name((enum overflow_why)why)), why);
	assert_int_equal(overflow_why_from_name("else"), OVERFLOW_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_opens_at_one_mark_and_closes_at_another),
	        cmocka_unit_test(test_only_for_what_is_configured),
	        cmocka_unit_test(test_an_offline_pool_is_helped_at_once),
	        cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
