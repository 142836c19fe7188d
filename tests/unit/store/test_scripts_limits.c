// SPDX-License-Identifier: Apache-2.0
// Who begins many conversations comes later in the queue, and nobody in danger does.
#include "scripts.h"

#define HOUR_MS  INT64_C(3600000)
#define LATER_MS 1800000
#define MOST     2

// A first text of TEXTER's next conversation, which is then over: nothing but the count is left.
static enum store_code again(struct world *w, const char *id, enum level level)
{
	struct store_ingest in = text(id, id, level);
	in.limits = (struct limits){MOST, HOUR_MS, LATER_MS};
	return ingest(w, &in);
}

static enum store_code more(struct world *w, const char *id, const char *message, enum level level)
{
	struct store_ingest in = text(id, message, level);
	in.limits = (struct limits){MOST, HOUR_MS, LATER_MS};
	return ingest(w, &in);
}

static int64_t queued(struct world *w, const char *id)
{
	return score(w, "q", id);
}

static const char *of(struct world *w, const char *id, const char *name)
{
	return field(w, "c", id, name);
}

static void over(struct world *w, const char *id)
{
	EXPECT(w, STORE_OK, store_offer, POOL, id, "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_accept, CLAIM(id, "ada", 1));
	EXPECT(w, STORE_OK, store_close, CLAIM(id, "ada", 1), ENDING(TEXTER, .seen = 0));
	EXPECT(w, STORE_OK, store_finish, CLAIM(id, "ada", 1), &exposure);
}

static void had_two(struct world *w)
{
	arrive(w, "ada", 2);
	for (int i = 1; i <= MOST; i++) {
		char id[16];
		snprintf(id, sizeof id, "c%d", i);
		assert_int_equal(again(w, id, LEVEL_MEDIUM), STORE_OK);
		assert_string_equal(w->part[3], "");
		assert_int_equal(queued(w, id), w->now - boost.ms[LEVEL_MEDIUM]);
		over(w, id);
		w->now += 1000;
	}
}

static void limited(struct world *w)
{
	had_two(w);
	assert_int_equal(again(w, "c3", LEVEL_MEDIUM), STORE_OK);
	assert_string_equal(w->part[3], "often");
}

static void test_a_third_comes_later_and_is_due_as_ever(void **state)
{
	struct world *w = *state;
	limited(w);
	assert_int_equal(queued(w, "c3"), w->now - boost.ms[LEVEL_MEDIUM] + LATER_MS);
	assert_int_equal(score(w, "due", "answer:c3"), w->now + within.ms[LEVEL_MEDIUM]);
	assert_string_equal(of(w, "c3", "limited_by"), "often");
	assert_int_equal(more(w, "c3", "m1", LEVEL_LOW), STORE_OK);
	assert_string_equal(w->part[3], "");
	assert_int_equal(queued(w, "c3"), w->now - boost.ms[LEVEL_MEDIUM] + LATER_MS);
	// A level that rises, but not to danger, has its boost and not more.
	assert_int_equal(more(w, "c3", "m2", LEVEL_UNKNOWN), STORE_OK);
	assert_int_equal(queued(w, "c3"), w->now - boost.ms[LEVEL_UNKNOWN] + LATER_MS);
}

static void test_after_the_time_it_is_over(void **state)
{
	struct world *w = *state;
	had_two(w);
	w->now = T0 + HOUR_MS; // of the two in it, one is left
	assert_int_equal(again(w, "c3", LEVEL_MEDIUM), STORE_OK);
	assert_string_equal(w->part[3], "");
	assert_string_equal(of(w, "c3", "limited_ms"), "0");
	assert_string_equal(asked(w, "LLEN {" POOL "}:often:" LINE ":" TEXTER), "2");
}

static void test_nobody_else_is_limited(void **state)
{
	struct world *w = *state;
	had_two(w);
	begin(w, "c9", LEVEL_MEDIUM);
	assert_int_equal(queued(w, "c9"), w->now - boost.ms[LEVEL_MEDIUM]);
}

static void test_danger_is_never_limited(void **state)
{
	struct world *w = *state;
	had_two(w);
	assert_int_equal(again(w, "c3", LEVEL_HIGH), STORE_OK);
	assert_string_equal(w->part[3], "");
	assert_int_equal(queued(w, "c3"), w->now - boost.ms[LEVEL_HIGH]);
}

static void test_danger_lifts_it(void **state)
{
	struct world *w = *state;
	limited(w);
	assert_int_equal(more(w, "c3", "m1", LEVEL_HIGH), STORE_OK);
	assert_string_equal(w->part[3], "lifted");
	assert_int_equal(queued(w, "c3"), w->now - boost.ms[LEVEL_HIGH]);
	assert_string_equal(of(w, "c3", "limited_ms"), "0");
}

static void test_imminent_danger_lifts_it(void **state)
{
	struct world *w = *state;
	limited(w);
	assert_int_equal(more(w, "c3", "m1", LEVEL_IMMINENT), STORE_OK);
	assert_string_equal(w->part[3], "lifted");
	assert_int_equal(score(w, "q0", "c3"), w->now);
}

static void test_a_humans_word_lifts_it(void **state)
{
	struct world *w = *state;
	limited(w);
	const struct store_by sam = {.claim = *CLAIM("c3", "sam", 0),
	        .supervisor = true,
	        .any_epoch = true,
	        .boost = &boost,
	        .within = &within};
	EXPECT(w, STORE_OK, store_set_level, &sam, LEVEL_UNKNOWN, "");
	assert_int_equal(queued(w, "c3"), w->now - boost.ms[LEVEL_UNKNOWN] + LATER_MS);
	EXPECT(w, STORE_OK, store_set_level, &sam, LEVEL_HIGH, "");
	assert_int_equal(queued(w, "c3"), w->now - boost.ms[LEVEL_HIGH]);
	w->known[MOST].level = LEVEL_LOW; // a human lowers it
	EXPECT(w, STORE_OK, store_set_level, &sam, LEVEL_MEDIUM, "");
	assert_int_equal(queued(w, "c3"), w->now - boost.ms[LEVEL_MEDIUM]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_a_third_comes_later_and_is_due_as_ever),
	        TEST(test_after_the_time_it_is_over),
	        TEST(test_nobody_else_is_limited),
	        TEST(test_danger_is_never_limited),
	        TEST(test_danger_lifts_it),
	        TEST(test_imminent_danger_lifts_it),
	        TEST(test_a_humans_word_lifts_it),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
