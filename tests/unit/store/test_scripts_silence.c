// SPDX-License-Identifier: Apache-2.0
// What is known of a silence: who waits for whom, and since when. Looks, and what they come to.
#include "scripts.h"

#define LOOK_MS 1000

static void held(struct world *w)
{
	arrive(w, "ada", 2);
	begin_held(w, "c1", "ada", LEVEL_HIGH);
}

// Another text of its texter.
static void more(struct world *w, const char *id, enum level level)
{
	char message[32];
	snprintf(message, sizeof message, "more-%lld", (long long)w->now);
	struct store_ingest in = text(id, message, level);
	in.texter = id;
	assert_int_equal(ingest(w, &in), STORE_OK);
}

static int64_t unanswered(struct world *w)
{
	return field_number(w, "c", "c1", "unanswered_at");
}

static int64_t timer(struct world *w)
{
	return score(w, "due", "silence:c1");
}

static const struct store_silence *looked(
        struct world *w, const char *act, unsigned told, int64_t next_at_ms)
{
	static struct store_silence look;
	look = (struct store_silence){
	        POOL, "c1", field_number(w, "c", "c1", "silence_at"), act, told, T0, next_at_ms};
	return &look;
}

static void test_who_accepts_owes_a_reply(void **state)
{
	struct world *w = *state;
	held(w);
	assert_int_equal(unanswered(w), w->now);
	assert_int_equal(timer(w), w->now + LOOK_MS);
	w->now += 5000;
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY("m1", "k1"));
	assert_int_equal(unanswered(w), 0);
	assert_int_equal(field_number(w, "c", "c1", "last_out_at"), w->now);
	assert_int_equal(timer(w), w->now + LOOK_MS);
}

// Who writes again and again does not push the counselor's time away.
static void test_the_first_text_without_a_reply_counts(void **state)
{
	struct world *w = *state;
	held(w);
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY("m1", "k1"));
	w->now += 5000;
	int64_t first = w->now;
	more(w, "c1", LEVEL_HIGH);
	EXPECT(w, STORE_OK, store_silence, looked(w, "nudge", 1, w->now + 60000));
	w->now += 5000;
	more(w, "c1", LEVEL_HIGH);
	assert_int_equal(unanswered(w), first);
	assert_int_equal(timer(w), first + 60000);
	assert_int_equal(field_number(w, "c", "c1", "silence_step"), 1);
	assert_int_equal(field_number(w, "c", "c1", "last_in_at"), w->now);
}

static void test_a_look_that_was_overtaken_changes_nothing(void **state)
{
	struct world *w = *state;
	held(w);
	w->now += LOOK_MS;
	struct store_silence old = *looked(w, "supervisor", 2, w->now + 60000);
	w->now += 1;
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY("m1", "k1"));
	EXPECT(w, STORE_STALE, store_silence, &old);
	assert_string_equal(field(w, "c", "c1", "attention"), "nil");
	EXPECT(w, STORE_STALE, store_release_silent, CLAIM("c1", "ada", 1), old.silence_at_ms,
	        &within);
	assert_string_equal(field(w, "c", "c1", "state"), "3");
}

static void test_supervisors_know_until_there_is_a_reply(void **state)
{
	struct world *w = *state;
	held(w);
	EXPECT(w, STORE_OK, store_silence, looked(w, "supervisor", 2, w->now + 60000));
	assert_string_equal(field(w, "c", "c1", "attention"), "counselor_silent");
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY("m1", "k1"));
	assert_string_equal(field(w, "c", "c1", "attention"), "");
	EXPECT(w, STORE_OK, store_silence, looked(w, "texter_supervisor", 1, w->now + 60000));
	assert_string_equal(field(w, "c", "c1", "attention"), "texter_silent");
	more(w, "c1", LEVEL_HIGH);
	assert_string_equal(field(w, "c", "c1", "attention"), "");
}

static void test_the_silent_one_is_not_asked_again(void **state)
{
	struct world *w = *state;
	held(w);
	int64_t seen = field_number(w, "c", "c1", "silence_at");
	w->now += 300000;
	EXPECT(w, STORE_OK, store_release_silent, CLAIM("c1", "ada", 1), seen, &within);
	assert_string_equal(field(w, "c", "c1", "excluded"), "ada");
	assert_int_equal(timer(w), NONE);
	assert_int_equal(field_number(w, "c", "c1", "enqueued"), T0);
	EXPECT(w, STORE_CONFLICT, store_offer, POOL, "c1", "ada", OFFER_MS);
	EXPECT(w, STORE_STALE, store_send, CLAIM("c1", "ada", 1), REPLY("m1", "k1"));
}

static void test_what_comes_back_a_third_time_is_for_a_supervisor(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	begin(w, "c1", LEVEL_HIGH);
	for (uint64_t epoch = 1; epoch <= 5; epoch += 2) {
		assert_string_equal(field(w, "c", "c1", "attention"), "nil");
		EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
		EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", epoch));
		EXPECT(w, STORE_OK, store_release, CLAIM("c1", "ada", epoch), "lost", &within);
	}
	assert_int_equal(field_number(w, "c", "c1", "requeues"), 3);
	assert_string_equal(field(w, "c", "c1", "attention"), "requeued");
}

static void test_a_closed_one_is_not_looked_after(void **state)
{
	struct world *w = *state;
	arrive(w, "ada", 2);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	const struct store_silence late = *looked(w, "texter", 1, w->now + 60000);
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, "c1"));
	assert_int_equal(timer(w), NONE);
	EXPECT(w, STORE_GONE, store_silence, &late);
	assert_int_equal(timer(w), NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_who_accepts_owes_a_reply),
	        TEST(test_the_first_text_without_a_reply_counts),
	        TEST(test_a_look_that_was_overtaken_changes_nothing),
	        TEST(test_supervisors_know_until_there_is_a_reply),
	        TEST(test_the_silent_one_is_not_asked_again),
	        TEST(test_what_comes_back_a_third_time_is_for_a_supervisor),
	        TEST(test_a_closed_one_is_not_looked_after),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
