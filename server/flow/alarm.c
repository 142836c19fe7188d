// SPDX-License-Identifier: Apache-2.0
// What is raised on this node: kept, counted, shown, and paged when it lasts.
#include "alarm.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/metrics.h"
#include "pager.h"
#include "private.h"
#include "reader.h"

#define LOOK_MS  1000
#define TEXT_MAX 160 // characters of one SMS

static const struct {
	const char *name;
	int after_s;
	const char *text;
} table[] = {
#define X(id, name, after_s, text) [ALARM_##id] = {name, after_s, text},
#include "flow/alarms.def"
#undef X
};

struct raised {
	bool is;
	int64_t since_ms; // monotonic
	int64_t wall_ms;  // the same moment, for people
	struct buf detail;
};

struct alarms {
	struct flow *flow;
	struct pager *pager;
	uint64_t timer;
	int64_t ended_ms; // monotonic: when the latest of those that page did
	struct raised raised[ALARM_COUNT];
};
_Static_assert(ALARM_COUNT <= READER_ALARMS_MAX, "alarms are bits");

// ---- paging ----

static bool pages(const struct alarms *a, int which)
{
	return a->raised[which].is && table[which].after_s >= 0;
}

static bool lasts(const struct alarms *a, int which)
{
	int64_t for_ms = loop_mono_ms(a->flow->loop) - a->raised[which].since_ms;
	return pages(a, which) && for_ms >= (int64_t)table[which].after_s * 1000;
}

static int64_t quiet_ms(const struct alarms *a)
{
	for (int i = 0; i < ALARM_COUNT; i++)
		if (pages(a, i))
			return 0;
	return loop_mono_ms(a->flow->loop) - a->ended_ms;
}

static void print_alarm(
        const struct alarms *a, int which, const char *detail, int others, struct buf *out)
{
	char since[25];
	clock_format(a->raised[which].wall_ms, since);
	buf_clear(out);
	buf_printf(out, "Holdfast %s: %s%s%s Since %.5s UTC.", a->flow->config->node,
	        table[which].text, *detail ? " " : "", detail, since + 11);
	if (others > 0)
		buf_printf(out, " And %d more: holdfastctl status.", others);
}

// Names the first in the table, and how many others there are. Its detail is for one SMS only: a
// second part may come late.
static void print_page(struct alarms *a, int first, int count, struct buf *out)
{
	if (count == 0) {
		buf_printf(out, "Holdfast %s: over. All alarms have ended.", a->flow->config->node);
		return;
	}
	print_alarm(a, first, buf_str(&a->raised[first].detail), count - 1, out);
	if (out->len > TEXT_MAX)
		print_alarm(a, first, "", count - 1, out);
}

static void on_look(void *arg)
{
	struct alarms *a = arg;
	struct buf text = {0};
	uint32_t lasting = 0;
	int first = -1, count = 0;
	for (int i = 0; i < ALARM_COUNT; i++) {
		if (!lasts(a, i))
			continue;
		first = first < 0 ? i : first;
		lasting |= UINT32_C(1) << i;
		count++;
	}
	print_page(a, first, count, &text);
	if (!a->flow->draining)
		pager_look(a->pager, lasting, quiet_ms(a), buf_str(&text));
	buf_free(&text);
	a->timer = loop_timer(a->flow->loop, LOOK_MS, on_look, a);
}

// ---- life ----

struct alarms *alarms_new(struct flow *f)
{
	struct alarms *a = xcalloc(1, sizeof *a);
	a->flow = f;
	a->pager = pager_new(f);
	for (int i = 0; i < ALARM_COUNT; i++)
		metric_set(M_ALARM, table[i].name, 0);
	a->timer = loop_timer(f->loop, LOOK_MS, on_look, a);
	return a;
}

void alarms_free(struct alarms *a)
{
	loop_cancel(a->flow->loop, a->timer);
	pager_free(a->pager);
	for (int i = 0; i < ALARM_COUNT; i++)
		buf_free(&a->raised[i].detail);
	free(a);
}

void alarm_raise(struct flow *f, enum alarm which, const char *detail, ...)
{
	struct raised *r = &f->alarms->raised[which];
	char quoted[200];
	va_list args;
	va_start(args, detail);
	buf_clear(&r->detail);
	buf_vprintf(&r->detail, detail, args);
	va_end(args);
	if (r->is)
		return;
	r->is = true;
	r->since_ms = loop_mono_ms(f->loop);
	r->wall_ms = flow_now(f);
	metric_set(M_ALARM, table[which].name, 1);
	log_error("event=alarm alarm=%s detail=%s", table[which].name,
	        log_quote(quoted, buf_str(&r->detail)));
}

void alarm_clear(struct flow *f, enum alarm which)
{
	struct raised *r = &f->alarms->raised[which];
	if (!r->is)
		return;
	if (pages(f->alarms, (int)which))
		f->alarms->ended_ms = loop_mono_ms(f->loop);
	r->is = false;
	metric_set(M_ALARM, table[which].name, 0);
	log_info("event=alarm_over alarm=%s after_s=%lld", table[which].name,
	        (long long)((loop_mono_ms(f->loop) - r->since_ms) / 1000));
}

bool alarm_is_raised(const struct flow *f, enum alarm which)
{
	return f->alarms->raised[which].is;
}

void alarms_each(
        const struct flow *f, void (*fn)(const char *name, const char *text, void *arg), void *arg)
{
	for (int i = 0; i < ALARM_COUNT; i++) {
		struct raised *r = &f->alarms->raised[i];
		struct buf text = {0};
		if (!r->is)
			continue;
		buf_printf(&text, "%s%s%s", table[i].text, r->detail.len ? " " : "",
		        buf_str(&r->detail));
		fn(table[i].name, buf_str(&text), arg);
		buf_free(&text);
	}
}
