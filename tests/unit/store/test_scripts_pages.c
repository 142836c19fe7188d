// SPDX-License-Identifier: Apache-2.0
// page_open, page_step, page_ack and page_resolve: an escalation from its beginning to a human.
#include "scripts.h"

#define ACKNOWLEDGE_MS 600000

// c1 waits, past its answer_by, and escalation 1 is open.
static void late(struct world *w)
{
	begin(w, "c1", LEVEL_HIGH);
	w->now += within.ms[LEVEL_HIGH];
	EXPECT(w, STORE_OK, store_page_open, POOL, "c1", 1, "policy", 0);
}

// Pages one person of escalation 1 and sets its next step a minute ahead.
static enum store_code step(
        struct world *w, uint64_t generation, const char *entry, const char *person)
{
	const struct store_page page = {.id = entry,
	        .person = person,
	        .gateway = "twilio",
	        .line = LINE,
	        .sealed_number = bytes_str("number"),
	        .sealed_text = bytes_str("sealed")};
	const struct store_step s = {.pool = POOL,
	        .number = 1,
	        .conversation = "c1",
	        .generation = generation,
	        .step = 1,
	        .pass = 0,
	        .next_at_ms = w->now + 60000,
	        .people = person,
	        .pages = &page,
	        .pages_count = 1};
	store_page_step(w->store, &s, on_answer, w);
	enum store_code code = answered(w);
	check_invariants(w);
	return code;
}

static void take(struct world *w)
{
	arrive(w, "ada", 1);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 1));
}

// Acknowledged, and then the texter writes something worse: it rings again at once.
static void test_worse_news_ring_at_once(void **state)
{
	struct world *w = *state;
	late(w);
	assert_int_equal(step(w, 0, "e1", "ada"), STORE_OK);
	EXPECT(w, STORE_OK, store_page_ack, POOL, 1, "ada", INT64_C(300000), 1);
	w->now += 1000;
	struct store_ingest in = text("c1", "m2", LEVEL_IMMINENT);
	in.texter = "c1";
	assert_int_equal(ingest(w, &in), STORE_OK);
	assert_int_equal(score(w, "due", "page:1"), w->now);
}

static void test_numbers_grow(void **state)
{
	struct world *w = *state;
	EXPECT_BARE(w, STORE_OK, store_page_number);
	assert_string_equal(w->part[0], "1");
	EXPECT_BARE(w, STORE_OK, store_page_number);
	assert_string_equal(w->part[0], "2");
}

static void test_opens_when_it_is_time(void **state)
{
	struct world *w = *state;
	begin(w, "c1", LEVEL_HIGH);
	w->now += within.ms[LEVEL_HIGH] - 1;
	EXPECT(w, STORE_EARLY, store_page_open, POOL, "c1", 1, "policy", 0);
	assert_string_equal(asked(w, "EXISTS {" POOL "}:e:1"), "0");
	w->now += 251;
	EXPECT(w, STORE_OK, store_page_open, POOL, "c1", 1, "policy", 0);
	assert_int_equal(number(w->part[1]), LEVEL_HIGH);
	assert_int_equal(number(w->part[2]), 250);
	assert_int_equal(score(w, "due", "page:1"), w->now);
	EXPECT(w, STORE_OK, store_page_get, POOL, 1);
	assert_string_equal(part_named(w, 0, "policy"), "policy");
	assert_string_equal(part_named(w, 0, "conversation"), "c1");
	assert_string_equal(part_named(w, 0, "state"), "1");
}

// The sweeper saw a time that has moved since: the timer is set right.
static void test_early_sets_the_timer_right(void **state)
{
	struct world *w = *state;
	begin(w, "c1", LEVEL_HIGH);
	asked(w, "ZADD {" POOL "}:due 5 answer:c1");
	EXPECT(w, STORE_EARLY, store_page_open, POOL, "c1", 1, "policy", 0);
	assert_int_equal(score(w, "due", "answer:c1"), T0 + within.ms[LEVEL_HIGH]);
}

static void test_opens_once(void **state)
{
	struct world *w = *state;
	late(w);
	EXPECT(w, STORE_GONE, store_page_open, POOL, "c1", 1, "policy", 0);
	EXPECT(w, STORE_GONE, store_page_open, POOL, "c1", 2, "policy", 0);
	EXPECT(w, STORE_GONE, store_page_open, POOL, "c9", 3, "policy", 0);
	EXPECT(w, STORE_OK, store_pages, POOL, false);
	assert_int_equal(w->parts, 1);
	assert_string_equal(w->part[0], "1");
}

static void test_held_ones_need_no_page(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin_held(w, "c1", "ada", LEVEL_HIGH);
	w->now += within.ms[LEVEL_HIGH];
	asked(w, "ZADD {" POOL "}:due 5 answer:c1");
	EXPECT(w, STORE_GONE, store_page_open, POOL, "c1", 1, "policy", 0);
	assert_string_equal(asked(w, "EXISTS {" POOL "}:e:1"), "0");
	assert_int_equal(size_of_set(w, "due"), 1); // its silence
}

// An offer is no answer.
static void test_offered_ones_are_paged_for(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin(w, "c1", LEVEL_HIGH);
	w->now += within.ms[LEVEL_HIGH];
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_page_open, POOL, "c1", 1, "policy", 0);
	assert_int_equal(step(w, 0, "e1", "bo"), STORE_OK);
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 1));
	assert_string_equal(w->part[1], "1");
}

static void test_a_step_pages_and_is_taken_once(void **state)
{
	struct world *w = *state;
	late(w);
	assert_int_equal(step(w, 0, "e1", "bo"), STORE_OK);
	assert_string_equal(field(w, "e", "1", "generation"), "1");
	assert_string_equal(field(w, "e", "1", "paged"), "bo");
	assert_int_equal(score(w, "due", "page:1"), w->now + 60000);
	assert_int_equal(score(w, OUT_PAGE, "e1"), w->now);
	assert_true(number(asked(w, "PTTL {" POOL "}:o:e1")) > INT64_C(3) * 86400000);
	assert_int_equal(step(w, 0, "e2", "kim"), STORE_STALE); // another node, with what it saw
	assert_int_equal(step(w, 7, "e2", "kim"), STORE_STALE);
	assert_string_equal(asked(w, "EXISTS {" POOL "}:o:e2"), "0");
	assert_int_equal(step(w, 1, "e2", "kim"), STORE_OK);
	EXPECT(w, STORE_OK, store_out_claim, PAGE_OUT("e2"), lease(w));
	assert_string_equal(part_named(w, 2, "kind"), "page");
	assert_string_equal(part_named(w, 2, "person"), "kim");
	assert_string_equal(part_named(w, 2, "text"), "sealed");
	assert_string_equal(part_named(w, 2, "number_of_page"), "1");
}

static void test_a_step_may_page_nobody_or_many(void **state)
{
	struct world *w = *state;
	struct store_page pages[STORE_PAGES_MAX];
	char ids[STORE_PAGES_MAX][16];
	for (int i = 0; i < STORE_PAGES_MAX; i++) {
		snprintf(ids[i], sizeof ids[i], "e%d", i);
		pages[i] = (struct store_page){
		        ids[i], ids[i], "twilio", LINE, bytes_str("number"), bytes_str(ids[i])};
	}
	struct store_step s = {
	        .pool = POOL, .number = 1, .conversation = "c1", .next_at_ms = T0, .people = ""};
	late(w);
	EXPECT(w, STORE_OK, store_page_step, &s);
	assert_int_equal(size_of_set(w, OUT_PAGE), 0);
	s.generation = 1;
	s.pages = pages;
	s.pages_count = STORE_PAGES_MAX;
	EXPECT(w, STORE_OK, store_page_step, &s);
	assert_int_equal(size_of_set(w, OUT_PAGE), STORE_PAGES_MAX);
	assert_string_equal(field(w, "o", "e63", "text"), "e63");
	assert_string_equal(field(w, "o", "e63", "person"), "e63");
}

static void test_a_newer_page_replaces_an_unsent_one(void **state)
{
	struct world *w = *state;
	late(w);
	assert_int_equal(step(w, 0, "e1", "bo"), STORE_OK);
	assert_int_equal(step(w, 1, "e2", "kim"), STORE_OK);
	assert_int_equal(step(w, 2, "e3", "bo"), STORE_OK);
	assert_int_equal(score(w, OUT_PAGE, "e1"), NONE);
	assert_int_equal(size_of_set(w, OUT_PAGE), 2);
}

static void test_no_step_once_a_human_has_it(void **state)
{
	struct world *w = *state;
	late(w);
	assert_int_equal(step(w, 0, "e1", "bo"), STORE_OK);
	take(w);
	assert_int_equal(step(w, 1, "e2", "bo"), STORE_RESOLVED);
	assert_string_equal(asked(w, "EXISTS {" POOL "}:o:e2"), "0");
	assert_string_equal(field(w, "e", "1", "state"), "3");
	assert_int_equal(size_of_set(w, OUT_PAGE), 0);
	assert_int_equal(size_of_set(w, "pages"), 0);
	assert_int_equal(size_of_set(w, "due"), 1); // its silence
	EXPECT(w, STORE_OK, store_pages, POOL, true);
	assert_string_equal(w->part[0], "1");
	assert_int_equal(step(w, 1, "e2", "bo"), STORE_RESOLVED);
	EXPECT(w, STORE_RESOLVED, store_page_ack, POOL, 1, "bo", ACKNOWLEDGE_MS, ACKNOWLEDGE_MS);
	assert_true(number(asked(w, "PTTL {" POOL "}:e:1")) > 0);
}

// Its record has expired: the timer must not come back for ever.
static void test_a_step_of_what_is_long_over(void **state)
{
	struct world *w = *state;
	begin(w, "c1", LEVEL_HIGH);
	asked(w, "ZADD {" POOL "}:due 5 page:1");
	assert_int_equal(step(w, 0, "e1", "bo"), STORE_RESOLVED);
	assert_int_equal(score(w, "due", "page:1"), NONE);
	assert_string_equal(asked(w, "EXISTS {" POOL "}:e:1 {" POOL "}:o:e1"), "0");
}

static void test_acknowledged_once(void **state)
{
	struct world *w = *state;
	EXPECT(w, STORE_NOT_FOUND, store_page_ack, POOL, 1, "bo", ACKNOWLEDGE_MS, ACKNOWLEDGE_MS);
	late(w);
	assert_int_equal(step(w, 0, "e1", "bo"), STORE_OK);
	w->now += 10000;
	EXPECT(w, STORE_OK, store_page_ack, POOL, 1, "bo", ACKNOWLEDGE_MS, ACKNOWLEDGE_MS);
	int64_t at = w->now;
	assert_int_equal(score(w, "due", "page:1"), at + ACKNOWLEDGE_MS);
	assert_int_equal(score(w, OUT_PAGE, "e1"), NONE); // nobody else need be woken
	w->now += 10000;
	EXPECT(w, STORE_ALREADY, store_page_ack, POOL, 1, "kim", ACKNOWLEDGE_MS, ACKNOWLEDGE_MS);
	assert_string_equal(w->part[1], "bo");
	assert_int_equal(number(w->part[2]), at);
	assert_int_equal(score(w, "due", "page:1"), at + ACKNOWLEDGE_MS);
	assert_int_equal(
	        step(w, 1, "e2", "kim"), STORE_STALE); // decided before the acknowledgement
}

// An acknowledgement is no answer either: when its time is over, paging goes on.
static void test_an_acknowledgement_runs_out(void **state)
{
	struct world *w = *state;
	late(w);
	EXPECT(w, STORE_OK, store_page_ack, POOL, 1, "bo", ACKNOWLEDGE_MS, ACKNOWLEDGE_MS);
	w->now += ACKNOWLEDGE_MS;
	assert_int_equal(step(w, 1, "e1", "kim"), STORE_OK);
	assert_string_equal(field(w, "e", "1", "state"), "1");
	EXPECT(w, STORE_OK, store_page_ack, POOL, 1, "kim", ACKNOWLEDGE_MS, ACKNOWLEDGE_MS);
	assert_string_equal(field(w, "e", "1", "by"), "kim");
}

static void test_resolved_when_a_human_has_it(void **state)
{
	struct world *w = *state;
	EXPECT(w, STORE_NOT_FOUND, store_page_resolve, POOL, 1, "c1");
	late(w);
	assert_int_equal(step(w, 0, "e1", "bo"), STORE_OK);
	EXPECT(w, STORE_CONFLICT, store_page_resolve, POOL, 1, "c1");
	EXPECT(w, STORE_OK, store_page_ack, POOL, 1, "bo", ACKNOWLEDGE_MS, ACKNOWLEDGE_MS);
	EXPECT(w, STORE_CONFLICT, store_page_resolve, POOL, 1, "c1");
	take(w);
	EXPECT(w, STORE_OK, store_page_resolve, POOL, 1, "c1");
	assert_int_equal(size_of_set(w, "pages"), 0);
	assert_int_equal(size_of_set(w, OUT_PAGE), 0);
	assert_string_equal(field(w, "c", "c1", "page"), "0");
	EXPECT(w, STORE_OK, store_page_resolve, POOL, 1, "c1");
	EXPECT(w, STORE_OK, store_pages, POOL, true);
	assert_int_equal(w->parts, 1);
}

// Taken, given back, and late again: that is a new escalation, and the old one ends by itself.
static void test_a_released_one_may_be_late_again(void **state)
{
	struct world *w = *state;
	late(w);
	take(w);
	EXPECT(w, STORE_OK, store_release, CLAIM("c1", "ada", 1), "gone", &within);
	EXPECT(w, STORE_EARLY, store_page_open, POOL, "c1", 2, "policy", 0);
	w->now += within.ms[LEVEL_HIGH];
	EXPECT(w, STORE_OK, store_page_open, POOL, "c1", 2, "policy", 0);
	assert_int_equal(step(w, 0, "e1", "bo"), STORE_RESOLVED);
	EXPECT(w, STORE_OK, store_page_resolve, POOL, 1, "c1");
	assert_string_equal(field(w, "c", "c1", "page"), "2");
	EXPECT(w, STORE_CONFLICT, store_page_resolve, POOL, 2, "c1");
}

static void test_a_rise_after_the_page_opens_no_other(void **state)
{
	struct world *w = *state;
	late(w);
	struct store_ingest worse = text("c1", "m2", LEVEL_IMMINENT);
	worse.texter = "c1";
	assert_int_equal(ingest(w, &worse), STORE_OK);
	assert_int_equal(score(w, "due", "answer:c1"), NONE);
	EXPECT(w, STORE_GONE, store_page_open, POOL, "c1", 2, "policy", 0);
	assert_int_equal(step(w, 0, "e1", "bo"), STORE_OK);
}

// A page that failed once and is to be retried is no use to anybody after the acknowledgement.
static void test_a_withdrawn_page_is_not_retried(void **state)
{
	struct world *w = *state;
	late(w);
	assert_int_equal(step(w, 0, "e1", "bo"), STORE_OK);
	EXPECT(w, STORE_OK, store_out_claim, PAGE_OUT("e1"), lease(w));
	EXPECT(w, STORE_OK, store_out_done, PAGE_OUT("e1"),
	        OUTCOME(1, "retry", "", "", w->now + 1));
	EXPECT(w, STORE_OK, store_page_ack, POOL, 1, "kim", ACKNOWLEDGE_MS, ACKNOWLEDGE_MS);
	assert_int_equal(size_of_set(w, OUT_PAGE), 0);
}

// The acknowledgement came while it was being sent, in vain.
static void test_a_page_withdrawn_while_being_sent_is_not_retried(void **state)
{
	struct world *w = *state;
	late(w);
	assert_int_equal(step(w, 0, "e1", "bo"), STORE_OK);
	EXPECT(w, STORE_OK, store_out_claim, PAGE_OUT("e1"), lease(w));
	EXPECT(w, STORE_OK, store_page_ack, POOL, 1, "kim", ACKNOWLEDGE_MS, ACKNOWLEDGE_MS);
	EXPECT(w, STORE_OK, store_out_done, PAGE_OUT("e1"),
	        OUTCOME(1, "retry", "", "", w->now + 1));
	assert_int_equal(size_of_set(w, OUT_PAGE), 0);
}

// The acknowledgement came when a node had seen it and had not claimed it yet: it goes out once.
static void test_a_page_withdrawn_before_its_claim_is_not_retried(void **state)
{
	struct world *w = *state;
	late(w);
	assert_int_equal(step(w, 0, "e1", "bo"), STORE_OK);
	EXPECT(w, STORE_OK, store_page_ack, POOL, 1, "kim", ACKNOWLEDGE_MS, ACKNOWLEDGE_MS);
	EXPECT(w, STORE_OK, store_out_claim, PAGE_OUT("e1"), lease(w));
	assert_int_equal(size_of_set(w, OUT_PAGE), 0);
	EXPECT(w, STORE_OK, store_out_done, PAGE_OUT("e1"),
	        OUTCOME(1, "retry", "", "", w->now + 1));
	assert_int_equal(size_of_set(w, OUT_PAGE), 0);
}

static void test_the_latest_200_stay_listed(void **state)
{
	struct world *w = *state;
	late(w);
	for (int i = 0; i < 205; i++)
		asked(w, "ZADD {" POOL "}:pages_past %d old%d", i, i);
	take(w);
	EXPECT(w, STORE_OK, store_page_resolve, POOL, 1, "c1");
	assert_int_equal(size_of_set(w, "pages_past"), 200);
	assert_int_equal(score(w, "pages_past", "1"), w->now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_worse_news_ring_at_once),
	        TEST(test_numbers_grow),
	        TEST(test_opens_when_it_is_time),
	        TEST(test_early_sets_the_timer_right),
	        TEST(test_opens_once),
	        TEST(test_held_ones_need_no_page),
	        TEST(test_offered_ones_are_paged_for),
	        TEST(test_a_step_pages_and_is_taken_once),
	        TEST(test_a_step_may_page_nobody_or_many),
	        TEST(test_a_newer_page_replaces_an_unsent_one),
	        TEST(test_no_step_once_a_human_has_it),
	        TEST(test_a_step_of_what_is_long_over),
	        TEST(test_acknowledged_once),
	        TEST(test_an_acknowledgement_runs_out),
	        TEST(test_resolved_when_a_human_has_it),
	        TEST(test_a_released_one_may_be_late_again),
	        TEST(test_a_rise_after_the_page_opens_no_other),
	        TEST(test_a_withdrawn_page_is_not_retried),
	        TEST(test_a_page_withdrawn_while_being_sent_is_not_retried),
	        TEST(test_a_page_withdrawn_before_its_claim_is_not_retried),
	        TEST(test_the_latest_200_stay_listed),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
