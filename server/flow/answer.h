// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// Frames out. Every answer and every piece of news goes through here.

struct session *session_find(struct flow *f, uint64_t id); // NULL when it has gone: a normal thing

// Theirs, or one in which they help out.
bool session_serves(const struct session *s, const struct pool *p);
// Theirs: `s` may be NULL.
bool session_owns(const struct session *s, const struct pool *p);
bool session_supervises(const struct session *s, const struct pool *p);

// The answer to request `id`. `text` NULL takes the error's own.
void answer_result(struct flow *f, uint64_t session, uint64_t id, enum err e, const char *text);
void answer_code(struct flow *f, uint64_t session, uint64_t id, enum store_code code);
// Sends `body`, one of the generated messages, as the frame's body of that case.
void answer_frame(struct flow *f, uint64_t session, uint64_t id,
        Holdfast__V1__Frame__BodyCase which, void *body);

// A request under way: what must still be known when Redis has answered. Freed by whoever answers
// it.
struct request {
	struct flow *flow;
	uint64_t session;
	uint64_t id;
	struct pool *pool;
	char conversation[POOL_ID_MAX];
	char name[33]; // of the staff member who asks
	uint64_t epoch;
	void *more; // the handler's own
};
struct request *request_new(struct flow *f, const struct session *s, uint64_t id);
// Finds the pool in which `conversation` is: its id says so ("POOL.ID"). False after having
// answered that there is none.
bool request_conversation(struct request *r, const struct session *s, const char *conversation);
// The request of a signed-in session about one conversation; NULL after having answered.
struct request *request_begin(struct flow *f, uint64_t session, const Frame *frame,
        const char *conversation, uint64_t epoch);
// Likewise, where it must be one of their own pools: for what supervisors ask.
struct request *request_begin_own(struct flow *f, uint64_t session, const Frame *frame,
        const char *conversation, uint64_t epoch);
struct store_claim request_claim(const struct request *r);
void request_end(struct request *r, enum err e, const char *text);
void request_end_code(struct request *r, enum store_code code);
// Answers with the conversation and its messages, when the asker may read it.
void request_show(struct request *r);
