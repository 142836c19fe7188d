// SPDX-License-Identifier: Apache-2.0
// What operators ask for: status, the queue, pages, who is on call.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm.h"
#include "answer.h"
#include "base/log.h"
#include "base/version.h"
#include "escalation.h"
#include "forecast.h"
#include "history.h"
#include "overflow.h"
#include "staff.h"
#include "survey.h"

// ---- status ----

struct status_pool {
	Holdfast__V1__PoolStatus frame;
	Holdfast__V1__LevelCount levels[5];
	Holdfast__V1__LevelCount *level_list[5];
};

static void fill_pool(struct status_pool *out, const struct survey_pool *in, int64_t now)
{
	const struct whatif *w = forecast_now(in->pool);
	holdfast__v1__pool_status__init(&out->frame);
	out->frame.name = in->pool->config->name;
	for (int i = 0; i < 5; i++) {
		int l = LEVEL_IMMINENT - i; // most urgent first
		holdfast__v1__level_count__init(&out->levels[i]);
		out->levels[i].level = (Holdfast__V1__Level)l;
		out->levels[i].waiting = in->waiting[l];
		out->levels[i].oldest_wait_ms = in->oldest_ms[l] ? now - in->oldest_ms[l] : 0;
		out->levels[i].p50_ms = w ? w->wait[l].p50_ms : 0;
		out->levels[i].p90_ms = w ? w->wait[l].p90_ms : 0;
		out->level_list[i] = &out->levels[i];
	}
	out->frame.forecast_known = w != NULL;
	out->frame.forecast_measured = w && forecast_state(in->pool)->rates.measured;
	out->frame.n_levels = 5;
	out->frame.levels = out->level_list;
	out->frame.held = in->held;
	out->frame.wrap_up = in->wrap_up;
	out->frame.counselors_available = in->available;
	out->frame.counselors_away = in->away;
	out->frame.counselors_on_break = in->on_break;
	out->frame.open_pages = in->pages;
	out->frame.guests_available = in->guests;
	if (overflow_open(in->pool)) {
		out->frame.overflow = (char *)overflow_open(in->pool);
		out->frame.overflow_since_ms = in->pool->overflow.since_ms;
	}
	if (in->pool->offline.is) {
		out->frame.offline = true;
		out->frame.offline_by = (char *)in->pool->offline.by;
		out->frame.offline_since_ms = in->pool->offline.at_ms;
		out->frame.offline_reason = (char *)in->pool->offline.reason;
	}
}

static void fill_gateway(Holdfast__V1__GatewayHealth *out, const struct gateway_health *h)
{
	holdfast__v1__gateway_health__init(out);
	out->name = h->config->name;
	out->provider = h->config->provider;
	out->last_inbound_ms = h->last_inbound_ms;
	out->send_errors = h->send_errors;
	out->last_error = (char *)h->last_error;
}

struct alarm_list {
	char **texts;
	size_t count;
};

static void list_alarm(const char *name, const char *text, void *arg)
{
	struct alarm_list *list = arg;
	(void)name;
	list->texts[list->count++] = xstrdup(text);
}

// `out` has room for every alarm and every pool; the caller frees the texts.
static size_t fill_alarms(const struct flow *f, char **out)
{
	struct alarm_list list = {.texts = out};
	alarms_each(f, list_alarm, &list);
	for (size_t i = 0; i < f->pools_count; i++)
		if (f->pools[i].nobody_reachable)
			list_alarm("nobody_reachable",
			        "A page reaches nobody: no target of its policy can be paged, "
			        "the catch-all included.",
			        &list);
	return list.count;
}

static void on_status(enum err e, const struct survey_pool *pools, size_t count, void *arg)
{
	struct request *r = arg;
	struct flow *f = r->flow;
	size_t gateways = f->config->gateways_count;
	struct status_pool *pool_frames = xcalloc(count, sizeof *pool_frames);
	Holdfast__V1__PoolStatus **pool_list = xcalloc(count, sizeof(Holdfast__V1__PoolStatus *));
	Holdfast__V1__GatewayHealth *gateway_frames = xcalloc(gateways, sizeof *gateway_frames);
	Holdfast__V1__GatewayHealth **gateway_list =
	        xcalloc(gateways, sizeof(Holdfast__V1__GatewayHealth *));
	char **alarms = xcalloc(f->pools_count + ALARM_COUNT, sizeof *alarms);
	Holdfast__V1__Status status = HOLDFAST__V1__STATUS__INIT;
	for (size_t i = 0; i < count; i++) {
		fill_pool(&pool_frames[i], &pools[i], flow_now(f));
		pool_list[i] = &pool_frames[i].frame;
	}
	for (size_t i = 0; i < gateways; i++) {
		fill_gateway(&gateway_frames[i], &f->health[i]);
		gateway_frames[i].outbox = survey_unsent(pools, count, i);
		gateway_list[i] = &gateway_frames[i];
	}
	status.node = f->config->node;
	status.version = (char *)HOLDFAST_VERSION;
	status.now_ms = flow_now(f);
	status.started_ms = f->started_ms;
	status.redis_up = redis_is_up(store_redis(f->store));
	status.redis = (char *)redis_describe(store_redis(f->store));
	status.consoles = strmap_count(f->signed_in);
	status.n_pools = e == ERR_NONE
	                         ? count
	                         : 0; // numbers that could not be read are left out, not shown as 0
	status.pools = pool_list;
	status.n_gateways = gateways;
	status.gateways = gateway_list;
	status.n_alarms = fill_alarms(f, alarms);
	status.alarms = alarms;
	status.draining = f->draining;
	answer_frame(f, r->session, r->id, HOLDFAST__V1__FRAME__BODY_STATUS, &status);
	free(pool_frames);
	free(pool_list);
	free(gateway_frames);
	free(gateway_list);
	for (size_t i = 0; i < status.n_alarms; i++)
		free(alarms[i]);
	free(alarms);
	free(r);
}

void desk_get_status(struct flow *f, uint64_t session, const Frame *frame)
{
	struct session *s = session_find(f, session);
	if (s)
		survey_take(f, on_status, request_new(f, s, frame->id));
}

// ---- queue ----

#define QUEUE_DEFAULT 50
#define QUEUE_MAX     500

struct entry {
	struct conversation_view view;
	const struct pool *pool;
	char id[POOL_ID_MAX];
};

struct queue {
	struct request *request;
	size_t limit;
	size_t open;
	enum err err;
	uint64_t total;
	struct entry *entries;
	size_t count;
};

static int by_need(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	bool ia = a->view.level == LEVEL_IMMINENT, ib = b->view.level == LEVEL_IMMINENT;
	if (ia != ib)
		return ia ? -1 : 1;
	if (a->view.score != b->view.score)
		return a->view.score < b->view.score ? -1 : 1;
	return strcmp(a->id, b->id);
}

static void fill_entry(Holdfast__V1__QueueEntry *out, struct entry *e, char **reasons)
{
	holdfast__v1__queue_entry__init(out);
	out->conversation = e->id;
	out->pool = e->pool->config->name;
	out->level = (Holdfast__V1__Level)e->view.level;
	out->state = (Holdfast__V1__State)e->view.state;
	out->enqueued_ms = e->view.enqueued_ms;
	out->answer_by_ms = e->view.answer_by_ms;
	out->offered_to = e->view.holder;
	out->also_to = e->view.also;
	out->page = e->view.page;
	out->n_reasons = reasons_split(e->view.reasons, reasons);
	out->reasons = reasons;
}

static void queue_answer(struct queue *q)
{
	struct request *r = q->request;
	size_t shown = q->count < q->limit ? q->count : q->limit;
	Holdfast__V1__QueueEntry *frames = xcalloc(shown + 1, sizeof *frames);
	Holdfast__V1__QueueEntry **list = xcalloc(shown + 1, sizeof(Holdfast__V1__QueueEntry *));
	char *(*reasons)[REASONS_MAX] = xcalloc(shown + 1, sizeof *reasons);
	Holdfast__V1__Queue answer = HOLDFAST__V1__QUEUE__INIT;
	if (q->count)
		qsort(q->entries, q->count, sizeof *q->entries, by_need);
	for (size_t i = 0; i < shown; i++) {
		fill_entry(&frames[i], &q->entries[i], reasons[i]);
		list[i] = &frames[i];
	}
	answer.n_entries = shown;
	answer.entries = list;
	answer.total = q->total;
	answer_frame(r->flow, r->session, r->id, HOLDFAST__V1__FRAME__BODY_QUEUE, &answer);
	free(frames);
	free(list);
	free(reasons);
	free(r);
}

static void queue_step(struct queue *q)
{
	if (--q->open > 0)
		return;
	if (q->err == ERR_NONE)
		queue_answer(q);
	else
		request_end(q->request, q->err, NULL);
	free(q->entries);
	free(q);
}

struct queue_part {
	struct queue *queue;
	const struct pool *pool;
	char id[POOL_ID_MAX];
};

static void on_entry(const struct store_answer *a, void *arg)
{
	struct queue_part *part = arg;
	struct queue *q = part->queue;
	struct conversation_view view;
	if (a->code != STORE_OK)
		q->err = store_code_err(a->code);
	else if (conversation_view(a->reply, &view) && view.state <= CONVERSATION_OFFERED) {
		struct entry *e = &q->entries[q->count++];
		e->view = view;
		e->pool = part->pool;
		memcpy(e->id, part->id, sizeof e->id);
	}
	free(part);
	queue_step(q);
}

static void on_waiting(const struct store_answer *a, void *arg)
{
	struct queue_part *part = arg;
	struct queue *q = part->queue;
	size_t n = redis_count(a->reply) / 2;
	if (a->code != STORE_OK)
		q->err = store_code_err(a->code);
	if (n > 0)
		q->entries = xrealloc(q->entries, (q->total + n) * sizeof *q->entries);
	q->total += n;
	for (size_t i = 0; i < n; i++) {
		struct bytes id = redis_bytes(redis_at(a->reply, 2 * i));
		struct queue_part *one = xcalloc(1, sizeof *one);
		one->queue = q;
		one->pool = part->pool;
		bytes_copy(id, one->id, sizeof one->id);
		q->open++;
		store_conversation(
		        q->request->flow->store, part->pool->config->name, one->id, on_entry, one);
	}
	free(part);
	queue_step(q);
}

void desk_get_queue(struct flow *f, uint64_t session, const Frame *frame)
{
	struct session *s = session_find(f, session);
	uint32_t limit = frame->get_queue->limit;
	if (!s)
		return;
	if (limit > QUEUE_MAX) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST, "limit must be at most 500.");
		return;
	}
	struct queue *q = xcalloc(1, sizeof *q);
	q->request = request_new(f, s, frame->id);
	q->limit = limit ? limit : QUEUE_DEFAULT;
	q->open = 1;
	for (size_t i = 0; i < f->pools_count; i++)
		for (int l = LEVEL_IMMINENT; l >= LEVEL_LOW; l--) {
			struct queue_part *part = xcalloc(1, sizeof *part);
			part->queue = q;
			part->pool = &f->pools[i];
			q->open++;
			store_waiting(f->store, part->pool->config->name, (enum level)l, q->limit,
			        on_waiting, part);
		}
	queue_step(q);
}

// ---- on call ----

#define PEOPLE_MAX 32
#define AT_MAX_MS  4102444800000 // 2100-01-01

struct on_call_list {
	char *people[PEOPLE_MAX];
	size_t count;
};

static void add_person(const char *person, void *arg)
{
	struct on_call_list *list = arg;
	if (list->count < PEOPLE_MAX)
		list->people[list->count++] =
		        (char *)person; // the rota's own, as old as the configuration
}

void desk_get_on_call(struct flow *f, uint64_t session, const Frame *frame)
{
	int64_t at = frame->get_on_call->at_ms ? frame->get_on_call->at_ms : flow_now(f);
	size_t n = f->config->schedules_count;
	if (at < 0 || at > AT_MAX_MS) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST,
		        "at_ms must lie between 1970 and 2100.");
		return;
	}
	struct on_call_list *lists = xcalloc(n + 1, sizeof *lists);
	Holdfast__V1__OnCall *frames = xcalloc(n + 1, sizeof *frames);
	Holdfast__V1__OnCall **list = xcalloc(n + 1, sizeof(Holdfast__V1__OnCall *));
	Holdfast__V1__OnCallList answer = HOLDFAST__V1__ON_CALL_LIST__INIT;
	for (size_t i = 0; i < n; i++) {
		holdfast__v1__on_call__init(&frames[i]);
		rota_on_call(f->rotas[i], at, add_person, &lists[i]);
		frames[i].schedule = f->config->schedules[i].name;
		frames[i].n_people = lists[i].count;
		frames[i].people = lists[i].people;
		frames[i].until_ms = rota_next_change(f->rotas[i], at);
		list[i] = &frames[i];
	}
	answer.n_schedules = n;
	answer.schedules = list;
	answer_frame(f, session, frame->id, HOLDFAST__V1__FRAME__BODY_ON_CALL_LIST, &answer);
	free(lists);
	free(frames);
	free(list);
}

void desk_drain(struct flow *f, uint64_t session, const Frame *frame)
{
	struct session *s = session_find(f, session);
	if (!s)
		return;
	log_warn("event=drain_asked staff=%s", s->name);
	answer_result(f, session, frame->id, ERR_NONE, "This node drains and ends.");
	f->out.drain(f->out.arg);
}
