// SPDX-License-Identifier: Apache-2.0
// Sending: claim an entry, unseal it, call the provider, record what became of it.
#include "outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "history.h"

#define BATCH    50
#define OPEN_MAX 64 // calls to providers at once
#define LEASE_MS 30000
#define CALL_TIMEOUT_MS                                                                            \
	15000 // well inside the lease: whoever claims again may be sure that we have stopped
#define RETRY_FIRST_MS    1000
#define RETRY_MAX_MS      60000
#define PAGE_RETRY_MAX_MS 10000

struct outbox {
	struct flow *flow;
	struct idmap *calls; // tag -> struct sending
	uint64_t next_tag;
	size_t open; // entries between their claim and the record of their outcome
};

// One entry between its claim and its outcome.
struct sending {
	struct flow *flow;
	struct pool *pool;
	char id[POOL_ID_MAX];
	char conversation[POOL_ID_MAX];
	char kind[8];
	uint64_t epoch;
	int64_t attempts;
	const struct gateway *gateway;
};

struct outbox *outbox_new(struct flow *f)
{
	struct outbox *o = xcalloc(1, sizeof *o);
	o->flow = f;
	o->calls = idmap_new();
	return o;
}

static void free_sending(uint64_t tag, void *value, void *arg)
{
	(void)tag;
	(void)arg;
	free(value);
}

void outbox_free(struct outbox *o)
{
	idmap_each(o->calls, free_sending, NULL);
	idmap_free(o->calls);
	free(o);
}

size_t outbox_open(const struct outbox *o)
{
	return o->open;
}

static struct sending *sending_new(struct pool *p, struct bytes id)
{
	struct sending *s = xcalloc(1, sizeof *s);
	s->flow = p->flow;
	s->pool = p;
	bytes_copy(id, s->id, sizeof s->id);
	p->flow->outbox->open++;
	return s;
}

static void sending_free(struct sending *s)
{
	s->flow->outbox->open--;
	free(s);
}

static bool is_reply(const struct sending *s)
{
	return strcmp(s->kind, "reply") == 0;
}

// ---- recording the outcome ----

static void on_recorded(const struct store_answer *a, void *arg)
{
	struct sending *s = arg;
	// Without a record the lease runs out, and then out_claim says what the entry may be.
	if (a->code != STORE_OK && a->code != STORE_STALE)
		log_error("event=send_not_recorded message=%s code=%s", s->id,
		        store_code_name(a->code));
	outbox_run(s->pool);
	sending_free(s);
}

static int64_t retry_delay_ms(const struct sending *s)
{
	int64_t delay = RETRY_FIRST_MS, most = is_reply(s) ? RETRY_MAX_MS : PAGE_RETRY_MAX_MS;
	for (int64_t i = 1; i < s->attempts && delay < most; i++)
		delay *= 2;
	uint16_t jitter;
	random_bytes(&jitter, sizeof jitter);
	delay = delay < most ? delay : most;
	return delay +
	       delay * jitter /
	               (4 * UINT16_MAX); // up to a quarter more, so that many do not knock together
}

static void record(
        struct sending *s, const char *outcome, struct bytes provider_id, const char *note)
{
	struct flow *f = s->flow;
	char quoted[200];
	bool retry = strcmp(outcome, "retry") == 0;
	int64_t at = retry ? flow_now(f) + retry_delay_ms(s) : 0;
	log_info("conversation=%s event=send message=%s kind=%s outcome=%s attempt=%lld note=%s",
	        s->conversation[0] ? s->conversation : "-", s->id, s->kind, outcome,
	        (long long)s->attempts, log_quote(quoted, note));
	metric_inc(is_reply(s) ? M_OUTBOUND : M_PAGES, outcome);
	store_out_done(f->store, s->pool->config->name, s->id, s->epoch, outcome, provider_id,
	        bytes_str(note), at, on_recorded, s);
}

static void note_error(struct flow *f, const char *gateway, const char *error)
{
	for (unsigned i = 0; i < f->config->gateways_count; i++) {
		struct gateway_health *h = &f->health[i];
		if (strcmp(h->config->name, gateway) != 0)
			continue;
		h->send_errors++;
		snprintf(h->last_error, sizeof h->last_error, "%s", error);
	}
	metric_inc(M_GATEWAY_ERRORS, gateway);
}

// A second page is better than none; a second copy of a reply is not ours to risk.
static const char *ambiguous(const struct sending *s)
{
	return is_reply(s) ? "unknown" : "retry";
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

static void on_called(uint64_t tag, const struct http_result *result, void *arg)
{
	struct outbox *o = arg;
	struct sending *s = idmap_remove(o->calls, tag);
	if (!s)
		return;
	struct gateway_reply reply = {0};
	if (result->outcome == HTTP_ANSWERED) {
		s->gateway->provider->parse_send_reply(
		        s->gateway, result->status, result->body, &reply);
		if (reply.outcome != GATEWAY_SENT)
			note_error(s->flow, s->gateway->name, buf_str(&reply.error));
		record(s, outcome_name(s, reply.outcome), buf_bytes(&reply.provider_id),
		        buf_str(&reply.error));
	} else {
		note_error(s->flow, s->gateway->name, result->error);
		const char *outcome = result->outcome == HTTP_NOT_SENT ? "retry" : ambiguous(s);
		record(s, outcome, bytes_str(""), result->error);
	}
	gateway_reply_free(&reply);
}

// ---- sending ----

static void call_provider(struct outbox *o, struct sending *s, struct gateway_call *call)
{
	const char *headers[GATEWAY_HEADERS_MAX + 1] = {0};
	for (size_t i = 0; i < call->headers_count; i++)
		headers[i] = buf_str(&call->headers[i]);
	char *password = call->user ? bytes_dup(call->password) : NULL;
	const struct http_call http = {
	        .method = call->method,
	        .url = buf_str(&call->url),
	        .headers = headers,
	        .body = buf_bytes(&call->body),
	        .user = call->user,
	        .password = password,
	        .unix_socket = s->gateway->send_socket[0] ? s->gateway->send_socket : NULL,
	        .ca_file = s->gateway->send_ca_file,
	        .timeout_ms = CALL_TIMEOUT_MS,
	};
	uint64_t tag = ++o->next_tag;
	idmap_put(o->calls, tag, s);
	http_client_call(o->flow->http, &http, tag, on_called, o);
	if (password) {
		mem_wipe(password, strlen(password));
		free(password);
	}
}

static bool open_text(struct sending *s, const struct redis_reply *entry, struct buf *text)
{
	struct vault *v = s->flow->vault;
	struct bytes sealed = redis_bytes(redis_field(entry, "text"));
	if (!is_reply(s))
		return vault_unseal_other(v, s->id, sealed, text);
	struct conversation_key key;
	if (!vault_unwrap(v, s->conversation, redis_bytes(redis_field(entry, "key")), &key))
		return false;
	bool ok = vault_unseal(&key, s->conversation, s->id, "out", sealed, text);
	conversation_key_wipe(&key);
	return ok;
}

static bool open_number(struct sending *s, const struct redis_reply *entry, struct buf *number)
{
	char *context = bytes_dup(redis_bytes(redis_field(entry, "number_context")));
	bool ok = vault_open_number(
	        s->flow->vault, context, redis_bytes(redis_field(entry, "number")), number);
	free(context);
	return ok;
}

// A reply hours late can hurt: after the time that the provider may take, the counselor is told
// instead.
static bool too_late(const struct sending *s, const struct redis_reply *entry)
{
	int64_t created = redis_integer(redis_field(entry, "created"));
	return flow_now(s->flow) - created > (int64_t)s->gateway->validity_s * 1000;
}

static void send_entry(struct outbox *o, struct sending *s, const struct redis_reply *entry)
{
	struct buf text = {0}, number = {0}, error = {0};
	struct gateway_call call = {0};
	char *name = bytes_dup(redis_bytes(redis_field(entry, "gateway")));
	char *line = bytes_dup(redis_bytes(redis_field(entry, "line")));
	s->gateway = o->flow->out.gateway(name, o->flow->out.arg);
	if (!s->gateway) {
		record(s, "retry", bytes_str(""), "its gateway is not configured on this node");
	} else if (is_reply(s) && too_late(s, entry)) {
		record(s, "failed", bytes_str(""), "too late: it could not be sent in time");
	} else if (!open_text(s, entry, &text) || !open_number(s, entry, &number)) {
		log_error("event=send_unreadable message=%s", s->id);
		record(s, "failed", bytes_str(""), "it could not be unsealed");
	} else {
		const struct gateway_send send = {s->id, line, buf_str(&number), buf_bytes(&text)};
		if (s->gateway->provider->build_send(s->gateway, &send, &call, &error))
			call_provider(o, s, &call);
		else
			record(s, "failed", bytes_str(""), buf_str(&error));
	}
	gateway_call_free(&call);
	buf_wipe(&text);
	buf_wipe(&number);
	buf_free(&error);
	free(name);
	free(line);
}

static void on_claimed(const struct store_answer *a, void *arg)
{
	struct sending *s = arg;
	if (a->code != STORE_OK) {
		// The script said UNKNOWN for a reply whose sending was interrupted; a lost answer
		// says the same word and changes nothing here.
		if (a->code == STORE_UNKNOWN && redis_count(a->reply) > 0)
			log_warn("event=send message=%s outcome=unknown note=interrupted", s->id);
		sending_free(s);
		return;
	}
	const struct redis_reply *entry = redis_at(a->reply, 3);
	struct bytes conversation = redis_bytes(redis_field(entry, "conversation"));
	struct bytes kind = redis_bytes(redis_at(a->reply, 2));
	s->epoch = (uint64_t)redis_integer(redis_at(a->reply, 1));
	s->attempts = redis_integer(redis_field(entry, "attempts"));
	bytes_copy(conversation, s->conversation, sizeof s->conversation);
	bytes_copy(kind, s->kind, sizeof s->kind);
	if (s->flow->draining)
		record(s, "retry", bytes_str(""), "this node was shutting down");
	else
		send_entry(s->flow->outbox, s, entry);
}

static void on_outbox(const struct store_answer *a, void *arg)
{
	struct pool *p = arg;
	struct outbox *o = p->flow->outbox;
	p->sending = false;
	for (size_t i = 0; a->code == STORE_OK && i + 1 < redis_count(a->reply); i += 2) {
		if (p->flow->draining || o->open >= OPEN_MAX)
			break;
		struct bytes id = redis_bytes(redis_at(a->reply, i));
		struct sending *s = sending_new(p, id);
		store_out_claim(p->flow->store, p->config->name, s->id, LEASE_MS, on_claimed, s);
	}
	if (p->send_again)
		outbox_run(p);
}

void outbox_run(struct pool *p)
{
	p->send_again = p->sending;
	if (p->sending || p->flow->draining)
		return;
	p->sending = true;
	store_outbox(p->flow->store, p->config->name, flow_now(p->flow), BATCH, on_outbox, p);
}
