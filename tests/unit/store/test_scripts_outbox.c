// SPDX-License-Identifier: Apache-2.0
// out_claim, out_done, receipt and out_put: what goes out, once, and what became of it.
#include "scripts.h"

enum delivery { QUEUED = 1, SENT, DELIVERED, FAILED, MAYBE, HELD };

#define R1 REPLY_OUT("r1", "c1")
#define R2 REPLY_OUT("r2", "c1")
#define R3 REPLY_OUT("r3", "c1")

static void send_more(struct world *w, const char *id)
{
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY(id, id));
}

// A reply r1 of ada's, waiting to be sent.
static void reply(struct world *w)
{
	arrive(w, "ada", 1);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	send_more(w, "r1");
}

// A notice n1 to a staff member, waiting to be sent.
static void notice(struct world *w)
{
	const struct store_page n = {.id = "n1",
	        .person = "bo",
	        .gateway = GATEWAY,
	        .line = LINE,
	        .sealed_number = bytes_str("number"),
	        .sealed_text = bytes_str("sealed")};
	EXPECT(w, STORE_OK, store_notice, POOL, &n);
}

static void delivery_of(struct world *w, const char *id, enum delivery wanted)
{
	assert_int_equal(field_number(w, "o", id, "delivery"), wanted);
	assert_int_equal(field_number(w, "m", id, "delivery"), wanted);
}

static void delivery_is(struct world *w, enum delivery wanted)
{
	delivery_of(w, "r1", wanted);
}

static void done(struct world *w, const struct store_out *o, uint64_t epoch, const char *outcome,
        enum store_code wanted)
{
	EXPECT(w, wanted, store_out_done, o, OUTCOME(epoch, outcome, "", "", w->now + 5000));
}

static void test_claims_and_sends(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
	assert_string_equal(w->part[1], "1");
	assert_string_equal(part_named(w, 2, "kind"), "reply");
	assert_string_equal(part_named(w, 2, "text"), "sealed");
	assert_string_equal(part_named(w, 2, "number"), "number");
	assert_string_equal(part_named(w, 2, "key"), "wrapped");
	assert_string_equal(part_named(w, 2, "attempts"), "1");
	assert_string_equal(part_named(w, 2, "gateway"), GATEWAY);
	EXPECT(w, STORE_OK, store_outbox, POOL, GATEWAY, STORE_REPLY, w->now + LEASE_MS - 1, 10);
	assert_int_equal(w->parts, 0);
	EXPECT(w, STORE_OK, store_outbox, POOL, GATEWAY, STORE_REPLY, w->now + LEASE_MS, 10);
	assert_string_equal(w->part[0], "r1 c1");
	EXPECT(w, STORE_OK, store_out_done, R1, OUTCOME(1, "sent", "p1", "", 0));
	delivery_is(w, SENT);
	assert_string_equal(field(w, "o", "r1", "provider_id"), "p1");
	assert_int_equal(size_of_set(w, OUT_REPLY), 0);
	assert_int_equal(size_of_set(w, "unsent:" GATEWAY ":reply"), 0);
	assert_true(number(asked(w, "PTTL {" POOL "}:o:r1")) > INT64_C(3) * 86400000);
	done(w, R1, 1, "failed", STORE_STALE);
	EXPECT(w, STORE_GONE, store_out_claim, R1, lease(w));
	delivery_is(w, SENT);
}

static void test_one_node_at_a_time(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
	w->now += LEASE_MS - 1;
	EXPECT(w, STORE_GONE, store_out_claim, R1, lease(w));
	assert_int_equal(field_number(w, "o", "r1", "lease_until"), T0 + LEASE_MS);
	assert_string_equal(field(w, "o", "r1", "attempts"), "1");
}

// The answer to a claim was lost: the same one again finds out, and counts for one.
static void test_the_same_claim_again(void **state)
{
	struct world *w = *state;
	reply(w);
	const struct store_lease *first = lease(w);
	EXPECT(w, STORE_OK, store_out_claim, R1, first);
	w->now += 5000;
	EXPECT(w, STORE_OK, store_out_claim, R1, first);
	assert_string_equal(w->part[1], "1");
	assert_string_equal(part_named(w, 2, "attempts"), "1");
	assert_int_equal(field_number(w, "o", "r1", "lease_until"), w->now + LEASE_MS);
	// However long it took: who asks again has sent nothing.
	w->now += LEASE_MS;
	struct store_lease late = *first;
	char token[24];
	snprintf(token, sizeof token, "%s", first->token);
	EXPECT(w, STORE_OK, store_out_claim, R1, first);
	EXPECT(w, STORE_GONE, store_out_claim, R1, lease(w)); // another node
	w->now += LEASE_MS;
	EXPECT(w, STORE_UNKNOWN, store_out_claim, R1, lease(w));
	late.token = token;
	EXPECT(w, STORE_GONE, store_out_claim, R1, &late);
	delivery_is(w, MAYBE);
}

static void test_nothing_to_claim(void **state)
{
	struct world *w = *state;
	asked(w, "ZADD {" POOL "}:" OUT_PAGE " 5 x9");
	asked(w, "ZADD {" POOL "}:unsent:" GATEWAY ":page 5 x9");
	EXPECT(w, STORE_GONE, store_out_claim, PAGE_OUT("x9"), lease(w));
	assert_int_equal(size_of_set(w, OUT_PAGE), 0);
	done(w, PAGE_OUT("x9"), 1, "sent", STORE_STALE);
	EXPECT(w, STORE_NOT_FOUND, store_receipt, PAGE_OUT("x9"), DELIVERED, bytes_str(""),
	        bytes_str(""));
	assert_string_equal(asked(w, "EXISTS {" POOL "}:o:x9 {" POOL "}:m:x9"), "0");
}

// ---- the order of replies

static void test_replies_go_out_one_after_the_other(void **state)
{
	struct world *w = *state;
	reply(w);
	send_more(w, "r2");
	send_more(w, "r3");
	assert_int_equal(size_of_set(w, OUT_REPLY), 1);
	assert_int_equal(size_of_set(w, "unsent:" GATEWAY ":reply"), 3);
	static const char *const outcomes[] = {"sent", "failed", "unknown"};
	const struct store_out *const all[] = {R1, R2, R3};
	for (int i = 0; i < 3; i++) {
		w->now += 1000;
		EXPECT(w, STORE_OK, store_out_claim, all[i], lease(w));
		assert_int_equal(size_of_set(w, OUT_REPLY), 1);
		done(w, all[i], 1, outcomes[i], STORE_OK);
	}
	assert_int_equal(size_of_set(w, OUT_REPLY), 0);
	assert_string_equal(asked(w, "EXISTS {" POOL "}:replies:c1"), "0");
}

static void test_a_retried_reply_keeps_its_place(void **state)
{
	struct world *w = *state;
	reply(w);
	send_more(w, "r2");
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
	done(w, R1, 1, "retry", STORE_OK);
	EXPECT(w, STORE_OK, store_outbox, POOL, GATEWAY, STORE_REPLY, w->now + 60000, 10);
	assert_int_equal(w->parts, 2);
	assert_string_equal(w->part[0], "r1 c1");
	assert_int_equal(number(w->part[1]), w->now + 5000);
}

// Whatever ends the first, the second is next: a report, a lease that ran out, and time.
static void test_every_end_lets_the_next_one_go(void **state)
{
	struct world *w = *state;
	reply(w);
	send_more(w, "r2");
	send_more(w, "r3");
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
	EXPECT(w, STORE_OK, store_receipt, R1, SENT, bytes_str("p1"), bytes_str(""));
	assert_string_equal(field(w, "o", "r1", "provider_id"), "p1");
	EXPECT(w, STORE_OK, store_out_claim, R2, lease(w));
	w->now += LEASE_MS;
	EXPECT(w, STORE_UNKNOWN, store_out_claim, R2, lease(w));
	w->now += VALIDITY_MS;
	EXPECT(w, STORE_HELD, store_out_claim, R3, lease(w));
	delivery_of(w, "r1", SENT);
	delivery_of(w, "r2", MAYBE);
	delivery_of(w, "r3", HELD);
	assert_int_equal(size_of_set(w, OUT_REPLY), 0);
}

// ---- what may have been sent

// The node died between the provider and us: nobody knows, and nobody sends it again.
static void test_an_interrupted_reply_may_have_been_sent(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
	w->now += LEASE_MS;
	EXPECT(w, STORE_UNKNOWN, store_out_claim, R1, lease(w));
	delivery_is(w, MAYBE);
	assert_int_equal(size_of_set(w, OUT_REPLY), 0);
	assert_int_equal(score(w, "due", "ask:r1"), w->now + ASK_MS);
	EXPECT(w, STORE_GONE, store_out_claim, R1, lease(w));
	delivery_is(w, MAYBE);
	EXPECT(w, STORE_OK, store_receipt, R1, SENT, bytes_str(""), bytes_str(""));
	delivery_is(w, SENT);
	assert_int_equal(score(w, "due", "ask:r1"), NONE);
}

// A node that was stopped in the middle of its call comes back and knows.
static void test_a_late_outcome_is_better_than_none(void **state)
{
	struct world *w = *state;
	static const char *const outcomes[] = {"sent", "failed", "retry", "unknown"};
	static const enum delivery then[] = {SENT, FAILED, HELD, MAYBE};
	for (size_t i = 0; i < 4; i++) {
		world_empty(state);
		reply(w);
		EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
		w->now += LEASE_MS;
		EXPECT(w, STORE_UNKNOWN, store_out_claim, R1, lease(w));
		done(w, R1, 2, outcomes[i], STORE_STALE);
		delivery_is(w, MAYBE);
		done(w, R1, 1, outcomes[i], STORE_OK);
		delivery_is(w, then[i]);
		assert_int_equal(size_of_set(w, OUT_REPLY), 0); // never again by itself
		assert_int_equal(score(w, "due", "ask:r1") != NONE, then[i] == MAYBE);
	}
}

static void test_an_interrupted_page_is_sent_again(void **state)
{
	struct world *w = *state;
	notice(w);
	EXPECT(w, STORE_OK, store_out_claim, NOTICE_OUT("n1"), lease(w));
	w->now += LEASE_MS;
	EXPECT(w, STORE_OK, store_out_claim, NOTICE_OUT("n1"), lease(w));
	assert_string_equal(w->part[1], "2");
	assert_string_equal(part_named(w, 2, "attempts"), "2");
	done(w, NOTICE_OUT("n1"), 1, "sent", STORE_STALE);
	done(w, NOTICE_OUT("n1"), 2, "sent", STORE_OK);
	assert_string_equal(asked(w, "EXISTS {" POOL "}:m:n1"), "0");
}

// The provider knows it by its id: the second time is the same text. Once it may have been sent, it
// is never called unsent.
static struct store_lease sent_again(struct world *w)
{
	reply(w);
	struct store_lease again = *lease(w);
	again.repeatable = true;
	EXPECT(w, STORE_OK, store_out_claim, R1, &again);
	w->now += LEASE_MS;
	again.token = "node/another";
	EXPECT(w, STORE_OK, store_out_claim, R1, &again);
	assert_string_equal(w->part[1], "2");
	return again;
}

static void test_a_repeatable_reply_is_sent_again(void **state)
{
	struct world *w = *state;
	struct store_lease again = sent_again(w);
	done(w, R1, 2, "again", STORE_OK);
	delivery_is(w, QUEUED);
	w->now += VALIDITY_MS;
	again.token = "node/third";
	EXPECT(w, STORE_UNKNOWN, store_out_claim, R1, &again);
	delivery_is(w, MAYBE);
}

// The first try may have sent it: that the second surely did not says nothing about it.
static void test_what_may_have_been_sent_is_not_failed(void **state)
{
	struct world *w = *state;
	(void)sent_again(w);
	done(w, R1, 2, "failed", STORE_OK);
	delivery_is(w, MAYBE);
}

static void test_what_may_have_been_sent_is_not_held(void **state)
{
	struct world *w = *state;
	struct store_lease again = sent_again(w);
	w->now += LEASE_MS;
	again.token = "node/third";
	again.repeatable = false; // the gateway is another provider's by now
	EXPECT(w, STORE_UNKNOWN, store_out_claim, R1, &again);
	done(w, R1, 2, "retry", STORE_OK);
	delivery_is(w, MAYBE);
}

static void test_an_ambiguous_send_is_left_so(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
	EXPECT(w, STORE_OK, store_out_done, R1, OUTCOME(1, "unknown", "", "cut", 0));
	delivery_is(w, MAYBE);
	assert_int_equal(size_of_set(w, OUT_REPLY), 0);
	EXPECT(w, STORE_OK, store_out_done, R1, OUTCOME(1, "unknown", "", "cut", 0)); // said twice
	EXPECT(w, STORE_OK, store_receipt, R1, DELIVERED, bytes_str("p1"), bytes_str(""));
	delivery_is(w, DELIVERED);
}

// ---- retries, reports, expiry

static void test_retries_when_told(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
	EXPECT(w, STORE_OK, store_out_done, R1, OUTCOME(1, "retry", "", "busy", T0 + 7000));
	delivery_is(w, QUEUED);
	assert_string_equal(field(w, "m", "r1", "note"), "busy");
	EXPECT(w, STORE_OK, store_outbox, POOL, GATEWAY, STORE_REPLY, T0 + 6999, 10);
	assert_int_equal(w->parts, 0);
	done(w, R1, 1, "sent", STORE_STALE);
	w->now = T0 + 7000;
	EXPECT(w, STORE_OK, store_outbox, POOL, GATEWAY, STORE_REPLY, w->now, 10);
	assert_string_equal(w->part[0], "r1 c1");
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
	assert_string_equal(w->part[1], "2");
	EXPECT(w, STORE_OK, store_out_done, R1, OUTCOME(2, "failed", "", "no", 0));
	delivery_is(w, FAILED);
	assert_int_equal(size_of_set(w, OUT_REPLY), 0);
}

static void reported(struct world *w, enum store_code wanted, enum delivery d, const char *note)
{
	EXPECT(w, wanted, store_receipt, R1, d, bytes_str("p1"), bytes_str(note));
}

static void test_receipts_only_go_forward(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
	EXPECT(w, STORE_OK, store_out_done, R1, OUTCOME(1, "sent", "p1", "", 0));
	reported(w, STORE_DUPLICATE, SENT, "");
	reported(w, STORE_OK, FAILED, "off");
	assert_string_equal(field(w, "m", "r1", "note"), "off");
	reported(w, STORE_OK, DELIVERED, "");
	reported(w, STORE_DUPLICATE, DELIVERED, "");
	reported(w, STORE_DUPLICATE, FAILED, "late");
	reported(w, STORE_DUPLICATE, SENT, "");
	reported(w, STORE_DUPLICATE, MAYBE, "");
	delivery_is(w, DELIVERED);
	assert_string_equal(field(w, "m", "r1", "note"), "");
}

static void test_only_its_own_gateway_reports(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
	const struct store_out other = {POOL, "kannel", STORE_REPLY, "r1", "c1"};
	const struct store_out elsewhere = {POOL, GATEWAY, STORE_REPLY, "r1", "c2"};
	EXPECT(w, STORE_NOT_FOUND, store_receipt, &other, FAILED, bytes_str(""), bytes_str(""));
	EXPECT(w, STORE_NOT_FOUND, store_receipt, &elsewhere, FAILED, bytes_str(""), bytes_str(""));
	delivery_is(w, QUEUED);
}

// The phone was quicker than the provider's own answer.
static void test_delivered_before_sent(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
	reported(w, STORE_OK, DELIVERED, "");
	assert_int_equal(size_of_set(w, OUT_REPLY), 0);
	EXPECT(w, STORE_STALE, store_out_done, R1, OUTCOME(1, "sent", "p1", "", 0));
	delivery_is(w, DELIVERED);
	w->now += LEASE_MS;
	EXPECT(w, STORE_GONE, store_out_claim, R1, lease(w));
	delivery_is(w, DELIVERED);
}

// We saw an error and meant to try again, and it had arrived all the same.
static void test_a_receipt_ends_the_retries(void **state)
{
	struct world *w = *state;
	reply(w);
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
	EXPECT(w, STORE_OK, store_out_done, R1, OUTCOME(1, "retry", "", "busy", T0 + 7000));
	reported(w, STORE_OK, SENT, "");
	EXPECT(w, STORE_GONE, store_out_claim, R1, lease(w));
	delivery_is(w, SENT);
}

// Otherwise a line with many thousands of replies a day would fill Redis in the end.
static void test_settled_entries_expire(void **state)
{
	struct world *w = *state;
	reply(w);
	send_more(w, "r2");
	assert_int_equal(number(asked(w, "PTTL {" POOL "}:o:r1")), -1); // waits as long as it must
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
	reported(w, STORE_OK, DELIVERED, "");
	assert_true(number(asked(w, "PTTL {" POOL "}:o:r1")) > 0);
	assert_true(number(asked(w, "PTTL {" POOL "}:sid:" GATEWAY ":p1")) > 0);
	EXPECT(w, STORE_OK, store_out_claim, R2, lease(w));
	w->now += LEASE_MS;
	EXPECT(w, STORE_UNKNOWN, store_out_claim, R2, lease(w));
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
	assert_int_equal(score(w, OUT_NOTICE, "n1"), T0);
	EXPECT(w, STORE_OK, store_out_claim, NOTICE_OUT("n1"), lease(w));
	assert_string_equal(part_named(w, 2, "kind"), "notice");
	assert_string_equal(part_named(w, 2, "person"), "bo");
	assert_string_equal(part_named(w, 2, "text"), "sealed");
	done(w, NOTICE_OUT("n1"), 1, "sent", STORE_OK);
	EXPECT(w, STORE_DUPLICATE, store_notice, POOL, &again);
	assert_int_equal(size_of_set(w, OUT_NOTICE), 0);
	EXPECT(w, STORE_OK, store_gateways_used, POOL);
	assert_int_equal(w->parts, 1);
	assert_string_equal(w->part[0], GATEWAY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_claims_and_sends),
	        TEST(test_one_node_at_a_time),
	        TEST(test_the_same_claim_again),
	        TEST(test_nothing_to_claim),
	        TEST(test_replies_go_out_one_after_the_other),
	        TEST(test_a_retried_reply_keeps_its_place),
	        TEST(test_every_end_lets_the_next_one_go),
	        TEST(test_an_interrupted_reply_may_have_been_sent),
	        TEST(test_a_late_outcome_is_better_than_none),
	        TEST(test_an_interrupted_page_is_sent_again),
	        TEST(test_a_repeatable_reply_is_sent_again),
	        TEST(test_what_may_have_been_sent_is_not_failed),
	        TEST(test_what_may_have_been_sent_is_not_held),
	        TEST(test_an_ambiguous_send_is_left_so),
	        TEST(test_retries_when_told),
	        TEST(test_receipts_only_go_forward),
	        TEST(test_only_its_own_gateway_reports),
	        TEST(test_delivered_before_sent),
	        TEST(test_a_receipt_ends_the_retries),
	        TEST(test_settled_entries_expire),
	        TEST(test_one_id_is_one_notice),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
