// SPDX-License-Identifier: Apache-2.0
// The plain form of spooled records: read back as written, and nothing else is read at all.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs those four first.
#include <cmocka.h>

#include "flow/record.h"

static const char sample[] = "text with a NUL \0 inside";

static void write_sample(struct buf *out)
{
	record_begin(out, 3);
	record_put_bytes(out, bytes_of(sample, sizeof sample));
	record_put_int(out, INT64_MIN);
	record_put_bytes(out, bytes_str(""));
	record_put_int(out, 1795396938794);
}

// How much of the sample is right.
static bool read_sample(struct bytes record)
{
	struct record_reader r = record_read(record, 3);
	bool same = bytes_equal(record_bytes(&r), bytes_of(sample, sizeof sample));
	same &= record_int(&r) == INT64_MIN;
	same &= record_bytes(&r).len == 0;
	same &= record_int(&r) == 1795396938794;
	return record_end(&r) && same;
}

static void test_there_and_back(void **state)
{
	struct buf record = {0};
	(void)state;
	write_sample(&record);
	assert_true(read_sample(buf_bytes(&record)));
	buf_free(&record);
}

static void test_cut_anywhere(void **state)
{
	struct buf record = {0};
	(void)state;
	write_sample(&record);
	for (size_t len = 0; len < record.len; len++)
		assert_false(read_sample(bytes_of(record.data, len)));
	buf_append_char(&record, 0);
	assert_false(read_sample(buf_bytes(&record)));
	buf_free(&record);
}

static void test_another_version(void **state)
{
	struct buf record = {0};
	(void)state;
	write_sample(&record);
	struct record_reader r = record_read(buf_bytes(&record), 4);
	assert_int_equal(record_bytes(&r).len, 0);
	assert_int_equal(record_int(&r), 0);
	assert_false(record_end(&r));
	buf_free(&record);
}

static void test_a_length_that_is_too_long(void **state)
{
	static const uint8_t record[] = {3, 0xff, 0xff, 0xff, 0xff, 'x'};
	(void)state;
	struct record_reader r = record_read(bytes_of(record, sizeof record), 3);
	assert_int_equal(record_bytes(&r).len, 0);
	assert_false(record_end(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_there_and_back),
	        cmocka_unit_test(test_cut_anywhere),
	        cmocka_unit_test(test_another_version),
	        cmocka_unit_test(test_a_length_that_is_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
