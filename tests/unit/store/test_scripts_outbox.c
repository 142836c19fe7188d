// SPDX-License-Identifier: Apache-2.0
// out_claim, out_done, receipt and out_put: what goes out, once, and what became of it.
#include "scripts.h"

enum delivery { QUEUED = 1, SENT, DELIVERED, FAILED, MAYBE };

static const struct bytes nothing = {0};

// A reply r1 of ada's, waiting to be sent.
static void reply(struct world *w)
{
	arrive(w, "ada", 1);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), "r1", "k1", bytes_str("sealed"));
}

// A notice n1 to a staff member, waiting to be sent.
static void notice(struct world *w)
{
	const struct store_page n = {.id = "n1",
	        .person = "bo",
	        .gateway = "twilio",
	        .line = LINE,
	        .sealed_number = bytes_str("number"),
	        .sealed_text = bytes_str("sealed")};
	EXPECT(w, STORE_OK, store_notice, POOL, &n);
}

static void delivery_is(struct world *w, enum delivery wanted)
{
	assert_int_equal(field_number(w, "o", "r1", "delivery"), wanted);
	assert_int_equal(field_number(w, "m", "r1", "delivery"), wanted);
}

static void test_claims_and_sends(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, POOL, "r1", LEASE_MS);
	assert_string_equal(w->part[1], "1");
	assert_string_equal(w->part[2], "reply");
	assert_string_equal(part_named(w, 3, "text"), "sealed");
	assert_string_equal(part_named(w, 3, "number"), "number");
	assert_string_equal(part_named(w, 3, "key"), "wrapped");
	assert_string_equal(part_named(w, 3, "attempts"), "1");
	assert_int_equal(score(w, "out", "r1"), w->now + LEASE_MS);
	EXPECT(w, STORE_OK, store_out_done, POOL, "r1", 1, "sent", bytes_str("p1"), nothing, 0);
	delivery_is(w, SENT);
	assert_string_equal(field(w, "o", "r1", "provider_id"), "p1");
	assert_int_equal(size_of_set(w, "out"), 0);
	assert_true(number(asked(w, "PTTL {" POOL "}:o:r1")) > INT64_C(3) * 86400000);
	EXPECT(w, STORE_STALE, store_out_done, POOL, "r1", 1, "failed", nothing, nothing, 0);
	EXPECT(w, STORE_GONE, store_out_claim, POOL, "r1", LEASE_MS);
	delivery_is(w, SENT);
}

static void test_one_node_at_a_time(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, POOL, "r1", LEASE_MS);
	w->now += LEASE_MS - 1;
	EXPECT(w, STORE_GONE, store_out_claim, POOL, "r1", LEASE_MS);
	assert_int_equal(score(w, "out", "r1"), T0 + LEASE_MS);
	assert_string_equal(field(w, "o", "r1", "attempts"), "1");
}

static void test_nothing_to_claim(void **state)
{
	struct world *w = *state;
	asked(w, "ZADD {" POOL "}:out 5 x9");
	EXPECT(w, STORE_GONE, store_out_claim, POOL, "x9", LEASE_MS);
	assert_int_equal(size_of_set(w, "out"), 0);
	EXPECT(w, STORE_STALE, store_out_done, POOL, "x9", 1, "sent", nothing, nothing, 0);
	EXPECT(w, STORE_NOT_FOUND, store_receipt, POOL, "x9", DELIVERED, nothing);
	assert_string_equal(asked(w, "EXISTS {" POOL "}:o:x9 {" POOL "}:m:x9"), "0");
}

// The node died between the provider and us: nobody knows, and nobody sends it again.
static void test_an_interrupted_reply_may_have_been_sent(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, POOL, "r1", LEASE_MS);
	w->now += LEASE_MS;
	EXPECT(w, STORE_UNKNOWN, store_out_claim, POOL, "r1", LEASE_MS);
	delivery_is(w, MAYBE);
	assert_int_equal(size_of_set(w, "out"), 0);
	EXPECT(w, STORE_STALE, store_out_done, POOL, "r1", 1, "sent", nothing, nothing, 0);
	EXPECT(w, STORE_GONE, store_out_claim, POOL, "r1", LEASE_MS);
	delivery_is(w, MAYBE);
	EXPECT(w, STORE_OK, store_receipt, POOL, "r1", SENT, nothing);
	delivery_is(w, SENT);
}

static void test_an_interrupted_page_is_sent_again(void **state)
{
	struct world *w = *state;
	notice(w);
	asked(w, "HSET {" POOL "}:o:n1 kind page");
	EXPECT(w, STORE_OK, store_out_claim, POOL, "n1", LEASE_MS);
	w->now += LEASE_MS;
	EXPECT(w, STORE_OK, store_out_claim, POOL, "n1", LEASE_MS);
	assert_string_equal(w->part[1], "2");
	assert_string_equal(part_named(w, 3, "attempts"), "2");
	EXPECT(w, STORE_STALE, store_out_done, POOL, "n1", 1, "sent", nothing, nothing, 0);
	EXPECT(w, STORE_OK, store_out_done, POOL, "n1", 2, "sent", nothing, nothing, 0);
	assert_string_equal(asked(w, "EXISTS {" POOL "}:m:n1"), "0");
}

static void test_retries_when_told(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, POOL, "r1", LEASE_MS);
	EXPECT(w, STORE_OK, store_out_done, POOL, "r1", 1, "retry", nothing, bytes_str("busy"),
	        T0 + 7000);
	delivery_is(w, QUEUED);
	assert_string_equal(field(w, "m", "r1", "note"), "busy");
	EXPECT(w, STORE_OK, store_outbox, POOL, T0 + 6999, 10);
	assert_int_equal(w->parts, 0);
	EXPECT(w, STORE_STALE, store_out_done, POOL, "r1", 1, "sent", nothing, nothing, 0);
	w->now = T0 + 7000;
	EXPECT(w, STORE_OK, store_outbox, POOL, w->now, 10);
	assert_string_equal(w->part[0], "r1");
	EXPECT(w, STORE_OK, store_out_claim, POOL, "r1", LEASE_MS);
	assert_string_equal(w->part[1], "2");
	EXPECT(w, STORE_OK, store_out_done, POOL, "r1", 2, "failed", nothing, bytes_str("no"), 0);
	delivery_is(w, FAILED);
	assert_int_equal(size_of_set(w, "out"), 0);
}

static void test_an_ambiguous_send_is_left_so(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, POOL, "r1", LEASE_MS);
	EXPECT(w, STORE_OK, store_out_done, POOL, "r1", 1, "unknown", nothing, bytes_str("cut"), 0);
	delivery_is(w, MAYBE);
	assert_int_equal(size_of_set(w, "out"), 0);
	EXPECT(w, STORE_OK, store_receipt, POOL, "r1", DELIVERED, nothing);
	delivery_is(w, DELIVERED);
}

static void test_receipts_only_go_forward(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, POOL, "r1", LEASE_MS);
	EXPECT(w, STORE_OK, store_out_done, POOL, "r1", 1, "sent", bytes_str("p1"), nothing, 0);
	EXPECT(w, STORE_DUPLICATE, store_receipt, POOL, "r1", SENT, nothing);
	EXPECT(w, STORE_OK, store_receipt, POOL, "r1", FAILED, bytes_str("off"));
	assert_string_equal(field(w, "m", "r1", "note"), "off");
	EXPECT(w, STORE_OK, store_receipt, POOL, "r1", DELIVERED, nothing);
	EXPECT(w, STORE_DUPLICATE, store_receipt, POOL, "r1", DELIVERED, nothing);
	EXPECT(w, STORE_DUPLICATE, store_receipt, POOL, "r1", FAILED, bytes_str("late"));
	EXPECT(w, STORE_DUPLICATE, store_receipt, POOL, "r1", SENT, nothing);
	EXPECT(w, STORE_DUPLICATE, store_receipt, POOL, "r1", MAYBE, nothing);
	delivery_is(w, DELIVERED);
	assert_string_equal(field(w, "m", "r1", "note"), "");
}

// The phone was quicker than the provider's own answer.
static void test_delivered_before_sent(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, POOL, "r1", LEASE_MS);
	EXPECT(w, STORE_OK, store_receipt, POOL, "r1", DELIVERED, nothing);
	assert_int_equal(size_of_set(w, "out"), 0);
	EXPECT(w, STORE_STALE, store_out_done, POOL, "r1", 1, "sent", bytes_str("p1"), nothing, 0);
	delivery_is(w, DELIVERED);
	w->now += LEASE_MS;
	EXPECT(w, STORE_GONE, store_out_claim, POOL, "r1", LEASE_MS);
	delivery_is(w, DELIVERED);
}

// We saw an error and meant to try again, and it had arrived all the same.
static void test_a_receipt_ends_the_retries(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, POOL, "r1", LEASE_MS);
	EXPECT(w, STORE_OK, store_out_done, POOL, "r1", 1, "retry", nothing, bytes_str("busy"),
	        T0 + 7000);
	EXPECT(w, STORE_OK, store_receipt, POOL, "r1", SENT, nothing);
	EXPECT(w, STORE_GONE, store_out_claim, POOL, "r1", LEASE_MS);
	delivery_is(w, SENT);
}

// Otherwise a line with many thousands of replies a day would fill Redis in the end.
static void test_settled_entries_expire(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), "r2", "k2", bytes_str("sealed"));
	assert_int_equal(number(asked(w, "PTTL {" POOL "}:o:r1")), -1); // waits as long as it must
	EXPECT(w, STORE_OK, store_out_claim, POOL, "r1", LEASE_MS);
	EXPECT(w, STORE_OK, store_receipt, POOL, "r1", DELIVERED, nothing);
	assert_true(number(asked(w, "PTTL {" POOL "}:o:r1")) > 0);
	EXPECT(w, STORE_OK, store_out_claim, POOL, "r2", LEASE_MS);
	w->now += LEASE_MS;
	EXPECT(w, STORE_UNKNOWN, store_out_claim, POOL, "r2", LEASE_MS);
	assert_true(number(asked(w, "PTTL {" POOL "}:o:r2")) > 0);
}

static void test_one_id_is_one_notice(void **state)
{
	struct world *w = *state;
	notice(w);
	const struct store_page again = {.id = "n1",
	        .person = "kim",
	        .gateway = "kannel",
	        .line = LINE,
	        .sealed_number = bytes_str("other"),
	        .sealed_text = bytes_str("other")};
	EXPECT(w, STORE_DUPLICATE, store_notice, POOL, &again);
	assert_int_equal(score(w, "out", "n1"), T0);
	EXPECT(w, STORE_OK, store_out_claim, POOL, "n1", LEASE_MS);
	assert_string_equal(w->part[2], "notice");
	assert_string_equal(part_named(w, 3, "person"), "bo");
	assert_string_equal(part_named(w, 3, "text"), "sealed");
	EXPECT(w, STORE_OK, store_out_done, POOL, "n1", 1, "sent", nothing, nothing, 0);
	EXPECT(w, STORE_DUPLICATE, store_notice, POOL, &again);
	assert_int_equal(size_of_set(w, "out"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_claims_and_sends),
	        TEST(test_one_node_at_a_time),
	        TEST(test_nothing_to_claim),
	        TEST(test_an_interrupted_reply_may_have_been_sent),
	        TEST(test_an_interrupted_page_is_sent_again),
	        TEST(test_retries_when_told),
	        TEST(test_an_ambiguous_send_is_left_so),
	        TEST(test_receipts_only_go_forward),
	        TEST(test_delivered_before_sent),
	        TEST(test_a_receipt_ends_the_retries),
	        TEST(test_settled_entries_expire),
	        TEST(test_one_id_is_one_notice),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
