// SPDX-License-Identifier: Apache-2.0
// Counters, gauges and histograms of one process; its loop is their only user.
#include "base/metrics.h"

#include <inttypes.h>
#include <string.h>

#define MAX_SERIES 64 // per metric; further label values share "other"
#define MAX_LABEL  64 // bytes with the NUL; longer values are cut
#define BUCKETS    (sizeof bounds / sizeof *bounds)

enum metric_type { TYPE_counter, TYPE_gauge, TYPE_histogram };

static const char *const type_names[] = {"counter", "gauge", "histogram"};

static const struct {
	enum metric_type type;
	const char *name;
	const char *label;
	const char *help;
} metrics[METRIC_COUNT] = {
#define X(id, type, name, label, help) [M_##id] = {TYPE_##type, name, label, help},
#include "base/metrics.def"
#undef X
};

static const int64_t bounds[] = {
        1,
        2,
        5,
        10,
        25,
        50,
        100,
        250,
        500,
        1000,
        2500,
        5000,
        10000,
        30000,
};

struct series {
	char label[MAX_LABEL];
	int64_t value;
};

struct histogram {
	uint64_t buckets[BUCKETS + 1]; // the last one is +Inf; each counts its own range only
	uint64_t count;
	int64_t sum;
};

static struct state {
	struct series series[METRIC_COUNT][MAX_SERIES + 1]; // and one for "other"
	size_t series_count[METRIC_COUNT];
	struct histogram histograms[METRIC_COUNT];
} state;

static struct series *find(enum metric m, const char *label)
{
	for (size_t i = 0; i < state.series_count[m]; i++)
		if (strncmp(state.series[m][i].label, label, MAX_LABEL - 1) == 0)
			return &state.series[m][i];
	return NULL;
}

// A metric without a label has one series, whose label is "".
static struct series *series(enum metric m, const char *label)
{
	label = label && *metrics[m].label ? label : "";
	struct series *s = find(m, label);
	if (s)
		return s;
	if (state.series_count[m] >= MAX_SERIES) {
		label = "other";
		s = find(m, label);
		if (s)
			return s;
	}
	s = &state.series[m][state.series_count[m]++];
	*s = (struct series){0};
	strncpy(s->label, label, MAX_LABEL - 1);
	return s;
}

void metric_inc(enum metric m, const char *label)
{
	metric_add(m, label, 1);
}

void metric_add(enum metric m, const char *label, int64_t amount)
{
	series(m, label)->value += amount;
}

void metric_set(enum metric m, const char *label, int64_t value)
{
	series(m, label)->value = value;
}

void metric_observe_ms(enum metric m, int64_t ms)
{
	struct histogram *h = &state.histograms[m];
	size_t i = 0;
	while (i < BUCKETS && ms > bounds[i])
		i++;
	h->buckets[i]++;
	h->count++;
	h->sum += ms;
}

int64_t metric_value(enum metric m, const char *label)
{
	if (metrics[m].type == TYPE_histogram)
		return (int64_t)state.histograms[m].count;
	const struct series *s = find(m, label && *metrics[m].label ? label : "");
	return s ? s->value : 0;
}

// Help and label values share the escapes \\ and \n; a label value also needs \".
static void append_escaped(struct buf *out, const char *s, bool quoted)
{
	for (; *s; s++) {
		if (*s == '\n')
			buf_append_str(out, "\\n");
		else if (*s == '\\' || (quoted && *s == '"'))
			buf_printf(out, "\\%c", *s);
		else
			buf_append_char(out, *s);
	}
}

static void render_series(enum metric m, struct buf *out)
{
	bool labelled = *metrics[m].label;
	if (!labelled && !state.series_count[m])
		buf_printf(out, "%s 0\n", metrics[m].name);
	for (size_t i = 0; i < state.series_count[m]; i++) {
		const struct series *s = &state.series[m][i];
		buf_append_str(out, metrics[m].name);
		if (labelled) {
			buf_printf(out, "{%s=\"", metrics[m].label);
			append_escaped(out, s->label, true);
			buf_append_str(out, "\"}");
		}
		buf_printf(out, " %" PRId64 "\n", s->value);
	}
}

static void render_histogram(enum metric m, struct buf *out)
{
	const struct histogram *h = &state.histograms[m];
	const char *name = metrics[m].name;
	uint64_t up_to = 0;
	for (size_t i = 0; i < BUCKETS; i++) {
		up_to += h->buckets[i];
		buf_printf(
		        out, "%s_bucket{le=\"%" PRId64 "\"} %" PRIu64 "\n", name, bounds[i], up_to);
	}
	buf_printf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, h->count);
	buf_printf(out, "%s_sum %" PRId64 "\n%s_count %" PRIu64 "\n", name, h->sum, name, h->count);
}

void metrics_render(struct buf *out)
{
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		enum metric m = (enum metric)i;
		buf_printf(out, "# HELP %s ", metrics[m].name);
		append_escaped(out, metrics[m].help, false);
		buf_printf(out, "\n# TYPE %s %s\n", metrics[m].name, type_names[metrics[m].type]);
		if (metrics[m].type == TYPE_histogram)
			render_histogram(m, out);
		else
			render_series(m, out);
	}
}

void metrics_reset(void)
{
	memset(&state, 0, sizeof state);
}
