// SPDX-License-Identifier: Apache-2.0
// What is left to people and providers: send_held, out_ask and out_asked.
#include "scripts.h"

enum delivery { QUEUED = 1, SENT, DELIVERED, FAILED, MAYBE, HELD };

#define R1     REPLY_OUT("r1", "c1")
#define R2     REPLY_OUT("r2", "c1")
#define DELAYS "90000,480000,60000"

static void reply(struct world *w)
{
	arrive(w, "ada", 1);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY("r1", "k1"));
}

static void delivery_of(struct world *w, const char *id, enum delivery wanted)
{
	assert_int_equal(field_number(w, "o", id, "delivery"), wanted);
	assert_int_equal(field_number(w, "m", id, "delivery"), wanted);
}

// r1 has waited for too long.
static void held(struct world *w)
{
	reply(w);
	w->now += VALIDITY_MS;
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w)); // to the millisecond it is in time
	EXPECT(w, STORE_OK, store_out_done, R1, OUTCOME(1, "retry", "", "busy", w->now));
	w->now += 1;
	EXPECT(w, STORE_HELD, store_out_claim, R1, lease(w));
}

static void test_late_replies_are_held(void **state)
{
	struct world *w = *state;
	held(w);
	delivery_of(w, "r1", HELD);
	assert_string_equal(field(w, "m", "r1", "note"), "it could not be sent in time");
}

static void test_a_held_reply_holds_up_nobody(void **state)
{
	struct world *w = *state;
	held(w);
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY("r2", "k2"));
	EXPECT(w, STORE_OK, store_out_claim, R2, lease(w));
	EXPECT(w, STORE_GONE, store_out_claim, R1, lease(w));
}

static void test_a_held_reply_is_sent_when_asked_for(void **state)
{
	struct world *w = *state;
	held(w);
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY("r2", "k2"));
	EXPECT(w, STORE_OK, store_send_held, CLAIM("c1", "ada", 1), "r1", GATEWAY);
	delivery_of(w, "r1", QUEUED);
	assert_int_equal(field_number(w, "o", "r1", "created"), w->now);
	assert_int_equal(number(asked(w, "PTTL {" POOL "}:o:r1")), -1);
	EXPECT(w, STORE_DUPLICATE, store_send_held, CLAIM("c1", "ada", 1), "r1", GATEWAY);
	// It joins the end: r2 was said before it was asked for.
	EXPECT(w, STORE_OK, store_out_claim, R2, lease(w));
	EXPECT(w, STORE_OK, store_out_done, R2, OUTCOME(1, "sent", "p2", "", 0));
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
	assert_string_equal(w->part[1], "2");
	EXPECT(w, STORE_DUPLICATE, store_send_held, CLAIM("c1", "ada", 1), "r1", GATEWAY);
	EXPECT(w, STORE_OK, store_out_done, R1, OUTCOME(2, "sent", "p1", "", 0));
	EXPECT(w, STORE_DUPLICATE, store_send_held, CLAIM("c1", "ada", 1), "r1", GATEWAY);
	delivery_of(w, "r1", SENT);
	assert_int_equal(size_of_set(w, OUT_REPLY), 0);
}

static void test_only_the_holder_sends_it(void **state)
{
	struct world *w = *state;
	held(w);
	EXPECT(w, STORE_STALE, store_send_held, CLAIM("c1", "ben", 1), "r1", GATEWAY);
	EXPECT(w, STORE_STALE, store_send_held, CLAIM("c1", "ada", 0), "r1", GATEWAY);
	EXPECT(w, STORE_NOT_FOUND, store_send_held, CLAIM("c2", "ada", 1), "r1", GATEWAY);
	EXPECT(w, STORE_NOT_FOUND, store_send_held, CLAIM("c1", "ada", 1), "r9", GATEWAY);
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, "c1"));
	EXPECT(w, STORE_CONFLICT, store_send_held, CLAIM("c1", "ada", 1), "r1", GATEWAY);
	delivery_of(w, "r1", HELD);
	assert_int_equal(size_of_set(w, OUT_REPLY), 0);
}

static void test_only_what_is_held(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_GONE, store_send_held, CLAIM("c1", "ada", 1), "r1", GATEWAY);
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
	EXPECT(w, STORE_OK, store_out_done, R1, OUTCOME(1, "unknown", "", "cut", 0));
	EXPECT(w, STORE_GONE, store_send_held, CLAIM("c1", "ada", 1), "r1", GATEWAY);
	delivery_of(w, "r1", MAYBE);
}

// A report says that it went out after all: it must not be sent then.
static void test_a_report_settles_what_is_held(void **state)
{
	struct world *w = *state;
	held(w);
	EXPECT(w, STORE_OK, store_receipt, R1, SENT, bytes_str("p1"), bytes_str(""));
	EXPECT(w, STORE_GONE, store_send_held, CLAIM("c1", "ada", 1), "r1", GATEWAY);
	delivery_of(w, "r1", SENT);
}

// ---- asking the provider

static void doubtful(struct world *w)
{
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
	EXPECT(w, STORE_OK, store_out_done, R1, OUTCOME(1, "unknown", "", "cut", 0));
}

static void test_asks_a_few_times(void **state)
{
	struct world *w = *state;
	static const int64_t delays[] = {90000, 480000, 60000};
	doubtful(w);
	assert_int_equal(score(w, "due", "ask:r1"), w->now + ASK_MS);
	EXPECT(w, STORE_EARLY, store_out_ask, POOL, "r1", DELAYS);
	w->now += ASK_MS;
	for (int i = 0; i < 3; i++) {
		char nth[16];
		EXPECT(w, STORE_OK, store_out_ask, POOL, "r1", DELAYS);
		snprintf(nth, sizeof nth, "%d", i + 1);
		assert_string_equal(w->part[1], nth);
		assert_string_equal(part_named(w, 2, "text"), "sealed");
		assert_int_equal(number(part_named(w, 2, "tried")), T0);
		EXPECT(w, STORE_EARLY, store_out_ask, POOL, "r1", DELAYS); // another node
		assert_int_equal(score(w, "due", "ask:r1"), w->now + delays[i]);
		w->now += delays[i];
	}
	EXPECT(w, STORE_GONE, store_out_ask, POOL, "r1", DELAYS);
	assert_int_equal(score(w, "due", "ask:r1"), NONE);
	delivery_of(w, "r1", MAYBE);
}

static void test_what_the_provider_says(void **state)
{
	struct world *w = *state;
	static const enum delivery found[] = {SENT, DELIVERED, FAILED};
	for (size_t i = 0; i < 3; i++) {
		world_empty(state);
		doubtful(w);
		EXPECT(w, STORE_OK, store_out_asked, R1, (int)found[i], bytes_str("p1"),
		        bytes_str(""));
		delivery_of(w, "r1", found[i]);
		assert_string_equal(field(w, "o", "r1", "provider_id"), "p1");
		assert_int_equal(score(w, "due", "ask:r1"), NONE);
		EXPECT(w, STORE_STALE, store_out_asked, R1, SENT, bytes_str("p1"), bytes_str(""));
		EXPECT(w, STORE_GONE, store_out_ask, POOL, "r1", DELAYS);
	}
}

// A provider that does not know it has not said that it will never come.
static void test_unknown_to_the_provider_stays_unknown(void **state)
{
	struct world *w = *state;
	doubtful(w);
	EXPECT(w, STORE_OK, store_out_asked, R1, 0, bytes_str(""), bytes_str("unheard-of"));
	delivery_of(w, "r1", MAYBE);
	assert_string_equal(field(w, "m", "r1", "note"), "unheard-of");
	assert_int_equal(score(w, "due", "ask:r1"), NONE);
	assert_int_equal(size_of_set(w, OUT_REPLY), 0);
	EXPECT(w, STORE_OK, store_receipt, R1, DELIVERED, bytes_str("p1"), bytes_str(""));
	delivery_of(w, "r1", DELIVERED);
}

// "ok" and "ok": the provider has one of them, and we know which.
static void test_another_replys_text_is_not_this_one(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
	EXPECT(w, STORE_OK, store_out_done, R1, OUTCOME(1, "sent", "p1", "", 0));
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY("r2", "k2"));
	EXPECT(w, STORE_OK, store_out_claim, R2, lease(w));
	EXPECT(w, STORE_OK, store_out_done, R2, OUTCOME(1, "unknown", "", "cut", 0));
	EXPECT(w, STORE_CONFLICT, store_out_asked, R2, SENT, bytes_str("p1"), bytes_str(""));
	delivery_of(w, "r2", MAYBE);
	assert_true(score(w, "due", "ask:r2") != NONE);
	EXPECT(w, STORE_OK, store_out_asked, R2, SENT, bytes_str("p2"), bytes_str(""));
	delivery_of(w, "r2", SENT);
}

static void test_nothing_is_asked_of_what_is_gone(void **state)
{
	struct world *w = *state;
	asked(w, "ZADD {" POOL "}:due 5 ask:r1");
	EXPECT(w, STORE_GONE, store_out_ask, POOL, "r1", DELAYS);
	assert_int_equal(size_of_set(w, "due"), 0);
	assert_string_equal(asked(w, "EXISTS {" POOL "}:o:r1"), "0");
	EXPECT(w, STORE_STALE, store_out_asked, R1, SENT, bytes_str("p1"), bytes_str(""));
	assert_string_equal(asked(w, "EXISTS {" POOL "}:o:r1"), "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_late_replies_are_held),
	        TEST(test_a_held_reply_holds_up_nobody),
	        TEST(test_a_held_reply_is_sent_when_asked_for),
	        TEST(test_only_the_holder_sends_it),
	        TEST(test_only_what_is_held),
	        TEST(test_a_report_settles_what_is_held),
	        TEST(test_asks_a_few_times),
	        TEST(test_what_the_provider_says),
	        TEST(test_unknown_to_the_provider_stays_unknown),
	        TEST(test_another_replys_text_is_not_this_one),
	        TEST(test_nothing_is_asked_of_what_is_gone),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
