// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/skills.h"
#include "history.h"

// Who of those signed in may be offered a conversation, by skills, rings and what is known of them.
// Borrows from the view, which it cuts up, and from the configuration.
struct eligible {
	const struct pool *pool;
	const struct conversation_view *view;
	struct skills_policy policy;
	struct skills require, want;
	bool known[SKILLS_MAX]; // of `require`: somebody who is signed in meets it
	int64_t now_ms, waited_ms;
	bool no_speaker; // a language is asked for that nobody who is signed in has
};

void eligible_begin(struct eligible *e, const struct pool *p, struct conversation_view *view);
// For each of those who are signed in, before the first rank.
void eligible_note(struct eligible *e, const char *name);
// -1 when they may not be asked; otherwise the higher the better.
int eligible_rank(const struct eligible *e, const char *name);
