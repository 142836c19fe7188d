// SPDX-License-Identifier: Apache-2.0
// Metrics as Prometheus reads them, and the error table.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/errors.h"
#include "base/metrics.h"

static struct buf out;

static int clear(void **state)
{
	(void)state;
	buf_free(&out);
	metrics_reset();
	return 0;
}

static bool rendered(const char *line)
{
	buf_clear(&out);
	metrics_render(&out);
	return strstr(buf_str(&out), line) != NULL;
}

static void test_counters_and_gauges(void **state)
{
	(void)state;
	metric_inc(M_INBOUND, "stored");
	metric_add(M_INBOUND, "stored", 2);
	metric_set(M_HELD, NULL, 5);
	metric_add(M_HELD, NULL, -1);
	assert_int_equal(metric_value(M_INBOUND, "stored"), 3);
	assert_int_equal(metric_value(M_INBOUND, "duplicate"), 0);
	assert_true(rendered("# TYPE holdfast_inbound_total counter\n"
	                     "holdfast_inbound_total{result=\"stored\"} 3\n"));
	assert_true(rendered("# HELP holdfast_held Conversations held by a counselor.\n"
	                     "# TYPE holdfast_held gauge\nholdfast_held 4\n"));
	assert_true(rendered("\nholdfast_consoles 0\n"));
}

static void test_label_escapes(void **state)
{
	(void)state;
	metric_inc(M_HTTP, "a\"b\\c\nd");
	assert_true(rendered("{status=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

static void test_labels_are_bounded(void **state)
{
	(void)state;
	char label[16];
	for (int i = 0; i < 100; i++) {
		snprintf(label, sizeof label, "l%d", i);
		metric_inc(M_HTTP, label);
	}
	assert_int_equal(metric_value(M_HTTP, "l63"), 1);
	assert_int_equal(metric_value(M_HTTP, "l64"), 0);
	assert_int_equal(metric_value(M_HTTP, "other"), 36);
}

static void test_histogram(void **state)
{
	(void)state;
	metric_observe_ms(M_INGEST_MS, 1);
	metric_observe_ms(M_INGEST_MS, 7);
	metric_observe_ms(M_INGEST_MS, 40000);
	assert_int_equal(metric_value(M_INGEST_MS, NULL), 3);
	assert_true(rendered("_duration_ms_bucket{le=\"1\"} 1\n"));
	assert_true(rendered("_duration_ms_bucket{le=\"5\"} 1\n"));
	assert_true(rendered("_duration_ms_bucket{le=\"10\"} 2\n"));
	assert_true(rendered("_duration_ms_bucket{le=\"30000\"} 2\n"));
	assert_true(rendered("_duration_ms_bucket{le=\"+Inf\"} 3\n"
	                     "holdfast_ingest_duration_ms_sum 40008\n"
	                     "holdfast_ingest_duration_ms_count 3\n"));
}

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ERR_COUNT; i++)
		assert_int_equal(err_from_code(err_code((enum err)i)), i);
	assert_int_equal(err_http(ERR_BAD_SIGNATURE), 403);
	assert_int_equal(err_from_code("nonsense"), ERR_INTERNAL);
	assert_string_equal(err_code(ERR_COUNT), "internal");
	assert_string_equal(err_text(ERR_NONE), "Done.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(test_counters_and_gauges, clear),
	        cmocka_unit_test_teardown(test_label_escapes, clear),
	        cmocka_unit_test_teardown(test_labels_are_bounded, clear),
	        cmocka_unit_test_teardown(test_histogram, clear),
	        cmocka_unit_test(test_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
