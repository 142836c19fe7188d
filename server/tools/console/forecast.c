// SPDX-License-Identifier: Apache-2.0
// What a supervisor types about the hours ahead.
#include <inttypes.h>
#include <string.h>

#include "../common/words.h"
#include "base/utf8.h"
#include "console.h"

static void row_line(struct buf *text, const Holdfast__V1__ForecastRow *row)
{
	char waits[WAITS_MAX];

	buf_printf(text, "\n  %+3" PRId32, row->extra);
	for (size_t i = 0; i < row->n_levels; i++)
		buf_printf(text, "  %s %s", word_level(row->levels[i]->level),
		        word_waits(waits, row->levels[i]->p50_ms, row->levels[i]->p90_ms));
}

static void on_forecast(const Frame *answer, void *arg)
{
	struct console *c = arg;
	struct buf text = {0}, safe = {0};
	const char *why;
	char handling[DURATION_MAX];

	commands_asked(c);
	if (!client_answered(answer, HOLDFAST__V1__FRAME__BODY_FORECAST, &why)) {
		view_error(c->view, "not done: %s", why);
		return;
	}
	const Holdfast__V1__Forecast *f = answer->forecast;
	buf_printf(&text,
	        "%s: %" PRIu32
	        " on duty, a conversation takes %s%s; counselors more or fewer, and how "
	        "long half and nine of ten would wait",
	        f->pool, f->on_duty, word_duration(handling, f->handling_ms),
	        f->measured ? "" : " (typical: too little measured)");
	for (size_t i = 0; i < f->n_rows; i++)
		row_line(&text, f->rows[i]);
	utf8_for_terminal(buf_bytes(&text), &safe);
	view_plain(c->view, buf_str(&safe));
	buf_free(&text);
	buf_free(&safe);
}

bool run_forecast(struct console *c, const char *rest)
{
	Frame *f = client_frame(HOLDFAST__V1__FRAME__BODY_GET_FORECAST);

	f->get_forecast->pool = xstrdup(rest);
	c->waiting = client_request(c->client, f, on_forecast, c);
	frame_free(f);
	if (!c->waiting)
		view_error(c->view, "no connection now; try again");
	return c->waiting;
}
