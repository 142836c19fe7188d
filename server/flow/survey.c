// SPDX-License-Identifier: Apache-2.0
// Counting what is in Redis.
#include "survey.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "alarm.h"
#include "base/log.h"
#include "base/metrics.h"

struct survey {
	struct flow *flow;
	struct survey_pool *pools;
	size_t open;
	enum err err;
	survey_fn fn;
	void *arg;
};

// One read of a survey: where its answer goes.
struct probe {
	struct survey *survey;
	uint64_t *count; // of a ZCARD
	int64_t *oldest; // of a ZRANGE … WITHSCORES
	struct survey_pool *staff;
};

static void survey_step(struct survey *v)
{
	if (--v->open > 0)
		return;
	v->fn(v->err, v->pools, v->flow->pools_count, v->arg);
	for (size_t i = 0; i < v->flow->pools_count; i++)
		free(v->pools[i].lanes);
	free(v->pools);
	free(v);
}

static void count_staff(struct survey_pool *p, const struct redis_reply *reply)
{
	for (size_t i = 1; i < redis_count(reply); i += 2) {
		struct bytes json = redis_bytes(redis_at(reply, i));
		json_t *s = json_loadb((const char *)json.data, json.len, 0, NULL);
		const char *presence = json_string_value(json_object_get(s, "presence"));
		if (json_is_true(json_object_get(s, "guest")))
			p->guests += presence && strcmp(presence, "available") == 0;
		else if (presence && strcmp(presence, "available") == 0)
			p->available++;
		else if (presence && strcmp(presence, "away") == 0)
			p->away++;
		else if (presence && strcmp(presence, "break") == 0)
			p->on_break++;
		json_decref(s);
	}
}

static void on_probe(const struct store_answer *a, void *arg)
{
	struct probe *probe = arg;
	if (a->code != STORE_OK)
		probe->survey->err = store_code_err(a->code);
	else if (probe->count)
		*probe->count = (uint64_t)redis_integer(a->reply);
	else if (probe->oldest)
		*probe->oldest = redis_integer(redis_at(a->reply, 1));
	else
		count_staff(probe->staff, a->reply);
	survey_step(probe->survey);
	free(probe);
}

static struct probe *probe_new(
        struct survey *v, uint64_t *count, int64_t *oldest, struct survey_pool *staff)
{
	struct probe *probe = xcalloc(1, sizeof *probe);
	*probe = (struct probe){v, count, oldest, staff};
	v->open++;
	return probe;
}

static void survey_lanes(struct survey *v, struct survey_pool *s)
{
	struct flow *f = v->flow;
	s->lanes_count = lanes_count(f->lanes);
	s->lanes = xcalloc(s->lanes_count + 1, sizeof *s->lanes);
	for (size_t i = 0; i < s->lanes_count; i++)
		for (enum send_kind k = 0; k < SEND_KINDS; k++) {
			const char *gateway = lanes_gateway(f->lanes, i);
			store_unsent_count(f->store, s->pool->config->name, gateway,
			        send_kind_name(k), on_probe,
			        probe_new(v, &s->lanes[i].unsent[k], NULL, NULL));
			store_unsent_oldest(f->store, s->pool->config->name, gateway,
			        send_kind_name(k), on_probe,
			        probe_new(v, NULL, &s->lanes[i].oldest_ms[k], NULL));
		}
}

static void survey_one(struct survey *v, struct survey_pool *s)
{
	struct store *store = v->flow->store;
	const char *pool = s->pool->config->name;
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++) {
		store_waiting_count(store, pool, (enum level)l, on_probe,
		        probe_new(v, &s->waiting[l], NULL, NULL));
		store_waiting(store, pool, (enum level)l, 1, on_probe,
		        probe_new(v, NULL, &s->oldest_ms[l], NULL));
	}
	store_state_count(store, pool, "held", on_probe, probe_new(v, &s->held, NULL, NULL));
	store_state_count(store, pool, "wrap", on_probe, probe_new(v, &s->wrap_up, NULL, NULL));
	store_state_count(store, pool, "pages", on_probe, probe_new(v, &s->pages, NULL, NULL));
	survey_lanes(v, s);
	store_signed_in(store, pool, on_probe, probe_new(v, NULL, NULL, s));
}

void survey_take(struct flow *f, survey_fn fn, void *arg)
{
	struct survey *v = xcalloc(1, sizeof *v);
	v->flow = f;
	v->fn = fn;
	v->arg = arg;
	v->open = 1;
	v->pools = xcalloc(f->pools_count, sizeof *v->pools);
	for (size_t i = 0; i < f->pools_count; i++) {
		v->pools[i].pool = &f->pools[i];
		survey_one(v, &v->pools[i]);
	}
	survey_step(v);
}

uint64_t survey_unsent(const struct survey_pool *pools, size_t count, size_t lane)
{
	uint64_t unsent = 0;
	for (size_t i = 0; i < count && lane < pools[i].lanes_count; i++)
		for (enum send_kind k = 0; k < SEND_KINDS; k++)
			unsent += pools[i].lanes[lane].unsent[k];
	return unsent;
}

// Older than this, replies no longer seem to be answers, and pages wake nobody.
#define UNSENT_LONG_MS 60000

static void watch_outbox(struct flow *f, int64_t oldest_ms)
{
	if (oldest_ms > UNSENT_LONG_MS)
		alarm_raise(f, ALARM_OUTBOX, "The oldest has waited for %lld s.",
		        (long long)(oldest_ms / 1000));
	else
		alarm_clear(f, ALARM_OUTBOX);
}

// Answers the age of the oldest.
static int64_t gauge_outbox(
        const struct flow *f, const struct survey_pool *pools, size_t count, enum send_kind k)
{
	int64_t unsent = 0, now = flow_now(f), oldest = now;
	for (size_t i = 0; i < count; i++)
		for (size_t lane = 0; lane < pools[i].lanes_count; lane++) {
			const struct survey_lane *l = &pools[i].lanes[lane];
			unsent += (int64_t)l->unsent[k];
			if (l->oldest_ms[k] && l->oldest_ms[k] < oldest)
				oldest = l->oldest_ms[k];
		}
	metric_set(M_OUTBOX, send_kind_name(k), unsent);
	metric_set(M_OUTBOX_OLDEST_MS, send_kind_name(k), now - oldest);
	return now - oldest;
}

static void on_gauges(enum err e, const struct survey_pool *pools, size_t count, void *arg)
{
	struct flow *f = arg;
	int64_t held = 0, pages = 0, now = flow_now(f);
	if (e != ERR_NONE)
		return;
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++) {
		int64_t waiting = 0, oldest = now;
		for (size_t i = 0; i < count; i++) {
			waiting += (int64_t)pools[i].waiting[l];
			if (pools[i].oldest_ms[l] && pools[i].oldest_ms[l] < oldest)
				oldest = pools[i].oldest_ms[l];
		}
		metric_set(M_WAITING, level_name((enum level)l), waiting);
		metric_set(M_OLDEST_WAIT_MS, level_name((enum level)l), now - oldest);
	}
	for (size_t i = 0; i < count; i++) {
		held += (int64_t)pools[i].held;
		pages += (int64_t)pools[i].pages;
	}
	int64_t replies = gauge_outbox(f, pools, count, SEND_REPLY);
	int64_t paging = gauge_outbox(f, pools, count, SEND_PAGE);
	gauge_outbox(f, pools, count, SEND_NOTICE);
	gauge_outbox(f, pools, count, SEND_AUTO);
	watch_outbox(f, replies > paging ? replies : paging);
	metric_set(M_HELD, NULL, held);
	metric_set(M_ESCALATIONS_OPEN, NULL, pages);
}

void survey_gauges(struct flow *f)
{
	survey_take(f, on_gauges, f);
}
