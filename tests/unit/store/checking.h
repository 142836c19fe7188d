// SPDX-License-Identifier: Apache-2.0
#pragma once
// The checker's looks, as flow/checker.c takes them. On top of scripts.h.
#include "scripts.h"

static inline enum store_code check_one(struct world *w, const char *id)
{
	char holder[24], line[24], texter[24];
	snprintf(holder, sizeof holder, "%s", field(w, "c", id, "holder"));
	snprintf(line, sizeof line, "%s", field(w, "c", id, "line"));
	snprintf(texter, sizeof texter, "%s", field(w, "c", id, "texter"));
	bool known = strcmp(field(w, "c", id, "state"), "nil") != 0;
	const struct store_check check = {
	        .pool = POOL,
	        .conversation = id,
	        .holder = known && strcmp(holder, "nil") != 0 ? holder : "",
	        .line = known ? line : "",
	        .texter = known && strcmp(texter, "nil") != 0 ? texter : "",
	        .page = (uint64_t)field_number(w, "c", id, "page"),
	        .flag_page = (uint64_t)(field_number(w, "c", id, "flag_page") == NONE
	                                        ? 0
	                                        : field_number(w, "c", id, "flag_page")),
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

// Copies of the parts of the latest answer, which the next call overwrites.
struct names {
	size_t count;
	char at[PARTS_MAX][64];
};

static inline void take_parts_as_names(const struct world *w, struct names *out)
{
	out->count = w->parts;
	for (size_t i = 0; i < w->parts; i++)
		snprintf(out->at[i], sizeof out->at[i], "%s", w->part[i]);
}

static inline enum store_code check_counselor(struct world *w, const char *name)
{
	struct names held;
	const char *ids[PARTS_MAX];
	asked(w, "HKEYS {" POOL "}:hold:%s", name);
	take_parts_as_names(w, &held);
	for (size_t i = 0; i < held.count; i++)
		ids[i] = held.at[i];
	store_check_hold(w->store, POOL, name, ids, held.count, on_answer, w);
	return answered(w);
}

// A member of an outbox: "ID CONVERSATION" or "ID".
static inline enum store_code check_member(struct world *w, const char *kind, const char *member)
{
	char id[64];
	snprintf(id, sizeof id, "%s", member);
	char *space = strchr(id, ' ');
	if (space)
		*space = '\0';
	const struct store_out out = {POOL, GATEWAY, kind, id, space ? space + 1 : ""};
	store_check_out(w->store, &out, on_answer, w);
	return answered(w);
}

// Whoever is signed in, what is to be sent, and which pages are open: nothing is wrong with any.
static inline void all_else_is_healthy(struct world *w)
{
	struct names names;
	asked(w, "HKEYS {" POOL "}:staff");
	take_parts_as_names(w, &names);
	for (size_t i = 0; i < names.count; i++)
		if (check_counselor(w, names.at[i]) != STORE_OK || w->parts != 1)
			fail_msg("%s: %s", names.at[i], w->parts > 1 ? w->part[1] : "refused");
	asked(w, "ZRANGE {" POOL "}:pages 0 -1");
	take_parts_as_names(w, &names);
	for (size_t i = 0; i < names.count; i++) {
		EXPECT(w, STORE_OK, store_check_page, POOL, strtoull(names.at[i], NULL, 10));
		if (w->parts != 1)
			fail_msg("page %s: %s", names.at[i], w->part[1]);
	}
	for (size_t k = 0; k < 2 * KINDS; k++) {
		const char *kind = out_kinds[k / 2].name;
		asked(w, "ZRANGE {" POOL "}:%s:" GATEWAY ":%s 0 -1", k % 2 ? "out" : "unsent",
		        kind);
		take_parts_as_names(w, &names);
		for (size_t i = 0; i < names.count; i++) {
			enum store_code code = check_member(w, kind, names.at[i]);
			size_t said = code == STORE_ANOTHER ? 2 : 1;
			if (w->parts != said || (code != STORE_OK && code != STORE_ANOTHER))
				fail_msg("%s: %s %s", names.at[i], store_code_name(code),
				        w->parts > said ? w->part[said] : "");
		}
	}
}

static inline bool found(const struct world *w, const char *fault)
{
	for (int i = 1; i < (int)w->parts; i++)
		if (strcmp(w->part[i], fault) == 0)
			return true;
	return false;
}
