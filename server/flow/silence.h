// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// Held conversations in which one side is silent: core/silence decides, silence.lua keeps.

// What an automatic end is recorded as.
#define OUTCOME_SILENT "silent"

// The timer silence:ID is due.
void silence_due(struct pool *p, const char *conversation, const char *member, const char *score);
