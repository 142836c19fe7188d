// SPDX-License-Identifier: Apache-2.0
// Looks at those who wait, says what was decided, and sets when to look again.
#include "care.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forecast.h"
#include "history.h"
#include "say.h"
#include "silence.h"

// At a time, over all pools. Automatic texts wait rather than anything else: they have a sorted set
// of their own, so that their number delays no other timer.
#define OPEN_MOST 64
// More than may be open: those under way are still in the set.
#define BATCH 160
// Nobody is told twice a day that nobody is there.
#define TOLD_MS (INT64_C(12) * 3600 * 1000)

struct care_desk {
	struct strmap *busy; // conversation -> struct tending
};

struct tending {
	struct pool *pool;
	char conversation[POOL_ID_MAX];
	int64_t seen_ms; // its time, as read
	struct care_decision decision;
};

struct care_desk *care_new(void)
{
	struct care_desk *d = xcalloc(1, sizeof *d);
	d->busy = strmap_new();
	return d;
}

// After the link to Redis: all that was under way has been answered.
void care_free(struct care_desk *d)
{
	strmap_free(d->busy);
	free(d);
}

void care_configure(struct pool *p)
{
	const struct flow *f = p->flow;
	for (unsigned i = 0; i < p->config->intake_count; i++)
		if (text_question(
		            p->config->intake[i], &p->care.questions[p->care.questions_count]))
			p->care.questions_count++;
	for (unsigned i = 0; i < f->config->schedules_count; i++)
		if (strcmp(f->config->schedules[i].name, p->config->hours) == 0)
			p->hours = f->rotas[i];
}

static void tending_end(struct tending *t)
{
	strmap_remove(t->pool->flow->care->busy, t->conversation);
	free(t);
}

static void on_tended(const struct store_answer *a, void *arg)
{
	(void)a; // what was not moved is still due
	tending_end(arg);
}

static void look_next(struct tending *t, int64_t at_ms, const char *mark)
{
	store_tend(t->pool->flow->store, t->pool->config->name, t->conversation, t->seen_ms, at_ms,
	        mark, on_tended, t);
}

// ---- saying ----

static void on_said(enum store_code code, void *arg)
{
	struct tending *t = arg;
	int64_t now = flow_now(t->pool->flow);
	if (code == STORE_OK || code == STORE_DUPLICATE)
		look_next(t, now, "");
	else if (code == STORE_GONE)
		look_next(t, now, t->decision.mark);
	else if (code == STORE_NOT_FOUND)
		look_next(t, 0, "");
	else
		tending_end(t); // it is still due
}

static void opens(const struct pool *p, struct say_what *what)
{
	int64_t at = p->hours ? rota_next_start(p->hours, flow_now(p->flow)) : 0;
	if (at)
		rota_local(p->hours, at, &what->opens_weekday, &what->opens_minute);
}

static void speak(struct tending *t, const struct care_now *now)
{
	const struct care_decision *d = &t->decision;
	char when[24];
	struct say_what what = {.id = d->text,
	        .mark = d->mark,
	        .low_ms = now->low_ms,
	        .high_ms = now->high_ms,
	        .told_ms = d->once_a_day ? TOLD_MS : 0};
	snprintf(when, sizeof when, "%lld", (long long)d->promised_ms);
	if (d->promised_ms) {
		what.kept_field = "promised";
		what.kept = when;
	} else if (d->question) {
		what.kept_field = "asked";
		what.kept = "seq";
	} else if (d->text == TEXT_SURVEY) {
		snprintf(when, sizeof when, "%lld", (long long)now->now_ms);
		what.kept_field = "surveyed_at";
		what.kept = when;
	}
	opens(t->pool, &what);
	say(t->pool, t->conversation, &what, on_said, t);
}

// ---- deciding ----

static struct care_now how_things_stand(const struct pool *p, enum level level)
{
	struct care_now now = {.now_ms = flow_now(p->flow)};
	const struct forecast_state *look = forecast_state(p);
	// Whoever is here out of hours is here.
	bool after_hours =
	        p->hours && !rota_covers(p->hours, now.now_ms) && !(look && look->on_duty);
	// While others help out, an offline pool's texters are answered.
	bool helped = look && look->guests_on_duty > 0;
	now.offline = p->offline.is && !helped;
	now.closed = after_hours || now.offline;
	// When it will be online again nobody has said.
	now.opens_known = after_hours && !now.offline && rota_next_start(p->hours, now.now_ms) != 0;
	now.nobody = look && look->on_duty == 0;
	now.forecast = forecast_wait(p, level, &now.low_ms, &now.high_ms);
	return now;
}

// Nobody who was in danger is asked whether it helped, and nobody who had gone.
static bool may_be_surveyed(const struct pool *p, const struct redis_reply *r)
{
	bool silent = bytes_is(redis_bytes(redis_field(r, "outcome")), OUTCOME_SILENT);
	bool flagged = redis_bytes(redis_field(r, "flag_cause")).len > 0;
	return p->config->survey && !silent && !flagged;
}

static struct care care_of(const struct pool *p, const struct conversation_view *view,
        const struct redis_reply *r, const char *said)
{
	return (struct care){
	        .waits = view->state == CONVERSATION_WAITING || view->state == CONVERSATION_OFFERED,
	        .offered = view->state == CONVERSATION_OFFERED,
	        .reopened = view->reopened > 0,
	        .limited = view->limited_ms > 0,
	        .over = view->state >= CONVERSATION_WRAP_UP,
	        .survey = may_be_surveyed(p, r),
	        .closed_ms = redis_integer(redis_field(r, "closed_at")),
	        .level = view->level,
	        .enqueued_ms = view->enqueued_ms,
	        .said = said,
	        .said_at_ms = redis_integer(redis_field(r, "said_at")),
	        .asked = (uint64_t)redis_integer(redis_field(r, "asked")),
	        .last_in = (uint64_t)redis_integer(redis_field(r, "last_in")),
	        .last_in_ms = view->last_in_at_ms,
	        .promised_ms = redis_integer(redis_field(r, "promised")),
	};
}

static void decide(
        struct tending *t, const struct conversation_view *view, const struct redis_reply *reply)
{
	char *said = bytes_dup(redis_bytes(redis_field(reply, "said")));
	const struct care care = care_of(t->pool, view, reply, said);
	const struct care_now now = how_things_stand(t->pool, view->level);
	t->decision = care_decide(&care, &t->pool->care, &now);
	free(said);
	if (t->decision.speak)
		speak(t, &now);
	else
		look_next(t, t->decision.look_at_ms, "");
}

static void on_conversation(const struct store_answer *a, void *arg)
{
	struct tending *t = arg;
	struct conversation_view view;
	if (a->code != STORE_OK)
		tending_end(t);
	else if (conversation_view(a->reply, &view))
		decide(t, &view, a->reply);
	else
		look_next(t, 0, "");
}

// ---- whose time has come ----

static void tend(struct pool *p, struct bytes id, int64_t seen_ms)
{
	struct strmap *busy = p->flow->care->busy;
	struct tending *t = xcalloc(1, sizeof *t);
	t->pool = p;
	t->seen_ms = seen_ms;
	bytes_copy(id, t->conversation, sizeof t->conversation);
	if (strmap_get(busy, t->conversation)) {
		free(t);
		return;
	}
	strmap_put(busy, t->conversation, t);
	store_conversation(p->flow->store, p->config->name, t->conversation, on_conversation, t);
}

static void on_due(const struct store_answer *a, void *arg)
{
	struct pool *p = arg;
	struct flow *f = p->flow;
	p->tending = false;
	if (a->code != STORE_OK || f->draining)
		return;
	for (size_t i = 0; i + 1 < redis_count(a->reply); i += 2) {
		if (strmap_count(f->care->busy) >= OPEN_MOST)
			return;
		tend(p, redis_bytes(redis_at(a->reply, i)),
		        redis_integer(redis_at(a->reply, i + 1)));
	}
}

void care_sweep(struct pool *p)
{
	if (p->tending || p->flow->draining)
		return;
	p->tending = true;
	store_tending(p->flow->store, p->config->name, flow_now(p->flow), BATCH, on_due, p);
}
