// SPDX-License-Identifier: Apache-2.0
// Buffers and runs of bytes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void test_append_and_consume(void **state)
{
	(void)state;
	struct buf b = {0};
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%03d ", i);
	assert_int_equal(b.len, 4000);
	buf_consume(&b, 3996);
	assert_string_equal(buf_str(&b), "999 ");
	buf_consume(&b, 5000);
	assert_int_equal(b.len, 0);
	assert_string_equal(buf_str(&b), "");
	buf_free(&b);
	assert_null(b.data);
}

static void test_printf_fits_exactly(void **state)
{
	(void)state;
	for (size_t len = 0; len < 300; len++) {
		struct buf b = {0};
		buf_append_char(&b, '>');
		buf_printf(&b, "%*s", (int)len, "");
		assert_int_equal(b.len, len + 1);
		assert_int_equal(strlen(buf_str(&b)), len + 1);
		buf_wipe(&b);
	}
}

static void test_take(void **state)
{
	(void)state;
	struct buf b = {0};
	char *s = buf_take_str(&b);
	assert_string_equal(s, "");
	free(s);
	buf_append_str(&b, "abc");
	s = buf_take_str(&b);
	assert_string_equal(s, "abc");
	assert_int_equal(b.cap, 0);
	free(s);
}

static void test_bytes(void **state)
{
	(void)state;
	assert_true(bytes_is(bytes_str(NULL), ""));
	assert_true(bytes_is(bytes_trim(bytes_str(" \t\r\n a b\v\f ")), "a b"));
	assert_true(bytes_is(bytes_trim(bytes_str("  ")), ""));
	assert_true(bytes_is_nocase(bytes_str("Content-TYPE"), "content-type"));
	assert_false(bytes_is_nocase(bytes_str("a@"), "a`"));
	assert_false(bytes_equal(bytes_of("a\0b", 3), bytes_of("a\0c", 3)));
	char *copy = bytes_dup(bytes_of("abcdef", 3));
	assert_string_equal(copy, "abc");
	free(copy);
}

static void test_to_u64(void **state)
{
	(void)state;
	static const char *const bad[] = {
	        "", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616"};
	uint64_t n = 7;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(bytes_to_u64(bytes_str(bad[i]), &n));
	assert_int_equal(n, 7);
	assert_true(bytes_to_u64(bytes_str("18446744073709551615"), &n));
	assert_true(n == UINT64_MAX);
	assert_true(bytes_to_u64(bytes_str("007"), &n));
	assert_int_equal(n, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_append_and_consume),
	        cmocka_unit_test(test_printf_fits_exactly),
	        cmocka_unit_test(test_take),
	        cmocka_unit_test(test_bytes),
	        cmocka_unit_test(test_to_u64),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
