// SPDX-License-Identifier: Apache-2.0
// take_over, transfer, giving back, join, leave, invite, whisper, announce.
#include "scripts.h"

#define TRANSFER_MS     20000
#define NOTE(id)        (&(struct store_note){id, bytes_str("sealed")})
#define NO_NEXT(why)    THEN(why, "")
#define THEN(why, next) (&(struct store_ending){why, "ada", next, TRANSFER_MS, &within})

static void held(struct world *w)
{
	arrive(w, "ada", 2);
	arrive(w, "ben", 1);
	begin_held(w, "c1", "ada", LEVEL_LOW);
}

static void entry_says(struct world *w, const char *id, const char *words)
{
	const char *entry = asked(w, "LINDEX {" POOL "}:custody:%s -1", id);
	if (!strstr(entry, words))
		fail_msg("the ledger ends with '%s'", entry);
}

// ---- taking over

static void test_takes_over_from_who_holds(void **state)
{
	struct world *w = *state;
	held(w);
	arrive(w, "dee", 1);
	w->now += 5000;
	EXPECT(w, STORE_STALE, store_take_over, CLAIM("c1", "dee", 0), "ada", NOTE("n1"));
	EXPECT(w, STORE_STALE, store_take_over, CLAIM("c1", "dee", 1), "ben", NOTE("n1"));
	EXPECT(w, STORE_CONFLICT, store_take_over, CLAIM("c1", "ada", 1), "ada", NOTE("n1"));
	EXPECT(w, STORE_GONE, store_take_over, CLAIM("c1", "eli", 1), "ada", NOTE("n1"));
	EXPECT(w, STORE_OK, store_take_over, CLAIM("c1", "dee", 1), "ada", NOTE("n1"));
	entry_says(w, "c1", " taken_over dee 2 from=ada");
	EXPECT(w, STORE_OK, store_take_over, CLAIM("c1", "dee", 1), "ada", NOTE("n2")); // again
	assert_string_equal(field(w, "c", "c1", "holder"), "dee");
	assert_string_equal(field(w, "c", "c1", "epoch"), "2");
	assert_string_equal(asked(w, "HLEN {" POOL "}:notes:c1"), "1");
	EXPECT(w, STORE_STALE, store_send, CLAIM("c1", "ada", 1), REPLY("r1", "k1"));
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "dee", 2), REPLY("r2", "k2"));
}

static void test_takes_over_from_offer_and_queue(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	arrive(w, "dee", 1);
	begin(w, "c1", LEVEL_IMMINENT);
	begin(w, "c2", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_take_over, CLAIM("c1", "dee", 1), "ada", NOTE("n1"));
	EXPECT(w, STORE_GONE, store_accept, CLAIM("c1", "ada", 1));
	// A supervisor who says so may have more people than their capacity allows.
	EXPECT(w, STORE_OK, store_take_over, CLAIM("c2", "dee", 0), "", NOTE("n1"));
	entry_says(w, "c2", " taken_over dee 1 queue");
	EXPECT(w, STORE_OK, store_close, CLAIM("c2", "dee", 1),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, "c2"));
	EXPECT(w, STORE_CONFLICT, store_take_over, CLAIM("c2", "ada", 1), "dee", NOTE("n1"));
	EXPECT(w, STORE_NOT_FOUND, store_take_over, CLAIM("c9", "ada", 1), "", NOTE("n1"));
}

// ---- transfer

static void asked_to(struct world *w)
{
	held(w);
	EXPECT(w, STORE_OK, store_transfer, CLAIM("c1", "ada", 1), "ben", "", TRANSFER_MS,
	        NOTE("n1"));
	assert_int_equal(score(w, "due", "transfer:c1"), w->now + TRANSFER_MS);
}

static void test_a_transfer_moves_owner_epoch_and_units_at_once(void **state)
{
	struct world *w = *state;
	asked_to(w);
	EXPECT(w, STORE_OK, store_transfer, CLAIM("c1", "ada", 1), "ben", "", TRANSFER_MS,
	        NOTE("n2"));
	assert_string_equal(asked(w, "HLEN {" POOL "}:notes:c1"), "1");
	// Until then the giver holds it, and goes on writing.
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY("r1", "k1"));
	EXPECT(w, STORE_GONE, store_transfer_take, CLAIM("c1", "cyd", 1), "ada");
	EXPECT(w, STORE_GONE, store_transfer_take, CLAIM("c1", "ben", 0), "ada");
	EXPECT(w, STORE_OK, store_transfer_take, CLAIM("c1", "ben", 1), "ada");
	entry_says(w, "c1", " transferred ben 2 from=ada");
	EXPECT(w, STORE_OK, store_transfer_take, CLAIM("c1", "ben", 1), "ada"); // again
	assert_string_equal(field(w, "c", "c1", "holder"), "ben");
	assert_int_equal(score(w, "due", "transfer:c1"), NONE);
	assert_string_equal(asked(w, "HLEN {" POOL "}:with:ben"), "0");
	EXPECT(w, STORE_STALE, store_send, CLAIM("c1", "ada", 1), REPLY("r2", "k2"));
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ben", 2), REPLY("r3", "k3"));
	EXPECT(w, STORE_GONE, store_transfer_end, CLAIM("c1", "ben", 1), NO_NEXT("declined"));
}

static void test_a_transfer_needs_somebody_with_room(void **state)
{
	struct world *w = *state;
	held(w);
	EXPECT(w, STORE_GONE, store_transfer, CLAIM("c1", "ada", 1), "eli", "", TRANSFER_MS,
	        NOTE("n1"));
	EXPECT(w, STORE_CONFLICT, store_transfer, CLAIM("c1", "ada", 1), "ada", "", TRANSFER_MS,
	        NOTE("n1"));
	EXPECT(w, STORE_STALE, store_transfer, CLAIM("c1", "ada", 0), "ben", "", TRANSFER_MS,
	        NOTE("n1"));
	asked(w, "HSET {" POOL "}:c:c1 recused ben");
	EXPECT(w, STORE_CONFLICT, store_transfer, CLAIM("c1", "ada", 1), "ben", "", TRANSFER_MS,
	        NOTE("n1"));
	assert_string_equal(w->part[1], "knows");
	asked(w, "HDEL {" POOL "}:c:c1 recused");
	begin_held(w, "c2", "ben", LEVEL_LOW);
	EXPECT(w, STORE_FULL, store_transfer, CLAIM("c1", "ada", 1), "ben", "", TRANSFER_MS,
	        NOTE("n1"));
	assert_string_equal(asked(w, "EXISTS {" POOL "}:notes:c1"), "0");
	EXPECT(w, STORE_OK, store_set_presence, POOL, "ben", "ben-1", "away");
	EXPECT(w, STORE_GONE, store_transfer, CLAIM("c1", "ada", 1), "ben", "", TRANSFER_MS,
	        NOTE("n1"));
}

// Their room may be gone by the time that they accept.
static void test_who_is_full_by_then_cannot_take_it(void **state)
{
	struct world *w = *state;
	asked_to(w);
	begin_held(w, "c2", "ben", LEVEL_LOW);
	EXPECT(w, STORE_FULL, store_transfer_take, CLAIM("c1", "ben", 1), "ada");
	assert_string_equal(field(w, "c", "c1", "holder"), "ada");
	arrive(w, "dee", 1);
	EXPECT(w, STORE_CONFLICT, store_transfer, CLAIM("c1", "ada", 1), "dee", "", TRANSFER_MS,
	        NOTE("n2"));
	assert_string_equal(w->part[1], "open");
}

static void test_without_an_accept_the_giver_keeps_it(void **state)
{
	struct world *w = *state;
	static const char *const ways[] = {"declined", "expired", "withdrawn"};
	for (size_t i = 0; i < 3; i++) {
		world_empty(state);
		asked_to(w);
		EXPECT(w, STORE_EARLY, store_transfer_end, CLAIM("c1", "ben", 1),
		        NO_NEXT("expired"));
		EXPECT(w, STORE_GONE, store_transfer_end, CLAIM("c1", "cyd", 1),
		        NO_NEXT("declined"));
		w->now += TRANSFER_MS;
		EXPECT(w, STORE_OK, store_transfer_end, CLAIM("c1", "ben", 1), NO_NEXT(ways[i]));
		EXPECT(w, STORE_GONE, store_transfer_end, CLAIM("c1", "ben", 1), NO_NEXT(ways[i]));
		EXPECT(w, STORE_GONE, store_transfer_take, CLAIM("c1", "ben", 1), "ada");
		assert_int_equal(score(w, "due", "transfer:c1"), NONE);
		EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY("r1", "k1"));
	}
}

// The end of a hold is the end of its transfer.
static void test_what_ends_the_hold_ends_the_transfer(void **state)
{
	struct world *w = *state;
	for (int i = 0; i < 3; i++) {
		world_empty(state);
		asked_to(w);
		arrive(w, "dee", 1);
		if (i == 0)
			EXPECT(w, STORE_OK, store_release, CLAIM("c1", "ada", 1), "lost", &within);
		else if (i == 1)
			EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1),
			        CLOSING("helped", WRAP_UP_MS, 0, LINE, "c1"));
		else
			EXPECT(w, STORE_OK, store_take_over, CLAIM("c1", "dee", 1), "ada",
			        NOTE("n2"));
		assert_int_equal(score(w, "due", "transfer:c1"), NONE);
		EXPECT(w, STORE_GONE, store_transfer_take, CLAIM("c1", "ben", 1), "ada");
	}
}

static void test_gives_back_with_a_word_and_keeps_the_place(void **state)
{
	struct world *w = *state;
	held(w);
	w->now += 60000;
	EXPECT(w, STORE_OK, store_give_away, CLAIM("c1", "ada", 1), "transfer", "", NOTE("n1"),
	        &within);
	entry_says(w, "c1", " released ada 2 transfer");
	assert_int_equal(score(w, "w:1", "c1"), T0);
	assert_string_equal(
	        asked(w, "HGET {" POOL "}:notes:c1 n1"), "1800000060000 transfer ada sealed");
	// Who gave it away is not the next to be asked.
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ben", OFFER_MS);
}

// ---- a transfer for a skill

static void asked_for(struct world *w)
{
	held(w);
	arrive(w, "cyd", 1);
	arrive(w, "dee", 1);
	EXPECT(w, STORE_OK, store_transfer, CLAIM("c1", "ada", 1), "ben", "lang:es", TRANSFER_MS,
	        NOTE("n1"));
}

static void test_one_for_a_skill_goes_from_one_to_the_next(void **state)
{
	struct world *w = *state;
	asked_for(w);
	w->now += 5000;
	EXPECT(w, STORE_OK, store_transfer_end, CLAIM("c1", "ben", 1), THEN("declined", "cyd"));
	assert_string_equal(w->part[1], "next");
	assert_string_equal(field(w, "c", "c1", "holder"), "ada");
	assert_int_equal(score(w, "due", "transfer:c1"), w->now + TRANSFER_MS);
	EXPECT(w, STORE_GONE, store_transfer_end, CLAIM("c1", "ben", 1), THEN("declined", "cyd"));
	EXPECT(w, STORE_GONE, store_transfer_take, CLAIM("c1", "ben", 1), "ada");
	assert_string_equal(field(w, "c", "c1", "transfer_asked"), "ben");
	EXPECT(w, STORE_OK, store_transfer_take, CLAIM("c1", "cyd", 1), "ada");
	assert_string_equal(field(w, "c", "c1", "transfer_skill"), "");
	assert_string_equal(field(w, "c", "c1", "transfer_asked"), "");
}

static void test_nobody_with_the_skill_takes_it_and_it_waits_for_one(void **state)
{
	struct world *w = *state;
	static const char *const others[] = {"", "zoe"}; // who is not here takes nothing
	for (size_t i = 0; i < 2; i++) {
		world_empty(state);
		asked_for(w);
		asked(w, "HSET {" POOL "}:c:c1 require youth");
		w->now += TRANSFER_MS;
		EXPECT(w, STORE_OK, store_transfer_end, CLAIM("c1", "ben", 1),
		        THEN("expired", others[i]));
		assert_string_equal(w->part[1], "released");
		entry_says(w, "c1", " released ada 2 transfer");
		assert_string_equal(field(w, "c", "c1", "require"), "lang:es,youth");
		assert_int_equal(field_number(w, "c", "c1", "require_at"), w->now);
		assert_string_equal(field(w, "c", "c1", "excluded"), "ada,ben");
		assert_int_equal(score(w, "w:1", "c1"), T0);
		assert_int_equal(score(w, "due", "transfer:c1"), NONE);
		EXPECT(w, STORE_GONE, store_transfer_end, CLAIM("c1", "ben", 1),
		        NO_NEXT("declined"));
		EXPECT(w, STORE_OK, store_offer, POOL, "c1", "cyd", OFFER_MS);
	}
}

// A pool with many of them does not keep the texter with somebody who wants to pass them on.
static void test_few_are_asked_one_by_one(void **state)
{
	struct world *w = *state;
	static const char *const names[] = {"ben", "cyd", "dee", "eli", "fay", "gus", "hal"};
	asked_for(w);
	size_t at = 0;
	for (bool more = true; more; at++) {
		arrive(w, names[at + 1], 1);
		EXPECT(w, STORE_OK, store_transfer_end, CLAIM("c1", names[at], 1),
		        THEN("declined", names[at + 1]));
		more = strcmp(w->part[1], "next") == 0;
	}
	assert_int_equal(at, 5);
	assert_int_equal(field_number(w, "c", "c1", "state"), 1);
}

static void test_whoever_loses_it_meanwhile_leaves_the_skill_behind(void **state)
{
	struct world *w = *state;
	asked_for(w);
	EXPECT(w, STORE_OK, store_release, CLAIM("c1", "ada", 1), "lost", &within);
	assert_string_equal(field(w, "c", "c1", "require"), "lang:es");
	world_empty(state);
	held(w);
	EXPECT(w, STORE_OK, store_give_away, CLAIM("c1", "ada", 1), "transfer", "lang:es",
	        NOTE("n1"), &within);
	assert_string_equal(field(w, "c", "c1", "require"), "lang:es");
}

static void test_who_is_asked_may_know_them(void **state)
{
	struct world *w = *state;
	asked_to(w);
	EXPECT(w, STORE_STALE, store_recuse, CLAIM("c1", "cyd", 1), LINE, "c1");
	EXPECT(w, STORE_OK, store_recuse, CLAIM("c1", "ben", 1), LINE, "c1");
	EXPECT(w, STORE_OK, store_transfer_end, CLAIM("c1", "ben", 1), NO_NEXT("declined"));
	EXPECT(w, STORE_CONFLICT, store_transfer, CLAIM("c1", "ada", 1), "ben", "", TRANSFER_MS,
	        NOTE("n2"));
}

// ---- company

static void test_who_joins_may_write_and_owns_nothing(void **state)
{
	struct world *w = *state;
	held(w);
	EXPECT(w, STORE_STALE, store_send, CLAIM("c1", "dee", 1), REPLY("r1", "k1"));
	EXPECT(w, STORE_CONFLICT, store_join, CLAIM("c1", "ada", 0), "supervisor", "s1", "");
	EXPECT(w, STORE_OK, store_join, CLAIM("c1", "dee", 0), "supervisor", "s1", "");
	entry_says(w, "c1", " joined dee 1 supervisor");
	EXPECT(w, STORE_OK, store_join, CLAIM("c1", "dee", 0), "supervisor", "s2", "");
	assert_string_equal(field(w, "c", "c1", "present"), "dee=supervisor");
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "dee", 1), REPLY("r1", "k1"));
	assert_string_equal(field(w, "m", "r1", "author"), "dee");
	EXPECT(w, STORE_STALE, store_send, CLAIM("c1", "dee", 0), REPLY("r2", "k2"));
	EXPECT(w, STORE_STALE, store_close, CLAIM("c1", "dee", 1),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, "c1"));
	assert_string_equal(field(w, "c", "c1", "holder"), "ada");
	EXPECT(w, STORE_STALE, store_leave, CLAIM("c1", "dee", 0),
	        "s1"); // an older console of hers
	EXPECT(w, STORE_OK, store_leave, CLAIM("c1", "dee", 0), "s2");
	entry_says(w, "c1", " left dee 1 -");
	EXPECT(w, STORE_OK, store_leave, CLAIM("c1", "dee", 0), "");
	EXPECT(w, STORE_STALE, store_send, CLAIM("c1", "dee", 1), REPLY("r3", "k3"));
	EXPECT(w, STORE_OK, store_release, CLAIM("c1", "ada", 1), "lost", &within);
	EXPECT(w, STORE_CONFLICT, store_join, CLAIM("c1", "dee", 0), "supervisor", "s1", "");
	EXPECT(w, STORE_NOT_FOUND, store_join, CLAIM("c9", "dee", 0), "supervisor", "s1", "");
}

static void test_an_invitation_lets_one_in(void **state)
{
	struct world *w = *state;
	held(w);
	EXPECT(w, STORE_GONE, store_join, CLAIM("c1", "ben", 0), "interpreter", "s1", "lang:es");
	EXPECT(w, STORE_STALE, store_invite, CLAIM("c1", "ben", 1), "lang:es", 60000);
	EXPECT(w, STORE_OK, store_invite, CLAIM("c1", "ada", 1), "lang:es", 60000);
	EXPECT(w, STORE_GONE, store_join, CLAIM("c1", "ben", 0), "interpreter", "s1", "lang:fr");
	EXPECT(w, STORE_OK, store_join, CLAIM("c1", "ben", 0), "interpreter", "s1", "lang:es");
	EXPECT(w, STORE_GONE, store_join, CLAIM("c1", "dee", 0), "interpreter", "s1", "lang:es");
	EXPECT(w, STORE_OK, store_invite, CLAIM("c1", "ada", 1), "dee", 60000);
	w->now += 60001;
	EXPECT(w, STORE_GONE, store_join, CLAIM("c1", "dee", 0), "interpreter", "s1", "dee");
	assert_string_equal(field(w, "c", "c1", "present"), "ben=interpreter");
}

// One of them takes it on, and is company no more.
static void test_who_takes_over_is_no_longer_beside(void **state)
{
	struct world *w = *state;
	held(w);
	EXPECT(w, STORE_OK, store_join, CLAIM("c1", "dee-x", 0), "supervisor", "s1", "");
	EXPECT(w, STORE_OK, store_join, CLAIM("c1", "dee", 0), "supervisor", "s1", "");
	arrive(w, "dee", 1);
	EXPECT(w, STORE_OK, store_take_over, CLAIM("c1", "dee", 1), "ada", NOTE("n1"));
	assert_string_equal(field(w, "c", "c1", "present"), "dee-x=supervisor");
	assert_string_equal(asked(w, "HLEN {" POOL "}:with:dee"), "0");
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "dee-x", 2), REPLY("r1", "k1"));
}

static void test_whispers_stay_among_staff(void **state)
{
	struct world *w = *state;
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_CONFLICT, store_note, CLAIM("c1", "dee", 0), "whisper", NOTE("n1"));
	EXPECT(w, STORE_NOT_FOUND, store_note, CLAIM("c9", "dee", 0), "whisper", NOTE("n1"));
	arrive(w, "ada", 1);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 1));
	EXPECT(w, STORE_OK, store_note, CLAIM("c1", "dee", 0), "whisper", NOTE("n1"));
	EXPECT(w, STORE_OK, store_note, CLAIM("c1", "dee", 0), "whisper", NOTE("n1"));
	assert_string_equal(
	        asked(w, "HGET {" POOL "}:notes:c1 n1"), "1800000000000 whisper dee sealed");
	assert_string_equal(asked(w, "LLEN {" POOL "}:ms:c1"), "1");
	assert_int_equal(size_of_set(w, OUT_REPLY), 0);
}

static void test_notes_are_bounded(void **state)
{
	struct world *w = *state;
	held(w);
	for (int i = 0; i < 200; i++)
		asked(w, "HSET {" POOL "}:notes:c1 x%d y", i);
	EXPECT(w, STORE_FULL, store_note, CLAIM("c1", "dee", 0), "whisper", NOTE("n1"));
	EXPECT(w, STORE_FULL, store_transfer, CLAIM("c1", "ada", 1), "ben", "", TRANSFER_MS,
	        NOTE("n1"));
	EXPECT(w, STORE_FULL, store_give_away, CLAIM("c1", "ada", 1), "given_back", "", NOTE("n1"),
	        &within);
}

// ---- a pool that is offline

static const char *offline(struct world *w, const char *name)
{
	return asked(w, "HGET {" POOL "}:offline %s", name);
}

static void test_a_pool_goes_offline_and_comes_back(void **state)
{
	struct world *w = *state;
	char since[24];
	held(w);
	begin(w, "c2", LEVEL_LOW);
	EXPECT(w, STORE_CONFLICT, store_set_pool, POOL, false, "dee", "");
	EXPECT(w, STORE_OK, store_set_pool, POOL, true, "dee", "no power");
	snprintf(since, sizeof since, "%lld", (long long)w->now);
	w->now += 5000;
	EXPECT(w, STORE_OK, store_set_pool, POOL, true, "dee", "no power"); // again
	assert_string_equal(offline(w, "at"), since);
	EXPECT(w, STORE_CONFLICT, store_set_pool, POOL, true, "eli", "me too");
	assert_string_equal(offline(w, "by"), "dee");
	assert_string_equal(offline(w, "reason"), "no power");
	// Nobody who waits or is held is touched by it.
	assert_string_equal(field(w, "c", "c1", "holder"), "ada");
	EXPECT(w, STORE_OK, store_offer, POOL, "c2", "ben", OFFER_MS);
	EXPECT(w, STORE_OK, store_set_pool, POOL, false, "eli", "");
	assert_string_equal(offline(w, "offline"), "0");
	assert_string_equal(offline(w, "by"), "eli");
	EXPECT(w, STORE_OK, store_set_pool, POOL, false, "eli", "");
}

static void test_announcements_pass(void **state)
{
	struct world *w = *state;
	for (int i = 0; i < 60; i++) {
		char id[16];
		snprintf(id, sizeof id, "a%d", i);
		EXPECT(w, STORE_OK, store_announce, POOL, "dee", NOTE(id), 3600000);
		w->now += 1000;
	}
	assert_int_equal(size_of_set(w, "announcements"), 50);
	w->now += 3600000 - 10000;
	EXPECT(w, STORE_OK, store_announce, POOL, "dee", NOTE("b"), 3600000);
	assert_int_equal(size_of_set(w, "announcements"), 10);
	EXPECT(w, STORE_OK, store_announcements, POOL, w->now);
	assert_string_equal(w->part[0], "b dee sealed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_takes_over_from_who_holds),
	        TEST(test_takes_over_from_offer_and_queue),
	        TEST(test_a_transfer_moves_owner_epoch_and_units_at_once),
	        TEST(test_a_transfer_needs_somebody_with_room),
	        TEST(test_who_is_full_by_then_cannot_take_it),
	        TEST(test_without_an_accept_the_giver_keeps_it),
	        TEST(test_what_ends_the_hold_ends_the_transfer),
	        TEST(test_one_for_a_skill_goes_from_one_to_the_next),
	        TEST(test_nobody_with_the_skill_takes_it_and_it_waits_for_one),
	        TEST(test_few_are_asked_one_by_one),
	        TEST(test_whoever_loses_it_meanwhile_leaves_the_skill_behind),
	        TEST(test_who_is_asked_may_know_them),
	        TEST(test_gives_back_with_a_word_and_keeps_the_place),
	        TEST(test_who_joins_may_write_and_owns_nothing),
	        TEST(test_an_invitation_lets_one_in),
	        TEST(test_who_takes_over_is_no_longer_beside),
	        TEST(test_whispers_stay_among_staff),
	        TEST(test_notes_are_bounded),
	        TEST(test_announcements_pass),
	        TEST(test_a_pool_goes_offline_and_comes_back),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
