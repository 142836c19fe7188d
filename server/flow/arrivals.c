// SPDX-License-Identifier: Apache-2.0
// What has just come: into Redis, or into the spool in time.
#include "arrivals.h"

#include <stdlib.h>

#include "base/log.h"
#include "spooler.h"
#include "staff.h"

#define AGAIN_MS 100

struct arrival {
	struct flow *flow;
	uint64_t id;
	unsigned kind;
	struct buf record;
	uint64_t whose;
	struct arrival *next; // of the same person, in order
	uint64_t tag;
	intake_done_fn done;
	void *arg;
	uint64_t timer;
	uint64_t again; // timer of the last resort
	bool once;      // not ours to keep
	bool taking;    // Redis was asked and has not answered
	bool spooling;  // the spool was asked and has not answered
	bool refused;   // the spool said no
};

struct arrivals {
	struct flow *flow;
	struct idmap *all;   // id -> struct arrival
	struct idmap *first; // whose -> the first of theirs
	uint64_t last_id;
	size_t under_way;
	bool ended;
};

// ---- whose they are ----

static void link_in(struct arrivals *as, struct arrival *a)
{
	struct arrival *last = a->whose ? idmap_get(as->first, a->whose) : NULL;
	idmap_put(as->all, a->id, a);
	as->under_way += !a->once;
	if (!last && a->whose)
		idmap_put(as->first, a->whose, a);
	while (last && last->next)
		last = last->next;
	if (last)
		last->next = a;
}

static void link_out(struct arrivals *as, struct arrival *a)
{
	struct arrival *before = a->whose ? idmap_get(as->first, a->whose) : NULL;
	idmap_remove(as->all, a->id);
	as->under_way -= !a->once;
	if (before == a && a->next) {
		idmap_put(as->first, a->whose, a->next);
	} else if (before == a) {
		idmap_remove(as->first, a->whose);
	} else if (before) {
		while (before->next != a)
			before = before->next;
		before->next = a->next;
	}
}

static struct arrival *find(const struct flow *f, uint64_t id)
{
	return idmap_get(f->arrivals->all, id);
}

// ---- the end ----

static void arrival_free(struct arrival *a)
{
	loop_cancel(a->flow->loop, a->timer);
	loop_cancel(a->flow->loop, a->again);
	buf_wipe(&a->record);
	free(a);
}

static void arrival_end(struct arrival *a, enum outcome o)
{
	struct flow *f = a->flow;
	link_out(f->arrivals, a);
	if (!a->once)
		ledger_outcome(f->ledger, o);
	// What a supervisor releases and cannot be taken went back to the quarantine.
	a->done(a->tag, a->once && o == OUTCOME_QUARANTINED ? ERR_INTERNAL : outcome_err(o),
	        a->arg);
	arrival_free(a);
}

// ---- when neither wants it ----

static void take(struct arrival *a);

static bool redis_may(const struct flow *f)
{
	return !f->arrivals->ended && staff_loaded(f->staff) && redis_is_up(store_redis(f->store));
}

static void on_again(void *arg)
{
	struct arrival *a = arg;
	a->again = 0;
	if (redis_may(a->flow))
		take(a);
	else
		arrival_end(a, OUTCOME_UNAVAILABLE);
}

// The spool has refused, and Redis does not answer now: it is asked until the time is over.
static void last_resort(struct arrival *a)
{
	if (redis_may(a->flow))
		a->again = loop_timer(a->flow->loop, AGAIN_MS, on_again, a);
	else
		arrival_end(a, OUTCOME_UNAVAILABLE);
}

// ---- the spool ----

static void on_spooled(struct flow *f, uint64_t id, bool on_disk)
{
	struct arrival *a = find(f, id);
	if (!a)
		return;
	a->spooling = false;
	a->refused = !on_disk;
	if (on_disk)
		arrival_end(a, OUTCOME_SPOOLED);
	else if (!a->taking)
		last_resort(a);
}

static void spool_one(struct arrival *a)
{
	a->spooling = true;
	spooler_append(
	        a->flow->spooler, a->kind, a->whose, buf_bytes(&a->record), on_spooled, a->id);
}

static void spool(struct arrival *a)
{
	struct arrival *one = a->whose ? idmap_get(a->flow->arrivals->first, a->whose) : a;
	for (; one; one = one->next)
		if (!one->spooling && !one->refused && !one->once)
			spool_one(one);
}

// ---- Redis ----

static void on_taken(struct flow *f, uint64_t id, enum outcome o)
{
	struct arrival *a = find(f, id);
	if (!a)
		return;
	a->taking = false;
	if (o != OUTCOME_UNAVAILABLE || a->once)
		arrival_end(a, o);
	else if (a->refused)
		last_resort(a);
	else if (!a->spooling)
		spool(a);
}

static bool is_wanted(const struct flow *f, uint64_t id)
{
	const struct arrival *a = find(f, id);
	return a && !a->spooling;
}

static void take(struct arrival *a)
{
	const struct taker taker = {a->id, on_taken, is_wanted};
	a->taking = true;
	if (!kind_find(a->kind)->take(a->flow, buf_bytes(&a->record), &taker))
		fatal("event=unreadable_record kind=%u text=\"our own\"", a->kind);
}

// ---- time ----

static void on_over(void *arg)
{
	struct arrival *a = arg;
	a->timer = 0;
	if (a->spooling)
		spooler_is_slow(a->flow->spooler);
	arrival_end(a, OUTCOME_UNAVAILABLE);
}

static void on_late(void *arg)
{
	struct arrival *a = arg;
	a->timer = loop_timer(a->flow->loop, ARRIVAL_ANSWER_MS - ARRIVAL_STORE_MS, on_over, a);
	if (!a->spooling && !a->refused && !a->once)
		spool(a);
}

// ---- arriving ----

static struct arrival *arrival_new(struct flow *f, unsigned kind, struct buf *record, uint64_t tag,
        intake_done_fn done, void *arg)
{
	struct arrival *a = xcalloc(1, sizeof *a);
	a->flow = f;
	a->id = ++f->arrivals->last_id;
	a->kind = kind;
	a->record = *record;
	*record = (struct buf){0};
	a->whose = kind_find(kind)->whose(buf_bytes(&a->record));
	a->tag = tag;
	a->done = done;
	a->arg = arg;
	a->timer = loop_timer(f->loop, ARRIVAL_STORE_MS, on_late, a);
	return a;
}

void arrivals_take(struct flow *f, unsigned kind, struct buf *record, uint64_t tag,
        intake_done_fn done, void *arg)
{
	struct arrival *a = arrival_new(f, kind, record, tag, done, arg);
	link_in(f->arrivals, a);
	if (!staff_loaded(f->staff) || spooler_holds(f->spooler, a->whose)) {
		kind_find(kind)->rehearse(f, buf_bytes(&a->record));
		spool(a);
	} else {
		take(a);
	}
}

void arrivals_take_once(struct flow *f, unsigned kind, struct buf *record, uint64_t tag,
        intake_done_fn done, void *arg)
{
	struct arrival *a = arrival_new(f, kind, record, tag, done, arg);
	a->once = true;
	link_in(f->arrivals, a);
	take(a);
}

// ---- life ----

struct arrivals *arrivals_new(struct flow *f)
{
	struct arrivals *as = xcalloc(1, sizeof *as);
	as->flow = f;
	as->all = idmap_new();
	as->first = idmap_new();
	return as;
}

void arrivals_end(struct arrivals *as)
{
	as->ended = true;
}

static void free_one(uint64_t id, void *value, void *arg)
{
	(void)id;
	(void)arg;
	arrival_free(value);
}

void arrivals_free(struct arrivals *as)
{
	idmap_each(as->all, free_one, NULL);
	idmap_free(as->all);
	idmap_free(as->first);
	free(as);
}

size_t arrivals_under_way(const struct arrivals *as)
{
	return as->under_way;
}
