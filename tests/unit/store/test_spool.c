// SPDX-License-Identifier: Apache-2.0
// The spool on a real disk with its real lane, and the disk behind it.

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/spool.h"

#include "../../../server/store/crc32c.h"

enum { LIMIT = 64 * 1024 * 1024, DEADLINE_MS = 20000 };

struct outcome {
	int yes, no;
};

struct fixture {
	struct loop *loop;
	char root[64];
	char dir[80];
	struct spool *spool;
	struct outcome seen;
	uint64_t damaged;
	char damaged_file[64];
};

static void on_damaged(const char *file, uint64_t records, void *arg)
{
	struct fixture *f = arg;
	f->damaged += records;
	snprintf(f->damaged_file, sizeof(f->damaged_file), "%s", file);
}

static struct spool *try_open(struct fixture *f, uint64_t limit, struct buf *error)
{
	struct spool_events events = {on_damaged, f};
	return spool_open(f->loop, disk_system(), f->dir, limit, &events, error);
}

static void open_spool(struct fixture *f, uint64_t limit)
{
	struct buf error = {0};
	f->spool = try_open(f, limit, &error);
	if (!f->spool)
		fail_msg("%s", buf_str(&error));
	buf_free(&error);
}

static void close_spool(struct fixture *f)
{
	spool_close(f->spool);
	f->spool = NULL;
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	snprintf(f->root, sizeof(f->root), "/tmp/holdfast-spool-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	snprintf(f->dir, sizeof(f->dir), "%s/spool", f->root);
	f->loop = loop_new(clock_system());
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	close_spool(f);
	loop_free(f->loop);
	char command[160];
	snprintf(command, sizeof(command), "rm -rf %s", f->root);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void on_append(bool on_disk, void *arg)
{
	struct outcome *o = arg;
	*(on_disk ? &o->yes : &o->no) += 1;
}

static void append(struct fixture *f, const char *text)
{
	spool_append(f->spool, 1, 1000 + f->seen.yes, bytes_str(text), on_append, &f->seen);
}

static void turn_until_seen(struct fixture *f, int count)
{
	int64_t deadline = loop_mono_ms(f->loop) + DEADLINE_MS;
	while (f->seen.yes + f->seen.no < count && loop_mono_ms(f->loop) < deadline)
		loop_turn(f->loop, 10);
	assert_int_equal(f->seen.yes + f->seen.no, count);
}

static void append_numbers(struct fixture *f, int from, int to)
{
	int before = f->seen.yes + f->seen.no;
	for (int i = from; i < to; i++) {
		char text[32];
		snprintf(text, sizeof(text), "text %d", i);
		append(f, text);
	}
	turn_until_seen(f, before + to - from);
}

static uint64_t expect_number(struct fixture *f, uint64_t after, int number)
{
	struct spool_record r;
	char text[32];
	snprintf(text, sizeof(text), "text %d", number);
	assert_true(spool_next(f->spool, after, &r));
	assert_true(r.sequence > after);
	assert_int_equal(r.kind, 1);
	assert_true(bytes_is(r.payload, text));
	return r.sequence;
}

static struct spool_state state_of(const struct fixture *f)
{
	struct spool_state state;
	spool_state(f->spool, &state);
	return state;
}

// The segment files, by name; returns how many.
static int segments(const struct fixture *f, char names[][64], int max)
{
	char command[160], line[64];
	int count = 0;
	snprintf(command, sizeof(command), "cd %s && ls | grep '\\.seg$'", f->dir);
	FILE *ls = popen(command, "r");
	while (fgets(line, sizeof(line), ls)) {
		line[strcspn(line, "\n")] = 0;
		assert_true(count < max);
		snprintf(names[count++], 64, "%s", line);
	}
	pclose(ls);
	return count;
}

static void turn_until_segments(struct fixture *f, int count)
{
	char names[64][64];
	int64_t deadline = loop_mono_ms(f->loop) + DEADLINE_MS;
	int now;
	// Looked at once: a spare one is made, and put away, at any time.
	while ((now = segments(f, names, 64)) != count && loop_mono_ms(f->loop) < deadline)
		loop_turn(f->loop, 20);
	assert_int_equal(now, count);
}

static int open_segment(const struct fixture *f, int which)
{
	char names[64][64], path[160];
	assert_true(segments(f, names, 64) > which);
	snprintf(path, sizeof(path), "%s/%s", f->dir, names[which]);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

// Changes one bit of the first occurrence of a text in a segment.
static void flip(const struct fixture *f, int which, const char *text)
{
	static uint8_t file[4 * 1024 * 1024];
	int fd = open_segment(f, which);
	ssize_t n = pread(fd, file, sizeof(file), 0);
	assert_true(n > 0);
	uint8_t *at = memmem(file, (size_t)n, text, strlen(text));
	assert_non_null(at);
	*at ^= 1;
	assert_int_equal(pwrite(fd, at, 1, at - file), 1);
	close(fd);
}

static bool file_exists(const struct fixture *f, const char *pattern)
{
	char command[200];
	snprintf(command, sizeof(command), "ls %s | grep -q '%s'", f->dir, pattern);
	return system(command) == 0;
}

static void crc_is_castagnoli(void **state)
{
	(void)state;
	uint8_t zeros[32] = {0};
	assert_int_equal(crc32c(0, bytes_str("123456789")), 0xe3069283);
	assert_int_equal(crc32c(0, bytes_of(zeros, 32)), 0x8a9136aa); // RFC 3720 B.4
	for (size_t cut = 0; cut <= 9; cut++) {
		uint32_t front = crc32c(0, bytes_of("123456789", cut));
		assert_int_equal(crc32c(front, bytes_str("123456789" + cut)), 0xe3069283);
	}
}

static void records_come_back_in_order_also_after_a_restart(void **state)
{
	struct fixture *f = *state;
	open_spool(f, LIMIT);
	struct spool_record none;
	assert_false(spool_next(f->spool, 0, &none));
	append_numbers(f, 0, 100);
	assert_int_equal(f->seen.yes, 100);
	assert_int_equal(state_of(f).records, 100);
	assert_int_equal(state_of(f).oldest_ms, 1000);
	for (int life = 0; life < 3; life++) {
		uint64_t at = 0;
		for (int i = 0; i < 100; i++)
			at = expect_number(f, at, i);
		assert_false(spool_next(f->spool, at, &none));
		close_spool(f);
		open_spool(f, LIMIT);
	}
	assert_int_equal(f->damaged, 0);
	assert_string_equal(state_of(f).error, "");
}

static void what_is_done_is_gone_and_its_room_too(void **state)
{
	struct fixture *f = *state;
	open_spool(f, LIMIT);
	append_numbers(f, 0, 10);
	uint64_t at = expect_number(f, 0, 0);
	uint64_t last = at + 9;
	for (uint64_t i = at; i < last; i++)
		spool_done(f->spool, i);
	spool_done(f->spool, at);
	spool_done(f->spool, last + 100);
	assert_int_equal(state_of(f).records, 1);
	assert_int_equal(expect_number(f, 0, 9), last);
	spool_done(f->spool, last);
	assert_int_equal(state_of(f).records, 0);
	assert_int_equal(state_of(f).oldest_ms, 0);
	turn_until_segments(f, 1);
	append_numbers(f, 10, 11);
	assert_true(expect_number(f, 0, 10) > last);
}

static void sequences_go_on_after_an_empty_spool_was_closed(void **state)
{
	struct fixture *f = *state;
	uint64_t last = 0;
	for (int life = 0; life < 4; life++) {
		open_spool(f, LIMIT);
		append_numbers(f, life, life + 1);
		uint64_t at = expect_number(f, 0, life);
		assert_true(at > last);
		last = at;
		spool_done(f->spool, at);
		close_spool(f);
	}
	open_spool(f, LIMIT);
	assert_int_equal(state_of(f).records, 0);
}

static void closing_waits_for_what_was_appended(void **state)
{
	struct fixture *f = *state;
	open_spool(f, LIMIT);
	for (int i = 0; i < 50; i++)
		append(f, "on its way");
	close_spool(f);
	assert_int_equal(f->seen.yes, 50);
	open_spool(f, LIMIT);
	assert_int_equal(state_of(f).records, 50);
}

static void a_second_process_is_refused(void **state)
{
	struct fixture *f = *state;
	struct buf error = {0};
	open_spool(f, LIMIT);
	assert_null(try_open(f, LIMIT, &error));
	assert_non_null(strstr(buf_str(&error), "in use"));
	close_spool(f);
	open_spool(f, LIMIT);
	buf_free(&error);
}

// Operators put the spool on a disk of its own this way.
static void the_folder_may_be_a_link(void **state)
{
	struct fixture *f = *state;
	char target[80];
	snprintf(target, sizeof(target), "%s/elsewhere", f->root);
	assert_int_equal(mkdir(target, 0700), 0);
	assert_int_equal(symlink("elsewhere", f->dir), 0);
	open_spool(f, LIMIT);
	append_numbers(f, 0, 1);
	assert_int_equal(f->seen.yes, 1);
}

static void the_folder_is_nobody_elses(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char names[4][64];
	open_spool(f, LIMIT);
	assert_int_equal(stat(f->dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(segments(f, names, 4), 1);
	int fd = open_segment(f, 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, 4 * 1024 * 1024);
	assert_true((uint64_t)st.st_blocks * 512 >= (uint64_t)st.st_size);
	close(fd);
}

static void a_flipped_bit_is_put_aside_and_told(void **state)
{
	struct fixture *f = *state;
	open_spool(f, LIMIT);
	append_numbers(f, 100, 110);
	append_numbers(f, 110, 111);
	close_spool(f);
	flip(f, 0, "text 104");
	open_spool(f, LIMIT);
	assert_int_equal(f->damaged, 1);
	assert_int_equal(state_of(f).damaged, 1);
	assert_int_equal(state_of(f).records, 10);
	assert_true(file_exists(f, "damaged"));
	uint64_t at = 0;
	for (int i = 100; i < 111; i++)
		at = i == 104 ? at : expect_number(f, at, i);
}

static void a_bit_that_flips_later_is_found_on_the_way_out(void **state)
{
	struct fixture *f = *state;
	open_spool(f, LIMIT);
	append_numbers(f, 100, 103);
	flip(f, 0, "text 101");
	uint64_t at = expect_number(f, 0, 100);
	at = expect_number(f, at, 102);
	assert_int_equal(f->damaged, 1);
	assert_int_equal(state_of(f).records, 2);
	close_spool(f);
	assert_true(file_exists(f, "damaged"));
}

static void a_torn_tail_is_nobodys_loss(void **state)
{
	struct fixture *f = *state;
	open_spool(f, LIMIT);
	append_numbers(f, 100, 105);
	close_spool(f);
	flip(f, 0, "text 104");
	open_spool(f, LIMIT);
	assert_int_equal(state_of(f).records, 4);
	assert_int_equal(f->damaged, 0);
}

// As the tag of one sealed text in 256 does.
static void a_last_record_may_end_with_zeros(void **state)
{
	struct fixture *f = *state;
	struct spool_record r;
	static const uint8_t payload[12] = {'t', 'e', 'x', 't'};
	open_spool(f, LIMIT);
	spool_append(f->spool, 1, 1000, bytes_of(payload, sizeof(payload)), on_append, &f->seen);
	turn_until_seen(f, 1);
	close_spool(f);
	open_spool(f, LIMIT);
	assert_int_equal(state_of(f).records, 1);
	assert_true(spool_next(f->spool, 0, &r));
	assert_true(bytes_equal(r.payload, bytes_of(payload, sizeof(payload))));
}

static void what_a_reader_refuses_is_kept_beside(void **state)
{
	struct fixture *f = *state;
	open_spool(f, LIMIT);
	append_numbers(f, 100, 103);
	uint64_t at = expect_number(f, 0, 100);
	spool_put_aside(f->spool, at);
	at = expect_number(f, 0, 101);
	spool_done(f->spool, at);
	spool_done(f->spool, expect_number(f, at, 102));
	close_spool(f);
	char command[160];
	snprintf(command, sizeof(command), "grep -q 'text 100' %s/*.refused", f->dir);
	assert_int_equal(system(command), 0);
	open_spool(f, LIMIT);
	assert_int_equal(state_of(f).records, 0);
}

static void a_large_spool_goes_through_many_segments(void **state)
{
	struct fixture *f = *state;
	enum { COUNT = 100 };
	char *text = xcalloc(1, SPOOL_PAYLOAD_MAX + 2);
	open_spool(f, LIMIT);
	memset(text, 'x', SPOOL_PAYLOAD_MAX + 1);
	append(f, text);
	turn_until_seen(f, 1);
	assert_int_equal(f->seen.no, 1);
	text[SPOOL_PAYLOAD_MAX] = 0;
	for (int i = 0; i < COUNT; i++) {
		append(f, text);
		if (i % 20 == 19)
			turn_until_seen(f, i + 2);
	}
	assert_int_equal(f->seen.yes, COUNT);
	close_spool(f);
	open_spool(f, LIMIT);
	assert_int_equal(state_of(f).records, COUNT);
	struct spool_record r = {0};
	for (int i = 0; i < COUNT; i++) {
		assert_true(spool_next(f->spool, r.sequence, &r));
		assert_int_equal(r.payload.len, SPOOL_PAYLOAD_MAX);
		spool_done(f->spool, r.sequence);
	}
	turn_until_segments(f, 1);
	assert_int_equal(f->damaged, 0);
	free(text);
}

static void what_waits_in_memory_is_bounded(void **state)
{
	struct fixture *f = *state;
	char *text = xcalloc(1, SPOOL_PAYLOAD_MAX + 1);
	memset(text, 'x', SPOOL_PAYLOAD_MAX);
	open_spool(f, LIMIT);
	for (int i = 0; i < 64; i++)
		append(f, text);
	assert_int_equal(f->seen.yes + f->seen.no, 0);
	turn_until_seen(f, 64);
	assert_in_range(f->seen.yes, 20, 31);
	free(text);
}

static void a_full_spool_refuses_until_there_is_room(void **state)
{
	struct fixture *f = *state;
	char text[2001] = "";
	memset(text, 'x', 2000);
	open_spool(f, 64 * 1024);
	int taken = 0;
	for (int i = 1; !f->seen.no; i++) {
		append(f, text);
		turn_until_seen(f, i);
		taken = f->seen.yes;
		assert_in_range(i, 1, 100);
	}
	assert_in_range(taken, 16, 32);
	assert_true(state_of(f).bytes <= 64 * 1024);
	assert_false(state_of(f).broken);
	assert_string_not_equal(state_of(f).error, "");
	struct spool_record r = {0};
	while (spool_next(f->spool, r.sequence, &r))
		spool_done(f->spool, r.sequence);
	int64_t deadline = loop_mono_ms(f->loop) + DEADLINE_MS;
	while (*state_of(f).error && loop_mono_ms(f->loop) < deadline)
		loop_turn(f->loop, 10);
	assert_string_equal(state_of(f).error, "");
	append(f, text);
	turn_until_seen(f, taken + 2);
	assert_int_equal(f->seen.yes, taken + 1);
}

static void many_restarts_with_few_records_fill_nothing(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 60; i++) {
		open_spool(f, LIMIT);
		append_numbers(f, i, i + 1);
		close_spool(f);
	}
	open_spool(f, LIMIT);
	assert_int_equal(state_of(f).records, 60);
	assert_in_range(state_of(f).bytes, 1, 12 * 1024 * 1024);
	uint64_t at = 0;
	for (int i = 0; i < 60; i++)
		at = expect_number(f, at, i);
}

static void a_newer_format_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct buf error = {0};
	open_spool(f, LIMIT);
	append_numbers(f, 0, 1);
	close_spool(f);
	int fd = open_segment(f, 0);
	uint8_t h[24];
	assert_int_equal(pread(fd, h, 24, 0), 24);
	h[8] = 2;
	uint32_t crc = crc32c(crc32c(0, bytes_of(h, 12)), bytes_of(h + 16, 8));
	assert_int_equal(pwrite(fd, h, 12, 0), 12);
	assert_int_equal(pwrite(fd, &crc, 4, 12), 4);
	close(fd);
	assert_null(try_open(f, LIMIT, &error));
	assert_non_null(strstr(buf_str(&error), "newer"));
	buf_free(&error);
}

static void a_folder_that_cannot_be_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct buf error = {0};
	snprintf(f->dir, sizeof(f->dir), "%s/no/where", f->root);
	assert_null(try_open(f, LIMIT, &error));
	assert_non_null(strstr(buf_str(&error), "No such file"));
	buf_free(&error);
}

#define on_disk(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(crc_is_castagnoli),
	        on_disk(records_come_back_in_order_also_after_a_restart),
	        on_disk(what_is_done_is_gone_and_its_room_too),
	        on_disk(sequences_go_on_after_an_empty_spool_was_closed),
	        on_disk(closing_waits_for_what_was_appended),
	        on_disk(a_second_process_is_refused),
	        on_disk(the_folder_may_be_a_link),
	        on_disk(the_folder_is_nobody_elses),
	        on_disk(a_flipped_bit_is_put_aside_and_told),
	        on_disk(a_bit_that_flips_later_is_found_on_the_way_out),
	        on_disk(a_torn_tail_is_nobodys_loss),
	        on_disk(a_last_record_may_end_with_zeros),
	        on_disk(what_a_reader_refuses_is_kept_beside),
	        on_disk(a_large_spool_goes_through_many_segments),
	        on_disk(what_waits_in_memory_is_bounded),
	        on_disk(a_full_spool_refuses_until_there_is_room),
	        on_disk(many_restarts_with_few_records_fill_nothing),
	        on_disk(a_newer_format_is_left_alone),
	        on_disk(a_folder_that_cannot_be_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
