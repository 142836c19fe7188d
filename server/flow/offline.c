// SPDX-License-Identifier: Apache-2.0
// Taking a pool offline, and telling who serves it.
#include "offline.h"

#include <string.h>

#include "answer.h"
#include "base/log.h"
#include "notes.h"

#define REASON_MAX 200 // characters

// ---- the request ----

static void on_set(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	if (a->code == STORE_OK)
		log_warn("event=pool_set staff=%s pool=%s", r->name, r->pool->config->name);
	if (a->code == STORE_CONFLICT)
		request_end(r, ERR_CONFLICT, "It is so already.");
	else
		request_end_code(r, a->code);
}

void desk_set_pool(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__SetPool *in = frame->set_pool;
	struct session *s = session_find(f, session);
	struct pool *p = pool_find(f, in->pool);
	if (!s)
		return;
	if (!p || !session_owns(s, p)) {
		answer_result(f, session, frame->id, ERR_NOT_FOUND, "That is no pool of yours.");
		return;
	}
	if (!note_fits(in->reason, in->offline ? 1 : 0, REASON_MAX)) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST,
		        "reason must have 1 to 200 characters.");
		return;
	}
	struct request *r = request_new(f, s, frame->id);
	r->pool = p;
	store_set_pool(f->store, p->config->name, in->offline, s->name, in->reason, on_set, r);
}

// ---- how it is ----

static void push(const struct pool *p, uint64_t session)
{
	Holdfast__V1__PoolChange change = HOLDFAST__V1__POOL_CHANGE__INIT;
	change.pool = p->config->name;
	change.offline = p->offline.is;
	change.by = (char *)p->offline.by;
	change.at_ms = p->offline.at_ms;
	change.reason = (char *)p->offline.reason;
	answer_frame(p->flow, session, 0, HOLDFAST__V1__FRAME__BODY_POOL_CHANGE, &change);
}

static void push_one(uint64_t id, void *value, void *arg)
{
	const struct session *s = value;
	const struct pool *p = arg;
	if (s->roles & ROLE_SERVES && session_serves(s, p))
		push(p, id);
}

static void on_read(const struct store_answer *a, void *arg)
{
	struct pool *p = arg;
	struct pool_offline now = {0};
	if (a->code != STORE_OK)
		return;
	now.is = redis_integer(redis_field(a->reply, "offline")) != 0;
	now.at_ms = redis_integer(redis_field(a->reply, "at"));
	bytes_copy(redis_bytes(redis_field(a->reply, "by")), now.by, sizeof now.by);
	bytes_copy(redis_bytes(redis_field(a->reply, "reason")), now.reason, sizeof now.reason);
	bool changed = now.is != p->offline.is || now.at_ms != p->offline.at_ms ||
	               strcmp(now.reason, p->offline.reason) != 0;
	p->offline = now;
	if (!changed)
		return;
	log_warn("event=pool_%s pool=%s staff=%s", now.is ? "offline" : "online", p->config->name,
	        now.by);
	idmap_each(p->flow->sessions, push_one, p);
}

void offline_look(struct pool *p)
{
	store_offline(p->flow->store, p->config->name, on_read, p);
}

void offline_tell(const struct pool *p, uint64_t session)
{
	if (p->offline.is)
		push(p, session);
}
