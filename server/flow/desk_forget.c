// SPDX-License-Identifier: Apache-2.0
// An operator writes down a texter's wish for deletion that came by letter or on the phone.
#include "flow/desk.h"

#include <stdio.h>
#include <stdlib.h>

#include "answer.h"
#include "base/log.h"
#include "history.h"
#include "wish.h"

static void on_asked(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	Holdfast__V1__Forgetting out = HOLDFAST__V1__FORGETTING__INIT;
	char code[WISH_CODE_LEN + 1];
	if (a->code != STORE_OK) {
		request_end_code(r, a->code);
		return;
	}
	char *id = bytes_dup(redis_bytes(redis_at(a->reply, 1)));
	wish_code(id, code);
	wish_log(id, r->pool->config->name, r->name);
	log_info(
	        "conversation=%s event=forget receipt=%s staff=%s", r->conversation, code, r->name);
	out.receipt = code;
	out.waits = r->more != NULL || redis_bytes(redis_at(a->reply, 2)).len > 0;
	answer_frame(r->flow, r->session, r->id, HOLDFAST__V1__FRAME__BODY_FORGETTING, &out);
	free(id);
	free(r);
}

static void on_conversation(const struct store_answer *a, void *arg)
{
	static char live;
	struct request *r = arg;
	struct conversation_view view;
	char id[POOL_ID_MAX];
	if (a->code != STORE_OK || !conversation_view(a->reply, &view)) {
		request_end(r, a->code == STORE_OK ? ERR_NOT_FOUND : store_code_err(a->code),
		        a->code == STORE_OK ? "There is no such conversation." : NULL);
		return;
	}
	if (!*view.texter) {
		request_end(r, ERR_GONE, "It has been deleted already.");
		return;
	}
	r->more = view.state == CONVERSATION_CLOSED ? NULL : &live;
	pool_id_new(r->pool, id);
	const struct store_wish wish = {
	        .of = {r->pool->config->name, view.line, view.texter},
	        .id = id,
	        .by = r->name,
	        .language = "",
	        .gateway = view.gateway,
	        .sealed_number = bytes_str(""),
	        .provider_id_hash = "-",
	};
	store_erase_ask(r->flow->store, &wish, on_asked, r);
}

void desk_forget_conversation(struct flow *f, uint64_t session, const Frame *frame)
{
	const char *conversation = frame->forget_conversation->conversation;
	struct session *s = session_find(f, session);
	if (!s)
		return;
	struct request *r = request_new(f, s, frame->id);
	r->pool = pool_of_id(f, bytes_str(conversation));
	if (!r->pool) {
		request_end(r, ERR_NOT_FOUND, "There is no such conversation.");
		return;
	}
	snprintf(r->conversation, sizeof r->conversation, "%s", conversation);
	store_conversation(f->store, r->pool->config->name, r->conversation, on_conversation, r);
}
