// SPDX-License-Identifier: Apache-2.0
// Rates from counts.
#include "core/rates.h"

#include <math.h>
#include <stdlib.h>

#include "core/level.h"

#define DAY_MS (24LL * 3600 * 1000)

// The order of rates.lua; 1 to 5 are the levels.
enum { BUCKET, TAKEN = 6, WAITED, CLOSED, HANDLED, SILENT, NUMBERS };

static bool read_numbers(struct bytes text, double out[NUMBERS])
{
	char copy[256];
	char *at = copy;
	if (text.len >= sizeof copy)
		return false;
	bytes_copy(text, copy, sizeof copy);
	for (int i = 0; i < NUMBERS; i++) {
		char *end;
		out[i] = (double)strtoll(at, &end, 10);
		if (end == at || out[i] < 0)
			return false;
		at = end;
	}
	return *at == 0;
}

static double weight(int64_t age_ms, int64_t half_ms)
{
	return exp2(-(double)age_ms / (double)half_ms);
}

bool rates_add(struct rates_sum *sum, struct bytes bucket, int64_t now_ms)
{
	double n[NUMBERS];
	if (!read_numbers(bucket, n))
		return false;
	if (n[BUCKET] > (double)now_ms || n[BUCKET] * RATES_BUCKET_MS > (double)now_ms)
		return false;
	int64_t start = (int64_t)n[BUCKET] * RATES_BUCKET_MS;
	int64_t age = now_ms - start;
	if (age >= DAY_MS)
		return false;
	double arrivals = weight(age, RATES_HALF_MS);
	double handling = weight(age, RATES_HANDLING_HALF_MS);
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++)
		sum->arrivals[l] += arrivals * n[l];
	sum->closed += handling * n[CLOSED];
	sum->handled_ms += handling * n[HANDLED];
	sum->counted += n[CLOSED];
	sum->silent += n[SILENT];
	if (sum->first_ms == 0 || start < sum->first_ms)
		sum->first_ms = start;
	return true;
}

// Buckets in which nothing happened have no field; they were observed all the same, from the first
// that is known. The running one has been observed in part.
static double observed_hours(const struct rates_sum *sum, int64_t now_ms)
{
	double ms = 0;
	int64_t running = now_ms - now_ms % RATES_BUCKET_MS;
	for (int64_t start = sum->first_ms; start <= running; start += RATES_BUCKET_MS)
		ms += weight(now_ms - start, RATES_HALF_MS) *
		      (double)(start < running ? RATES_BUCKET_MS : now_ms - running);
	return fmax(ms, RATES_BUCKET_MS) / 3600000;
}

void rates_of(const struct rates_sum *sum, int64_t now_ms, struct rates *out)
{
	bool closed = sum->counted >= RATES_CLOSED_ENOUGH && sum->handled_ms > 0;
	*out = (struct rates){.handling_ms = RATES_HANDLING_MS};
	if (sum->first_ms == 0)
		return;
	double hours = observed_hours(sum, now_ms);
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++)
		out->arrivals_per_hour[l] = sum->arrivals[l] / hours;
	if (closed)
		out->handling_ms = llround(fmax(1, sum->handled_ms / sum->closed));
	out->silent = sum->counted > 0 ? sum->silent / sum->counted : 0;
	out->measured = closed && now_ms - sum->first_ms >= RATES_OBSERVED_ENOUGH;
}
