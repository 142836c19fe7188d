// SPDX-License-Identifier: Apache-2.0
// The provider's own list of texts settles what may have been sent.
#include "asking.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "outgoing.h"

// After each question, the time to the next one; the first comes 30 s after the send. The last is
// for its own answer.
#define DELAYS_MS "90000,480000,600000,600000,600000,60000"
#define ENOUGH    3 // so often a provider that knows nothing has been asked long enough
#define MOST      6
// How far the provider's clock and ours may be apart.
#define SKEW_MS 120000

struct asking {
	struct flow *flow;
	struct idmap *open; // tag -> struct question
	uint64_t next_tag;
};

struct question {
	struct flow *flow;
	struct pool *pool;
	uint64_t tag;
	char id[POOL_ID_MAX];
	char conversation[POOL_ID_MAX];
	const struct gateway *gateway;
	struct gateway_query query;
	struct outgoing what; // what the query borrows from
	int64_t asked;
	bool unheard; // the provider gave no clear answer
};

struct asking *asking_new(struct flow *f)
{
	struct asking *a = xcalloc(1, sizeof *a);
	a->flow = f;
	a->open = idmap_new();
	return a;
}

static void question_free(struct question *q)
{
	outgoing_wipe(&q->what);
	free(q);
}

static void free_open(uint64_t tag, void *value, void *arg)
{
	(void)tag;
	(void)arg;
	question_free(value);
}

void asking_free(struct asking *a)
{
	idmap_each(a->open, free_open, NULL);
	idmap_free(a->open);
	free(a);
}

static struct store_out entry_of(const struct question *q)
{
	return (struct store_out){
	        q->pool->config->name, q->gateway->name, STORE_REPLY, q->id, q->conversation};
}

// ---- the answer ----

static void on_given_up(const struct store_answer *a, void *arg)
{
	struct question *q = arg;
	log_info("conversation=%s event=asked message=%s result=%s", q->conversation, q->id,
	        store_code_name(a->code));
	question_free(q);
}

// The last question is over. It stays "may have been sent", with what the provider said: its list
// can lag, and it may have changed the text before it listed it. FAILED would tell the counselor
// that it is safe to say it again, and that we do not know; whether a second copy does harm is for
// them to judge, who have the conversation before them. A report can still settle it.
static void nothing_found(struct question *q, const char *note)
{
	if (q->asked < (q->unheard ? MOST : ENOUGH)) {
		question_free(q);
		return;
	}
	const struct store_out entry = entry_of(q);
	store_out_asked(q->flow->store, &entry, 0, bytes_str(""), bytes_str(note), on_given_up, q);
}

static void on_settled(const struct store_answer *a, void *arg)
{
	struct question *q = arg;
	log_info("conversation=%s event=asked message=%s gateway=%s result=%s", q->conversation,
	        q->id, q->gateway->name, store_code_name(a->code));
	if (a->code == STORE_CONFLICT) {
		nothing_found(q, "the provider does not know it");
		return;
	}
	if (a->code == STORE_OK)
		metric_inc(M_OUTBOUND, "found");
	question_free(q);
}

static void take_found(struct question *q, struct gateway_found *found)
{
	const struct store_out entry = entry_of(q);
	if (!found->clear) {
		q->unheard = true;
		nothing_found(q, "the provider could not be asked about it");
	} else if (found->matches != 1) {
		nothing_found(q, found->matches ? "the provider has several like it"
		                                : "the provider does not know it");
	} else {
		store_out_asked(q->flow->store, &entry, (int)found->delivery,
		        buf_bytes(&found->provider_id), buf_bytes(&found->error), on_settled, q);
	}
}

static void on_answered(uint64_t tag, const struct http_result *result, void *arg)
{
	struct asking *a = arg;
	struct question *q = idmap_remove(a->open, tag);
	struct gateway_found found = {0};
	if (!q)
		return;
	if (result->outcome == HTTP_ANSWERED)
		q->gateway->provider->parse_query(
		        q->gateway, &q->query, result->status, result->body, &found);
	if (!found.clear)
		provider_failed(q->flow, q->gateway->name,
		        result->outcome == HTTP_ANSWERED ? "no clear answer to a question"
		                                         : result->error);
	take_found(q, &found);
	gateway_found_free(&found);
}

// ---- the question ----

static void ask(struct question *q, const struct redis_reply *entry)
{
	struct asking *a = q->flow->asking;
	struct gateway_call call = {0};
	int64_t tried = redis_integer(redis_field(entry, "tried"));
	q->query = (struct gateway_query){
	        .from = buf_str(&q->what.line),
	        .to = buf_str(&q->what.number),
	        .text = buf_bytes(&q->what.text),
	        .since_ms = tried - SKEW_MS,
	        .until_ms = tried + PROVIDER_TIMEOUT_MS + SKEW_MS,
	};
	q->gateway->provider->build_query(q->gateway, &q->query, &call);
	q->tag = ++a->next_tag;
	idmap_put(a->open, q->tag, q);
	provider_call(q->flow, q->gateway, &call, q->tag, on_answered, a);
	gateway_call_free(&call);
}

static void on_turn(const struct store_answer *a, void *arg)
{
	struct question *q = arg;
	const struct redis_reply *entry = redis_at(a->reply, 2);
	if (a->code != STORE_OK || q->flow->draining) {
		question_free(q);
		return;
	}
	char *name = bytes_dup(redis_bytes(redis_field(entry, "gateway")));
	q->gateway = q->flow->out.gateway(name, q->flow->out.arg);
	free(name);
	q->asked = redis_integer(redis_at(a->reply, 1));
	bytes_copy(redis_bytes(redis_field(entry, "conversation")), q->conversation,
	        sizeof q->conversation);
	if (q->gateway && q->gateway->provider->build_query &&
	        outgoing_open(q->flow, q->id, q->conversation, entry, &q->what))
		ask(q, entry);
	else
		question_free(q); // the timer goes on, and ends by itself
}

// However many are due, the timers must move on: what stays due at the front of the pool's timers
// would hide the others. Their number is bounded by that of doubtful sends, which hold a slot for
// longer than a question does.
void asking_due(struct pool *p, const char *id)
{
	struct question *q = xcalloc(1, sizeof *q);
	q->flow = p->flow;
	q->pool = p;
	bytes_copy(bytes_str(id), q->id, sizeof q->id);
	store_out_ask(p->flow->store, p->config->name, q->id, DELAYS_MS, on_turn, q);
}
