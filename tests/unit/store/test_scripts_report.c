// SPDX-License-Identifier: Apache-2.0
// Reports of abuse: a counselor makes them, another person decides, and a limit expires.
#include "scripts.h"

#define NOTE     (&(struct store_note){"n1", bytes_str("sealed")})
#define HOURS    2
#define LATER_MS 1800000
#define HELD     CLAIM("c1", "ada", 1)
#define SAM      CLAIM("c1", "sam", 0)

static const struct store_abuse plain = {LINE, TEXTER, "prank", false, NULL, &boost};
static const struct store_abuse away = {LINE, TEXTER, "threats", true, NULL, &boost};

static enum store_code first(struct world *w, const char *id, enum level level)
{
	struct store_ingest in = text(id, id, level);
	in.limits = (struct limits){0, 3600000, LATER_MS};
	return ingest(w, &in);
}

static void held(struct world *w)
{
	arrive(w, "ada", 2);
	assert_int_equal(first(w, "c1", LEVEL_MEDIUM), STORE_OK);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_accept, HELD);
}

static void over(struct world *w)
{
	EXPECT(w, STORE_OK, store_close, HELD, ENDING(TEXTER, .seen = 0));
	EXPECT(w, STORE_OK, store_finish, HELD, &exposure);
}

static const char *of(struct world *w, const char *name)
{
	return field(w, "c", "c1", name);
}

static const char *report_of(struct world *w)
{
	return asked(w, "HGET {" POOL "}:reports c1");
}

static const char *limit(struct world *w)
{
	return asked(w, "GET {" POOL "}:abuse:" LINE ":" TEXTER);
}

static void test_a_report_waits_for_a_supervisor(void **state)
{
	struct world *w = *state;
	held(w);
	struct store_abuse noted = plain;
	noted.note = NOTE;
	EXPECT(w, STORE_STALE, store_report, CLAIM("c1", "ben", 1), &plain);
	EXPECT(w, STORE_STALE, store_report, CLAIM("c1", "ada", 2), &plain);
	EXPECT(w, STORE_NOT_FOUND, store_report, CLAIM("c9", "ada", 1), &plain);
	EXPECT(w, STORE_OK, store_report, HELD, &noted);
	assert_string_equal(w->part[1], "3");
	assert_string_equal(report_of(w), "1800000000000 ada prank");
	assert_string_equal(
	        asked(w, "HGET {" POOL "}:notes:c1 n1"), "1800000000000 abuse ada sealed");
	assert_string_equal(of(w, "attention"), "abuse_report");
	assert_string_equal(of(w, "recused"), "");
	assert_string_equal(of(w, "state"), "3");
	assert_string_equal(limit(w), "nil");
	// Again is once.
	w->now += 1000;
	EXPECT(w, STORE_OK, store_report, HELD, &away);
	assert_string_equal(report_of(w), "1800000000000 ada prank");
	assert_string_equal(of(w, "recused"), "ada");
	assert_string_equal(asked(w, "SMEMBERS {" POOL "}:known:" LINE ":" TEXTER), "ada");
}

static void test_in_wrap_up_but_not_later(void **state)
{
	struct world *w = *state;
	held(w);
	EXPECT(w, STORE_OK, store_close, HELD, ENDING(TEXTER, .seen = 0));
	EXPECT(w, STORE_OK, store_report, HELD, &plain);
	assert_string_equal(w->part[1], "4");
	EXPECT(w, STORE_OK, store_finish, HELD, &exposure);
	EXPECT(w, STORE_CONFLICT, store_report, HELD, &plain);
}

static void test_too_many_cost_nothing(void **state)
{
	struct world *w = *state;
	char id[16];
	held(w);
	for (int i = 0; i < 500; i++) {
		snprintf(id, sizeof id, "f%d", i);
		asked(w, "HSET {" POOL "}:reports %s x", id);
	}
	EXPECT(w, STORE_FULL, store_report, HELD, &away);
	assert_string_equal(of(w, "recused"), "");
	assert_string_equal(of(w, "attention"), "nil");
}

static void test_upheld_it_limits_the_next_one_for_a_while(void **state)
{
	struct world *w = *state;
	held(w);
	EXPECT(w, STORE_CONFLICT, store_report_settle, SAM, &plain, HOURS);
	assert_string_equal(w->part[1], "none");
	EXPECT(w, STORE_OK, store_report, HELD, &plain);
	EXPECT(w, STORE_CONFLICT, store_report_settle, HELD, &plain, HOURS);
	assert_string_equal(w->part[1], "self");
	EXPECT(w, STORE_OK, store_report_settle, SAM, &plain, HOURS);
	assert_string_equal(w->part[1], "upheld");
	assert_string_equal(report_of(w), "nil");
	assert_string_equal(of(w, "attention"), "");
	assert_string_equal(limit(w), "1800000000000 sam c1");
	int64_t left = number(asked(w, "PTTL {" POOL "}:abuse:" LINE ":" TEXTER));
	assert_true(left > 0 && left <= HOURS * INT64_C(3600000));
	EXPECT(w, STORE_CONFLICT, store_report_settle, SAM, &plain, HOURS); // it is decided
	over(w);
	assert_int_equal(first(w, "c2", LEVEL_UNKNOWN), STORE_OK);
	assert_string_equal(w->part[3], "abuse");
	assert_int_equal(score(w, "q", "c2"), w->now - boost.ms[LEVEL_UNKNOWN] + LATER_MS);
	assert_int_equal(score(w, "due", "answer:c2"), w->now + within.ms[LEVEL_UNKNOWN]);
}

static void test_danger_is_not_limited_for_abuse(void **state)
{
	struct world *w = *state;
	held(w);
	EXPECT(w, STORE_OK, store_report, HELD, &plain);
	EXPECT(w, STORE_OK, store_report_settle, SAM, &plain, HOURS);
	over(w);
	assert_int_equal(first(w, "c2", LEVEL_HIGH), STORE_OK);
	assert_string_equal(w->part[3], "");
	assert_int_equal(score(w, "q", "c2"), w->now - boost.ms[LEVEL_HIGH]);
}

static void test_dismissed_nothing_comes_of_it(void **state)
{
	struct world *w = *state;
	held(w);
	EXPECT(w, STORE_OK, store_report, HELD, &plain);
	EXPECT(w, STORE_OK, store_report_settle, HELD, &plain, 0); // also by who reported it
	assert_string_equal(w->part[1], "dismissed");
	assert_string_equal(report_of(w), "nil");
	assert_string_equal(limit(w), "nil");
	EXPECT(w, STORE_CONFLICT, store_report_settle, SAM, &plain, 0);
	over(w);
	assert_int_equal(first(w, "c2", LEVEL_MEDIUM), STORE_OK);
	assert_string_equal(w->part[3], "");
}

static void test_a_supervisor_lifts_a_limit(void **state)
{
	struct world *w = *state;
	held(w);
	EXPECT(w, STORE_OK, store_report, HELD, &plain);
	EXPECT(w, STORE_OK, store_report_settle, SAM, &plain, HOURS);
	over(w);
	assert_int_equal(first(w, "c2", LEVEL_MEDIUM), STORE_OK);
	EXPECT(w, STORE_OK, store_report_settle, CLAIM("c2", "sam", 0), &plain, 0);
	assert_string_equal(w->part[1], "lifted");
	assert_int_equal(score(w, "q", "c2"), w->now - boost.ms[LEVEL_MEDIUM]);
	assert_string_equal(limit(w), "nil");
	EXPECT(w, STORE_CONFLICT, store_report_settle, CLAIM("c2", "sam", 0), &plain, 0);
}

// Also who writes on with the same conversation.
static void test_a_late_text_is_limited_as_a_first(void **state)
{
	struct world *w = *state;
	held(w);
	EXPECT(w, STORE_OK, store_report, HELD, &plain);
	EXPECT(w, STORE_OK, store_report_settle, SAM, &plain, HOURS);
	EXPECT(w, STORE_OK, store_close, HELD, ENDING(TEXTER, .reopen_ms = 600000));
	struct store_ingest in = text("c1", "m2", LEVEL_LOW);
	in.last = "ada";
	in.limits = (struct limits){0, 3600000, LATER_MS};
	assert_int_equal(ingest(w, &in), STORE_OK);
	assert_string_equal(w->part[2], "reopened");
	assert_string_equal(w->part[3], "abuse");
	assert_int_equal(score(w, "q", "c1"), w->now - boost.ms[LEVEL_MEDIUM] + LATER_MS);
}

// Of what is offered the place counts only when it comes back.
static void test_lifted_while_it_is_offered(void **state)
{
	struct world *w = *state;
	held(w);
	EXPECT(w, STORE_OK, store_report, HELD, &plain);
	EXPECT(w, STORE_OK, store_report_settle, SAM, &plain, HOURS);
	over(w);
	assert_int_equal(first(w, "c2", LEVEL_MEDIUM), STORE_OK);
	EXPECT(w, STORE_OK, store_offer, POOL, "c2", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_report_settle, CLAIM("c2", "sam", 0), &plain, 0);
	assert_int_equal(score(w, "q", "c2"), NONE);
	EXPECT(w, STORE_OK, store_unoffer, CLAIM("c2", "ada", 1), "declined");
	assert_int_equal(score(w, "q", "c2"), w->now - boost.ms[LEVEL_MEDIUM]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_a_report_waits_for_a_supervisor),
	        TEST(test_in_wrap_up_but_not_later),
	        TEST(test_too_many_cost_nothing),
	        TEST(test_upheld_it_limits_the_next_one_for_a_while),
	        TEST(test_danger_is_not_limited_for_abuse),
	        TEST(test_dismissed_nothing_comes_of_it),
	        TEST(test_a_supervisor_lifts_a_limit),
	        TEST(test_lifted_while_it_is_offered),
	        TEST(test_a_late_text_is_limited_as_a_first),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
