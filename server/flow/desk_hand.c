// SPDX-License-Identifier: Apache-2.0
// A conversation changes hands: transfer, giving back, take-over by a supervisor.
#include "hand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/log.h"
#include "base/metrics.h"
#include "capacity.h"
#include "core/skills.h"
#include "flow/desk.h"
#include "history.h"
#include "notes.h"
#include "successor.h"

#define SUMMARY_MIN 10
#define SUMMARY_MAX 600
#define REASON_MAX  200
#define NO_ROOM     "That counselor has no room now."

// ---- giving back ----

static void on_given(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	if (a->code == STORE_OK)
		log_info("conversation=%s event=given_back staff=%s", r->conversation, r->name);
	request_end(r, store_code_err(a->code),
	        a->code == STORE_FULL ? "There are too many notes on this conversation." : NULL);
}

static void give(
        struct request *r, const char *reason, const char *skill, const struct store_note *note)
{
	struct store_claim claim = request_claim(r);
	store_give_away(r->flow->store, &claim, reason, skill, note, &r->pool->within, on_given, r);
}

static void release_noted(
        struct request *r, struct conversation_view *view, const struct store_note *note)
{
	(void)view;
	give(r, "given_back", "", note);
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

// Of one request: where it goes, and what goes with it. In r->more.
struct passing {
	char to[33];    // "" is the queue
	char skill[33]; // "" is none
	char summary[];
};

static const struct {
	enum store_code code;
	const char *why;
	const char *text;
} transfer_refusals[] = {
        {STORE_GONE, "", "That counselor is not here, or is away."},
        {STORE_FULL, "to", NO_ROOM},
        {STORE_FULL, "notes", "There are too many notes on this conversation."},
        {STORE_CONFLICT, "open", "Somebody else has been asked already: wait for the answer."},
        {STORE_CONFLICT, "self", "You hold it yourself."},
        {STORE_CONFLICT, "knows", "That counselor knows the texter."},
};

static void on_transfer(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	struct passing *p = r->more;
	const char *text = a->code == STORE_OK ? "Asked. Until they accept, you hold it." : NULL;
	struct bytes why = redis_bytes(redis_at(a->reply, 1));
	for (size_t i = 0; i < sizeof transfer_refusals / sizeof transfer_refusals[0]; i++)
		if (a->code == transfer_refusals[i].code && bytes_is(why, transfer_refusals[i].why))
			text = transfer_refusals[i].text;
	if (a->code == STORE_OK)
		log_info("conversation=%s event=transfer_asked staff=%s to=%s skill=%s",
		        r->conversation, r->name, p->to, p->skill);
	free(p);
	request_end(r, store_code_err(a->code), text);
}

static void transfer_noted(
        struct request *r, struct conversation_view *view, const struct store_note *note)
{
	struct passing *p = r->more;
	(void)view;
	if (!p->to[0]) {
		r->more = NULL;
		give(r, "transfer", p->skill, note);
		free(p);
		return;
	}
	struct store_claim claim = request_claim(r);
	store_transfer(r->flow->store, &claim, p->to, p->skill,
	        (int64_t)r->pool->config->offer_s * 1000, note, on_transfer, r);
}

static void on_room(bool fits, void *arg)
{
	struct request *r = arg;
	struct passing *p = r->more;
	if (fits) {
		note_make(r, p->summary, transfer_noted);
		return;
	}
	free(p);
	request_end(r, ERR_FULL, NO_ROOM);
}

// When nobody with the skill is free, it waits for one in the queue.
static void on_successor(const char *name, void *arg)
{
	struct request *r = arg;
	struct passing *p = r->more;
	snprintf(p->to, sizeof p->to, "%s", name);
	note_make(r, p->summary, transfer_noted);
}

static const char *find_mistake(const Holdfast__V1__Transfer *in)
{
	if (!note_fits(in->summary, SUMMARY_MIN, SUMMARY_MAX))
		return "summary must have 10 to 600 characters: the next one reads it first.";
	if (strlen(in->to) > 32)
		return "to must be a counselor's name, or empty for the queue.";
	if (in->skill[0] && (in->to[0] || in->skill[0] == SKILL_NOT || !config_is_skill(in->skill)))
		return "skill must be a skill of the staff, such as lang:es, and to empty.";
	return NULL;
}

void desk_transfer(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__Transfer *in = frame->transfer;
	const char *mistake = find_mistake(in);
	if (mistake) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST, mistake);
		return;
	}
	struct request *r = request_begin(f, session, frame, in->conversation, in->epoch);
	if (!r)
		return;
	if (in->skill[0] && !successor_exists(f, r->pool, in->skill)) {
		request_end(r, ERR_NOT_FOUND, "Nobody of this pool has that skill.");
		return;
	}
	size_t size = strlen(in->summary) + 1;
	struct passing *p = xcalloc(1, sizeof *p + size);
	memcpy(p->summary, in->summary, size);
	snprintf(p->to, sizeof p->to, "%s", in->to);
	snprintf(p->skill, sizeof p->skill, "%s", in->skill);
	r->more = p;
	if (p->skill[0])
		successor_find(r->pool, r->conversation, p->skill, on_successor, r);
	else if (p->to[0])
		capacity_ask(f, p->to, r->conversation, on_room, r);
	else
		note_make(r, p->summary, transfer_noted);
}

// ---- a transfer ends without an accept ----

struct ending {
	struct pool *pool;
	char conversation[POOL_ID_MAX];
	char to[33];
	char giver[33];
	char skill[33];
	uint64_t epoch;
	const char *why;
	store_fn fn;
	void *arg;
};

static void on_ended(const struct store_answer *a, void *arg)
{
	struct ending *e = arg;
	char then[16];
	bytes_copy(redis_bytes(redis_at(a->reply, 1)), then, sizeof then);
	if (a->code == STORE_OK)
		log_info("conversation=%s event=transfer_%s staff=%s then=%s", e->conversation,
		        e->why, e->to, then);
	if (e->fn)
		e->fn(a, e->arg);
	free(e);
}

static void on_next(const char *name, void *arg)
{
	struct ending *e = arg;
	const struct pool *p = e->pool;
	struct store_claim claim = {p->config->name, e->conversation, e->to, e->epoch};
	const struct store_ending ending = {.why = e->why,
	        .giver = e->giver,
	        .next = name,
	        .transfer_ms = (int64_t)p->config->offer_s * 1000,
	        .within = &p->within};
	store_transfer_end(p->flow->store, &claim, &ending, on_ended, e);
}

// Of the transfer that the view shows; one for a skill goes to somebody else.
static void end_transfer(struct pool *p, const char *conversation,
        const struct conversation_view *view, const char *why, store_fn fn, void *arg)
{
	struct ending *e = xcalloc(1, sizeof *e);
	*e = (struct ending){.pool = p, .epoch = view->epoch, .why = why, .fn = fn, .arg = arg};
	snprintf(e->conversation, sizeof e->conversation, "%s", conversation);
	snprintf(e->to, sizeof e->to, "%s", view->transfer_to);
	snprintf(e->giver, sizeof e->giver, "%s", view->holder);
	snprintf(e->skill, sizeof e->skill, "%s", view->transfer_skill);
	if (e->skill[0] && e->to[0])
		successor_find(p, e->conversation, e->skill, on_next, e);
	else
		on_next("", e);
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
	request_end_code(arg, a->code);
}

static void on_decline_read(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	struct conversation_view view;
	if (a->code != STORE_OK)
		request_end_code(r, a->code);
	else if (conversation_view(a->reply, &view) && strcmp(view.transfer_to, r->name) == 0 &&
	         view.epoch == r->epoch)
		end_transfer(r->pool, r->conversation, &view, "declined", on_declined, r);
	else
		request_end_code(r, STORE_GONE);
}

void hand_decline(struct request *r)
{
	store_conversation(
	        r->flow->store, r->pool->config->name, r->conversation, on_decline_read, r);
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
	if (a->code == STORE_GONE)
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
	end_transfer(l->pool, l->conversation, &view, "expired", on_lapsed, l);
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
			end_transfer(l->pool, l->conversation, &view, "withdrawn", NULL, NULL);
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
	struct request *r = request_begin_own(f, session, frame, in->conversation, in->epoch);
	if (r)
		note_make(r, in->reason, take_over_noted);
}
