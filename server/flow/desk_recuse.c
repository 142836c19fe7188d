// SPDX-License-Identifier: Apache-2.0
// A counselor knows the texter: whom they know, they are never given. Said of what is offered, or
// of what is held.
#include "desk_recuse.h"

#include "answer.h"
#include "base/log.h"
#include "hand.h"
#include "history.h"

static void on_handed_back(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	if (a->code == STORE_GONE && !r->more) { // it was a counselor who asked them, not the queue
		hand_decline(r);
		return;
	}
	request_end(r, store_code_err(a->code),
	        a->code == STORE_OK ? "You will not be given this person again." : NULL);
}

static void on_recused(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	bool held = r->more != NULL;
	struct store_claim claim = request_claim(r);
	if (a->code != STORE_OK) {
		// For an offer that is over the answer is the usual one.
		bool late = !held && a->code == STORE_STALE;
		request_end_code(r, late ? STORE_GONE : a->code);
		return;
	}
	log_info("conversation=%s event=recused staff=%s", r->conversation, r->name);
	if (held)
		store_release(
		        r->flow->store, &claim, "knows_them", &r->pool->within, on_handed_back, r);
	else
		store_unoffer(r->flow->store, &claim, "declined", on_handed_back, r);
}

static void on_read(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	struct conversation_view view;
	if (a->code != STORE_OK || !conversation_view(a->reply, &view)) {
		request_end_code(r, a->code == STORE_OK ? STORE_NOT_FOUND : a->code);
		return;
	}
	if (r->more && view.state != CONVERSATION_HELD) {
		request_end(r, ERR_CONFLICT, "It is not held.");
		return;
	}
	struct store_claim claim = request_claim(r);
	store_recuse(r->flow->store, &claim, view.line, view.texter, on_recused, r);
}

void recuse_offered(struct request *r)
{
	r->more = NULL;
	store_conversation(r->flow->store, r->pool->config->name, r->conversation, on_read, r);
}

void desk_recuse(struct flow *f, uint64_t session, const Frame *frame)
{
	static char held;
	struct session *s = session_find(f, session);
	if (!s)
		return;
	struct request *r = request_new(f, s, frame->id);
	r->epoch = frame->recuse->epoch;
	if (!request_conversation(r, s, frame->recuse->conversation))
		return;
	r->more = &held;
	store_conversation(f->store, r->pool->config->name, r->conversation, on_read, r);
}
