// SPDX-License-Identifier: Apache-2.0
// The checker: each damage that can be planted is found, and put right.
#include "checking.h"

#define ID     "c1"
#define NUMBER "1"

// What stands there before the damage.
static void waiting(struct world *w)
{
	begin(w, ID, LEVEL_HIGH);
}

static void imminent(struct world *w)
{
	begin(w, ID, LEVEL_IMMINENT);
}

static void offered(struct world *w)
{
	arrive(w, "ada", 2);
	begin(w, ID, LEVEL_LOW);
	EXPECT(w, STORE_OK, store_offer, POOL, ID, "ada", OFFER_MS);
}

static void held(struct world *w)
{
	arrive(w, "ada", 2);
	begin_held(w, ID, "ada", LEVEL_MEDIUM);
}

static void wrapping_up(struct world *w)
{
	held(w);
	EXPECT(w, STORE_OK, store_close, CLAIM(ID, "ada", 1),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, ID));
}

static void closed(struct world *w)
{
	wrapping_up(w);
	EXPECT(w, STORE_OK, store_finish, CLAIM(ID, "ada", 1), &exposure);
}

static void paged(struct world *w)
{
	begin(w, ID, LEVEL_LOW);
	w->now += within.ms[LEVEL_LOW];
	EXPECT(w, STORE_OK, store_page_open, POOL, ID, 1, "policy", 0);
}

static const struct damage {
	const char *what;
	void (*before)(struct world *w);
	const char *command;
	const char *fault;
} damages[] = {
        {"a waiting one is in no queue", waiting, "ZREM {" POOL "}:q " ID, "queue"},
        {"… in the wrong place of it", waiting, "ZADD {" POOL "}:q 5 " ID, "queue"},
        {"… in the imminent one too", waiting, "ZADD {" POOL "}:q0 5 " ID, "queue"},
        {"… not counted", waiting, "ZREM {" POOL "}:w:4 " ID, "waiting"},
        {"… counted at another level", waiting, "ZADD {" POOL "}:w:1 5 " ID, "waiting"},
        {"… held as well", waiting, "ZADD {" POOL "}:held 5 " ID, "held"},
        {"… in wrap-up as well", waiting, "ZADD {" POOL "}:wrap 5 " ID, "wrap_up"},
        {"… without its timer", waiting, "ZREM {" POOL "}:due answer:" ID, "answer_timer"},
        {"… with a late timer", waiting, "ZADD {" POOL "}:due 9e15 answer:" ID, "answer_timer"},
        {"… with another state's timer", waiting, "ZADD {" POOL "}:due 9e15 offer:" ID,
                "offer_timer"},
        {"… without an answer_by", waiting, "HDEL {" POOL "}:c:" ID " answer_by", "answer_by"},
        {"… due in the far future", waiting, "HSET {" POOL "}:c:" ID " answer_by 9000000000000000",
                "answer_by"},
        {"… of no level", waiting, "HSET {" POOL "}:c:" ID " level 9", "level"},
        {"… without a score", waiting, "HDEL {" POOL "}:c:" ID " score", "score"},
        {"… of a holder", waiting, "HSET {" POOL "}:c:" ID " holder ada", "holder"},
        {"… whose texter does not know it", waiting, "DEL {" POOL "}:texter:" LINE ":" ID,
                "texter"},
        {"… in no state", waiting, "HSET {" POOL "}:c:" ID " state 7", "state"},
        {"… in a state without a holder", waiting, "HSET {" POOL "}:c:" ID " state 3", "state"},
        {"its ledger is gone", held, "DEL {" POOL "}:custody:" ID, "custody"},
        {"… has lost its end", offered, "LTRIM {" POOL "}:custody:" ID " 0 -2", "custody"},
        {"an imminent one is in the common queue", imminent, "ZADD {" POOL "}:q 5 " ID, "queue"},
        {"an imminent one is in no queue", imminent, "ZREM {" POOL "}:q0 " ID, "queue"},
        {"an offered one is in the queue", offered, "ZADD {" POOL "}:q 5 " ID, "queue"},
        {"… never runs out", offered, "ZREM {" POOL "}:due offer:" ID, "offer_timer"},
        {"… does not page", offered, "ZREM {" POOL "}:due answer:" ID, "answer_timer"},
        {"… takes no slot", offered, "HDEL {" POOL "}:hold:ada " ID, "hold"},
        {"… to nobody", offered, "HDEL {" POOL "}:c:" ID " holder", "state"},
        {"a held one is not listed", held, "ZREM {" POOL "}:held " ID, "held"},
        {"… takes no slot", held, "HDEL {" POOL "}:hold:ada " ID, "hold"},
        {"… is counted as waiting", held, "ZADD {" POOL "}:w:2 5 " ID, "waiting"},
        {"… pages", held, "ZADD {" POOL "}:due 5 answer:" ID, "answer_timer"},
        {"… whose texter does not know it", held, "DEL {" POOL "}:texter:" LINE ":" ID, "texter"},
        {"… is not looked after", held, "ZREM {" POOL "}:due silence:" ID, "silence_timer"},
        {"… ever", held, "HDEL {" POOL "}:c:" ID " silence_at", "silence"},
        {"a waiting one is silent", waiting, "ZADD {" POOL "}:due 5 silence:" ID, "silence_timer"},
        {"a wrap-up never ends", wrapping_up, "ZREM {" POOL "}:due wrap_up:" ID, "wrap_up_timer"},
        {"… is not listed", wrapping_up, "ZREM {" POOL "}:wrap " ID, "wrap_up"},
        {"a closed one waits", closed, "ZADD {" POOL "}:q 5 " ID, "queue"},
        {"… still has its texter", closed,
                "HSET {" POOL "}:texter:" LINE ":" ID " conversation " ID, "texter"},
        {"an escalation that nobody wakes", paged, "ZREM {" POOL "}:due page:" NUMBER,
                "page_timer"},
        {"… is not listed", paged, "ZREM {" POOL "}:pages " NUMBER, "pages"},
        {"… is gone", paged, "DEL {" POOL "}:e:" NUMBER, "page"},
        {"… is resolved", paged, "HSET {" POOL "}:e:" NUMBER " state 3", "page"},
};

static void test_every_damage_is_found_and_put_right(void **state)
{
	struct world *w = *state;
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		const struct damage *d = &damages[i];
		world_empty(state);
		d->before(w);
		is_healthy(w, ID);
		asked(w, "%s", d->command);
		assert_int_equal(check_one(w, ID), STORE_OK);
		if (!found(w, d->fault))
			fail_msg("%s: \"%s\" was not found", d->what, d->fault);
		is_healthy(w, ID);
		// Whose slot it took is not always known: the look at the counselor finds out.
		const char *ids[] = {ID};
		EXPECT(w, STORE_OK, store_check_hold, POOL, "ada", ids, 1);
		check_invariants(w);
	}
}

// ---- the outbox ----

#define MEMBER(id) id "~" ID

// Two replies of a conversation; the second waits for the first.
static void replied(struct world *w)
{
	held(w);
	EXPECT(w, STORE_OK, store_send, CLAIM(ID, "ada", 1), REPLY("m1", "k1"));
	w->now += 1000;
	EXPECT(w, STORE_OK, store_send, CLAIM(ID, "ada", 1), REPLY("m2", "k2"));
}

static void sending(struct world *w)
{
	replied(w);
	EXPECT(w, STORE_OK, store_out_claim, REPLY_OUT("m1", ID), lease(w));
}

static struct store_page text_of(const char *id)
{
	return (struct store_page){
	        id, "bo", GATEWAY, LINE, bytes_str("number"), bytes_str("sealed")};
}

static void noticed(struct world *w)
{
	const struct store_page n = text_of("n1");
	EXPECT(w, STORE_OK, store_notice, POOL, &n);
}

static void page_sent(struct world *w)
{
	const struct store_page page = text_of("p1");
	const struct store_step step = {.pool = POOL,
	        .number = 1,
	        .conversation = ID,
	        .next_at_ms = T0 + 90000000,
	        .people = "bo",
	        .pages = &page,
	        .pages_count = 1};
	paged(w);
	EXPECT(w, STORE_OK, store_page_step, &step);
}

static const struct outbox_damage {
	const char *what;
	void (*before)(struct world *w);
	const char *command;
	const char *kind;
	const char *member; // that is looked at
	const char *fault;
} outbox_damages[] = {
        {"a reply that is never sent", replied, "ZREM {" POOL "}:" OUT_REPLY " " MEMBER("m1"),
                STORE_REPLY, "m1 " ID, "outbox"},
        {"… only in years", replied, "ZADD {" POOL "}:" OUT_REPLY " 9e15 " MEMBER("m1"),
                STORE_REPLY, "m1 " ID, "outbox"},
        {"… not counted", replied, "ZREM {" POOL "}:unsent:twilio:reply " MEMBER("m1"), STORE_REPLY,
                "m1 " ID, "unsent"},
        {"… out of turn", replied, "ZADD {" POOL "}:" OUT_REPLY " 5 " MEMBER("m2"), STORE_REPLY,
                "m2 " ID, "outbox"},
        {"… not in the list", replied, "LREM {" POOL "}:replies:" ID " 0 m2", STORE_REPLY, "m2 " ID,
                "replies"},
        {"… behind one that is gone", replied, "DEL {" POOL "}:o:m1", STORE_REPLY, "m1 " ID,
                "replies"},
        {"… behind one that is settled", replied, "HSET {" POOL "}:o:m1 state done", STORE_REPLY,
                "m1 " ID, "replies"},
        {"… of nobody", replied, "ZADD {" POOL "}:" OUT_REPLY " 5 " MEMBER("m9"), STORE_REPLY,
                "m9 " ID, "outbox"},
        {"one whose sender died is forgotten", sending,
                "ZREM {" POOL "}:" OUT_REPLY " " MEMBER("m1"), STORE_REPLY, "m1 " ID, "outbox"},
        {"a notice that is never sent", noticed, "ZREM {" POOL "}:" OUT_NOTICE " n1", STORE_NOTICE,
                "n1", "outbox"},
        {"… not counted", noticed, "ZREM {" POOL "}:unsent:twilio:notice n1", STORE_NOTICE, "n1",
                "unsent"},
        {"… gone", noticed, "DEL {" POOL "}:o:n1", STORE_NOTICE, "n1", "outbox"},
        {"… among the pages", noticed, "ZADD {" POOL "}:" OUT_PAGE " 5 n1", STORE_PAGE, "n1",
                "outbox"},
        {"a page that is never sent", page_sent, "ZREM {" POOL "}:" OUT_PAGE " p1", STORE_PAGE,
                "p1", "outbox"},
        {"… gone", page_sent, "DEL {" POOL "}:o:p1", STORE_PAGE, "p1", "outbox"},
};

static void test_every_damage_of_the_outbox(void **state)
{
	struct world *w = *state;
	for (size_t i = 0; i < sizeof outbox_damages / sizeof *outbox_damages; i++) {
		const struct outbox_damage *d = &outbox_damages[i];
		world_empty(state);
		d->before(w);
		all_else_is_healthy(w);
		asked(w, "%s", d->command);
		check_member(w, d->kind, d->member);
		if (!found(w, d->fault))
			fail_msg("%s: \"%s\" was not found", d->what, d->fault);
		all_else_is_healthy(w);
		check_invariants(w);
	}
}

static void test_the_next_reply_goes_when_the_first_is_gone(void **state)
{
	struct world *w = *state;
	replied(w);
	asked(w, "DEL {" POOL "}:o:m1");
	assert_int_equal(check_member(w, STORE_REPLY, "m2 " ID), STORE_ANOTHER);
	assert_string_equal(w->part[1], "m1");
	assert_int_equal(check_member(w, STORE_REPLY, "m1 " ID), STORE_OK);
	EXPECT(w, STORE_OK, store_out_claim, REPLY_OUT("m2", ID), lease(w));
}

static void test_a_lost_list_of_replies_keeps_its_order(void **state)
{
	struct world *w = *state;
	replied(w);
	asked(w, "DEL {" POOL "}:replies:" ID);
	asked(w, "DEL {" POOL "}:" OUT_REPLY);
	check_member(w, STORE_REPLY, "m1 " ID);
	check_member(w, STORE_REPLY, "m2 " ID);
	check_invariants(w);
	asked(w, "LRANGE {" POOL "}:replies:" ID " 0 -1");
	assert_string_equal(w->part[0], "m1");
}

static void test_who_is_being_sent_stays_leased(void **state)
{
	struct world *w = *state;
	sending(w);
	asked(w, "ZREM {" POOL "}:" OUT_REPLY " " MEMBER("m1"));
	check_member(w, STORE_REPLY, "m1 " ID);
	assert_int_equal(score(w, OUT_REPLY, MEMBER("m1")), w->now + LEASE_MS);
	EXPECT(w, STORE_GONE, store_out_claim, REPLY_OUT("m1", ID), lease(w));
	w->now += LEASE_MS;
	EXPECT(w, STORE_UNKNOWN, store_out_claim, REPLY_OUT("m1", ID), lease(w));
}

// Whoever took it had a wrong clock.
static void test_a_lease_without_end_ends(void **state)
{
	struct world *w = *state;
	sending(w);
	asked(w, "HSET {" POOL "}:o:m1 lease_until 9000000000000000");
	asked(w, "ZADD {" POOL "}:" OUT_REPLY " 9e15 " MEMBER("m1"));
	check_member(w, STORE_REPLY, "m1 " ID);
	assert_true(found(w, "outbox"));
	all_else_is_healthy(w);
	w->now += 60000;
	EXPECT(w, STORE_UNKNOWN, store_out_claim, REPLY_OUT("m1", ID), lease(w));
}

static void test_a_withdrawn_page_stays_out(void **state)
{
	struct world *w = *state;
	page_sent(w);
	EXPECT(w, STORE_OK, store_page_ack, POOL, 1, "bo", 60000, 60000);
	assert_int_equal(check_member(w, STORE_PAGE, "p1"), STORE_OK);
	assert_int_equal(w->parts, 1);
	assert_int_equal(size_of_set(w, OUT_PAGE), 0);
}

// A line moved to another gateway: its earlier replies are in both lanes for a while.
static void test_a_moved_line_is_no_damage(void **state)
{
	struct world *w = *state;
	replied(w);
	const struct store_out moved = {POOL, "kannel", STORE_REPLY, "m1", ID};
	asked(w, "ZADD {" POOL "}:out:kannel:reply 5 " MEMBER("m1"));
	store_check_out(w->store, &moved, on_answer, w);
	assert_int_equal(answered(w), STORE_OK);
	assert_int_equal(w->parts, 1);
}

// ---- states that cannot be ----

static void test_what_cannot_be_waits_due_at_once(void **state)
{
	struct world *w = *state;
	held(w);
	asked(w, "HSET {" POOL "}:c:" ID " state 9");
	assert_int_equal(check_one(w, ID), STORE_OK);
	assert_true(found(w, "state"));
	assert_string_equal(field(w, "c", ID, "state"), "1");
	assert_string_equal(field(w, "c", ID, "epoch"), "2");
	assert_int_equal(score(w, "due", "answer:" ID), w->now);
	// Whose it was finds out.
	EXPECT(w, STORE_STALE, store_send, CLAIM(ID, "ada", 1), REPLY("m9", "k9"));
	check_invariants(w);
}

static void test_a_stranger_is_taken_out_of_everything(void **state)
{
	struct world *w = *state;
	static const char *const sets[] = {"q", "q0", "w:1", "w:5", "held", "wrap"};
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
		asked(w, "ZADD {" POOL "}:%s 5 c9", sets[i]);
	asked(w, "ZADD {" POOL "}:due 5 answer:c9");
	asked(w, "ZADD {" POOL "}:due 5 wrap_up:c9");
	assert_int_equal(check_one(w, "c9"), STORE_OK);
	assert_int_equal(w->parts, 9);
	is_healthy(w, "c9");
	assert_int_equal(size_of_set(w, "due"), 0);
	assert_int_equal(size_of_set(w, "q"), 0);
	check_invariants(w);
}

static void test_what_changes_meanwhile_is_looked_at_again(void **state)
{
	struct world *w = *state;
	held(w);
	const struct store_check old = {.pool = POOL,
	        .conversation = ID,
	        .holder = "",
	        .line = LINE,
	        .texter = ID,
	        .boost = &boost,
	        .within = &within};
	EXPECT(w, STORE_STALE, store_check, &old);
	check_invariants(w);
}

static void test_two_open_ones_of_a_texter_are_for_a_human(void **state)
{
	struct world *w = *state;
	begin(w, "c1", LEVEL_LOW);
	begin(w, "c2", LEVEL_LOW);
	asked(w, "HSET {" POOL "}:texter:" LINE ":c1 conversation c2");
	assert_int_equal(check_one(w, "c1"), STORE_CONFLICT);
	assert_string_equal(w->part[1], "two_open");
}

static void test_holds_and_loads(void **state)
{
	struct world *w = *state;
	held(w);
	const char *ids[] = {ID, "c9"};
	EXPECT(w, STORE_OK, store_check_hold, POOL, "ada", ids, 1);
	assert_int_equal(w->parts, 1);
	asked(w, "HSET {" POOL "}:hold:ada c9 1");
	EXPECT(w, STORE_OK, store_check_hold, POOL, "ada", ids, 2);
	assert_true(found(w, "hold"));
	asked(w, "HSET {" POOL "}:hold:ben " ID " 1");
	EXPECT(w, STORE_OK, store_check_hold, POOL, "ben", ids, 1);
	assert_true(found(w, "hold"));
	check_invariants(w);
}

static void test_an_imminent_one_takes_all(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 3);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	begin(w, "c2", LEVEL_LOW);
	assert_string_equal(asked(w, "HGET {" POOL "}:hold:ada c1"), "1");
	struct store_ingest worse = text("c1", "m9", LEVEL_IMMINENT);
	worse.texter = "c1";
	assert_int_equal(ingest(w, &worse), STORE_OK);
	EXPECT(w, STORE_STALE, store_reweigh, POOL, "c1", "ben");
	EXPECT(w, STORE_OK, store_reweigh, POOL, "c1", "ada");
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c2", "ada", OFFER_MS);
	check_invariants(w);
}

static void test_who_is_gone_gives_back(void **state)
{
	struct world *w = *state;
	held(w);
	EXPECT(w, STORE_OK, store_gone, POOL, "ada", "ada-1", GRACE_MS);
	asked(w, "ZREM {" POOL "}:due gone:ada");
	assert_int_equal(check_counselor(w, "ada"), STORE_OK);
	assert_true(found(w, "gone_timer"));
	assert_int_equal(score(w, "due", "gone:ada"), T0 + GRACE_MS);
	asked(w, "HDEL {" POOL "}:staff ada");
	asked(w, "ZREM {" POOL "}:due gone:ada");
	assert_int_equal(check_counselor(w, "ada"), STORE_OK);
	assert_true(found(w, "gone_timer"));
	assert_int_equal(score(w, "due", "gone:ada"), w->now);
}

static void test_a_load_that_is_wrong(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	asked(w,
	        "HSET {" POOL "}:staff ada {\"presence\":\"available\",\"load\":2,\"capacity\":2}");
	assert_int_equal(check_counselor(w, "ada"), STORE_OK);
	assert_true(found(w, "load"));
	check_invariants(w);
}

static void test_a_texters_key_that_leads_nowhere(void **state)
{
	struct world *w = *state;
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_check_texter, POOL, LINE, "c1", "c1");
	assert_int_equal(w->parts, 1);
	asked(w, "HSET {" POOL "}:texter:" LINE ":t9 conversation c9");
	EXPECT(w, STORE_OK, store_check_texter, POOL, LINE, "t9", "c9");
	assert_true(found(w, "texter"));
	assert_string_equal(asked(w, "EXISTS {" POOL "}:texter:" LINE ":t9"), "0");
}

static void test_pages_in_the_lists(void **state)
{
	struct world *w = *state;
	paged(w);
	EXPECT(w, STORE_OK, store_check_page, POOL, 1);
	assert_int_equal(w->parts, 1);
	asked(w, "ZREM {" POOL "}:due page:1");
	EXPECT(w, STORE_OK, store_check_page, POOL, 1);
	assert_true(found(w, "page_timer"));
	asked(w, "ZADD {" POOL "}:due 9e15 page:1");
	EXPECT(w, STORE_OK, store_check_page, POOL, 1);
	assert_true(found(w, "page_timer"));
	asked(w, "ZADD {" POOL "}:due 5 page:7");
	asked(w, "ZADD {" POOL "}:pages 5 7");
	EXPECT(w, STORE_OK, store_check_page, POOL, 7);
	assert_true(found(w, "page"));
	check_invariants(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_every_damage_is_found_and_put_right),
	        TEST(test_every_damage_of_the_outbox),
	        TEST(test_the_next_reply_goes_when_the_first_is_gone),
	        TEST(test_a_lost_list_of_replies_keeps_its_order),
	        TEST(test_who_is_being_sent_stays_leased),
	        TEST(test_a_lease_without_end_ends),
	        TEST(test_a_withdrawn_page_stays_out),
	        TEST(test_a_moved_line_is_no_damage),
	        TEST(test_an_imminent_one_takes_all),
	        TEST(test_who_is_gone_gives_back),
	        TEST(test_a_load_that_is_wrong),
	        TEST(test_what_cannot_be_waits_due_at_once),
	        TEST(test_a_stranger_is_taken_out_of_everything),
	        TEST(test_what_changes_meanwhile_is_looked_at_again),
	        TEST(test_two_open_ones_of_a_texter_are_for_a_human),
	        TEST(test_holds_and_loads),
	        TEST(test_a_texters_key_that_leads_nowhere),
	        TEST(test_pages_in_the_lists),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
