// SPDX-License-Identifier: Apache-2.0
// A text that comes soon after the end of its conversation.
#include "scripts.h"

#define REOPEN_MS 600000
#define LATE      ENDING("c1", .reopen_ms = REOPEN_MS)

static void closed(struct world *w, enum level level)
{
	arrive(w, "ada", 2);
	begin_held(w, "c1", "ada", level);
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1), LATE);
}

// Of the same texter; `id` is the conversation that it is sealed for.
static enum store_code late(
        struct world *w, const char *id, const char *message, enum level level, const char *last)
{
	struct store_ingest in = text(id, message, level);
	in.texter = "c1";
	in.last = last;
	in.reasons = "late";
	return ingest(w, &in);
}

static const char *of(struct world *w, const char *name)
{
	return field(w, "c", "c1", name);
}

static void waits_again(struct world *w, const char *epoch)
{
	assert_string_equal(of(w, "state"), "1");
	assert_string_equal(of(w, "epoch"), epoch);
	assert_string_equal(of(w, "holder"), "");
	assert_string_equal(of(w, "prefer"), "ada");
	assert_string_equal(of(w, "outcome"), "nil");
	assert_int_equal(score(w, "due", "wrap_up:c1"), NONE);
	assert_string_equal(asked(w, "HLEN {" POOL "}:hold:ada"), "0");
}

static void test_the_caller_is_told_which_one_it_is(void **state)
{
	struct world *w = *state;
	closed(w, LEVEL_LOW);
	assert_int_equal(late(w, "c2", "m2", LEVEL_LOW, ""), STORE_ANOTHER);
	assert_string_equal(w->part[1], "c1");
	assert_string_equal(w->part[2], "wrapped");
	assert_string_equal(w->part[3], "ada");
	assert_int_equal(late(w, "c1", "m2", LEVEL_LOW, "ben"), STORE_ANOTHER);
	assert_string_equal(of(w, "state"), "4"); // nothing is changed yet
	assert_int_equal(late(w, "c1", "m2", LEVEL_LOW, "ada"), STORE_OK);
	assert_string_equal(w->part[2], "reopened");
	assert_int_equal(late(w, "c1", "m2", LEVEL_LOW, "ada"), STORE_DUPLICATE);
}

static void test_out_of_wrap_up(void **state)
{
	struct world *w = *state;
	closed(w, LEVEL_MEDIUM);
	w->now += 5000;
	assert_int_equal(late(w, "c1", "m2", LEVEL_LOW, "ada"), STORE_OK);
	waits_again(w, "2");
	// At a place of its own, and its level is no lower than it was.
	assert_string_equal(of(w, "level"), "2");
	assert_string_equal(of(w, "reasons"), "reason");
	assert_int_equal(score(w, "w:2", "c1"), w->now);
	assert_int_equal(score(w, "due", "answer:c1"), w->now + within.ms[LEVEL_MEDIUM]);
	assert_string_equal(asked(w, "GET {" POOL "}:past:" LINE ":c1"), "0");
	// What the one before still asks for is over.
	EXPECT(w, STORE_STALE, store_finish, CLAIM("c1", "ada", 1), &exposure);
	EXPECT(w, STORE_STALE, store_close, CLAIM("c1", "ada", 1), LATE);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 3));
}

static void test_when_it_is_closed_for_good(void **state)
{
	struct world *w = *state;
	closed(w, LEVEL_LOW);
	EXPECT(w, STORE_OK, store_finish, CLAIM("c1", "ada", 1), &exposure);
	w->now += 5000;
	assert_int_equal(late(w, "c1", "m2", LEVEL_IMMINENT, "ada"), STORE_OK);
	waits_again(w, "2");
	assert_string_equal(of(w, "level"), "5");
	assert_string_equal(of(w, "reasons"), "late");
	assert_int_equal(score(w, "q0", "c1"), w->now);
	// And again: each end may be followed by a late text.
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 3));
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 3), LATE);
	assert_int_equal(late(w, "c1", "m3", LEVEL_LOW, "ada"), STORE_OK);
	waits_again(w, "4");
	assert_string_equal(of(w, "reopened"), "2");
}

static void test_others_slots_stay(void **state)
{
	struct world *w = *state;
	closed(w, LEVEL_LOW);
	begin_held(w, "c5", "ada", LEVEL_LOW);
	assert_int_equal(late(w, "c1", "m2", LEVEL_LOW, "ada"), STORE_OK);
	assert_string_equal(asked(w, "HLEN {" POOL "}:hold:ada"), "1");
}

static void test_later_a_new_one_begins(void **state)
{
	struct world *w = *state;
	closed(w, LEVEL_LOW);
	assert_true(number(asked(w, "PTTL {" POOL "}:late:" LINE ":c1")) > REOPEN_MS - 60000);
	asked(w, "DEL {" POOL "}:late:" LINE ":c1"); // as when it expires
	assert_int_equal(late(w, "c1", "m2", LEVEL_LOW, "ada"), STORE_NEW);
	assert_int_equal(late(w, "c2", "m2", LEVEL_LOW, ""), STORE_OK);
	assert_string_equal(w->part[2], "new");
	assert_string_equal(of(w, "state"), "4");
	asked(w, "LRANGE {" POOL "}:of:" LINE ":c1 0 -1");
	assert_string_equal(w->part[0], "c1");
	assert_string_equal(w->part[1], "c2");
}

// Where the pool does not want it, and where what is remembered is there no more.
static void test_nothing_to_reopen(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, "c1"));
	assert_string_equal(asked(w, "EXISTS {" POOL "}:late:" LINE ":c1"), "0");
	asked(w, "HSET {" POOL "}:late:" LINE ":c1 conversation c9 key k holder ada");
	assert_int_equal(late(w, "c2", "m2", LEVEL_LOW, ""), STORE_ANOTHER);
	assert_int_equal(late(w, "c9", "m2", LEVEL_LOW, "ada"), STORE_OK);
	assert_string_equal(w->part[2], "new");
	assert_string_equal(asked(w, "EXISTS {" POOL "}:late:" LINE ":c1"), "0");
}

static void test_what_was_said(void **state)
{
	struct world *w = *state;
	closed(w, LEVEL_LOW);
	asked(w, "HSET {" POOL
	         "}:c:c1 said welcome,question_age,wait,nobody,wait_update_1 promised 7");
	assert_int_equal(late(w, "c1", "m2", LEVEL_LOW, "ada"), STORE_OK);
	assert_string_equal(of(w, "said"), "welcome,question_age");
	assert_string_equal(of(w, "promised"), "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_the_caller_is_told_which_one_it_is),
	        TEST(test_out_of_wrap_up),
	        TEST(test_when_it_is_closed_for_good),
	        TEST(test_others_slots_stay),
	        TEST(test_later_a_new_one_begins),
	        TEST(test_nothing_to_reopen),
	        TEST(test_what_was_said),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
