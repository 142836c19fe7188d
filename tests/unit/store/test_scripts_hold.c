// SPDX-License-Identifier: Apache-2.0
// send, release, close and finish: what only the holder may do, and only in the right epoch.
#include "scripts.h"

static void test_release_goes_back_to_the_old_place(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin_held(w, "c1", "ada", LEVEL_HIGH);
	w->now += INT64_C(3600000);
	EXPECT(w, STORE_OK, store_release, CLAIM("c1", "ada", 1), "gone", &within);
	assert_string_equal(field(w, "c", "c1", "state"), "1");
	assert_int_equal(score(w, "q", "c1"), T0 - boost.ms[LEVEL_HIGH]);
	assert_int_equal(score(w, "w:4", "c1"), T0);
	assert_int_equal(score(w, "due", "answer:c1"), w->now + within.ms[LEVEL_HIGH]);
	assert_string_equal(field(w, "c", "c1", "epoch"), "2");
	assert_string_equal(field(w, "c", "c1", "excluded"), "");
	EXPECT(w, STORE_STALE, store_release, CLAIM("c1", "ada", 1), "gone", &within);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	assert_string_equal(w->part[1], "3");
}

// Their next text belongs to the same conversation, and the history stays.
static void test_released_keeps_its_texter(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_release, CLAIM("c1", "ada", 1), "gone", &within);
	struct store_ingest in = text("c1", "m2", LEVEL_LOW);
	in.texter = "c1";
	assert_int_equal(ingest(w, &in), STORE_OK);
	assert_string_equal(w->part[1], "2");
	assert_string_equal(w->part[2], "more");
}

// Not for this conversation, and not for the next one of that texter.
static void test_who_knows_the_texter_is_never_asked_again(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	arrive(w, "ben", 2);
	begin_held(w, "c1", "ada", LEVEL_HIGH);
	EXPECT(w, STORE_NOT_FOUND, store_recuse, CLAIM("c9", "ada", 1), LINE, "c1");
	EXPECT(w, STORE_STALE, store_recuse, CLAIM("c1", "ben", 1), LINE, "c1");
	EXPECT(w, STORE_STALE, store_recuse, CLAIM("c1", "ada", 2), LINE, "c1");
	assert_string_equal(asked(w, "EXISTS {" POOL "}:known:" LINE ":c1"), "0");
	EXPECT(w, STORE_OK, store_recuse, CLAIM("c1", "ada", 1), LINE, "c1");
	EXPECT(w, STORE_OK, store_recuse, CLAIM("c1", "ada", 1), LINE, "c1");
	assert_string_equal(field(w, "c", "c1", "recused"), "ada");
	EXPECT(w, STORE_OK, store_release, CLAIM("c1", "ada", 1), "knows_them", &within);
	EXPECT(w, STORE_STALE, store_recuse, CLAIM("c1", "ada", 1), LINE, "c1");
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ben", OFFER_MS);
	EXPECT(w, STORE_OK, store_recuse, CLAIM("c1", "ben", 3), LINE, "c1"); // of an offer
	EXPECT(w, STORE_OK, store_unoffer, CLAIM("c1", "ben", 3), "declined");
	EXPECT(w, STORE_OK, store_forgive, POOL, "c1", "ben");
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c1", "ben", OFFER_MS);
	arrive(w, "cyd", 2);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "cyd", OFFER_MS);
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "cyd", 5));
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "cyd", 5),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, "c1"));
	struct store_ingest in = text("c2", "m2", LEVEL_LOW);
	in.texter = "c1";
	assert_int_equal(ingest(w, &in), STORE_OK);
	assert_string_equal(field(w, "c", "c2", "recused"), "ada,ben");
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c2", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_offer, POOL, "c2", "cyd", OFFER_MS);
}

static void test_release_needs_the_holder(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_NOT_FOUND, store_release, CLAIM("c9", "ada", 1), "gone", &within);
	EXPECT(w, STORE_STALE, store_release, CLAIM("c1", "ada", 1), "gone", &within);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_CONFLICT, store_release, CLAIM("c1", "ada", 1), "gone", &within);
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 1));
	EXPECT(w, STORE_STALE, store_release, CLAIM("c1", "ben", 1), "gone", &within);
	EXPECT(w, STORE_STALE, store_release, CLAIM("c1", "ada", 0), "gone", &within);
	assert_string_equal(field(w, "c", "c1", "state"), "3");
}

static void test_close_then_finish(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	begin(w, "c2", LEVEL_LOW);
	w->now += 1000;
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, "c1"));
	assert_string_equal(field(w, "c", "c1", "state"), "4");
	assert_string_equal(field(w, "c", "c1", "outcome"), "helped");
	assert_int_equal(field_number(w, "c", "c1", "closed_at"), w->now);
	assert_int_equal(score(w, "due", "wrap_up:c1"), w->now + WRAP_UP_MS);
	assert_string_equal(asked(w, "EXISTS {" POOL "}:texter:" LINE ":c1"), "0");
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c2", "ada", OFFER_MS); // the slot is taken
	EXPECT(w, STORE_OK, store_finish, CLAIM("c1", "ada", 1), &exposure);
	assert_string_equal(field(w, "c", "c1", "state"), "5");
	const char *ada = asked(w, "HGET {" POOL "}:staff ada");
	assert_non_null(strstr(ada, "\"idle_since\":1800000001000"));
	EXPECT(w, STORE_OK, store_offer, POOL, "c2", "ada", OFFER_MS);
}

static void test_close_and_finish_may_be_repeated(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, "c1"));
	w->now += 1000;
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("other", WRAP_UP_MS, 0, LINE, "c1"));
	assert_string_equal(field(w, "c", "c1", "outcome"), "helped");
	assert_int_equal(score(w, "wrap", "c1"), T0 + WRAP_UP_MS);
	assert_string_equal(asked(w, "GET {" POOL "}:past:" LINE ":c1"), "1");
	EXPECT(w, STORE_OK, store_finish, CLAIM("c1", "ada", 1), &exposure);
	begin_held(w, "c2", "ada", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_finish, CLAIM("c1", "ada", 1), &exposure);
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("other", WRAP_UP_MS, 0, LINE, "c1"));
	assert_string_equal(field(w, "c", "c1", "state"), "5");
}

static void test_close_needs_the_holder(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_NOT_FOUND, store_close, CLAIM("c9", "ada", 1),
	        CLOSING("helped", 1, 0, LINE, "c9"));
	EXPECT(w, STORE_STALE, store_close, CLAIM("c1", "ada", 0),
	        CLOSING("helped", 1, 0, LINE, "c1"));
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_CONFLICT, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("helped", 1, 0, LINE, "c1"));
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 1));
	EXPECT(w, STORE_STALE, store_close, CLAIM("c1", "ben", 1),
	        CLOSING("helped", 1, 0, LINE, "c1"));
	EXPECT(w, STORE_STALE, store_close, CLAIM("c1", "ada", 2),
	        CLOSING("helped", 1, 0, LINE, "c1"));
	assert_string_equal(asked(w, "EXISTS {" POOL "}:past:" LINE ":c1"), "0");
}

// The texter wrote again before a late repeat of the close: theirs is the new conversation.
static void test_a_late_close_leaves_the_next_conversation_alone(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, "c1"));
	struct store_ingest in = text("c2", "m2", LEVEL_LOW);
	in.texter = "c1";
	assert_int_equal(ingest(w, &in), STORE_OK);
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, "c1"));
	assert_string_equal(field(w, "texter:" LINE, "c1", "conversation"), "c2");
}

static void test_finish_needs_wrap_up(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	EXPECT(w, STORE_NOT_FOUND, store_finish, CLAIM("c9", "ada", 1), &exposure);
	EXPECT(w, STORE_CONFLICT, store_finish, CLAIM("c1", "ada", 1), &exposure);
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, "c1"));
	EXPECT(w, STORE_STALE, store_finish, CLAIM("c1", "ben", 1), &exposure);
	EXPECT(w, STORE_STALE, store_finish, CLAIM("c1", "ada", 2), &exposure);
	assert_string_equal(field(w, "c", "c1", "state"), "4");
}

static void test_close_waits_for_what_was_not_seen(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	struct store_ingest in = text("c1", "m2", LEVEL_LOW);
	in.texter = "c1";
	assert_int_equal(ingest(w, &in), STORE_OK);
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY("r1", "k1"));
	EXPECT(w, STORE_UNSEEN, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("helped", WRAP_UP_MS, 1, LINE, "c1"));
	assert_string_equal(field(w, "c", "c1", "state"), "3");
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("helped", WRAP_UP_MS, 2, LINE, "c1"));
}

static void test_a_reply_and_its_outbox_entry(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY("r1", "k1"));
	assert_string_equal(w->part[1], "2");
	assert_string_equal(w->part[2], "r1");
	EXPECT(w, STORE_OK, store_message, POOL, "r1");
	assert_string_equal(part_named(w, 0, "text"), "sealed");
	assert_string_equal(part_named(w, 0, "author"), "ada");
	assert_string_equal(part_named(w, 0, "direction"), "2");
	assert_string_equal(part_named(w, 0, "delivery"), "1");
	EXPECT(w, STORE_OK, store_outbox, POOL, GATEWAY, STORE_REPLY, w->now, 10);
	assert_int_equal(w->parts, 2);
	assert_string_equal(w->part[0], "r1 c1");
	assert_string_equal(field(w, "o", "r1", "number"), "number");
	assert_string_equal(field(w, "o", "r1", "state"), "queued");
	EXPECT(w, STORE_OK, store_message_ids, POOL, "c1", 0);
	assert_string_equal(w->part[1], "r1");
}

static void test_one_client_id_is_one_reply(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY("r1", "k1"));
	EXPECT(w, STORE_DUPLICATE, store_send, CLAIM("c1", "ada", 1), REPLY("r2", "k1"));
	assert_string_equal(w->part[1], "2");
	assert_string_equal(w->part[2], "r1");
	assert_string_equal(asked(w, "EXISTS {" POOL "}:m:r2 {" POOL "}:o:r2"), "0");
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY("r3", "k3"));
	assert_string_equal(w->part[1], "3");
	EXPECT(w, STORE_OK, store_release, CLAIM("c1", "ada", 1), "gone", &within);
	EXPECT(w, STORE_DUPLICATE, store_send, CLAIM("c1", "ada", 1), REPLY("r4", "k1"));
	assert_int_equal(size_of_set(w, OUT_REPLY), 1); // the second waits for the first;
}

static void test_another_counselors_client_id_is_another_reply(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY("r1", "1"));
	EXPECT(w, STORE_OK, store_release, CLAIM("c1", "ada", 1), "gone", &within);
	arrive(w, "ben", 1);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ben", OFFER_MS);
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ben", 3));
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ben", 3), REPLY("r2", "1"));
	assert_string_equal(w->part[2], "r2");
}

static void test_send_needs_the_holder(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_NOT_FOUND, store_send, CLAIM("c9", "ada", 1), REPLY("r1", "k1"));
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_CONFLICT, store_send, CLAIM("c1", "ada", 1), REPLY("r1", "k1"));
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 1));
	EXPECT(w, STORE_STALE, store_send, CLAIM("c1", "ben", 1), REPLY("r1", "k1"));
	EXPECT(w, STORE_STALE, store_send, CLAIM("c1", "ada", 0), REPLY("r1", "k1"));
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, "c1"));
	EXPECT(w, STORE_CONFLICT, store_send, CLAIM("c1", "ada", 1), REPLY("r1", "k1"));
	assert_int_equal(size_of_set(w, OUT_REPLY), 0);
	assert_int_equal(field_number(w, "c", "c1", "seq"), 1);
}

static void test_timers_of_a_held_one_settle(void **state)
{
	struct world *w = *state;
	asked(w, "ZADD {" POOL "}:due %lld offer:c1", (long long)T0);
	EXPECT(w, STORE_CONFLICT, store_settle, POOL, "offer:c1", bytes_str("1"));
	assert_int_equal(score(w, "due", "offer:c1"), T0);
	char at[24];
	snprintf(at, sizeof at, "%lld", (long long)T0);
	EXPECT(w, STORE_OK, store_settle, POOL, "offer:c1", bytes_str(at));
	assert_int_equal(size_of_set(w, "due"), 0);
	EXPECT(w, STORE_CONFLICT, store_settle, POOL, "offer:c1", bytes_str(at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_release_goes_back_to_the_old_place),
	        TEST(test_released_keeps_its_texter),
	        TEST(test_release_needs_the_holder),
	        TEST(test_who_knows_the_texter_is_never_asked_again),
	        TEST(test_close_then_finish),
	        TEST(test_close_and_finish_may_be_repeated),
	        TEST(test_close_needs_the_holder),
	        TEST(test_a_late_close_leaves_the_next_conversation_alone),
	        TEST(test_finish_needs_wrap_up),
	        TEST(test_close_waits_for_what_was_not_seen),
	        TEST(test_a_reply_and_its_outbox_entry),
	        TEST(test_one_client_id_is_one_reply),
	        TEST(test_another_counselors_client_id_is_another_reply),
	        TEST(test_send_needs_the_holder),
	        TEST(test_timers_of_a_held_one_settle),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
