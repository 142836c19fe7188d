// SPDX-License-Identifier: Apache-2.0
// The end of a conversation, and what the counselor leaves behind: close, the second person's word
// where it takes two, and wrap-up.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anchor.h"
#include "answer.h"
#include "base/log.h"
#include "history.h"
#include "notes.h"
#include "staff.h"
#include "word.h"

#define SUMMARY_BAD "summary must have at most 1,000 characters."
#define NOTES_FULL  "There are too many notes on this conversation: leave the summary out."

// ---- what is left behind ----

// Comma-separated; false when it is not as it must be.
static bool take_tags(char *const *tags, size_t count, char out[static TAGS_TEXT_MAX])
{
	size_t at = 0;
	out[0] = '\0';
	if (count > TAGS_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!tags[i][0] || !word_ok(tags[i]))
			return false;
		at += (size_t)snprintf(out + at, TAGS_TEXT_MAX - at, "%s%s", i ? "," : "", tags[i]);
	}
	return true;
}

// What is wrong with it, for people; NULL when it is right.
static const char *take_record(
        char *const *tags, size_t tags_count, const char *summary, char out[static TAGS_TEXT_MAX])
{
	if (!take_tags(tags, tags_count, out))
		return "tags must be at most 16, each 1 to 32 characters of a-z, 0-9, _ and -.";
	return note_fits(summary, 0, NOTE_MAX) ? NULL : SUMMARY_BAD;
}

// ---- wrap-up ----

static void on_finished(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	const char *text = NULL;
	if (a->code == STORE_OK) {
		log_info("conversation=%s event=closed staff=%s", r->conversation, r->name);
		anchor_log(r->pool, r->conversation);
		text = "Closed.";
	} else if (a->code == STORE_FULL) {
		text = NOTES_FULL;
	}
	request_end(r, store_code_err(a->code), text);
}

static void finish_noted(
        struct request *r, struct conversation_view *view, const struct store_note *note)
{
	(void)view;
	char *tags = r->more;
	const struct store_exposure exposure = pool_exposure(r->pool);
	struct store_claim claim = request_claim(r);
	store_finish_with(r->flow->store, &claim, &exposure, tags, note, on_finished, r);
	free(tags);
}

void desk_finish_wrap_up(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__FinishWrapUp *in = frame->finish_wrap_up;
	char tags[TAGS_TEXT_MAX];
	const char *wrong = take_record(in->tags, in->n_tags, in->summary, tags);
	if (wrong) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST, wrong);
		return;
	}
	struct request *r = request_begin(f, session, frame, in->conversation, in->epoch);
	if (!r)
		return;
	r->more = xstrdup(tags);
	note_make(r, in->summary, finish_noted);
}

// ---- close ----

// Plain memory until the summary is sealed.
struct closing {
	char outcome[WORD_MAX + 1];
	char tags[TAGS_TEXT_MAX];
	uint64_t seen;
	bool alone; // there is no other supervisor to agree
	uint64_t flag_page;
	char line[24];
	char texter[VAULT_HASH_LEN + 1];
	char note[ID_LEN + 1]; // "": no summary
	struct buf sealed;
};

static void closing_free(struct closing *c)
{
	buf_free(&c->sealed);
	free(c);
}

// What pages because of a flag ends with the conversation.
static void end_flag(const struct request *r, uint64_t page)
{
	if (page)
		store_page_resolve(
		        r->flow->store, r->pool->config->name, page, r->conversation, NULL, NULL);
}

static void on_closed(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	struct closing *c = r->more;
	if (a->code == STORE_OK)
		end_flag(r, c->flag_page);
	closing_free(c);
	if (a->code == STORE_APPROVAL)
		log_info("conversation=%s event=close_asked staff=%s", r->conversation, r->name);
	if (a->code != STORE_OK) {
		request_end(r, store_code_err(a->code), a->code == STORE_FULL ? NOTES_FULL : NULL);
		return;
	}
	if (r->pool->config->wrap_up_s > 0) {
		request_end(r, ERR_NONE,
		        "Closed. Your slot is free when you have finished your notes.");
		return;
	}
	// No wrap-up time: the slot is free at once. Were we to die here, the due timer does it.
	const struct store_exposure exposure = pool_exposure(r->pool);
	struct store_claim claim = request_claim(r);
	store_finish(r->flow->store, &claim, &exposure, on_finished, r);
}

static void close_it(struct request *r)
{
	const struct closing *c = r->more;
	const struct store_note note = {c->note, buf_bytes(&c->sealed)};
	const struct store_closing closing = {.outcome = c->outcome,
	        .wrap_up_ms = (int64_t)r->pool->config->wrap_up_s * 1000,
	        .seen = c->seen,
	        .line = c->line,
	        .texter = c->texter,
	        .least = r->pool->two_person_least,
	        .alone = c->alone,
	        .reopen_ms = (int64_t)r->pool->config->reopen_s * 1000,
	        .survey = r->pool->config->survey,
	        .tags = c->tags,
	        .note = c->note[0] ? &note : NULL};
	struct store_claim claim = request_claim(r);
	store_close(r->flow->store, &claim, &closing, on_closed, r);
}

static bool is_supervisor(const struct pool *p, const char *name)
{
	const struct staff_member *m = staff_find(p->flow->staff, name);
	return m && m->roles & ROLE_SUPERVISOR && staff_serves(m, p->config->name);
}

// Who is gone but within their grace counts as here: better two who cannot reach each other for a
// moment than one who decides alone.
static void on_signed_in(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	struct closing *c = r->more;
	bool other = a->code != STORE_OK;
	for (size_t i = 0; !other && i + 1 < redis_count(a->reply); i += 2) {
		char name[33];
		bytes_copy(redis_bytes(redis_at(a->reply, i)), name, sizeof name);
		other = strcmp(name, r->name) != 0 && is_supervisor(r->pool, name);
	}
	c->alone = !other;
	if (c->alone)
		log_warn("conversation=%s event=close_alone staff=%s", r->conversation, r->name);
	close_it(r);
}

static bool is_for_two(const struct pool *p, const struct conversation_view *view)
{
	return p->two_person_least && view->level >= p->two_person_least;
}

static void close_noted(
        struct request *r, struct conversation_view *view, const struct store_note *note)
{
	struct closing *closing = r->more;
	closing->flag_page = view->flag_page;
	memcpy(closing->line, view->line, sizeof closing->line);
	memcpy(closing->texter, view->texter, sizeof closing->texter);
	if (note) {
		snprintf(closing->note, sizeof closing->note, "%s", note->id);
		buf_append_bytes(&closing->sealed, note->sealed);
	}
	if (is_for_two(r->pool, view) && is_supervisor(r->pool, r->name))
		store_signed_in(r->flow->store, r->pool->config->name, on_signed_in, r);
	else
		close_it(r);
}

// What is wrong with it, for people; NULL when it is right.
static const char *take_close(const Holdfast__V1__Close *in, char tags[static TAGS_TEXT_MAX])
{
	if (!in->outcome[0] || !word_ok(in->outcome))
		return "outcome must be 1 to 32 characters of a-z, 0-9, _ and -.";
	return take_record(in->tags, in->n_tags, in->summary, tags);
}

void desk_close(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__Close *in = frame->close;
	char tags[TAGS_TEXT_MAX];
	const char *wrong = take_close(in, tags);
	if (wrong) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST, wrong);
		return;
	}
	struct request *r = request_begin(f, session, frame, in->conversation, in->epoch);
	if (!r)
		return;
	struct closing *closing = xcalloc(1, sizeof *closing);
	snprintf(closing->outcome, sizeof closing->outcome, "%s", in->outcome);
	memcpy(closing->tags, tags, sizeof closing->tags);
	closing->seen = in->sequence;
	r->more = closing;
	note_make(r, in->summary, close_noted);
}

// ---- the second person's word ----

struct word {
	bool approve;
	uint64_t flag_page;
	char reason[WORD_MAX + 1];
};

static void end_answered(struct request *r, const struct store_answer *a, bool approve)
{
	struct bytes why = redis_bytes(redis_at(a->reply, 1));
	if (a->code == STORE_OK)
		request_end(r, ERR_NONE, approve ? "Closed." : "Told: it goes on.");
	else if (a->code == STORE_CONFLICT && bytes_is(why, "self"))
		request_end(r, ERR_FORBIDDEN, "Another person must agree to it.");
	else if (a->code == STORE_CONFLICT)
		request_end(r, ERR_CONFLICT, "No close of this conversation waits for an answer.");
	else
		request_end_code(r, a->code);
}

static void on_answered(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	struct word *w = r->more;
	bool approve = w->approve;
	char holder[33];
	if (a->code == STORE_OK) {
		if (approve)
			end_flag(r, w->flag_page);
		bytes_copy(redis_bytes(redis_at(a->reply, 1)), holder, sizeof holder);
		log_info("conversation=%s event=%s staff=%s holder=%s", r->conversation,
		        approve ? "close_approved" : "close_refused", r->name, holder);
		const struct store_exposure exposure = pool_exposure(r->pool);
		const struct store_claim claim = {
		        r->pool->config->name, r->conversation, holder, r->epoch};
		if (approve && r->pool->config->wrap_up_s == 0)
			store_finish(r->flow->store, &claim, &exposure, NULL, NULL);
	}
	free(w);
	end_answered(r, a, approve);
}

static void on_answer_read(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	struct word *w = r->more;
	struct conversation_view view;
	if (a->code != STORE_OK || !conversation_view(a->reply, &view)) {
		free(r->more);
		request_end_code(r, a->code == STORE_OK ? STORE_NOT_FOUND : a->code);
		return;
	}
	w->flag_page = view.flag_page;
	struct store_claim claim = request_claim(r);
	const struct store_closing closing = {
	        .wrap_up_ms = (int64_t)r->pool->config->wrap_up_s * 1000,
	        .line = view.line,
	        .texter = view.texter,
	        .reopen_ms = (int64_t)r->pool->config->reopen_s * 1000,
	        .survey = r->pool->config->survey};
	store_close_answer(r->flow->store, &claim, &closing, w->approve, w->reason, on_answered, r);
}

void desk_answer_close(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__AnswerClose *in = frame->answer_close;
	if (!word_ok(in->reason)) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST,
		        "reason must be one word for the record, such as not_yet, of at most 32 "
		        "characters a-z, 0-9, _ and -. What is longer is a note.");
		return;
	}
	struct request *r = request_begin_own(f, session, frame, in->conversation, in->epoch);
	if (!r)
		return;
	struct word *w = xcalloc(1, sizeof *w);
	w->approve = in->approve;
	snprintf(w->reason, sizeof w->reason, "%s", in->reason);
	r->more = w;
	store_conversation(f->store, r->pool->config->name, r->conversation, on_answer_read, r);
}
