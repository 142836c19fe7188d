// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

#include "base/buf.h"
#include "proto/frame.h"

// The protocol's values in words for people. Unknown numbers of newer servers are "?".

const char *word_level(Holdfast__V1__Level l);
const char *word_state(Holdfast__V1__State s);
const char *word_delivery(Holdfast__V1__Delivery d);
const char *word_presence(Holdfast__V1__Presence p);
const char *word_role(Holdfast__V1__Role r);
const char *word_page_state(Holdfast__V1__PageState s);
// ROLE_UNSPECIFIED when there is no such role.
Holdfast__V1__Role role_of_word(const char *word);

#define DURATION_MAX 32
// "45 s", "3 min 12 s", "2 h 5 min", "4 d 1 h"; never negative. Returns `out`.
const char *word_duration(char out[static DURATION_MAX], int64_t ms);
// Local time "03:00:12", with the date unless it is today: "2026-11-22 03:00". Returns `out`.
const char *word_time(char out[static DURATION_MAX], int64_t wall_ms, int64_t now_ms);
#define WAITS_MAX 48
// "3..7 min", "at once", "hours": what half wait at most, and nine of ten. Returns `out`.
const char *word_waits(char out[static WAITS_MAX], int64_t p50_ms, int64_t p90_ms);
// Appends "a, b, c", or `none` for an empty list.
void word_list(struct buf *out, char *const *names, size_t count, const char *none);
