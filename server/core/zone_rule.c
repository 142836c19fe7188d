// SPDX-License-Identifier: Apache-2.0
// POSIX TZ strings: parsed, and asked for the offset at an instant.
#include "zone_rule.h"

#include <ctype.h>
#include <stddef.h>

struct cursor {
	struct bytes in;
	size_t at;
};

static int peek(const struct cursor *c)
{
	return c->at < c->in.len ? c->in.data[c->at] : -1;
}

static bool take(struct cursor *c, char wanted)
{
	if (peek(c) != wanted)
		return false;
	c->at++;
	return true;
}

// "EST" or "<+0330>"
static bool skip_name(struct cursor *c)
{
	size_t start = c->at;
	if (take(c, '<')) {
		while (peek(c) != -1 && peek(c) != '>')
			c->at++;
		return take(c, '>');
	}
	while (isalpha(peek(c)))
		c->at++;
	return c->at - start >= 3;
}

static bool number(struct cursor *c, int max, int *out)
{
	size_t start = c->at;
	*out = 0;
	while (isdigit(peek(c)) && c->at - start < 4)
		*out = *out * 10 + (int)(c->in.data[c->at++] - '0');
	return c->at > start && *out <= max;
}

// [+-]hh[:mm[:ss]] in seconds
static bool clock_time(struct cursor *c, int32_t *out)
{
	int hours = 0, minutes = 0, seconds = 0;
	bool minus = take(c, '-');
	if (!minus)
		take(c, '+');
	if (!number(c, 167, &hours))
		return false;
	if (take(c, ':') && !number(c, 59, &minutes))
		return false;
	if (take(c, ':') && !number(c, 59, &seconds))
		return false;
	*out = hours * 3600 + minutes * 60 + seconds;
	if (minus)
		*out = -*out;
	return true;
}

static bool date(struct cursor *c, struct zone_date *out)
{
	out->kind = 'D';
	out->time = 2 * 3600;
	if (take(c, 'M')) {
		out->kind = 'M';
		if (!number(c, 12, &out->month) || out->month < 1 || !take(c, '.') ||
		        !number(c, 5, &out->week) || out->week < 1 || !take(c, '.') ||
		        !number(c, 6, &out->day))
			return false;
	} else {
		if (take(c, 'J'))
			out->kind = 'J';
		if (!number(c, 365, &out->day) || (out->kind == 'J' && out->day < 1))
			return false;
	}
	return !take(c, '/') || clock_time(c, &out->time);
}

bool zone_rule_parse(struct bytes text, struct zone_rule *out)
{
	struct cursor c = {text, 0};
	int32_t west;
	*out = (struct zone_rule){0};
	if (!skip_name(&c) || !clock_time(&c, &west))
		return false;
	out->offset = -west;
	if (peek(&c) == -1)
		return true;
	out->has_dst = true;
	out->dst_offset = out->offset + 3600;
	if (!skip_name(&c))
		return false;
	if (peek(&c) != ',') {
		if (!clock_time(&c, &west))
			return false;
		out->dst_offset = -west;
	}
	return take(&c, ',') && date(&c, &out->start) && take(&c, ',') && date(&c, &out->end) &&
	       peek(&c) == -1;
}

static bool leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t days_from_civil(int64_t year, int month, int day)
{
	// Years begin in March, so that the leap day is the last; 400 years have 146097 days.
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = floor_div(y, 400), of_era = y - era * 400;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int64_t civil_year(int64_t days)
{
	int64_t year = 1970 + floor_div(days, 366);
	while (days_from_civil(year + 1, 1, 1) <= days)
		year++;
	return year;
}

static int64_t day_of(const struct zone_date *d, int64_t year)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t first_of_year = days_from_civil(year, 1, 1);
	if (d->kind == 'D')
		return first_of_year + d->day;
	if (d->kind == 'J')
		return first_of_year + d->day - 1 + (leap(year) && d->day >= 60);
	int64_t first = days_from_civil(year, d->month, 1);
	int weekday = (int)(((first + 4) % 7 + 7) % 7); // 1970-01-01 was a Thursday
	int64_t day = (d->day - weekday + 7) % 7 + (int64_t)(d->week - 1) * 7;
	int length = lengths[d->month - 1] + (d->month == 2 && leap(year));
	while (day >= length) // week 5 is the last one
		day -= 7;
	return first + day;
}

int32_t zone_rule_offset(const struct zone_rule *r, int64_t utc_s)
{
	if (!r->has_dst)
		return r->offset;
	int64_t year = civil_year(floor_div(utc_s + r->offset, 86400));
	int64_t start = day_of(&r->start, year) * 86400 + r->start.time - r->offset;
	int64_t end = day_of(&r->end, year) * 86400 + r->end.time - r->dst_offset;
	bool dst = start < end ? utc_s >= start && utc_s < end : utc_s >= start || utc_s < end;
	return dst ? r->dst_offset : r->offset;
}
