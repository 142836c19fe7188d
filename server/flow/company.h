// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "staff.h"

// An invitation ("lang:es", or a name) means this member of the staff.
bool company_meant(const struct staff_member *m, const char *invited);
