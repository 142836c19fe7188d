// SPDX-License-Identifier: Apache-2.0
// Proposing conversations to counselors, in order of need.
#include "dispatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "capacity.h"
#include "core/assign.h"
#include "eligible.h"
#include "history.h"
#include "overflow.h"
#include "roster.h"

// How much of the queue is read at once, and how far one run looks past people whom nobody free may
// take: they hold up nobody behind them, and a run ends.
#define WINDOW           20
#define LOOK_MAX         1000
#define NO_SPEAKER       "no_speaker"
#define DECLINE_PAUSE_MS 5000

// One run over one pool: counselors, then the queues window by window, each conversation in turn.
struct run {
	struct pool *pool;
	struct assign_counselor counselors[ROSTER_MAX];
	struct more {
		unsigned elsewhere; // units in other pools
		bool several;       // serves other pools
	} more[ROSTER_MAX];
	size_t counselors_count;
	struct pool *others[CAPACITY_POOLS_MAX]; // pools that share a counselor with this one
	size_t others_count, others_read;
	bool common;   // the imminent ones are through
	size_t passed; // of this queue: those who were looked at and are still in it
	size_t looked; // of both
	char ids[WINDOW][POOL_ID_MAX];
	size_t ids_count;
	size_t next;
	size_t chosen;               // index of the counselor whose offer is under way
	enum level level;            // of the conversation that is being considered
	size_t also[STORE_ALSO_MAX]; // whom it is offered to besides
	size_t also_count;
};

static void run_end(struct run *r)
{
	struct flow *f = r->pool->flow;
	size_t after = (size_t)(r->pool - f->pools) + 1;
	roster_free(r->counselors, r->counselors_count);
	free(r);
	f->dispatching = false;
	for (size_t i = 0; i < f->pools_count && !f->dispatching; i++) {
		struct pool *p = &f->pools[(after + i) % f->pools_count];
		if (p->dispatch_wanted)
			dispatch_pool(p);
	}
}

static bool somebody_has_room(const struct run *r)
{
	for (size_t i = 0; i < r->counselors_count; i++)
		if (r->counselors[i].available && r->counselors[i].load < r->counselors[i].capacity)
			return true;
	return false;
}

static void consider_next(struct run *r);

// Nothing is held for them: whoever accepts first has it.
static void offer_also(const struct run *r, uint64_t epoch)
{
	const char *names[STORE_ALSO_MAX];
	for (size_t i = 0; i < r->also_count; i++)
		names[i] = r->counselors[r->also[i]].name;
	if (r->also_count > 0)
		store_offer_also(r->pool->flow->store, r->pool->config->name, r->ids[r->next],
		        epoch, names, r->also_count, NULL, NULL);
}

static void on_offered(const struct store_answer *a, void *arg)
{
	struct run *r = arg;
	const char *name = r->counselors[r->chosen].name;
	if (a->code == STORE_OK) {
		r->counselors[r->chosen].load += assign_units(r->level);
		metric_inc(M_OFFERS, "made");
		offer_also(r, (uint64_t)redis_integer(redis_at(a->reply, 1)));
		log_info("conversation=%s event=offered staff=%s epoch=%lld", r->ids[r->next], name,
		        (long long)redis_integer(redis_at(a->reply, 1)));
		if (r->more[r->chosen].several)
			capacity_settle(r->pool->flow, name);
	} else
		r->passed++;
	r->next++;
	consider_next(r);
}

static void offer(struct run *r, size_t chosen)
{
	const struct pool *p = r->pool;
	const struct store_offer o = {
	        .pool = p->config->name,
	        .conversation = r->ids[r->next],
	        .name = r->counselors[chosen].name,
	        .offer_ms = (int64_t)p->config->offer_s * 1000,
	        .elsewhere = r->more[chosen].elsewhere,
	};
	r->chosen = chosen;
	store_offer_to(p->flow->store, &o, on_offered, r);
}

// The next best, each as if the ones before were not there.
static void choose_also(struct run *r, const struct assign_conversation *c, size_t chosen)
{
	size_t most = c->imminent ? r->pool->config->offer_imminent_to - 1 : 0;
	int next = (int)chosen;
	r->also_count = 0;
	while (next >= 0 && r->also_count < most && r->also_count < STORE_ALSO_MAX) {
		r->counselors[next].available = false;
		next = assign_choose(c, r->counselors, r->counselors_count, NULL);
		if (next >= 0)
			r->also[r->also_count++] = (size_t)next;
	}
	r->counselors[chosen].available = true;
	for (size_t i = 0; i < r->also_count; i++)
		r->counselors[r->also[i]].available = true;
}

static int64_t decline_pause_ms(const struct pool *p)
{
	int64_t offer_ms = (int64_t)p->config->offer_s * 1000;
	return offer_ms < DECLINE_PAUSE_MS ? offer_ms : DECLINE_PAUSE_MS;
}

// Once for each conversation: somebody must find a way to talk with them.
static void tell_no_speaker(const struct run *r, const struct conversation_view *view)
{
	const struct pool *p = r->pool;
	if (!strstr(view->attention, NO_SPEAKER))
		store_attend(p->flow->store, p->config->name, r->ids[r->next], NO_SPEAKER, "", NULL,
		        NULL);
}

static void weigh(struct run *r, struct conversation_view *view)
{
	struct eligible e;
	eligible_begin(&e, r->pool, view);
	// What only a guest can do is nobody's here until they help out.
	for (size_t i = 0; i < r->counselors_count; i++)
		if (!r->counselors[i].guest || overflow_open(r->pool))
			eligible_note(&e, r->counselors[i].name);
	for (size_t i = 0; i < r->counselors_count; i++)
		r->counselors[i].fit = eligible_rank(&e, r->counselors[i].name);
	if (e.no_speaker)
		tell_no_speaker(r, view);
}

static int choose(struct run *r, struct conversation_view *view, bool *exhausted)
{
	char csv[sizeof view->excluded];
	const char *excluded[64], *recused[64];
	memcpy(csv, view->excluded, sizeof csv);
	const struct assign_conversation conversation = {
	        .excluded = excluded,
	        .excluded_count = roster_names(csv, excluded, 64),
	        .recused = recused,
	        .recused_count = roster_names(view->recused, recused, 64),
	        .imminent = view->level == LEVEL_IMMINENT,
	};
	weigh(r, view);
	int chosen = assign_choose(&conversation, r->counselors, r->counselors_count, exhausted);
	if (chosen >= 0)
		choose_also(r, &conversation, (size_t)chosen);
	return chosen;
}

static void on_considered(const struct store_answer *a, void *arg)
{
	struct run *r = arg;
	struct pool *p = r->pool;
	struct conversation_view view;
	bool exhausted = false;
	if (a->code != STORE_OK || !conversation_view(a->reply, &view) ||
	        view.state != CONVERSATION_WAITING) {
		r->next++; // it has left the queue, or is about to
		consider_next(r);
		return;
	}
	r->level = view.level;
	int chosen = choose(r, &view, &exhausted);
	if (chosen >= 0) {
		offer(r, (size_t)chosen);
		return;
	}
	// A new pass. Who has just declined gets a moment before the same person rings again; who
	// missed the offer does not: somebody waits.
	if (exhausted && flow_now(p->flow) - view.declined_at_ms >= decline_pause_ms(p))
		store_forgive(p->flow->store, p->config->name, r->ids[r->next], view.excluded, NULL,
		        NULL);
	r->passed++;
	r->next++;
	consider_next(r);
}

static void read_window(struct run *r);

static void consider_next(struct run *r)
{
	if (r->pool->flow->draining || !somebody_has_room(r)) {
		run_end(r);
	} else if (r->next < r->ids_count) {
		r->looked++;
		store_conversation(r->pool->flow->store, r->pool->config->name, r->ids[r->next],
		        on_considered, r);
	} else if (r->ids_count == WINDOW && r->looked < LOOK_MAX) {
		read_window(r);
	} else if (!r->common) {
		r->common = true;
		r->passed = 0;
		read_window(r);
	} else {
		run_end(r);
	}
}

static void on_window(const struct store_answer *a, void *arg)
{
	struct run *r = arg;
	r->next = r->ids_count = 0;
	for (size_t i = 0; i < redis_count(a->reply) && r->ids_count < WINDOW; i++)
		bytes_copy(redis_bytes(redis_at(a->reply, i)), r->ids[r->ids_count++], POOL_ID_MAX);
	consider_next(r);
}

// Whoever is offered leaves the queue: the next ones stand behind those who stay.
static void read_window(struct run *r)
{
	store_queue(r->pool->flow->store, r->pool->config->name, !r->common, r->passed, WINDOW,
	        on_window, r);
}

// ---- what the counselors have in other pools ----

static bool is_other(const struct run *r, const struct pool *p)
{
	bool known = p == r->pool;
	for (size_t i = 0; i < r->others_count; i++)
		known = known || r->others[i] == p;
	return !known;
}

static void find_others(struct run *r)
{
	struct flow *f = r->pool->flow;
	for (size_t i = 0; i < r->counselors_count; i++) {
		struct pool *theirs[CAPACITY_POOLS_MAX];
		const struct staff_member *m = staff_find(f->staff, r->counselors[i].name);
		size_t n = m ? capacity_pools(f, m, theirs, CAPACITY_POOLS_MAX, NULL) : 0;
		r->more[i].several = n > 1;
		for (size_t k = 0; k < n && r->others_count < CAPACITY_POOLS_MAX; k++)
			if (is_other(r, theirs[k]))
				r->others[r->others_count++] = theirs[k];
	}
}

static void note_elsewhere(struct run *r, size_t i, struct bytes json)
{
	unsigned load = roster_load(json);
	r->counselors[i].load += load;
	r->more[i].elsewhere += load;
}

static void read_others(struct run *r);

static void on_other(const struct store_answer *a, void *arg)
{
	struct run *r = arg;
	for (size_t i = 0; a->code == STORE_OK && i < r->counselors_count; i++) {
		struct bytes json = redis_bytes(redis_field(a->reply, r->counselors[i].name));
		if (json.len)
			note_elsewhere(r, i, json);
	}
	read_others(r);
}

static void read_others(struct run *r)
{
	struct store *s = r->pool->flow->store;
	if (!somebody_has_room(r))
		run_end(r);
	else if (r->others_read < r->others_count)
		store_signed_in(s, r->others[r->others_read++]->config->name, on_other, r);
	else
		read_window(r);
}

static void on_counselors(const struct store_answer *a, void *arg)
{
	struct run *r = arg;
	r->counselors_count = roster_read(r->pool, a->reply, r->counselors);
	if (a->code != STORE_OK) {
		run_end(r);
		return;
	}
	find_others(r);
	read_others(r);
}

void dispatch_pool(struct pool *p)
{
	struct flow *f = p->flow;
	p->dispatch_wanted = f->dispatching;
	if (f->dispatching || f->draining)
		return;
	f->dispatching = true;
	struct run *r = xcalloc(1, sizeof *r);
	r->pool = p;
	store_signed_in(f->store, p->config->name, on_counselors, r);
}
