// SPDX-License-Identifier: Apache-2.0
// ingest and seen: taking texts in, once each, in order of need.
#include "scripts.h"

static void test_begins_a_conversation(void **state)
{
	struct world *w = *state;
	struct store_ingest in = text("c1", "m1", LEVEL_HIGH);
	in.damaged = true;
	assert_int_equal(ingest(w, &in), STORE_OK);
	assert_string_equal(w->part[1], "1");
	assert_string_equal(w->part[2], "new");
	assert_int_equal(score(w, "q", "c1"), T0 - boost.ms[LEVEL_HIGH]);
	assert_int_equal(score(w, "due", "answer:c1"), T0 + within.ms[LEVEL_HIGH]);
	EXPECT(w, STORE_OK, store_conversation, POOL, "c1");
	assert_string_equal(part_named(w, 0, "state"), "1");
	assert_string_equal(part_named(w, 0, "epoch"), "0");
	assert_string_equal(part_named(w, 0, "key"), "wrapped");
	assert_string_equal(part_named(w, 0, "number"), "number");
	assert_string_equal(part_named(w, 0, "texter"), TEXTER);
	assert_string_equal(part_named(w, 0, "gateway"), "twilio");
	assert_string_equal(part_named(w, 0, "line"), LINE);
	assert_string_equal(part_named(w, 0, "reasons"), "reason");
	assert_string_equal(part_named(w, 0, "past"), "0");
	EXPECT(w, STORE_OK, store_message, POOL, "m1");
	assert_string_equal(part_named(w, 0, "text"), "sealed");
	assert_string_equal(part_named(w, 0, "conversation"), "c1");
	assert_string_equal(part_named(w, 0, "direction"), "1");
	assert_string_equal(part_named(w, 0, "media"), "2");
	assert_string_equal(part_named(w, 0, "damaged"), "1");
	assert_int_equal(number(part_named(w, 0, "provider_at")), T0 - 5);
}

static void test_appends_in_order(void **state)
{
	struct world *w = *state;
	char message[8];
	for (int i = 1; i <= 4; i++) {
		snprintf(message, sizeof message, "m%d", i);
		struct store_ingest in = text("c1", message, LEVEL_LOW);
		assert_int_equal(ingest(w, &in), STORE_OK);
		assert_int_equal(number(w->part[1]), i);
		assert_string_equal(w->part[2], i == 1 ? "new" : "more");
	}
	EXPECT(w, STORE_OK, store_message_ids, POOL, "c1", 1);
	assert_int_equal(w->parts, 3);
	assert_string_equal(w->part[0], "m2");
	assert_string_equal(w->part[2], "m4");
}

// "help" twice is two texts; the provider's id twice is one.
static void test_dedupes_on_the_providers_id_alone(void **state)
{
	struct world *w = *state;
	struct store_ingest first = text("c1", "m1", LEVEL_LOW);
	struct store_ingest again = text("c9", "m9", LEVEL_IMMINENT);
	again.provider_id_hash = "m1";
	assert_int_equal(ingest(w, &first), STORE_OK);
	assert_int_equal(ingest(w, &again), STORE_DUPLICATE);
	assert_string_equal(w->part[1], "m1");
	assert_string_equal(asked(w, "EXISTS {" POOL "}:c:c9 {" POOL "}:m:m9"), "0");
	assert_int_equal(field_number(w, "c", "c1", "level"), LEVEL_LOW);
	assert_int_equal(field_number(w, "c", "c1", "seq"), 1);

	struct store_ingest same_words = text("c1", "m2", LEVEL_LOW);
	assert_int_equal(ingest(w, &same_words), STORE_OK);
	assert_int_equal(field_number(w, "c", "c1", "seq"), 2);

	struct store_ingest other_gateway = text("c1", "m3", LEVEL_LOW);
	other_gateway.provider_id_hash = "m1";
	other_gateway.gateway = "kannel";
	assert_int_equal(ingest(w, &other_gateway), STORE_OK);
}

static void test_the_claim_expires_after_days(void **state)
{
	struct world *w = *state;
	struct store_ingest in = text("c1", "m1", LEVEL_LOW);
	assert_int_equal(ingest(w, &in), STORE_OK);
	int64_t left = number(asked(w, "PTTL {" POOL "}:seen:twilio:m1"));
	assert_true(left > INT64_C(3) * 86400000);
}

static void test_another_is_open(void **state)
{
	struct world *w = *state;
	struct store_ingest first = text("c1", "m1", LEVEL_LOW);
	struct store_ingest second = text("c2", "m2", LEVEL_LOW);
	assert_int_equal(ingest(w, &first), STORE_OK);
	assert_int_equal(ingest(w, &second), STORE_ANOTHER);
	assert_string_equal(w->part[1], "c1");
	assert_string_equal(w->part[2], "wrapped");
	assert_string_equal(asked(w, "EXISTS {" POOL "}:c:c2 {" POOL "}:m:m2"), "0");
	second.conversation = "c1";
	assert_int_equal(ingest(w, &second), STORE_OK);
	assert_string_equal(w->part[1], "2");

	struct store_ingest elsewhere = text("c3", "m3", LEVEL_LOW);
	elsewhere.line = "15005550199";
	store_ingest(w->store, &elsewhere, on_answer, w);
	assert_int_equal(answered(w), STORE_OK);
	assert_string_equal(w->part[2], "new");
}

static void test_after_a_close_a_new_one_begins(void **state)
{
	struct world *w = *state;
	struct store_ingest in = text("c1", "m1", LEVEL_LOW);
	arrive(w, "ada", 2);
	assert_int_equal(ingest(w, &in), STORE_OK);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 1));
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, TEXTER));
	struct store_ingest late = text("c1", "m2", LEVEL_HIGH);
	assert_int_equal(ingest(w, &late), STORE_NEW);
	assert_string_equal(asked(w, "EXISTS {" POOL "}:m:m2 {" POOL "}:seen:twilio:m2"), "0");
	late.conversation = "c2";
	assert_int_equal(ingest(w, &late), STORE_OK);
	assert_string_equal(w->part[2], "new");
	assert_int_equal(field_number(w, "c", "c2", "past"), 1);
	assert_int_equal(field_number(w, "c", "c1", "seq"), 1);
}

static void test_a_level_only_rises(void **state)
{
	struct world *w = *state;
	struct store_ingest first = text("c1", "m1", LEVEL_MEDIUM);
	assert_int_equal(ingest(w, &first), STORE_OK);
	w->now += 60000;
	struct store_ingest worse = text("c1", "m2", LEVEL_HIGH);
	worse.reasons = "worse";
	assert_int_equal(ingest(w, &worse), STORE_OK);
	assert_int_equal(score(w, "q", "c1"), T0 - boost.ms[LEVEL_HIGH]);
	assert_int_equal(field_number(w, "c", "c1", "answer_by"), w->now + within.ms[LEVEL_HIGH]);
	assert_string_equal(field(w, "c", "c1", "reasons"), "worse");
	struct store_ingest calmer = text("c1", "m3", LEVEL_LOW);
	calmer.reasons = "calmer";
	assert_int_equal(ingest(w, &calmer), STORE_OK);
	assert_int_equal(field_number(w, "c", "c1", "level"), LEVEL_HIGH);
	assert_string_equal(field(w, "c", "c1", "reasons"), "worse");
	assert_int_equal(score(w, "w:4", "c1"), T0);
}

// High would be due five minutes from now, and the low one is due in one.
static void test_a_rise_only_hastens(void **state)
{
	struct world *w = *state;
	struct store_ingest first = text("c1", "m1", LEVEL_LOW);
	assert_int_equal(ingest(w, &first), STORE_OK);
	w->now += within.ms[LEVEL_LOW] - 60000;
	struct store_ingest worse = text("c1", "m2", LEVEL_HIGH);
	assert_int_equal(ingest(w, &worse), STORE_OK);
	assert_int_equal(score(w, "due", "answer:c1"), T0 + within.ms[LEVEL_LOW]);
}

// What has waited in a spool has waited.
static void test_counts_from_the_arrival(void **state)
{
	struct world *w = *state;
	struct store_ingest in = text("c1", "m1", LEVEL_HIGH);
	in.at_ms = T0 - 600000;
	assert_int_equal(ingest(w, &in), STORE_OK);
	assert_int_equal(score(w, "q", "c1"), in.at_ms - boost.ms[LEVEL_HIGH]);
	assert_int_equal(score(w, "w:4", "c1"), in.at_ms);
	assert_int_equal(score(w, "due", "answer:c1"), in.at_ms + within.ms[LEVEL_HIGH]);
	assert_int_equal(field_number(w, "c", "c1", "answer_by"), in.at_ms + within.ms[LEVEL_HIGH]);
	assert_int_equal(field_number(w, "c", "c1", "enqueued"), in.at_ms);
	assert_int_equal(field_number(w, "m", "m1", "at"), in.at_ms);
}

static void test_nothing_arrives_later_than_now(void **state)
{
	struct world *w = *state;
	struct store_ingest in = text("c1", "m1", LEVEL_HIGH);
	in.at_ms = T0 + 3600000;
	assert_int_equal(ingest(w, &in), STORE_OK);
	assert_int_equal(score(w, "w:4", "c1"), T0);
	assert_int_equal(score(w, "due", "answer:c1"), T0 + within.ms[LEVEL_HIGH]);
	assert_int_equal(field_number(w, "m", "m1", "at"), T0);
}

// It was in one node's spool while another node took a later text of the same person.
static void test_an_earlier_arrival_only_hastens(void **state)
{
	struct world *w = *state;
	begin(w, "c1", LEVEL_HIGH);
	struct store_ingest earlier = text("c1", "m2", LEVEL_LOW);
	earlier.texter = "c1";
	earlier.at_ms = T0 - 60000;
	assert_int_equal(ingest(w, &earlier), STORE_OK);
	assert_int_equal(score(w, "q", "c1"), earlier.at_ms - boost.ms[LEVEL_HIGH]);
	assert_int_equal(score(w, "w:4", "c1"), earlier.at_ms);
	assert_int_equal(score(w, "due", "answer:c1"), earlier.at_ms + within.ms[LEVEL_HIGH]);
	assert_string_equal(field(w, "c", "c1", "reasons"), "reason");
	assert_int_equal(field_number(w, "c", "c1", "level"), LEVEL_HIGH);
	struct store_ingest between = text("c1", "m3", LEVEL_LOW);
	between.texter = "c1";
	between.at_ms = T0 - 30000;
	assert_int_equal(ingest(w, &between), STORE_OK);
	assert_int_equal(score(w, "w:4", "c1"), earlier.at_ms);
}

// Whoever is paged for it has been rung already.
static void test_an_earlier_arrival_rings_nobody_again(void **state)
{
	struct world *w = *state;
	begin(w, "c1", LEVEL_HIGH);
	w->now += within.ms[LEVEL_HIGH];
	EXPECT(w, STORE_OK, store_page_open, POOL, "c1", 7, "policy", 0);
	int64_t next = score(w, "due", "page:7");
	w->now += 1000;
	struct store_ingest earlier = text("c1", "m2", LEVEL_LOW);
	earlier.texter = "c1";
	earlier.at_ms = T0 - 60000;
	assert_int_equal(ingest(w, &earlier), STORE_OK);
	assert_int_equal(score(w, "due", "page:7"), next);
	assert_int_equal(score(w, "due", "answer:c1"), NONE);
}

static void test_imminent_is_a_queue_of_its_own(void **state)
{
	struct world *w = *state;
	begin(w, "c1", LEVEL_LOW);
	begin(w, "c2", LEVEL_IMMINENT);
	w->now += 1000;
	struct store_ingest worse = text("c1", "m2", LEVEL_IMMINENT);
	worse.texter = "c1";
	assert_int_equal(ingest(w, &worse), STORE_OK);
	assert_int_equal(size_of_set(w, "q"), 0);
	assert_int_equal(score(w, "q0", "c1"), T0);
	assert_int_equal(score(w, "q0", "c2"), T0);
	assert_int_equal(score(w, "due", "answer:c1"), w->now + within.ms[LEVEL_IMMINENT]);
}

static void test_a_rise_while_offered_shows_when_it_comes_back(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	struct store_ingest worse = text("c1", "m2", LEVEL_IMMINENT);
	worse.texter = "c1";
	assert_int_equal(ingest(w, &worse), STORE_OK);
	assert_int_equal(size_of_set(w, "q0"), 0);
	assert_int_equal(score(w, "w:5", "c1"), T0);
	EXPECT(w, STORE_OK, store_unoffer, CLAIM("c1", "ada", 1), "declined");
	assert_int_equal(score(w, "q0", "c1"), T0);
}

static void test_a_rise_while_held_changes_no_queue(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	struct store_ingest worse = text("c1", "m2", LEVEL_IMMINENT);
	worse.texter = "c1";
	assert_int_equal(ingest(w, &worse), STORE_OK);
	assert_int_equal(field_number(w, "c", "c1", "level"), LEVEL_IMMINENT);
	assert_string_equal(field(w, "c", "c1", "state"), "3");
	EXPECT(w, STORE_OK, store_release, CLAIM("c1", "ada", 1), "gone", &within);
	assert_int_equal(score(w, "q0", "c1"), T0);
}

static void test_seen_claims_once(void **state)
{
	struct world *w = *state;
	EXPECT(w, STORE_OK, store_seen_get, POOL, "twilio", "p1");
	assert_string_equal(w->part[0], "nil");
	EXPECT(w, STORE_OK, store_seen_put, POOL, "twilio", "p1", "ack");
	EXPECT(w, STORE_DUPLICATE, store_seen_put, POOL, "twilio", "p1", "other");
	assert_string_equal(w->part[1], "ack");
	EXPECT(w, STORE_OK, store_seen_get, POOL, "twilio", "p1");
	assert_string_equal(w->part[0], "ack");
	assert_true(number(asked(w, "PTTL {" POOL "}:seen:twilio:p1")) > 0);
	struct store_ingest in = text("c1", "p1", LEVEL_LOW);
	assert_int_equal(ingest(w, &in), STORE_DUPLICATE);
	assert_string_equal(w->part[1], "ack");
}

static void test_news_of_who_waits(void **state)
{
	struct world *w = *state;
	redis_subscribe(w->link.redis, "{" POOL "}:events");
	UNTIL(&w->link, number(asked(w, "PUBLISH {" POOL "}:events ping")) == 1);
	UNTIL(&w->link, strcmp(w->link.message, "{" POOL "}:events=ping") == 0);
	begin(w, "c1", LEVEL_LOW);
	UNTIL(&w->link, strcmp(w->link.message, "{" POOL "}:events=waiting c1") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_begins_a_conversation),
	        TEST(test_appends_in_order),
	        TEST(test_dedupes_on_the_providers_id_alone),
	        TEST(test_the_claim_expires_after_days),
	        TEST(test_another_is_open),
	        TEST(test_after_a_close_a_new_one_begins),
	        TEST(test_a_level_only_rises),
	        TEST(test_a_rise_only_hastens),
	        TEST(test_counts_from_the_arrival),
	        TEST(test_nothing_arrives_later_than_now),
	        TEST(test_an_earlier_arrival_only_hastens),
	        TEST(test_an_earlier_arrival_rings_nobody_again),
	        TEST(test_imminent_is_a_queue_of_its_own),
	        TEST(test_a_rise_while_offered_shows_when_it_comes_back),
	        TEST(test_a_rise_while_held_changes_no_queue),
	        TEST(test_seen_claims_once),
	        TEST(test_news_of_who_waits),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
