// SPDX-License-Identifier: Apache-2.0
// libFuzzer over what a spool finds when it opens: the bytes of a segment are the input's, then
// everything is walked over, some of it done and put aside, and the spool is opened again. (Records
// with a right CRC come from the seeds.)
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/spool.h"

#include "../lib_c/faulty_disk.h"
#include "../lib_c/inline_lane.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 256 * 1024 };

static void require(bool holds)
{
	if (!holds)
		abort();
}

static size_t walk(struct spool *s)
{
	struct spool_record r = {0};
	size_t count = 0;
	for (uint64_t at = 0; spool_next(s, at, &r); at = r.sequence, count++) {
		require(r.sequence > at);
		require(r.payload.len <= LIMIT);
		uint8_t sum = 0;
		for (size_t i = 0; i < r.payload.len; i++)
			sum ^= r.payload.data[i];
		if (sum % 5 == 0)
			spool_done(s, r.sequence);
		if (sum % 5 == 1)
			spool_put_aside(s, r.sequence);
	}
	return count;
}

static struct spool *open_spool(struct loop *l, struct faulty_disk *d)
{
	struct buf error = {0};
	struct spool *s = spool_open(l, faulty_disk_table(d), "s", LIMIT, NULL, &error);
	require(s || error.len > 0);
	buf_free(&error);
	return s;
}

static void on_append(bool on_disk, void *arg)
{
	*(bool *)arg = on_disk;
}

// What is appended to a spool of this past comes out again behind it.
static void live(struct loop *l, struct faulty_disk *d)
{
	bool taken = false;
	struct spool *s = open_spool(l, d);
	if (!s)
		return;
	walk(s);
	spool_append(s, 1, 1, bytes_str("new"), on_append, &taken);
	for (int i = 0; i < 4; i++)
		loop_turn(l, 0);
	require(taken);
	size_t count = walk(s);
	require(count > 0);
	spool_close(s);
	s = open_spool(l, d);
	require(s && walk(s) >= 1);
	spool_close(s);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	inline_lane_use();
	log_set_level(LOG_ERROR + 1);
	return 0;
}

// The input is two segments: the first byte says in sixteenths where the one ends.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	size_t rest = size - 1, cut = rest * (data[0] & 15) / 16;
	struct loop *l = loop_new(clock_system());
	struct faulty_disk *d = faulty_disk_new(1);
	faulty_disk_put(d, "s/0000000000100000.seg", bytes_of(data + 1, cut));
	faulty_disk_put(d, "s/0000000000200000.seg", bytes_of(data + 1 + cut, rest - cut));
	live(l, d);
	faulty_disk_free(d);
	loop_free(l);
	return 0;
}
