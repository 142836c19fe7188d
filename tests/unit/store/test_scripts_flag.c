// SPDX-License-Identifier: Apache-2.0
// Flags page until a supervisor has seen to them; levels and the risk ladder are people's words.
#include "checking.h"

#define POLICY "policy"

static const struct store_by *by(const char *name, uint64_t epoch, bool supervisor)
{
	static struct store_by who;
	who = (struct store_by){{POOL, "c1", name, epoch}, supervisor, false, &boost, &within};
	return &who;
}

static const char *of(struct world *w, const char *name)
{
	return field(w, "c", "c1", name);
}

static void held(struct world *w, enum level level)
{
	arrive(w, "ada", 9);
	begin_held(w, "c1", "ada", level);
}

static void text_again(struct world *w, enum level level)
{
	char message[32];
	snprintf(message, sizeof message, "more-%lld", (long long)++w->now);
	struct store_ingest in = text("c1", message, level);
	in.texter = "c1";
	assert_int_equal(ingest(w, &in), STORE_OK);
}

static const struct store_step *step(struct world *w, uint64_t generation)
{
	static struct store_step s;
	s = (struct store_step){.pool = POOL,
	        .number = 1,
	        .conversation = "c1",
	        .generation = generation,
	        .step = 1,
	        .next_at_ms = w->now + 60000,
	        .people = ""};
	return &s;
}

static void flagged(struct world *w)
{
	held(w, LEVEL_LOW);
	EXPECT(w, STORE_OK, store_flag, by("ada", 1, false));
	EXPECT(w, STORE_OK, store_page_open_flag, POOL, "c1", 1, POLICY);
}

static void test_the_holder_flags(void **state)
{
	struct world *w = *state;
	held(w, LEVEL_LOW);
	EXPECT(w, STORE_STALE, store_flag, by("ben", 1, false));
	EXPECT(w, STORE_STALE, store_flag, by("ada", 2, false));
	EXPECT(w, STORE_OK, store_flag, by("ada", 1, false));
	assert_string_equal(of(w, "level"), "5");
	assert_string_equal(of(w, "attention"), "flag");
	assert_int_equal(score(w, "due", "flag:c1"), w->now);
	int64_t at = w->now++;
	EXPECT(w, STORE_OK, store_flag, by("sam", 1, true)); // once
	assert_int_equal(field_number(w, "c", "c1", "flag_at"), at);
	is_healthy(w, "c1");
	EXPECT(w, STORE_OK, store_page_open_flag, POOL, "c1", 1, POLICY);
	EXPECT(w, STORE_GONE, store_page_open_flag, POOL, "c1", 2, POLICY);
	assert_string_equal(of(w, "flag_page"), "1");
	assert_int_equal(score(w, "due", "flag:c1"), NONE);
	assert_int_equal(score(w, "due", "page:1"), w->now);
	is_healthy(w, "c1");
}

// Acknowledged it is quiet for a while, and rings again until it is settled: whoever holds it.
static void test_it_pages_until_it_is_settled(void **state)
{
	struct world *w = *state;
	flagged(w);
	EXPECT(w, STORE_OK, store_page_step, step(w, 0));
	EXPECT(w, STORE_OK, store_page_ack, POOL, 1, "sam", 600000, 120000);
	assert_int_equal(score(w, "due", "page:1"), w->now + 120000);
	EXPECT(w, STORE_CONFLICT, store_page_resolve, POOL, 1, "c1");
	EXPECT(w, STORE_OK, store_release, CLAIM("c1", "ada", 1), "lost", &within);
	w->now += 120000;
	EXPECT(w, STORE_OK, store_page_step, step(w, 2));
	EXPECT(w, STORE_OK, store_flag_settle, CLAIM("c1", "sam", 0));
	assert_string_equal(w->part[1], "1");
	EXPECT(w, STORE_ALREADY, store_flag_settle, CLAIM("c1", "sam", 0));
	assert_string_equal(of(w, "level"), "5");
	assert_string_equal(of(w, "attention"), "");
	EXPECT(w, STORE_OK, store_page_resolve, POOL, 1, "c1");
	EXPECT(w, STORE_RESOLVED, store_page_step, step(w, 3));
}

static void test_its_end_ends_the_pages(void **state)
{
	struct world *w = *state;
	flagged(w);
	EXPECT(w, STORE_APPROVAL, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, "c1"));
	EXPECT(w, STORE_OK, store_close_answer, CLAIM("c1", "sam", 1),
	        CLOSING("", WRAP_UP_MS, 0, LINE, "c1"), true, "");
	EXPECT(w, STORE_RESOLVED, store_page_step, step(w, 0));
	assert_string_equal(of(w, "flag_at"), "0");
	is_healthy(w, "c1");
}

static void test_a_text_that_is_imminent_pages_too(void **state)
{
	struct world *w = *state;
	held(w, LEVEL_HIGH);
	text_again(w, LEVEL_HIGH);
	assert_string_equal(of(w, "flag_at"), "nil");
	text_again(w, LEVEL_IMMINENT);
	assert_string_equal(of(w, "flag_cause"), "imminent");
	EXPECT(w, STORE_OK, store_page_open_flag, POOL, "c1", 1, POLICY);
	assert_string_equal(field(w, "e", "1", "cause"), "imminent");
	EXPECT(w, STORE_OK, store_flag_settle, CLAIM("c1", "sam", 0));
	text_again(w, LEVEL_IMMINENT); // known already
	assert_string_equal(of(w, "flag_at"), "0");
}

static void test_what_is_lost_of_a_flag_is_put_right(void **state)
{
	struct world *w = *state;
	held(w, LEVEL_LOW);
	EXPECT(w, STORE_OK, store_flag, by("ada", 1, false));
	asked(w, "ZREM {" POOL "}:due flag:c1");
	assert_int_equal(check_one(w, "c1"), STORE_OK);
	assert_true(found(w, "flag_timer"));
	EXPECT(w, STORE_OK, store_page_open_flag, POOL, "c1", 1, POLICY);
	asked(w, "DEL {" POOL "}:e:1");
	asked(w, "ZREM {" POOL "}:due page:1");
	asked(w, "ZREM {" POOL "}:pages 1");
	assert_int_equal(check_one(w, "c1"), STORE_OK);
	assert_true(found(w, "flag_page"));
	EXPECT(w, STORE_OK, store_page_open_flag, POOL, "c1", 2, POLICY);
	is_healthy(w, "c1");
}

// A human may.
static void may_fall(struct world *w)
{
	w->known[0].level = LEVEL_LOW;
}

static void test_levels_are_peoples(void **state)
{
	struct world *w = *state;
	held(w, LEVEL_HIGH);
	may_fall(w);
	EXPECT(w, STORE_OK, store_set_level, by("ada", 1, false), LEVEL_LOW, "calmer");
	assert_string_equal(of(w, "level"), "1");
	assert_string_equal(of(w, "flag_at"), "nil");
	EXPECT(w, STORE_OK, store_set_level, by("ada", 1, false), LEVEL_IMMINENT, "");
	assert_string_equal(of(w, "flag_cause"), "imminent");
	EXPECT(w, STORE_CONFLICT, store_set_level, by("ada", 1, false), LEVEL_HIGH, "");
	may_fall(w);
	EXPECT(w, STORE_OK, store_set_level, by("sam", 1, true), LEVEL_HIGH, "seen");
	assert_string_equal(of(w, "flag_at"), "0");
	assert_string_equal(of(w, "level"), "4");
	is_healthy(w, "c1");
}

// Its places follow it; and a lower level takes back nothing.
static void test_the_level_of_who_waits(void **state)
{
	struct world *w = *state;
	static const enum level levels[] = {LEVEL_IMMINENT, LEVEL_LOW, LEVEL_HIGH, LEVEL_UNKNOWN};
	begin(w, "c1", LEVEL_MEDIUM);
	w->now += 1000;
	EXPECT(w, STORE_STALE, store_set_level, by("ada", 0, false), LEVEL_LOW, "");
	int64_t before = field_number(w, "c", "c1", "answer_by");
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		may_fall(w);
		EXPECT(w, STORE_OK, store_set_level, by("sam", 0, true), levels[i], "");
		assert_true(field_number(w, "c", "c1", "answer_by") <= before);
		before = field_number(w, "c", "c1", "answer_by");
		is_healthy(w, "c1");
	}
}

static void test_the_ladder_raises_and_never_lowers(void **state)
{
	struct world *w = *state;
	struct risk risk = {RISK_YES, RISK_YES, RISK_YES, TIMEFRAME_LATER};
	held(w, LEVEL_HIGH);
	EXPECT(w, STORE_OK, store_set_risk, by("ada", 1, false), &risk);
	assert_string_equal(of(w, "level"), "4");
	risk.timeframe = TIMEFRAME_HOURS48;
	EXPECT(w, STORE_OK, store_set_risk, by("ada", 1, false), &risk);
	assert_string_equal(of(w, "level"), "5");
	assert_string_equal(of(w, "flag_cause"), "imminent");
	risk = (struct risk){RISK_NO, RISK_NO, RISK_NO, TIMEFRAME_NONE};
	EXPECT(w, STORE_OK, store_set_risk, by("ada", 1, false), &risk);
	assert_string_equal(of(w, "level"), "5");
	assert_string_equal(of(w, "risk_thoughts"), "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_the_holder_flags),
	        TEST(test_it_pages_until_it_is_settled),
	        TEST(test_its_end_ends_the_pages),
	        TEST(test_a_text_that_is_imminent_pages_too),
	        TEST(test_what_is_lost_of_a_flag_is_put_right),
	        TEST(test_levels_are_peoples),
	        TEST(test_the_level_of_who_waits),
	        TEST(test_the_ladder_raises_and_never_lowers),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
