// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "alarm.h"
#include "private.h"

// Pages about alarms, without Redis: one text to each person whom the policies' catch-alls name,
// straight through the gateway of the policy's line, as often as reader.h says; and one to whoever
// was paged, on call still or not, when all is over. What fails is tried again. Several nodes may
// page the same: twice is better than never.

struct pager;
struct pager *pager_new(struct flow *f);
void pager_free(struct pager *p);
// Once a second: the alarms that are to be paged now, as bits 1 << enum alarm, and the text that
// says so. `quiet_ms` is for how long none that pages has been raised.
void pager_look(struct pager *p, uint32_t alarms, int64_t quiet_ms, const char *text);
