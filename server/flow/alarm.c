// SPDX-License-Identifier: Apache-2.0
// What is raised on this node: kept, counted, shown.
#include "alarm.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/metrics.h"
#include "private.h"

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
	struct buf detail;
};

struct alarms {
	struct flow *flow;
	struct raised raised[ALARM_COUNT];
};

struct alarms *alarms_new(struct flow *f)
{
	struct alarms *a = xcalloc(1, sizeof *a);
	a->flow = f;
	for (int i = 0; i < ALARM_COUNT; i++)
		metric_set(M_ALARM, table[i].name, 0);
	return a;
}

void alarms_free(struct alarms *a)
{
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
	metric_set(M_ALARM, table[which].name, 1);
	log_error("event=alarm alarm=%s detail=%s", table[which].name,
	        log_quote(quoted, buf_str(&r->detail)));
}

void alarm_clear(struct flow *f, enum alarm which)
{
	struct raised *r = &f->alarms->raised[which];
	if (!r->is)
		return;
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
