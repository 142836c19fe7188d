// SPDX-License-Identifier: Apache-2.0
// UTF-8 checks and repair, with the examples of the Unicode standard.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define R        "\xEF\xBF\xBD"

static struct buf out;

static int clear(void **state)
{
	(void)state;
	buf_free(&out);
	return 0;
}

static void test_valid(void **state)
{
	(void)state;
	static const char *const good[] = {"", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80",
	        "\xED\x9F\xBF", "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"};
	static const char *const bad[] = {"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2 ",
	        "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
	        "\xF5\x80\x80\x80", "\xFF", "\xE2\x82"};
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(utf8_valid(bytes_str(good[i])));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(utf8_valid(bytes_str(bad[i])));
}

// Unicode 15, tables 3-8 to 3-11: how many U+FFFD stand for which bytes.
static void test_repair(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
	        {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", R R R R R R R R "A"},
	        {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", R R R R R R R R "A"},
	        {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", R R R R R "A" R R "B"},
	        {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", R R R R "A"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_clear(&out);
		assert_false(utf8_repair(bytes_str(cases[i][0]), &out));
		assert_string_equal(buf_str(&out), cases[i][1]);
	}
	buf_clear(&out);
	assert_true(utf8_repair(bytes_str("z\xC3\xBC \xF0\x9F\x98\x80"), &out));
	assert_string_equal(buf_str(&out), "z\xC3\xBC \xF0\x9F\x98\x80");
}

static void test_utf16(void **state)
{
	(void)state;
	assert_true(utf8_from_utf16be(bytes_of("\0a\0\xFC\x20\xAC\xD8\x3D\xDE\x00", 10), &out));
	assert_string_equal(buf_str(&out), "a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80");
	buf_clear(&out);
	assert_false(utf8_from_utf16be(bytes_of("\xD8\x3D\0a\xDE\x00\xD8\x3D", 8), &out));
	assert_string_equal(buf_str(&out), R "a" R R);
	buf_clear(&out);
	assert_false(utf8_from_utf16be(bytes_of("\0a\0", 3), &out));
	assert_string_equal(buf_str(&out), "a" R);
}

static void test_next(void **state)
{
	(void)state;
	struct bytes in = bytes_str("\xE2\x82\xAC\xE2\x82");
	size_t pos = 0;
	assert_int_equal(utf8_next(in, &pos), 0x20AC);
	assert_int_equal(pos, 3);
	assert_int_equal(utf8_next(in, &pos), 0xFFFD);
	assert_int_equal(pos, 5);
	assert_int_equal(utf8_next(in, &pos), 0xFFFD);
	assert_int_equal(pos, 5);
}

static void test_terminal(void **state)
{
	(void)state;
	utf8_for_terminal(
	        bytes_str("a\n\tb\x1b[2J\xC2\x9B\x7f\xE2\x80\xAE\xE2\x81\xA6\xE2\x80\xA8\xC3\xBC"),
	        &out);
	assert_string_equal(buf_str(&out), "a\n\tb" R "[2J" R R R R R "\xC3\xBC");
}

static void test_escape(void **state)
{
	(void)state;
	utf8_escape(
	        bytes_of("a\n\tb\x1b[2J\0\xC2\x9B\\\xFF\xE2\x80\xAE\xC3\xBC\xE2\x82", 20), &out);
	assert_string_equal(buf_str(&out),
	        "a\n\tb\\x1b[2J\\x00\\xc2\\x9b\\\\\\xff\\xe2\\x80\\xae\xC3\xBC\\xe2\\x82");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(test_valid, clear),
	        cmocka_unit_test_teardown(test_repair, clear),
	        cmocka_unit_test_teardown(test_utf16, clear),
	        cmocka_unit_test_teardown(test_next, clear),
	        cmocka_unit_test_teardown(test_terminal, clear),
	        cmocka_unit_test_teardown(test_escape, clear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
