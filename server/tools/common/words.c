// SPDX-License-Identifier: Apache-2.0
// Says the protocol's values in words.
#include "words.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const levels[] = {"-", "low", "medium", "unknown", "high", "imminent"};
static const char *const states[] = {"-", "waiting", "offered", "held", "wrap-up", "closed"};
static const char *const deliveries[] = {
        "-", "queued", "sent", "delivered", "not delivered", "may have been sent", "HELD"};
static const char *const presences[] = {"-", "away", "available", "on a break"};
static const char *const roles[] = {"-", "counselor", "supervisor", "operator", "auditor"};
static const char *const page_states[] = {"-", "triggered", "acknowledged", "resolved"};

static const char *pick(const char *const *table, size_t count, int number)
{
	return number >= 0 && (size_t)number < count ? table[number] : "?";
}

const char *word_level(Holdfast__V1__Level l)
{
	return pick(levels, COUNT(levels), (int)l);
}

const char *word_state(Holdfast__V1__State s)
{
	return pick(states, COUNT(states), (int)s);
}

const char *word_delivery(Holdfast__V1__Delivery d)
{
	return pick(deliveries, COUNT(deliveries), (int)d);
}

const char *word_presence(Holdfast__V1__Presence p)
{
	return pick(presences, COUNT(presences), (int)p);
}

const char *word_role(Holdfast__V1__Role r)
{
	return pick(roles, COUNT(roles), (int)r);
}

const char *word_page_state(Holdfast__V1__PageState s)
{
	return pick(page_states, COUNT(page_states), (int)s);
}

Holdfast__V1__Role role_of_word(const char *word)
{
	for (size_t i = 1; i < COUNT(roles); i++) {
		if (strcmp(roles[i], word) == 0)
			return (Holdfast__V1__Role)i;
	}
	return HOLDFAST__V1__ROLE__ROLE_UNSPECIFIED;
}

// The two largest units say enough. Each unit is so many of the next smaller one.
static const struct {
	const char *name;
	long long seconds;
} units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};

const char *word_duration(char out[static DURATION_MAX], int64_t ms)
{
	long long left = ms > 0 ? (long long)ms / 1000 : 0;
	size_t i = 0;

	while (i < COUNT(units) - 1 && left < units[i].seconds)
		i++;
	int len = snprintf(out, DURATION_MAX, "%lld %s", left / units[i].seconds, units[i].name);
	left %= units[i].seconds;
	if (i + 1 < COUNT(units) && left / units[i + 1].seconds > 0)
		snprintf(out + len, DURATION_MAX - (size_t)len, " %lld %s",
		        left / units[i + 1].seconds, units[i + 1].name);
	return out;
}

// Rounded outward, to minutes. The server tells no waits apart that are longer than four hours.
const char *word_waits(char out[static WAITS_MAX], int64_t p50_ms, int64_t p90_ms)
{
	long long low = (long long)p50_ms / 60000, high = ((long long)p90_ms + 59999) / 60000;

	if (high == 0)
		snprintf(out, WAITS_MAX, "at once");
	else if (low >= 240)
		snprintf(out, WAITS_MAX, "hours");
	else if (high >= 240)
		snprintf(out, WAITS_MAX, "%lld min..hours", low);
	else
		snprintf(out, WAITS_MAX, "%lld..%lld min", low, high);
	return out;
}

const char *word_time(char out[static DURATION_MAX], int64_t wall_ms, int64_t now_ms)
{
	time_t at = (time_t)(wall_ms / 1000), now = (time_t)(now_ms / 1000);
	struct tm then, today;

	localtime_r(&at, &then);
	localtime_r(&now, &today);
	bool same_day = then.tm_year == today.tm_year && then.tm_yday == today.tm_yday;
	strftime(out, DURATION_MAX, same_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M", &then);
	return out;
}

void word_list(struct buf *out, char *const *names, size_t count, const char *none)
{
	if (count == 0)
		buf_append_str(out, none);
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s", i ? ", " : "", names[i]);
}
