// SPDX-License-Identifier: Apache-2.0
// Frames to consoles, and what is remembered of a request until it is answered.
#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct session *session_find(struct flow *f, uint64_t id)
{
	return idmap_get(f->sessions, id);
}

void answer_frame(struct flow *f, uint64_t session, uint64_t id,
        Holdfast__V1__Frame__BodyCase which, void *body)
{
	Frame frame = HOLDFAST__V1__FRAME__INIT;
	frame.id = id;
	frame.body_case = which;
	frame.result = body; // every member of the union is a pointer
	f->out.push(session, &frame, f->out.arg);
}

static void send_result(
        struct flow *f, uint64_t session, uint64_t id, bool ok, const char *code, const char *text)
{
	Holdfast__V1__Result result = HOLDFAST__V1__RESULT__INIT;
	result.ok = ok;
	result.code = (char *)code;
	result.text = (char *)text;
	answer_frame(f, session, id, HOLDFAST__V1__FRAME__BODY_RESULT, &result);
}

void answer_result(struct flow *f, uint64_t session, uint64_t id, enum err e, const char *text)
{
	send_result(f, session, id, e == ERR_NONE, err_code(e), text ? text : err_text(e));
}

void answer_code(struct flow *f, uint64_t session, uint64_t id, enum store_code code)
{
	answer_result(f, session, id, store_code_err(code), NULL);
}

void desk_refuse(struct flow *f, uint64_t session, uint64_t id, const char *code, const char *text)
{
	send_result(f, session, id, false, code, text);
}

struct request *request_new(struct flow *f, const struct session *s, uint64_t id)
{
	struct request *r = xcalloc(1, sizeof *r);
	r->flow = f;
	r->session = s->id;
	r->id = id;
	snprintf(r->name, sizeof r->name, "%s", s->name);
	return r;
}

static bool among(const struct session *s, size_t count, const struct pool *p)
{
	for (size_t i = 0; i < count; i++)
		if (s->pools[i] == p)
			return true;
	return false;
}

bool session_serves(const struct session *s, const struct pool *p)
{
	return among(s, s->pools_count, p);
}

bool session_owns(const struct session *s, const struct pool *p)
{
	return s && among(s, s->own_count, p);
}

bool session_supervises(const struct session *s, const struct pool *p)
{
	return session_owns(s, p) && s->roles & ROLE_SUPERVISOR;
}

bool request_conversation(struct request *r, const struct session *s, const char *conversation)
{
	struct pool *p = pool_of_id(r->flow, bytes_str(conversation));
	if (!p || !session_serves(s, p)) {
		request_end(r, ERR_NOT_FOUND, "There is no such conversation in your pools.");
		return false;
	}
	r->pool = p;
	snprintf(r->conversation, sizeof r->conversation, "%s", conversation);
	return true;
}

struct request *request_begin(struct flow *f, uint64_t session, const Frame *frame,
        const char *conversation, uint64_t epoch)
{
	struct session *s = session_find(f, session);
	if (!s)
		return NULL;
	struct request *r = request_new(f, s, frame->id);
	r->epoch = epoch;
	return request_conversation(r, s, conversation) ? r : NULL;
}

struct request *request_begin_own(struct flow *f, uint64_t session, const Frame *frame,
        const char *conversation, uint64_t epoch)
{
	struct request *r = request_begin(f, session, frame, conversation, epoch);
	if (!r || session_owns(session_find(f, session), r->pool))
		return r;
	request_end(r, ERR_NOT_FOUND, "There is no such conversation in your pools.");
	return NULL;
}

struct store_claim request_claim(const struct request *r)
{
	return (struct store_claim){r->pool->config->name, r->conversation, r->name, r->epoch};
}

void request_end(struct request *r, enum err e, const char *text)
{
	answer_result(r->flow, r->session, r->id, e, text);
	free(r);
}

void request_end_code(struct request *r, enum store_code code)
{
	request_end(r, store_code_err(code), NULL);
}
