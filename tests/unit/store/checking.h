// SPDX-License-Identifier: Apache-2.0
#pragma once
// The checker's look at one conversation, as flow/checker.c takes it. On top of scripts.h.
#include "scripts.h"

static inline enum store_code check_one(struct world *w, const char *id)
{
	char holder[24], line[24], texter[24];
	snprintf(holder, sizeof holder, "%s", field(w, "c", id, "holder"));
	snprintf(line, sizeof line, "%s", field(w, "c", id, "line"));
	snprintf(texter, sizeof texter, "%s", field(w, "c", id, "texter"));
	bool known = strcmp(texter, "nil") != 0;
	const struct store_check check = {
	        .pool = POOL,
	        .conversation = id,
	        .holder = known && strcmp(holder, "nil") != 0 ? holder : "",
	        .line = known ? line : "",
	        .texter = known ? texter : "",
	        .page = (uint64_t)field_number(w, "c", id, "page"),
	        .boost = &boost,
	        .within = &within,
	};
	store_check(w->store, &check, on_answer, w);
	return answered(w);
}

// Nothing is wrong with it.
static inline void is_healthy(struct world *w, const char *id)
{
	enum store_code code = check_one(w, id);
	if (code != STORE_OK || w->parts != 1)
		fail_msg("%s: %s %s", id, store_code_name(code), w->parts > 1 ? w->part[1] : "");
}

static inline bool found(const struct world *w, const char *fault)
{
	for (int i = 1; i < (int)w->parts; i++)
		if (strcmp(w->part[i], fault) == 0)
			return true;
	return false;
}
