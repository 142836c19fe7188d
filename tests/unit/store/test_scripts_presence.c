// SPDX-License-Identifier: Apache-2.0
// sign_in, set_presence, gone and forget; staff_put and staff_remove: who is there, and who is
// known.
#include "scripts.h"

static void test_signs_in_away(void **state)
{
	struct world *w = *state;
	EXPECT(w, STORE_OK, store_sign_in, POOL, "ada", "node", "s1", 2);
	assert_string_equal(w->part[1], "away");
	EXPECT(w, STORE_OK, store_set_presence, POOL, "ada", "s1", "available");
	EXPECT(w, STORE_OK, store_set_presence, POOL, "ada", "s1", "available");
	EXPECT(w, STORE_OK, store_signed_in, POOL);
	assert_string_equal(w->part[0], "ada");
	assert_non_null(strstr(w->part[1], "\"presence\":\"available\""));
	assert_non_null(strstr(w->part[1], "\"capacity\":2"));
	assert_non_null(strstr(w->part[1], "\"idle_since\":1800000000000"));
}

static void test_a_later_session_takes_over(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_sign_in, POOL, "ada", "other-node", "s2", 3);
	assert_string_equal(w->part[1], "available");
	EXPECT(w, STORE_STALE, store_set_presence, POOL, "ada", "ada-1", "away");
	EXPECT(w, STORE_STALE, store_gone, POOL, "ada", "ada-1", GRACE_MS);
	EXPECT(w, STORE_STALE, store_set_presence, POOL, "ben", "ada-1", "away");
	EXPECT(w, STORE_OK, store_holds, POOL, "ada");
	assert_string_equal(w->part[0], "c1");
	EXPECT(w, STORE_OK, store_set_presence, POOL, "ada", "s2", "away");
}

static void test_back_within_the_grace(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_gone, POOL, "ada", "ada-1", GRACE_MS);
	assert_int_equal(score(w, "due", "gone:ada"), T0 + GRACE_MS);
	w->now += 1000;
	EXPECT(w, STORE_STALE, store_gone, POOL, "ada", "ada-1", GRACE_MS);
	assert_int_equal(score(w, "due", "gone:ada"), T0 + GRACE_MS);
	EXPECT(w, STORE_OK, store_sign_in, POOL, "ada", "node", "s2", 2);
	assert_string_equal(w->part[1], "available");
	assert_null(strstr(asked(w, "HGET {" POOL "}:staff ada"), "gone_at"));
	assert_null(strstr(asked(w, "HGET {" POOL "}:staff ada"), "before"));
	assert_int_equal(size_of_set(w, "due"), 1); // its silence
	EXPECT(w, STORE_CONFLICT, store_forget, POOL, "ada");
	assert_string_equal(field(w, "c", "c1", "holder"), "ada");
}

// Given up too soon, the same session speaks again.
static void test_back_without_a_new_session(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	EXPECT(w, STORE_OK, store_gone, POOL, "ada", "ada-1", GRACE_MS);
	EXPECT(w, STORE_OK, store_set_presence, POOL, "ada", "ada-1", "available");
	w->now += GRACE_MS;
	EXPECT(w, STORE_CONFLICT, store_forget, POOL, "ada");
	assert_int_equal(size_of_set(w, "due"), 0);
	EXPECT(w, STORE_OK, store_signed_in, POOL);
	assert_int_equal(w->parts, 2);
}

static void test_who_was_away_comes_back_away(void **state)
{
	struct world *w = *state;
	EXPECT(w, STORE_OK, store_sign_in, POOL, "ada", "node", "s1", 2);
	EXPECT(w, STORE_OK, store_gone, POOL, "ada", "s1", GRACE_MS);
	EXPECT(w, STORE_OK, store_sign_in, POOL, "ada", "node", "s2", 2);
	assert_string_equal(w->part[1], "away");
}

static void test_forgotten_after_the_grace(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	EXPECT(w, STORE_CONFLICT, store_forget, POOL, "ada");
	EXPECT(w, STORE_OK, store_gone, POOL, "ada", "ada-1", GRACE_MS);
	w->now += GRACE_MS;
	EXPECT(w, STORE_OK, store_forget, POOL, "ada");
	EXPECT(w, STORE_OK, store_signed_in, POOL);
	assert_int_equal(w->parts, 0);
	assert_int_equal(size_of_set(w, "due"), 0);
	EXPECT(w, STORE_OK, store_forget, POOL, "ada");
	EXPECT(w, STORE_STALE, store_gone, POOL, "ada", "ada-1", GRACE_MS);
}

// Back and gone again while the first absence was being dealt with: the second has its own grace.
static void test_a_second_absence_keeps_its_timer(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	EXPECT(w, STORE_OK, store_gone, POOL, "ada", "ada-1", GRACE_MS);
	EXPECT(w, STORE_CONFLICT, store_forget, POOL, "ada");
	assert_int_equal(score(w, "due", "gone:ada"), w->now + GRACE_MS);
}

// Their people are released one by one first; only then is nobody left to forget.
static void test_a_holder_is_not_forgotten(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_gone, POOL, "ada", "ada-1", GRACE_MS);
	w->now += GRACE_MS;
	EXPECT(w, STORE_CONFLICT, store_forget, POOL, "ada");
	assert_int_equal(score(w, "due", "gone:ada"), T0 + GRACE_MS);
	EXPECT(w, STORE_OK, store_release, CLAIM("c1", "ada", 1), "gone", &within);
	EXPECT(w, STORE_OK, store_forget, POOL, "ada");
}

// The load is counted from the people held, not remembered.
static void test_a_forgotten_counselors_load_is_right_again(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	asked(w, "HDEL {" POOL "}:staff ada");
	EXPECT(w, STORE_OK, store_sign_in, POOL, "ada", "node", "s2", 1);
	begin(w, "c2", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_set_presence, POOL, "ada", "s2", "available");
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c2", "ada", OFFER_MS);
	asked(w, "HDEL {" POOL "}:staff ada");
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, "c1"));
	EXPECT(w, STORE_OK, store_finish, CLAIM("c1", "ada", 1), &exposure);
	assert_string_equal(asked(w, "EXISTS {" POOL "}:hold:ada"), "0");
}

static void test_a_break_ends_by_itself(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	begin(w, "c1", LEVEL_LOW);
	EXPECT(w, STORE_STALE, store_take_break, POOL, "ada", "other", w->now + 60000);
	EXPECT(w, STORE_OK, store_take_break, POOL, "ada", "ada-1", w->now + 60000);
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_EARLY, store_end_break, POOL, "ada");
	assert_int_equal(score(w, "due", "break:ada"), w->now + 60000);
	w->now += 60000;
	EXPECT(w, STORE_OK, store_end_break, POOL, "ada");
	EXPECT(w, STORE_GONE, store_end_break, POOL, "ada");
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
}

// Who loses the line on a break is still on it when back, or available when it is over by then.
static void test_a_break_outlives_a_lost_console(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	EXPECT(w, STORE_OK, store_take_break, POOL, "ada", "ada-1", w->now + 60000);
	EXPECT(w, STORE_OK, store_gone, POOL, "ada", "ada-1", GRACE_MS);
	EXPECT(w, STORE_OK, store_sign_in, POOL, "ada", "node", "s2", 2);
	assert_string_equal(w->part[1], "break");
	EXPECT(w, STORE_OK, store_gone, POOL, "ada", "s2", GRACE_MS);
	w->now += 60000;
	EXPECT(w, STORE_OK, store_end_break, POOL, "ada");
	EXPECT(w, STORE_OK, store_sign_in, POOL, "ada", "node", "s3", 2);
	assert_string_equal(w->part[1], "available");
}

static void test_a_break_is_over_when_they_say_so(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	EXPECT(w, STORE_OK, store_take_break, POOL, "ada", "ada-1", w->now + 60000);
	EXPECT(w, STORE_OK, store_set_presence, POOL, "ada", "ada-1", "away");
	w->now += 60000;
	EXPECT(w, STORE_GONE, store_end_break, POOL, "ada");
	EXPECT(w, STORE_OK, store_sign_in, POOL, "ada", "node", "s2", 2);
	assert_string_equal(w->part[1], "away");
	EXPECT(w, STORE_STALE, store_set_shift, POOL, "ada", "ada-1", w->now);
	EXPECT(w, STORE_OK, store_set_shift, POOL, "ada", "s2", w->now);
}

// For a while there is less; never nothing.
static void test_less_after_an_imminent_one(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	begin_held(w, "c1", "ada", LEVEL_IMMINENT);
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("done", 1000, 0, LINE, "c1"));
	EXPECT(w, STORE_OK, store_finish, CLAIM("c1", "ada", 1), &exposure);
	begin(w, "c2", LEVEL_LOW);
	begin(w, "c3", LEVEL_LOW);
	EXPECT(w, STORE_OK, store_offer, POOL, "c2", "ada", OFFER_MS);
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c3", "ada", OFFER_MS);
	w->now += exposure.ms;
	EXPECT(w, STORE_OK, store_offer, POOL, "c3", "ada", OFFER_MS);
}

static void test_heartbeats_count(void **state)
{
	struct world *w = *state;
	const char *dead[] = {"node/1"};
	EXPECT(w, STORE_OK, store_beat, "node/1", 70, NULL, 0);
	EXPECT(w, STORE_OK, store_beat, "node/1", 80, NULL, 0);
	assert_string_equal(asked(w, "HGET {nodes}:beats node/1"), "2");
	assert_string_equal(asked(w, "HGET {nodes}:clocks node/1"), "80");
	EXPECT(w, STORE_OK, store_beat, "node/2", 90, dead, 1);
	assert_string_equal(asked(w, "HGET {nodes}:beats node/1"), "nil");
	assert_string_equal(asked(w, "HGET {nodes}:clocks node/1"), "nil");
	assert_string_equal(asked(w, "HGET {nodes}:beats node/2"), "1");
}

static const char *owner(struct world *w, const char *phone)
{
	return asked(w, "HGET {staff}:phones %s", phone);
}

static void test_a_phone_is_one_persons(void **state)
{
	struct world *w = *state;
	EXPECT(w, STORE_OK, store_staff_put, "bo", "{\"phone_hash\":\"f1\"}", "f1");
	EXPECT(w, STORE_OK, store_staff_put, "bo", "{\"phone_hash\":\"f1\"}", "f1");
	EXPECT(w, STORE_CONFLICT, store_staff_put, "kim", "{\"phone_hash\":\"f1\"}", "f1");
	assert_string_equal(w->part[1], "bo");
	EXPECT_BARE(w, STORE_OK, store_staff_records);
	assert_int_equal(w->parts, 2);
	EXPECT(w, STORE_OK, store_staff_put, "bo", "{\"phone_hash\":\"f2\"}", "f2");
	assert_string_equal(owner(w, "f1"), "nil");
	assert_string_equal(owner(w, "f2"), "bo");
	EXPECT(w, STORE_OK, store_staff_put, "kim", "{\"phone_hash\":\"f1\"}", "f1");
	EXPECT(w, STORE_OK, store_staff_put, "bo", "{}", "");
	assert_string_equal(owner(w, "f2"), "nil");
	EXPECT(w, STORE_OK, store_staff_put, "bo", "{\"phone_hash\":\"\"}", "");
	assert_string_equal(owner(w, "f1"), "kim");
}

static void test_a_removed_ones_phone_is_free(void **state)
{
	struct world *w = *state;
	EXPECT(w, STORE_NOT_FOUND, store_staff_remove, "bo");
	EXPECT(w, STORE_OK, store_staff_put, "bo", "{\"phone_hash\":\"f1\"}", "f1");
	EXPECT(w, STORE_OK, store_staff_put, "lee", "{}", "");
	EXPECT(w, STORE_OK, store_staff_remove, "bo");
	EXPECT(w, STORE_NOT_FOUND, store_staff_remove, "bo");
	assert_string_equal(owner(w, "f1"), "nil");
	EXPECT(w, STORE_OK, store_staff_put, "kim", "{\"phone_hash\":\"f1\"}", "f1");
	EXPECT(w, STORE_OK, store_staff_remove, "lee");
	assert_string_equal(owner(w, "f1"), "kim");
}

// Long gone and back, they are still to get less.
static void test_what_they_have_seen_outlives_a_sign_off(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	begin_held(w, "c1", "ada", LEVEL_IMMINENT);
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("done", 1000, 0, LINE, "c1"));
	EXPECT(w, STORE_OK, store_finish, CLAIM("c1", "ada", 1), &exposure);
	EXPECT(w, STORE_OK, store_gone, POOL, "ada", "ada-1", GRACE_MS);
	w->now += GRACE_MS;
	EXPECT(w, STORE_OK, store_forget, POOL, "ada");
	EXPECT(w, STORE_OK, store_forget, POOL, "ada");
	w->now += GRACE_MS;
	EXPECT(w, STORE_OK, store_sign_in, POOL, "ada", "node", "s2", 2);
	assert_string_equal(asked(w, "EXISTS {" POOL "}:exposed"), "0");
	EXPECT(w, STORE_OK, store_set_presence, POOL, "ada", "s2", "available");
	begin_held(w, "c2", "ada", LEVEL_LOW);
	begin(w, "c3", LEVEL_LOW);
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c3", "ada", OFFER_MS);
	w->now += exposure.ms;
	EXPECT(w, STORE_OK, store_offer, POOL, "c3", "ada", OFFER_MS);
	// Over by the time of their return, it is forgotten.
	asked(w, "HSET {" POOL "}:exposed ben 1");
	EXPECT(w, STORE_OK, store_sign_in, POOL, "ben", "node", "s1", 2);
	assert_null(strstr(asked(w, "HGET {" POOL "}:staff ben"), "exposed"));
}

static void test_guests_are_known_as_such(void **state)
{
	struct world *w = *state;
	EXPECT(w, STORE_OK, store_sign_in_guest, POOL, "ada", "node", "s1", 2);
	assert_non_null(strstr(asked(w, "HGET {" POOL "}:staff ada"), "\"guest\":true"));
	EXPECT(w, STORE_OK, store_sign_in, POOL, "ada", "node", "s2", 2);
	assert_null(strstr(asked(w, "HGET {" POOL "}:staff ada"), "guest"));
}

static void test_help_is_opened_once(void **state)
{
	struct world *w = *state;
	EXPECT(w, STORE_OK, store_set_overflow, POOL, "oldest");
	assert_string_equal(asked(w, "HGET {" POOL "}:overflow at"), "1800000000000");
	w->now += 1000;
	EXPECT(w, STORE_ALREADY, store_set_overflow, POOL, "oldest");
	EXPECT(w, STORE_OK, store_set_overflow, POOL, "offline"); // for another reason, since then
	assert_string_equal(asked(w, "HGET {" POOL "}:overflow at"), "1800000000000");
	EXPECT(w, STORE_OK, store_set_overflow, POOL, "");
	EXPECT(w, STORE_ALREADY, store_set_overflow, POOL, "");
	assert_string_equal(asked(w, "HGET {" POOL "}:overflow at"), "1800000001000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_signs_in_away),
	        TEST(test_a_later_session_takes_over),
	        TEST(test_back_within_the_grace),
	        TEST(test_back_without_a_new_session),
	        TEST(test_who_was_away_comes_back_away),
	        TEST(test_forgotten_after_the_grace),
	        TEST(test_a_second_absence_keeps_its_timer),
	        TEST(test_a_holder_is_not_forgotten),
	        TEST(test_a_forgotten_counselors_load_is_right_again),
	        TEST(test_a_break_ends_by_itself),
	        TEST(test_a_break_outlives_a_lost_console),
	        TEST(test_a_break_is_over_when_they_say_so),
	        TEST(test_less_after_an_imminent_one),
	        TEST(test_what_they_have_seen_outlives_a_sign_off),
	        TEST(test_heartbeats_count),
	        TEST(test_a_phone_is_one_persons),
	        TEST(test_a_removed_ones_phone_is_free),
	        TEST(test_guests_are_known_as_such),
	        TEST(test_help_is_opened_once),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
