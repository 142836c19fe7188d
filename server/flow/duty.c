// SPDX-License-Identifier: Apache-2.0
// What counselors say of themselves: available, away, on a break, until when.
#include "duty.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/log.h"
#include "presence.h"

#define BREAK_MS     (15 * 60 * 1000)
#define BREAK_MS_MAX (4 * 60 * 60 * 1000)
#define SHIFT_MS_MAX (24 * 60 * 60 * 1000)

static const struct {
	Holdfast__V1__Presence presence;
	const char *name;
} presences[] = {
        {HOLDFAST__V1__PRESENCE__PRESENCE_AWAY, "away"},
        {HOLDFAST__V1__PRESENCE__PRESENCE_AVAILABLE, "available"},
        {HOLDFAST__V1__PRESENCE__PRESENCE_BREAK, "break"},
};
#define PRESENCES (sizeof presences / sizeof *presences)

Holdfast__V1__Presence presence_named(struct bytes name)
{
	for (size_t i = 0; i < PRESENCES; i++)
		if (bytes_is(name, presences[i].name))
			return presences[i].presence;
	return HOLDFAST__V1__PRESENCE__PRESENCE_AWAY;
}

static const char *name_of(Holdfast__V1__Presence p)
{
	for (size_t i = 0; i < PRESENCES; i++)
		if (presences[i].presence == p)
			return presences[i].name;
	return NULL;
}

// ---- saying so, in each pool ----

struct change {
	struct request *request;
	const char *presence; // static, or NULL: it stays
	size_t open;
	enum store_code code;
};

// Who is not there is not asked any more: what is offered to them goes back at once.
static void withdraw_offers(const struct change *c)
{
	const struct session *s = session_find(c->request->flow, c->request->session);
	for (size_t i = 0; s && i < s->pools_count; i++)
		presence_withdraw_offers(s->pools[i], s->name);
}

static void on_changed(const struct store_answer *a, void *arg)
{
	struct change *c = arg;
	if (a->code != STORE_OK)
		c->code = a->code;
	if (--c->open > 0)
		return;
	if (c->code == STORE_OK && c->presence) {
		log_info("event=presence staff=%s presence=%s", c->request->name, c->presence);
		if (strcmp(c->presence, "available") != 0)
			withdraw_offers(c);
	}
	struct session *s = session_find(c->request->flow, c->request->session);
	struct flow *f = c->request->flow;
	request_end_code(c->request, c->code);
	// Redis has forgotten this session, after a pause of ours for instance: it must sign in
	// again.
	if (s && c->code == STORE_STALE)
		session_dismiss(f, s, "resync");
	free(c);
}

static void say_presence(struct change *c, const struct session *s, int64_t until_ms)
{
	struct store *store = c->request->flow->store;
	for (size_t i = 0; i < s->pools_count; i++) {
		const char *pool = s->pools[i]->config->name;
		c->open++;
		if (strcmp(c->presence, "break") == 0)
			store_take_break(store, pool, s->name, s->sid, until_ms, on_changed, c);
		else
			store_set_presence(
			        store, pool, s->name, s->sid, c->presence, on_changed, c);
	}
}

static void say_shift(struct change *c, const struct session *s)
{
	for (size_t i = 0; i < s->pools_count; i++) {
		c->open++;
		store_set_shift(c->request->flow->store, s->pools[i]->config->name, s->name, s->sid,
		        s->shift_end_ms, on_changed, c);
	}
}

// ---- the end of a shift ----

// By the schedule of one of their pools; 0 when none knows them.
static int64_t shift_end(const struct session *s, int64_t now)
{
	for (size_t i = 0; i < s->own_count; i++) {
		const struct rota *r = flow_rota(s->pools[i]->flow, s->pools[i]->config->shifts);
		int64_t end = r ? rota_until(r, s->name, now) : 0;
		if (end > 0)
			return end;
	}
	return 0;
}

static void tell_ending(uint64_t id, void *value, void *arg)
{
	struct session *s = value;
	struct flow *f = arg;
	int64_t drain_ms = 0;
	for (size_t i = 0; i < s->pools_count; i++) {
		int64_t one = (int64_t)s->pools[i]->config->drain_before_s * 1000;
		drain_ms = one > drain_ms ? one : drain_ms;
	}
	if (s->shift_end_ms == 0 || s->shift_told || flow_now(f) < s->shift_end_ms - drain_ms)
		return;
	Holdfast__V1__ShiftEnding news = HOLDFAST__V1__SHIFT_ENDING__INIT;
	news.shift_end_ms = s->shift_end_ms;
	s->shift_told = true;
	answer_frame(f, id, 0, HOLDFAST__V1__FRAME__BODY_SHIFT_ENDING, &news);
}

void duty_round(struct flow *f)
{
	idmap_each(f->sessions, tell_ending, f);
}

// ---- a break ----

static void on_break_over(const struct store_answer *a, void *arg)
{
	(void)arg;
	if (a->code == STORE_OK)
		log_info("event=break_over");
}

void duty_break_over(struct pool *p, const char *name)
{
	store_end_break(p->flow->store, p->config->name, name, on_break_over, NULL);
}

// ---- the request ----

static const char *mistake(const struct flow *f, const Holdfast__V1__SetPresence *in)
{
	int64_t now = flow_now(f);
	bool shift_only = in->presence == HOLDFAST__V1__PRESENCE__PRESENCE_UNSPECIFIED;
	if (!name_of(in->presence) && !(shift_only && in->shift_end_ms))
		return "presence must be PRESENCE_AWAY, PRESENCE_AVAILABLE or PRESENCE_BREAK.";
	if (in->until_ms && (in->until_ms <= now || in->until_ms > now + BREAK_MS_MAX))
		return "until_ms must be within the next four hours.";
	if (in->shift_end_ms && (in->shift_end_ms <= now || in->shift_end_ms > now + SHIFT_MS_MAX))
		return "shift_end_ms must be within the next 24 hours.";
	return NULL;
}

static void note_shift(struct session *s, int64_t said_ms, int64_t now)
{
	int64_t end = said_ms                 ? said_ms
	              : s->shift_end_ms > now ? s->shift_end_ms
	                                      : shift_end(s, now);
	s->shift_told = s->shift_told && end == s->shift_end_ms;
	s->shift_end_ms = end;
}

void desk_set_presence(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__SetPresence *in = frame->set_presence;
	struct session *s = session_find(f, session);
	const char *wrong = mistake(f, in);
	int64_t now = flow_now(f);
	if (!s)
		return;
	if (wrong) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST, wrong);
		return;
	}
	if (s->own_count == 0) {
		answer_result(f, session, frame->id, ERR_CONFLICT,
		        "You are in no pool; your operator can put you in one.");
		return;
	}
	struct change *c = xcalloc(1, sizeof *c);
	c->request = request_new(f, s, frame->id);
	c->code = STORE_OK;
	c->presence = name_of(in->presence);
	note_shift(s, in->shift_end_ms, now);
	// Held until all are on their way: an answer may come at once.
	c->open = 1;
	if (c->presence) {
		s->presence = in->presence;
		say_presence(c, s, in->until_ms ? in->until_ms : now + BREAK_MS);
	}
	say_shift(c, s);
	c->open--;
}
