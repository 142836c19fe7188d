// SPDX-License-Identifier: Apache-2.0
// Rates from the counts of the scripts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/rates.h"

#define NOW        (5666666LL * RATES_BUCKET_MS + 150000)
#define BUCKET_NOW 5666666LL

static bool add(struct rates_sum *sum, int64_t bucket, const char *rest)
{
	char text[200];
	snprintf(text, sizeof text, "%lld%s", (long long)bucket, rest);
	return rates_add(sum, bytes_str(text), NOW);
}

static void assert_near(double is, double should, double within)
{
	if (!(is >= should - within && is <= should + within))
		fail_msg("%g is not %g ± %g", is, should, within);
}

static void test_nothing(void **state)
{
	(void)state;
	struct rates_sum sum = {0};
	struct rates r;
	rates_of(&sum, NOW, &r);
	assert_false(r.measured);
	assert_int_equal(r.handling_ms, RATES_HANDLING_MS);
	assert_near(r.arrivals_per_hour[1], 0, 0);
}

static void test_steady(void **state)
{
	(void)state;
	struct rates_sum sum = {0};
	struct rates r;
	for (int i = 1; i <= 287; i++)
		assert_true(add(&sum, BUCKET_NOW - i, " 10 5 0 0 1 16 960000 2 2400000 1"));
	rates_of(&sum, NOW, &r);
	assert_true(r.measured);
	assert_near(r.arrivals_per_hour[1], 120, 8);
	assert_near(r.arrivals_per_hour[2], 60, 4);
	assert_near(r.arrivals_per_hour[3], 0, 0);
	assert_near(r.arrivals_per_hour[5], 12, 0.8);
	assert_int_equal(r.handling_ms, 1200000);
	assert_near(r.silent, 0.5, 1e-9);
}

// A rush that has begun within the hour shows, and one that was over hours ago does not.
static void test_latest_counts(void **state)
{
	(void)state;
	struct rates_sum rush = {0}, over = {0};
	struct rates r;
	for (int i = 1; i < 200; i++) {
		add(&rush, BUCKET_NOW - i,
		        i <= 12 ? " 40 0 0 0 0 0 0 0 0 0" : " 5 0 0 0 0 0 0 0 0 0");
		add(&over, BUCKET_NOW - i,
		        i > 72 ? " 40 0 0 0 0 0 0 0 0 0" : " 5 0 0 0 0 0 0 0 0 0");
	}
	rates_of(&rush, NOW, &r);
	assert_true(r.arrivals_per_hour[1] > 300);
	rates_of(&over, NOW, &r);
	assert_near(r.arrivals_per_hour[1], 60, 5);
}

static void test_not_enough(void **state)
{
	(void)state;
	struct rates_sum sum = {0};
	struct rates r;
	add(&sum, BUCKET_NOW - 10, " 9 0 0 0 0 9 0 9 540000 0");
	rates_of(&sum, NOW, &r);
	assert_false(r.measured);
	assert_int_equal(r.handling_ms, RATES_HANDLING_MS);
	// Many closed, but in the first minutes.
	sum = (struct rates_sum){0};
	add(&sum, BUCKET_NOW - 2, " 20 0 0 0 0 20 0 20 1200000 0");
	rates_of(&sum, NOW, &r);
	assert_false(r.measured);
	assert_int_equal(r.handling_ms, 60000);
}

static void test_what_is_none(void **state)
{
	(void)state;
	struct rates_sum sum = {0};
	assert_false(add(&sum, BUCKET_NOW - 288, " 1 1 1 1 1 1 1 1 1 1"));
	assert_false(add(&sum, BUCKET_NOW + 1, " 1 1 1 1 1 1 1 1 1 1"));
	assert_false(add(&sum, BUCKET_NOW, " 1 1 1 1 1 1 1 1 1"));
	assert_false(add(&sum, BUCKET_NOW, " 1 1 1 1 1 1 1 1 1 1 1"));
	assert_false(add(&sum, BUCKET_NOW, " 1 1 1 1 1 1 1 1 x 1"));
	assert_false(add(&sum, BUCKET_NOW, " 1 1 1 1 1 1 1 1 -1 1"));
	assert_false(rates_add(&sum, bytes_str(""), NOW));
	assert_int_equal(sum.first_ms, 0);
	assert_true(add(&sum, BUCKET_NOW, " 1 1 1 1 1 1 1 1 1 1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_nothing),
	        cmocka_unit_test(test_steady),
	        cmocka_unit_test(test_latest_counts),
	        cmocka_unit_test(test_not_enough),
	        cmocka_unit_test(test_what_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
