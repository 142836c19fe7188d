// SPDX-License-Identifier: Apache-2.0
// What staff write about a conversation: whispers to those who are in it, notes for whoever has it
// next.
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/log.h"
#include "notes.h"

#define WHISPER_MAX 600

static void on_noted(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	const char *text = NULL;
	if (a->code == STORE_OK)
		log_info("conversation=%s event=noted staff=%s", r->conversation, r->name);
	else if (a->code == STORE_FULL)
		text = "There are too many notes on this conversation.";
	else if (a->code == STORE_CONFLICT)
		text = "Nobody has it now: nobody would read it.";
	request_end(r, store_code_err(a->code), text);
}

static void on_made(
        struct request *r, struct conversation_view *view, const struct store_note *note)
{
	const struct session *s = session_find(r->flow, r->session);
	struct store_claim claim = request_claim(r);
	bool in_it = strcmp(view->holder, r->name) == 0 || view_present(view, r->name);
	char *kind = r->more;
	if (session_supervises(s, r->pool) || (s && in_it))
		store_note(r->flow->store, &claim, kind, note, on_noted, r);
	else
		request_end(r, ERR_FORBIDDEN, "Only who is in a conversation may write there.");
	free(kind);
}

static void write_down(struct flow *f, uint64_t session, const Frame *frame,
        const char *conversation, const char *text, const char *kind)
{
	struct request *r = request_begin(f, session, frame, conversation, 0);
	if (!r)
		return;
	r->more = xstrdup(kind);
	note_make(r, text, on_made);
}

void desk_whisper(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__Whisper *in = frame->whisper;
	if (note_fits(in->text, 1, WHISPER_MAX))
		write_down(f, session, frame, in->conversation, in->text, "whisper");
	else
		answer_result(f, session, frame->id, ERR_BAD_REQUEST,
		        "text must have 1 to 600 characters.");
}

void desk_add_note(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__AddNote *in = frame->add_note;
	if (note_fits(in->text, 1, NOTE_MAX))
		write_down(f, session, frame, in->conversation, in->text,
		        in->summary ? "summary" : "note");
	else
		answer_result(f, session, frame->id, ERR_BAD_REQUEST,
		        "text must have 1 to 1,000 characters.");
}
