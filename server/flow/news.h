// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// News that the scripts publish on a pool's channel: words separated by blanks, never content. Each
// goes to the consoles of this node that it concerns.
void news_take(struct pool *p, struct bytes payload);
