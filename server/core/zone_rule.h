// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

// The POSIX TZ string at the end of a TZif file, which says what holds after the last listed
// transition: "EST5EDT,M3.2.0,M11.1.0", with RFC 8536's extension of the times to -167 … 167 hours.

struct zone_date {
	char kind; // 'M' month.week.day, 'J' day of year without 29 February, 'D' day of year from
	           // 0
	int month, week, day;
	int32_t time; // seconds of the local day
};

struct zone_rule {
	int32_t offset; // seconds east, standard time
	bool has_dst;
	int32_t dst_offset;
	struct zone_date start, end;
};

MUST_CHECK bool zone_rule_parse(struct bytes text, struct zone_rule *out);
int32_t zone_rule_offset(const struct zone_rule *r, int64_t utc_s);

// Proleptic Gregorian calendar: days since 1970-01-01, and back.
int64_t days_from_civil(int64_t year, int month, int day);
int64_t civil_year(int64_t days);
