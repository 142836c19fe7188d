// SPDX-License-Identifier: Apache-2.0
// The quarantine: sealing and storing what could not be taken as a text, and counting what waits.
#include "quarantine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/metrics.h"
#include "vault/mac.h"

#define CRASHES_OVER_MS (10 * 60 * 1000)

struct quarantine {
	struct flow *flow;
	uint64_t waiting;
	int64_t since_ms;
	bool looking;
	bool look_again;
	uint64_t crashes_timer;
};

// How a request is known: keyed, because numbers and texts can be guessed.
static void fingerprint_of(const struct flow *f, const char *gateway, struct bytes request,
        char out[static VAULT_HASH_LEN + 1])
{
	uint8_t digest[32];
	struct buf name = {0};
	sha256(request, digest);
	buf_printf(&name, "%s|", gateway);
	hex_encode(bytes_of(digest, sizeof digest), &name);
	vault_hash(f->vault, "quarantine", buf_str(&name), out);
	buf_free(&name);
}

bool quarantine_gateway(const char *id, char gateway[static 33])
{
	const char *dot = strrchr(id, '.');
	size_t len = dot ? (size_t)(dot - id) : 0;
	if (len == 0 || len > 32 || !id_valid(bytes_str(dot + 1)))
		return false;
	memcpy(gateway, id, len);
	gateway[len] = 0;
	return true;
}

// ---- putting ----

// One request on its way.
struct putting {
	struct flow *flow;
	uint64_t tag;
	intake_done_fn done;
	void *arg;
	char id[QUARANTINE_ID_MAX];
	char gateway[33];
	char reason[160];
	enum err err;
};

static void putting_end(struct putting *p, enum err e)
{
	p->done(p->tag, e, p->arg);
	free(p);
}

static void end_later(void *arg)
{
	struct putting *p = arg;
	putting_end(p, p->err);
}

static void on_put(const struct store_answer *a, void *arg)
{
	struct putting *p = arg;
	char quoted[200];
	if (a->code == STORE_OK) {
		log_error("event=quarantined id=%s gateway=%s reason=%s", p->id, p->gateway,
		        log_quote(quoted, p->reason));
		metric_inc(M_INBOUND, "quarantined");
		quarantine_look(p->flow->quarantine);
		putting_end(p, ERR_NONE);
	} else if (a->code == STORE_DUPLICATE) {
		metric_inc(M_INBOUND, "duplicate");
		log_info("event=duplicate gateway=%s", p->gateway);
		putting_end(p, ERR_NONE);
	} else {
		log_error("event=not_quarantined gateway=%s code=%s", p->gateway,
		        store_code_name(a->code));
		putting_end(p, ERR_UNAVAILABLE);
	}
}

static struct putting *putting_new(struct flow *f, const struct gateway *g, const char *reason)
{
	char random[ID_LEN + 1];
	struct putting *p = xcalloc(1, sizeof *p);
	p->flow = f;
	id_new(random);
	snprintf(p->gateway, sizeof p->gateway, "%s", g->name);
	snprintf(p->id, sizeof p->id, "%s.%s", p->gateway, random);
	snprintf(p->reason, sizeof p->reason, "%s", reason);
	return p;
}

void quarantine_put(struct flow *f, const struct gateway *g, const char *reason,
        struct bytes request, uint64_t tag, intake_done_fn done, void *arg)
{
	struct putting *p = putting_new(f, g, reason);
	char fingerprint[VAULT_HASH_LEN + 1];
	struct buf sealed = {0};
	p->tag = tag;
	p->done = done;
	p->arg = arg;
	if (request.len > QUARANTINE_REQUEST_MAX) {
		p->err = ERR_TOO_LARGE;
		loop_defer(f->loop, end_later, p);
		return;
	}
	fingerprint_of(f, p->gateway, request, fingerprint);
	vault_seal_other(f->vault, p->id, request, &sealed);
	const struct store_quarantine entry = {
	        .id = p->id,
	        .gateway = p->gateway,
	        .reason = p->reason,
	        .fingerprint = fingerprint,
	        .sealed = buf_bytes(&sealed),
	        .size = request.len,
	        .at_ms = flow_now(f),
	};
	store_quarantine_put(f->store, &entry, on_put, p);
	buf_free(&sealed);
}

// ---- what is refused ----

static void on_no_crasher(void *arg)
{
	struct quarantine *q = arg;
	q->crashes_timer = 0;
	alarm_clear(q->flow, ALARM_CRASHES);
}

void quarantine_crasher(struct flow *f, const struct gateway *g)
{
	struct quarantine *q = f->quarantine;
	log_error("gateway=%s event=crashed_twice stage=verify", g->name);
	alarm_raise(f, ALARM_CRASHES, "It came through gateway %s.", g->name);
	loop_cancel(f->loop, q->crashes_timer);
	q->crashes_timer = loop_timer(f->loop, CRASHES_OVER_MS, on_no_crasher, q);
}

// ---- counting ----

struct quarantine *quarantine_new(struct flow *f)
{
	struct quarantine *q = xcalloc(1, sizeof *q);
	q->flow = f;
	return q;
}

void quarantine_free(struct quarantine *q)
{
	loop_cancel(q->flow->loop, q->crashes_timer);
	free(q);
}

static void looked(struct quarantine *q)
{
	q->looking = false;
	if (q->look_again)
		quarantine_look(q);
}

static void on_oldest(const struct store_answer *a, void *arg)
{
	struct quarantine *q = arg;
	if (a->code == STORE_OK)
		q->since_ms = redis_integer(redis_at(a->reply, 1));
	if (q->waiting > 0)
		alarm_raise(q->flow, ALARM_QUARANTINE, "%llu wait, the oldest for %lld min.%s",
		        (unsigned long long)q->waiting,
		        (long long)((flow_now(q->flow) - q->since_ms) / 60000),
		        q->waiting < STORE_QUARANTINE_MOST
		                ? ""
		                : " It is full: gateways get 503, and texts may be lost at the "
		                  "provider.");
	else
		alarm_clear(q->flow, ALARM_QUARANTINE);
	looked(q);
}

static void on_count(const struct store_answer *a, void *arg)
{
	struct quarantine *q = arg;
	if (a->code != STORE_OK) {
		looked(q);
		return;
	}
	q->waiting = (uint64_t)redis_integer(a->reply);
	metric_set(M_QUARANTINED, NULL, (int64_t)q->waiting);
	store_quarantine_ids(q->flow->store, 1, on_oldest, q);
}

void quarantine_look(struct quarantine *q)
{
	q->look_again = q->looking;
	if (q->looking)
		return;
	q->looking = true;
	store_quarantine_count(q->flow->store, on_count, q);
}

uint64_t quarantine_waiting(const struct quarantine *q, int64_t *since_ms)
{
	*since_ms = q->waiting ? q->since_ms : 0;
	return q->waiting;
}
