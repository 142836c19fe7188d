// SPDX-License-Identifier: Apache-2.0
// Sending: claim an entry, unseal it, call the provider, record what became of it.
#include "outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "lanes.h"
#include "outgoing.h"

#define LEASE_MS 30000
// The call must be over before the lease is, counted from the moment at which the claim was sent: a
// node that was stopped in between must not send when others may have taken the entry.
#define CLAIM_FRESH_MS    (LEASE_MS - PROVIDER_TIMEOUT_MS)
#define CLAIM_AGAIN_MS    500
#define CLAIM_FOR_MS      300000
#define RECORD_AGAIN_MS   1000
#define RECORD_FOR_MS     300000
#define RETRY_FIRST_MS    1000
#define RETRY_MAX_MS      60000
#define PAGE_RETRY_MAX_MS 10000
#define ASK_AFTER_MS      30000
// For a gateway that is not configured on this node: as long as the default of validity_s.
#define UNKNOWN_VALIDITY_MS 3600000

struct outbox {
	struct flow *flow;
	struct idmap *open;  // tag -> struct sending, from the claim to the record of the outcome
	struct strmap *busy; // id of the entry -> the same
	uint64_t next_tag;
};

// One entry between its claim and the record of its outcome.
struct sending {
	struct flow *flow;
	struct pool *pool;
	struct lane *lane;
	enum send_kind kind;
	char id[POOL_ID_MAX];
	char conversation[POOL_ID_MAX];
	uint64_t tag;
	char token[112];
	int64_t begun_ms;   // monotonic, as the next one
	int64_t claimed_ms; // when the latest claim was sent
	uint64_t timer;
	uint64_t epoch;
	int64_t attempts;
	const struct gateway *gateway; // NULL when this node does not know it
	bool called;
	bool doubtful;       // a claim was sent whose answer is not known
	const char *outcome; // static
	struct buf provider_id;
	struct buf note;
	int64_t retry_at_ms;
};

static bool start(struct lane *l, struct pool *p, enum send_kind kind, struct bytes id,
        struct bytes conversation);

struct outbox *outbox_new(struct flow *f)
{
	struct outbox *o = xcalloc(1, sizeof *o);
	o->flow = f;
	o->open = idmap_new();
	o->busy = strmap_new();
	f->lanes = lanes_new(f, start);
	return o;
}

static void sending_free(struct sending *s)
{
	loop_cancel(s->flow->loop, s->timer);
	buf_free(&s->provider_id);
	buf_free(&s->note);
	free(s);
}

static void free_open(uint64_t tag, void *value, void *arg)
{
	(void)tag;
	(void)arg;
	sending_free(value);
}

void outbox_free(struct outbox *o)
{
	idmap_each(o->open, free_open, NULL);
	idmap_free(o->open);
	strmap_free(o->busy);
	lanes_free(o->flow->lanes);
	free(o);
}

size_t outbox_open(const struct outbox *o)
{
	return idmap_count(o->open);
}

void outbox_run(struct pool *p, const char *gateway)
{
	lanes_look(p->flow->lanes, p, gateway);
}

int64_t outbox_ask_ms(const struct gateway *g)
{
	return g && g->provider->build_query ? ASK_AFTER_MS : 0;
}

static bool to_texter(const struct sending *s)
{
	return s->kind == SEND_REPLY || s->kind == SEND_AUTO;
}

static void sending_end(struct sending *s)
{
	struct outbox *o = s->flow->outbox;
	struct lane *lane = s->lane;
	bool called = s->called;
	idmap_remove(o->open, s->tag);
	strmap_remove(o->busy, s->id);
	sending_free(s);
	lane_end(lane, called);
}

static struct store_out entry_of(const struct sending *s)
{
	return (struct store_out){s->pool->config->name, lane_gateway(s->lane),
	        send_kind_name(s->kind), s->id, s->conversation};
}

// ---- recording the outcome ----

static void record_again(void *arg);

static void on_recorded(const struct store_answer *a, void *arg)
{
	struct sending *s = arg;
	if (a->code == STORE_OK || a->code == STORE_STALE) {
		sending_end(s);
		return;
	}
	// Only we know what became of it. Without a record the lease runs out, and then out_claim
	// says what the entry may be; even after that the outcome is worth having.
	log_error("event=send_not_recorded message=%s code=%s", s->id, store_code_name(a->code));
	if (loop_mono_ms(s->flow->loop) - s->begun_ms > RECORD_FOR_MS)
		sending_end(s);
	else
		s->timer = loop_timer(s->flow->loop, RECORD_AGAIN_MS, record_again, s);
}

static void record_again(void *arg)
{
	struct sending *s = arg;
	const struct store_out entry = entry_of(s);
	const struct store_outcome outcome = {
	        .epoch = s->epoch,
	        .outcome = s->outcome,
	        .provider_id = buf_bytes(&s->provider_id),
	        .note = buf_bytes(&s->note),
	        .retry_at_ms = s->retry_at_ms,
	        .ask_ms = outbox_ask_ms(s->gateway),
	};
	s->timer = 0;
	store_out_done(s->flow->store, &entry, &outcome, on_recorded, s);
}

static int64_t retry_delay_ms(const struct sending *s)
{
	int64_t delay = RETRY_FIRST_MS, most = to_texter(s) ? RETRY_MAX_MS : PAGE_RETRY_MAX_MS;
	for (int64_t i = 1; i < s->attempts && delay < most; i++)
		delay *= 2;
	uint16_t jitter;
	random_bytes(&jitter, sizeof jitter);
	delay = delay < most ? delay : most;
	return delay +
	       delay * jitter /
	               (4 * UINT16_MAX); // up to a quarter more, so that many do not knock together
}

static void record_at(struct sending *s, const char *outcome, struct bytes provider_id,
        const char *note, int64_t retry_in_ms)
{
	char quoted[200];
	log_info("conversation=%s event=send message=%s kind=%s gateway=%s outcome=%s attempt=%lld "
	         "note=%s",
	        s->conversation[0] ? s->conversation : "-", s->id, send_kind_name(s->kind),
	        lane_gateway(s->lane), outcome, (long long)s->attempts, log_quote(quoted, note));
	metric_inc(to_texter(s) ? M_OUTBOUND : M_PAGES, outcome);
	s->outcome = outcome;
	s->retry_at_ms = flow_now(s->flow) + retry_in_ms;
	buf_append_bytes(&s->provider_id, provider_id);
	buf_append_str(&s->note, note);
	record_again(s);
}

static void record(struct sending *s, const char *outcome, const char *note)
{
	record_at(s, outcome, bytes_str(""), note, retry_delay_ms(s));
}

// ---- the provider's answer ----

// A second page is better than none; what the provider knows by its id goes out once, however often
// it is sent; a second copy of any other text to a texter is not ours to risk.
static const char *ambiguous(const struct sending *s)
{
	if (!to_texter(s))
		return "retry";
	return s->gateway->provider->idempotent ? "again" : "unknown";
}

static const char *outcome_name(const struct sending *s, enum gateway_outcome o)
{
	switch (o) {
	case GATEWAY_SENT:
		return "sent";
	case GATEWAY_RETRY:
		return "retry";
	case GATEWAY_OPTED_OUT:
	case GATEWAY_PERMANENT:
		return "failed";
	case GATEWAY_AMBIGUOUS:
		break;
	}
	return ambiguous(s);
}

// The provider says when: that holds for all its texts. Who asks for a day does not get it: a page
// must not wait for it, and a reply is late by then.
static int64_t asked_delay_ms(
        struct sending *s, const struct http_result *result, const struct gateway_reply *reply)
{
	int64_t seconds = reply->retry_after_s, delay = retry_delay_ms(s);
	if (result->retry_after_s > seconds)
		seconds = result->retry_after_s;
	if (reply->outcome == GATEWAY_SENT || seconds <= 0)
		return delay;
	int64_t wait = seconds < LANE_PAUSE_MAX_MS / 1000 ? seconds * 1000 : LANE_PAUSE_MAX_MS;
	lane_pause(s->lane, wait);
	return delay > wait ? delay : wait;
}

static void take_answer(struct sending *s, const struct http_result *result)
{
	struct gateway_reply reply = {0};
	s->gateway->provider->parse_send_reply(s->gateway, result->status, result->body, &reply);
	if (reply.outcome != GATEWAY_SENT)
		provider_failed(s->flow, s->gateway->name, buf_str(&reply.error));
	record_at(s, outcome_name(s, reply.outcome), buf_bytes(&reply.provider_id),
	        buf_str(&reply.error), asked_delay_ms(s, result, &reply));
	gateway_reply_free(&reply);
}

static void on_called(uint64_t tag, const struct http_result *result, void *arg)
{
	struct outbox *o = arg;
	struct sending *s = idmap_get(o->open, tag);
	if (!s)
		return;
	if (result->outcome == HTTP_ANSWERED) {
		take_answer(s, result);
		return;
	}
	provider_failed(s->flow, s->gateway->name, result->error);
	record(s, result->outcome == HTTP_NOT_SENT ? "retry" : ambiguous(s), result->error);
}

// ---- sending ----

static void call(struct sending *s, struct outgoing *what)
{
	struct gateway_call request = {0};
	struct buf error = {0};
	const struct gateway_send send = {
	        s->id, buf_str(&what->line), buf_str(&what->number), buf_bytes(&what->text)};
	if (s->gateway->provider->build_send(s->gateway, &send, &request, &error)) {
		s->called = true;
		provider_call(s->flow, s->gateway, &request, s->tag, on_called, s->flow->outbox);
	} else {
		record(s, "failed", buf_str(&error));
	}
	gateway_call_free(&request);
	buf_free(&error);
}

static void send_entry(struct sending *s, const struct redis_reply *entry)
{
	struct outgoing what = {0};
	char *name = bytes_dup(redis_bytes(redis_field(entry, "gateway")));
	s->gateway = s->flow->out.gateway(name, s->flow->out.arg);
	free(name);
	if (!s->gateway) {
		record_at(s, "retry", bytes_str(""), "its gateway is not configured on this node",
		        RETRY_MAX_MS);
		return;
	}
	if (outgoing_open(s->flow, s->id, s->conversation, entry, &what)) {
		call(s, &what);
	} else {
		log_error("event=send_unreadable message=%s", s->id);
		record(s, "failed", "it could not be unsealed");
	}
	outgoing_wipe(&what);
}

// ---- claiming ----

static bool fresh(const struct sending *s)
{
	return loop_mono_ms(s->flow->loop) - s->claimed_ms <= CLAIM_FRESH_MS;
}

static void claimed(struct sending *s, const struct redis_reply *reply)
{
	const struct redis_reply *entry = redis_at(reply, 2);
	s->epoch = (uint64_t)redis_integer(redis_at(reply, 1));
	s->attempts = redis_integer(redis_field(entry, "attempts"));
	if (s->flow->draining)
		record_at(s, "retry", bytes_str(""), "this node was shutting down", 0);
	else if (!fresh(s))
		record_at(s, "retry", bytes_str(""), "its turn came too late on this node", 0);
	else
		send_entry(s, entry);
}

static void claim(void *arg);

static void note_unclaimed(
        const struct sending *s, const struct store_answer *a, bool may_have_been_sent)
{
	const char *outcome = may_have_been_sent          ? "unknown"
	                      : a->code == STORE_HELD     ? "held"
	                      : redis_count(a->reply) > 1 ? "withdrawn"
	                                                  : NULL;
	if (!outcome)
		return;
	log_warn("conversation=%s event=send message=%s kind=%s outcome=%s", s->conversation, s->id,
	        send_kind_name(s->kind), outcome);
	metric_inc(M_OUTBOUND, outcome);
}

static void on_claimed(const struct store_answer *a, void *arg)
{
	struct sending *s = arg;
	// The script says UNKNOWN for a reply whose sending was interrupted; a lost answer is the
	// same word without a reply.
	bool said = a->code == STORE_UNKNOWN && redis_count(a->reply) > 0;
	s->doubtful |= (a->code == STORE_UNKNOWN && !said) || a->code == STORE_SHORT;
	bool lost = s->doubtful && (a->code == STORE_UNKNOWN || a->code == STORE_SHORT ||
	                                   a->code == STORE_UNAVAILABLE);
	if (a->code == STORE_OK) {
		claimed(s, a->reply);
	} else if (lost && !s->flow->draining &&
	           loop_mono_ms(s->flow->loop) - s->begun_ms < CLAIM_FOR_MS) {
		// It may be ours by now, or is ours on too few copies: it must not be sent. The
		// same token again finds out, and keeps others from taking it for interrupted.
		s->timer = loop_timer(s->flow->loop, CLAIM_AGAIN_MS, claim, s);
	} else {
		note_unclaimed(s, a, said);
		sending_end(s);
	}
}

static void claim(void *arg)
{
	struct sending *s = arg;
	const struct gateway *g = s->flow->out.gateway(lane_gateway(s->lane), s->flow->out.arg);
	const struct store_out entry = entry_of(s);
	const struct store_lease lease = {
	        .token = s->token,
	        .lease_ms = LEASE_MS,
	        .validity_ms = g ? (int64_t)g->validity_s * 1000 : UNKNOWN_VALIDITY_MS,
	        .repeatable = g && g->provider->idempotent,
	        .ask_ms = outbox_ask_ms(g),
	};
	s->timer = 0;
	s->claimed_ms = loop_mono_ms(s->flow->loop);
	store_out_claim(s->flow->store, &entry, &lease, on_claimed, s);
}

static bool start(struct lane *l, struct pool *p, enum send_kind kind, struct bytes id,
        struct bytes conversation)
{
	struct outbox *o = p->flow->outbox;
	struct sending *s = xcalloc(1, sizeof *s);
	s->flow = p->flow;
	s->pool = p;
	s->lane = l;
	s->kind = kind;
	bytes_copy(id, s->id, sizeof s->id);
	bytes_copy(conversation, s->conversation, sizeof s->conversation);
	if (strmap_get(o->busy, s->id)) {
		sending_free(s);
		return false;
	}
	s->tag = ++o->next_tag;
	snprintf(s->token, sizeof s->token, "%s/%llu", p->flow->node, (unsigned long long)s->tag);
	s->begun_ms = loop_mono_ms(p->flow->loop);
	idmap_put(o->open, s->tag, s);
	strmap_put(o->busy, s->id, s);
	claim(s);
	return true;
}
