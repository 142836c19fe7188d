// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// What a line, and an entry keyword in a text, ask of counselors. All but `partner` and `language`
// are comma-separated skills.
struct tags {
	struct buf require;
	struct buf want;
	const char *language; // "": the line's
	const char *partner;  // ""
};

void tags_of(const struct config_line *line, struct bytes text, struct tags *out);
void tags_free(struct tags *t);
