// SPDX-License-Identifier: Apache-2.0
// A conversation changes hands: transfer, giving back, take-over by a supervisor.
#include "hand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "capacity.h"
#include "flow/desk.h"
#include "history.h"
#include "notes.h"

#define SUMMARY_MIN 10
#define SUMMARY_MAX 600
#define REASON_MAX  200

// ---- giving back ----

static void on_given(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	if (a->code == STORE_OK)
		log_info("conversation=%s event=given_back staff=%s", r->conversation, r->name);
	request_end(r, store_code_err(a->code),
	        a->code == STORE_FULL ? "There are too many notes on this conversation." : NULL);
}

static void give(struct request *r, const char *reason, const struct store_note *note)
{
	struct store_claim claim = request_claim(r);
	store_give_away(r->flow->store, &claim, reason, note, &r->pool->within, on_given, r);
}

static void release_noted(
        struct request *r, struct conversation_view *view, const struct store_note *note)
{
	(void)view;
	give(r, "given_back", note);
}

void desk_release(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__Release *in = frame->release;
	if (!note_fits(in->reason, 1, REASON_MAX)) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST,
		        "reason must have 1 to 200 characters.");
		return;
	}
	struct request *r = request_begin(f, session, frame, in->conversation, in->epoch);
	if (r)
		note_make(r, in->reason, release_noted);
}

// ---- transfer ----

static const struct {
	enum store_code code;
	const char *why;
	const char *text;
} transfer_refusals[] = {
        {STORE_GONE, "", "That counselor is not here, or is away."},
        {STORE_FULL, "to", "That counselor has no room now."},
        {STORE_FULL, "notes", "There are too many notes on this conversation."},
        {STORE_CONFLICT, "open", "Somebody else has been asked already: wait for the answer."},
        {STORE_CONFLICT, "self", "You hold it yourself."},
        {STORE_CONFLICT, "knows", "That counselor knows the texter."},
};

static void on_transfer(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	const char *text = a->code == STORE_OK ? "Asked. Until they accept, you hold it." : NULL;
	struct bytes why = redis_bytes(redis_at(a->reply, 1));
	for (size_t i = 0; i < sizeof transfer_refusals / sizeof transfer_refusals[0]; i++)
		if (a->code == transfer_refusals[i].code && bytes_is(why, transfer_refusals[i].why))
			text = transfer_refusals[i].text;
	if (a->code == STORE_OK)
		log_info("conversation=%s event=transfer_asked staff=%s to=%s", r->conversation,
		        r->name, (const char *)r->more);
	free(r->more);
	request_end(r, store_code_err(a->code), text);
}

static void transfer_noted(
        struct request *r, struct conversation_view *view, const struct store_note *note)
{
	char *to = r->more;
	(void)view;
	if (!*to) {
		free(to);
		r->more = NULL;
		give(r, "transfer", note);
		return;
	}
	struct store_claim claim = request_claim(r);
	store_transfer(r->flow->store, &claim, to, (int64_t)r->pool->config->offer_s * 1000, note,
	        on_transfer, r);
}

void desk_transfer(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__Transfer *in = frame->transfer;
	const char *mistake = NULL;
	if (!note_fits(in->summary, SUMMARY_MIN, SUMMARY_MAX))
		mistake = "summary must have 10 to 600 characters: the next one reads it first.";
	else if (strlen(in->to) > 32)
		mistake = "to must be a counselor's name, or empty for the queue.";
	if (mistake) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST, mistake);
		return;
	}
	struct request *r = request_begin(f, session, frame, in->conversation, in->epoch);
	if (!r)
		return;
	r->more = xstrdup(in->to);
	note_make(r, in->summary, transfer_noted);
}

// ---- the other one answers ----

static void on_taken(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	if (a->code != STORE_OK) {
		request_end_code(r, a->code);
		return;
	}
	uint64_t page = (uint64_t)redis_integer(redis_at(a->reply, 1));
	log_info("conversation=%s event=%s staff=%s epoch=%llu", r->conversation,
	        r->more ? (const char *)r->more : "transferred", r->name,
	        (unsigned long long)r->epoch);
	if (page)
		store_page_resolve(
		        r->flow->store, r->pool->config->name, page, r->conversation, NULL, NULL);
	r->more = NULL;
	request_show(r);
}

static bool csv_has(const char *csv, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = csv; *at; at += strspn(at, ",")) {
		size_t n = strcspn(at, ",");
		if (n == len && memcmp(at, name, len) == 0)
			return true;
		at += n;
	}
	return false;
}

// An imminent one is offered to several: this one was the first.
static void on_accepted_also(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	metric_inc(M_OFFERS, a->code == STORE_OK ? "accepted" : "late");
	if (a->code == STORE_OK)
		capacity_settle(r->flow, r->name);
	r->more = (void *)"accepted"; // for the log
	on_taken(a, r);
}

static void on_accept_read(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	struct conversation_view view;
	struct store_claim claim = request_claim(r);
	if (a->code != STORE_OK)
		request_end_code(r, a->code);
	else if (conversation_view(a->reply, &view) &&
	         (strcmp(view.transfer_to, r->name) == 0 || strcmp(view.holder, r->name) == 0))
		store_transfer_take(r->flow->store, &claim, view.holder, on_taken, r);
	else if (conversation_view(a->reply, &view) && csv_has(view.also, r->name))
		store_accept_also(r->flow->store, &claim, view.holder, on_accepted_also, r);
	else {
		metric_inc(M_OFFERS, "late");
		request_end_code(r, STORE_GONE);
	}
}

void hand_accept(struct request *r)
{
	store_conversation(
	        r->flow->store, r->pool->config->name, r->conversation, on_accept_read, r);
}

static void on_declined(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	if (a->code == STORE_OK)
		log_info("conversation=%s event=transfer_declined staff=%s", r->conversation,
		        r->name);
	request_end_code(r, a->code);
}

void hand_decline(struct request *r)
{
	struct store_claim claim = request_claim(r);
	store_transfer_end(r->flow->store, &claim, "declined", on_declined, r);
}

// ---- when nobody answers ----

struct lapse {
	struct pool *pool;
	char conversation[POOL_ID_MAX];
	char member[96];
	char score[32];
};

static void on_lapsed(const struct store_answer *a, void *arg)
{
	struct lapse *l = arg;
	if (a->code == STORE_OK)
		log_info("conversation=%s event=transfer_expired", l->conversation);
	else if (a->code == STORE_GONE)
		store_settle(l->pool->flow->store, l->pool->config->name, l->member,
		        bytes_str(l->score), NULL, NULL);
	free(l);
}

static void on_due(const struct store_answer *a, void *arg)
{
	struct lapse *l = arg;
	struct conversation_view view = {0};
	if (a->code != STORE_OK) {
		free(l);
		return;
	}
	conversation_view(a->reply, &view);
	struct store_claim claim = {
	        l->pool->config->name, l->conversation, view.transfer_to, view.epoch};
	store_transfer_end(l->pool->flow->store, &claim, "expired", on_lapsed, l);
}

void hand_due(struct pool *p, const char *conversation, const char *member, const char *score)
{
	struct lapse *l = xcalloc(1, sizeof *l);
	l->pool = p;
	snprintf(l->conversation, sizeof l->conversation, "%s", conversation);
	snprintf(l->member, sizeof l->member, "%s", member);
	snprintf(l->score, sizeof l->score, "%s", score);
	store_conversation(p->flow->store, p->config->name, l->conversation, on_due, l);
}

// ---- a console is gone ----

struct lost {
	struct pool *pool;
	char conversation[POOL_ID_MAX];
	char name[33];
};

static void on_lost_read(const struct store_answer *a, void *arg)
{
	struct lost *l = arg;
	struct conversation_view view;
	if (a->code == STORE_OK && conversation_view(a->reply, &view)) {
		struct store_claim claim = {
		        l->pool->config->name, l->conversation, l->name, view.epoch};
		if (strcmp(view.transfer_to, l->name) == 0)
			store_transfer_end(l->pool->flow->store, &claim, "withdrawn", NULL, NULL);
		else
			store_leave(l->pool->flow->store, &claim, "transfer", NULL, NULL);
	}
	free(l);
}

static void lose(struct lost *all, const struct redis_reply *id, const struct redis_reply *how)
{
	struct lost *one = xcalloc(1, sizeof *one);
	*one = *all;
	bytes_copy(redis_bytes(id), one->conversation, sizeof one->conversation);
	if (bytes_is(redis_bytes(how), "transfer")) {
		store_conversation(one->pool->flow->store, one->pool->config->name,
		        one->conversation, on_lost_read, one);
		return;
	}
	char *session = bytes_dup(redis_bytes(how));
	struct store_claim claim = {one->pool->config->name, one->conversation, one->name, 0};
	store_leave(one->pool->flow->store, &claim, session, NULL, NULL);
	free(session);
	free(one);
}

static void on_with(const struct store_answer *a, void *arg)
{
	struct lost *all = arg;
	for (size_t i = 0; a->code == STORE_OK && i + 1 < redis_count(a->reply); i += 2)
		lose(all, redis_at(a->reply, i), redis_at(a->reply, i + 1));
	free(all);
}

void hand_lost(struct pool *p, const char *name)
{
	struct lost *all = xcalloc(1, sizeof *all);
	all->pool = p;
	snprintf(all->name, sizeof all->name, "%s", name);
	store_with(p->flow->store, p->config->name, name, on_with, all);
}

// ---- take-over ----

static void take_over_noted(
        struct request *r, struct conversation_view *view, const struct store_note *note)
{
	struct store_claim claim = request_claim(r);
	r->more = (void *)"taken_over"; // for the log, by on_taken
	store_take_over(r->flow->store, &claim, view->holder, note, on_taken, r);
}

void desk_take_over(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__TakeOver *in = frame->take_over;
	if (!note_fits(in->reason, 1, REASON_MAX)) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST,
		        "reason must have 1 to 200 characters.");
		return;
	}
	struct request *r = request_begin(f, session, frame, in->conversation, in->epoch);
	if (r)
		note_make(r, in->reason, take_over_noted);
}
