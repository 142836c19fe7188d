// SPDX-License-Identifier: Apache-2.0
// Weekly shifts, resolved to the people on call at an instant.
#include "core/rota.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "zone_rule.h"

#define DAY_S  86400
#define WEEK   7
#define LOOK_S (8LL * DAY_S)
// Beyond so many, a person in two shifts may be named twice: better than not at all.
#define TOLD_MAX 64

struct shift {
	unsigned days; // bit 0 is Monday
	int32_t from;  // second of the local day
	int32_t to;    // greater than `from`; beyond DAY_S it is on the next day
	char *const *people;
	unsigned people_count;
};

struct rota {
	struct zone *zone;
	struct shift *shifts;
	size_t count;
};

static const char *const day_names[WEEK] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static int day_number(const char *name, size_t len)
{
	for (int i = 0; i < WEEK; i++)
		if (len == 3 && strncasecmp(day_names[i], name, 3) == 0)
			return i;
	return -1;
}

// "mon", "mon-fri", "fri-mon"
static bool add_range(const char *text, size_t len, unsigned *days)
{
	const char *dash = memchr(text, '-', len);
	size_t first_len = dash ? (size_t)(dash - text) : len;
	int first = day_number(text, first_len);
	int last = dash ? day_number(dash + 1, len - first_len - 1) : first;
	if (first < 0 || last < 0)
		return false;
	for (int day = first;; day = (day + 1) % WEEK) {
		*days |= 1u << day;
		if (day == last)
			return true;
	}
}

static bool parse_days(const char *text, unsigned *days)
{
	*days = 0;
	if (strcasecmp(text, "daily") == 0) {
		*days = (1u << WEEK) - 1;
		return true;
	}
	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ",");
		if (!add_range(at, len, days))
			return false;
		at += len;
		if (!*at)
			return true;
	}
}

static int two_digits(const char *text)
{
	bool digits = text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9';
	return digits ? (text[0] - '0') * 10 + (text[1] - '0') : -1;
}

// "HH:MM" in seconds of the day, up to `last`.
static bool parse_time(const char *text, int32_t last, int32_t *out)
{
	if (strlen(text) != 5 || text[2] != ':')
		return false;
	int hours = two_digits(text), minutes = two_digits(text + 3);
	*out = hours * 3600 + minutes * 60;
	return hours >= 0 && minutes >= 0 && minutes < 60 && *out <= last;
}

static bool parse_shift(const struct config_shift *c, struct shift *out, struct buf *error)
{
	out->people = c->people;
	out->people_count = c->people_count;
	if (!parse_days(c->days, &out->days)) {
		buf_printf(error, "days \"%s\": write daily, mon, mon-fri or sat,sun", c->days);
		return false;
	}
	if (!parse_time(c->from, DAY_S - 1, &out->from) || !parse_time(c->to, DAY_S, &out->to)) {
		buf_printf(error, "from \"%s\" to \"%s\": write times as 08:00", c->from, c->to);
		return false;
	}
	if (out->to <= out->from)
		out->to += DAY_S;
	return true;
}

struct rota *rota_new(const struct config_schedule *schedule, struct buf *error)
{
	struct rota *r = xcalloc(1, sizeof *r);
	r->zone = zone_load(schedule->zone, error);
	r->count = schedule->shifts_count;
	r->shifts = xcalloc(r->count + 1, sizeof *r->shifts);
	bool ok = r->zone != NULL;
	for (size_t i = 0; ok && i < r->count; i++)
		ok = parse_shift(&schedule->shifts[i], &r->shifts[i], error);
	if (ok)
		return r;
	rota_free(r);
	return NULL;
}

void rota_free(struct rota *r)
{
	if (!r)
		return;
	zone_free(r->zone);
	free(r->shifts);
	free(r);
}

static int64_t floor_day(int64_t seconds)
{
	return seconds / DAY_S - (seconds % DAY_S < 0);
}

static int64_t floor_second(int64_t ms)
{
	return ms / 1000 - (ms % 1000 < 0);
}

// 1970-01-01 was a Thursday, which is 3 from Monday.
static int weekday_of(int64_t day)
{
	return (int)(((day + 3) % WEEK + WEEK) % WEEK);
}

static bool on_day(const struct shift *s, int64_t day)
{
	return s->days >> weekday_of(day) & 1u;
}

// The shift that begins on local day `day`, in UTC seconds.
static void span(
        const struct rota *r, const struct shift *s, int64_t day, int64_t *start, int64_t *end)
{
	*start = zone_to_utc(r->zone, day, s->from, ZONE_FIRST);
	*end = zone_to_utc(r->zone, day + s->to / DAY_S, s->to % DAY_S, ZONE_LAST);
}

static bool shift_covers(const struct rota *r, const struct shift *s, int64_t at)
{
	int64_t today = floor_day(at + zone_offset(r->zone, at));
	// A shift of up to a day may have begun two local days ago where a zone skips back over
	// midnight.
	for (int64_t day = today - 2; day <= today + 1; day++) {
		int64_t start, end;
		if (!on_day(s, day))
			continue;
		span(r, s, day, &start, &end);
		if (at >= start && at < end)
			return true;
	}
	return false;
}

static bool was_told(const char *const *told, size_t count, const char *person)
{
	for (size_t i = 0; i < count && i < TOLD_MAX; i++)
		if (strcmp(told[i], person) == 0)
			return true;
	return false;
}

size_t rota_on_call(
        const struct rota *r, int64_t at_ms, void (*fn)(const char *person, void *arg), void *arg)
{
	const char *told[TOLD_MAX];
	size_t count = 0;
	for (size_t i = 0; i < r->count; i++) {
		const struct shift *s = &r->shifts[i];
		if (!shift_covers(r, s, floor_second(at_ms)))
			continue;
		for (unsigned k = 0; k < s->people_count; k++) {
			if (was_told(told, count, s->people[k]))
				continue;
			if (count < TOLD_MAX)
				told[count] = s->people[k];
			count++;
			fn(s->people[k], arg);
		}
	}
	return count;
}

int64_t rota_next_change(const struct rota *r, int64_t at_ms)
{
	int64_t at = floor_second(at_ms), next = at + LOOK_S;
	int64_t today = floor_day(at + zone_offset(r->zone, at));
	for (size_t i = 0; i < r->count; i++) {
		for (int64_t day = today - 2; day <= today + WEEK + 1; day++) {
			int64_t edges[2];
			if (!on_day(&r->shifts[i], day))
				continue;
			span(r, &r->shifts[i], day, &edges[0], &edges[1]);
			for (int k = 0; k < 2; k++)
				if (edges[k] > at && edges[k] < next)
					next = edges[k];
		}
	}
	return next * 1000;
}

struct search {
	const char *person;
	bool found;
};

static void match_person(const char *person, void *arg)
{
	struct search *s = arg;
	s->found = s->found || strcmp(person, s->person) == 0;
}

static bool is_on(const struct rota *r, const char *person, int64_t at_ms)
{
	struct search s = {person, false};
	rota_on_call(r, at_ms, match_person, &s);
	return s.found;
}

// One shift may follow on another.
int64_t rota_until(const struct rota *r, const char *person, int64_t at_ms)
{
	int64_t last = at_ms + LOOK_S * 1000, end = at_ms;
	if (!is_on(r, person, at_ms))
		return 0;
	do
		end = rota_next_change(r, end);
	while (end < last && is_on(r, person, end));
	return end;
}

bool rota_covers(const struct rota *r, int64_t at_ms)
{
	for (size_t i = 0; i < r->count; i++)
		if (shift_covers(r, &r->shifts[i], floor_second(at_ms)))
			return true;
	return false;
}

int64_t rota_next_start(const struct rota *r, int64_t at_ms)
{
	int64_t at = at_ms, last = at_ms + LOOK_S * 1000;
	while (at < last) {
		at = rota_next_change(r, at);
		if (rota_covers(r, at))
			return at;
	}
	return 0;
}

void rota_local(const struct rota *r, int64_t at_ms, int *weekday, unsigned *minute)
{
	int64_t utc = floor_second(at_ms), local = utc + zone_offset(r->zone, utc);
	int64_t day = floor_day(local);
	*weekday = weekday_of(day);
	*minute = (unsigned)((local - day * DAY_S) / 60);
}
