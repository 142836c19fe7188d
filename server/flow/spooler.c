// SPDX-License-Identifier: Apache-2.0
// Into the spool, sealed, and out of it again in order.
#include "spooler.h"

#include <stdlib.h>
#include <string.h>

#include "alarm.h"
#include "base/log.h"
#include "base/metrics.h"
#include "spooler_private.h"
#include "staff.h"

// What every record's seal is bound to: it opens nowhere else.
#define CONTEXT "spool"

// ---- who has something in it ----

static void count(struct spooler *sp, uint64_t whose, int by)
{
	if (!whose)
		return;
	uintptr_t n = (uintptr_t)idmap_remove(sp->holders, whose);
	n = by > 0 ? n + 1 : n - (n > 0);
	if (n)
		idmap_put(sp->holders, whose, (void *)n); // a number, no pointer
}

bool spooler_holds(const struct spooler *sp, uint64_t whose)
{
	return whose && (sp->scanning || idmap_get(sp->holders, whose));
}

static bool unseal(const struct spooler *sp, const struct spool_record *r, struct buf *plain)
{
	return kind_find(r->kind) &&
	       vault_unseal_other(sp->flow->vault, CONTEXT, r->payload, plain);
}

static void gauge(const struct spooler *sp)
{
	struct spool_state state;
	spool_state(sp->spool, &state);
	metric_set(M_SPOOL_RECORDS, NULL, (int64_t)state.records);
}

// ---- putting ----

struct putting {
	struct spooler *spooler;
	uint64_t whose;
	spooler_fn fn;
	uint64_t id;
};

static void on_appended(bool on_disk, void *arg)
{
	struct putting *p = arg;
	struct spooler *sp = p->spooler;
	struct flow *f = sp->flow;
	if (on_disk) {
		ledger_put(f->ledger);
		sp->refusing = false;
		gauge(sp);
		spooler_run_soon(sp);
	} else {
		count(sp, p->whose, -1);
		sp->refusing = true;
	}
	if (p->fn)
		p->fn(f, p->id, on_disk);
	free(p);
}

static void refuse(void *arg)
{
	on_appended(false, arg);
}

void spooler_append(struct spooler *sp, unsigned kind, uint64_t whose, struct bytes record,
        spooler_fn fn, uint64_t id)
{
	struct buf sealed = {0};
	struct putting *p = xcalloc(1, sizeof *p);
	*p = (struct putting){sp, whose, fn, id};
	count(sp, whose, 1);
	if (!sp->spool) {
		loop_defer(sp->flow->loop, refuse, p);
		return;
	}
	vault_seal_other(sp->flow->vault, CONTEXT, record, &sealed);
	spool_append(sp->spool, kind, flow_now(sp->flow), buf_bytes(&sealed), on_appended, p);
	buf_free(&sealed);
}

void spooler_is_slow(struct spooler *sp)
{
	sp->refusing = true;
}

// ---- finding out who has something in it ----

static void on_scan(void *arg);

static void scan_on(struct spooler *sp)
{
	sp->scan_timer = loop_timer(sp->flow->loop, 0, on_scan, sp);
}

// A slice at a time: opening a full spool takes seconds. What is appended meanwhile counts by
// itself; it lies behind everything that was found. What turns out to be damaged is among the
// found, too.
static void on_scan(void *arg)
{
	struct spooler *sp = arg;
	struct spool_record r;
	sp->scan_timer = 0;
	for (int i = 0; i < SCAN_SLICE; i++) {
		if (sp->scanned + spooler_damaged(sp) >= sp->found ||
		        !spool_next(sp->spool, sp->scanned_to, &r)) {
			sp->scanning = false;
			log_info("event=spool_scanned records=%llu people=%zu",
			        (unsigned long long)sp->scanned, idmap_count(sp->holders));
			spooler_run_soon(sp);
			return;
		}
		struct buf plain = {0};
		if (unseal(sp, &r, &plain))
			count(sp, kind_find(r.kind)->whose(buf_bytes(&plain)), 1);
		buf_wipe(&plain);
		sp->scanned++;
		sp->scanned_to = r.sequence;
	}
	scan_on(sp);
}

// ---- replaying ----

static void drop(struct spooler *sp, size_t at)
{
	struct hand *h = &sp->hand[at];
	count(sp, h->whose, -1);
	buf_wipe(&h->plain);
	sp->hand_count--;
	memmove(h, h + 1, (sp->hand_count - at) * sizeof *h);
}

static void put_aside(struct spooler *sp, uint64_t sequence, unsigned kind)
{
	log_error("event=spool_record_refused sequence=%llu kind=%u", (unsigned long long)sequence,
	        kind);
	spool_put_aside(sp->spool, sequence);
	ledger_put_aside(sp->flow->ledger);
	spooler_note_aside(sp);
	gauge(sp);
}

static void settled(struct spooler *sp, uint64_t sequence, enum outcome o)
{
	ledger_replayed(sp->flow->ledger, o);
	spool_done(sp->spool, sequence);
	gauge(sp);
}

// Takes the next record into the hand; false when there is none.
static bool draw(struct spooler *sp)
{
	struct spool_record r;
	if (!spool_next(sp->spool, sp->drawn_to, &r))
		return false;
	struct hand *h = &sp->hand[sp->hand_count];
	*h = (struct hand){.sequence = r.sequence, .kind = r.kind};
	sp->drawn_to = r.sequence;
	if (r.kind == KIND_PROBE) {
		settled(sp, r.sequence, OUTCOME_STORED);
	} else if (!unseal(sp, &r, &h->plain)) {
		put_aside(sp, r.sequence, r.kind);
	} else {
		h->whose = kind_find(r.kind)->whose(buf_bytes(&h->plain));
		if (h->whose && h->whose == sp->given_up)
			h->since = sp->given_up_since;
		sp->hand_count++;
	}
	return true;
}

static void on_pause_over(void *arg)
{
	struct spooler *sp = arg;
	sp->pause_timer = 0;
	spooler_run_soon(sp);
}

static void pause(struct spooler *sp)
{
	char jitter;
	if (sp->pause_timer)
		return;
	random_bytes(&jitter, 1);
	int64_t after = sp->pause_ms / 2 + sp->pause_ms * (uint8_t)jitter / 512;
	sp->pause_timer = loop_timer(sp->flow->loop, after, on_pause_over, sp);
	sp->pause_ms = sp->pause_ms * 2 < PAUSE_MAX_MS ? sp->pause_ms * 2 : PAUSE_MAX_MS;
}

static void no_pause(struct spooler *sp)
{
	loop_cancel(sp->flow->loop, sp->pause_timer);
	sp->pause_timer = 0;
	sp->pause_ms = PAUSE_MIN_MS;
}

// Behind a record of the same person in the hand, or waiting already for its own answer.
static bool must_wait(const struct spooler *sp, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (sp->hand[i].whose && sp->hand[i].whose == sp->hand[at].whose)
			return true;
	return sp->hand[at].running;
}

static void failed(struct spooler *sp, struct hand *h)
{
	const struct flow *f = sp->flow;
	uint64_t stored = ledger_stored(f->ledger);
	h->running = false;
	h->failed = true;
	if (!h->since.at_ms)
		h->since = (struct failing){.at_ms = loop_mono_ms(f->loop)};
	else if (stored > h->since.stored)
		h->since.passed++;
	h->since.stored = stored;
	pause(sp);
}

static bool is_hopeless(const struct spooler *sp, const struct hand *h)
{
	const struct flow *f = sp->flow;
	return h->failed && loop_mono_ms(f->loop) - h->since.at_ms > HOPELESS_MS &&
	       h->since.passed >= HOPELESS_PASSED;
}

// Those of the same person that stand behind it have waited with it: each is tried once.
static void note_hopeless(struct spooler *sp, const struct hand *h)
{
	log_error("event=spool_record_hopeless sequence=%llu kind=%s",
	        (unsigned long long)h->sequence, kind_find(h->kind)->name);
	sp->given_up = h->whose;
	sp->given_up_since = h->since;
	for (size_t i = 0; h->whose && i < sp->hand_count; i++)
		if (sp->hand[i].whose == h->whose)
			sp->hand[i].since = h->since;
}

static void on_replayed(struct flow *f, uint64_t sequence, enum outcome o)
{
	struct spooler *sp = f->spooler;
	size_t at = 0;
	while (at < sp->hand_count && sp->hand[at].sequence != sequence)
		at++;
	if (at == sp->hand_count)
		return;
	if (o == OUTCOME_UNAVAILABLE) {
		failed(sp, &sp->hand[at]);
		return;
	}
	if (o == OUTCOME_QUARANTINE_FULL)
		put_aside(sp, sequence, sp->hand[at].kind);
	else
		settled(sp, sequence, o);
	drop(sp, at);
	no_pause(sp);
	spooler_run_soon(sp);
}

// False when it is no record of its kind, or nothing else can be done with it.
static bool start(struct spooler *sp, struct hand *h)
{
	const struct kind *kind = kind_find(h->kind);
	struct bytes record = buf_bytes(&h->plain);
	h->running = true;
	const struct taker taker = {h->sequence, on_replayed, NULL};
	if (!is_hopeless(sp, h))
		return kind->take(sp->flow, record, &taker);
	note_hopeless(sp, h);
	return kind->give_up && kind->give_up(sp->flow, record, &taker);
}

static bool may_run(const struct spooler *sp)
{
	const struct flow *f = sp->flow;
	return sp->spool && !sp->scanning && !sp->pause_timer && !sp->ending &&
	       staff_loaded(f->staff) && redis_is_up(store_redis(f->store));
}

static void run(void *arg)
{
	struct spooler *sp = arg;
	sp->run_timer = 0;
	if (!may_run(sp))
		return;
	for (int i = 0; i < SCAN_SLICE && sp->hand_count < WINDOW; i++)
		if (!draw(sp))
			break;
	for (size_t at = 0; at < sp->hand_count; at++) {
		struct hand *h = &sp->hand[at];
		if (must_wait(sp, at) || start(sp, h))
			continue;
		put_aside(sp, h->sequence, h->kind);
		drop(sp, at--);
	}
}

void spooler_run_soon(struct spooler *sp)
{
	if (!sp->run_timer && !sp->ending)
		sp->run_timer = loop_timer(sp->flow->loop, 0, run, sp);
}

void spooler_resume(struct spooler *sp)
{
	no_pause(sp);
	spooler_run_soon(sp);
}

uint64_t spooler_moving(const struct spooler *sp)
{
	struct spooler_state state;
	spooler_state(sp, &state);
	return sp->hand_count && may_run(sp) ? state.spool.records : 0;
}

// ---- life ----

static void on_damaged(const char *file, uint64_t records, void *arg)
{
	struct spooler *sp = arg;
	log_error("event=spool_damaged file=%s records=%llu", file, (unsigned long long)records);
	spooler_note_aside(sp);
}

void spooler_open(struct spooler *sp)
{
	const struct config *c = sp->flow->config;
	const struct spool_events events = {on_damaged, sp};
	struct spool_state state;
	buf_clear(&sp->error);
	sp->spool = spool_open(sp->flow->loop, sp->disk, sp->dir,
	        (uint64_t)c->spool.size_mb * 1024 * 1024, &events, &sp->error);
	if (!sp->spool) {
		log_error("event=no_spool text=\"%s\"", buf_str(&sp->error));
		return;
	}
	spool_state(sp->spool, &state);
	sp->found = state.records;
	sp->damaged_before = state.damaged;
	sp->refusing = false;
	sp->scanning = sp->found > 0;
	ledger_found(sp->flow->ledger, sp->found);
	gauge(sp);
	if (sp->found)
		log_warn("event=spool_found records=%llu", (unsigned long long)sp->found);
	if (sp->scanning)
		scan_on(sp);
}

struct spooler *spooler_new(struct flow *f, const struct disk *disk)
{
	struct spooler *sp = xcalloc(1, sizeof *sp);
	struct buf dir = {0};
	buf_printf(&dir, "%s/spool", f->config->state_dir);
	sp->flow = f;
	sp->disk = disk;
	sp->dir = buf_take_str(&dir);
	sp->holders = idmap_new();
	sp->pause_ms = PAUSE_MIN_MS;
	spooler_open(sp);
	spooler_see_aside(sp);
	return sp;
}

void spooler_free(struct spooler *sp)
{
	struct loop *l = sp->flow->loop;
	sp->ending = true;
	loop_cancel(l, sp->run_timer);
	loop_cancel(l, sp->scan_timer);
	loop_cancel(l, sp->pause_timer);
	spool_close(sp->spool);
	for (size_t i = 0; i < sp->hand_count; i++)
		buf_wipe(&sp->hand[i].plain);
	idmap_free(sp->holders);
	buf_free(&sp->error);
	free(sp->dir);
	free(sp);
}
