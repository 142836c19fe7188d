// SPDX-License-Identifier: Apache-2.0
// On-call rotas: who, when, and that nobody is ever missing around a change of the clocks.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/rota.h"

#define DAY 86400
// Monday 2025-06-02 00:00 in UTC
#define MONDAY 1748822400

static char *ada[] = {"ada"}, *bea[] = {"bea"}, *both[] = {"bea", "ada"};

static struct rota *make(const char *zone, struct config_shift *shifts, unsigned count)
{
	struct config_schedule schedule = {
	        .name = "s", .zone = (char *)zone, .shifts = shifts, .shifts_count = count};
	struct buf error = {0};
	struct rota *r = rota_new(&schedule, &error);
	if (!r)
		fail_msg("%s", buf_str(&error));
	return r;
}

static struct config_shift shift(
        const char *days, const char *from, const char *to, char **who, unsigned count)
{
	return (struct config_shift){(char *)days, (char *)from, (char *)to, who, count};
}

static void collect(const char *person, void *arg)
{
	struct buf *names = arg;
	buf_printf(names, "%s%s", names->len ? "," : "", person);
}

static void assert_on_call(const struct rota *r, int64_t at_s, const char *expected)
{
	struct buf names = {0};
	rota_on_call(r, at_s * 1000, collect, &names);
	assert_string_equal(buf_str(&names), expected);
	buf_free(&names);
}

static void test_hours(void **state)
{
	(void)state;
	struct config_shift shifts[] = {shift("mon-fri", "09:00", "17:00", ada, 1),
	        shift("daily", "17:00", "09:00", bea, 1)};
	struct rota *r = make("UTC", shifts, 2);
	assert_on_call(r, MONDAY, "bea");
	assert_on_call(r, MONDAY + 9 * 3600 - 1, "bea");
	assert_on_call(r, MONDAY + 9 * 3600, "ada");
	assert_on_call(r, MONDAY + 17 * 3600 - 1, "ada");
	assert_on_call(r, MONDAY + 17 * 3600, "bea");
	assert_on_call(r, MONDAY + 5 * DAY + 8 * 3600, "bea"); // Saturday
	assert_on_call(r, MONDAY + 5 * DAY + 12 * 3600, "");
	rota_free(r);
}

static void test_days(void **state)
{
	(void)state;
	static const struct {
		const char *days;
		const char *on; // Monday to Sunday
	} known[] = {{"daily", "xxxxxxx"}, {"mon", "x......"}, {"sun", "......x"},
	        {"mon-fri", "xxxxx.."}, {"fri-mon", "x...xxx"}, {"sat,sun", ".....xx"},
	        {"sun-sun", "......x"}, {"mon,wed-thu,sat", "x.xx.x."}, {"tue-mon", "xxxxxxx"}};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		struct config_shift s = shift(known[i].days, "00:00", "24:00", ada, 1);
		struct rota *r = make("UTC", &s, 1);
		for (int day = 0; day < 14; day++) {
			const char *expected = known[i].on[day % 7] == 'x' ? "ada" : "";
			assert_on_call(r, MONDAY + day * DAY, expected);
			assert_on_call(r, MONDAY + day * DAY + DAY - 1, expected);
		}
		rota_free(r);
	}
}

// A shift belongs to the day on which it begins.
static void test_past_midnight(void **state)
{
	(void)state;
	struct config_shift s = shift("fri", "22:00", "06:00", ada, 1);
	struct config_shift round = shift("fri", "08:00", "08:00", ada, 1);
	struct rota *r = make("Europe/London", &s, 1), *whole = make("Europe/London", &round, 1);
	int64_t friday = MONDAY + 4 * DAY - 3600; // midnight there
	assert_on_call(r, friday, "");
	assert_on_call(r, friday + 22 * 3600 - 1, "");
	assert_on_call(r, friday + 22 * 3600, "ada");
	assert_on_call(r, friday + 30 * 3600 - 1, "ada");
	assert_on_call(r, friday + 30 * 3600, "");
	assert_on_call(whole, friday + 8 * 3600 - 1, "");
	assert_on_call(whole, friday + 8 * 3600, "ada");
	assert_on_call(whole, friday + 32 * 3600 - 1, "ada");
	assert_on_call(whole, friday + 32 * 3600, "");
	rota_free(r);
	rota_free(whole);
}

static void test_order(void **state)
{
	(void)state;
	struct config_shift shifts[] = {shift("daily", "00:00", "12:00", both, 2),
	        shift("daily", "06:00", "24:00", ada, 1)};
	struct rota *r = make("UTC", shifts, 2);
	assert_on_call(r, MONDAY, "bea,ada");
	assert_on_call(r, MONDAY + 7 * 3600, "bea,ada"); // ada once
	assert_on_call(r, MONDAY + 13 * 3600, "ada");
	rota_free(r);
}

static void count(const char *person, void *arg)
{
	(void)person;
	++*(size_t *)arg;
}

static size_t on_call(const struct rota *r, int64_t at_s)
{
	size_t n = 0;
	size_t told = rota_on_call(r, at_s * 1000, count, &n);
	assert_int_equal(told, n);
	return n;
}

// The whole year by the hour, and by the minute for two hours around each change of the clocks.
static void assert_always_owned(const char *zone, const struct rota *r, int64_t year)
{
	struct buf error = {0};
	struct zone *z = zone_load(zone, &error);
	for (int64_t t = year; t < year + 366 * DAY; t += 3600) {
		assert_true(on_call(r, t) > 0);
		if (zone_offset(z, t) == zone_offset(z, t + 3600))
			continue;
		for (int64_t near = t - 7200; near < t + 10800; near += 60)
			assert_true(on_call(r, near) > 0);
	}
	zone_free(z);
}

static void test_never_a_gap(void **state)
{
	(void)state;
	static const char *const zones[] = {"America/New_York", "Europe/London",
	        "Australia/Lord_Howe", "America/Nuuk", "Africa/Casablanca"};
	static const char *const hand_over[][2] = {{"08:00", "20:00"}, {"02:30", "14:30"},
	        {"01:45", "13:45"}, {"00:00", "12:00"}, {"02:00", "03:00"}};
	for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
		for (size_t k = 0; k < sizeof hand_over / sizeof hand_over[0]; k++) {
			const char *a = hand_over[k][0], *b = hand_over[k][1];
			struct config_shift shifts[] = {
			        shift("daily", a, b, ada, 1), shift("daily", b, a, bea, 1)};
			struct rota *r = make(zones[i], shifts, 2);
			assert_always_owned(zones[i], r, 1735689600); // 2025
			rota_free(r);
		}
	}
}

// A hand-over in the hour that comes twice: from its first to its last instant both are on call.
static void test_hand_over_twice(void **state)
{
	(void)state;
	struct config_shift shifts[] = {
	        shift("daily", "01:30", "13:30", ada, 1), shift("daily", "13:30", "01:30", bea, 1)};
	struct rota *r = make("America/New_York", shifts, 2);
	int64_t first = 1762061400, last = first + 3600; // 2025-11-02, 01:30 EDT and EST
	assert_on_call(r, first - 1, "bea");
	assert_on_call(r, first, "ada,bea");
	assert_on_call(r, last - 1, "ada,bea");
	assert_on_call(r, last, "ada");
	rota_free(r);
}

// What next_change() names is where the minute-by-minute answer changes.
static void test_next_change(void **state)
{
	(void)state;
	struct config_shift shifts[] = {
	        shift("mon-fri", "09:00", "17:30", ada, 1), shift("sat", "22:00", "04:00", bea, 1)};
	struct rota *r = make("America/New_York", shifts, 2);
	int64_t start = 1761969600, next = 0; // the week of 2025-11-02, when the clocks go back
	for (int64_t t = start; t < start + 8 * DAY; t += 60) {
		if (t >= next) {
			next = rota_next_change(r, t * 1000) / 1000;
			assert_true(next > t);
		}
		if (t + 60 < next)
			assert_int_equal(on_call(r, t), on_call(r, t + 60));
		else
			assert_int_not_equal(on_call(r, t), on_call(r, t + 60));
	}
	rota_free(r);
	r = make("UTC", NULL, 0);
	assert_int_equal(on_call(r, MONDAY), 0);
	assert_int_equal(rota_next_change(r, MONDAY * 1000LL), (MONDAY + 8LL * DAY) * 1000);
	rota_free(r);
}

// Opening hours: nobody need be named.
static void test_opening_hours(void **state)
{
	(void)state;
	struct config_shift hours[] = {shift("mon-fri", "09:00", "17:30", NULL, 0),
	        shift("mon", "17:30", "20:00", NULL, 0)};
	struct rota *r = make("Europe/Berlin", hours, 2);
	const int64_t nine = MONDAY + 7 * 3600; // in summer two hours ahead
	int weekday;
	unsigned minute;
	assert_false(rota_covers(r, nine * 1000 - 1));
	assert_true(rota_covers(r, nine * 1000));
	assert_int_equal(rota_next_start(r, nine * 1000 - 1), nine * 1000);
	// Friday evening: the weekend is skipped.
	int64_t friday = MONDAY + 4 * DAY + 16 * 3600;
	assert_false(rota_covers(r, friday * 1000));
	assert_int_equal(rota_next_start(r, friday * 1000), (nine + INT64_C(7) * DAY) * 1000);
	rota_local(r, friday * 1000, &weekday, &minute);
	assert_int_equal(weekday, 4);
	assert_int_equal(minute, 18 * 60);
	rota_local(r, INT64_C(1000) * (MONDAY - 1), &weekday, &minute);
	assert_int_equal(weekday, 0);
	assert_int_equal(minute, 119);
	rota_free(r);
	struct rota *never = make("UTC", hours, 0);
	assert_int_equal(rota_next_start(never, nine * 1000), 0);
	rota_free(never);
}

static void test_refused(void **state)
{
	(void)state;
	struct config_shift bad[] = {shift("", "09:00", "17:00", ada, 1),
	        shift("mon-", "09:00", "17:00", ada, 1), shift("mon,", "09:00", "17:00", ada, 1),
	        shift("monday", "09:00", "17:00", ada, 1), shift("daily", "9:00", "17:00", ada, 1),
	        shift("daily", "09:60", "17:00", ada, 1), shift("daily", "09:00", "24:01", ada, 1),
	        shift("daily", "09:00", "+1:00", ada, 1), shift("daily", "24:00", "08:00", ada, 1),
	        shift("daily", "09:00", "1 :00", ada, 1)};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct config_schedule schedule = {
		        .name = "s", .zone = "UTC", .shifts = &bad[i], .shifts_count = 1};
		struct buf error = {0};
		if (rota_new(&schedule, &error))
			fail_msg("shift %zu was taken", i);
		assert_true(error.len > 0);
		buf_free(&error);
	}
	struct config_schedule nowhere = {.name = "s", .zone = "Nowhere/City"};
	struct buf error = {0};
	assert_null(rota_new(&nowhere, &error));
	assert_true(error.len > 0);
	buf_free(&error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_hours),
	        cmocka_unit_test(test_days),
	        cmocka_unit_test(test_past_midnight),
	        cmocka_unit_test(test_order),
	        cmocka_unit_test(test_never_a_gap),
	        cmocka_unit_test(test_hand_over_twice),
	        cmocka_unit_test(test_next_change),
	        cmocka_unit_test(test_opening_hours),
	        cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
