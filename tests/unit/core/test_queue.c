// SPDX-License-Identifier: Apache-2.0
// Levels, the order of the queue, who is asked next, and the states of a conversation.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/assign.h"
#include "core/conversation.h"
#include "core/level.h"

static const struct by_level boost = {.ms = {[LEVEL_LOW] = 0,
                                              [LEVEL_MEDIUM] = 60000,
                                              [LEVEL_UNKNOWN] = 300000,
                                              [LEVEL_HIGH] = 900000,
                                              [LEVEL_IMMINENT] = 77}};

static void test_level_names(void **state)
{
	(void)state;
	enum level back = LEVEL_LOW;
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++) {
		assert_true(level_from_name(level_name((enum level)l), &back));
		assert_int_equal(back, l);
	}
	assert_string_equal(level_name(LEVEL_IMMINENT), "imminent");
	assert_string_equal(level_name((enum level)0), "none");
	assert_string_equal(level_name((enum level)6), "none");
	assert_false(level_from_name("none", &back));
	assert_false(level_from_name("", &back));
	assert_int_equal(level_max(LEVEL_MEDIUM, LEVEL_HIGH), LEVEL_HIGH);
	assert_int_equal(level_max(LEVEL_UNKNOWN, LEVEL_MEDIUM), LEVEL_UNKNOWN);
}

static void test_score(void **state)
{
	(void)state;
	assert_int_equal(queue_score(LEVEL_IMMINENT, 1000000, &boost), 1000000);
	assert_int_equal(queue_score(LEVEL_HIGH, 1000000, &boost), 100000);
	// A boost is a head start, not a class: who has waited longer than it goes first.
	assert_true(queue_score(LEVEL_LOW, 0, &boost) < queue_score(LEVEL_HIGH, 900001, &boost));
	assert_true(queue_score(LEVEL_LOW, 0, &boost) > queue_score(LEVEL_HIGH, 899999, &boost));
}

static void test_answer_by(void **state)
{
	(void)state;
	assert_int_equal(queue_answer_by(LEVEL_HIGH, 1000, &boost, 0), 901000);
	assert_int_equal(queue_answer_by(LEVEL_HIGH, 1000, &boost, 5000), 5000);
	assert_int_equal(queue_answer_by(LEVEL_HIGH, 1000, &boost, 901001), 901000);
}

#define WHO(who, here, most, has, since)                                                           \
	{                                                                                          \
		.name = who, .available = here, .capacity = most, .load = has,                     \
		.idle_since_ms = since                                                             \
	}

// The names of those chosen one after the other, each in turn excluded.
static void test_choice(void **state)
{
	(void)state;
	const struct assign_counselor counselors[] = {
	        WHO("ada", true, 2, 1, 10),
	        WHO("bea", false, 2, 0, 0),
	        WHO("cyd", true, 1, 1, 0), // full
	        WHO("eve", true, 3, 0, 20),
	        WHO("dan", true, 3, 0, 20),
	        WHO("fay", true, 3, 0, 15),
	};
	static const int order[] = {5, 4, 3, 0, -1};
	const char *excluded[4];
	for (size_t i = 0; i < 5; i++) {
		struct assign_conversation c = {.excluded = excluded, .excluded_count = i};
		bool exhausted = i != 4;
		assert_int_equal(assign_choose(&c, counselors, 6, &exhausted), order[i]);
		assert_int_equal(exhausted, i == 4);
		if (order[i] >= 0)
			excluded[i] = counselors[order[i]].name;
	}
}

static void test_nobody_is_not_exhausted(void **state)
{
	(void)state;
	const struct assign_counselor full[] = {
	        WHO("ada", true, 1, 1, 0), WHO("bea", false, 1, 0, 0)};
	const char *excluded[] = {"ada", "bea"};
	struct assign_conversation c = {.excluded = excluded, .excluded_count = 2};
	bool exhausted = true;
	assert_int_equal(assign_choose(&c, full, 2, &exhausted), -1);
	assert_false(exhausted);
	assert_int_equal(assign_choose(&c, NULL, 0, NULL), -1);
}

// Whose shift is about to end is asked when somebody is in danger and nobody else is there.
static void test_the_end_of_a_shift(void **state)
{
	(void)state;
	struct assign_counselor two[] = {WHO("ada", true, 1, 0, 0), WHO("bea", true, 2, 1, 0)};
	struct assign_conversation c = {0};
	bool exhausted;
	two[0].draining = true;
	assert_int_equal(assign_choose(&c, two, 2, NULL), 1);
	assert_int_equal(assign_choose(&c, two, 1, &exhausted), -1);
	assert_false(exhausted);
	c.imminent = true;
	assert_int_equal(assign_choose(&c, two, 2, NULL), 1);
	assert_int_equal(assign_choose(&c, two, 1, NULL), 0);
}

static void test_who_fits_best(void **state)
{
	(void)state;
	struct assign_counselor three[] = {
	        WHO("ada", true, 2, 0, 0), WHO("bea", true, 2, 1, 9), WHO("cyd", true, 2, 0, 0)};
	struct assign_conversation c = {0};
	bool exhausted;
	three[0].fit = -1;
	assert_int_equal(assign_choose(&c, three, 3, NULL), 2);
	three[1].fit = 1;
	assert_int_equal(assign_choose(&c, three, 3, NULL), 1);
	three[1].fit = three[2].fit = -1;
	assert_int_equal(assign_choose(&c, three, 3, &exhausted), -1);
	assert_false(exhausted);
}

static void test_who_has_just_had_an_imminent_one_is_spared_another(void **state)
{
	(void)state;
	struct assign_counselor three[] = {
	        WHO("ada", true, 2, 0, 0), WHO("bea", true, 2, 0, 9), WHO("cyd", true, 2, 1, 0)};
	struct assign_conversation c = {0};
	three[0].exposed = true;
	assert_int_equal(assign_choose(&c, three, 3, NULL), 0);
	c.imminent = true;
	assert_int_equal(assign_choose(&c, three, 3, NULL), 1);
	three[1].available = false;
	assert_int_equal(assign_choose(&c, three, 3, NULL), 0);
}

static const char *chosen(const struct assign_conversation *c,
        const struct assign_counselor *counselors, size_t count)
{
	bool exhausted;
	int i = assign_choose(c, counselors, count, &exhausted);
	return i >= 0 ? counselors[i].name : exhausted ? "exhausted" : "nobody";
}

// One of four is less than one of two, whatever the numbers say.
static void test_load_is_a_share(void **state)
{
	(void)state;
	const struct assign_counselor two[] = {
	        {.name = "ada", .available = true, .capacity = 2, .load = 1},
	        {.name = "bea", .available = true, .capacity = 5, .load = 2, .idle_since_ms = 9}};
	struct assign_conversation c = {0};
	assert_string_equal(chosen(&c, two, 2), "bea");
}

static void test_imminent_goes_to_who_is_free(void **state)
{
	(void)state;
	struct assign_counselor three[] = {
	        {.name = "ada", .available = true, .capacity = 5, .load = 1},
	        {.name = "bea", .available = true, .capacity = 1, .exposed = true},
	        {.name = "cyd", .available = true, .capacity = 1, .idle_since_ms = 9}};
	struct assign_conversation c = {.imminent = true};
	assert_string_equal(chosen(&c, three, 3), "cyd");
	three[2].available = false; // who had one lately, rather than who has somebody
	assert_string_equal(chosen(&c, three, 3), "bea");
	three[1].load = ASSIGN_ALL_UNITS;
	assert_string_equal(chosen(&c, three, 3), "ada"); // nobody is free: at once all the same
	three[0].load = 5;
	assert_string_equal(chosen(&c, three, 3), "nobody");
}

// A pass that only they are left of is not over: nobody may forget that they know each other.
static void test_who_knows_the_texter_is_never_asked(void **state)
{
	(void)state;
	const struct assign_counselor one[] = {{.name = "ada", .available = true, .capacity = 2}};
	const char *names[] = {"ada"};
	struct assign_conversation c = {.recused = names, .recused_count = 1, .imminent = true};
	assert_string_equal(chosen(&c, one, 1), "nobody");
	c.excluded = names;
	c.excluded_count = 1;
	assert_string_equal(chosen(&c, one, 1), "nobody");
	c.recused_count = 0;
	assert_string_equal(chosen(&c, one, 1), "exhausted");
}

// Whoever looks, and in whatever order it is read: the same offer must go.
static void test_what_fits(void **state)
{
	(void)state;
	struct assign_hold holds[] = {{"b.x", LEVEL_LOW, false}, {"a.x", LEVEL_LOW, false},
	        {"c.x", LEVEL_HIGH, false}, {"d.x", LEVEL_MEDIUM, true}};
	static const bool of_two[] = {false, false, true, true};
	for (size_t turn = 0; turn < 4; turn++) {
		struct assign_hold turned[4];
		for (size_t i = 0; i < 4; i++)
			turned[i] = holds[(i + turn) % 4];
		for (size_t i = 0; i < 4; i++) {
			assert_int_equal(assign_fits(turned, 4, i, 2), of_two[(i + turn) % 4]);
			assert_int_equal(assign_fits(turned, 4, i, 3),
			        strcmp(turned[i].conversation, "b.x") != 0);
		}
	}
	struct assign_hold taken[] = {{"a.x", LEVEL_IMMINENT, false}, {"b.x", LEVEL_LOW, true}};
	assert_true(assign_fits(taken, 2, 0, 2)); // room is left, and it needs somebody
	assert_false(assign_fits(taken, 2, 0, 1));
	taken[0].taken = true;
	taken[1].taken = false;
	assert_false(assign_fits(taken, 2, 1, 10));
}

static void test_moves(void **state)
{
	(void)state;
	static const int legal[][2] = {{CONVERSATION_WAITING, CONVERSATION_OFFERED},
	        {CONVERSATION_WAITING, CONVERSATION_HELD},
	        {CONVERSATION_WAITING, CONVERSATION_CLOSED},
	        {CONVERSATION_OFFERED, CONVERSATION_WAITING},
	        {CONVERSATION_OFFERED, CONVERSATION_HELD},
	        {CONVERSATION_HELD, CONVERSATION_WAITING},
	        {CONVERSATION_HELD, CONVERSATION_WRAP_UP},
	        {CONVERSATION_WRAP_UP, CONVERSATION_WAITING},
	        {CONVERSATION_WRAP_UP, CONVERSATION_CLOSED},
	        {CONVERSATION_CLOSED, CONVERSATION_WAITING}};
	for (int from = 0; from <= 6; from++) {
		for (int to = 0; to <= 6; to++) {
			bool expected = false;
			for (size_t i = 0; i < sizeof legal / sizeof legal[0]; i++)
				expected = expected || (legal[i][0] == from && legal[i][1] == to);
			assert_int_equal(conversation_may((enum conversation_state)from,
			                         (enum conversation_state)to),
			        expected);
		}
	}
}

static void test_state_names(void **state)
{
	(void)state;
	enum conversation_state back;
	for (int s = CONVERSATION_WAITING; s <= CONVERSATION_CLOSED; s++) {
		assert_true(conversation_state_from_name(
		        conversation_state_name((enum conversation_state)s), &back));
		assert_int_equal(back, s);
	}
	assert_string_equal(conversation_state_name((enum conversation_state)9), "none");
	assert_false(conversation_state_from_name("none", &back));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_level_names),
	        cmocka_unit_test(test_score),
	        cmocka_unit_test(test_answer_by),
	        cmocka_unit_test(test_choice),
	        cmocka_unit_test(test_nobody_is_not_exhausted),
	        cmocka_unit_test(test_the_end_of_a_shift),
	        cmocka_unit_test(test_who_fits_best),
	        cmocka_unit_test(test_who_has_just_had_an_imminent_one_is_spared_another),
	        cmocka_unit_test(test_load_is_a_share),
	        cmocka_unit_test(test_imminent_goes_to_who_is_free),
	        cmocka_unit_test(test_who_knows_the_texter_is_never_asked),
	        cmocka_unit_test(test_what_fits),
	        cmocka_unit_test(test_moves),
	        cmocka_unit_test(test_state_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
