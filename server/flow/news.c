// SPDX-License-Identifier: Apache-2.0
// From a script's news to the consoles that it concerns.
#include "news.h"

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
#include "offline.h"
#include "outbox.h"
#include "overflow.h"
#include "sweep.h"

#define WORDS_MAX 6

// One piece of news under way to a console.
struct news {
	struct pool *pool;
	uint64_t session;
	char conversation[POOL_ID_MAX];
	char message[POOL_ID_MAX];
	char name[33];
	uint64_t epoch;
};

static struct news *news_new(struct pool *p, const struct session *s, const char *conversation)
{
	struct news *n = xcalloc(1, sizeof *n);
	n->pool = p;
	n->session = s->id;
	snprintf(n->name, sizeof n->name, "%s", s->name);
	snprintf(n->conversation, sizeof n->conversation, "%s", conversation);
	return n;
}

static void push(struct pool *p, uint64_t session, Holdfast__V1__Frame__BodyCase which, void *body)
{
	answer_frame(p->flow, session, 0, which, body);
}

static struct news *news_of(struct pool *p, const char *conversation, const char *holder)
{
	struct news *n = xcalloc(1, sizeof *n);
	n->pool = p;
	snprintf(n->name, sizeof n->name, "%s", holder);
	snprintf(n->conversation, sizeof n->conversation, "%s", conversation);
	return n;
}

static void spread(const struct news *n, Holdfast__V1__Frame__BodyCase which, void *body)
{
	audience_tell(n->pool, n->conversation, n->name, which, body);
}

static void resync_one(struct session *s, void *arg)
{
	session_dismiss(arg, s, "resync");
}

// "message CONVERSATION HOLDER|- MESSAGE"
static void on_text(enum err e, Holdfast__V1__Message *m, void *arg)
{
	struct news *n = arg;
	if (e == ERR_NONE) {
		spread(n, HOLDFAST__V1__FRAME__BODY_MESSAGE, m);
	} else if (audience_any(n->pool, n->conversation, n->name)) {
		// A text must not stay unseen: the consoles connect again and read everything.
		log_warn("conversation=%s event=news_not_read message=%s error=%s", n->conversation,
		        n->message, err_code(e));
		audience_each(n->pool, n->conversation, n->name, resync_one, n->pool->flow);
	}
	free(n);
}

static void take_message(struct pool *p, char **w)
{
	if (!audience_any(p, w[1], w[2]))
		return;
	struct news *n = news_of(p, w[1], w[2]);
	snprintf(n->message, sizeof n->message, "%s", w[3]);
	history_message(p->flow, p, n->conversation, n->message, on_text, n);
}

// "delivery CONVERSATION MESSAGE": to whoever has to do with the conversation now.
static void on_delivery(enum err e, Holdfast__V1__Message *m, void *arg)
{
	struct news *n = arg;
	Holdfast__V1__DeliveryChange change = HOLDFAST__V1__DELIVERY_CHANGE__INIT;
	if (e == ERR_NONE) {
		change.conversation = n->conversation;
		change.message = n->message;
		change.delivery = m->delivery;
		change.note = m->delivery_note;
		spread(n, HOLDFAST__V1__FRAME__BODY_DELIVERY_CHANGE, &change);
	}
	free(n);
}

static void on_delivery_holder(const struct store_answer *a, void *arg)
{
	struct news *n = arg;
	struct conversation_view view;
	if (a->code != STORE_OK || !conversation_view(a->reply, &view) ||
	        !audience_any(n->pool, n->conversation, view.holder)) {
		free(n);
		return;
	}
	snprintf(n->name, sizeof n->name, "%s", view.holder);
	history_message(n->pool->flow, n->pool, n->conversation, n->message, on_delivery, n);
}

static void take_delivery(struct pool *p, char **w)
{
	if (strmap_count(p->flow->signed_in) == 0)
		return;
	struct news *n = news_of(p, w[1], "");
	snprintf(n->message, sizeof n->message, "%s", w[2]);
	store_conversation(p->flow->store, p->config->name, n->conversation, on_delivery_holder, n);
}

// "offer CONVERSATION NAME EPOCH"
static void on_offer(const struct store_answer *a, void *arg)
{
	struct news *n = arg;
	struct conversation_view view;
	Holdfast__V1__Conversation c;
	Holdfast__V1__Offer offer = HOLDFAST__V1__OFFER__INIT;
	char *reasons[REASONS_MAX];
	if (a->code == STORE_OK && conversation_view(a->reply, &view) && view.epoch == n->epoch) {
		conversation_frame(n->pool->flow, n->pool, n->conversation, &view, reasons, &c);
		offer.conversation = c.id;
		offer.pool = c.pool;
		offer.line = c.line;
		offer.epoch = c.epoch;
		offer.level = c.level;
		offer.n_reasons = c.n_reasons;
		offer.reasons = c.reasons;
		offer.enqueued_ms = c.enqueued_ms;
		offer.until_ms = c.offer_until_ms;
		offer.messages = c.sequence;
		if (view.state == CONVERSATION_HELD) { // a transfer
			offer.until_ms = c.transfer_until_ms;
			offer.from = c.holder;
		}
		push(n->pool, n->session, HOLDFAST__V1__FRAME__BODY_OFFER, &offer);
	}
	free(n);
}

static void take_offer(struct pool *p, char **w)
{
	news_moved(p, w[1]);
	struct session *s = audience_holder(p, w[2]);
	if (!s)
		return;
	struct news *n = news_new(p, s, w[1]);
	n->epoch = strtoull(w[3], NULL, 10);
	store_conversation(p->flow->store, p->config->name, n->conversation, on_offer, n);
}

// "offer_over CONVERSATION NAME EPOCH REASON"
static void take_offer_over(struct pool *p, char **w)
{
	news_moved(p, w[1]);
	struct session *s = audience_holder(p, w[2]);
	if (!s)
		return;
	Holdfast__V1__OfferOver over = HOLDFAST__V1__OFFER_OVER__INIT;
	over.conversation = w[1];
	over.epoch = strtoull(w[3], NULL, 10);
	over.reason = w[4];
	push(p, s->id, HOLDFAST__V1__FRAME__BODY_OFFER_OVER, &over);
}

// "released CONVERSATION NAME EPOCH REASON"
static void take_released(struct pool *p, char **w)
{
	news_moved(p, w[1]);
	struct session *s = audience_holder(p, w[2]);
	if (!s)
		return;
	Holdfast__V1__Released released = HOLDFAST__V1__RELEASED__INIT;
	released.conversation = w[1];
	released.epoch = strtoull(w[3], NULL, 10);
	released.reason = w[4];
	released.by = w[5] ? w[5] : "";
	push(p, s->id, HOLDFAST__V1__FRAME__BODY_RELEASED, &released);
}

// "level CONVERSATION HOLDER|-"
static void on_level(const struct store_answer *a, void *arg)
{
	struct news *n = arg;
	struct conversation_view view;
	char *reasons[REASONS_MAX];
	Holdfast__V1__LevelChange change = HOLDFAST__V1__LEVEL_CHANGE__INIT;
	if (a->code == STORE_OK && conversation_view(a->reply, &view)) {
		change.conversation = n->conversation;
		change.level = (Holdfast__V1__Level)view.level;
		change.n_reasons = reasons_split(view.reasons, reasons);
		change.reasons = reasons;
		spread(n, HOLDFAST__V1__FRAME__BODY_LEVEL_CHANGE, &change);
	}
	free(n);
}

static void take_level(struct pool *p, char **w)
{
	if (audience_holder(p, w[2])) {
		store_reweigh(p->flow->store, p->config->name, w[1], w[2], NULL, NULL);
		// Whoever has somebody in danger now is not asked for anybody else.
		capacity_settle(p->flow, w[2]);
	}
	if (audience_any(p, w[1], w[2]))
		store_conversation(
		        p->flow->store, p->config->name, w[1], on_level, news_of(p, w[1], w[2]));
}

// "nudge CONVERSATION HOLDER KIND SINCE"
static void take_nudge(struct pool *p, char **w)
{
	struct session *s = audience_holder(p, w[2]);
	if (!s)
		return;
	Holdfast__V1__Nudge nudge = HOLDFAST__V1__NUDGE__INIT;
	nudge.conversation = w[1];
	nudge.kind = w[3];
	nudge.since_ms = strtoll(w[4], NULL, 10);
	push(p, s->id, HOLDFAST__V1__FRAME__BODY_NUDGE, &nudge);
}

// "break_offered NAME"
static void take_break_offered(struct pool *p, char **w)
{
	struct session *s = audience_holder(p, w[1]);
	Holdfast__V1__BreakOffered offered = HOLDFAST__V1__BREAK_OFFERED__INIT;
	if (s)
		push(p, s->id, HOLDFAST__V1__FRAME__BODY_BREAK_OFFERED, &offered);
}

// "close_answered CONVERSATION HOLDER VERDICT BY|- REASON|-": to the holder and to all supervisors.
struct close_answered {
	struct pool *pool;
	const char *holder;
	Holdfast__V1__CloseAnswered body;
};

static void tell_answered(uint64_t id, void *value, void *arg)
{
	const struct session *s = value;
	struct close_answered *a = arg;
	bool holder = strcmp(s->name, a->holder) == 0 && s->roles & ROLE_SERVES;
	if ((holder && session_serves(s, a->pool)) || session_supervises(s, a->pool))
		push(a->pool, id, HOLDFAST__V1__FRAME__BODY_CLOSE_ANSWERED, &a->body);
}

static void take_close_answered(struct pool *p, char **w)
{
	struct close_answered a = {p, w[2], HOLDFAST__V1__CLOSE_ANSWERED__INIT};
	a.body.conversation = w[1];
	a.body.verdict = w[3];
	a.body.by = strcmp(w[4], "-") == 0 ? "" : w[4];
	a.body.reason = strcmp(w[5], "-") == 0 ? "" : w[5];
	idmap_each(p->flow->sessions, tell_answered, &a);
}

// "presence NAME PRESENCE REASON"
static void take_presence(struct pool *p, char **w)
{
	struct session *s = audience_holder(p, w[1]);
	if (!s)
		return;
	Holdfast__V1__PresenceChange change = HOLDFAST__V1__PRESENCE_CHANGE__INIT;
	s->presence = presence_named(bytes_str(w[2]));
	change.presence = s->presence;
	change.reason = w[3];
	log_info("event=presence staff=%s presence=%s reason=%s", w[1], w[2], w[3]);
	push(p, s->id, HOLDFAST__V1__FRAME__BODY_PRESENCE_CHANGE, &change);
}

// "attention KIND CONVERSATION|- NAME|-": to all supervisors of the pool.
struct audience {
	struct pool *pool;
	Holdfast__V1__Attention body;
};

static void attend(uint64_t id, void *value, void *arg)
{
	const struct session *s = value;
	struct audience *a = arg;
	if (session_supervises(s, a->pool))
		push(a->pool, id, HOLDFAST__V1__FRAME__BODY_ATTENTION, &a->body);
}

static void take_attention(struct pool *p, char **w)
{
	struct audience a = {p, HOLDFAST__V1__ATTENTION__INIT};
	a.body.pool = p->config->name;
	a.body.kind = w[1];
	a.body.conversation = strcmp(w[2], "-") == 0 ? "" : w[2];
	a.body.name = strcmp(w[3], "-") == 0 ? "" : w[3];
	a.body.at_ms = flow_now(p->flow);
	idmap_each(p->flow->sessions, attend, &a);
}

// "session NAME SID": the name has signed in, here or elsewhere.
static void take_session(struct pool *p, char **w)
{
	struct session *s = audience_holder(p, w[1]);
	if (s && strcmp(s->sid, w[2]) != 0)
		session_replaced(p->flow, s);
}

static void take_dispatch(struct pool *p, char **w)
{
	(void)w;
	dispatch_pool(p);
}

// "outbox GATEWAY"
static void take_outbox(struct pool *p, char **w)
{
	outbox_run(p, w[1]);
}

// "pool 1|0"
static void take_pool(struct pool *p, char **w)
{
	(void)w;
	offline_look(p);
}

// "overflow WHY|-"
static void take_overflow(struct pool *p, char **w)
{
	(void)w;
	overflow_look(p);
}

static void take_due(struct pool *p, char **w)
{
	(void)w;
	sweep_pool(p);
}

static const struct {
	const char *kind;
	int words; // at least, the kind included
	void (*take)(struct pool *p, char **words);
} kinds[] = {
        {"waiting", 2, take_dispatch},
        {"freed", 2, take_dispatch},
        {"message", 4, take_message},
        {"delivery", 3, take_delivery},
        {"offer", 4, take_offer},
        {"offer_over", 5, take_offer_over},
        {"released", 5, take_released},
        {"level", 3, take_level},
        {"nudge", 5, take_nudge},
        {"close_answered", 6, take_close_answered},
        {"presence", 4, take_presence},
        {"break_offered", 2, take_break_offered},
        {"session", 3, take_session},
        {"attention", 4, take_attention},
        {"outbox", 2, take_outbox},
        {"due", 1, take_due},
        {"changed", 2, news_changed},
        {"whisper", 4, news_whisper},
        {"invite", 5, news_invite},
        {"transfer_over", 5, news_transfer_over},
        {"announced", 2, news_announced},
        {"pool", 2, take_pool},
        {"overflow", 2, take_overflow},
};

void news_take(struct pool *p, struct bytes payload)
{
	char *text = bytes_dup(payload);
	char *words[WORDS_MAX] = {0};
	int count = 0;
	char *rest = text;
	for (char *one; count < WORDS_MAX && (one = strsep(&rest, " ")) != NULL;)
		words[count++] = one;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (words[0] && strcmp(words[0], kinds[i].kind) == 0 && count >= kinds[i].words)
			kinds[i].take(p, words);
	free(text);
}
