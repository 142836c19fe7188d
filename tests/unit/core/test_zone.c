// SPDX-License-Identifier: Apache-2.0
// Time zones against transitions that zdump prints (tzdata 2025b), listed ones and ones by rule.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rota.h"

#define DAY 86400

static struct zone *load(const char *name)
{
	struct buf error = {0};
	struct zone *z = zone_load(name, &error);
	assert_non_null(z);
	assert_int_equal(error.len, 0);
	return z;
}

static void test_offsets(void **state)
{
	(void)state;
	static const struct {
		const char *zone;
		int64_t at;
		int32_t before, after;
	} known[] = {
	        {"America/New_York", 1741503600, -18000, -14400},
	        {"America/New_York", 1762063200, -14400, -18000},
	        {"America/New_York", 2846473200, -18000, -14400}, // 2060, by the rule
	        {"America/New_York", 2867032800, -14400, -18000},
	        {"Europe/London", 1743296400, 0, 3600}, {"Europe/London", 1761440400, 3600, 0},
	        {"Europe/Dublin", 2847661200, 0, 3600}, // winter time is the exception there
	        {"Europe/Dublin", 2866410000, 3600, 0},
	        {"Australia/Lord_Howe", 1743865200, 39600, 37800}, // half an hour
	        {"Australia/Lord_Howe", 1759591800, 37800, 39600},
	        {"Australia/Lord_Howe", 2848230000, 39600, 37800},
	        {"Australia/Lord_Howe", 2863956600, 37800, 39600},
	        {"America/Sao_Paulo", 1518919200, -7200, -10800},
	        {"America/Sao_Paulo", 1541300400, -10800, -7200},
	        {"Asia/Kathmandu", 504901800, 19800, 20700},
	        {"Africa/Casablanca", 1740276000, 3600, 0}, // Ramadan
	        {"Africa/Casablanca", 1743904800, 0, 3600},
	        {"Pacific/Apia", 1325239200, -36000, 50400}, // a day was left out
	};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		struct zone *z = load(known[i].zone);
		assert_int_equal(zone_offset(z, known[i].at - 1), known[i].before);
		assert_int_equal(zone_offset(z, known[i].at), known[i].after);
		zone_free(z);
	}
}

static void test_steady(void **state)
{
	(void)state;
	static const struct {
		const char *zone;
		int32_t offset;
	} known[] = {{"UTC", 0}, {"Asia/Kathmandu", 20700}, {"America/Sao_Paulo", -10800},
	        {"Africa/Casablanca", 3600}, {"Etc/GMT+5", -18000}};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		struct zone *z = load(known[i].zone);
		assert_int_equal(zone_offset(z, 1748736000), known[i].offset); // 2025-06-01
		assert_int_equal(zone_offset(z, 4906828800), known[i].offset); // 2125-06-29
		zone_free(z);
	}
	struct zone *z = load("America/New_York");
	assert_int_equal(zone_offset(z, -3000000000), -17762); // local mean time
	assert_int_equal(zone_offset(z, INT64_MIN / 4), -17762);
	zone_free(z);
}

// Days since 1970 of dates below: 2025-03-09 is 20156, 2025-04-06 20184, 2025-10-05 20366,
// 2025-11-02 20394, 2011-12-30 15338.
static void test_to_utc(void **state)
{
	(void)state;
	static const struct {
		const char *zone;
		int64_t day;
		int32_t second;
		int64_t first, last;
	} known[] = {
	        {"America/New_York", 20156, 1 * 3600 + 1800, 1741501800, 1741501800},
	        {"America/New_York", 20156, 2 * 3600, 1741503600, 1741503600}, // the gap
	        {"America/New_York", 20156, 2 * 3600 + 1800, 1741503600, 1741503600},
	        {"America/New_York", 20156, 3 * 3600 - 1, 1741503600, 1741503600},
	        {"America/New_York", 20156, 3 * 3600, 1741503600, 1741503600},
	        {"America/New_York", 20156, 3 * 3600 + 1, 1741503601, 1741503601},
	        {"America/New_York", 20394, 3600 - 1, 1762059599, 1762059599},
	        {"America/New_York", 20394, 3600, 1762059600, 1762063200}, // twice
	        {"America/New_York", 20394, 3600 + 1800, 1762061400, 1762065000},
	        {"America/New_York", 20394, 7200, 1762066800, 1762066800},
	        {"Australia/Lord_Howe", 20366, 2 * 3600 + 900, 1759591800, 1759591800},
	        {"Australia/Lord_Howe", 20184, 1 * 3600 + 2700, 1743864300, 1743866100},
	        {"Pacific/Apia", 15338, 0, 1325239200, 1325239200},
	        {"Pacific/Apia", 15338, 43200, 1325239200, 1325239200},
	        {"Pacific/Apia", 15338, 86399, 1325239200, 1325239200},
	};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		struct zone *z = load(known[i].zone);
		int64_t day = known[i].day;
		int32_t second = known[i].second;
		assert_int_equal(zone_to_utc(z, day, second, ZONE_FIRST), known[i].first);
		assert_int_equal(zone_to_utc(z, day, second, ZONE_LAST), known[i].last);
		zone_free(z);
	}
}

// Every instant of a year is found again from what the local clock shows, and a later local time
// never comes earlier.
static void test_there_and_back(void **state)
{
	(void)state;
	static const char *const names[] = {"America/New_York", "Europe/London",
	        "Australia/Lord_Howe", "America/Nuuk", "Asia/Gaza", "Africa/Casablanca", "UTC"};
	static const int64_t years[] = {1735689600, 2840140800}; // 2025, 2060
	for (size_t i = 0; i < 2 * sizeof names / sizeof names[0]; i++) {
		struct zone *z = load(names[i / 2]);
		int64_t start = years[i % 2], latest = INT64_MIN;
		for (int64_t t = start; t < start + 366 * DAY; t += 900) {
			int64_t local = t + zone_offset(z, t);
			int32_t second = (int32_t)(local % DAY);
			int64_t first = zone_to_utc(z, local / DAY, second, ZONE_FIRST);
			int64_t last = zone_to_utc(z, local / DAY, second, ZONE_LAST);
			assert_true(first == t || last == t);
			assert_true(first <= last);
			int64_t plain = t - start; // as local time: also those that do not exist
			int64_t utc = zone_to_utc(
			        z, start / DAY + plain / DAY, (int32_t)(plain % DAY), ZONE_FIRST);
			assert_true(utc >= latest);
			latest = utc;
		}
		zone_free(z);
	}
}

static void test_refused(void **state)
{
	(void)state;
	static const char *const names[] = {"", "Nowhere/City", "/etc/passwd",
	        "../../../etc/passwd", "America", "zone.tab", "America/../Europe/London"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct buf error = {0};
		assert_null(zone_load(names[i], &error));
		assert_true(error.len > 0);
		buf_free(&error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_offsets),
	        cmocka_unit_test(test_steady),
	        cmocka_unit_test(test_to_utc),
	        cmocka_unit_test(test_there_and_back),
	        cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
