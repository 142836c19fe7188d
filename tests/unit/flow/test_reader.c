// SPDX-License-Identifier: Apache-2.0
// What a person is told about alarms, on invented nights: at once, not too often, and to the end.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
// cmocka needs those four first.
#include <cmocka.h>

#include "flow/reader.h"

#define S     INT64_C(1000)
#define MIN   (60 * S)
#define A     UINT32_C(1)
#define B     UINT32_C(2)
#define LAST  (UINT32_C(1) << 31)
#define QUIET (10 * S)

static void says(const struct reader *r, uint32_t alarms, int64_t now, enum reader_word word)
{
	assert_int_equal(reader_due(r, alarms, alarms ? 0 : QUIET, now), word);
}

static void test_nothing_wrong_nothing_said(void **state)
{
	struct reader r = {0};
	(void)state;
	says(&r, 0, 0, READER_NOTHING);
	says(&r, 0, 99 * MIN, READER_NOTHING);
}

static void test_at_once_then_every_five_minutes_then_over_once(void **state)
{
	struct reader r = {0};
	(void)state;
	says(&r, A, 0, READER_ALARMS);
	reader_told(&r, A, 0);
	says(&r, A, 5 * MIN - 1, READER_NOTHING);
	says(&r, A, 5 * MIN, READER_ALARMS);
	reader_told(&r, A, 5 * MIN);
	says(&r, 0, 6 * MIN, READER_OVER);
	reader_told(&r, 0, 6 * MIN);
	says(&r, 0, 7 * MIN, READER_NOTHING);
}

static void test_another_alarm_is_not_delayed_by_the_first(void **state)
{
	struct reader r = {0};
	(void)state;
	reader_told(&r, A, 0);
	says(&r, A | LAST, 1 * S, READER_ALARMS);
	reader_told(&r, A | LAST, 1 * S);
	says(&r, A | LAST, 2 * S, READER_NOTHING);
	// One of them ended: that is no news.
	says(&r, LAST, 3 * S, READER_NOTHING);
	says(&r, LAST, 5 * MIN + 1 * S, READER_ALARMS);
}

static void test_two_that_take_turns_are_not_news_each_time(void **state)
{
	struct reader r = {0};
	(void)state;
	reader_told(&r, A, 0);
	reader_told(&r, B, 10 * S);
	says(&r, A, 20 * S, READER_NOTHING);
	says(&r, B, 30 * S, READER_NOTHING);
	says(&r, A, 5 * MIN, READER_ALARMS);
}

static void test_an_end_must_last(void **state)
{
	struct reader r = {0};
	(void)state;
	reader_told(&r, A, 0);
	assert_int_equal(reader_due(&r, 0, 1 * S, 30 * S), READER_NOTHING);
	says(&r, A, 31 * S, READER_NOTHING);
	says(&r, 0, 60 * S, READER_OVER);
}

static void test_again_after_over_is_told_at_once_and_its_end_late(void **state)
{
	struct reader r = {0};
	(void)state;
	reader_told(&r, A, 0);
	reader_told(&r, 0, 20 * S);
	says(&r, A, 21 * S, READER_ALARMS);
	reader_told(&r, A, 21 * S);
	says(&r, 0, 60 * S, READER_NOTHING);
	says(&r, 0, 21 * S + 5 * MIN, READER_OVER);
}

static void test_failures_are_tried_again_later_and_later(void **state)
{
	static const int64_t waits[] = {5 * S, 10 * S, 20 * S, 40 * S, 60 * S, 60 * S};
	struct reader r = {0};
	int64_t now = 7;
	(void)state;
	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
		reader_not_told(&r, A, now);
		says(&r, A | B, now + waits[i] - 1, READER_NOTHING);
		now += waits[i];
		says(&r, A, now, READER_ALARMS);
	}
	reader_told(&r, A, now);
	says(&r, A | B, now + 1, READER_ALARMS);
}

static void test_good_news_are_given_up(void **state)
{
	struct reader r = {0};
	int64_t now = 20 * S;
	int tries = 0;
	(void)state;
	reader_told(&r, A, 0);
	for (; reader_due(&r, 0, QUIET, now) == READER_OVER && tries < 20; now += 2 * MIN, tries++)
		reader_not_told(&r, 0, now);
	assert_int_equal(tries, 5);
	says(&r, A, now, READER_ALARMS);
}

#define PAGES_MOST 4 // in any 5 minutes, of two alarms: each once, and once more after an "over"

struct night {
	struct reader r;
	uint32_t alarms;
	int64_t quiet_since;
	int64_t pages[PAGES_MOST]; // when the latest went out
	size_t count;
	enum reader_word last;
};

static void note_page(struct night *n, int64_t now)
{
	int64_t *oldest = &n->pages[n->count++ % PAGES_MOST];
	assert_true(n->count <= PAGES_MOST || now - *oldest >= 5 * MIN);
	*oldest = now;
}

static void look(struct night *n, uint32_t alarms, int64_t now)
{
	n->quiet_since = n->alarms || alarms ? now : n->quiet_since;
	n->alarms = alarms;
	enum reader_word word = reader_due(&n->r, alarms, now - n->quiet_since, now);
	if (word == READER_ALARMS)
		note_page(n, now);
	if (word != READER_NOTHING) {
		reader_told(&n->r, alarms, now);
		n->last = word;
	}
	for (int i = 0; i < 2; i++)
		assert_true(!(alarms & 1U << i) ||
		            ((n->r.alarms & 1U << i) && now - n->r.told_ms[i] < 5 * MIN));
}

// Two alarms come and go for a night, in turns quickly and slowly, a look a second: whatever is
// raised has been told within 5 minutes, no phone is flooded, and the last word is right.
static void test_flicker_does_not_flood(void **state)
{
	const char *given = getenv("HOLDFAST_SEED");
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	struct night n = {0};
	(void)state;
	print_message("# HOLDFAST_SEED=%u\n", seed);
	srand(seed);
	for (int64_t now = S; now < 600 * MIN; now += S) {
		int one_in = now / (30 * MIN) % 2 ? 8 : 600;
		uint32_t flip = rand() % one_in == 0 ? 1U << rand() % 2 : 0;
		look(&n, now < 590 * MIN ? n.alarms ^ flip : 0, now);
	}
	assert_true(n.count > 20);
	assert_int_equal(n.last, READER_OVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_nothing_wrong_nothing_said),
	        cmocka_unit_test(test_at_once_then_every_five_minutes_then_over_once),
	        cmocka_unit_test(test_another_alarm_is_not_delayed_by_the_first),
	        cmocka_unit_test(test_two_that_take_turns_are_not_news_each_time),
	        cmocka_unit_test(test_an_end_must_last),
	        cmocka_unit_test(test_again_after_over_is_told_at_once_and_its_end_late),
	        cmocka_unit_test(test_failures_are_tried_again_later_and_later),
	        cmocka_unit_test(test_good_news_are_given_up),
	        cmocka_unit_test(test_flicker_does_not_flood),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
