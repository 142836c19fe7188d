// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// What texters are told while they wait. When each is looked at next stands in {P}:tend, put there
// with their text; whatever was said stands in the conversation. So a crash at any moment loses no
// text and doubles none.

struct care_desk *care_new(void);
void care_free(struct care_desk *d);
// Fills in the pool's questions and hours, from its configuration.
void care_configure(struct pool *p);
// Looks at those whose time has come.
void care_sweep(struct pool *p);
