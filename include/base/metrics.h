// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

#include "base/buf.h"

// The one table of metrics is base/metrics.def. A metric may have one label, whose values come from
// a small bounded set (level, gateway, listener); beyond 64 values the rest count as "other".
enum metric {
#define X(id, type, name, label, help) M_##id,
#include "base/metrics.def"
#undef X
	METRIC_COUNT
};

void metric_inc(enum metric m, const char *label); // label NULL for a metric without one
void metric_add(enum metric m, const char *label, int64_t amount);
void metric_set(enum metric m, const char *label, int64_t value); // gauges
void metric_observe_ms(enum metric m, int64_t ms);                // histograms
int64_t metric_value(enum metric m, const char *label);
// Prometheus text format 0.0.4.
void metrics_render(struct buf *out);
void metrics_reset(void); // for tests
