// SPDX-License-Identifier: Apache-2.0
// Consoles coming and going: sign-in, presence, take-over, and what a lost console leaves behind.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "audience.h"
#include "base/log.h"
#include "base/metrics.h"
#include "capacity.h"
#include "dispatch.h"
#include "duty.h"
#include "history.h"
#include "news.h"
#include "offline.h"
#include "presence.h"
#include "staff.h"
#include "vault/password.h"

void desk_open(struct flow *f, uint64_t session, const char *peer)
{
	struct session *s = xcalloc(1, sizeof *s);
	s->id = session;
	snprintf(s->peer, sizeof s->peer, "%s", peer);
	idmap_put(f->sessions, session, s);
}

unsigned desk_roles(const struct flow *f, uint64_t session)
{
	const struct session *s = idmap_get(f->sessions, session);
	return s ? s->roles : 0;
}

bool desk_signing_in(const struct flow *f, uint64_t session)
{
	const struct session *s = idmap_get(f->sessions, session);
	return s && s->signing_in;
}

static void count_consoles(struct flow *f)
{
	metric_set(M_CONSOLES, NULL, (int64_t)strmap_count(f->signed_in));
}

void desk_closed(struct flow *f, uint64_t session)
{
	struct session *s = idmap_remove(f->sessions, session);
	if (!s)
		return;
	// One that was replaced has nothing to give up: the new session of that name has it all.
	bool latest = s->roles && strmap_get(f->signed_in, s->name) == s;
	if (latest) {
		strmap_remove(f->signed_in, s->name);
		count_consoles(f);
	}
	if (latest && s->roles & ROLE_SERVES)
		for (size_t i = 0; i < s->pools_count; i++)
			presence_lost(s->pools[i], s->name, s->sid);
	if (s->roles)
		log_info("event=signed_off staff=%s session=%s", s->name, s->sid);
	audience_forget(f, s);
	free(s->pools);
	free(s);
}

void desk_ping(struct flow *f, uint64_t session, const Frame *request)
{
	answer_result(f, session, request->id, ERR_NONE, NULL);
}

// ---- sign-in: verify the password on a worker, take each pool over, then tell what is held and
// offered ----

struct login {
	struct flow *flow;
	uint64_t session;
	uint64_t id;
	char name[33];
	char *hash;
	struct buf password;
	bool ok;
	size_t open; // answers awaited
	enum err err;
	Holdfast__V1__Presence presence;
	Holdfast__V1__Session answer;
	Holdfast__V1__Role roles[8];
	char **pools;
	Holdfast__V1__Conversation **held;
	Holdfast__V1__Offer **offers;
};

static void login_free(struct login *l)
{
	for (size_t i = 0; i < l->answer.n_held; i++)
		holdfast__v1__conversation__free_unpacked(l->held[i], NULL);
	for (size_t i = 0; i < l->answer.n_offers; i++)
		holdfast__v1__offer__free_unpacked(l->offers[i], NULL);
	free(l->held);
	free(l->offers);
	free(l->pools);
	free(l->hash);
	buf_wipe(&l->password);
	free(l);
}

static void login_verify(void *arg)
{
	struct login *l = arg;
	l->ok = password_verify(l->hash, buf_bytes(&l->password));
}

static void sign_in_news(struct pool *p, uint64_t session)
{
	news_announcements(p, session);
	offline_tell(p, session);
}

static void login_answer(struct login *l)
{
	struct session *s = session_find(l->flow, l->session);
	if (s && l->err != ERR_NONE) {
		// Half signed in is not signed in: the console starts again from a new connection.
		answer_result(l->flow, l->session, l->id, l->err, NULL);
		session_dismiss(l->flow, s, err_code(l->err));
		s = NULL;
	}
	if (s) {
		s->presence = l->presence;
		l->answer.presence = l->presence;
		l->answer.now_ms = flow_now(l->flow);
		l->answer.held = l->held;
		l->answer.offers = l->offers;
		answer_frame(
		        l->flow, l->session, l->id, HOLDFAST__V1__FRAME__BODY_SESSION, &l->answer);
		for (size_t i = 0; s->roles & ROLE_SERVES && i < s->pools_count; i++)
			sign_in_news(s->pools[i], s->id);
	}
	login_free(l);
}

static void login_step(struct login *l)
{
	if (--l->open == 0)
		login_answer(l);
}

// A deep copy: what a history hands over lives only during its callback.
static Holdfast__V1__Conversation *conversation_copy(const Holdfast__V1__Conversation *c)
{
	size_t size = holdfast__v1__conversation__get_packed_size(c);
	uint8_t *bytes = xmalloc(size + 1);
	holdfast__v1__conversation__pack(c, bytes);
	Holdfast__V1__Conversation *copy = holdfast__v1__conversation__unpack(NULL, size, bytes);
	mem_wipe(bytes, size);
	free(bytes);
	return copy;
}

static Holdfast__V1__Offer *offer_copy(const Holdfast__V1__Conversation *c)
{
	Holdfast__V1__Offer *o = xcalloc(1, sizeof *o);
	holdfast__v1__offer__init(o);
	o->conversation = xstrdup(c->id);
	o->pool = xstrdup(c->pool);
	o->line = xstrdup(c->line);
	o->epoch = c->epoch;
	o->level = c->level;
	o->enqueued_ms = c->enqueued_ms;
	o->messages = c->sequence;
	bool held = c->state == HOLDFAST__V1__STATE__STATE_HELD; // a transfer
	o->until_ms = held ? c->transfer_until_ms : c->offer_until_ms;
	o->from = xstrdup(held ? c->holder : "");
	o->reasons = xcalloc(c->n_reasons + 1, sizeof(char *));
	for (size_t i = 0; i < c->n_reasons; i++)
		o->reasons[o->n_reasons++] = xstrdup(c->reasons[i]);
	return o;
}

static void login_offer(struct login *l, Holdfast__V1__Offer *o)
{
	l->offers = xrealloc(l->offers, (l->answer.n_offers + 1) * sizeof *l->offers);
	l->offers[l->answer.n_offers++] = o;
}

static void login_history(enum err e, Holdfast__V1__Conversation *c, void *arg)
{
	struct login *l = arg;
	if (e != ERR_NONE && e != ERR_NOT_FOUND)
		l->err = e;
	if (c && c->state == HOLDFAST__V1__STATE__STATE_HELD &&
	        strcmp(c->transfer_to, l->name) == 0) {
		login_offer(l, offer_copy(c));
	} else if (c && strcmp(c->holder, l->name) == 0) {
		if (c->state == HOLDFAST__V1__STATE__STATE_OFFERED) {
			login_offer(l, offer_copy(c));
		} else {
			l->held = xrealloc(l->held, (l->answer.n_held + 1) * sizeof *l->held);
			l->held[l->answer.n_held++] = conversation_copy(c);
		}
	}
	login_step(l);
}

static void login_look(struct login *l, struct bytes id)
{
	struct pool *p = pool_of_id(l->flow, id);
	if (!p)
		return;
	char *text = bytes_dup(id);
	l->open++;
	history_load(l->flow, p, text, 0, true, login_history, l);
	free(text);
}

static void login_holds(const struct store_answer *a, void *arg)
{
	struct login *l = arg;
	if (a->code != STORE_OK)
		l->err = store_code_err(a->code);
	for (size_t i = 0; i < redis_count(a->reply); i++)
		login_look(l, redis_bytes(redis_at(a->reply, i)));
	login_step(l);
}

static void leave(struct pool *p, const char *id, const char *name, const char *session)
{
	struct store_claim claim = {p->config->name, id, name, 0};
	store_leave(p->flow->store, &claim, session, NULL, NULL);
}

struct asked_transfer {
	struct login *login;
	struct pool *pool;
	char id[POOL_ID_MAX];
};

static void on_transfer(const struct store_answer *a, void *arg)
{
	struct asked_transfer *t = arg;
	struct login *l = t->login;
	struct conversation_view view = {0};
	if (a->code != STORE_OK)
		l->err = store_code_err(a->code);
	else if (!conversation_view(a->reply, &view) || strcmp(view.transfer_to, l->name) != 0)
		leave(t->pool, t->id, l->name, "transfer"); // it is over
	else
		login_look(l, bytes_str(t->id));
	free(t);
	login_step(l);
}

static void login_transfer(struct login *l, struct pool *p, const char *id)
{
	struct asked_transfer *t = xcalloc(1, sizeof *t);
	t->login = l;
	t->pool = p;
	snprintf(t->id, sizeof t->id, "%s", id);
	l->open++;
	store_conversation(l->flow->store, p->config->name, t->id, on_transfer, t);
}

// What an earlier console of theirs had joined, it has left; what they are asked to take on is an
// offer.
static void login_with(const struct store_answer *a, void *arg)
{
	struct login *l = arg;
	if (a->code != STORE_OK)
		l->err = store_code_err(a->code);
	for (size_t i = 0; i + 1 < redis_count(a->reply); i += 2) {
		struct bytes how = redis_bytes(redis_at(a->reply, i + 1));
		char *id = bytes_dup(redis_bytes(redis_at(a->reply, i)));
		char *session = bytes_dup(how);
		struct pool *p = pool_of_id(l->flow, bytes_str(id));
		if (p && bytes_is(how, "transfer"))
			login_transfer(l, p, id);
		else if (p)
			leave(p, id, l->name, session);
		free(id);
		free(session);
	}
	login_step(l);
}

static void login_pool(const struct store_answer *a, void *arg)
{
	struct login *l = arg;
	if (a->code != STORE_OK)
		l->err = store_code_err(a->code);
	else
		l->presence = presence_named(redis_bytes(redis_at(a->reply, 1)));
	login_step(l);
}

// An earlier console of the same name on this node ends now; on another node the "session" news
// ends it.
static void take_over(struct flow *f, struct session *s)
{
	struct session *before = strmap_get(f->signed_in, s->name);
	strmap_put(f->signed_in, s->name, s);
	count_consoles(f);
	if (before && before != s)
		session_replaced(f, before);
}

static void join_pools(struct login *l, struct session *s, const struct staff_member *m)
{
	s->pools = xcalloc(CAPACITY_POOLS_MAX, sizeof(struct pool *));
	s->pools_count = capacity_pools(l->flow, m, s->pools, CAPACITY_POOLS_MAX, &s->own_count);
	l->pools = xcalloc(s->own_count + 1, sizeof(char *));
	for (size_t i = 0; i < s->own_count; i++)
		l->pools[i] = s->pools[i]->config->name;
	l->answer.n_pools = s->own_count;
	l->answer.pools = l->pools;
}

static void login_enter(struct login *l, struct session *s, const struct staff_member *m)
{
	snprintf(s->name, sizeof s->name, "%s", m->name);
	s->roles = m->roles;
	id_new(s->sid);
	join_pools(l, s, m);
	take_over(l->flow, s);
	l->answer.name = l->name;
	l->answer.capacity = m->capacity;
	for (int r = HOLDFAST__V1__ROLE__ROLE_COUNSELOR; r <= HOLDFAST__V1__ROLE__ROLE_AUDITOR; r++)
		if (m->roles & (1u << r))
			l->roles[l->answer.n_roles++] = (Holdfast__V1__Role)r;
	l->answer.roles = l->roles;
	log_info("event=signed_in staff=%s session=%s peer=%s", s->name, s->sid, s->peer);
	metric_inc(M_LOGINS, "ok");
	l->open = 1;
	for (size_t i = 0; (m->roles & ROLE_SERVES) && i < s->pools_count; i++) {
		const char *pool = s->pools[i]->config->name;
		l->open += 3;
		(i < s->own_count ? store_sign_in : store_sign_in_guest)(l->flow->store, pool,
		        s->name, l->flow->node, s->sid, m->capacity, login_pool, l);
		store_holds(l->flow->store, pool, s->name, login_holds, l);
		store_with(l->flow->store, pool, s->name, login_with, l);
	}
	login_step(l);
}

static void login_verified(void *arg)
{
	struct login *l = arg;
	struct session *s = session_find(l->flow, l->session);
	if (!s) {
		login_free(l);
		return;
	}
	s->signing_in = false;
	const struct staff_member *m = staff_find(l->flow->staff, l->name);
	if (!l->ok || !m) {
		char quoted[200];
		log_warn("event=sign_in_refused staff=%s peer=%s", log_quote(quoted, l->name),
		        s->peer);
		metric_inc(M_LOGINS, "refused");
		answer_result(l->flow, l->session, l->id, ERR_BAD_LOGIN, NULL);
		login_free(l);
		return;
	}
	login_enter(l, s, m);
}

static enum err login_possible(
        const struct flow *f, const struct session *s, const Holdfast__V1__LogIn *in)
{
	if (s->roles || s->signing_in)
		return ERR_CONFLICT;
	if (strlen(in->name) > 32 || strlen(in->password) > 1024)
		return ERR_BAD_LOGIN;
	if (f->draining)
		return ERR_DRAINING;
	return staff_loaded(f->staff) && f->subscribed ? ERR_NONE : ERR_UNAVAILABLE;
}

void desk_log_in(struct flow *f, uint64_t session, const Frame *request)
{
	const Holdfast__V1__LogIn *in = request->log_in;
	struct session *s = session_find(f, session);
	if (!s)
		return;
	enum err e = login_possible(f, s, in);
	if (e != ERR_NONE) {
		answer_result(f, session, request->id, e, NULL);
		return;
	}
	// An unknown name costs the same time as a wrong password.
	const struct staff_member *m = staff_find(f->staff, in->name);
	struct login *l = xcalloc(1, sizeof *l);
	l->flow = f;
	l->session = session;
	l->id = request->id;
	snprintf(l->name, sizeof l->name, "%s", in->name);
	l->hash = xstrdup(m && m->hash[0] ? m->hash : password_hash_of_nobody());
	buf_append_str(&l->password, in->password);
	l->presence = HOLDFAST__V1__PRESENCE__PRESENCE_AWAY;
	holdfast__v1__session__init(&l->answer);
	s->signing_in = true;
	if (loop_offload(f->loop, login_verify, login_verified, l))
		return;
	s->signing_in = false;
	answer_result(f, session, request->id, ERR_TOO_MANY, NULL);
	login_free(l);
}

void session_replaced(struct flow *f, struct session *s)
{
	Holdfast__V1__PresenceChange news = HOLDFAST__V1__PRESENCE_CHANGE__INIT;
	news.presence = HOLDFAST__V1__PRESENCE__PRESENCE_AWAY;
	news.reason = (char *)"elsewhere";
	answer_frame(f, s->id, 0, HOLDFAST__V1__FRAME__BODY_PRESENCE_CHANGE, &news);
	session_dismiss(f, s, "elsewhere");
}

void session_dismiss(struct flow *f, struct session *s, const char *reason)
{
	Holdfast__V1__GoingAway news = HOLDFAST__V1__GOING_AWAY__INIT;
	uint64_t id = s->id;
	news.reason = (char *)reason;
	answer_frame(f, id, 0, HOLDFAST__V1__FRAME__BODY_GOING_AWAY, &news);
	f->out.end_session(id, reason, f->out.arg);
}

static bool same_rights(struct flow *f, const struct session *s, const struct staff_member *m)
{
	struct pool *now[CAPACITY_POOLS_MAX];
	size_t own, count = capacity_pools(f, m, now, CAPACITY_POOLS_MAX, &own);
	bool same = m->roles == s->roles && count == s->pools_count && own == s->own_count;
	for (size_t i = 0; same && i < count; i++)
		same = session_serves(s, now[i]);
	return same;
}

static void check_session(uint64_t id, void *value, void *arg)
{
	struct session *s = value;
	struct flow *f = arg;
	(void)id;
	const struct staff_member *m = s->roles ? staff_find(f->staff, s->name) : NULL;
	if (s->roles && (!m || !same_rights(f, s, m)))
		session_dismiss(f, s, m ? "roles_changed" : "removed");
}

void session_check_all(struct flow *f)
{
	idmap_each(f->sessions, check_session, f);
}
