// SPDX-License-Identifier: Apache-2.0
// What others do in a conversation, as it comes in: who is in it, what they say among themselves.
#include <stdlib.h>
#include <string.h>

#include "../common/words.h"
#include "console.h"

static const struct {
	const char *kind;
	const char *words;
} note_kinds[] = {
        {"transfer", "summary of"},
        {"given_back", "given back by"},
        {"taken_over", "taken over by"},
        {"whisper", "whisper of"},
};

static void show_note(struct console *c, struct talk *talk, const Holdfast__V1__Note *n)
{
	const char *words = n->kind;

	for (size_t i = 0; i < sizeof(note_kinds) / sizeof(note_kinds[0]); i++)
		if (strcmp(note_kinds[i].kind, n->kind) == 0)
			words = note_kinds[i].words;
	view_note(c->view, talk->number, "%s %s: %s", words, n->author, n->text);
	if (n->at_ms > talk->noted_ms)
		talk->noted_ms = n->at_ms;
}

void console_notes(struct console *c, struct talk *talk, const Holdfast__V1__Conversation *in)
{
	int64_t known = talk->noted_ms;

	for (size_t i = 0; i < in->n_notes; i++)
		if (in->notes[i]->at_ms > known)
			show_note(c, talk, in->notes[i]);
}

void console_whispered(struct console *c, const Holdfast__V1__Whispered *news)
{
	struct talk *talk = talks_by_id(&c->talks, news->conversation);

	if (talk && news->note)
		show_note(c, talk, news->note);
}

void console_announced(struct console *c, const Holdfast__V1__Announced *news)
{
	// After a reconnect they come again.
	if (news->at_ms <= c->announced_ms)
		return;
	c->announced_ms = news->at_ms;
	view_you(c->view, "%s to everybody of %s: %s", news->author, news->pool, news->text);
}

void console_invited(struct console *c, const Holdfast__V1__Invited *news)
{
	free(c->invited);
	c->invited = xstrdup(news->conversation);
	view_offer(c->view, true, "%s, %s asks you to join%s%s - /join", word_level(news->level),
	        news->from, *news->language ? " and interpret " : "", news->language);
}

void console_transfer_over(struct console *c, const Holdfast__V1__TransferOver *news)
{
	const struct talk *talk = talks_by_id(&c->talks, news->conversation);

	if (talk)
		view_note(c->view, talk->number, "still yours: %s did not take it (%s)", news->to,
		        news->reason);
}

// ---- who has it and who is in it

static char *around(const Holdfast__V1__Conversation *in)
{
	struct buf text = {0};

	buf_printf(&text, "with %s", *in->holder ? in->holder : "nobody");
	if (in->n_present) {
		buf_append_str(&text, "; in it too: ");
		word_list(&text, in->present, in->n_present, "");
	}
	if (*in->transfer_to)
		buf_printf(&text, "; %s is asked to take it on", in->transfer_to);
	return buf_take_str(&text);
}

void console_around(struct console *c, const Holdfast__V1__Conversation *in)
{
	struct talk *talk = talks_by_id(&c->talks, in->id);
	bool mine = strcmp(in->holder, c->settings->user) == 0;
	char *now;

	// Of what was ours and is not, another piece of news tells.
	if (!talk || (talk->part == TALK_HELD && !mine))
		return;
	if (mine)
		talk->part = TALK_HELD;
	talk_update(talk, in);
	now = around(in);
	bool alone = !talk->around && mine && !in->n_present && !*in->transfer_to;
	if (!alone && (!talk->around || strcmp(talk->around, now) != 0))
		view_note(c->view, talk->number, "%s", now);
	free(talk->around);
	talk->around = now;
	if (talk->part != TALK_HELD && in->state >= HOLDFAST__V1__STATE__STATE_WRAP_UP)
		console_drop_talk(c, talk, "closed");
}
