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
	        .gateway = GATEWAY,
	        .line = LINE,
	        .texter = "c1",
	        .kept_field = "",
	        .kept = ""};
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
	EXPECT(w, STORE_OK, store_close, CLAIM("c3", "ada", 1),
	        CLOSING("helped", WRAP_UP_MS, 1, LINE, "c3"));
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

// ---- when to look again ----

// A conversation of a pool that sends automatic texts.
static void begin_tended(struct world *w, const char *id)
{
	char message[32];
	snprintf(message, sizeof message, "first-%s", id);
	struct store_ingest in = text(id, message, LEVEL_LOW);
	in.texter = id;
	in.automatic = true;
	assert_int_equal(ingest(w, &in), STORE_OK);
}

static void write_more(struct world *w, const char *id, const char *message)
{
	struct store_ingest in = text(id, message, LEVEL_LOW);
	in.texter = id;
	in.automatic = true;
	assert_int_equal(ingest(w, &in), STORE_OK);
}

static void tended_at(struct world *w, const char *id, int64_t wanted)
{
	assert_int_equal(score(w, "tend", id), wanted);
	assert_int_equal(field_number(w, "c", id, "tend"), wanted == NONE ? 0 : wanted);
	is_healthy(w, id);
}

static void test_whoever_waits_has_a_time(void **state)
{
	struct world *w = *state;
	begin_tended(w, "c1");
	tended_at(w, "c1", T0);
	EXPECT(w, STORE_OK, store_tend, POOL, "c1", T0, T0 + 5000, "");
	tended_at(w, "c1", T0 + 5000);
	EXPECT(w, STORE_STALE, store_tend, POOL, "c1", T0, T0 + 9000, "");
	tended_at(w, "c1", T0 + 5000);
	// Who texts is looked at at once, and no earlier look may undo it.
	w->now += 1000;
	write_more(w, "c1", "m2");
	tended_at(w, "c1", T0 + 1000);
	EXPECT(w, STORE_STALE, store_tend, POOL, "c1", T0 + 5000, 0, "");
	EXPECT(w, STORE_OK, store_tend, POOL, "c1", T0 + 1000, 0, "");
	tended_at(w, "c1", NONE);
	write_more(w, "c1", "m3");
	tended_at(w, "c1", T0 + 1000);
	EXPECT(w, STORE_OK, store_tending, POOL, T0 + 999, 10);
	assert_int_equal(w->parts, 0);
	EXPECT(w, STORE_OK, store_tending, POOL, T0 + 1000, 10);
	assert_string_equal(w->part[0], "c1");
}

static void test_nobody_is_tended_who_does_not_wait(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	begin_tended(w, "c1");
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 1));
	is_healthy(w, "c1");
	EXPECT(w, STORE_OK, store_tend, POOL, "c1", T0, T0 + 5000, "wait");
	tended_at(w, "c1", NONE);
	assert_string_equal(field(w, "c", "c1", "said"), "nil");
	write_more(w, "c1", "m2");
	tended_at(w, "c1", NONE);
	// Nor where automatic texts are off.
	begin(w, "c2", LEVEL_LOW);
	assert_int_equal(score(w, "tend", "c2"), NONE);
	is_healthy(w, "c2");
	// A time without a conversation goes.
	asked(w, "ZADD {" POOL "}:tend 5 c9");
	EXPECT(w, STORE_OK, store_tend, POOL, "c9", 5, 9, "");
	assert_string_equal(asked(w, "EXISTS {" POOL "}:tend {" POOL "}:c:c9"), "0");
}

static void test_who_waits_again_is_looked_at_again(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	begin_tended(w, "c1");
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 1));
	EXPECT(w, STORE_OK, store_tend, POOL, "c1", T0, T0 + 5000, "");
	w->now += 7000;
	EXPECT(w, STORE_OK, store_release, CLAIM("c1", "ada", 1), "gone", &within);
	tended_at(w, "c1", T0 + 7000);
	// Not where automatic texts are off.
	begin_held(w, "c2", "ada", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_release, CLAIM("c2", "ada", 1), "gone", &within);
	assert_int_equal(score(w, "tend", "c2"), NONE);
}

static void test_what_is_off_counts_as_said(void **state)
{
	struct world *w = *state;
	begin_tended(w, "c1");
	EXPECT(w, STORE_OK, store_tend, POOL, "c1", T0, T0 + 1, "welcome");
	EXPECT(w, STORE_OK, store_tend, POOL, "c1", T0 + 1, T0 + 2, "welcome");
	EXPECT(w, STORE_OK, store_tend, POOL, "c1", T0 + 2, T0 + 3, "wait");
	assert_string_equal(field(w, "c", "c1", "said"), "welcome,wait");
	assert_int_equal(field_number(w, "c", "c1", "seq"), 1);
}

static void test_a_lost_time_is_put_back(void **state)
{
	struct world *w = *state;
	begin_tended(w, "c1");
	asked(w, "DEL {" POOL "}:tend");
	assert_int_equal(check_one(w, "c1"), STORE_OK);
	assert_true(found(w, "tend"));
	tended_at(w, "c1", T0);
	asked(w, "ZADD {" POOL "}:tend 5 c9");
	assert_int_equal(check_one(w, "c9"), STORE_OK);
	assert_int_equal(score(w, "tend", "c9"), NONE);
}

static void test_what_is_kept_with_a_text(void **state)
{
	struct world *w = *state;
	begin(w, "c1", LEVEL_LOW);
	struct store_automatic a = *automatic("a1", "question_safe", "waiting");
	a.kept_field = "asked";
	a.kept = "seq";
	EXPECT(w, STORE_OK, store_say, &a);
	assert_string_equal(field(w, "c", "c1", "asked"), "2");
	assert_int_equal(field_number(w, "c", "c1", "said_at"), w->now);
	a = *automatic("a2", "wait", "waiting");
	a.kept_field = "promised";
	a.kept = "12345";
	EXPECT(w, STORE_OK, store_say, &a);
	assert_string_equal(field(w, "c", "c1", "promised"), "12345");
}

// Not in another conversation either, until its time is over.
static void test_a_texter_is_told_once_a_day(void **state)
{
	struct world *w = *state;
	begin(w, "c1", LEVEL_LOW);
	begin(w, "c2", LEVEL_LOW);
	struct store_automatic a = *automatic("a1", "nobody", "waiting");
	a.told_ms = 43200000;
	EXPECT(w, STORE_OK, store_say, &a);
	a.conversation = "c2";
	a.message = "a2";
	EXPECT(w, STORE_DUPLICATE, store_say, &a);
	assert_string_equal(field(w, "c", "c2", "said"), "nobody");
	assert_int_equal(field_number(w, "c", "c2", "seq"), 1);
	assert_true(number(asked(w, "PTTL {" POOL "}:told:" LINE ":c1")) > 43000000);
	asked(w, "DEL {" POOL "}:told:" LINE ":c1");
	a.mark = "off_hours";
	EXPECT(w, STORE_OK, store_say, &a);
}

static void test_who_goes_on_agrees(void **state)
{
	struct world *w = *state;
	begin_tended(w, "c1");
	write_more(w, "c1", "m2");
	assert_string_equal(field(w, "c", "c1", "consent"), "nil");
	EXPECT(w, STORE_OK, store_say, automatic("a1", "welcome", "waiting"));
	assert_string_equal(field(w, "c", "c1", "consent"), "nil");
	write_more(w, "c1", "m3");
	assert_string_equal(field(w, "c", "c1", "consent"), "implied");
}

static void answer(struct world *w, const char *message, const char *words)
{
	struct store_ingest in = text("c1", message, LEVEL_LOW);
	in.texter = "c1";
	in.automatic = true;
	in.answer = words;
	assert_int_equal(ingest(w, &in), STORE_OK);
	is_healthy(w, "c1");
}

static void test_an_answer_may_raise_the_level(void **state)
{
	struct world *w = *state;
	begin_tended(w, "c1");
	answer(w, "m2", "yes"); // to nothing that was asked
	assert_int_equal(field_number(w, "c", "c1", "level"), LEVEL_LOW);
	struct store_automatic a = *automatic("a1", "question_safe", "waiting");
	a.kept_field = "asked";
	a.kept = "seq";
	EXPECT(w, STORE_OK, store_say, &a);
	answer(w, "m3", "yes");
	answer(w, "m4", "no"); // no longer the answer
	assert_int_equal(field_number(w, "c", "c1", "level"), LEVEL_LOW);
	a.message = "a2";
	a.mark = "question_thoughts";
	EXPECT(w, STORE_OK, store_say, &a);
	EXPECT(w, STORE_OK, store_say, automatic("a3", "wait", "waiting"));
	answer(w, "m5", "yes");
	assert_int_equal(field_number(w, "c", "c1", "level"), LEVEL_HIGH);
	assert_string_equal(field(w, "c", "c1", "reasons"), "reason,intake.question_thoughts");
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
	        TEST(test_whoever_waits_has_a_time),
	        TEST(test_nobody_is_tended_who_does_not_wait),
	        TEST(test_who_waits_again_is_looked_at_again),
	        TEST(test_what_is_off_counts_as_said),
	        TEST(test_a_lost_time_is_put_back),
	        TEST(test_what_is_kept_with_a_text),
	        TEST(test_a_texter_is_told_once_a_day),
	        TEST(test_who_goes_on_agrees),
	        TEST(test_an_answer_may_raise_the_level),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
