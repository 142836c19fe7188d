// SPDX-License-Identifier: Apache-2.0
// The order in which supervisors see conversations.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/need.h"

static int compare(const void *a, const void *b)
{
	return need_compare(a, b);
}

static void expect_order(struct need *list, size_t count, const char *ids)
{
	qsort(list, count, sizeof *list, compare);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(list[i].id[0], ids[i]);
}

static void test_classes(void **state)
{
	(void)state;
	struct need list[] = {
	        {.score = 1, .id = "d"},
	        {.imminent = true, .silent_since_ms = 900, .score = 900, .id = "c"},
	        {.attention = true, .score = 999, .id = "b"},
	        {.attention = true,
	                .imminent = true,
	                .silent_since_ms = 999,
	                .score = 999,
	                .id = "a"},
	};
	expect_order(list, 4, "abcd");
}

// Who came first and has just been answered comes after who has heard nothing for long.
static void test_imminent_by_silence(void **state)
{
	(void)state;
	struct need list[] = {
	        {.imminent = true, .silent_since_ms = 500, .score = 1, .id = "b"},
	        {.imminent = true, .silent_since_ms = 400, .score = 2, .id = "a"},
	};
	expect_order(list, 2, "ab");
}

static void test_the_rest_as_in_the_queue(void **state)
{
	(void)state;
	struct need list[] = {
	        {.silent_since_ms = 1, .score = 30, .id = "d"},
	        {.silent_since_ms = 9, .score = 20, .id = "c"},
	        {.silent_since_ms = 5, .score = -7, .id = "a"},
	        {.silent_since_ms = 5, .score = 20, .id = "b"},
	};
	expect_order(list, 4, "abcd");
	assert_int_equal(need_compare(&list[0], &list[0]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_classes),
	        cmocka_unit_test(test_imminent_by_silence),
	        cmocka_unit_test(test_the_rest_as_in_the_queue),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
