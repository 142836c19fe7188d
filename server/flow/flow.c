// SPDX-License-Identifier: Apache-2.0
// The flow as a whole: made, woken by timers and by Redis' news, drained.
#include "flow/flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm.h"
#include "answer.h"
#include "arrivals.h"
#include "asking.h"
#include "audience.h"
#include "base/log.h"
#include "care.h"
#include "checker.h"
#include "dispatch.h"
#include "duty.h"
#include "forecast.h"
#include "lanes.h"
#include "news.h"
#include "nodes.h"
#include "offline.h"
#include "outbox.h"
#include "overflow.h"
#include "presence.h"
#include "private.h"
#include "quarantine.h"
#include "retain.h"
#include "rewrite.h"
#include "spooler.h"
#include "staff.h"
#include "survey.h"
#include "sweep.h"
#include "wish.h"

// Dispatch and outbox run on every change; this is for changes whose news was lost.
#define ROUND_MS  1000
#define LOOK_MS   1000
#define GAUGES_MS 5000

int64_t flow_now(const struct flow *f)
{
	return loop_wall_ms(f->loop);
}

struct pool *pool_find(struct flow *f, const char *name)
{
	for (size_t i = 0; i < f->pools_count; i++)
		if (strcmp(f->pools[i].config->name, name) == 0)
			return &f->pools[i];
	return NULL;
}

void pool_id_new(const struct pool *p, char out[static POOL_ID_MAX])
{
	char random[ID_LEN + 1];
	id_new(random);
	snprintf(out, POOL_ID_MAX, "%s.%s", p->config->name, random);
}

struct pool *pool_of_id(struct flow *f, struct bytes id)
{
	char name[33];
	const uint8_t *dot = id.len ? memchr(id.data, '.', id.len) : NULL;
	size_t len = dot ? (size_t)(dot - id.data) : 0;
	if (!dot || len >= sizeof name || !id_valid(bytes_of(dot + 1, id.len - len - 1)))
		return NULL;
	memcpy(name, id.data, len);
	name[len] = 0;
	return pool_find(f, name);
}

static struct by_level by_level_ms(const struct config_by_level *c)
{
	struct by_level b = {0};
	b.ms[LEVEL_IMMINENT] = (int64_t)c->imminent_s * 1000;
	b.ms[LEVEL_HIGH] = (int64_t)c->high_s * 1000;
	b.ms[LEVEL_UNKNOWN] = (int64_t)c->unknown_s * 1000;
	b.ms[LEVEL_MEDIUM] = (int64_t)c->medium_s * 1000;
	b.ms[LEVEL_LOW] = (int64_t)c->low_s * 1000;
	return b;
}

static struct silence_policy silence_policy(const struct config_pool *c)
{
	return (struct silence_policy){
	        .nudge_ms = (int64_t)c->counselor_silence.nudge_s * 1000,
	        .supervisor_ms = (int64_t)c->counselor_silence.supervisor_s * 1000,
	        .reroute_ms = (int64_t)c->counselor_silence.reroute_s * 1000,
	        .texter = by_level_ms(&c->texter_silence),
	        .close_ms = (int64_t)c->close_silent_s * 1000,
	};
}

static void make_pools(struct flow *f)
{
	f->pools_count = f->config->pools_count;
	f->pools = xcalloc(f->pools_count, sizeof *f->pools);
	for (size_t i = 0; i < f->pools_count; i++) {
		struct pool *p = &f->pools[i];
		struct buf channel = {0};
		p->flow = f;
		p->config = &f->config->pools[i];
		p->policy = config_policy(f->config, p->config->policy);
		p->within = by_level_ms(&p->config->answer_within);
		p->boost = by_level_ms(&p->config->boost);
		p->silence = silence_policy(p->config);
		care_configure(p);
		level_from_name(p->config->two_person_close, &p->two_person_least); // or "never"
		store_channel(p->config->name, &channel);
		p->channel = buf_take_str(&channel);
		redis_subscribe(store_redis(f->store), p->channel);
	}
	redis_subscribe(store_redis(f->store), store_staff_channel());
}

static bool make_rotas(struct flow *f, struct buf *error)
{
	f->rotas = xcalloc(f->config->schedules_count + 1, sizeof(struct rota *));
	for (size_t i = 0; i < f->config->schedules_count; i++)
		if (!(f->rotas[i] = rota_new(&f->config->schedules[i], error)))
			return false;
	return true;
}

// ---- timers ----

static bool working(const struct flow *f)
{
	return !f->draining && staff_loaded(f->staff) && nodes_time_agreed(f->nodes) &&
	       redis_is_up(store_redis(f->store));
}

static void on_sweep(void *arg)
{
	struct flow *f = arg;
	for (size_t i = 0; working(f) && i < f->pools_count; i++) {
		sweep_pool(&f->pools[i]);
		care_sweep(&f->pools[i]);
	}
	f->sweep_timer = loop_timer(f->loop, SWEEP_MS, on_sweep, f);
}

static void on_round(void *arg)
{
	struct flow *f = arg;
	for (size_t i = 0; working(f) && i < f->pools_count; i++) {
		dispatch_pool(&f->pools[i]);
		outbox_run(&f->pools[i], NULL);
	}
	duty_round(f);
	if (working(f))
		overflow_round(f);
	f->round_timer = loop_timer(f->loop, ROUND_MS, on_round, f);
}

static void look_again(struct flow *f)
{
	for (size_t i = 0; working(f) && i < f->pools_count; i++) {
		offline_look(&f->pools[i]);
		overflow_look(&f->pools[i]);
		sweep_pool(&f->pools[i]);
		dispatch_pool(&f->pools[i]);
		lanes_learn(f->lanes, &f->pools[i]);
		outbox_run(&f->pools[i], NULL);
	}
}

// Timers wait for the house's time to be known.
static void on_nodes_seen(struct flow *f)
{
	if (!working(f))
		return;
	presence_check(f);
	if (!f->worked) {
		look_again(f);
		forecasts_look(f);
	}
	f->worked = true;
}

// A Redis that refuses what we write is no better than none.
static void watch_redis(struct flow *f)
{
	struct redis *r = store_redis(f->store);
	const char *trouble = redis_trouble(r);
	if (redis_is_up(r) && !*trouble)
		alarm_clear(f, ALARM_REDIS_DOWN);
	else
		alarm_raise(f, ALARM_REDIS_DOWN, "%s", trouble);
	if (redis_is_short(r))
		alarm_raise(f, ALARM_COPIES_SHORT, "Wanted: %u.", f->config->durability.copies);
	else
		alarm_clear(f, ALARM_COPIES_SHORT);
}

static void on_beat(void *arg)
{
	struct flow *f = arg;
	bool up = redis_is_up(store_redis(f->store));
	watch_redis(f);
	if (up && !f->draining)
		nodes_beat(f->nodes, on_nodes_seen);
	f->beat_timer = loop_timer(f->loop, NODES_BEAT_MS, on_beat, f);
}

static void on_gauges(void *arg)
{
	struct flow *f = arg;
	if (working(f)) {
		survey_gauges(f);
		forecasts_look(f);
		quarantine_look(f->quarantine);
		rewrite_look(f);
		for (size_t i = 0; i < f->pools_count; i++) {
			lanes_learn(f->lanes, &f->pools[i]);
			retain_look(&f->pools[i]);
		}
	}
	f->gauges_timer = loop_timer(f->loop, GAUGES_MS, on_gauges, f);
}

void flow_ledger_facts(const struct flow *f, struct ledger_facts *out)
{
	struct spooler_state state;
	spooler_state(f->spooler, &state);
	*out = (struct ledger_facts){.under_way = arrivals_under_way(f->arrivals),
	        .spooled = state.spool.records,
	        .damaged = state.damaged};
}

static void reconcile(struct flow *f)
{
	struct ledger_facts facts;
	struct buf text = {0};
	flow_ledger_facts(f, &facts);
	if (ledger_look(f->ledger, &facts)) {
		ledger_render(f->ledger, &facts, &text);
		alarm_raise(f, ALARM_LEDGER, "%s.", buf_str(&text));
	} else {
		alarm_clear(f, ALARM_LEDGER);
	}
	buf_free(&text);
}

static void on_look(void *arg)
{
	struct flow *f = arg;
	spooler_look(f->spooler);
	reconcile(f);
	f->look_timer = loop_timer(f->loop, LOOK_MS, on_look, f);
}

// ---- life ----

static struct gateway_health *make_health(const struct config *c)
{
	struct gateway_health *h = xcalloc(c->gateways_count + 1, sizeof *h);
	for (unsigned i = 0; i < c->gateways_count; i++)
		h[i].config = &c->gateways[i];
	return h;
}

static void know_gateways(struct flow *f)
{
	const char **names = xcalloc(f->config->gateways_count + 1, sizeof(const char *));
	for (unsigned i = 0; i < f->config->gateways_count; i++)
		names[i] = f->config->gateways[i].name;
	store_know_gateways(f->store, names, f->config->gateways_count);
	free(names);
}

struct flow *flow_new(const struct flow_parts *parts, struct buf *error)
{
	char incarnation[ID_LEN + 1];
	struct flow *f = xcalloc(1, sizeof *f);
	f->loop = parts->loop;
	f->config = parts->config;
	f->store = parts->store;
	f->vault = parts->vault;
	f->http = parts->http;
	f->steady = parts->steady;
	f->out = parts->out;
	f->triage = triage_new();
	f->sessions = idmap_new();
	f->signed_in = strmap_new();
	f->audiences = audiences_new();
	f->alarms = alarms_new(f);
	f->staff = staff_new(f);
	f->outbox = outbox_new(f);
	f->asking = asking_new(f);
	f->care = care_new();
	f->wishes = wishes_new();
	f->rewrite = rewrite_new(f);
	know_gateways(f);
	f->nodes = nodes_new(f);
	f->quarantine = quarantine_new(f);
	f->ledger = ledger_new();
	f->arrivals = arrivals_new(f);
	f->spooler = spooler_new(f, parts->disk);
	f->health = make_health(f->config);
	f->started_ms = flow_now(f);
	f->begun_ms = loop_mono_ms(f->loop);
	id_new(incarnation);
	snprintf(f->node, sizeof f->node, "%s/%s", f->config->node, incarnation);
	if (!make_rotas(f, error)) {
		flow_free(f);
		return NULL;
	}
	make_pools(f);
	f->forecasts = forecasts_new(f);
	f->checker = checker_new(f);
	on_sweep(f);
	on_round(f);
	// The link is made in the first turns of the loop: before that Redis is not away.
	f->beat_timer = loop_timer(f->loop, NODES_BEAT_MS, on_beat, f);
	on_gauges(f);
	on_look(f);
	return f;
}

static void free_session(uint64_t id, void *value, void *arg)
{
	struct session *s = value;
	(void)id;
	audience_forget(arg, s);
	free(s->pools);
	free(s);
}

void flow_free(struct flow *f)
{
	// Posts whose last hope was Redis still go to the spool, and their gateways are told.
	arrivals_end(f->arrivals);
	spooler_free(f->spooler);
	arrivals_free(f->arrivals);
	ledger_free(f->ledger);
	loop_cancel(f->loop, f->look_timer);
	loop_cancel(f->loop, f->sweep_timer);
	loop_cancel(f->loop, f->round_timer);
	loop_cancel(f->loop, f->beat_timer);
	loop_cancel(f->loop, f->gauges_timer);
	if (f->checker)
		checker_free(f->checker);
	idmap_each(f->sessions, free_session, f);
	idmap_free(f->sessions);
	audiences_free(f->audiences);
	strmap_free(f->signed_in);
	staff_free(f->staff);
	outbox_free(f->outbox);
	asking_free(f->asking);
	care_free(f->care);
	wishes_free(f->wishes);
	rewrite_free(f->rewrite);
	nodes_free(f->nodes);
	quarantine_free(f->quarantine);
	alarms_free(f->alarms);
	forecasts_free(f->forecasts);
	for (size_t i = 0; i < f->config->schedules_count; i++)
		if (f->rotas[i])
			rota_free(f->rotas[i]);
	for (size_t i = 0; i < f->pools_count; i++)
		free(f->pools[i].channel);
	free(f->rotas);
	free(f->pools);
	free(f->health);
	triage_free(f->triage);
	free(f);
}

const struct rota *flow_rota(const struct flow *f, const char *schedule)
{
	for (size_t i = 0; i < f->config->schedules_count; i++)
		if (strcmp(f->config->schedules[i].name, schedule) == 0)
			return f->rotas[i];
	return NULL;
}

struct store_exposure pool_exposure(const struct pool *p)
{
	const struct config_exposure *e = &p->config->exposure;
	return (struct store_exposure){(int64_t)e->after_imminent_s * 1000, e->units};
}

// ---- Redis ----

static void on_staff(void *arg)
{
	struct flow *f = arg;
	spooler_resume(f->spooler);
}

void flow_redis_up(struct flow *f)
{
	staff_load_then(f->staff, on_staff, f);
	nodes_beat(f->nodes, on_nodes_seen);
	look_again(f);
}

void flow_redis_down(struct flow *f)
{
	log_error("event=redis_down consoles=%zu", strmap_count(f->signed_in));
}

void flow_redis_message(struct flow *f, const char *channel, struct bytes payload)
{
	if (strcmp(channel, store_staff_channel()) == 0) {
		staff_load(f->staff);
		return;
	}
	for (size_t i = 0; i < f->pools_count; i++)
		if (strcmp(f->pools[i].channel, channel) == 0)
			news_take(&f->pools[i], payload);
}

struct resync {
	struct flow *flow;
	const char *reason;
};

static void dismiss(uint64_t id, void *value, void *arg)
{
	(void)id;
	struct session *s = value;
	struct resync *why = arg;
	session_dismiss(why->flow, s, why->reason);
}

static void dismiss_all(struct flow *f, const char *reason)
{
	struct resync why = {f, reason};
	idmap_each(f->sessions, dismiss, &why);
}

// Nobody signs in who would be sent away when the news are back.
void flow_redis_deaf(struct flow *f)
{
	f->subscribed = false;
}

// News were lost, nobody knows which: consoles connect again, within the grace, and get the state
// as it is.
void flow_redis_resync(struct flow *f)
{
	dismiss_all(f, "resync");
	f->subscribed = true;
	if (redis_is_up(store_redis(f->store)))
		staff_load(f->staff);
	look_again(f);
}

bool flow_ready(const struct flow *f)
{
	return working(f) && f->subscribed;
}

void flow_drain(struct flow *f)
{
	if (f->draining)
		return;
	f->draining = true;
	dismiss_all(f, "draining");
}

bool flow_draining(const struct flow *f)
{
	return f->draining;
}

size_t flow_open_sends(const struct flow *f)
{
	return outbox_open(f->outbox);
}

uint64_t flow_spooled(const struct flow *f)
{
	return spooler_moving(f->spooler);
}
