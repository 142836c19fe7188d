// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

// What is wrong with this node or its house, beyond any one conversation: logged, counted, shown in
// status and doctor, and paged without Redis: straight through the gateways to the people whom the
// policies' catch-alls name, again every 5 minutes until it is over. The table is
// flow/alarms.def.

struct flow;
struct alarms;

enum alarm {
#define X(id, name, after_s, text) ALARM_##id,
#include "flow/alarms.def"
#undef X
	ALARM_COUNT
};

struct alarms *alarms_new(struct flow *f);
void alarms_free(struct alarms *a);
// Raised again, only the detail changes. `detail` is for people and logs: numbers and names of
// parts, never any text or number of a person.
void alarm_raise(struct flow *f, enum alarm which, const char *detail, ...)
        __attribute__((format(printf, 3, 4)));
void alarm_clear(struct flow *f, enum alarm which);
bool alarm_is_raised(const struct flow *f, enum alarm which);
// Calls fn for each that is raised: "text Detail."
void alarms_each(
        const struct flow *f, void (*fn)(const char *name, const char *text, void *arg), void *arg);
