// SPDX-License-Identifier: Apache-2.0
// What a supervisor types about conversations that others hold, and how one is handed on.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../common/words.h"
#include "base/utf8.h"
#include "console.h"

static bool send(struct console *c, Frame *f, client_answer_fn fn)
{
	c->waiting = client_request(c->client, f, fn, c);
	frame_free(f);
	if (!c->waiting)
		view_error(c->view, "no connection now; try again");
	return c->waiting;
}

// ---- list

static void list_line(
        struct console *c, struct buf *text, size_t number, const Holdfast__V1__Conversation *one)
{
	char since[DURATION_MAX];

	buf_printf(text, "\n  %zu  %s  %s %s", number, word_level(one->level),
	        word_state(one->state), one->holder);
	if (one->unanswered_since_ms)
		buf_printf(text, "  unanswered for %s",
		        word_duration(since,
		                console_now(c) - one->unanswered_since_ms - c->clock_offset_ms));
	if (one->n_attention) {
		buf_append_str(text, "  ATTENTION ");
		word_list(text, one->attention, one->n_attention, "");
	}
	if (one->n_present) {
		buf_append_str(text, "  with ");
		word_list(text, one->present, one->n_present, "");
	}
	buf_printf(text, "  %s", one->id);
}

static void on_list(const Frame *answer, void *arg)
{
	struct console *c = arg;
	struct buf text = {0}, safe = {0};
	const char *why;

	commands_asked(c);
	if (!client_answered(answer, HOLDFAST__V1__FRAME__BODY_CONVERSATION_LIST, &why)) {
		view_error(c->view, "not done: %s", why);
		return;
	}
	const Holdfast__V1__ConversationList *l = answer->conversation_list;
	console_forget_listed(c);
	c->listed = xcalloc(l->n_conversations + 1, sizeof(char *));
	buf_printf(&text, "%" PRIu64 " open", l->total);
	for (size_t i = 0; i < l->n_conversations; i++) {
		c->listed[c->listed_count++] = xstrdup(l->conversations[i]->id);
		list_line(c, &text, i + 1, l->conversations[i]);
	}
	utf8_for_terminal(buf_bytes(&text), &safe);
	view_plain(c->view, buf_str(&safe));
	buf_free(&text);
	buf_free(&safe);
}

bool run_list_all(struct console *c)
{
	return send(c, client_frame(HOLDFAST__V1__FRAME__BODY_LIST_CONVERSATIONS), on_list);
}

void console_forget_listed(struct console *c)
{
	for (size_t i = 0; i < c->listed_count; i++)
		free(c->listed[i]);
	free(c->listed);
	c->listed = NULL;
	c->listed_count = 0;
}
