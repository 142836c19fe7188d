// SPDX-License-Identifier: Apache-2.0
// holdfastctl forecast: how long people would wait, with more or fewer counselors.
#include <inttypes.h>
#include <stdio.h>

#include "../common/table.h"
#include "../common/words.h"
#include "ctl.h"

bool prepare_forecast(const struct ctl *c, Frame *request, struct buf *error)
{
	const char *pool = args_value(&c->args, "--pool");
	uint64_t plus, minus;

	if (!args_number(&c->args, "--plus", 200, 0, &plus, error) ||
	        !args_number(&c->args, "--minus", 200, 0, &minus, error))
		return false;
	request->get_forecast->pool = xstrdup(pool ? pool : "");
	request->get_forecast->extra = (int32_t)plus - (int32_t)minus;
	return true;
}

static void show_levels(const Holdfast__V1__Forecast *f)
{
	static const char *const headings[] = {
	        "  LEVEL", "WAITING", "OLDEST", "ONE WHO COMES NOW", "COMING"};
	struct table *t = table_new(headings, 5);
	char text[WAITS_MAX];

	for (size_t i = 0; i < f->n_levels; i++) {
		const Holdfast__V1__LevelForecast *l = f->levels[i];
		table_cell(t, "  %s", word_level(l->level));
		table_cell(t, "%" PRIu64, l->waiting);
		table_cell(t, "%s", l->waiting ? word_duration(text, l->oldest_wait_ms) : "-");
		table_cell(t, "%s", word_waits(text, l->p50_ms, l->p90_ms));
		table_cell(t, "%.1f an hour", l->arrivals_per_day / 24.0);
	}
	table_print(t);
}

static void show_rows(const Holdfast__V1__Forecast *f)
{
	static const char *const headings[] = {
	        "  COUNSELORS", "IMMINENT", "HIGH", "UNKNOWN", "MEDIUM", "LOW"};
	struct table *t = table_new(headings, 6);
	char text[WAITS_MAX];

	for (size_t i = 0; i < f->n_rows; i++) {
		const Holdfast__V1__ForecastRow *row = f->rows[i];
		if (row->extra)
			table_cell(t, "  %+" PRId32, row->extra);
		else
			table_cell(t, "  as now");
		for (size_t l = 0; l < 5 && l < row->n_levels; l++)
			table_cell(t, "%s",
			        word_waits(text, row->levels[l]->p50_ms, row->levels[l]->p90_ms));
	}
	table_print(t);
}

void show_forecast(const Frame *answer)
{
	const Holdfast__V1__Forecast *f = answer->forecast;
	char handling[DURATION_MAX];

	print_safely("Pool %s: %" PRIu32 " on duty with room for %" PRIu32 ", %" PRIu32
	             " of it taken",
	        f->pool, f->on_duty, f->units_on_duty, f->units_taken);
	printf("  a conversation takes %s%s; what comes asks for %" PRIu32
	       "%% of what they can do\n",
	        word_duration(handling, f->handling_ms),
	        f->measured ? "" : " (typical: too little has been measured yet)",
	        f->utilisation_percent);
	if (f->needed)
		printf("  at least %" PRIu32 " counselors so that 95 of 100 imminent ones are "
		       "answered in time\n",
		        f->needed);
	show_levels(f);
	puts("\nIf there were more or fewer (half wait at most .. nine of ten at most)");
	show_rows(f);
}
