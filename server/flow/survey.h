// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lanes.h"
#include "private.h"

// The state of all pools in numbers, read from Redis: for status, for the gauges of /metrics, and
// for checks.

struct survey_lane {
	uint64_t unsent[SEND_KINDS];
	int64_t oldest_ms[SEND_KINDS]; // put there, 0 when there is none
};

struct survey_pool {
	const struct pool *pool;
	uint64_t waiting[6];  // by level
	int64_t oldest_ms[6]; // enqueued, 0 when nobody waits
	uint64_t held;
	uint64_t wrap_up;
	uint64_t pages;
	struct survey_lane *lanes; // by gateway, as lanes.h counts them
	size_t lanes_count;
	uint64_t available;
	uint64_t guests; // available ones of other pools, who help out while it is open
	uint64_t away;
	uint64_t on_break;
};
// A lane's depth over all pools.
uint64_t survey_unsent(const struct survey_pool *pools, size_t count, size_t lane);
typedef void (*survey_fn)(enum err e, const struct survey_pool *pools, size_t count, void *arg);
void survey_take(struct flow *f, survey_fn fn, void *arg);
// Takes one and sets the gauges by it.
void survey_gauges(struct flow *f);
