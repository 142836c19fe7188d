// SPDX-License-Identifier: Apache-2.0
// quarantine_put and quarantine_end: once for each request, bounded, and gone when a human says so.
#include "scripts.h"

#define DAY_MS    (INT64_C(24) * 3600 * 1000)
#define ENTRY     "kannel.1"
#define ENTRY_KEY "{quarantine}:e:" ENTRY
#define PAST_MOST 200

static struct store_quarantine request(const char *id, const char *fingerprint)
{
	return (struct store_quarantine){.id = id,
	        .gateway = "kannel",
	        .reason = "id is missing",
	        .fingerprint = fingerprint,
	        .sealed = bytes_str("sealed"),
	        .size = 42,
	        .at_ms = T0 - 7};
}

static void put(struct world *w, const char *id, const char *fingerprint, enum store_code wanted)
{
	struct store_quarantine in = request(id, fingerprint);
	EXPECT(w, wanted, store_quarantine_put, &in);
}

static int64_t waiting(struct world *w)
{
	return number(asked(w, "ZCARD {quarantine}:entries"));
}

static const char *entry(struct world *w, const char *name)
{
	return asked(w, "HGET " ENTRY_KEY " %s", name);
}

static void test_kept_once(void **state)
{
	struct world *w = *state;
	put(w, ENTRY, "f1", STORE_OK);
	put(w, "kannel.2", "f1", STORE_DUPLICATE);
	assert_string_equal(w->part[1], ENTRY);
	put(w, "kannel.3", "f2", STORE_OK);
	assert_int_equal(waiting(w), 2);
	assert_int_equal(number(asked(w, "ZSCORE {quarantine}:entries " ENTRY)), T0 - 7);
	assert_int_equal(number(asked(w, "EXISTS {quarantine}:e:kannel.2")), 0);
	assert_string_equal(entry(w, "gateway"), "kannel");
	assert_string_equal(entry(w, "request"), "sealed");
	assert_string_equal(entry(w, "size"), "42");
	// What waits does not expire; the trace that knows repeats does, after every provider has
	// given up.
	assert_int_equal(number(asked(w, "PTTL " ENTRY_KEY)), -1);
	int64_t left = number(asked(w, "PTTL {quarantine}:seen:f1"));
	assert_true(left > 7 * DAY_MS && left <= 8 * DAY_MS);
}

static void test_reads(void **state)
{
	struct world *w = *state;
	put(w, ENTRY, "f1", STORE_OK);
	put(w, "kannel.2", "f2", STORE_OK);
	EXPECT_BARE(w, STORE_OK, store_quarantine_count);
	assert_string_equal(w->part[0], "2");
	EXPECT(w, STORE_OK, store_quarantine_ids, 1);
	assert_int_equal(w->parts, 2);
	assert_string_equal(w->part[0], ENTRY);
	assert_int_equal(number(w->part[1]), T0 - 7);
	EXPECT(w, STORE_OK, store_quarantine_facts, ENTRY);
	assert_int_equal(number(w->part[0]), T0 - 7);
	assert_string_equal(w->part[1], "id is missing");
	assert_string_equal(w->part[2], "42");
	assert_string_equal(w->part[3], "");
	EXPECT(w, STORE_OK, store_quarantine_get, ENTRY);
	assert_string_equal(part_named(w, 0, "request"), "sealed");
	EXPECT(w, STORE_OK, store_quarantine_get, "kannel.9");
	assert_int_equal(w->parts, 0);
}

static void test_released(void **state)
{
	struct world *w = *state;
	EXPECT(w, STORE_NOT_FOUND, store_quarantine_end, ENTRY, "released", "ana", "");
	assert_int_equal(number(asked(w, "EXISTS " ENTRY_KEY)), 0);
	put(w, ENTRY, "f1", STORE_OK);
	w->now = T0 + 5;
	EXPECT(w, STORE_OK, store_quarantine_end, ENTRY, "released", "ana", "");
	EXPECT(w, STORE_OK, store_quarantine_end, ENTRY, "released", "ana", "");
	EXPECT(w, STORE_ALREADY, store_quarantine_end, ENTRY, "released", "ben", "");
	assert_string_equal(w->part[1], "released");
	assert_string_equal(w->part[2], "ana");
	EXPECT(w, STORE_ALREADY, store_quarantine_end, ENTRY, "discarded", "ana", "spam");
	assert_int_equal(waiting(w), 0);
	assert_string_equal(entry(w, "request"), "nil");
	assert_string_equal(entry(w, "by"), "ana");
	assert_int_equal(number(asked(w, "ZSCORE {quarantine}:past " ENTRY)), T0 + 5);
	int64_t left = number(asked(w, "PTTL " ENTRY_KEY));
	assert_true(left > 29 * DAY_MS && left <= 30 * DAY_MS);
	// A provider that repeats it now does not bring it back.
	put(w, "kannel.2", "f1", STORE_DUPLICATE);
	assert_int_equal(waiting(w), 0);
}

static void test_discarded_by_mistake(void **state)
{
	struct world *w = *state;
	put(w, ENTRY, "f1", STORE_OK);
	EXPECT(w, STORE_OK, store_quarantine_end, ENTRY, "discarded", "ana", "spam");
	EXPECT(w, STORE_ALREADY, store_quarantine_end, ENTRY, "discarded", "ben", "spam");
	assert_int_equal(waiting(w), 0);
	assert_string_equal(entry(w, "request"), "sealed");
	assert_string_equal(entry(w, "note"), "spam");
	int64_t left = number(asked(w, "PTTL " ENTRY_KEY));
	assert_true(left > 29 * DAY_MS && left <= 30 * DAY_MS);
	EXPECT(w, STORE_OK, store_quarantine_end, ENTRY, "released", "ben", "");
	assert_string_equal(entry(w, "request"), "nil");
	assert_string_equal(entry(w, "outcome"), "released");
}

static void test_full(void **state)
{
	struct world *w = *state;
	char script[] = "for i = 1, ARGV[1] do redis.call('ZADD', KEYS[1], i, 'x' .. i) end";
	char *argv[] = {"EVAL", script, "1", "{quarantine}:entries", "9999"};
	struct bytes parts[5];
	for (int i = 0; i < 5; i++)
		parts[i] = bytes_str(argv[i]);
	redis_command(w->link.redis, 5, parts, 5000, on_asked, w);
	answered(w);
	assert_int_equal(STORE_QUARANTINE_MOST, 10000);
	put(w, ENTRY, "f1", STORE_OK);
	put(w, "kannel.2", "f2", STORE_FULL);
	put(w, "kannel.3", "f1", STORE_DUPLICATE);
	assert_int_equal(
	        number(asked(w, "EXISTS {quarantine}:e:kannel.2 {quarantine}:seen:f2")), 0);
	assert_int_equal(waiting(w), 10000);
	EXPECT(w, STORE_OK, store_quarantine_end, ENTRY, "discarded", "ana", "spam");
	put(w, "kannel.2", "f2", STORE_OK);
}

static void test_the_past_is_bounded(void **state)
{
	struct world *w = *state;
	for (int i = 0; i < PAST_MOST + 3; i++) {
		char id[24];
		snprintf(id, sizeof id, "kannel.%d", i);
		put(w, id, id, STORE_OK);
		w->now++;
		EXPECT(w, STORE_OK, store_quarantine_end, id, "released", "ana", "");
	}
	assert_int_equal(number(asked(w, "ZCARD {quarantine}:past")), PAST_MOST);
	assert_string_equal(asked(w, "ZRANGE {quarantine}:past 0 0"), "kannel.3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_kept_once),
	        TEST(test_reads),
	        TEST(test_released),
	        TEST(test_discarded_by_mistake),
	        TEST(test_full),
	        TEST(test_the_past_is_bounded),
	};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
