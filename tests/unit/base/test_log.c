// SPDX-License-Identifier: Apache-2.0
// Log lines as they reach stderr, and time as text.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

static int pipe_read, saved_stderr;
static char line[8192];

static int redirect(void **state)
{
	(void)state;
	int ends[2];
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	saved_stderr = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	pipe_read = ends[0];
	return 0;
}

static int restore(void **state)
{
	(void)state;
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(pipe_read);
	log_set_level(LOG_INFO);
	return 0;
}

static const char *logged(void)
{
	ssize_t n = read(pipe_read, line, sizeof line - 1);
	line[n > 0 ? n : 0] = '\0';
	return line;
}

static void test_one_line(void **state)
{
	(void)state;
	log_warn("event=test text=%s", "a\nb\rc\x7f");
	const char *s = logged();
	assert_memory_equal(s, "ts=20", 5);
	assert_string_equal(s + strlen("ts=2026-11-22T03:00:00.123Z"),
	        " level=warn event=test text=a\\nb\\x0dc\\x7f\n");
}

static void test_bounded(void **state)
{
	(void)state;
	char big[5000];
	memset(big, '\n', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	log_info("event=big x=%s", big);
	const char *s = logged();
	assert_in_range(strlen(s), 2040, 2048);
	assert_ptr_equal(strchr(s, '\n'), s + strlen(s) - 1);
}

static void test_level(void **state)
{
	(void)state;
	enum log_level level;
	log_debug("event=quiet");
	assert_string_equal(logged(), "");
	assert_true(log_level_from_name("debug", &level));
	assert_false(log_level_from_name("loud", &level));
	log_set_level(level);
	log_debug("event=heard");
	assert_non_null(strstr(logged(), "level=debug event=heard\n"));
}

static void test_quote(void **state)
{
	(void)state;
	char out[200], long_value[400];
	assert_string_equal(log_quote(out, "plain"), "plain");
	assert_string_equal(log_quote(out, ""), "\"\"");
	assert_string_equal(log_quote(out, "a b\"\\\n"), "\"a b\\\"\\\\\\n\"");
	memset(long_value, '\x01', sizeof long_value - 1);
	long_value[sizeof long_value - 1] = '\0';
	assert_in_range(strlen(log_quote(out, long_value)), 190, 199);
	assert_int_equal(out[strlen(out) - 1], '"');
}

static void test_number(void **state)
{
	(void)state;
	char out[16];
	assert_string_equal(log_number(out, "+15005550001"), "+15…01");
	assert_string_equal(log_number(out, "741"), "…41");
	assert_string_equal(log_number(out, ""), "…");
}

static void test_clock_format(void **state)
{
	(void)state;
	char out[25];
	clock_format(INT64_C(1795316400007), out);
	assert_string_equal(out, "2026-11-22T03:00:00.007Z");
	clock_format(-1, out);
	assert_string_equal(out, "1970-01-01T00:00:00.000Z");
	clock_format(INT64_MAX, out);
	assert_string_equal(out, "9999-12-31T23:59:59.999Z");
	int64_t before = clock_mono_ms(clock_system());
	assert_true(clock_mono_ms(clock_system()) >= before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_one_line, redirect, restore),
	        cmocka_unit_test_setup_teardown(test_bounded, redirect, restore),
	        cmocka_unit_test_setup_teardown(test_level, redirect, restore),
	        cmocka_unit_test(test_quote),
	        cmocka_unit_test(test_number),
	        cmocka_unit_test(test_clock_format),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
