// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// Matches who waits with who has room: core/assign proposes, the `offer` script disposes. Called
// after every change that may help, and every second besides; a call during a run makes one more
// run.
void dispatch_pool(struct pool *p);
