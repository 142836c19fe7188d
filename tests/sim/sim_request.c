// SPDX-License-Identifier: Apache-2.0
// Requests of simulated consoles as frames.
#include "sim_request.h"

#include <stdlib.h>

#define PASSWORD "invented"
#define SUMMARY  "Passed on in a simulated night."

void frame_pack(const Frame *frame, struct buf *out)
{
	size_t size = holdfast__v1__frame__get_packed_size(frame);
	uint8_t *bytes = xmalloc(size + 1);
	holdfast__v1__frame__pack(frame, bytes);
	buf_append(out, bytes, size);
	free(bytes);
}

void request_pack(const struct request *r, const char *name, struct buf *out)
{
	static const int ops[] = {HOLDFAST__V1__FRAME__BODY_LOG_IN, HOLDFAST__V1__FRAME__BODY_PING,
	        HOLDFAST__V1__FRAME__BODY_SET_PRESENCE, HOLDFAST__V1__FRAME__BODY_ACCEPT,
	        HOLDFAST__V1__FRAME__BODY_DECLINE, HOLDFAST__V1__FRAME__BODY_REPLY,
	        HOLDFAST__V1__FRAME__BODY_CLOSE, HOLDFAST__V1__FRAME__BODY_FINISH_WRAP_UP,
	        HOLDFAST__V1__FRAME__BODY_GET_CONVERSATION, HOLDFAST__V1__FRAME__BODY_SEND_HELD,
	        HOLDFAST__V1__FRAME__BODY_ANSWER_CLOSE, HOLDFAST__V1__FRAME__BODY_TRANSFER};
	Frame f = HOLDFAST__V1__FRAME__INIT;
	Holdfast__V1__LogIn log_in = HOLDFAST__V1__LOG_IN__INIT;
	Holdfast__V1__Ping ping = HOLDFAST__V1__PING__INIT;
	Holdfast__V1__SetPresence presence = HOLDFAST__V1__SET_PRESENCE__INIT;
	Holdfast__V1__Accept accept = HOLDFAST__V1__ACCEPT__INIT;
	Holdfast__V1__Decline decline = HOLDFAST__V1__DECLINE__INIT;
	Holdfast__V1__Reply reply = HOLDFAST__V1__REPLY__INIT;
	Holdfast__V1__Close close = HOLDFAST__V1__CLOSE__INIT;
	Holdfast__V1__FinishWrapUp finish = HOLDFAST__V1__FINISH_WRAP_UP__INIT;
	Holdfast__V1__GetConversation get = HOLDFAST__V1__GET_CONVERSATION__INIT;
	Holdfast__V1__SendHeld held = HOLDFAST__V1__SEND_HELD__INIT;
	Holdfast__V1__AnswerClose answer = HOLDFAST__V1__ANSWER_CLOSE__INIT;
	Holdfast__V1__Transfer transfer = HOLDFAST__V1__TRANSFER__INIT;
	char *id = (char *)r->conversation;
	transfer.conversation = id;
	transfer.epoch = r->epoch;
	transfer.summary = (char *)SUMMARY;
	if (r->to[0] == '+')
		transfer.skill = (char *)r->to + 1;
	else
		transfer.to = (char *)r->to;
	answer.conversation = id;
	answer.epoch = r->epoch;
	answer.approve = true;
	log_in.name = (char *)name;
	log_in.password = (char *)PASSWORD;
	presence.presence = (Holdfast__V1__Presence)r->presence;
	accept.conversation = decline.conversation = reply.conversation = id;
	close.conversation = finish.conversation = id;
	accept.epoch = decline.epoch = reply.epoch = close.epoch = finish.epoch = r->epoch;
	get.conversation = held.conversation = id;
	get.after_sequence = r->sequence;
	held.epoch = r->epoch;
	held.message = (char *)r->client;
	decline.reason = (char *)"busy";
	reply.client_id = (char *)r->client;
	reply.text = (char *)r->client;
	close.outcome = (char *)"talked";
	close.sequence = r->sequence;
	void *const bodies[] = {&log_in, &ping, &presence, &accept, &decline, &reply, &close,
	        &finish, &get, &held, &answer, &transfer};
	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
		if (ops[i] == r->op)
			f.result = bodies[i]; // every member of the union is a pointer
	f.id = r->id;
	f.body_case = (Holdfast__V1__Frame__BodyCase)r->op;
	frame_pack(&f, out);
}

static const struct {
	Holdfast__V1__Frame__BodyCase body;
	desk_fn fn;
} rows[] = {
        {HOLDFAST__V1__FRAME__BODY_LOG_IN, desk_log_in},
        {HOLDFAST__V1__FRAME__BODY_PING, desk_ping},
        {HOLDFAST__V1__FRAME__BODY_SET_PRESENCE, desk_set_presence},
        {HOLDFAST__V1__FRAME__BODY_ACCEPT, desk_accept},
        {HOLDFAST__V1__FRAME__BODY_DECLINE, desk_decline},
        {HOLDFAST__V1__FRAME__BODY_REPLY, desk_reply},
        {HOLDFAST__V1__FRAME__BODY_CLOSE, desk_close},
        {HOLDFAST__V1__FRAME__BODY_FINISH_WRAP_UP, desk_finish_wrap_up},
        {HOLDFAST__V1__FRAME__BODY_GET_CONVERSATION, desk_get_conversation},
        {HOLDFAST__V1__FRAME__BODY_SEND_HELD, desk_send_held},
        {HOLDFAST__V1__FRAME__BODY_ANSWER_CLOSE, desk_answer_close},
        {HOLDFAST__V1__FRAME__BODY_TRANSFER, desk_transfer},
};

void request_serve(struct flow *f, uint64_t session, struct bytes bytes)
{
	Frame *frame = holdfast__v1__frame__unpack(NULL, bytes.len, bytes.data);
	bool signed_in = desk_roles(f, session) != 0;
	for (size_t i = 0; frame && i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].body == frame->body_case && (signed_in || i < 2))
			rows[i].fn(f, session, frame);
	if (frame)
		holdfast__v1__frame__free_unpacked(frame, NULL);
}
