// SPDX-License-Identifier: Apache-2.0
// News about changes of hands, company and words among staff.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "audience.h"
#include "company.h"
#include "history.h"
#include "news.h"
#include "notes.h"

struct desk_news {
	struct pool *pool;
	char conversation[POOL_ID_MAX];
	char holder[33]; // "" where the holder is not told
	char note[ID_LEN + 1];
	char whom[48];
	int64_t until_ms;
};

static struct desk_news *news_new(struct pool *p, const char *conversation)
{
	struct desk_news *n = xcalloc(1, sizeof *n);
	n->pool = p;
	snprintf(n->conversation, sizeof n->conversation, "%s", conversation);
	return n;
}

// ---- as it is now ----

static void on_changed(const struct store_answer *a, void *arg)
{
	struct desk_news *n = arg;
	struct conversation_view view;
	Holdfast__V1__Conversation c;
	char *reasons[REASONS_MAX];
	if (a->code == STORE_OK && conversation_view(a->reply, &view)) {
		bool holder_too = n->holder[0] && view.state == CONVERSATION_HELD;
		conversation_frame(n->pool->flow, n->pool, n->conversation, &view, reasons, &c);
		audience_tell(n->pool, n->conversation, holder_too ? view.holder : "",
		        HOLDFAST__V1__FRAME__BODY_CONVERSATION, &c);
	}
	free(n);
}

void news_changed(struct pool *p, char **w)
{
	if (strmap_count(p->flow->signed_in) == 0)
		return;
	struct desk_news *n = news_new(p, w[1]);
	n->holder[0] = '?';
	store_conversation(p->flow->store, p->config->name, n->conversation, on_changed, n);
}

void news_moved(struct pool *p, const char *conversation)
{
	if (audience_any(p, conversation, ""))
		store_conversation(p->flow->store, p->config->name, conversation, on_changed,
		        news_new(p, conversation));
}

// ---- whispers ----

static void on_whisper(enum err e, Holdfast__V1__Conversation *c, void *arg)
{
	struct desk_news *n = arg;
	Holdfast__V1__Whispered body = HOLDFAST__V1__WHISPERED__INIT;
	body.conversation = n->conversation;
	for (size_t i = 0; e == ERR_NONE && i < c->n_notes; i++)
		if (strcmp(c->notes[i]->id, n->note) == 0) {
			body.note = c->notes[i];
			audience_tell(n->pool, n->conversation, n->holder,
			        HOLDFAST__V1__FRAME__BODY_WHISPERED, &body);
		}
	free(n);
}

void news_whisper(struct pool *p, char **w)
{
	if (!audience_any(p, w[1], w[2]))
		return;
	struct desk_news *n = news_new(p, w[1]);
	snprintf(n->holder, sizeof n->holder, "%s", w[2]);
	snprintf(n->note, sizeof n->note, "%s", w[3]);
	// Its notes alone: no message comes after the highest of sequences.
	history_load(p->flow, p, n->conversation, INT32_MAX, true, on_whisper, n);
}

// ---- invitations ----

struct inviting {
	struct desk_news *news;
	Holdfast__V1__Invited body;
};

static void invite_one(uint64_t id, void *value, void *arg)
{
	const struct session *s = value;
	struct inviting *i = arg;
	const struct pool *p = i->news->pool;
	const struct staff_member *m =
	        s->roles & ROLE_SERVES ? staff_find(p->flow->staff, s->name) : NULL;
	bool here = m && session_serves(s, p) &&
	            s->presence == HOLDFAST__V1__PRESENCE__PRESENCE_AVAILABLE;
	if (here && strcmp(s->name, i->news->holder) != 0 && company_meant(m, i->news->whom))
		answer_frame(p->flow, id, 0, HOLDFAST__V1__FRAME__BODY_INVITED, &i->body);
}

static void on_invite(const struct store_answer *a, void *arg)
{
	struct desk_news *n = arg;
	struct inviting i = {n, HOLDFAST__V1__INVITED__INIT};
	struct conversation_view view;
	if (a->code == STORE_OK && conversation_view(a->reply, &view)) {
		i.body.conversation = n->conversation;
		i.body.pool = n->pool->config->name;
		i.body.from = n->holder;
		i.body.language = strncmp(n->whom, "lang:", 5) == 0 ? n->whom + 5 : "";
		i.body.until_ms = n->until_ms;
		i.body.level = (Holdfast__V1__Level)view.level;
		idmap_each(n->pool->flow->sessions, invite_one, &i);
	}
	free(n);
}

void news_invite(struct pool *p, char **w)
{
	struct desk_news *n = news_new(p, w[1]);
	snprintf(n->whom, sizeof n->whom, "%s", w[2]);
	snprintf(n->holder, sizeof n->holder, "%s", w[3]);
	n->until_ms = strtoll(w[4], NULL, 10);
	store_conversation(p->flow->store, p->config->name, n->conversation, on_invite, n);
}

// ---- a transfer that came to nothing ----

void news_transfer_over(struct pool *p, char **w)
{
	struct session *s = audience_holder(p, w[2]);
	Holdfast__V1__TransferOver body = HOLDFAST__V1__TRANSFER_OVER__INIT;
	body.conversation = w[1];
	body.to = w[3];
	body.reason = w[4];
	if (s)
		answer_frame(p->flow, s->id, 0, HOLDFAST__V1__FRAME__BODY_TRANSFER_OVER, &body);
}
