// SPDX-License-Identifier: Apache-2.0
// What the scripts count for the forecast.
#include "scripts.h"

#define BUCKET_MS 300000

// The numbers of the bucket of now: 1 to 5 are the levels.
enum { BUCKET, TAKEN = 6, WAITED, CLOSED, HANDLED, SILENT, NUMBERS };

static int64_t counted(struct world *w, int which)
{
	char command[100];
	snprintf(command, sizeof command, "HGET {" POOL "}:rates %lld",
	        (long long)(w->now / BUCKET_MS % 288));
	char *rest = strdup(asked(w, command)), *at = rest;
	long long n[NUMBERS] = {0};
	int count = 0;
	for (; count < NUMBERS && *at; count++)
		n[count] = strtoll(at, &at, 10);
	assert_int_equal(count, NUMBERS);
	assert_int_equal(*at, 0);
	assert_int_equal(n[BUCKET], w->now / BUCKET_MS);
	free(rest);
	return n[which];
}

static void close_it(struct world *w, const char *id, const char *name, uint64_t epoch)
{
	EXPECT(w, STORE_OK, store_close, CLAIM(id, name, epoch),
	        CLOSING("talked", WRAP_UP_MS, 0, LINE, id));
}

static void test_a_conversation_is_counted(void **state)
{
	struct world *w = *state;
	w->now = T0 - T0 % BUCKET_MS;
	arrive(w, "ada", 1);
	begin(w, "c1", LEVEL_HIGH);
	assert_int_equal(counted(w, LEVEL_HIGH), 1);
	assert_int_equal(counted(w, LEVEL_LOW), 0);
	w->now += 10000;
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ada", OFFER_MS);
	w->now += 5000;
	for (int i = 0; i < 2; i++) // a lost reply repeats the call
		EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ada", 1));
	assert_int_equal(counted(w, TAKEN), 1);
	assert_int_equal(counted(w, WAITED), 15000);
	w->now += 60000;
	for (int i = 0; i < 2; i++)
		close_it(w, "c1", "ada", 1);
	assert_int_equal(counted(w, CLOSED), 1);
	assert_int_equal(counted(w, HANDLED), 60000);
	assert_int_equal(counted(w, SILENT), 1); // no text since the accept
	w->now += 30000;
	for (int i = 0; i < 2; i++)
		EXPECT(w, STORE_OK, store_finish, CLAIM("c1", "ada", 1), &exposure);
	assert_int_equal(counted(w, HANDLED), 90000);
	assert_int_equal(counted(w, CLOSED), 1);
}

static void test_more_texts_are_no_arrivals(void **state)
{
	struct world *w = *state;
	w->now = T0 - T0 % BUCKET_MS;
	begin(w, "c1", LEVEL_LOW);
	struct store_ingest more = text("c1", "m9", LEVEL_HIGH);
	more.texter = "c1";
	assert_int_equal(ingest(w, &more), STORE_OK);
	assert_int_equal(counted(w, LEVEL_LOW), 1);
	assert_int_equal(counted(w, LEVEL_HIGH), 0);
}

static void test_who_held_it_before_counts(void **state)
{
	struct world *w = *state;
	w->now = T0 - T0 % BUCKET_MS;
	arrive(w, "ada", 1);
	arrive(w, "ben", 1);
	begin_held(w, "c1", "ada", LEVEL_LOW);
	w->now += 20000;
	EXPECT(w, STORE_OK, store_release, CLAIM("c1", "ada", 1), "gone", &within);
	w->now += 1000;
	EXPECT(w, STORE_OK, store_offer, POOL, "c1", "ben", OFFER_MS);
	int64_t epoch = field_number(w, "c", "c1", "epoch");
	EXPECT(w, STORE_OK, store_accept, CLAIM("c1", "ben", (uint64_t)epoch));
	w->now += 7000;
	struct store_ingest more = text("c1", "m9", LEVEL_LOW);
	more.texter = "c1";
	assert_int_equal(ingest(w, &more), STORE_OK);
	w->now += 3000;
	close_it(w, "c1", "ben", (uint64_t)epoch);
	assert_int_equal(counted(w, HANDLED), 30000);
	assert_int_equal(counted(w, CLOSED), 1);
	assert_int_equal(counted(w, SILENT), 0);
}

static void test_the_ring_is_written_over(void **state)
{
	struct world *w = *state;
	w->now = T0 - T0 % BUCKET_MS;
	begin(w, "c1", LEVEL_LOW);
	w->now += 288LL * BUCKET_MS;
	begin(w, "c2", LEVEL_MEDIUM);
	assert_int_equal(counted(w, LEVEL_LOW), 0);
	assert_int_equal(counted(w, LEVEL_MEDIUM), 1);
	assert_int_equal(number(asked(w, "HLEN {" POOL "}:rates")), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_a_conversation_is_counted),
	        TEST(test_more_texts_are_no_arrivals),
	        TEST(test_who_held_it_before_counts),
	        TEST(test_the_ring_is_written_over),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
