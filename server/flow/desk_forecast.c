// SPDX-License-Identifier: Apache-2.0
// What supervisors and operators ask of the forecast: waits now, and with more or fewer counselors.
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "flow/desk.h"
#include "forecast.h"

#define FEWER_MOST 5
#define MORE_MOST  10
#define EXTRA_MOST 200
#define ROWS_MOST  (FEWER_MOST + MORE_MOST + 2)

struct row {
	Holdfast__V1__ForecastRow frame;
	Holdfast__V1__LevelWait waits[5];
	Holdfast__V1__LevelWait *list[5];
};

// One answer in the making: a row each turn of the loop, so that nobody else has to wait for it.
struct table {
	struct request *request;
	int extra[ROWS_MOST];
	size_t count;
	size_t done;
	struct row rows[ROWS_MOST];
	Holdfast__V1__ForecastRow *row_list[ROWS_MOST];
	Holdfast__V1__LevelForecast levels[5];
	Holdfast__V1__LevelForecast *level_list[5];
};

static void fill_row(struct row *row, int extra, const struct whatif *w)
{
	holdfast__v1__forecast_row__init(&row->frame);
	row->frame.extra = extra;
	for (int i = 0; i < 5; i++) {
		int l = LEVEL_IMMINENT - i;
		holdfast__v1__level_wait__init(&row->waits[i]);
		row->waits[i].level = (Holdfast__V1__Level)l;
		row->waits[i].p50_ms = w->wait[l].p50_ms;
		row->waits[i].p90_ms = w->wait[l].p90_ms;
		row->list[i] = &row->waits[i];
	}
	row->frame.n_levels = 5;
	row->frame.levels = row->list;
}

static void fill_levels(struct table *t, const struct forecast_state *s, const struct whatif *now)
{
	for (int i = 0; i < 5; i++) {
		int l = LEVEL_IMMINENT - i;
		Holdfast__V1__LevelForecast *out = &t->levels[i];
		holdfast__v1__level_forecast__init(out);
		out->level = (Holdfast__V1__Level)l;
		out->waiting = s->waiting[l];
		out->oldest_wait_ms = s->oldest_ms[l];
		out->p50_ms = now->wait[l].p50_ms;
		out->p90_ms = now->wait[l].p90_ms;
		out->arrivals_per_day = (uint32_t)(s->rates.arrivals_per_hour[l] * 24 + 0.5);
		t->level_list[i] = out;
	}
}

static void answer_table(struct table *t)
{
	const struct request *r = t->request;
	const struct forecast_state *s = forecast_state(r->pool);
	Holdfast__V1__Forecast f = HOLDFAST__V1__FORECAST__INIT;
	fill_levels(t, s, forecast_now(r->pool));
	f.pool = r->pool->config->name;
	f.at_ms = s->at_ms;
	f.measured = s->rates.measured;
	f.levels = t->level_list;
	f.n_levels = 5;
	f.rows = t->row_list;
	f.n_rows = t->count;
	f.handling_ms = s->rates.handling_ms;
	f.on_duty = s->on_duty;
	f.units_on_duty = s->units_on_duty;
	f.units_taken = s->units_taken;
	f.utilisation_percent = (uint32_t)(forecast_utilisation(s) * 100 + 0.5);
	f.needed = forecast_needed(r->pool, s);
	f.silent_percent = (uint32_t)(s->rates.silent * 100 + 0.5);
	answer_frame(r->flow, r->session, r->id, HOLDFAST__V1__FRAME__BODY_FORECAST, &f);
	free(t->request);
	free(t);
}

static void on_turn(void *arg)
{
	struct table *t = arg;
	struct whatif w;
	if (!forecast_with(t->request->pool, t->extra[t->done], &w)) {
		request_end(t->request, ERR_UNAVAILABLE, NULL);
		free(t);
		return;
	}
	fill_row(&t->rows[t->done], t->extra[t->done], &w);
	t->row_list[t->done] = &t->rows[t->done].frame;
	if (++t->done < t->count)
		loop_timer(t->request->flow->loop, 0, on_turn, t);
	else
		answer_table(t);
}

static struct pool *asked_pool(struct flow *f, const struct session *s, const char *name)
{
	for (size_t i = 0; i < f->pools_count; i++) {
		struct pool *p = &f->pools[i];
		bool theirs = s->roles & ROLE_OPERATOR || session_owns(s, p);
		if (theirs && (!*name || strcmp(name, p->config->name) == 0))
			return p;
	}
	return NULL;
}

void desk_get_forecast(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__GetForecast *in = frame->get_forecast;
	const struct session *s = session_find(f, session);
	if (!s)
		return;
	struct pool *p = asked_pool(f, s, in->pool);
	if (!p || in->extra < -EXTRA_MOST || in->extra > EXTRA_MOST) {
		answer_result(f, session, frame->id, p ? ERR_BAD_REQUEST : ERR_NOT_FOUND,
		        p ? "extra must be from -200 to 200." : "There is no such pool of yours.");
		return;
	}
	struct table *t = xcalloc(1, sizeof *t);
	t->request = request_new(f, s, frame->id);
	t->request->pool = p;
	for (int extra = -FEWER_MOST; extra <= MORE_MOST; extra++)
		t->extra[t->count++] = extra;
	if (in->extra < -FEWER_MOST || in->extra > MORE_MOST)
		t->extra[t->count++] = in->extra;
	on_turn(t);
}
