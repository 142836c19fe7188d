// SPDX-License-Identifier: Apache-2.0
// Looking at the pools, and how long people would wait in them.
#include "forecast.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "overflow.h"

// Of patience: nobody leaves the queue by themselves (core/rates.h).
#define STAYS          0
#define WAITING_MAX    2000 // of a level; who stands behind them waits for hours
#define BUSY_MAX       2000
#define COUNSELORS_MAX 1000
#define FRESH_MS       (6 * FORECAST_MS)
// The work of one estimate: about a millisecond.
#define RUNS_MAX 200
#define WORK_MAX 20000
// Fewer runs say nothing of what one in ten waits.
#define RUNS_ENOUGH      10
#define UNITS_TYPICAL    2
#define NEEDED_UNITS_MAX 2000

struct forecast {
	struct forecast_state s;
	struct whatif now;
	struct whatif_waiting *waiting;
	struct whatif_counselor *counselors;
	int64_t *busy;
};

struct forecasts {
	struct flow *flow;
	struct forecast *pools; // as the flow counts them
	bool looking;
	size_t open; // answers that a look waits for
};

// One look at one pool: what becomes its forecast when everything has been answered.
struct look {
	struct pool *pool;
	struct forecast next;
	size_t conversations; // offered, held or in wrap-up
	struct rates_sum sum;
	size_t open;
	bool failed;
};

struct probe {
	struct look *look;
	void (*take)(struct look *l, const struct redis_reply *reply, int level);
	int level;
};

static struct forecast *of(const struct pool *p)
{
	return &p->flow->forecasts->pools[p - p->flow->pools];
}

static void forecast_clear(struct forecast *fc)
{
	free(fc->waiting);
	free(fc->counselors);
	free(fc->busy);
	*fc = (struct forecast){0};
}

// ---- what is read ----

static int64_t since(const struct look *l, const struct redis_reply *score)
{
	int64_t ms = flow_now(l->pool->flow) - redis_integer(score);
	return ms > 0 ? ms : 0;
}

static void take_waiting(struct look *l, const struct redis_reply *reply, int level)
{
	struct forecast_state *s = &l->next.s;
	size_t count = redis_count(reply) / 2;
	s->waiting[level] = count;
	s->oldest_ms[level] = count ? since(l, redis_at(reply, 1)) : 0;
	l->next.waiting = xrealloc(
	        l->next.waiting, (s->state.waiting_count + count + 1) * sizeof *l->next.waiting);
	for (size_t i = 0; i < count; i++)
		l->next.waiting[s->state.waiting_count++] = (struct whatif_waiting){
		        (enum level)level, since(l, redis_at(reply, 2 * i + 1))};
}

static void take_held(struct look *l, const struct redis_reply *reply, int level)
{
	struct whatif_state *state = &l->next.s.state;
	size_t count = redis_count(reply) / 2;
	(void)level;
	l->next.busy =
	        xrealloc(l->next.busy, (state->busy_count + count + 1) * sizeof *l->next.busy);
	for (size_t i = 0; i < count; i++)
		l->next.busy[state->busy_count++] = since(l, redis_at(reply, 2 * i + 1));
}

// Those in wrap-up have had their conversation: nearly all of the time that one takes.
static void take_wrap_up(struct look *l, const struct redis_reply *reply, int level)
{
	struct whatif_state *state = &l->next.s.state;
	int64_t count = redis_integer(reply);
	(void)level;
	count = count < BUSY_MAX ? count : BUSY_MAX;
	l->next.busy = xrealloc(
	        l->next.busy, (state->busy_count + (size_t)count + 1) * sizeof *l->next.busy);
	for (int64_t i = 0; i < count; i++)
		l->next.busy[state->busy_count++] = RATES_HANDLING_MS;
}

static unsigned number(json_t *s, const char *key)
{
	double value = json_number_value(json_object_get(s, key));
	return value > 0 && value < 1000000 ? (unsigned)value : 0;
}

static void take_counselor(struct look *l, struct bytes json)
{
	struct forecast_state *state = &l->next.s;
	json_t *s = json_loadb((const char *)json.data, json.len, 0, NULL);
	const char *presence = json_string_value(json_object_get(s, "presence"));
	struct whatif_counselor c = {number(s, "capacity"), number(s, "load")};
	int64_t now = flow_now(l->pool->flow);
	unsigned less = json_number_value(json_object_get(s, "exposed_until")) > (double)now
	                        ? number(s, "exposed_units")
	                        : 0;
	c.capacity = c.capacity > less + 1 ? c.capacity - less : (c.capacity ? 1 : 0);
	// Who is away ends what they hold and takes no more.
	bool guest = json_is_true(json_object_get(s, "guest"));
	bool asked = !guest || overflow_open(l->pool);
	if (!presence || !asked || strcmp(presence, "available") != 0)
		c.capacity = 0;
	json_decref(s);
	if (c.capacity > 0) {
		state->on_duty++;
		state->guests_on_duty += guest;
		state->units_on_duty += c.capacity;
		state->units_taken += c.load < c.capacity ? c.load : c.capacity;
	}
	l->conversations += c.load / WHATIF_ALL_UNITS + c.load % WHATIF_ALL_UNITS;
	l->next.counselors[state->state.counselors_count++] = c;
}

static void take_staff(struct look *l, const struct redis_reply *reply, int level)
{
	size_t count = redis_count(reply) / 2;
	(void)level;
	count = count < COUNSELORS_MAX ? count : COUNSELORS_MAX;
	l->next.counselors = xcalloc(count + 1, sizeof *l->next.counselors);
	for (size_t i = 0; i < count; i++)
		take_counselor(l, redis_bytes(redis_at(reply, 2 * i + 1)));
}

static void take_rates(struct look *l, const struct redis_reply *reply, int level)
{
	(void)level;
	for (size_t i = 1; i < redis_count(reply); i += 2)
		rates_add(&l->sum, redis_bytes(redis_at(reply, i)), flow_now(l->pool->flow));
}

// ---- what is made of it ----

static bool goes_before(const struct whatif_waiting *a, const struct whatif_waiting *b,
        const struct by_level *boost)
{
	bool urgent = a->level == LEVEL_IMMINENT;
	if (urgent != (b->level == LEVEL_IMMINENT))
		return urgent;
	return queue_score(a->level, -a->waited_ms, boost) <
	       queue_score(b->level, -b->waited_ms, boost);
}

// Those who are being asked about have their counselor already. They are among who waits, in front.
static void drop_offered(struct look *l)
{
	struct whatif_state *s = &l->next.s.state;
	size_t offered = l->conversations > s->busy_count ? l->conversations - s->busy_count : 0;
	for (; offered > 0 && s->waiting_count > 0; offered--) {
		size_t first = 0;
		for (size_t i = 1; i < s->waiting_count; i++)
			if (goes_before(&l->next.waiting[i], &l->next.waiting[first], &s->boost))
				first = i;
		memmove(&l->next.waiting[first], &l->next.waiting[first + 1],
		        (s->waiting_count - first - 1) * sizeof *l->next.waiting);
		s->waiting_count--;
	}
}

static void estimate(struct forecast *fc, int extra, struct whatif *out)
{
	const struct whatif_limits limits = {.seed = 1, .runs_max = RUNS_MAX, .work_max = WORK_MAX};
	whatif_run(&fc->s.state, extra, &limits, out);
}

static void look_done(struct look *l)
{
	struct forecast_state *s = &l->next.s;
	rates_of(&l->sum, flow_now(l->pool->flow), &s->rates);
	s->state.boost = l->pool->boost;
	drop_offered(l);
	s->state.waiting = l->next.waiting;
	s->state.counselors = l->next.counselors;
	s->state.busy_ms = l->next.busy;
	memcpy(s->state.arrivals_per_hour, s->rates.arrivals_per_hour,
	        sizeof s->state.arrivals_per_hour);
	s->state.handling_ms = s->rates.handling_ms;
	s->state.patience_ms = STAYS;
	s->state.extra_capacity =
	        s->on_duty ? (s->units_on_duty + s->on_duty / 2) / s->on_duty : UNITS_TYPICAL;
	s->at_ms = flow_now(l->pool->flow);
	estimate(&l->next, 0, &l->next.now);
	forecast_clear(of(l->pool));
	*of(l->pool) = l->next;
	l->next = (struct forecast){0};
}

// ---- the gauges ----

// Of all pools the longest: nobody is helped by a mean over pools that do not help each other.
static void gauge(struct flow *f)
{
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++) {
		int64_t p50 = 0, p90 = 0;
		for (size_t i = 0; i < f->pools_count; i++) {
			const struct whatif *w = forecast_now(&f->pools[i]);
			p50 = w && w->wait[l].p50_ms > p50 ? w->wait[l].p50_ms : p50;
			p90 = w && w->wait[l].p90_ms > p90 ? w->wait[l].p90_ms : p90;
		}
		metric_set(M_EXPECTED_WAIT_P50_MS, level_name((enum level)l), p50);
		metric_set(M_EXPECTED_WAIT_P90_MS, level_name((enum level)l), p90);
	}
}

// ---- looking ----

static void look_step(struct look *l)
{
	struct flow *f = l->pool->flow;
	if (--l->open > 0)
		return;
	if (!l->failed)
		look_done(l);
	forecast_clear(&l->next);
	free(l);
	f->forecasts->looking = --f->forecasts->open > 0;
	if (!f->forecasts->looking)
		gauge(f);
}

static void on_probe(const struct store_answer *a, void *arg)
{
	struct probe *probe = arg;
	if (a->code == STORE_OK)
		probe->take(probe->look, a->reply, probe->level);
	else
		probe->look->failed = true;
	look_step(probe->look);
	free(probe);
}

static struct probe *probe_new(struct look *l,
        void (*take)(struct look *l, const struct redis_reply *reply, int level), int level)
{
	struct probe *probe = xcalloc(1, sizeof *probe);
	*probe = (struct probe){l, take, level};
	l->open++;
	return probe;
}

static void look(struct pool *p)
{
	struct store *store = p->flow->store;
	const char *name = p->config->name;
	struct look *l = xcalloc(1, sizeof *l);
	l->pool = p;
	l->open = 1;
	for (int level = LEVEL_IMMINENT; level >= LEVEL_LOW; level--)
		store_waiting(store, name, (enum level)level, WAITING_MAX, on_probe,
		        probe_new(l, take_waiting, level));
	store_held_since(store, name, BUSY_MAX, on_probe, probe_new(l, take_held, 0));
	store_state_count(store, name, "wrap", on_probe, probe_new(l, take_wrap_up, 0));
	store_signed_in(store, name, on_probe, probe_new(l, take_staff, 0));
	store_rates(store, name, on_probe, probe_new(l, take_rates, 0));
	look_step(l);
}

void forecasts_look(struct flow *f)
{
	struct forecasts *fs = f->forecasts;
	if (fs->looking || f->pools_count == 0)
		return;
	fs->looking = true;
	fs->open = f->pools_count;
	for (size_t i = 0; i < f->pools_count; i++)
		look(&f->pools[i]);
}

// ---- what is asked ----

const struct forecast_state *forecast_state(const struct pool *p)
{
	const struct forecast *fc = of(p);
	return fc->s.at_ms && flow_now(p->flow) - fc->s.at_ms <= FRESH_MS ? &fc->s : NULL;
}

const struct whatif *forecast_now(const struct pool *p)
{
	return forecast_state(p) ? &of(p)->now : NULL;
}

bool forecast_with(const struct pool *p, int extra, struct whatif *out)
{
	if (!forecast_state(p))
		return false;
	estimate(of(p), extra, out);
	return true;
}

// An imminent conversation takes all of a counselor.
static double units_each(const struct forecast_state *s)
{
	return s->on_duty ? (double)s->units_on_duty / s->on_duty : UNITS_TYPICAL;
}

static double load_of(const struct forecast_state *s, int level)
{
	double units = level == LEVEL_IMMINENT ? units_each(s) : 1;
	return s->rates.arrivals_per_hour[level] * units * (double)s->rates.handling_ms / 3600000;
}

static double load(const struct forecast_state *s)
{
	double sum = 0;
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++)
		sum += load_of(s, l);
	return sum;
}

double forecast_utilisation(const struct forecast_state *s)
{
	return s->units_on_duty ? load(s) / s->units_on_duty : 0;
}

unsigned forecast_needed(const struct pool *p, const struct forecast_state *s)
{
	double each = units_each(s);
	unsigned units =
	        erlang_needed(load(s), load_of(s, LEVEL_IMMINENT), (double)s->rates.handling_ms,
	                STAYS, (double)p->within.ms[LEVEL_IMMINENT], 0.05, NEEDED_UNITS_MAX);
	return (unsigned)((units + each - 1) / each);
}

// Minutes that people speak of.
static const int64_t minutes[] = {0, 1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240};
#define MINUTES   (sizeof minutes / sizeof minutes[0])
#define MINUTE_MS 60000

bool forecast_wait(const struct pool *p, enum level l, int64_t *low_ms, int64_t *high_ms)
{
	const struct forecast_state *s = forecast_state(p);
	const struct whatif *w = forecast_now(p);
	size_t low = 0, high = 1;
	if (!s || s->on_duty == 0 || w->runs < RUNS_ENOUGH)
		return false;
	const struct whatif_wait *wait = &w->wait[l];
	if (wait->p90_ms >= WHATIF_HORIZON_MS || (!s->rates.measured && wait->p90_ms > MINUTE_MS))
		return false;
	while (low + 1 < MINUTES && minutes[low + 1] * MINUTE_MS <= wait->p50_ms)
		low++;
	while (high + 1 < MINUTES && minutes[high] * MINUTE_MS < wait->p90_ms)
		high++;
	*low_ms = minutes[low] * MINUTE_MS;
	*high_ms = minutes[high] * MINUTE_MS;
	return true;
}

// ---- life ----

struct forecasts *forecasts_new(struct flow *f)
{
	struct forecasts *fs = xcalloc(1, sizeof *fs);
	fs->flow = f;
	fs->pools = xcalloc(f->pools_count + 1, sizeof *fs->pools);
	return fs;
}

void forecasts_free(struct forecasts *fs)
{
	for (size_t i = 0; fs && i < fs->flow->pools_count; i++)
		forecast_clear(&fs->pools[i]);
	if (fs)
		free(fs->pools);
	free(fs);
}
