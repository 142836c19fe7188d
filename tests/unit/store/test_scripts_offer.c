// SPDX-License-Identifier: Apache-2.0
// offer, accept, unoffer and forgive: from the queue to a counselor, and back.
#include "scripts.h"

static void test_supervisors_are_told_once(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_attend, POOL, "c1", "no_speaker", "");
	EXPECT(w, STORE_ALREADY, store_attend, POOL, "c1", "no_speaker", "");
	EXPECT(w, STORE_GONE, store_attend, POOL, "c9", "no_speaker", "");
}

static void test_offers_who_waits(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin(w, "c1", LEVEL_HIGH);
	w->now += 5000;
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	assert_string_equal(w->part[1], "1");
	assert_string_equal(field(w, "c", "c1", "state"), "2");
	assert_string_equal(field(w, "c", "c1", "holder"), "ada");
	assert_int_equal(score(w, "due", "offer:c1"), w->now + OFFER_MS);
	assert_int_equal(score(w, "w:4", "c1"), T0);
	assert_int_equal(size_of_set(w, "q"), 0);
}

static void test_imminent_is_offered_too(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin(w, "c1", LEVEL_IMMINENT);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	assert_int_equal(size_of_set(w, "q0"), 0);
	EXPECT(w, STORE_OK, store_unoffer, CLAIM("c1", "ada", 1), "declined");
	assert_int_equal(score(w, "q0", "c1"), T0);
	assert_int_equal(size_of_set(w, "q"), 0);
}

static void test_an_offer_needs_a_waiting_one_and_a_free_slot(void **state)
{
	struct world *w = *state;
	begin(w, "c1", LEVEL_LOW);
	begin(w, "c2", LEVEL_LOW);
	EXPECT(w, STORE_NOT_FOUND, store_offer, POOL, "c9", "ada", OFFER_MS);
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c1", "ada", OFFER_MS); // not signed in
	EXPECT(w, STORE_OK, store_sign_in, POOL, "ada", "node", "ada-1", 1);
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c1", "ada", OFFER_MS); // away
	EXPECT(w, STORE_OK, store_set_presence, POOL, "ada", "ada-1", "available");
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c2", "ada", OFFER_MS); // full
	arrive(w, "ben", 1);
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c1", "ben", OFFER_MS); // offered
	assert_string_equal(field(w, "c", "c1", "holder"), "ada");
	assert_string_equal(field(w, "c", "c1", "epoch"), "1");
	EXPECT(w, STORE_OK, store_gone, POOL, "ben", "ben-1", GRACE_MS);
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c2", "ben", OFFER_MS); // gone
}

static void test_accepting_twice_is_once(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	w->now += 3000;
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 1));
	assert_string_equal(w->part[1], "0");
	assert_string_equal(field(w, "c", "c1", "state"), "3");
	w->now += 3000;
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 1));
	assert_int_equal(score(w, "held", "c1"), T0 + 3000);
	assert_int_equal(size_of_set(w, "due"), 1); // its silence
	assert_string_equal(field(w, "c", "c1", "epoch"), "1");
}

static void test_only_the_offered_one_accepts(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	arrive(w, "ben", 1);
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_NOT_FOUND, store_accept, CLAIM("c9", "ada", 1));
	EXPECT(w, STORE_GONE, store_accept, CLAIM("c1", "ada", 0)); // not offered
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_GONE, store_accept, CLAIM("c1", "ben", 1));
	EXPECT(w, STORE_GONE, store_accept, CLAIM("c1", "ada", 0));
	EXPECT(w, STORE_OK, store_unoffer, CLAIM("c1", "ada", 1), "withdrawn");
	EXPECT(w, STORE_GONE, store_accept, CLAIM("c1", "ada", 1));
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_GONE, store_accept, CLAIM("c1", "ada", 1)); // of the earlier offer
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 3));
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 3),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, "c1"));
	EXPECT(w, STORE_GONE, store_accept, CLAIM("c1", "ada", 3));
}

static void test_back_to_the_old_place(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin(w, "c1", LEVEL_MEDIUM);
	w->now += 30000;
	begin(w, "c2", LEVEL_MEDIUM);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_unoffer, CLAIM("c1", "ada", 1), "declined");
	assert_int_equal(score(w, "q", "c1"), T0 - boost.ms[LEVEL_MEDIUM]);
	assert_int_equal(score(w, "due", "answer:c1"), T0 + within.ms[LEVEL_MEDIUM]);
	assert_string_equal(field(w, "c", "c1", "epoch"), "2");
	EXPECT(w, STORE_OK, store_queue, POOL, false, 0, 10);
	assert_string_equal(w->part[0], "c1");
	EXPECT(w, STORE_GONE, store_unoffer, CLAIM("c1", "ada", 1), "declined");
	assert_string_equal(field(w, "c", "c1", "excluded"), "ada");
}

static void test_what_is_held_elsewhere_counts(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 3);
	begin(w, "c1", LEVEL_LOW);
	struct store_offer o = {
	        .pool = POOL, .conversation = "c1", .name = "ada", .offer_ms = OFFER_MS};
	o.elsewhere = 3;
	EXPECT(w, STORE_CONFLICT, store_offer_to, &o);
	o.elsewhere = 2;
	EXPECT(w, STORE_OK, store_offer_to, &o);
}

static void test_who_knows_the_texter_is_not_asked(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 3);
	arrive(w, "ben", 3);
	begin(w, "c1", LEVEL_LOW);
	asked(w, "HSET {" POOL "}:c:c1 recused cyd,ada");
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ben", OFFER_MS);
}

static void test_who_declined_is_not_asked_again(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	arrive(w, "ben", 2);
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_unoffer, CLAIM("c1", "ada", 1), "declined");
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ben", OFFER_MS);
	EXPECT(w, STORE_OK, store_unoffer, CLAIM("c1", "ben", 3), "withdrawn");
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ben", OFFER_MS);
	EXPECT(w, STORE_OK, store_unoffer, CLAIM("c1", "ben", 5), "declined");
	assert_string_equal(field(w, "c", "c1", "excluded"), "ada,ben");
	EXPECT(w, STORE_CONFLICT, store_forgive, POOL, "c1", "ada"); // no longer as seen
	EXPECT(w, STORE_OK, store_forgive, POOL, "c1", "ada,ben");
	EXPECT(w, STORE_CONFLICT, store_forgive, POOL, "c1", "ada,ben");
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_CONFLICT, store_forgive, POOL, "c1", ""); // offered
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 7));
}

// "ad" is not "ada".
static void test_exclusion_is_by_whole_name(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin(w, "c1", LEVEL_LOW);
	asked(w, "HSET {" POOL "}:c:c1 excluded adam,mada,a.a");
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
}

static void test_an_offer_expires_no_sooner_than_told(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	w->now += OFFER_MS - 1;
	EXPECT(w, STORE_EARLY, store_unoffer, CLAIM("c1", "ada", 1), "expired");
	assert_string_equal(field(w, "c", "c1", "state"), "2");
	w->now += 1;
	EXPECT(w, STORE_GONE, store_unoffer, CLAIM("c1", "ada", 2), "expired");
	EXPECT(w, STORE_GONE, store_unoffer, CLAIM("c1", "ben", 1), "expired");
	EXPECT(w, STORE_OK, store_unoffer, CLAIM("c1", "ada", 1), "expired");
	EXPECT(w, STORE_GONE, store_unoffer, CLAIM("c1", "ada", 1), "expired");
	EXPECT(w, STORE_GONE, store_unoffer, CLAIM("c9", "ada", 1), "expired");
}

static void miss(struct world *w, const char *id, uint64_t epoch)
{
	EXPECT(w, STORE_OK, store_offer, POOL, id, "ada", OFFER_MS);
	w->now += OFFER_MS;
	EXPECT(w, STORE_OK, store_unoffer, CLAIM(id, "ada", epoch), "expired");
}

static const char *presence(struct world *w, const char *name, char out[static 16])
{
	const char *found = strstr(asked(w, "HGET {" POOL "}:staff %s", name), "\"presence\":\"");
	assert_non_null(found);
	found += strlen("\"presence\":\"");
	snprintf(out, 16, "%.*s", (int)strcspn(found, "\""), found);
	return out;
}

static void test_two_missed_in_a_row_make_one_away(void **state)
{
	struct world *w = *state;
	char seen[16];
	arrive(w, "ada", 1);
	begin(w, "c1", LEVEL_LOW);
	begin(w, "c2", LEVEL_LOW);
	begin(w, "c3", LEVEL_LOW);
	miss(w, "c1", 1);
	assert_string_equal(presence(w, "ada", seen), "available");
	EXPECT(w, STORE_OK, store_offer, POOL, "c2", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_accept, CLAIM("c2", "ada", 1)); // not in a row any more
	EXPECT(w, STORE_OK, store_release, CLAIM("c2", "ada", 1), "test", &within);
	miss(w, "c2", 3);
	assert_string_equal(presence(w, "ada", seen), "available");
	miss(w, "c3", 1);
	assert_string_equal(presence(w, "ada", seen), "away");
	EXPECT(w, STORE_OK, store_forgive, POOL, "c1", "ada");
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_set_presence, POOL, "ada", "ada-1", "available");
	miss(w, "c1", 3); // who came back begins at none
	assert_string_equal(presence(w, "ada", seen), "available");
}

// A late accept before the sweeper came is as good as one in time.
static void test_accepts_until_somebody_ends_the_offer(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 1);
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	w->now += OFFER_MS + 1;
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 1));
	EXPECT(w, STORE_GONE, store_unoffer, CLAIM("c1", "ada", 1), "expired");
	assert_string_equal(field(w, "c", "c1", "state"), "3");
}

// ---- an imminent one is offered to several at once ----

#define ALSO(...)                                                                                  \
	(const char *const[]){__VA_ARGS__},                                                        \
	        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)

static void offer_to_three(struct world *w)
{
	arrive(w, "ada", 1);
	arrive(w, "ben", 1);
	arrive(w, "cyd", 1);
	arrive(w, "dee", 1);
	begin(w, "c1", LEVEL_IMMINENT);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_OK, store_offer_also, POOL, "c1", 1, ALSO("ben", "cyd", "ada", "eli"));
	assert_string_equal(w->part[1], "2"); // not the one who has the offer, nor who is not here
	EXPECT(w, STORE_OK, store_offer_also, POOL, "c1", 1, ALSO("ben"));
	assert_string_equal(w->part[1], "2");
}

static void test_the_first_of_several_has_it(void **state)
{
	struct world *w = *state;
	offer_to_three(w);
	EXPECT(w, STORE_GONE, store_accept_also, CLAIM("c1", "dee", 1), "ada");
	EXPECT(w, STORE_GONE, store_accept_also, CLAIM("c1", "ben", 2), "ada");
	EXPECT(w, STORE_OK, store_accept_also, CLAIM("c1", "ben", 1), "ada");
	assert_string_equal(field(w, "c", "c1", "holder"), "ben");
	assert_string_equal(field(w, "c", "c1", "epoch"), "3");
	EXPECT(w, STORE_OK, store_accept_also, CLAIM("c1", "ben", 1), "ben"); // the answer was lost
	EXPECT(w, STORE_GONE, store_accept_also, CLAIM("c1", "cyd", 1), "ada");
	EXPECT(w, STORE_GONE, store_accept, CLAIM("c1", "ada", 1));
	const char *ada = asked(w, "HGET {" POOL "}:staff ada");
	assert_non_null(strstr(ada, "\"misses\":0"));
	assert_non_null(strstr(ada, "\"load\":0"));
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ben", 3),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, "c1"));
}

static void test_whoever_has_the_offer_ends_it_for_all(void **state)
{
	struct world *w = *state;
	offer_to_three(w);
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 1));
	EXPECT(w, STORE_GONE, store_accept_also, CLAIM("c1", "ben", 1), "ada");
	assert_string_equal(field(w, "c", "c1", "also"), "");
	EXPECT(w, STORE_OK, store_release, CLAIM("c1", "ada", 1), "gone", &within);
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_GONE, store_accept_also, CLAIM("c1", "ben", 3), "ada");
	EXPECT(w, STORE_GONE, store_offer_also, POOL, "c1", 1, ALSO("ben"));
	EXPECT(w, STORE_OK, store_offer_also, POOL, "c1", 3, ALSO("ben"));
	w->now += OFFER_MS;
	EXPECT(w, STORE_OK, store_unoffer, CLAIM("c1", "ada", 3), "expired");
	EXPECT(w, STORE_GONE, store_accept_also, CLAIM("c1", "ben", 3), "ada");
	assert_non_null(strstr(asked(w, "HGET {" POOL "}:staff ben"), "\"misses\":0"));
}

static void test_one_of_several_says_no(void **state)
{
	struct world *w = *state;
	offer_to_three(w);
	EXPECT(w, STORE_OK, store_unoffer, CLAIM("c1", "ben", 1), "declined");
	EXPECT(w, STORE_GONE, store_unoffer, CLAIM("c1", "ben", 1), "declined");
	EXPECT(w, STORE_GONE, store_accept_also, CLAIM("c1", "ben", 1), "ada");
	assert_string_equal(field(w, "c", "c1", "state"), "2");
	EXPECT(w, STORE_OK, store_recuse, CLAIM("c1", "cyd", 1), LINE, "c1");
	EXPECT(w, STORE_OK, store_unoffer, CLAIM("c1", "cyd", 1), "declined");
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 1));
}

// Meanwhile they took somebody else: there is room, or there is none.
static void test_one_of_several_must_have_room(void **state)
{
	struct world *w = *state;
	offer_to_three(w);
	begin_held(w, "c2", "ben", LEVEL_LOW);
	EXPECT(w, STORE_FULL, store_accept_also, CLAIM("c1", "ben", 1), "ada");
	begin(w, "c3", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_offer, POOL, "c3", "dee", OFFER_MS);
	EXPECT(w, STORE_CONFLICT, store_offer_also, POOL, "c3", 1, ALSO("cyd"));
	EXPECT(w, STORE_GONE, store_accept_also, CLAIM("c3", "cyd", 1), "dee");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_supervisors_are_told_once),
	        TEST(test_offers_who_waits),
	        TEST(test_imminent_is_offered_too),
	        TEST(test_an_offer_needs_a_waiting_one_and_a_free_slot),
	        TEST(test_accepting_twice_is_once),
	        TEST(test_only_the_offered_one_accepts),
	        TEST(test_back_to_the_old_place),
	        TEST(test_what_is_held_elsewhere_counts),
	        TEST(test_who_knows_the_texter_is_not_asked),
	        TEST(test_who_declined_is_not_asked_again),
	        TEST(test_the_first_of_several_has_it),
	        TEST(test_whoever_has_the_offer_ends_it_for_all),
	        TEST(test_one_of_several_says_no),
	        TEST(test_one_of_several_must_have_room),
	        TEST(test_exclusion_is_by_whole_name),
	        TEST(test_an_offer_expires_no_sooner_than_told),
	        TEST(test_two_missed_in_a_row_make_one_away),
	        TEST(test_accepts_until_somebody_ends_the_offer),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
