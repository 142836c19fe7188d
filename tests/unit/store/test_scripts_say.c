// SPDX-License-Identifier: Apache-2.0
// Automatic texts: said once, while they are true, and never in a reply's way.
#include "checking.h"

enum delivery { QUEUED = 1, SENT, DELIVERED, FAILED, MAYBE, HELD };

#define AUTO_VALID_MS 60000
#define A1            AUTO_OUT("a1", "c1")
#define A2            AUTO_OUT("a2", "c1")
#define R1            REPLY_OUT("r1", "c1")

static const struct store_automatic *automatic(
        const char *message, const char *mark, const char *condition)
{
	static struct store_automatic a;
	a = (struct store_automatic){.pool = POOL,
	        .conversation = "c1",
	        .message = message,
	        .text = "welcome",
	        .mark = mark,
	        .condition = condition,
	        .valid_ms = AUTO_VALID_MS,
	        .sealed_text = bytes_str("sealed"),
	        .gateway = GATEWAY};
	return &a;
}

static void delivery_of(struct world *w, const char *id, enum delivery wanted)
{
	assert_int_equal(field_number(w, "o", id, "delivery"), wanted);
	assert_int_equal(field_number(w, "m", id, "delivery"), wanted);
}

static void test_is_a_message_without_an_author(void **state)
{
	struct world *w = *state;
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_say, automatic("a1", "welcome", "waiting"));
	assert_string_equal(w->part[1], "2");
	assert_string_equal(field(w, "m", "a1", "automatic"), "welcome");
	assert_string_equal(field(w, "m", "a1", "author"), "");
	assert_int_equal(field_number(w, "m", "a1", "direction"), 2);
	assert_string_equal(asked(w, "LINDEX {" POOL "}:ms:c1 -1"), "a1");
	delivery_of(w, "a1", QUEUED);
	EXPECT(w, STORE_OK, store_out_claim, A1, lease(w));
	assert_string_equal(part_named(w, 2, "kind"), "auto");
	assert_string_equal(part_named(w, 2, "number"), "number");
	assert_string_equal(part_named(w, 2, "key"), "wrapped");
	EXPECT(w, STORE_OK, store_out_done, A1, OUTCOME(1, "sent", "p1", "", 0));
	delivery_of(w, "a1", SENT);
	EXPECT(w, STORE_OK, store_receipt, A1, DELIVERED, bytes_str("p1"), bytes_str(""));
	delivery_of(w, "a1", DELIVERED);
	all_else_is_healthy(w);
	is_healthy(w, "c1");
}

static void test_each_mark_is_said_once(void **state)
{
	struct world *w = *state;
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_say, automatic("a1", "wait", "waiting"));
	EXPECT(w, STORE_DUPLICATE, store_say, automatic("a1", "wait", "waiting"));
	EXPECT(w, STORE_DUPLICATE, store_say, automatic("a2", "wait", "waiting"));
	EXPECT(w, STORE_OK, store_say, automatic("a2", "wait_update_1", "waiting"));
	EXPECT(w, STORE_DUPLICATE, store_say, automatic("a3", "wait_update_1", "waiting"));
	assert_string_equal(field(w, "c", "c1", "said"), "wait,wait_update_1");
	assert_int_equal(field_number(w, "c", "c1", "seq"), 3);
	// Without a mark the id of the message is what makes it one.
	EXPECT(w, STORE_OK, store_say, automatic("a4", "", "any"));
	EXPECT(w, STORE_DUPLICATE, store_say, automatic("a4", "", "any"));
	EXPECT(w, STORE_OK, store_say, automatic("a5", "", "any"));
}

static void test_only_while_it_is_true(void **state)
{
	static const struct {
		const char *condition;
		bool waiting, held, wrap_up;
	} rows[] = {
	        {"waiting", true, false, false},
	        {"open", true, true, false},
	        {"held", false, true, false},
	        {"over", false, false, true},
	        {"any", true, true, true},
	        {"nonsense", false, false, false},
	};
	struct world *w = *state;
	arrive(w, "ada", 2);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	begin(w, "c2", LEVEL_LOW);
	begin_held(w, "c3", "ada", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_close, CLAIM("c3", "ada", 1), "helped", WRAP_UP_MS, 1, LINE,
	        "c3");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const bool wanted[] = {rows[i].held, rows[i].waiting, rows[i].wrap_up};
		for (size_t k = 0; k < 3; k++) {
			char id[8], conversation[4];
			snprintf(id, sizeof id, "a%zu%zu", i, k);
			snprintf(conversation, sizeof conversation, "c%zu", k + 1);
			struct store_automatic a = *automatic(id, "", rows[i].condition);
			a.conversation = conversation;
			EXPECT(w, wanted[k] ? STORE_OK : STORE_GONE, store_say, &a);
		}
	}
	struct store_automatic a = *automatic("a9", "", "any");
	a.conversation = "c9";
	EXPECT(w, STORE_NOT_FOUND, store_say, &a);
	assert_string_equal(asked(w, "EXISTS {" POOL "}:o:a9"), "0");
}

// Somebody accepted between its saying and its sending.
static void test_what_is_no_longer_true_is_withdrawn(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_say, automatic("a1", "wait", "waiting"));
	EXPECT(w, STORE_OK, store_say, automatic("a2", "", "any"));
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 1));
	EXPECT(w, STORE_GONE, store_out_claim, A1, lease(w));
	assert_string_equal(w->part[1], "withdrawn");
	delivery_of(w, "a1", FAILED);
	assert_string_equal(field(w, "m", "a1", "note"), "withdrawn: it was no longer true");
	EXPECT(w, STORE_OK, store_out_claim, A2, lease(w));
	EXPECT(w, STORE_GONE, store_out_claim, A1, lease(w));
	assert_int_equal(w->parts, 1);
}

static void test_what_is_late_is_withdrawn_and_never_held(void **state)
{
	struct world *w = *state;
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_say, automatic("a1", "wait", "waiting"));
	w->now += AUTO_VALID_MS;
	EXPECT(w, STORE_OK, store_out_claim, A1, lease(w));
	EXPECT(w, STORE_OK, store_out_done, A1, OUTCOME(1, "retry", "", "busy", w->now));
	w->now += 1;
	EXPECT(w, STORE_GONE, store_out_claim, A1, lease(w));
	delivery_of(w, "a1", FAILED);
	assert_string_equal(field(w, "m", "a1", "note"), "withdrawn: it could not be sent in time");
	assert_int_equal(size_of_set(w, "unsent:" GATEWAY ":auto"), 0);
}

// What may have been sent is never sent again, nor said to be withdrawn.
static void test_an_interrupted_one_is_unknown(void **state)
{
	struct world *w = *state;
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_say, automatic("a1", "wait", "waiting"));
	EXPECT(w, STORE_OK, store_out_claim, A1, lease(w));
	w->now += LEASE_MS;
	EXPECT(w, STORE_UNKNOWN, store_out_claim, A1, lease(w));
	delivery_of(w, "a1", MAYBE);
	// Its sender comes back: nobody decides about an automatic text.
	EXPECT(w, STORE_OK, store_out_done, A1, OUTCOME(1, "retry", "", "busy", w->now));
	delivery_of(w, "a1", FAILED);
}

static void test_an_interrupted_one_is_not_repeated_when_untrue(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_say, automatic("a1", "wait", "waiting"));
	EXPECT(w, STORE_OK, store_out_claim, A1, lease(w));
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 1));
	w->now += LEASE_MS;
	struct store_lease again = *lease(w);
	again.repeatable = true;
	EXPECT(w, STORE_UNKNOWN, store_out_claim, A1, &again);
	delivery_of(w, "a1", MAYBE);
}

static void test_a_reply_never_waits_for_one(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_say, automatic("a1", "", "any"));
	EXPECT(w, STORE_OK, store_say, automatic("a2", "", "any"));
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY("r1", "k1"));
	EXPECT(w, STORE_OK, store_out_claim, A1, lease(w));
	EXPECT(w, STORE_OK, store_out_claim, R1, lease(w));
	// Among themselves they keep their order.
	EXPECT(w, STORE_OK, store_outbox, POOL, GATEWAY, STORE_AUTO, w->now, 10);
	assert_int_equal(w->parts, 0);
	EXPECT(w, STORE_OK, store_out_done, A1, OUTCOME(1, "sent", "p1", "", 0));
	EXPECT(w, STORE_OK, store_outbox, POOL, GATEWAY, STORE_AUTO, w->now, 10);
	assert_string_equal(w->part[0], "a2 c1");
	all_else_is_healthy(w);
}

static void test_the_checker_puts_it_right(void **state)
{
	struct world *w = *state;
	begin(w, "c1", LEVEL_LOW);
	store_say(w->store, automatic("a1", "", "any"), on_answer, w);
	assert_int_equal(answered(w), STORE_OK);
	asked(w, "ZREM {" POOL "}:out:" GATEWAY ":auto a1~c1");
	store_check_out(w->store, A1, on_answer, w);
	assert_int_equal(answered(w), STORE_OK);
	assert_true(found(w, "outbox"));
	asked(w, "DEL {" POOL "}:autos:c1");
	store_check_out(w->store, A1, on_answer, w);
	assert_int_equal(answered(w), STORE_OK);
	assert_true(found(w, "replies"));
	check_invariants(w);
	all_else_is_healthy(w);
	EXPECT(w, STORE_OK, store_out_claim, A1, lease(w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_is_a_message_without_an_author),
	        TEST(test_each_mark_is_said_once),
	        TEST(test_only_while_it_is_true),
	        TEST(test_what_is_no_longer_true_is_withdrawn),
	        TEST(test_what_is_late_is_withdrawn_and_never_held),
	        TEST(test_an_interrupted_one_is_unknown),
	        TEST(test_an_interrupted_one_is_not_repeated_when_untrue),
	        TEST(test_a_reply_never_waits_for_one),
	        TEST(test_the_checker_puts_it_right),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
