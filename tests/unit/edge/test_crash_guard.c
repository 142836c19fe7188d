// SPDX-License-Identifier: Apache-2.0
// The crash guard: real processes that die in the middle of a request, and files that are not what
// they should be.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../server/edge/crash_guard.h"
#include "base/log.h"

static char folder[] = "/tmp/holdfast-guard-XXXXXX";
static char file[64];

// A fingerprint of its own for each number.
static const uint8_t *print_of(unsigned n)
{
	static uint8_t print[CRASH_GUARD_PRINT];
	memcpy(print, &n, sizeof n);
	return print;
}

static struct crash_guard *open_guard(void)
{
	struct buf error = {0};
	struct crash_guard *g = crash_guard_open(file, &error);
	if (!g)
		fail_msg("%s", buf_str(&error));
	return g;
}

// A process that is killed in that stage of handling a request.
static void die_in(const uint8_t *print, enum crash_stage stage)
{
	int status;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct buf error = {0};
		struct crash_guard *g = crash_guard_open(file, &error);
		if (!g)
			_exit(1);
		crash_guard_enter(g, print);
		crash_guard_stage(g, stage);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

// What a new life knows of it.
static unsigned known(const uint8_t *print, enum crash_stage *stage)
{
	struct crash_guard *g = open_guard();
	unsigned count = crash_guard_count(g, print, stage);
	crash_guard_close(g);
	return count;
}

static int set_up(void **state)
{
	(void)state;
	unlink(file);
	return 0;
}

static void test_a_crash_counts_with_its_stage(void **state)
{
	(void)state;
	enum crash_stage stage;
	assert_int_equal(known(print_of(1), &stage), 0);
	assert_int_equal(stage, CRASH_NONE);
	die_in(print_of(1), CRASH_PARSE);
	assert_int_equal(known(print_of(1), &stage), 1);
	assert_int_equal(stage, CRASH_PARSE);
	// Looking again is no crash.
	assert_int_equal(known(print_of(1), &stage), 1);
	die_in(print_of(1), CRASH_VERIFY);
	assert_int_equal(known(print_of(1), &stage), 2);
	assert_int_equal(stage, CRASH_VERIFY);
	assert_int_equal(known(print_of(2), &stage), 0);
}

static void test_handled_is_no_crash(void **state)
{
	(void)state;
	enum crash_stage stage;
	struct crash_guard *g = open_guard();
	crash_guard_enter(g, print_of(1));
	crash_guard_stage(g, CRASH_PARSE);
	crash_guard_leave(g);
	crash_guard_close(g);
	assert_int_equal(known(print_of(1), &stage), 0);
	die_in(print_of(1), CRASH_NONE);
	assert_int_equal(known(print_of(1), &stage), 0);
}

// Killed once in its middle, and well the next time: it was somebody else's fault.
static void test_one_that_survives_is_forgotten(void **state)
{
	(void)state;
	enum crash_stage stage;
	die_in(print_of(1), CRASH_PARSE);
	struct crash_guard *g = open_guard();
	crash_guard_enter(g, print_of(1));
	crash_guard_leave(g);
	assert_int_equal(crash_guard_count(g, print_of(1), &stage), 0);
	crash_guard_close(g);
	die_in(print_of(2), CRASH_PARSE);
	die_in(print_of(2), CRASH_PARSE);
	g = open_guard();
	crash_guard_enter(g, print_of(2));
	crash_guard_leave(g);
	assert_int_equal(crash_guard_count(g, print_of(2), &stage), CRASH_GUARD_MOST);
	crash_guard_close(g);
}

// A guard that is opened, set and closed is what a crash leaves, and quicker than one.
static void leave_set(unsigned n)
{
	struct crash_guard *g = open_guard();
	crash_guard_enter(g, print_of(n));
	crash_guard_close(g);
}

static void test_the_oldest_makes_room(void **state)
{
	(void)state;
	enum crash_stage stage;
	for (unsigned n = 0; n < 256; n++)
		leave_set(n);
	assert_int_equal(known(print_of(0), &stage), 1);
	leave_set(0);
	leave_set(256);
	leave_set(257);
	assert_int_equal(known(print_of(0), &stage), 2);
	assert_int_equal(known(print_of(1), &stage), 0);
	assert_int_equal(known(print_of(2), &stage), 0);
	assert_int_equal(known(print_of(3), &stage), 1);
	assert_int_equal(known(print_of(256), &stage), 1);
	assert_int_equal(known(print_of(257), &stage), 1);
}

static void write_file(const void *data, size_t len)
{
	int fd = open(file, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

static void test_foreign_and_torn_files(void **state)
{
	(void)state;
	enum crash_stage stage;
	struct stat whole, now;
	die_in(print_of(1), CRASH_PARSE);
	assert_int_equal(known(print_of(1), &stage), 1);
	assert_int_equal(stat(file, &whole), 0);
	assert_int_equal(truncate(file, whole.st_size / 2), 0);
	assert_int_equal(known(print_of(1), &stage), 0);
	assert_int_equal(stat(file, &now), 0);
	assert_int_equal(now.st_size, whole.st_size);
	// Of the right size, and somebody else's; then chance behind the right beginning.
	uint8_t *noise = xcalloc(1, (size_t)whole.st_size);
	memset(noise, 0xa5, (size_t)whole.st_size);
	write_file(noise, (size_t)whole.st_size);
	assert_int_equal(known(print_of(1), &stage), 0);
	int fd = open(file, O_RDWR);
	assert_int_equal(pwrite(fd, noise, (size_t)whole.st_size - 12, 12), whole.st_size - 12);
	close(fd);
	assert_int_equal(known(print_of(1), &stage), 0);
	die_in(print_of(1), CRASH_PARSE);
	assert_int_equal(known(print_of(1), &stage), 1);
	free(noise);
}

static void test_one_process_at_a_time(void **state)
{
	(void)state;
	struct buf error = {0};
	enum crash_stage stage;
	struct crash_guard *g = open_guard();
	assert_null(crash_guard_open(file, &error));
	assert_non_null(strstr(buf_str(&error), "another process"));
	buf_clear(&error);
	crash_guard_close(g);
	assert_null(crash_guard_open("/nonexistent/parsing", &error));
	assert_non_null(strstr(buf_str(&error), "No such file"));
	buf_free(&error);
	// Without one there is nothing to know, and nothing breaks.
	crash_guard_enter(NULL, print_of(1));
	crash_guard_stage(NULL, CRASH_PARSE);
	crash_guard_leave(NULL);
	assert_int_equal(crash_guard_count(NULL, print_of(1), &stage), 0);
	crash_guard_close(NULL);
}

static int make_folder(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof file, "%s/parsing", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(folder);
}

#define TEST(fn) cmocka_unit_test_setup(fn, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_a_crash_counts_with_its_stage),
	        TEST(test_handled_is_no_crash),
	        TEST(test_one_that_survives_is_forgotten),
	        TEST(test_the_oldest_makes_room),
	        TEST(test_foreign_and_torn_files),
	        TEST(test_one_process_at_a_time),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
