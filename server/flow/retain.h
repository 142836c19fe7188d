// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// Closed conversations that are older than the pool's retain_days are deleted, a few at a look.
void retain_look(struct pool *p);
