// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "alarm.h"
#include "private.h"

// Pages about alarms, without Redis: one text to each person whom the policies' catch-alls name,
// straight through the gateway of the policy's line. Again every 5 minutes while anything is
// raised, at once when something new is, and once when all is over. What fails is tried again.
// Several nodes may page the same: twice is better than never.

struct pager;
struct pager *pager_new(struct flow *f);
void pager_free(struct pager *p);
// Once a second: the alarms that are to be paged now, as bits 1 << enum alarm, and the text that
// says so.
void pager_look(struct pager *p, uint32_t alarms, const char *text);
