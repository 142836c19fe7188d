// SPDX-License-Identifier: Apache-2.0
// Delivery reports: what became of a text after the provider had it.
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "flow/intake.h"
#include "private.h"

struct receipt {
	struct flow *flow;
	struct pool *pool;
	uint64_t tag;
	intake_done_fn done;
	void *arg;
	char gateway[33];
	char message[POOL_ID_MAX];
	char conversation[POOL_ID_MAX];
	char kind[8];
	enum delivery delivery;
	struct buf provider_id;
	struct buf note;
};

static void receipt_end(struct receipt *r, enum err e)
{
	r->done(r->tag, e, r->arg);
	buf_free(&r->provider_id);
	buf_free(&r->note);
	free(r);
}

static void on_taken(const struct store_answer *a, void *arg)
{
	struct receipt *r = arg;
	log_info("event=receipt message=%s gateway=%s result=%s", r->message, r->gateway,
	        store_code_name(a->code));
	receipt_end(r, store_code_err(a->code));
}

// The script needs to know where the entry waits, which the report does not say.
static void on_entry(const struct store_answer *a, void *arg)
{
	struct receipt *r = arg;
	struct bytes gateway = redis_bytes(redis_field(a->reply, "gateway"));
	if (a->code != STORE_OK || !bytes_is(gateway, r->gateway)) {
		log_info("event=receipt message=%s gateway=%s result=%s", r->message, r->gateway,
		        a->code == STORE_OK ? "NOT_FOUND" : store_code_name(a->code));
		receipt_end(r, a->code == STORE_OK ? ERR_NOT_FOUND : store_code_err(a->code));
		return;
	}
	bytes_copy(redis_bytes(redis_field(a->reply, "kind")), r->kind, sizeof r->kind);
	bytes_copy(redis_bytes(redis_field(a->reply, "conversation")), r->conversation,
	        sizeof r->conversation);
	const struct store_out entry = {
	        r->pool->config->name, r->gateway, r->kind, r->message, r->conversation};
	store_receipt(r->flow->store, &entry, (int)r->delivery, buf_bytes(&r->provider_id),
	        buf_bytes(&r->note), on_taken, r);
}

static void not_ours(void *arg)
{
	receipt_end(arg, ERR_NOT_FOUND);
}

void intake_receipt(struct flow *f, const struct gateway *g, const struct gateway_receipt *in,
        uint64_t tag, intake_done_fn done, void *arg)
{
	struct receipt *r = xcalloc(1, sizeof *r);
	r->flow = f;
	r->pool = pool_of_id(f, buf_bytes(&in->message));
	r->tag = tag;
	r->done = done;
	r->arg = arg;
	bytes_copy(bytes_str(g->name), r->gateway, sizeof r->gateway);
	if (!r->pool) {
		loop_defer(f->loop, not_ours, r);
		return;
	}
	bytes_copy(buf_bytes(&in->message), r->message, sizeof r->message);
	r->delivery = in->delivery;
	buf_append_bytes(&r->provider_id, buf_bytes(&in->provider_id));
	buf_append_bytes(&r->note, buf_bytes(&in->error));
	metric_inc(M_OUTBOUND, delivery_name(in->delivery));
	store_entry(f->store, r->pool->config->name, r->message, on_entry, r);
}
