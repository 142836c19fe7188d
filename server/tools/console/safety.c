// SPDX-License-Identifier: Apache-2.0
// What keeps a conversation from being forgotten: silences.
#include <string.h>

#include "../common/words.h"
#include "console.h"

void safety_nudge(struct console *c, const Holdfast__V1__Nudge *news)
{
	const struct talk *talk = talks_by_id(&c->talks, news->conversation);
	char since[DURATION_MAX];

	if (!talk)
		return;
	word_duration(since, console_now(c) - (news->since_ms + c->clock_offset_ms));
	if (strcmp(news->kind, "counselor_silent") == 0)
		view_note(c->view, talk->number, "the texter has waited %s for your reply", since);
	else
		view_note(c->view, talk->number,
		        "no word from the texter for %s: check in, or close", since);
	console_prompt(c);
}
