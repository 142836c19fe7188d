// SPDX-License-Identifier: Apache-2.0
// What keeps a conversation from being forgotten, or ended too soon: silences, closes that take
// two.
#include <stdlib.h>
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

// ---- a close that takes two

void safety_close_answered(struct console *c, const Holdfast__V1__CloseAnswered *news)
{
	const struct talk *talk = talks_by_id(&c->talks, news->conversation);

	if (talk)
		view_note(c->view, talk->number, "your close is %s%s%s%s%s", news->verdict,
		        *news->by ? " by " : "", news->by, *news->reason ? ": " : "", news->reason);
	else
		view_you(c->view, "the close of %s is %s%s%s", news->conversation, news->verdict,
		        *news->by ? " by " : "", news->by);
}

// A request about a conversation that is not ours needs its epoch: it is asked for first.
struct about {
	struct console *console;
	Frame *request;
	uint64_t *epoch; // in it
	const char *done;
};

static void on_epoch(const Frame *answer, void *arg)
{
	struct about *a = arg;
	struct console *c = a->console;
	const char *text;
	bool known = client_answered(answer, HOLDFAST__V1__FRAME__BODY_CONVERSATION, &text);

	if (known)
		*a->epoch = answer->conversation->epoch;
	else
		view_error(c->view, "not done: %s", text);
	if (!known)
		frame_free(a->request);
	if (!known || !commands_ask(c, a->request, NULL, a->done, NULL))
		commands_asked(c);
	free(a);
}

static bool ask_about(
        struct console *c, const char *id, Frame *request, uint64_t *epoch, const char *done)
{
	struct about *a = xcalloc(1, sizeof(*a));
	Frame *f = client_frame(HOLDFAST__V1__FRAME__BODY_GET_CONVERSATION);

	*a = (struct about){.console = c, .request = request, .epoch = epoch, .done = done};
	f->get_conversation->conversation = xstrdup(id);
	f->get_conversation->after_sequence = INT64_MAX; // none of its texts
	c->waiting = client_request(c->client, f, on_epoch, a);
	frame_free(f);
	if (c->waiting)
		return true;
	view_error(c->view, "no connection now; try again");
	frame_free(request);
	free(a);
	return false;
}

static bool answer_close(struct console *c, const char *rest, bool approve, const char *done)
{
	size_t len = strcspn(rest, " \t");
	const char *reason = rest + len + strspn(rest + len, " \t");
	Frame *f;

	if (!len) {
		view_error(c->view, "which conversation? For example: %s ID",
		        approve ? "/approve" : "/refuse");
		return false;
	}
	f = client_frame(HOLDFAST__V1__FRAME__BODY_ANSWER_CLOSE);
	f->answer_close->conversation = xstrndup(rest, len);
	f->answer_close->approve = approve;
	f->answer_close->reason = xstrdup(reason);
	return ask_about(c, f->answer_close->conversation, f, &f->answer_close->epoch, done);
}

bool run_approve(struct console *c, const char *rest)
{
	return answer_close(c, rest, true, "closed, with you as the second person");
}

bool run_refuse(struct console *c, const char *rest)
{
	return answer_close(c, rest, false, "refused: who asked goes on with it");
}
