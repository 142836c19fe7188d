// SPDX-License-Identifier: Apache-2.0
// The quarantine: sealing and storing what could not be taken as a text, and counting what waits.
#include "quarantine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm.h"
#include "arrivals.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/metrics.h"
#include "record.h"
#include "vault/mac.h"

#define RECORD_VERSION  1
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
	quarantine_fn fn;
	void *arg;
	char id[QUARANTINE_ID_MAX];
	char gateway[33];
	char reason[160];
};

static void on_put(const struct store_answer *a, void *arg)
{
	struct putting *p = arg;
	char quoted[200];
	enum outcome o;
	if (a->code == STORE_OK) {
		o = OUTCOME_QUARANTINED;
		log_error("event=quarantined id=%s gateway=%s reason=%s", p->id, p->gateway,
		        log_quote(quoted, p->reason));
		quarantine_look(p->flow->quarantine);
	} else if (a->code == STORE_DUPLICATE) {
		o = OUTCOME_DUPLICATE;
		log_info("event=duplicate gateway=%s", p->gateway);
	} else {
		o = a->code == STORE_FULL ? OUTCOME_QUARANTINE_FULL : OUTCOME_UNAVAILABLE;
		log_error("event=not_quarantined gateway=%s code=%s", p->gateway,
		        store_code_name(a->code));
	}
	p->fn(o, p->arg);
	free(p);
}

void quarantine_keep(
        struct flow *f, const struct quarantine_entry *entry, quarantine_fn fn, void *arg)
{
	char random[ID_LEN + 1], fingerprint[VAULT_HASH_LEN + 1];
	struct buf sealed = {0};
	struct putting *p = xcalloc(1, sizeof *p);
	p->flow = f;
	p->fn = fn;
	p->arg = arg;
	id_new(random);
	snprintf(p->gateway, sizeof p->gateway, "%s", entry->gateway);
	snprintf(p->id, sizeof p->id, "%s.%s", p->gateway, random);
	snprintf(p->reason, sizeof p->reason, "%s", entry->reason);
	fingerprint_of(f, p->gateway, entry->request, fingerprint);
	vault_seal_other(f->vault, p->id, entry->request, &sealed);
	const struct store_quarantine put = {
	        .id = p->id,
	        .gateway = p->gateway,
	        .reason = p->reason,
	        .fingerprint = fingerprint,
	        .sealed = buf_bytes(&sealed),
	        .size = entry->request.len,
	        .at_ms = entry->at_ms,
	};
	store_quarantine_put(f->store, &put, on_put, p);
	buf_free(&sealed);
}

// ---- from the webhook, or from the spool ----

struct taking {
	struct flow *flow;
	struct taker taker;
};

static void on_kept(enum outcome o, void *arg)
{
	struct taking *k = arg;
	k->taker.fn(k->flow, k->taker.id, o);
	free(k);
}

bool quarantine_take(struct flow *f, struct bytes record, const struct taker *t)
{
	struct record_reader r = record_read(record, RECORD_VERSION);
	char gateway[33], reason[160];
	bytes_copy(record_bytes(&r), gateway, sizeof gateway);
	bytes_copy(record_bytes(&r), reason, sizeof reason);
	struct quarantine_entry entry = {gateway, reason, record_bytes(&r), 0};
	entry.at_ms = record_int(&r);
	if (!record_end(&r))
		return false;
	struct taking *k = xcalloc(1, sizeof *k);
	*k = (struct taking){f, *t};
	quarantine_keep(f, &entry, on_kept, k);
	return true;
}

struct refusal {
	struct flow *flow;
	uint64_t tag;
	intake_done_fn done;
	void *arg;
};

static void on_too_large(void *arg)
{
	struct refusal r = *(struct refusal *)arg;
	free(arg);
	ledger_outcome(r.flow->ledger, OUTCOME_TOO_LARGE);
	r.done(r.tag, outcome_err(OUTCOME_TOO_LARGE), r.arg);
}

void quarantine_put(struct flow *f, const struct gateway *g, const char *reason,
        struct bytes request, uint64_t tag, intake_done_fn done, void *arg)
{
	struct buf record = {0};
	if (request.len > QUARANTINE_REQUEST_MAX) {
		struct refusal *r = xcalloc(1, sizeof *r);
		*r = (struct refusal){f, tag, done, arg};
		loop_defer(f->loop, on_too_large, r);
		return;
	}
	record_begin(&record, RECORD_VERSION);
	record_put_bytes(&record, bytes_str(g->name));
	record_put_bytes(&record, bytes_str(reason));
	record_put_bytes(&record, request);
	record_put_int(&record, flow_now(f));
	arrivals_take(f, KIND_QUARANTINE, &record, tag, done, arg);
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
