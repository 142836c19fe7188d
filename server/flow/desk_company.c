// SPDX-License-Identifier: Apache-2.0
// Others in a conversation that somebody holds: watching, joining, inviting, whispering.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "audience.h"
#include "base/log.h"
#include "company.h"
#include "core/skills.h"
#include "flow/desk.h"
#include "history.h"
#include "notes.h"
#include "staff.h"

#define INVITE_MS 120000

// It hears the news from now on, so that nothing falls between them and the history that is read
// next. False after having answered.
static bool listen_in(struct request *r)
{
	struct session *s = session_find(r->flow, r->session);
	if (s && audience_add(r->flow, s, r->conversation))
		return true;
	request_end(r, ERR_TOO_MANY, "You watch as many conversations as is possible: 32.");
	return false;
}

static void stop_listening(const struct request *r)
{
	struct session *s = session_find(r->flow, r->session);
	if (s)
		audience_remove(r->flow, s, r->conversation);
}

// ---- watching ----

void desk_watch(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__Watch *in = frame->watch;
	struct request *r = request_begin_own(f, session, frame, in->conversation, 0);
	if (!r)
		return;
	if (!in->on) {
		stop_listening(r);
		request_end(r, ERR_NONE, NULL);
	} else if (listen_in(r)) {
		log_info("event=watch staff=%s conversation=%s", r->name, r->conversation);
		request_show(r);
	}
}

// ---- joining ----

bool company_meant(const struct staff_member *m, const char *invited)
{
	bool by_language = strncmp(invited, SKILL_LANG, strlen(SKILL_LANG)) == 0;
	for (size_t i = 0; by_language && i < m->skills_count; i++)
		if (strcmp(invited, m->skills[i]) == 0)
			return true;
	return strcmp(invited, m->name) == 0;
}

static const struct {
	enum store_code code;
	const char *text;
} join_refusals[] = {
        {STORE_CONFLICT, "Nobody holds it, or you do: there is nobody to join."},
        {STORE_GONE, "That invitation is over."},
        {STORE_FULL, "There are too many in it already."},
};

static void on_joined(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	const char *text = NULL;
	for (size_t i = 0; i < sizeof join_refusals / sizeof join_refusals[0]; i++)
		if (join_refusals[i].code == a->code)
			text = join_refusals[i].text;
	if (a->code == STORE_OK) {
		log_info("conversation=%s event=joined staff=%s", r->conversation, r->name);
		request_show(r);
		return;
	}
	stop_listening(r);
	request_end(r, store_code_err(a->code), text);
}

static void join(struct request *r, const struct session *s, const char *role, const char *invited)
{
	struct store_claim claim = request_claim(r);
	char sid[sizeof s->sid];
	memcpy(sid, s->sid, sizeof sid);
	if (listen_in(r))
		store_join(r->flow->store, &claim, role, sid, invited, on_joined, r);
}

static bool is_invited(
        const struct flow *f, const struct session *s, const struct conversation_view *view)
{
	const struct staff_member *m = staff_find(f->staff, s->name);
	return m && view->invited[0] && company_meant(m, view->invited);
}

static void on_join_read(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	const struct session *s = session_find(r->flow, r->session);
	struct conversation_view view;
	if (a->code != STORE_OK || !conversation_view(a->reply, &view))
		request_end_code(r, a->code == STORE_OK ? STORE_NOT_FOUND : a->code);
	else if (session_supervises(s, r->pool))
		join(r, s, "supervisor", "");
	else if (s && view_present(&view, s->name))
		join(r, s, "interpreter", "");
	else if (s && is_invited(r->flow, s, &view))
		join(r, s, strncmp(view.invited, "lang:", 5) == 0 ? "interpreter" : "counselor",
		        view.invited);
	else
		request_end(r, ERR_FORBIDDEN, "Only who is invited may join.");
}

void desk_join(struct flow *f, uint64_t session, const Frame *frame)
{
	struct request *r = request_begin(f, session, frame, frame->join->conversation, 0);
	if (r)
		store_conversation(
		        f->store, r->pool->config->name, r->conversation, on_join_read, r);
}

static void on_left(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	if (a->code == STORE_OK) {
		stop_listening(r);
		log_info("conversation=%s event=left staff=%s", r->conversation, r->name);
	}
	request_end_code(r, a->code);
}

void desk_leave(struct flow *f, uint64_t session, const Frame *frame)
{
	struct request *r = request_begin(f, session, frame, frame->leave->conversation, 0);
	if (!r)
		return;
	struct store_claim claim = request_claim(r);
	store_leave(f->store, &claim, "", on_left, r);
}

// ---- inviting ----

// Empty when the request names neither or both, or not in the right form.
static void invited_by(const Holdfast__V1__Invite *in, char out[static 40])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
	const char *one = in->language[0] ? in->language : in->name;
	size_t len = strlen(one);
	out[0] = '\0';
	if ((in->language[0] != '\0') == (in->name[0] != '\0') || len > 32 ||
	        strspn(one, letters) != len)
		return;
	snprintf(out, 40, "%s%s", in->language[0] ? "lang:" : "", one);
}

struct meaning {
	const struct pool *pool;
	const char *whom;
	bool any;
};

static void is_meant(const struct staff_member *m, void *arg)
{
	struct meaning *meaning = arg;
	if (m->roles & ROLE_SERVES && staff_serves(m, meaning->pool->config->name) &&
	        company_meant(m, meaning->whom))
		meaning->any = true;
}

static bool anybody_meant(const struct flow *f, const struct pool *p, const char *whom)
{
	struct meaning meaning = {.pool = p, .whom = whom};
	staff_each(f->staff, is_meant, &meaning);
	return meaning.any;
}

static void on_invited(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	if (a->code == STORE_OK)
		log_info("conversation=%s event=invited staff=%s", r->conversation, r->name);
	request_end(r, store_code_err(a->code),
	        a->code == STORE_OK ? "Asked. You see it when somebody has joined." : NULL);
}

void desk_invite(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__Invite *in = frame->invite;
	char whom[40];
	invited_by(in, whom);
	if (!whom[0]) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST,
		        "Give a language like es, or the name of a counselor.");
		return;
	}
	struct request *r = request_begin(f, session, frame, in->conversation, in->epoch);
	if (!r)
		return;
	if (!anybody_meant(f, r->pool, whom)) {
		request_end(r, ERR_NOT_FOUND,
		        in->name[0] ? "There is no such counselor in this pool."
		                    : "Nobody of this pool speaks that language.");
		return;
	}
	struct store_claim claim = request_claim(r);
	store_invite(f->store, &claim, whom, INVITE_MS, on_invited, r);
}
