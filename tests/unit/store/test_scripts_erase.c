// SPDX-License-Identifier: Apache-2.0
// Deletion: what goes, what stays, what it waits for, and that it can stop and be repeated
// anywhere.
#include "checking.h"

#define VALID_TOLD_MS 86400000
#define LOOK_MS       5000
#define ALL           100

static const struct store_texter c1 = {POOL, LINE, "c1"};

static struct store_wish wish(const char *id, const char *by)
{
	return (struct store_wish){.of = c1,
	        .id = id,
	        .by = by,
	        .language = "es",
	        .gateway = GATEWAY,
	        .sealed_number = bytes_str(by[0] ? "" : "sealed-number"),
	        .provider_id_hash = id};
}

static struct store_told told(const char *id, const char *message)
{
	return (struct store_told){.of = c1,
	        .id = id,
	        .gateway = GATEWAY,
	        .message = message,
	        .wrapped_key = bytes_str("own-key"),
	        .sealed_text = bytes_str("sealed-receipt"),
	        .valid_ms = VALID_TOLD_MS,
	        .next_ms = T0 + LOOK_MS};
}

// Once more as `reply` lives only while its callback runs.
struct step {
	struct world *w;
	const char *conversation;
	bool force;
};

static void on_first(const struct store_answer *a, void *arg)
{
	struct step *s = arg;
	const struct store_erase e = {.of = c1,
	        .conversation = s->conversation,
	        .who = "",
	        .why = "receipt=r1",
	        .force = s->force,
	        .messages = a->reply};
	store_erase(s->w->store, &e, on_answer, s->w);
}

static enum store_code erase(struct world *w, const char *conversation, size_t count, bool force)
{
	struct step s = {w, conversation, force};
	store_first_messages(w->store, POOL, conversation, count, on_first, &s);
	enum store_code code = answered(w);
	check_invariants(w);
	return code;
}

// Closed, with two texts of the texter c1 and a reply that was sent.
static void life(struct world *w)
{
	arrive(w, "ada", 2);
	begin_held(w, "c1", "ada", LEVEL_HIGH);
	struct store_ingest more = text("c1", "more", LEVEL_LOW);
	more.texter = "c1";
	assert_int_equal(ingest(w, &more), STORE_OK);
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY("r1", "k1"));
	EXPECT(w, STORE_OK, store_note, CLAIM("c1", "sup", 1), "whisper",
	        (&(struct store_note){"n1", bytes_str("sealed")}));
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1), ENDING("c1", .reopen_ms = 600000));
}

static void sent(struct world *w, const struct store_out *out)
{
	EXPECT(w, STORE_OK, store_out_claim, out, lease(w));
	EXPECT(w, STORE_OK, store_out_done, out, OUTCOME(1, "sent", "p1", "", 0));
}

static void over(struct world *w)
{
	EXPECT(w, STORE_OK, store_finish, CLAIM("c1", "ada", 1), &exposure);
}

static int64_t exists(struct world *w, const char *key)
{
	return number(asked(w, "EXISTS {" POOL "}:%s", key));
}

static void test_nothing_is_touched_before_it_is_closed(void **state)
{
	struct world *w = *state;
	begin(w, "c1", LEVEL_HIGH);
	assert_int_equal(erase(w, "c1", ALL, true), STORE_CONFLICT);
	world_empty(state);
	life(w);
	assert_int_equal(erase(w, "c1", ALL, true), STORE_CONFLICT);
	assert_string_equal(field(w, "c", "c1", "key"), "wrapped");
	over(w);
	assert_int_equal(score(w, "closed", "c1"), T0);
	assert_int_equal(erase(w, "c1", ALL, false), STORE_HELD); // the reply is not sent yet
	assert_string_equal(field(w, "c", "c1", "key"), "wrapped");
	sent(w, REPLY_OUT("r1", "c1"));
	assert_int_equal(erase(w, "c1", ALL, false), STORE_OK);
	assert_string_equal(w->part[1], "done");
	assert_int_equal(erase(w, "c9", ALL, false), STORE_NOT_FOUND);
}

static void test_what_goes_and_what_stays(void **state)
{
	static const char *const gone[] = {"ms:c1", "m:first-c1", "m:more", "m:r1", "o:r1",
	        "cid:c1", "notes:c1", "replies:c1", "late:" LINE ":c1", "of:" LINE ":c1"};
	static const char *const fields[] = {"key", "number", "reasons", "texter", "said",
	        "language", "require", "want", "partner", "last_in_at", "recused"};
	struct world *w = *state;
	life(w);
	sent(w, REPLY_OUT("r1", "c1"));
	over(w);
	for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
		if (strcmp(gone[i], "replies:c1") != 0 && !exists(w, gone[i]))
			fail_msg("%s was not there", gone[i]);
	assert_int_equal(erase(w, "c1", ALL, false), STORE_OK);
	for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
		if (exists(w, gone[i]))
			fail_msg("%s is still there", gone[i]);
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (strcmp(field(w, "c", "c1", fields[i]), "nil") != 0)
			fail_msg("%s is still there", fields[i]);
	assert_string_equal(field(w, "c", "c1", "state"), "5");
	assert_string_equal(field(w, "c", "c1", "seq"), "3");
	assert_string_equal(field(w, "c", "c1", "outcome"), "helped");
	assert_int_equal(field_number(w, "c", "c1", "erased_at"), T0);
	assert_int_equal(score(w, "closed", "c1"), NONE);
	assert_non_null(
	        strstr(asked(w, "LINDEX {" POOL "}:custody:c1 -1"), "deleted - 1 receipt=r1"));
	is_healthy(w, "c1");
	all_else_is_healthy(w);
}

// The key goes first, so that what is left by a crash cannot be read; and it goes on from there.
static void test_in_pieces_and_again(void **state)
{
	struct world *w = *state;
	life(w);
	sent(w, REPLY_OUT("r1", "c1"));
	over(w);
	assert_int_equal(erase(w, "c1", 1, false), STORE_OK);
	assert_string_equal(w->part[1], "more");
	assert_string_equal(field(w, "c", "c1", "key"), "nil");
	assert_string_equal(field(w, "c", "c1", "texter"), "c1");
	assert_int_equal(exists(w, "m:first-c1"), 0);
	assert_int_equal(exists(w, "m:more"), 1);
	assert_int_equal(exists(w, "of:" LINE ":c1"), 1);
	is_healthy(w, "c1");
	// The texter writes meanwhile: that is another conversation.
	struct store_ingest next = text("c1", "m9", LEVEL_LOW);
	next.texter = "c1";
	assert_int_equal(ingest(w, &next), STORE_NEW);
	w->now += 7;
	assert_int_equal(erase(w, "c1", 2, false), STORE_OK);
	assert_string_equal(w->part[1], "done");
	assert_int_equal(erase(w, "c1", 2, false), STORE_OK);
	assert_string_equal(w->part[1], "done");
	assert_int_equal(field_number(w, "c", "c1", "erased_at"), T0);
	assert_string_equal(asked(w, "LLEN {" POOL "}:custody:c1"), "6");
	// Who is late with their notes leaves none behind.
	EXPECT(w, STORE_OK, store_finish_with, CLAIM("c1", "ada", 1), &exposure, "grief",
	        (&(struct store_note){"n2", bytes_str("sealed")}));
	assert_string_equal(field(w, "c", "c1", "tags"), "nil");
	assert_int_equal(exists(w, "notes:c1"), 0);
	is_healthy(w, "c1");
}

static void test_it_makes_room_where_there_is_none(void **state)
{
	struct world *w = *state;
	life(w);
	sent(w, REPLY_OUT("r1", "c1"));
	over(w);
	asked(w, "CONFIG SET maxmemory 1");
	enum store_code code = erase(w, "c1", ALL, false);
	asked(w, "CONFIG SET maxmemory 0");
	assert_string_equal(store_code_name(code), "OK");
	assert_int_equal(exists(w, "m:first-c1"), 0);
	is_healthy(w, "c1");
}

static void test_what_is_never_sent_does_not_stop_it_for_ever(void **state)
{
	struct world *w = *state;
	life(w);
	over(w);
	assert_int_equal(erase(w, "c1", ALL, false), STORE_HELD);
	// What is unsent of it is in the outbox still, with nothing to send: the checker sees to
	// it.
	struct step s = {w, "c1", true};
	store_first_messages(w->store, POOL, "c1", ALL, on_first, &s);
	assert_int_equal(answered(w), STORE_OK);
	assert_int_equal(exists(w, "o:r1"), 0);
	EXPECT(w, STORE_OK, store_check_out, REPLY_OUT("r1", "c1"));
	assert_string_equal(w->part[1], "outbox");
	all_else_is_healthy(w);
}

// ---- the wish ----

static void test_a_wish_while_a_conversation_is_open(void **state)
{
	struct world *w = *state;
	struct store_wish first = wish("w1", ""), again = wish("w2", ""),
	                  staff_one = wish("w3", "op");
	begin(w, "c1", LEVEL_HIGH);
	EXPECT(w, STORE_OK, store_erase_ask, &first);
	assert_string_equal(w->part[1], "w1");
	assert_string_equal(w->part[2], "c1");
	assert_int_equal(exists(w, "seen:" GATEWAY ":w1"), 0); // the text is to be taken in
	EXPECT(w, STORE_OK, store_erase_ask, &again);
	assert_string_equal(w->part[1], "w1");
	EXPECT(w, STORE_OK, store_erase_ask, &staff_one);
	assert_string_equal(w->part[1], "w1");
	assert_string_equal(field(w, "erase:" LINE, "c1", "by"), "");
	assert_string_equal(field(w, "erase:" LINE, "c1", "number"), "sealed-number");
	assert_int_equal(score(w, "due", "erase:" LINE ":c1"), T0);
	EXPECT(w, STORE_OK, store_erase_read, &c1);
	assert_string_equal(w->part[1], "c1");
	assert_string_equal(w->part[2], "c1");
	assert_string_equal(w->part[3], "c1");
	assert_string_equal(part_named(w, 4, "language"), "es");
	w->now += 9;
	EXPECT(w, STORE_OK, store_erase_wait, &c1, "c1", T0 + LOOK_MS);
	assert_int_equal(field_number(w, "c", "c1", "erase_asked_at"), T0 + 9);
	w->now += 9;
	EXPECT(w, STORE_OK, store_erase_wait, &c1, "c1", T0 + 2 * LOOK_MS);
	assert_int_equal(field_number(w, "c", "c1", "erase_asked_at"), T0 + 9);
	assert_int_equal(score(w, "due", "erase:" LINE ":c1"), T0 + 2 * LOOK_MS);
	struct store_told none = told("w1", "");
	EXPECT(w, STORE_CONFLICT, store_erase_end, &none);
	is_healthy(w, "c1");
}

static void test_a_wish_when_nothing_is_open_is_a_text_of_its_own(void **state)
{
	struct world *w = *state;
	struct store_wish first = wish("w1", ""), other = wish("w2", "");
	EXPECT(w, STORE_OK, store_erase_ask, &first);
	assert_string_equal(w->part[2], "");
	EXPECT(w, STORE_DUPLICATE, store_erase_ask, &first);
	EXPECT(w, STORE_OK, store_erase_ask, &other);
	assert_string_equal(w->part[1], "w1");
	// A conversation that has just ended is not opened again by it.
	world_empty(state);
	life(w);
	EXPECT(w, STORE_OK, store_erase_ask, &first);
	assert_string_equal(w->part[2], "");
	assert_string_equal(field(w, "c", "c1", "state"), "4");
}

static void test_the_receipt_is_the_last_that_goes(void **state)
{
	struct world *w = *state;
	struct store_wish first = wish("w1", "");
	struct store_told receipt = told("w1", "a1");
	const struct store_out *out = AUTO_OUT("a1", "w1");
	life(w);
	sent(w, REPLY_OUT("r1", "c1"));
	over(w);
	EXPECT(w, STORE_OK, store_erase_ask, &first);
	EXPECT(w, STORE_CONFLICT, store_erase_tell, &receipt); // something of theirs is there
	assert_int_equal(erase(w, "c1", ALL, false), STORE_OK);
	assert_int_equal(exists(w, "past:" LINE ":c1"), 1);
	EXPECT(w, STORE_OK, store_erase_tell, &receipt);
	EXPECT(w, STORE_CONFLICT, store_erase_tell, &receipt);
	assert_int_equal(exists(w, "past:" LINE ":c1"), 0);
	assert_string_equal(field(w, "erase:" LINE, "c1", "number"), "nil");
	assert_string_equal(field(w, "o", "a1", "number"), "sealed-number");
	assert_string_equal(field(w, "o", "a1", "number_context"), "c1");
	assert_string_equal(field(w, "o", "a1", "gateway"), GATEWAY);
	assert_string_equal(field(w, "o", "a1", "line"), LINE);
	assert_int_equal(score(w, "due", "erase:" LINE ":c1"), T0 + LOOK_MS);
	all_else_is_healthy(w);
	sent(w, out);
	EXPECT(w, STORE_OK, store_erase_end, &receipt);
	assert_string_equal(w->part[1], "over");
	EXPECT(w, STORE_NOT_FOUND, store_erase_end, &receipt);
	assert_int_equal(exists(w, "o:a1"), 0);
	assert_int_equal(exists(w, "m:a1"), 0);
	assert_int_equal(exists(w, "autos:w1"), 0);
	assert_int_equal(exists(w, "erase:" LINE ":c1"), 0);
	assert_int_equal(score(w, "due", "erase:" LINE ":c1"), NONE);
	EXPECT(w, STORE_NOT_FOUND, store_receipt, out, 3, bytes_str("p1"), bytes_str(""));
	EXPECT(w, STORE_NOT_FOUND, store_erase_read, &c1);
	all_else_is_healthy(w);
}

static void test_a_receipt_that_cannot_be_sent_is_given_up(void **state)
{
	struct world *w = *state;
	struct store_wish first = wish("w1", "");
	struct store_told receipt = told("w1", "a1");
	EXPECT(w, STORE_OK, store_erase_ask, &first);
	EXPECT(w, STORE_OK, store_erase_tell, &receipt);
	w->now += VALID_TOLD_MS + 1;
	EXPECT(w, STORE_OK, store_erase_end, &receipt);
	assert_int_equal(size_of_set(w, "out:" GATEWAY ":auto"), 0);
	assert_int_equal(size_of_set(w, "unsent:" GATEWAY ":auto"), 0);
	all_else_is_healthy(w);
}

static void test_who_asks_again_meanwhile_begins_anew(void **state)
{
	struct world *w = *state;
	struct store_wish first = wish("w1", ""), second = wish("w2", ""), third = wish("w3", "op");
	struct store_told receipt = told("w1", "a1"), next = told("w2", "a2");
	EXPECT(w, STORE_OK, store_erase_ask, &first);
	EXPECT(w, STORE_OK, store_erase_tell, &receipt);
	EXPECT(w, STORE_OK, store_erase_ask, &second);
	assert_string_equal(w->part[1], "w2");
	EXPECT(w, STORE_OK, store_erase_ask, &third);
	assert_string_equal(w->part[1], "w2");
	sent(w, AUTO_OUT("a1", "w1"));
	EXPECT(w, STORE_OK, store_erase_end, &receipt);
	assert_string_equal(w->part[1], "again");
	assert_string_equal(field(w, "erase:" LINE, "c1", "id"), "w2");
	assert_string_equal(field(w, "erase:" LINE, "c1", "by"), "");
	assert_string_equal(field(w, "erase:" LINE, "c1", "phase"), "asked");
	assert_string_equal(field(w, "erase:" LINE, "c1", "again"), "nil");
	EXPECT(w, STORE_OK, store_erase_tell, &next);
}

static void test_a_staff_members_wish_sends_no_text(void **state)
{
	struct world *w = *state;
	struct store_wish first = wish("w1", "op");
	struct store_told none = told("w1", "");
	EXPECT(w, STORE_OK, store_erase_ask, &first);
	assert_string_equal(field(w, "erase:" LINE, "c1", "number"), "nil");
	struct store_told receipt = told("w1", "a1");
	EXPECT(w, STORE_CONFLICT, store_erase_tell, &receipt);
	EXPECT(w, STORE_OK, store_erase_end, &none);
	assert_int_equal(exists(w, "erase:" LINE ":c1"), 0);
}

static void test_a_lost_timer_is_set_again(void **state)
{
	struct world *w = *state;
	struct store_wish first = wish("w1", "");
	EXPECT(w, STORE_OK, store_check_erase, &c1);
	assert_int_equal(w->parts, 1);
	EXPECT(w, STORE_OK, store_erase_ask, &first);
	EXPECT(w, STORE_OK, store_check_erase, &c1);
	assert_int_equal(w->parts, 1);
	asked(w, "ZREM {" POOL "}:due erase:" LINE ":c1");
	EXPECT(w, STORE_OK, store_check_erase, &c1);
	assert_string_equal(w->part[1], "erase_timer");
	assert_int_equal(score(w, "due", "erase:" LINE ":c1"), T0);
	// As a node has set it whose clock was an hour ahead.
	EXPECT(w, STORE_OK, store_erase_wait, &c1, "", T0 + 3600000);
	EXPECT(w, STORE_OK, store_check_erase, &c1);
	assert_int_equal(score(w, "due", "erase:" LINE ":c1"), T0);
	asked(w, "DEL {" POOL "}:erase:" LINE ":c1");
	EXPECT(w, STORE_NOT_FOUND, store_erase_wait, &c1, "", T0 + 1);
	assert_int_equal(score(w, "due", "erase:" LINE ":c1"), NONE);
}

static void test_by_age(void **state)
{
	struct world *w = *state;
	life(w);
	over(w);
	EXPECT(w, STORE_OK, store_closed, POOL, T0 - 1, 10);
	assert_int_equal(w->parts, 0);
	EXPECT(w, STORE_OK, store_closed, POOL, T0, 10);
	assert_string_equal(w->part[0], "c1");
	// Lost, it is put back; reopened, it is taken out by who comes upon it.
	asked(w, "DEL {" POOL "}:closed");
	assert_int_equal(check_one(w, "c1"), STORE_OK);
	assert_string_equal(w->part[1], "closed");
	struct store_ingest late = text("c1", "m9", LEVEL_LOW);
	late.texter = "c1";
	late.last = "ada";
	assert_int_equal(ingest(w, &late), STORE_OK);
	assert_string_equal(w->part[2], "reopened");
	is_healthy(w, "c1");
	assert_int_equal(erase(w, "c1", ALL, true), STORE_CONFLICT);
	assert_int_equal(score(w, "closed", "c1"), NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_nothing_is_touched_before_it_is_closed),
	        TEST(test_what_goes_and_what_stays),
	        TEST(test_in_pieces_and_again),
	        TEST(test_it_makes_room_where_there_is_none),
	        TEST(test_what_is_never_sent_does_not_stop_it_for_ever),
	        TEST(test_a_wish_while_a_conversation_is_open),
	        TEST(test_a_wish_when_nothing_is_open_is_a_text_of_its_own),
	        TEST(test_the_receipt_is_the_last_that_goes),
	        TEST(test_a_receipt_that_cannot_be_sent_is_given_up),
	        TEST(test_who_asks_again_meanwhile_begins_anew),
	        TEST(test_a_staff_members_wish_sends_no_text),
	        TEST(test_a_lost_timer_is_set_again),
	        TEST(test_by_age),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
