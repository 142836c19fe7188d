// SPDX-License-Identifier: Apache-2.0
// A close that takes two people.
#include <time.h>

#include "scripts.h"

// From unknown upwards.
#define TWO   ENDING("c1", .least = LEVEL_UNKNOWN)
#define ALONE ENDING("c1", .least = LEVEL_UNKNOWN, .alone = true)

static void held(struct world *w, enum level level)
{
	arrive(w, "ada", 9);
	begin_held(w, "c1", "ada", level);
}

static const char *of(struct world *w, const char *name)
{
	return field(w, "c", "c1", name);
}

static void text_again(struct world *w)
{
	char message[32];
	snprintf(message, sizeof message, "more-%lld", (long long)++w->now);
	struct store_ingest in = text("c1", message, LEVEL_LOW);
	in.texter = "c1";
	assert_int_equal(ingest(w, &in), STORE_OK);
}

static void is_asked(struct world *w, bool is)
{
	assert_string_equal(of(w, "state"), "3");
	assert_string_equal(of(w, "attention"), is ? "close_asked" : "");
	assert_string_equal(of(w, "close_by"), is ? "ada" : "");
}

static void test_below_it_nobody_is_asked(void **state)
{
	struct world *w = *state;
	held(w, LEVEL_MEDIUM);
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1), TWO);
	assert_string_equal(of(w, "state"), "4");
}

static void test_a_supervisor_agrees(void **state)
{
	struct world *w = *state;
	held(w, LEVEL_UNKNOWN);
	EXPECT(w, STORE_CONFLICT, store_close_answer, CLAIM("c1", "sam", 1), TWO, true, "");
	EXPECT(w, STORE_APPROVAL, store_close, CLAIM("c1", "ada", 1), TWO);
	EXPECT(w, STORE_APPROVAL, store_close, CLAIM("c1", "ada", 1), TWO);
	is_asked(w, true);
	EXPECT(w, STORE_CONFLICT, store_close_answer, CLAIM("c1", "ada", 1), TWO, true, "");
	EXPECT(w, STORE_STALE, store_close_answer, CLAIM("c1", "sam", 0), TWO, true, "");
	EXPECT(w, STORE_NOT_FOUND, store_close_answer, CLAIM("c9", "sam", 1), TWO, true, "");
	is_asked(w, true);
	EXPECT(w, STORE_OK, store_close_answer, CLAIM("c1", "sam", 1), TWO, true, "");
	assert_string_equal(w->part[1], "ada");
	EXPECT(w, STORE_OK, store_close_answer, CLAIM("c1", "sam", 1), TWO, true, "");
	assert_string_equal(of(w, "state"), "4");
	assert_string_equal(of(w, "outcome"), "helped");
	assert_string_equal(of(w, "holder"), "ada");
	assert_string_equal(of(w, "attention"), "");
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1), TWO); // asked again: it is so
}

static void test_a_supervisor_refuses(void **state)
{
	struct world *w = *state;
	held(w, LEVEL_HIGH);
	EXPECT(w, STORE_APPROVAL, store_close, CLAIM("c1", "ada", 1), TWO);
	EXPECT(w, STORE_OK, store_close_answer, CLAIM("c1", "sam", 1), TWO, false, "not_yet");
	is_asked(w, false);
	EXPECT(w, STORE_CONFLICT, store_close_answer, CLAIM("c1", "sam", 1), TWO, true, "");
	EXPECT(w, STORE_APPROVAL, store_close, CLAIM("c1", "ada", 1), TWO);
	is_asked(w, true);
}

static void test_a_new_text_or_holder_cancels_it(void **state)
{
	struct world *w = *state;
	held(w, LEVEL_HIGH);
	EXPECT(w, STORE_APPROVAL, store_close, CLAIM("c1", "ada", 1), TWO);
	text_again(w);
	is_asked(w, false);
	EXPECT(w, STORE_CONFLICT, store_close_answer, CLAIM("c1", "sam", 1), TWO, true, "");
	EXPECT(w, STORE_APPROVAL, store_close, CLAIM("c1", "ada", 1), TWO);
	EXPECT(w, STORE_OK, store_release, CLAIM("c1", "ada", 1), "lost", &within);
	assert_string_equal(field(w, "c", "c1", "prefer"), "ada");
	assert_string_equal(of(w, "close_by"), "");
	assert_string_equal(of(w, "attention"), "");
}

static void test_who_is_alone_decides_alone(void **state)
{
	struct world *w = *state;
	held(w, LEVEL_IMMINENT);
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1), ALONE);
	asked(w, "LRANGE {" POOL "}:custody:c1 0 -1");
	bool said = false;
	for (size_t i = 0; i < w->parts; i++)
		said = said || strstr(w->part[i], "close_approved ada 1 alone");
	assert_true(said);
}

// Who has gone silent at risk takes two even where the pool asks for none.
static void test_silence_at_risk_takes_two(void **state)
{
	struct world *w = *state;
	held(w, LEVEL_HIGH);
	EXPECT(w, STORE_OK, store_send, CLAIM("c1", "ada", 1), REPLY("m1", "k1"));
	const struct store_silence look = {POOL, "c1", field_number(w, "c", "c1", "silence_at"),
	        "texter_supervisor", 1, T0, w->now + 60000};
	EXPECT(w, STORE_OK, store_silence, &look);
	EXPECT(w, STORE_APPROVAL, store_close, CLAIM("c1", "ada", 1),
	        CLOSING("helped", WRAP_UP_MS, 0, LINE, "c1"));
}

// Whatever people do in whatever order: at or above the level it is never closed without two of
// them.
static void test_never_without_a_second_person(void **state)
{
	struct world *w = *state;
	unsigned seed = 7 + (unsigned)time(NULL) % 1000, closed = 0;
	printf("seed %u\n", seed);
	srand(seed);
	static const char *const people[] = {"ada", "ada", "sam", "eve"};
	for (int night = 0; night < 40; night++) {
		world_empty(state);
		held(w, (enum level)(LEVEL_UNKNOWN + rand() % 3));
		bool agreed = false;
		for (int i = 0; i < 12 && strcmp(of(w, "state"), "3") == 0; i++) {
			const char *who = people[rand() % 4];
			bool approve = rand() % 2, by_ada = strcmp(who, "ada") == 0;
			switch (rand() % 4) {
			case 0:
				text_again(w);
				break;
			case 1:
				store_close(w->store, CLAIM("c1", who, 1), TWO, on_answer, w);
				assert_int_equal(
				        answered(w), by_ada ? STORE_APPROVAL : STORE_STALE);
				break;
			default:
				store_close_answer(w->store, CLAIM("c1", who, 1), TWO, approve, "",
				        on_answer, w);
				agreed = answered(w) == STORE_OK && approve && !by_ada;
				break;
			}
			check_invariants(w);
			if (strcmp(of(w, "state"), "3") != 0) {
				assert_true(agreed);
				closed++;
			}
		}
	}
	assert_true(closed > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_below_it_nobody_is_asked),
	        TEST(test_a_supervisor_agrees),
	        TEST(test_a_supervisor_refuses),
	        TEST(test_a_new_text_or_holder_cancels_it),
	        TEST(test_who_is_alone_decides_alone),
	        TEST(test_silence_at_risk_takes_two),
	        TEST(test_never_without_a_second_person),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
