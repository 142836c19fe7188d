// SPDX-License-Identifier: Apache-2.0
// The spool on a disk that fails: whatever happens, what was acknowledged is there, once and in
// order, and nothing that was torn is handed out. HOLDFAST_SPOOL_SEED=n walks from that seed on,
// HOLDFAST_SPOOL_WALKS=n so many times.

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "store/spool.h"

#include "../../lib_c/faulty_disk.h"
#include "../../lib_c/inline_lane.h"

#define DIR "spool"

enum {
	LIMIT = 64 * 1024, // so a segment is 8 KiB and is full soon
	TEXTS = 4096,
	WALKS = 1500,
	WALK_STEPS = 120,
};

enum fate { NOT_KNOWN, ACKNOWLEDGED, DONE };

struct text {
	enum fate fate;
	uint64_t sequence; // once it was seen
};

struct world {
	struct clock clock;
	int64_t now;
	uint64_t random;
	struct loop *loop;
	struct faulty_disk *disk;
	struct spool *spool;
	struct text texts[TEXTS];
	unsigned count;
	unsigned refused;
	unsigned life; // callbacks of an earlier one count no more
	uint64_t damaged;
	bool read_faults; // a read may have failed in this life
	bool blind;       // a read may have failed while the spool was opened
	uint64_t seed;
};

struct appended {
	struct world *w;
	unsigned number;
	unsigned life;
};

static int64_t world_ms(void *arg)
{
	return ((struct world *)arg)->now;
}

static uint64_t below(struct world *w, uint64_t n)
{
	w->random = w->random * 6364136223846793005u + 1442695040888963407u;
	return (w->random >> 33) % n;
}

// Says which seed it was before it fails; on stdout, for the log's lines would bury it.
static void require(const struct world *w, bool holds, const char *what, int line)
{
	if (holds)
		return;
	print_message("line %d, seed %" PRIu64 ", texts %u: %s\n", line, w->seed, w->count, what);
	fail();
}
#define check(w, holds) require(w, holds, #holds, __LINE__)

static struct world *world_new(uint64_t seed)
{
	struct world *w = xcalloc(1, sizeof(*w));
	w->clock = (struct clock){.wall_ms = world_ms, .mono_ms = world_ms, .arg = w};
	w->now = 1000000;
	w->seed = seed;
	w->random = seed * 2654435761u + 1;
	w->loop = loop_new(&w->clock);
	w->disk = faulty_disk_new(seed);
	return w;
}

static void world_free(struct world *w)
{
	faulty_disk_halt(w->disk);
	spool_close(w->spool);
	loop_free(w->loop);
	faulty_disk_free(w->disk);
	free(w);
}

static void on_damaged(const char *file, uint64_t records, void *arg)
{
	struct world *w = arg;
	(void)file;
	(void)records;
	w->damaged++;
}

static bool open_spool(struct world *w)
{
	struct buf error = {0};
	struct spool_events events = {on_damaged, w};
	w->life++;
	w->spool = spool_open(w->loop, faulty_disk_table(w->disk), DIR, LIMIT, &events, &error);
	check(w, w->spool || error.len > 0);
	buf_free(&error);
	return w->spool != NULL;
}

static void turn(struct world *w, unsigned times)
{
	while (times-- > 0)
		loop_turn(w->loop, 0);
}

// ---- texts: a number, its length, and bytes that follow from both

static size_t text_length(unsigned number)
{
	size_t length = 8 + number * 37 % 700;
	return number % 19 == 0 ? length + 2500 : length;
}

static void text_make(unsigned number, struct buf *out)
{
	buf_printf(out, "%07u", number);
	while (out->len < text_length(number))
		buf_append_char(out, (char)('a' + (number * 7 + out->len) % 26));
}

static unsigned text_number(struct world *w, struct bytes payload)
{
	check(w, payload.len >= 8);
	unsigned number = (unsigned)strtoul((const char *)payload.data, NULL, 10);
	check(w, number < w->count);
	struct buf expected = {0};
	text_make(number, &expected);
	check(w, bytes_equal(payload, buf_bytes(&expected)));
	buf_free(&expected);
	return number;
}

static void on_append(bool on_disk, void *arg)
{
	struct appended *a = arg;
	struct world *w = a->w;
	if (on_disk && a->life == w->life)
		w->texts[a->number].fate = ACKNOWLEDGED;
	w->refused += !on_disk;
	free(a);
}

static void append(struct world *w)
{
	if (w->count == TEXTS)
		return;
	struct appended *a = xcalloc(1, sizeof(*a));
	*a = (struct appended){w, w->count++, w->life};
	struct buf text = {0};
	text_make(a->number, &text);
	spool_append(w->spool, 1 + a->number % 2, w->now, buf_bytes(&text), on_append, a);
	buf_free(&text);
}

static void append_many(struct world *w, unsigned count)
{
	while (count-- > 0)
		append(w);
}

// ---- the oracle

// Sequences grow with the order of appending, are never given twice and never change; but a spool
// that could not read all its files may hand out what was written in vain as well.
static unsigned check_record(struct world *w, const struct spool_record *r)
{
	unsigned number = text_number(w, r->payload);
	struct text *t = &w->texts[number];
	check(w, r->kind == 1 + number % 2);
	if (w->blind)
		return number;
	if (t->fate != NOT_KNOWN)
		check(w, !t->sequence || t->sequence == r->sequence);
	t->sequence = r->sequence;
	for (unsigned i = 0; i < w->count; i++) {
		const struct text *other = &w->texts[i];
		if (i == number || !other->sequence || other->fate == NOT_KNOWN)
			continue;
		if (t->fate == NOT_KNOWN)
			check(w, other->sequence != r->sequence);
		else
			check(w, (i < number) == (other->sequence < r->sequence));
	}
	return number;
}

// Walks over all that waits. With `whole`, every acknowledged text that is not done must be there.
static unsigned check_spool(struct world *w, bool whole)
{
	static uint8_t seen[TEXTS];
	struct spool_record r;
	unsigned count = 0;
	memset(seen, 0, sizeof(seen));
	for (uint64_t at = 0; spool_next(w->spool, at, &r); at = r.sequence, count++) {
		check(w, r.sequence > at);
		unsigned number = check_record(w, &r);
		check(w, w->blind || !seen[number] || w->texts[number].fate == NOT_KNOWN);
		seen[number] = 1;
	}
	for (unsigned i = 0; whole && i < w->count; i++)
		check(w, seen[i] || w->texts[i].fate != ACKNOWLEDGED);
	return count;
}

static void die(struct world *w)
{
	faulty_disk_halt(w->disk);
	w->life++;
	spool_close(w->spool);
	w->spool = NULL;
	turn(w, 3);
	faulty_disk_fail(w->disk, 0, 0, 0);
	faulty_disk_set_room(w->disk, UINT64_MAX);
}

static void check_after(struct world *w, bool power_cut)
{
	die(w);
	if (power_cut)
		faulty_disk_power_cut(w->disk);
	else
		faulty_disk_revive(w->disk);
	w->read_faults = w->blind = false;
	w->damaged = 0;
	check(w, open_spool(w));
	check_spool(w, true);
	check(w, w->damaged == 0);
}

// ---- each operation fails, once or from then on

// What was never acknowledged may come twice, so it stays what it is.
static void note_done(struct world *w, unsigned number)
{
	if (w->texts[number].fate == ACKNOWLEDGED)
		w->texts[number].fate = DONE;
}

static void run_script(struct world *w)
{
	append_many(w, 3);
	turn(w, 2);
	append_many(w, 30);
	turn(w, 4);
	append_many(w, 10);
	struct spool_record r = {0};
	for (int i = 0; i < 20 && spool_next(w->spool, r.sequence, &r); i++) {
		note_done(w, check_record(w, &r));
		spool_done(w->spool, r.sequence);
	}
	turn(w, 6);
	w->now += 1500;
	append_many(w, 5);
	turn(w, 6);
}

static bool script_with_fault(uint64_t at, uint64_t times, int error, bool power_cut)
{
	struct world *w = world_new(at * 4 + times % 2 * 2 + power_cut);
	faulty_disk_fail(w->disk, at, times, error);
	w->read_faults = true;
	if (!open_spool(w)) {
		faulty_disk_fail(w->disk, 0, 0, 0);
		faulty_disk_halt(w->disk);
		faulty_disk_revive(w->disk);
		check(w, open_spool(w));
	}
	run_script(w);
	bool reached = faulty_disk_faults(w->disk) > 0;
	check_after(w, power_cut);
	append_many(w, 3);
	turn(w, 4);
	check_after(w, !power_cut);
	check(w, w->texts[w->count - 1].fate == ACKNOWLEDGED);
	world_free(w);
	return reached;
}

static void each_operation_fails_once_or_for_ever(void **state)
{
	(void)state;
	static const int errors[] = {EIO, ENOSPC};
	uint64_t faults = 0;
	for (unsigned kind = 0; kind < 8; kind++) {
		uint64_t times = kind & 1 ? UINT64_MAX : 1;
		uint64_t at = 0;
		while (script_with_fault(at, times, errors[kind >> 1 & 1], kind & 4))
			at++;
		assert_in_range(at, 30, 1000);
		faults += at;
	}
	print_message("faults=%" PRIu64 "\n", faults);
}

// ---- chosen faults

static struct world *open_world(void)
{
	struct world *w = world_new(1);
	check(w, open_spool(w));
	turn(w, 2);
	return w;
}

static void a_failed_write_is_tried_once_in_a_new_segment(void **state)
{
	(void)state;
	struct world *w = open_world();
	append(w);
	turn(w, 3);
	faulty_disk_fail(w->disk, 1, 1, EIO); // write, sync
	append(w);
	turn(w, 4);
	check(w, w->texts[0].fate == ACKNOWLEDGED && w->texts[1].fate == ACKNOWLEDGED);
	check(w, check_spool(w, true) == 2);
	check_after(w, true);
	check(w, check_spool(w, true) == 2);
	world_free(w);
}

static void a_broken_disk_refuses_and_heals_by_itself(void **state)
{
	(void)state;
	struct world *w = open_world();
	struct spool_state s;
	append(w);
	turn(w, 3);
	faulty_disk_fail(w->disk, 0, UINT64_MAX, EIO);
	append(w);
	turn(w, 4);
	check(w, w->refused == 1);
	spool_state(w->spool, &s);
	check(w, s.broken && strcmp(s.error, "Input/output error") == 0);
	uint64_t before = faulty_disk_operations(w->disk);
	append_many(w, 10);
	turn(w, 12);
	check(w, w->refused == 11 && faulty_disk_operations(w->disk) == before);
	faulty_disk_fail(w->disk, 0, 0, 0);
	w->now += 1000;
	append(w);
	turn(w, 4);
	check(w, w->refused == 11 && w->texts[w->count - 1].fate == ACKNOWLEDGED);
	spool_state(w->spool, &s);
	check(w, !s.broken && !*s.error && s.records == 2);
	world_free(w);
}

static void a_disk_that_heals_is_seen_without_an_append(void **state)
{
	(void)state;
	struct world *w = open_world();
	struct spool_state s;
	faulty_disk_fail(w->disk, 0, UINT64_MAX, ENOSPC);
	append(w);
	for (int i = 0; i < 5; i++) {
		turn(w, 4);
		spool_state(w->spool, &s);
		check(w, s.broken && strcmp(s.error, "No space left on device") == 0);
		w->now += 1000;
	}
	faulty_disk_fail(w->disk, 0, 0, 0);
	for (int i = 0; i < 3; i++) {
		turn(w, 4);
		w->now += 1000;
	}
	spool_state(w->spool, &s);
	check(w, !s.broken && !*s.error);
	world_free(w);
}

// The name of the newest segment says where sequences go on, also when all in it is done and the
// disk takes no newer one.
static void sequences_go_on_after_a_disk_that_failed(void **state)
{
	(void)state;
	struct world *w = open_world();
	struct spool_record r = {0};
	while (r.sequence >> 20 < 2) {
		append(w);
		turn(w, 4);
		while (spool_next(w->spool, r.sequence, &r))
			check_record(w, &r);
	}
	faulty_disk_set_room(w->disk, 0);
	faulty_disk_fail(w->disk, 0, 3, EIO); // write, close, write into the spare
	append(w);
	turn(w, 4);
	check(w, w->refused == 1);
	note_done(w, check_record(w, &r));
	spool_done(w->spool, r.sequence);
	w->now += 5000;
	turn(w, 6);
	check_after(w, false);
	append(w);
	turn(w, 4);
	check(w, w->texts[w->count - 1].fate == ACKNOWLEDGED);
	check_spool(w, true);
	world_free(w);
}

static void a_full_disk_still_takes_a_segment(void **state)
{
	(void)state;
	struct world *w = open_world();
	append(w);
	turn(w, 4);
	faulty_disk_set_room(w->disk, 0);
	unsigned taken = 0;
	while (!w->refused) {
		append(w);
		turn(w, 4);
		taken++;
	}
	check(w, taken > 20); // of 8 KiB and a rest
	check_spool(w, true);
	check_after(w, true);
	world_free(w);
}

static void a_failing_disk_is_not_filled(void **state)
{
	(void)state;
	struct world *w = open_world();
	for (int i = 0; i < 40; i++) {
		// Every sync fails, and nothing else: each try makes files.
		for (int k = 0; k < 12; k++) {
			faulty_disk_chance(w->disk, 200000, EIO);
			append(w);
			turn(w, 3);
		}
		w->now += 1001;
	}
	faulty_disk_fail(w->disk, 0, 0, 0);
	struct spool_state s;
	spool_state(w->spool, &s);
	check(w, s.bytes <= s.limit);
	check_after(w, true);
	world_free(w);
}

// ---- random walks

static void do_some(struct world *w)
{
	struct spool_record r;
	uint64_t at = 0;
	unsigned skip = (unsigned)below(w, 6);
	while (spool_next(w->spool, at, &r)) {
		at = r.sequence;
		if (skip-- > 0)
			continue;
		note_done(w, check_record(w, &r));
		if (below(w, 20))
			spool_done(w->spool, r.sequence);
		else
			spool_put_aside(w->spool, r.sequence);
		break;
	}
}

static void inject(struct world *w)
{
	static const int errors[] = {EIO, ENOSPC, EROFS};
	int error = errors[below(w, 3)];
	w->read_faults = true;
	switch (below(w, 5)) {
	case 0:
		faulty_disk_fail(w->disk, below(w, 8), 1 + below(w, 4), error);
		break;
	case 1:
		faulty_disk_fail(w->disk, below(w, 8), UINT64_MAX, error);
		break;
	case 2:
		faulty_disk_chance(w->disk, 30000, error);
		break;
	case 3:
		faulty_disk_set_room(w->disk, below(w, LIMIT));
		break;
	default:
		faulty_disk_fail(w->disk, 0, 0, 0);
		faulty_disk_set_room(w->disk, UINT64_MAX);
	}
}

// The next life may begin with faults too; then it need not begin at all.
static void restart(struct world *w)
{
	bool power_cut = below(w, 2);
	if (below(w, 3)) {
		check_after(w, power_cut);
		return;
	}
	die(w);
	if (power_cut)
		faulty_disk_power_cut(w->disk);
	else
		faulty_disk_revive(w->disk);
	inject(w);
	w->blind = true;
	if (open_spool(w)) {
		check_spool(w, false);
		return;
	}
	faulty_disk_halt(w->disk);
	faulty_disk_revive(w->disk);
	faulty_disk_fail(w->disk, 0, 0, 0);
	w->blind = false;
	check(w, open_spool(w));
}

static void end_in_peace(struct world *w)
{
	faulty_disk_fail(w->disk, 0, 0, 0);
	faulty_disk_set_room(w->disk, UINT64_MAX);
	unsigned before = w->count;
	append(w);
	spool_close(w->spool);
	w->spool = NULL;
	w->read_faults = w->blind = false;
	w->damaged = 0;
	check(w, open_spool(w));
	check_spool(w, true);
	check(w, w->damaged == 0);
	check(w, before == TEXTS || w->count == before + 1);
}

static void step(struct world *w)
{
	uint64_t dice = below(w, 100);
	if (dice < 40)
		append_many(w, 1 + (unsigned)below(w, 4));
	else if (dice < 65)
		turn(w, 1 + (unsigned)below(w, 4));
	else if (dice < 85)
		do_some(w);
	else if (dice < 89)
		w->now += (int64_t)below(w, 2500);
	else if (dice < 94)
		inject(w);
	else if (dice < 97)
		restart(w);
	else
		check_spool(w, !w->read_faults);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *value = getenv(name);
	return value ? strtoull(value, NULL, 10) : otherwise;
}

static void random_walks_lose_nothing(void **state)
{
	(void)state;
	uint64_t first = number_from("HOLDFAST_SPOOL_SEED", 1);
	uint64_t walks = number_from("HOLDFAST_SPOOL_WALKS", WALKS);
	uint64_t faults = 0, texts = 0, lives = 0;
	for (uint64_t seed = first; seed < first + walks; seed++) {
		struct world *w = world_new(seed);
		check(w, open_spool(w));
		for (int i = 0; i < WALK_STEPS; i++)
			step(w);
		end_in_peace(w);
		faults += faulty_disk_faults(w->disk);
		texts += w->count;
		lives += w->life;
		world_free(w);
	}
	print_message("seeds=%" PRIu64 "-%" PRIu64 " texts=%" PRIu64 " lives=%" PRIu64
	              " faults=%" PRIu64 "\n",
	        first, first + walks - 1, texts, lives, faults);
}

// ---- flipped bits

static void flip_one(struct world *w)
{
	struct buf content = {0};
	const char *name = NULL;
	for (size_t i = 0; (name = faulty_disk_name(w->disk, i));) {
		buf_clear(&content);
		faulty_disk_peek(w->disk, name, &content);
		if (content.len > 0 && below(w, 3) == 0)
			break;
		i = faulty_disk_name(w->disk, i + 1) ? i + 1 : 0;
	}
	check(w, faulty_disk_flip(
	                 w->disk, name, below(w, content.len), (uint8_t)(1u << below(w, 8))));
	buf_free(&content);
}

// One flipped bit costs one record at most, and is told unless it is in the very last batch.
static void a_flipped_bit_costs_one_record_at_most(void **state)
{
	(void)state;
	unsigned told = 0, lost = 0;
	for (uint64_t seed = 1; seed <= 600; seed++) {
		struct world *w = world_new(seed);
		check(w, open_spool(w));
		for (int i = 0; i < 12; i++) {
			append_many(w, 1 + (unsigned)below(w, 6));
			turn(w, 4);
		}
		append(w);
		turn(w, 4);
		die(w);
		faulty_disk_revive(w->disk);
		flip_one(w);
		w->damaged = 0;
		check(w, open_spool(w));
		unsigned there = check_spool(w, false);
		check(w, there + 1 >= w->count);
		if (there < w->count && w->texts[w->count - 1].sequence)
			check(w, w->damaged == 1);
		told += w->damaged > 0;
		lost += there < w->count;
		world_free(w);
	}
	print_message("flips=600 lost=%u told=%u\n", lost, told);
	assert_in_range(lost, 300, 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_failed_write_is_tried_once_in_a_new_segment),
	        cmocka_unit_test(a_broken_disk_refuses_and_heals_by_itself),
	        cmocka_unit_test(a_disk_that_heals_is_seen_without_an_append),
	        cmocka_unit_test(sequences_go_on_after_a_disk_that_failed),
	        cmocka_unit_test(a_full_disk_still_takes_a_segment),
	        cmocka_unit_test(a_failing_disk_is_not_filled),
	        cmocka_unit_test(each_operation_fails_once_or_for_ever),
	        cmocka_unit_test(random_walks_lose_nothing),
	        cmocka_unit_test(a_flipped_bit_costs_one_record_at_most),
	};
	inline_lane_use();
	if (!getenv("HOLDFAST_SPOOL_LOG"))
		log_set_level(LOG_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
