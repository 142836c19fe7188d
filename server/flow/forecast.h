// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/rates.h"
#include "core/whatif.h"
#include "private.h"

// How long people would wait in each pool, as estimated every few seconds from what is in Redis:
// the same on all nodes, but for the seconds between their looks.

// What somebody of that level who comes now would wait, in words that a human would use: from what
// half of them wait to what nine of ten wait, rounded outward to whole minutes or more. False when
// it cannot be said honestly: nobody is on duty, it would be hours, too little has been measured
// and it is not at once, or nothing is known at the moment.
bool forecast_wait(const struct pool *p, enum level l, int64_t *low_ms, int64_t *high_ms);

// What an estimate was made of.
struct forecast_state {
	int64_t at_ms; // 0: none yet
	struct rates rates;
	size_t waiting[6];       // by level, those offered included
	int64_t oldest_ms[6];    // how long the oldest has waited, 0 when nobody does
	unsigned on_duty;        // counselors who take conversations
	unsigned guests_on_duty; // of them, those of other pools, while they help out
	unsigned units_on_duty;
	unsigned units_taken;
	struct whatif_state state; // its arrays are the forecast's
};

struct forecasts *forecasts_new(struct flow *f);
void forecasts_free(struct forecasts *fs);
// Looks at every pool, and sets the gauges. Called every FORECAST_MS.
void forecasts_look(struct flow *f);
#define FORECAST_MS 5000

// Of the latest look; NULL when there is none that is fresh.
const struct forecast_state *forecast_state(const struct pool *p);
// The estimate without anybody more or fewer; NULL as above.
const struct whatif *forecast_now(const struct pool *p);
// With so many more counselors, from the latest look. Takes about a millisecond.
bool forecast_with(const struct pool *p, int extra, struct whatif *out);
// How much of what the counselors on duty can do is asked for, in the long run; 0 when none is
// there.
double forecast_utilisation(const struct forecast_state *s);
// The counselors it takes so that 95 of 100 imminent ones are taken within the pool's time, in the
// long run; 0 when a thousand are not enough.
unsigned forecast_needed(const struct pool *p, const struct forecast_state *s);
