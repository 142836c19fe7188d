// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "staff.h"

// A sealed copy of who can be paged, in state_dir: for a node that starts while Redis is away. It
// holds names and sealed numbers, no password and no role: it is good for paging only.

struct people;
struct people *people_new(struct flow *f);
void people_free(struct people *p);
// Writes the copy when it differs from the last one, on a thread of its own.
void people_keep(struct people *p, const struct staff *s);
// Calls fn with each member of the copy, who owns the member from then on. None when there is no
// copy or it cannot be read.
void people_recall(struct people *p, void (*fn)(struct staff_member *m, void *arg), void *arg);
