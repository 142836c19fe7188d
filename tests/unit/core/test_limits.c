// SPDX-License-Identifier: Apache-2.0
// What a texter can be reported for, and for how long they may be limited.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/limits.h"

static void test_how_long(void **state)
{
	(void)state;
	assert_int_equal(limits_abuse_hours(0), 24);
	assert_int_equal(limits_abuse_hours(1), 1);
	assert_int_equal(limits_abuse_hours(720), 720);
	assert_int_equal(limits_abuse_hours(721), 0);
	assert_int_equal(limits_abuse_hours(UINT32_MAX), 0);
}

static void test_reasons(void **state)
{
	(void)state;
	assert_true(limits_reason_ok("sexual"));
	assert_true(limits_reason_ok("prank"));
	assert_true(limits_reason_ok("other"));
	assert_false(limits_reason_ok(""));
	assert_false(limits_reason_ok("pran"));
	assert_false(limits_reason_ok("pranks"));
	assert_false(limits_reason_ok("prank,other"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_how_long),
	        cmocka_unit_test(test_reasons),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
