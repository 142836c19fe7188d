// SPDX-License-Identifier: Apache-2.0
// What is left behind at the end: tags, summaries, notes, and what the texter says of it.
#include "scripts.h"

#define NOTE(id)  (&(struct store_note){id, bytes_str("sealed")})
#define WINDOW_MS 60000
#define LEAST     LEVEL_HIGH
#define WITH(words, summary)                                                                       \
	ENDING("c1", .least = LEAST, .survey = true, .tags = words, .note = summary)

static void held(struct world *w, enum level level)
{
	arrive(w, "ada", 2);
	begin_held(w, "c1", "ada", level);
}

static const char *of(struct world *w, const char *name)
{
	return field(w, "c", "c1", name);
}

static const char *note_of(struct world *w, const char *id)
{
	return asked(w, "HGET {" POOL "}:notes:c1 %s", id);
}

static const struct store_rating *rating(const char *message, unsigned number)
{
	static struct store_rating r;
	r = (struct store_rating){POOL, "c1", GATEWAY, message, LINE, "c1", number, WINDOW_MS};
	return &r;
}

static void test_a_close_keeps_tags_and_summary(void **state)
{
	struct world *w = *state;
	held(w, LEVEL_LOW);
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1), WITH("school,sleep", NOTE("n1")));
	assert_string_equal(of(w, "tags"), "school,sleep");
	assert_string_equal(note_of(w, "n1"), "1800000000000 summary ada sealed");
	assert_int_equal(score(w, "tend", "c1"), w->now);
	// Said again at the end of wrap-up, and when its limit was faster.
	EXPECT(w, STORE_OK, store_finish_with, CLAIM("c1", "ada", 1), &exposure, NULL, NOTE("n2"));
	assert_string_equal(of(w, "tags"), "school,sleep");
	EXPECT(w, STORE_OK, store_finish_with, CLAIM("c1", "ada", 1), &exposure, "exams",
	        NOTE("n3"));
	assert_string_equal(of(w, "tags"), "exams");
	assert_string_equal(asked(w, "HLEN {" POOL "}:notes:c1"), "3");
	EXPECT(w, STORE_STALE, store_finish_with, CLAIM("c1", "ben", 1), &exposure, "x",
	        NOTE("n4"));
	EXPECT(w, STORE_STALE, store_finish_with, CLAIM("c1", "ada", 2), &exposure, "x",
	        NOTE("n4"));
	assert_string_equal(note_of(w, "n4"), "nil");
}

static void test_a_close_that_takes_two_keeps_them(void **state)
{
	struct world *w = *state;
	held(w, LEAST);
	EXPECT(w, STORE_APPROVAL, store_close, CLAIM("c1", "ada", 1), WITH("school", NOTE("n1")));
	assert_string_equal(of(w, "tags"), "nil");
	EXPECT(w, STORE_OK, store_close_answer, CLAIM("c1", "sam", 1), WITH(NULL, NULL), true, "");
	assert_string_equal(of(w, "tags"), "school");
	assert_string_equal(of(w, "close_tags"), "");
	assert_string_equal(note_of(w, "n1"), "1800000000000 summary ada sealed");
	assert_int_equal(score(w, "tend", "c1"), w->now);
}

static void fill_notes(struct world *w)
{
	char id[16];
	for (int i = 0; i < 200; i++) {
		snprintf(id, sizeof id, "f%d", i);
		asked(w, "HSET {" POOL "}:notes:c1 %s x", id);
	}
}

static void test_a_refused_summary_closes_nothing(void **state)
{
	struct world *w = *state;
	held(w, LEVEL_LOW);
	fill_notes(w);
	EXPECT(w, STORE_FULL, store_close, CLAIM("c1", "ada", 1), WITH("school", NOTE("n1")));
	assert_string_equal(of(w, "state"), "3");
	assert_string_equal(of(w, "tags"), "nil");
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1), WITH("school", NULL));
	EXPECT(w, STORE_FULL, store_finish_with, CLAIM("c1", "ada", 1), &exposure, "x", NOTE("n1"));
	assert_string_equal(of(w, "state"), "4");
	assert_string_equal(of(w, "tags"), "school");
}

static void test_notes_until_a_while_after_it_is_over(void **state)
{
	struct world *w = *state;
	held(w, LEVEL_LOW);
	EXPECT(w, STORE_OK, store_note, CLAIM("c1", "dee", 0), "note", NOTE("n1"));
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1), WITH(NULL, NULL));
	EXPECT(w, STORE_OK, store_note, CLAIM("c1", "ada", 0), "summary", NOTE("n2"));
	EXPECT(w, STORE_CONFLICT, store_note, CLAIM("c1", "dee", 0), "whisper", NOTE("n3"));
	EXPECT(w, STORE_OK, store_finish, CLAIM("c1", "ada", 1), &exposure);
	// Who had them may think of something for an hour.
	EXPECT(w, STORE_CONFLICT, store_note, CLAIM("c1", "dee", 0), "note", NOTE("n3"));
	EXPECT(w, STORE_CONFLICT, store_note, CLAIM("c1", "ada", 0), "whisper", NOTE("n3"));
	w->now += 3599999;
	EXPECT(w, STORE_OK, store_note, CLAIM("c1", "ada", 0), "note", NOTE("n4"));
	w->now += 1;
	EXPECT(w, STORE_CONFLICT, store_note, CLAIM("c1", "ada", 0), "note", NOTE("n3"));
	assert_string_equal(note_of(w, "n1"), "1800000000000 note dee sealed");
	assert_string_equal(note_of(w, "n2"), "1800000000000 summary ada sealed");
	assert_string_equal(note_of(w, "n3"), "nil");
}

static void test_a_rating(void **state)
{
	struct world *w = *state;
	held(w, LEVEL_LOW);
	EXPECT(w, STORE_NOT_FOUND, store_rate, rating("r1", 4)); // it is not over
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1), WITH(NULL, NULL));
	EXPECT(w, STORE_NOT_FOUND, store_rate, rating("r1", 4)); // nobody has asked
	asked(w, "HSET {" POOL "}:c:c1 surveyed_at %lld", (long long)w->now);
	w->now += WINDOW_MS;
	EXPECT(w, STORE_OK, store_rate, rating("r1", 4));
	EXPECT(w, STORE_DUPLICATE, store_rate, rating("r1", 4));
	assert_string_equal(of(w, "rating"), "4");
	assert_string_equal(of(w, "state"), "4");
	EXPECT(w, STORE_NOT_FOUND, store_rate, rating("r2", 1)); // said already
	assert_string_equal(of(w, "rating"), "4");
}

static void test_no_rating(void **state)
{
	struct world *w = *state;
	held(w, LEVEL_LOW);
	EXPECT(w, STORE_OK, store_close, CLAIM("c1", "ada", 1), WITH(NULL, NULL));
	asked(w, "HSET {" POOL "}:c:c1 surveyed_at %lld", (long long)w->now);
	asked(w, "HSET {" POOL "}:texter:" LINE ":c1 conversation c2");
	EXPECT(w, STORE_NOT_FOUND, store_rate, rating("r1", 4)); // they are writing to somebody
	asked(w, "DEL {" POOL "}:texter:" LINE ":c1");
	w->now += WINDOW_MS + 1;
	EXPECT(w, STORE_NOT_FOUND, store_rate, rating("r1", 4));
	assert_string_equal(of(w, "rating"), "nil");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_a_close_keeps_tags_and_summary),
	        TEST(test_a_close_that_takes_two_keeps_them),
	        TEST(test_a_refused_summary_closes_nothing),
	        TEST(test_notes_until_a_while_after_it_is_over),
	        TEST(test_a_rating),
	        TEST(test_no_rating),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
