// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// Timers: handles what is due in {P}:due. A member stays until the script that handles it has moved
// or removed it, so a crash between loses none.
#define SWEEP_MS 250
void sweep_pool(struct pool *p);
