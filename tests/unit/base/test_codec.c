// SPDX-License-Identifier: Apache-2.0
// Wire encodings and identifiers, good and hostile.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/codec.h"
#include "base/id.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct buf out;

static int clear(void **state)
{
	(void)state;
	buf_free(&out);
	return 0;
}

static const char *text(void)
{
	return buf_str(&out);
}

static void test_hex(void **state)
{
	(void)state;
	hex_encode(bytes_of("\x00\xff\x1a", 3), &out);
	assert_string_equal(text(), "00ff1a");
	buf_clear(&out);
	assert_true(hex_decode(bytes_str("00fF1a"), &out));
	assert_true(bytes_equal(buf_bytes(&out), bytes_of("\x00\xff\x1a", 3)));
	static const char *const bad[] = {"0", "0g", "00 11", "00:11", "0011 "};
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(hex_decode(bytes_str(bad[i]), &out));
	assert_true(hex_decode(bytes_str(""), &out));
}

static void test_base64(void **state)
{
	(void)state;
	static const char *const vectors[][2] = {// RFC 4648 §10
	        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
	        {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
	for (size_t i = 0; i < COUNT(vectors); i++) {
		buf_clear(&out);
		base64_encode(bytes_str(vectors[i][0]), &out);
		assert_string_equal(text(), vectors[i][1]);
		buf_clear(&out);
		assert_true(base64_decode(bytes_str(vectors[i][1]), &out));
		assert_string_equal(text(), vectors[i][0]);
	}
	static const char *const bad[] = {
	        "Zg", "Zg=", "Zh==", "Zg==\n", "Z g=", "Zg==Zg==", "-_-_", "=", "\x80\x80\x80\x80"};
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(base64_decode(bytes_str(bad[i]), &out));
	buf_clear(&out);
	base64url_encode(bytes_of("\xfb\xff", 2), &out);
	assert_string_equal(text(), "-_8");
}

static void test_percent(void **state)
{
	(void)state;
	percent_encode(bytes_of("aZ9-._~ +/\0\xe2", 12), &out);
	assert_string_equal(text(), "aZ9-._~%20%2B%2F%00%E2");
	buf_clear(&out);
	assert_true(percent_decode(bytes_str("a+%2b%7E"), true, &out));
	assert_string_equal(text(), "a +~");
	buf_clear(&out);
	assert_true(percent_decode(bytes_str("a+"), false, &out));
	assert_string_equal(text(), "a+");
	static const char *const bad[] = {"%", "%1", "a%g0", "%0g", "%%20"};
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(percent_decode(bytes_str(bad[i]), true, &out));
}

static bool list_pair(struct bytes name, struct bytes value, void *arg)
{
	struct buf *list = arg;
	buf_append_bytes(list, name);
	buf_append_char(list, '|');
	buf_append_bytes(list, value);
	buf_append_char(list, ';');
	return !bytes_is(name, "stop");
}

static void test_form(void **state)
{
	(void)state;
	assert_true(form_parse(bytes_str("a=1&&b=x+y%26&a=&c&=v&d=e=f"), 6, list_pair, &out));
	assert_string_equal(text(), "a|1;b|x y&;a|;c|;|v;d|e=f;");
	assert_false(form_parse(bytes_str("a=1&b=2&c=3"), 2, list_pair, &out));
	assert_false(form_parse(bytes_str("a=%4"), 9, list_pair, &out));
	assert_false(form_parse(bytes_str("%zz=1"), 9, list_pair, &out));
	buf_clear(&out);
	assert_false(form_parse(bytes_str("stop=1&b=2"), 9, list_pair, &out));
	assert_string_equal(text(), "stop|1;");
	assert_true(form_parse((struct bytes){0}, 0, list_pair, &out));
}

static void test_form_get_and_add(void **state)
{
	(void)state;
	struct bytes in = bytes_str("From=%2B15005550001&Body=a+b&Body=c&bad=%q");
	assert_true(form_get(in, "From", &out));
	assert_string_equal(text(), "+15005550001");
	buf_clear(&out);
	assert_true(form_get(in, "Body", &out));
	assert_string_equal(text(), "a b");
	assert_false(form_get(in, "bad", &out));
	assert_false(form_get(in, "none", &out));
	buf_clear(&out);
	form_add(&out, "to", bytes_str("+15005550002"));
	form_add(&out, "text", bytes_str("a & b"));
	assert_string_equal(text(), "to=%2B15005550002&text=a%20%26%20b");
}

static void test_id(void **state)
{
	(void)state;
	char a[ID_LEN + 1], b[ID_LEN + 1];
	char highest = '0';
	for (int i = 0; i < 1000; i++) {
		id_new(a);
		id_new(b);
		assert_int_equal(strlen(a), ID_LEN);
		assert_true(id_valid(bytes_str(a)));
		assert_string_not_equal(a, b);
		highest = a[0] > highest ? a[0] : highest;
	}
	assert_int_equal(highest, '7'); // all 128 bits are used
	a[3] = 'u';
	assert_false(id_valid(bytes_str(a)));
	b[0] = '8';
	assert_false(id_valid(bytes_str(b)));
	assert_false(id_valid(bytes_of("0\0"
	                               "0000000000000000000000000",
	        ID_LEN)));
	assert_false(id_valid(bytes_str("0000")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(test_hex, clear),
	        cmocka_unit_test_teardown(test_base64, clear),
	        cmocka_unit_test_teardown(test_percent, clear),
	        cmocka_unit_test_teardown(test_form, clear),
	        cmocka_unit_test_teardown(test_form_get_and_add, clear),
	        cmocka_unit_test(test_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
