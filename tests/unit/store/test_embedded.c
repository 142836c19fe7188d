// SPDX-License-Identifier: Apache-2.0
// The private redis-server: start, stop, death, the lock, and what it says when it cannot start.
#include "server.h"

#include <poll.h>

#include "store/embedded.h"

static int set_up(void **state)
{
	struct link *k = xcalloc(1, sizeof *k);
	link_init(k);
	*state = k;
	return 0;
}

static int tear_down(void **state)
{
	link_end(*state);
	free(*state);
	return 0;
}

static struct embedded *start_in(struct link *k, const char *dir)
{
	struct buf error = {0};
	struct embedded *e = embedded_start(k->loop, dir, &error);
	if (!e)
		fail_msg("%s", buf_str(&error));
	buf_free(&error);
	return e;
}

static struct embedded *start(struct link *k)
{
	return start_in(k, k->dir);
}

static void start_fails(struct link *k, const char *dir, const char *part)
{
	struct buf error = {0};
	assert_null(embedded_start(k->loop, dir, &error));
	if (!strstr(buf_str(&error), part))
		fail_msg("\"%s\" is not in \"%s\"", part, buf_str(&error));
	buf_free(&error);
}

static pid_t pid_of(const struct link *k)
{
	char path[128];
	int pid = 0;
	snprintf(path, sizeof path, "%s/redis.pid", k->dir);
	FILE *f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid;
}

// A zombie that nobody has reaped yet has no program any more.
static bool is_running(pid_t pid)
{
	char path[64], program[8];
	snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
	return readlink(path, program, sizeof program) > 0;
}

static void test_passes_the_check(void **state)
{
	struct link *k = *state;
	struct stat st;
	struct embedded *e = start(k);
	k->redis = link_open(k, false);
	UNTIL(k, k->up == 1);
	assert_int_equal(k->refused, 0);
	assert_int_equal(stat(k->socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	embedded_stop(e);
	UNTIL(k, k->down == 1);
	assert_int_equal(pid_of(k), 0);
}

static void test_state_stays(void **state)
{
	struct link *k = *state;
	struct outcome o = {0};
	struct embedded *e = start(k);
	k->redis = link_open(k, false);
	UNTIL(k, k->up == 1);
	assert_int_equal(ask(k, "SET k kept", &o), REDIS_OK);
	embedded_stop(e);
	UNTIL(k, k->down == 1);
	e = start(k);
	UNTIL(k, k->up == 2);
	assert_int_equal(ask(k, "GET k", &o), REDIS_OK);
	assert_string_equal(o.text, "kept");
	embedded_stop(e);
}

static void test_restarts_after_kill(void **state)
{
	struct link *k = *state;
	struct outcome o = {0};
	struct embedded *e = start(k);
	k->redis = link_open(k, false);
	UNTIL(k, k->up == 1);
	for (int round = 1; round <= 3; round++) {
		pid_t old = pid_of(k);
		assert_true(old > 0);
		assert_int_equal(ask(k, "INCR n", &o), REDIS_OK);
		assert_int_equal(o.integer, round);
		kill(old, SIGKILL);
		UNTIL(k, k->down == round);
		UNTIL(k, k->up == round + 1);
		assert_int_not_equal(pid_of(k), old);
	}
	embedded_stop(e);
}

// The owner dies by kill -9: its server ends by itself, and the next start waits for that.
static void test_waits_for_the_orphan(void **state)
{
	struct link *k = *state;
	struct outcome o = {0};
	int ready[2];
	char byte;
	assert_int_equal(pipe(ready), 0);
	pid_t owner = fork();
	if (owner == 0) {
		struct buf error = {0};
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		byte = embedded_start(loop_new(clock_system()), k->dir, &error) ? 'y' : 'n';
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_int_equal(byte, 'y');
	pid_t orphan = pid_of(k);
	// Stopped, it cannot end: the lock has to hold the next one back.
	kill(orphan, SIGSTOP);
	kill(owner, SIGKILL);
	waitpid(owner, NULL, 0);
	pid_t helper = fork();
	if (helper == 0) {
		poll(NULL, 0, 300); // how long the orphan takes to end
		kill(orphan, SIGCONT);
		_exit(0);
	}
	int64_t before = true_ms();
	struct embedded *e = start(k);
	assert_true(true_ms() - before >= 250);
	waitpid(helper, NULL, 0);
	assert_int_not_equal(pid_of(k), orphan);
	assert_false(is_running(orphan));
	k->redis = link_open(k, false);
	UNTIL(k, k->up == 1);
	assert_int_equal(ask(k, "PING", &o), REDIS_OK);
	embedded_stop(e);
}

static void test_only_one_on_a_folder(void **state)
{
	struct link *k = *state;
	struct embedded *e = start(k);
	pid_t pid = pid_of(k);
	k->step_ms = 500;
	start_fails(k, k->dir, "another server is running on /tmp/holdfast-store.");
	k->step_ms = 0;
	// The refused one must not have touched the files of the first.
	assert_int_equal(pid_of(k), pid);
	assert_true(is_running(pid));
	embedded_stop(e);
}

static void write_text(const struct link *k, const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", k->dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void test_says_why_it_cannot_start(void **state)
{
	struct link *k = *state;
	char dir[256];
	snprintf(dir, sizeof dir, "%s/%0100d", k->dir, 0);
	start_fails(k, dir, "a unix socket may have 107");
	start_fails(k, "/proc/nowhere", "cannot make the folder /proc/nowhere");
	char *path = xstrdup(getenv("PATH"));
	setenv("PATH", "/nowhere", 1);
	start_fails(k, k->dir, "redis-server is not installed: apt-get install redis-server");
	write_text(k, "redis-server", "no program\n");
	snprintf(dir, sizeof dir, "%s/redis-server", k->dir);
	assert_int_equal(chmod(dir, 0700), 0);
	setenv("PATH", k->dir, 1);
	start_fails(k, k->dir, "/redis-server: Exec format error");
	setenv("PATH", path, 1);
	free(path);
}

static void test_odd_folder_names(void **state)
{
	struct link *k = *state;
	char odd[128];
	snprintf(odd, sizeof odd, "%s/a \"b\" \\c", k->dir);
	embedded_stop(start_in(k, odd));
}

static void test_broken_files_are_named(void **state)
{
	struct link *k = *state;
	embedded_stop(start(k));
	write_text(k, "appendonlydir/appendonly.aof.manifest", "not a manifest\n");
	start_fails(k, k->dir, "redis-server ended with 1; ");
	start_fails(k, k->dir, "/redis.log says why");
}

#define DIR_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        DIR_TEST(test_passes_the_check),
	        DIR_TEST(test_state_stays),
	        DIR_TEST(test_restarts_after_kill),
	        DIR_TEST(test_waits_for_the_orphan),
	        DIR_TEST(test_only_one_on_a_folder),
	        DIR_TEST(test_says_why_it_cannot_start),
	        DIR_TEST(test_odd_folder_names),
	        DIR_TEST(test_broken_files_are_named),
	};
	return cmocka_run_group_tests_name("store/embedded", tests, NULL, NULL);
}
