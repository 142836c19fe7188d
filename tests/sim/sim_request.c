// SPDX-License-Identifier: Apache-2.0
// Requests of simulated consoles as frames.
#include "sim_request.h"

#include <stdlib.h>

#define PASSWORD "invented"

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
	        HOLDFAST__V1__FRAME__BODY_ANSWER_CLOSE};
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
	char *id = (char *)r->conversation;
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
	        &finish, &get, &held, &answer};
	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
		if (ops[i] == r->op)
			f.result = bodies[i]; // every member of the union is a pointer
	f.id = r->id;
	f.body_case = (Holdfast__V1__Frame__BodyCase)r->op;
	frame_pack(&f, out);
}
