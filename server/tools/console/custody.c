// SPDX-License-Identifier: Apache-2.0
// /custody: who had a conversation when, and why it moved.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../common/words.h"
#include "base/utf8.h"
#include "console.h"

static void span_line(struct console *c, struct buf *text, const Holdfast__V1__CustodySpan *s)
{
	char from[DURATION_MAX], length[DURATION_MAX];
	int64_t now = console_now(c), begun = s->from_ms + c->clock_offset_ms;
	int64_t ended = s->to_ms ? s->to_ms + c->clock_offset_ms : now;

	buf_printf(text, "\n  %s  %s %s, %s", word_time(from, begun, now), word_state(s->state),
	        s->owner, word_duration(length, ended - begun));
}

static void on_custody(const Frame *answer, void *arg)
{
	struct console *c = arg;
	struct buf text = {0}, safe = {0};
	const char *why;

	commands_asked(c);
	if (!client_answered(answer, HOLDFAST__V1__FRAME__BODY_CUSTODY, &why)) {
		view_error(c->view, "not done: %s", why);
		return;
	}
	const Holdfast__V1__Custody *l = answer->custody;
	buf_printf(&text, "%s: %" PRIu64 " entries, %s%s", l->conversation, l->count,
	        l->verified ? "verified" : "NOT TO BE TRUSTED: ", l->verified ? "" : l->fault);
	for (size_t i = 0; i < l->n_spans; i++)
		span_line(c, &text, l->spans[i]);
	utf8_for_terminal(buf_bytes(&text), &safe);
	view_plain(c->view, buf_str(&safe));
	buf_free(&text);
	buf_free(&safe);
}

// Nothing is the current one, N the N-th of the latest /list all, anything else an id.
static const char *which(const struct console *c, const char *rest)
{
	const struct talk *talk = console_current(c);
	uint64_t number;

	if (!*rest)
		return talk ? talk->id : NULL;
	if (!bytes_to_u64(bytes_str(rest), &number))
		return rest;
	return number >= 1 && number <= c->listed_count ? c->listed[number - 1] : NULL;
}

bool run_custody(struct console *c, const char *rest)
{
	const char *conversation = which(c, rest);

	if (!conversation) {
		view_error(c->view, "which one? /custody N after /list all, or /custody ID");
		return false;
	}
	Frame *f = client_frame(HOLDFAST__V1__FRAME__BODY_GET_CUSTODY);
	f->get_custody->conversation = xstrdup(conversation);
	c->waiting = client_request(c->client, f, on_custody, c);
	frame_free(f);
	if (!c->waiting)
		view_error(c->view, "no connection now; try again");
	return c->waiting;
}
