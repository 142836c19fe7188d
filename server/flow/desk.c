// SPDX-License-Identifier: Apache-2.0
// What counselors ask for: accept, decline, reply, read.
#include "flow/desk.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/utf8.h"
#include "capacity.h"
#include "desk_recuse.h"
#include "hand.h"
#include "history.h"

#define REPLY_CHARACTERS_MAX 1600
#define CLIENT_ID_MAX        64

// ---- reading ----

static bool is_present(const Holdfast__V1__Conversation *c, const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < c->n_present; i++)
		if (strncmp(c->present[i], name, len) == 0 && c->present[i][len] == '=')
			return true;
	return false;
}

static void on_history(enum err e, Holdfast__V1__Conversation *c, void *arg)
{
	struct request *r = arg;
	if (e != ERR_NONE) {
		request_end(r, e,
		        e == ERR_NOT_FOUND ? "There is no such conversation in your pools." : NULL);
		return;
	}
	struct session *s = session_find(r->flow, r->session);
	bool theirs = strcmp(c->holder, r->name) == 0 &&
	              (c->state == HOLDFAST__V1__STATE__STATE_HELD ||
	                      c->state == HOLDFAST__V1__STATE__STATE_WRAP_UP);
	if (session_supervises(s, r->pool) || theirs || is_present(c, r->name)) {
		answer_frame(r->flow, r->session, r->id, HOLDFAST__V1__FRAME__BODY_CONVERSATION, c);
		log_info("conversation=%s event=read staff=%s", r->conversation, r->name);
	} else
		answer_result(r->flow, r->session, r->id, ERR_FORBIDDEN,
		        "Only who holds a conversation may read it.");
	free(r);
}

void request_show(struct request *r)
{
	history_load(r->flow, r->pool, r->conversation, 0, true, on_history, r);
}

// Metadata for those who watch and may not read: no message at all leaves the node.
static void on_metadata(enum err e, Holdfast__V1__Conversation *c, void *arg)
{
	struct request *r = arg;
	if (e != ERR_NONE) {
		request_end(r, e, NULL);
		return;
	}
	c->n_messages = 0;
	answer_frame(r->flow, r->session, r->id, HOLDFAST__V1__FRAME__BODY_CONVERSATION, c);
	free(r);
}

static void read_metadata(struct flow *f, struct session *s, const Frame *frame)
{
	struct request *r = request_new(f, s, frame->id);
	const char *conversation = frame->get_conversation->conversation;
	r->pool = pool_of_id(f, bytes_str(conversation));
	if (r->pool)
		history_load(f, r->pool, conversation, 0, false, on_metadata, r);
	else
		request_end(r, ERR_NOT_FOUND, "There is no such conversation.");
}

void desk_get_conversation(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__GetConversation *in = frame->get_conversation;
	struct session *s = session_find(f, session);
	if (s && !(s->roles & ROLE_SERVES)) {
		read_metadata(f, s, frame);
		return;
	}
	struct request *r = request_begin(f, session, frame, in->conversation, 0);
	if (r)
		history_load(f, r->pool, r->conversation, in->after_sequence, true, on_history, r);
}

// ---- accept and decline ----

static void on_accepted(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	if (a->code == STORE_GONE) { // of the queue's; a counselor's is asked for beside it
		hand_accept(r);
		return;
	}
	metric_inc(M_OFFERS, a->code == STORE_OK ? "accepted" : "late");
	if (a->code != STORE_OK) {
		request_end_code(r, a->code);
		return;
	}
	uint64_t page = (uint64_t)redis_integer(redis_at(a->reply, 1));
	log_info("conversation=%s event=accepted staff=%s epoch=%llu", r->conversation, r->name,
	        (unsigned long long)r->epoch);
	if (page)
		store_page_resolve(
		        r->flow->store, r->pool->config->name, page, r->conversation, NULL, NULL);
	request_show(r);
}

// Two pools may have offered more at once than one person can have.
static void on_fits(bool fits, void *arg)
{
	struct request *r = arg;
	struct store_claim claim = request_claim(r);
	if (fits)
		store_accept(r->flow->store, &claim, on_accepted, r);
	else
		request_end(r, ERR_GONE, "Too late: with this one you would have too many.");
}

void desk_accept(struct flow *f, uint64_t session, const Frame *frame)
{
	struct request *r =
	        request_begin(f, session, frame, frame->accept->conversation, frame->accept->epoch);
	if (r)
		capacity_ask(f, r->name, r->conversation, on_fits, r);
}

static void on_declined(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	if (a->code == STORE_OK) {
		metric_inc(M_OFFERS, "declined");
		log_info("conversation=%s event=declined staff=%s reason=%s", r->conversation,
		        r->name, (const char *)r->more);
	} else if (a->code == STORE_GONE) {
		hand_decline(r);
		return;
	}
	request_end_code(r, a->code);
}

void desk_decline(struct flow *f, uint64_t session, const Frame *frame)
{
	static const char *const reasons[] = {"other", "busy", "know_them", "break"};
	const Holdfast__V1__Decline *in = frame->decline;
	const char *reason = in->reason[0] ? NULL : reasons[0];
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (strcmp(in->reason, reasons[i]) == 0)
			reason = reasons[i];
	if (!reason) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST,
		        "reason must be busy, know_them, break or other.");
		return;
	}
	struct request *r = request_begin(f, session, frame, in->conversation, in->epoch);
	if (!r)
		return;
	if (strcmp(reason, "know_them") == 0) {
		recuse_offered(r);
		return;
	}
	r->more = (void *)reason;
	struct store_claim claim = request_claim(r);
	store_unoffer(f->store, &claim, "declined", on_declined, r);
}

// ---- reply ----

struct reply {
	struct buf text;
	char *client_id;
	char message[POOL_ID_MAX];
};

static void reply_end(struct request *r, enum err e)
{
	struct reply *reply = r->more;
	buf_wipe(&reply->text);
	free(reply->client_id);
	free(reply);
	if (e == ERR_NONE)
		free(r);
	else
		request_end(r, e, NULL);
}

static void answer_queued(struct request *r, Holdfast__V1__Message *m)
{
	Holdfast__V1__ReplyQueued queued = HOLDFAST__V1__REPLY_QUEUED__INIT;
	queued.message = m;
	answer_frame(r->flow, r->session, r->id, HOLDFAST__V1__FRAME__BODY_REPLY_QUEUED, &queued);
	reply_end(r, ERR_NONE);
}

// The same client_id again: the message as it is now.
static void on_reply_again(enum err e, Holdfast__V1__Message *m, void *arg)
{
	struct request *r = arg;
	if (e == ERR_NONE)
		answer_queued(r, m);
	else
		reply_end(r, e);
}

static void on_reply_stored(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	struct reply *reply = r->more;
	if (a->code != STORE_OK && a->code != STORE_DUPLICATE) {
		reply_end(r, store_code_err(a->code));
		return;
	}
	bytes_copy(redis_bytes(redis_at(a->reply, 2)), reply->message, sizeof reply->message);
	if (a->code == STORE_DUPLICATE) {
		history_message(
		        r->flow, r->pool, r->conversation, reply->message, on_reply_again, r);
		return;
	}
	Holdfast__V1__Message m = HOLDFAST__V1__MESSAGE__INIT;
	m.conversation = r->conversation;
	m.id = reply->message;
	m.sequence = (uint64_t)redis_integer(redis_at(a->reply, 1));
	m.direction = HOLDFAST__V1__DIRECTION__DIRECTION_OUT;
	m.at_ms = flow_now(r->flow);
	m.author = r->name;
	m.delivery = HOLDFAST__V1__DELIVERY__DELIVERY_QUEUED;
	m.client_id = reply->client_id;
	m.text = (char *)buf_str(&reply->text);
	log_info("conversation=%s event=reply_queued staff=%s message=%s", r->conversation, r->name,
	        reply->message);
	answer_queued(r, &m);
}

static void on_reply_key(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	struct reply *reply = r->more;
	struct conversation_view view;
	struct conversation_key key;
	struct buf sealed = {0};
	if (a->code != STORE_OK || !conversation_view(a->reply, &view)) {
		reply_end(r, a->code == STORE_OK ? ERR_NOT_FOUND : store_code_err(a->code));
		return;
	}
	if (!vault_unwrap(r->flow->vault, r->conversation, view.key, &key)) {
		log_error("conversation=%s event=key_unreadable", r->conversation);
		reply_end(r, ERR_INTERNAL);
		return;
	}
	pool_id_new(r->pool, reply->message);
	vault_seal(&key, r->conversation, reply->message, "out", buf_bytes(&reply->text), &sealed);
	struct store_claim claim = request_claim(r);
	const struct store_reply stored = {reply->message, reply->client_id, buf_bytes(&sealed),
	        conversation_gateway(r->flow, &view)};
	store_send(r->flow->store, &claim, &stored, on_reply_stored, r);
	conversation_key_wipe(&key);
	buf_free(&sealed);
}

static const char *reply_mistake(const Holdfast__V1__Reply *in)
{
	size_t characters = 0, len = strlen(in->client_id);
	struct bytes text = bytes_str(in->text);
	for (size_t pos = 0; pos < text.len; characters++)
		utf8_next(text, &pos);
	if (len == 0 || len > CLIENT_ID_MAX)
		return "client_id must have 1 to 64 characters.";
	if (characters == 0)
		return "text must not be empty.";
	if (characters > REPLY_CHARACTERS_MAX)
		return "text must not be longer than 1600 characters.";
	return NULL;
}

void desk_reply(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__Reply *in = frame->reply;
	const char *mistake = reply_mistake(in);
	if (mistake) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST, mistake);
		return;
	}
	struct request *r = request_begin(f, session, frame, in->conversation, in->epoch);
	if (!r)
		return;
	struct reply *reply = xcalloc(1, sizeof *reply);
	buf_append_str(&reply->text, in->text);
	reply->client_id = xstrdup(in->client_id);
	r->more = reply;
	store_conversation(f->store, r->pool->config->name, r->conversation, on_reply_key, r);
}

// ---- a held reply is sent after all ----

static void on_held_again(enum err e, Holdfast__V1__Message *m, void *arg)
{
	struct request *r = arg;
	free(r->more);
	if (e != ERR_NONE) {
		request_end(r, e, NULL);
		return;
	}
	Holdfast__V1__ReplyQueued queued = HOLDFAST__V1__REPLY_QUEUED__INIT;
	queued.message = m;
	answer_frame(r->flow, r->session, r->id, HOLDFAST__V1__FRAME__BODY_REPLY_QUEUED, &queued);
	free(r);
}

static const struct {
	enum store_code code;
	const char *text;
} held_refusals[] = {
        {STORE_CONFLICT, "The conversation is closed: this reply cannot be sent any more."},
        {STORE_GONE, "That reply is not held."},
        {STORE_NOT_FOUND, "There is no such reply in this conversation."},
};

static void on_held_sent(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	const char *text = NULL;
	if (a->code == STORE_OK || a->code == STORE_DUPLICATE) {
		log_info("conversation=%s event=held_reply_queued staff=%s message=%s",
		        r->conversation, r->name, (const char *)r->more);
		history_message(r->flow, r->pool, r->conversation, r->more, on_held_again, r);
		return;
	}
	free(r->more);
	for (size_t i = 0; i < sizeof held_refusals / sizeof held_refusals[0]; i++)
		if (held_refusals[i].code == a->code)
			text = held_refusals[i].text;
	request_end(r, store_code_err(a->code), text);
}

static void on_held_read(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	struct conversation_view view;
	if (a->code != STORE_OK || !conversation_view(a->reply, &view)) {
		free(r->more);
		request_end_code(r, a->code == STORE_OK ? STORE_NOT_FOUND : a->code);
		return;
	}
	struct store_claim claim = request_claim(r);
	store_send_held(r->flow->store, &claim, r->more, conversation_gateway(r->flow, &view),
	        on_held_sent, r);
}

void desk_send_held(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__SendHeld *in = frame->send_held;
	if (strlen(in->message) >= POOL_ID_MAX) {
		answer_result(f, session, frame->id, ERR_NOT_FOUND,
		        "There is no such reply in this conversation.");
		return;
	}
	struct request *r = request_begin(f, session, frame, in->conversation, in->epoch);
	if (!r)
		return;
	r->more = xstrdup(in->message);
	store_conversation(f->store, r->pool->config->name, r->conversation, on_held_read, r);
}
