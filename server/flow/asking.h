// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// Asks providers about replies that may have been sent: 30 s after it became doubtful, then after 2
// and 10 minutes, and a few times more while they give no clear answer.

struct asking *asking_new(struct flow *f);
void asking_free(struct asking *a);
// The timer ask:ID is due.
void asking_due(struct pool *p, const char *id);
