// SPDX-License-Identifier: Apache-2.0
// What is said to those who wait: once, in order, never after somebody has accepted, never too
// much.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/care.h"

#define T0     INT64_C(1800000000000)
#define MINUTE INT64_C(60000)

static const struct care_pool plain = {{0}, 0};
static const struct care_pool asking = {
        {TEXT_QUESTION_THOUGHTS, TEXT_QUESTION_SAFE, TEXT_QUESTION_AGE}, 3};

// A conversation as it lives in Redis.
struct talk {
	struct care c;
	char said[600];
	uint64_t sequence;
};

static void begin(struct talk *t)
{
	*t = (struct talk){.sequence = 1};
	t->c = (struct care){.waits = true,
	        .level = LEVEL_MEDIUM,
	        .enqueued_ms = T0,
	        .said = t->said,
	        .last_in = 1,
	        .last_in_ms = T0};
}

static void write_back(struct talk *t, int64_t now)
{
	t->c.last_in = ++t->sequence;
	t->c.last_in_ms = now;
}

static void keep(struct talk *t, const struct care_decision *d, int64_t now)
{
	if (care_was_said(&t->c, d->mark))
		fail_msg("%s is said twice: %s", d->mark, t->said);
	assert_true(strlen(t->said) + strlen(d->mark) + 2 < sizeof t->said);
	strcat(strcat(t->said, *t->said ? "," : ""), d->mark);
	t->c.said_at_ms = now;
	t->sequence++;
	t->c.promised_ms = d->promised_ms ? d->promised_ms : t->c.promised_ms;
	t->c.asked = d->question ? t->sequence : t->c.asked;
}

// Says everything until nothing is left before `until`; what was said stands in t->said.
static void live(struct talk *t, const struct care_pool *p, const struct care_now *how,
        int64_t from, int64_t until)
{
	for (int64_t at = from; at <= until;) {
		struct care_now now = *how;
		now.now_ms = at;
		struct care_decision d = care_decide(&t->c, p, &now);
		if (d.speak) {
			keep(t, &d, at);
			continue;
		}
		if (!d.look_at_ms)
			return;
		assert_true(d.look_at_ms > at);
		at = d.look_at_ms;
	}
}

static void said_is(const struct talk *t, const char *wanted)
{
	assert_string_equal(t->said, wanted);
}

static void test_the_welcome_comes_at_once(void **state)
{
	struct talk t;
	(void)state;
	begin(&t);
	live(&t, &plain, &(struct care_now){0}, T0, T0);
	said_is(&t, "welcome");
	live(&t, &plain, &(struct care_now){0}, T0, T0 + 600 * MINUTE);
	said_is(&t, "welcome");
}

static void test_nothing_once_somebody_has_accepted(void **state)
{
	struct talk t;
	const struct care_now busy = {.forecast = true, .low_ms = MINUTE, .high_ms = 9 * MINUTE};
	(void)state;
	begin(&t);
	t.c.waits = false;
	live(&t, &asking, &busy, T0, T0 + 60 * MINUTE);
	said_is(&t, "");
	// Offered: the welcome still, but no number and no question.
	t.c.waits = t.c.offered = true;
	live(&t, &asking, &busy, T0, T0 + 60 * MINUTE);
	said_is(&t, "welcome");
}

static void test_a_range_only_when_it_is_known_and_long(void **state)
{
	struct talk t;
	(void)state;
	begin(&t);
	live(&t, &plain, &(struct care_now){.high_ms = 9 * MINUTE}, T0, T0 + 9 * MINUTE);
	said_is(&t, "welcome");
	live(&t, &plain,
	        &(struct care_now){.forecast = true, .low_ms = 1, .high_ms = 2 * MINUTE - 1}, T0,
	        T0 + 9 * MINUTE);
	said_is(&t, "welcome");
	live(&t, &plain, &(struct care_now){.forecast = true, .low_ms = 1, .high_ms = 2 * MINUTE},
	        T0, T0 + 20000);
	said_is(&t, "welcome,wait");
	assert_int_equal(t.c.promised_ms, T0 + 20000 + 2 * MINUTE);
}

static void test_a_missed_promise_is_told_three_times(void **state)
{
	struct talk t;
	const struct care_now how = {.forecast = true, .low_ms = MINUTE, .high_ms = 5 * MINUTE};
	(void)state;
	begin(&t);
	live(&t, &plain, &how, T0, T0 + 20000 + 5 * MINUTE);
	said_is(&t, "welcome,wait");
	live(&t, &plain, &how, T0 + 20001 + 5 * MINUTE, T0 + 20001 + 5 * MINUTE);
	said_is(&t, "welcome,wait,wait_update_1");
	live(&t, &plain, &how, T0, T0 + 600 * MINUTE);
	said_is(&t, "welcome,wait,wait_update_1,wait_update_2,wait_update_3");
}

static void test_questions_one_at_a_time(void **state)
{
	struct talk t;
	const struct care_now how = {0};
	(void)state;
	begin(&t);
	live(&t, &asking, &how, T0, T0 + 60 * MINUTE);
	said_is(&t, "welcome,question_thoughts");
	int64_t now = T0 + 61 * MINUTE;
	write_back(&t, now);
	live(&t, &asking, &how, now, now + 7999);
	said_is(&t, "welcome,question_thoughts");
	live(&t, &asking, &how, now + 8000, now + 60 * MINUTE);
	said_is(&t, "welcome,question_thoughts,question_safe");
	now += 61 * MINUTE;
	write_back(&t, now);
	t.c.offered = true;
	live(&t, &asking, &how, now, now + 60 * MINUTE);
	said_is(&t, "welcome,question_thoughts,question_safe");
	t.c.offered = false;
	live(&t, &asking, &how, now, now + 60 * MINUTE);
	said_is(&t, "welcome,question_thoughts,question_safe,question_age");
}

static void test_how_it_was(void **state)
{
	struct talk t;
	const struct care_now how = {0};
	(void)state;
	begin(&t);
	t.c.waits = false;
	t.c.over = true;
	t.c.survey = true;
	t.c.closed_ms = T0;
	live(&t, &plain, &how, T0, T0 + MINUTE / 3);
	said_is(&t, "");
	live(&t, &plain, &how, T0, T0 + 60 * MINUTE);
	said_is(&t, "survey");
	for (int i = 0; i < 3; i++) {
		begin(&t);
		t.c.waits = false;
		t.c.over = i != 0;
		t.c.survey = i != 1;
		t.c.level = i == 2 ? LEVEL_IMMINENT : LEVEL_LOW;
		live(&t, &plain, &how, T0, T0 + 60 * MINUTE);
		said_is(&t, "");
	}
}

static void test_what_is_a_rating(void **state)
{
	static const char *const people[] = {
	        "", " ", "0", "6", "10", "1 2", "55", "5 pills", "3!", "five", "\xd9\xa3"};
	(void)state;
	assert_int_equal(care_rating(bytes_str("1")), 1);
	assert_int_equal(care_rating(bytes_str(" 5\r\n")), 5);
	for (size_t i = 0; i < sizeof people / sizeof people[0]; i++)
		assert_int_equal(care_rating(bytes_str(people[i])), 0);
}

static void test_who_writes_after_the_end(void **state)
{
	struct talk t;
	const struct care_now how = {0};
	(void)state;
	begin(&t);
	t.c.reopened = true;
	strcpy(t.said, "welcome,question_thoughts");
	t.c.said_at_ms = T0 - 5 * MINUTE;
	live(&t, &plain, &how, T0, T0 + MINUTE);
	said_is(&t, "welcome,question_thoughts,reopened");
	// Nobody had welcomed them yet.
	begin(&t);
	t.c.reopened = true;
	live(&t, &plain, &how, T0, T0 + MINUTE);
	said_is(&t, "welcome");
}

// A forecast knows nothing of a limit, so that no range is told with one.
static void test_who_is_limited_is_told(void **state)
{
	struct talk t;
	struct care_now now = {
	        .now_ms = T0, .forecast = true, .low_ms = 5 * MINUTE, .high_ms = 9 * MINUTE};
	(void)state;
	begin(&t);
	t.c.limited = true;
	assert_int_equal(care_decide(&t.c, &plain, &now).text, TEXT_WELCOME);
	strcpy(t.said, "welcome");
	now.now_ms = T0 + MINUTE;
	struct care_decision d = care_decide(&t.c, &plain, &now);
	assert_true(d.speak && d.text == TEXT_LIMITED);
	t.c.offered = true;
	assert_false(care_decide(&t.c, &plain, &now).speak);
	t.c.offered = false;
	strcpy(t.said, "welcome,limited");
	assert_false(care_decide(&t.c, &plain, &now).speak);
	t.c.limited = false; // lifted
	d = care_decide(&t.c, &plain, &now);
	assert_true(d.speak && d.text == TEXT_WAIT);
}

static void test_imminent_is_asked_nothing(void **state)
{
	struct talk t;
	const struct care_now how = {
	        .forecast = true, .low_ms = MINUTE, .high_ms = 9 * MINUTE, .nobody = true};
	(void)state;
	begin(&t);
	t.c.level = LEVEL_IMMINENT;
	live(&t, &asking, &how, T0, T0 + 60 * MINUTE);
	said_is(&t, "coming");
	// It rises after a question.
	begin(&t);
	live(&t, &asking, &(struct care_now){0}, T0, T0 + MINUTE);
	t.c.level = LEVEL_IMMINENT;
	write_back(&t, T0 + MINUTE);
	live(&t, &asking, &how, T0 + MINUTE, T0 + 60 * MINUTE);
	said_is(&t, "welcome,question_thoughts,coming");
}

static void test_when_nobody_is_there(void **state)
{
	struct talk t;
	const struct care_now closed = {.closed = true,
	        .opens_known = true,
	        .forecast = true,
	        .low_ms = MINUTE,
	        .high_ms = 9 * MINUTE};
	const struct care_now offline = {.closed = true};
	const struct care_now nobody = {.nobody = true};
	(void)state;
	begin(&t);
	live(&t, &asking, &closed, T0, T0 + 600 * MINUTE);
	said_is(&t, "welcome,off_hours");
	live(&t, &asking, &nobody, T0, T0 + 600 * MINUTE);
	said_is(&t, "welcome,off_hours");
	begin(&t);
	live(&t, &asking, &offline, T0, T0);
	said_is(&t, "welcome,nobody");
	begin(&t);
	live(&t, &asking, &nobody, T0, T0 + MINUTE - 1);
	said_is(&t, "welcome");
	live(&t, &asking, &nobody, T0 + MINUTE, T0 + MINUTE);
	said_is(&t, "welcome,nobody");
}

static void test_answers(void **state)
{
	static const char *const cases[][2] = {{"Yes", "yes"}, {"  yes i do", "yes"},
	        {"S\xc3\xad.", "yes"}, {"S\xc3\x8d", "yes"}, {"oui", "yes"},
	        {"...maybe a bit", "yes"}, {"NO!", "no"}, {"not sure", "no"}, {"non", "no"},
	        {"nobody", ""}, {"yesterday", ""}, {"", ""}, {"17", ""},
	        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ""}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(care_answer(bytes_str(cases[i][0])), cases[i][1]);
}

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

// Whatever happens while somebody waits.
static void test_any_wait(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3000; seed++) {
		struct talk t;
		uint64_t x = seed * 0x9e3779b97f4a7c15;
		int64_t now = T0;
		unsigned texts = 0;
		begin(&t);
		for (int step = 0; step < 400; step++) {
			uint64_t r = next_random(&x);
			struct care_now how = {.now_ms = now,
			        .closed = r % 7 == 0,
			        .opens_known = r % 3 == 0,
			        .nobody = r % 5 == 0,
			        .forecast = r % 4 != 0,
			        .low_ms = (int64_t)(r % 1000) * 1000,
			        .high_ms = (int64_t)(r % 3000) * 1000};
			t.c.offered = r % 11 == 0;
			t.c.limited = r % 3 == 1;
			t.c.waits = r % 13 != 0;
			if (r % 97 == 0)
				t.c.level = LEVEL_IMMINENT;
			if (r % 3 == 0)
				write_back(&t, now);
			struct care_decision d = care_decide(&t.c, &asking, &how);
			if (d.speak && (!t.c.waits || (t.c.offered && d.question)))
				fail_msg("seed %llu: %s", (unsigned long long)seed, d.mark);
			if (d.speak && t.c.level == LEVEL_IMMINENT && d.text != TEXT_COMING)
				fail_msg("seed %llu: %s at imminent", (unsigned long long)seed,
				        d.mark);
			if (d.speak) {
				keep(&t, &d, now);
				texts++;
			} else if (d.look_at_ms && d.look_at_ms <= now) {
				fail_msg("seed %llu: no time passes", (unsigned long long)seed);
			}
			now += (int64_t)(next_random(&x) % 60000);
		}
		if (texts > CARE_TEXTS_MOST)
			fail_msg("seed %llu: %u texts", (unsigned long long)seed, texts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_the_welcome_comes_at_once),
	        cmocka_unit_test(test_nothing_once_somebody_has_accepted),
	        cmocka_unit_test(test_a_range_only_when_it_is_known_and_long),
	        cmocka_unit_test(test_a_missed_promise_is_told_three_times),
	        cmocka_unit_test(test_questions_one_at_a_time),
	        cmocka_unit_test(test_how_it_was),
	        cmocka_unit_test(test_what_is_a_rating),
	        cmocka_unit_test(test_who_writes_after_the_end),
	        cmocka_unit_test(test_who_is_limited_is_told),
	        cmocka_unit_test(test_imminent_is_asked_nothing),
	        cmocka_unit_test(test_when_nobody_is_there),
	        cmocka_unit_test(test_answers),
	        cmocka_unit_test(test_any_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
