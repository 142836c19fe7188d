// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/config.h"

// Who is on call: a weekly list of shifts in an IANA zone, resolved without mktime():
// a start at a local time that occurs twice takes the first, an end the
// last; a local time that does not exist becomes the first instant after the gap. So shifts may
// overlap and never leave a gap.

struct rota;

// Reads the zone's TZif rules and the shifts. NULL leaves one line in `error`.
struct rota *rota_new(const struct config_schedule *schedule, struct buf *error);
void rota_free(struct rota *r);
// Calls fn once for each person on call at `at_ms` (UTC), in the order of the configuration.
// Returns how many.
size_t rota_on_call(
        const struct rota *r, int64_t at_ms, void (*fn)(const char *person, void *arg), void *arg);
// When that person's presence at at_ms ends: an instant, at most 8 days ahead; 0 when they are not
// on.
int64_t rota_until(const struct rota *r, const char *person, int64_t at_ms);
// The next instant after at_ms, at most 8 days ahead, at which the set of people may change.
int64_t rota_next_change(const struct rota *r, int64_t at_ms);
// Is it within a shift, whoever is in it?
bool rota_covers(const struct rota *r, int64_t at_ms);
// When the next shift begins that at_ms is not within; 0 when none does in the next 8 days.
int64_t rota_next_start(const struct rota *r, int64_t at_ms);
// By its zone: 0 is Monday, and the minute of that day.
void rota_local(const struct rota *r, int64_t at_ms, int *weekday, unsigned *minute);

// Local civil time to UTC by the zone's rules, for any zone file; exposed for tests.
struct zone;
struct zone *zone_load(const char *name, struct buf *error);
void zone_free(struct zone *z);
// UTC seconds to the offset in force (seconds east).
int32_t zone_offset(const struct zone *z, int64_t utc_s);
enum zone_pick { ZONE_FIRST, ZONE_LAST };
// Days since 1970-01-01 and second of the local day to UTC seconds.
int64_t zone_to_utc(const struct zone *z, int64_t day, int32_t second, enum zone_pick pick);
