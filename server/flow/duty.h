// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// Who is on duty: available, away or on a break, and until when.

// As Redis calls it: "available", "away", "break".
Holdfast__V1__Presence presence_named(struct bytes name);
// Tells those of this node whose shift is about to end, once each.
void duty_round(struct flow *f);
// "break:NAME" is due.
void duty_break_over(struct pool *p, const char *name);
