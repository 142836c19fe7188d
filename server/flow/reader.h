// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

// What one person has been told about alarms, and what they are to be told now. Pure: alarms are
// bits, times are monotonic ms. Each alarm is told at once, and again every 5 minutes while it
// lasts; the end of all of them once. Alarms that come and go cannot flood a phone: within 5
// minutes nobody is told of the same one twice, unless they had been told that it was over; and who
// has been told that within the hour is told so again only when their latest page is 5 minutes old.

#define READER_ALARMS_MAX 32

struct reader {
	uint32_t alarms; // told since the latest "over"; they may have ended meanwhile
	int64_t told_ms[READER_ALARMS_MAX];
	int64_t paged_ms;
	int64_t over_ms; // only with `relieved`
	bool relieved;   // was told once that all was over
	int64_t next_ms; // with `failures`: not before this
	unsigned failures;
};

enum reader_word { READER_NOTHING, READER_ALARMS, READER_OVER };

// `alarms` are those to be paged now; `quiet_ms` is for how long none has been raised at all.
enum reader_word reader_due(
        const struct reader *r, uint32_t alarms, int64_t quiet_ms, int64_t now_ms);
void reader_told(struct reader *r, uint32_t alarms, int64_t now_ms); // 0: that all is over
// Tried again after 5 s, and later and later up to 60 s; good news at most 5 times.
void reader_not_told(struct reader *r, uint32_t alarms, int64_t now_ms);
