// SPDX-License-Identifier: Apache-2.0
// Replies in pieces, and replies that must not be believed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../../../server/store/redis_reply.h"
#include "base/mem.h"

static void test_every_cut_gives_the_same(void **state)
{
	(void)state;
	static const char wire[] = "*4\r\n$3\r\na\0b\r\n:-7\r\n$-1\r\n*1\r\n+OK\r\n-ERR no\r\n";
	size_t len = sizeof wire - 1;
	for (size_t cut = 0; cut <= len; cut++) {
		struct reply_reader *reader = reply_reader_new();
		struct redis_reply *r = NULL, *error = NULL;
		assert_true(reply_feed(reader, bytes_of(wire, cut)));
		assert_true(reply_next(reader, &r));
		assert_true(reply_feed(reader, bytes_of(wire + cut, len - cut)));
		if (!r)
			assert_true(reply_next(reader, &r));
		assert_non_null(r);
		assert_int_equal(redis_count(r), 4);
		assert_memory_equal(redis_bytes(redis_at(r, 0)).data, "a\0b", 4);
		assert_int_equal(redis_integer(redis_at(r, 1)), -7);
		assert_int_equal(redis_type(redis_at(r, 2)), REDIS_NIL);
		assert_true(bytes_is(redis_bytes(redis_at(redis_at(r, 3), 0)), "OK"));
		assert_null(reply_error(r));
		assert_true(reply_next(reader, &error));
		assert_string_equal(reply_error(error), "ERR no");
		reply_free(r);
		reply_free(error);
		reply_reader_free(reader);
	}
}

static void refused(const char *wire, const char *why)
{
	struct reply_reader *reader = reply_reader_new();
	struct redis_reply *r = NULL;
	bool good = reply_feed(reader, bytes_str(wire)) && reply_next(reader, &r);
	assert_false(good);
	assert_null(r);
	assert_string_equal(reply_reader_error(reader), why);
	reply_reader_free(reader);
}

static void test_lies_are_refused_before_they_cost(void **state)
{
	(void)state;
	refused("*1048577\r\n", "a reply has too many values");
	refused("*2147483647\r\n", "a reply has too many values");
	refused("*1000000\r\n*1000000\r\n", "a reply has too many values");
	refused("HTTP/1.1 400 Bad Request\r\n", "the peer does not speak RESP");
	refused("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
	        "the peer does not speak RESP");
}

static void test_a_reply_without_end_is_refused(void **state)
{
	(void)state;
	struct reply_reader *reader = reply_reader_new();
	struct redis_reply *r = NULL;
	char *piece = xcalloc(1, REPLY_FEED_MAX);
	size_t fed = 0;
	memset(piece, 'x', REPLY_FEED_MAX);
	assert_true(reply_feed(reader, bytes_str("$2000000000\r\n")));
	while (fed <= REPLY_BYTES_MAX && reply_feed(reader, bytes_of(piece, REPLY_FEED_MAX))) {
		fed += REPLY_FEED_MAX;
		assert_true(reply_next(reader, &r));
		assert_null(r);
	}
	assert_true(fed > REPLY_BYTES_MAX - 2 * REPLY_FEED_MAX && fed <= REPLY_BYTES_MAX);
	assert_string_equal(reply_reader_error(reader), "a reply is too large");
	free(piece);
	reply_reader_free(reader);
}

// The bound is for one reply, not for the life of the connection.
static void test_many_replies_pass(void **state)
{
	(void)state;
	struct reply_reader *reader = reply_reader_new();
	struct redis_reply *r = NULL;
	static const char wire[] = "*3\r\n:1\r\n:2\r\n:3\r\n";
	for (size_t i = 0; i < REPLY_VALUES_MAX / 2; i++) {
		assert_true(reply_feed(reader, bytes_str(wire)));
		assert_true(reply_next(reader, &r));
		assert_non_null(r);
		reply_free(r);
	}
	reply_reader_free(reader);
}

static void test_commands(void **state)
{
	(void)state;
	struct buf out = {0};
	struct bytes parts[] = {bytes_str("SET"), bytes_of("a\0\r\n", 4), {NULL, 0}};
	static const char wire[] = "*3\r\n$3\r\nSET\r\n$4\r\na\0\r\n\r\n$0\r\n\r\n";
	assert_true(reply_format(3, parts, &out));
	assert_int_equal(out.len, sizeof wire - 1);
	assert_memory_equal(out.data, wire, out.len);
	// Never read: the length alone is too much.
	parts[1].len = REPLY_BYTES_MAX + 1;
	assert_false(reply_format(3, parts, &out));
	parts[1].len = SIZE_MAX;
	assert_false(reply_format(3, parts, &out));
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_every_cut_gives_the_same),
	        cmocka_unit_test(test_lies_are_refused_before_they_cost),
	        cmocka_unit_test(test_a_reply_without_end_is_refused),
	        cmocka_unit_test(test_many_replies_pass),
	        cmocka_unit_test(test_commands),
	};
	return cmocka_run_group_tests_name("store/redis_reply", tests, NULL, NULL);
}
