// SPDX-License-Identifier: Apache-2.0
// The table of Redis' errors, row by row, and the actions on a live link.
#include "server.h"

#include "../../../server/store/redis_link.h"

static const unsigned none = 0, unfit = DO_ALARM;

// What is to be done, decided apart from the code: reliability facts §3 and §4.
static const struct {
	const char *text; // as Redis writes it
	unsigned actions;
} wanted[] = {
        {"BUSY Redis is busy running a script. You can only call SCRIPT KILL", unfit},
        {"CLUSTERDOWN The cluster is down", unfit},
        {"CROSSSLOT Keys in request don't hash to the same slot", unfit},
        {"EXECABORT Transaction discarded because of previous errors.", none},
        {"LOADING Redis is loading the dataset in memory", DO_RECONNECT},
        {"MASTERDOWN Link with MASTER is down", DO_RECONNECT | DO_ASK},
        {"MISCONF Errors writing to the AOF file: No space left on device", unfit | DO_ASK},
        {"MOVED 3999 127.0.0.1:6381", unfit},
        {"NOAUTH Authentication required.", DO_RECONNECT | unfit},
        {"NOPERM this user has no permissions to run the 'evalsha' command", unfit},
        {"NOREPLICAS Not enough good replicas to write.", unfit | DO_ASK},
        {"NOSCRIPT No matching script. Please use EVAL.", DO_REPEAT},
        {"OOM command not allowed when used memory > 'maxmemory'.", unfit},
        {"READONLY You can't write against a read only replica.", DO_RECONNECT | DO_ASK},
        {"TRYAGAIN Multiple keys request during rehashing of slot", unfit},
        {"UNBLOCKED force unblock from blocking operation, instance state changed",
                DO_RECONNECT | DO_ASK},
        {"UNKILLABLE Sorry the script already executed write commands", unfit},
        {"WRONGPASS invalid username-password pair or user is disabled.", DO_RECONNECT | unfit},
        {"WRONGTYPE Operation against a key holding the wrong kind of value", none},
        {"ERR unknown command 'secret', with args beginning with: 'secret'", none},
};
#define WANTED (sizeof wanted / sizeof wanted[0])

static void test_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < WANTED; i++) {
		const struct redis_error *e = redis_error_of(wanted[i].text);
		size_t len = strlen(e->code);
		assert_memory_equal(wanted[i].text, e->code, len);
		assert_int_equal(wanted[i].text[len], ' ');
		assert_int_equal(e->actions, wanted[i].actions);
		assert_true(strlen(e->meaning) > 5 && strlen(e->kind) > 0);
	}
	// And no row without a line above.
	assert_non_null(redis_error_row(WANTED - 1));
	assert_null(redis_error_row(WANTED));
}

static void test_unknown_and_strange_texts(void **state)
{
	(void)state;
	static const char *const texts[] = {"", " ", "No code at all", "err lower", "WEIRD thing",
	        "TOOLONGTOBEACODEOFREDISWHICHHASONLYSHORTONES x", "READONLYX", "MOVED-ON"};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		assert_string_equal(redis_error_of(texts[i])->code, "ERR");
		assert_int_equal(redis_error_of(texts[i])->actions, 0);
	}
	// Ours, printed before, is understood again.
	struct buf out = {0};
	redis_error_print("NOSCRIPT No matching script.", &out);
	assert_int_equal(redis_error_of(buf_str(&out))->actions, DO_REPEAT);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_every_row),
	        cmocka_unit_test(test_unknown_and_strange_texts),
	};
	return cmocka_run_group_tests_name("store/redis_error", tests, NULL, NULL);
}
