// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

// How much there is to do, from what the scripts have counted in buckets of five minutes
// (store/lua/include/rates.lua). The latest count for more: half as much after RATES_HALF_MS for
// arrivals, which change with the hour, and after RATES_HANDLING_HALF_MS for how long they take.

#define RATES_BUCKET_MS        300000
#define RATES_HALF_MS          (30LL * 60000)
#define RATES_HANDLING_HALF_MS (180LL * 60000)
// Typical, until enough is measured: 30 to 45 minutes and the notes (facts: 45 min).
#define RATES_HANDLING_MS (45LL * 60000)
// Enough: so many closed, and so long observed.
#define RATES_CLOSED_ENOUGH   10
#define RATES_OBSERVED_ENOUGH (30LL * 60000)

struct rates_sum {
	double arrivals[6];
	double closed;
	double handled_ms;
	double counted;   // closed, unweighted
	double silent;    // of a day
	int64_t first_ms; // of the earliest bucket
};

// Adds one bucket: false, and nothing, for what is none, is older than a day or in the future.
bool rates_add(struct rates_sum *sum, struct bytes bucket, int64_t now_ms);

struct rates {
	double arrivals_per_hour[6]; // by level
	int64_t handling_ms;         // of one conversation; RATES_HANDLING_MS until it is measured
	// Part of those closed who never wrote again after they were taken. They had left, but not
	// the queue: their place in it and the time that they cost are in the figures above.
	double silent;
	bool measured; // enough for an honest answer
};
void rates_of(const struct rates_sum *sum, int64_t now_ms, struct rates *out);
