// SPDX-License-Identifier: Apache-2.0
// The ledger's sums: right in peace, and wrong when a text has vanished or was counted twice.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs those four first.
#include <cmocka.h>
#include <string.h>

#include "base/metrics.h"
#include "flow/ledger.h"

static int begin(void **state)
{
	metrics_reset();
	*state = ledger_new();
	return 0;
}

static int end(void **state)
{
	ledger_free(*state);
	return 0;
}

static bool twice(struct ledger *l, const struct ledger_facts *facts)
{
	bool first = ledger_look(l, facts);
	assert_false(first);
	return ledger_look(l, facts);
}

static void receive(struct ledger *l, enum outcome o)
{
	ledger_received(l);
	ledger_outcome(l, o);
}

static void test_each_outcome_settles_a_text(void **state)
{
	struct ledger *l = *state;
	struct ledger_facts facts = {.under_way = 2};
	for (enum outcome o = 0; o < OUTCOME_COUNT; o++) {
		receive(l, o);
		assert_int_equal(metric_value(M_INBOUND, outcome_name(o)), 1);
	}
	ledger_received(l);
	ledger_received(l);
	assert_false(twice(l, &facts));
	assert_int_equal(metric_value(M_RECEIVED, NULL), OUTCOME_COUNT + 2);
	assert_int_equal(ledger_stored(l), 1);
}

static void test_only_what_is_kept_is_told_as_taken(void **state)
{
	(void)state;
	for (enum outcome o = 0; o < OUTCOME_COUNT; o++)
		assert_int_equal(outcome_err(o) == ERR_NONE, o <= OUTCOME_SPOOLED);
}

static void test_a_text_that_vanished(void **state)
{
	struct ledger *l = *state;
	struct ledger_facts facts = {.under_way = 0};
	receive(l, OUTCOME_STORED);
	ledger_received(l);
	assert_true(twice(l, &facts));
	assert_true(ledger_look(l, &facts)); // until it is right
	assert_int_equal(metric_value(M_LEDGER_DIFFERENCE, "texts"), 1);
	ledger_outcome(l, OUTCOME_STORED);
	assert_false(ledger_look(l, &facts));
	assert_int_equal(metric_value(M_LEDGER_DIFFERENCE, "texts"), 0);
}

static void test_a_text_with_two_outcomes(void **state)
{
	struct ledger *l = *state;
	struct ledger_facts facts = {0};
	receive(l, OUTCOME_SPOOLED);
	ledger_outcome(l, OUTCOME_STORED);
	ledger_put(l);
	facts.spooled = 1;
	assert_true(twice(l, &facts));
	assert_int_equal(metric_value(M_LEDGER_DIFFERENCE, "texts"), -1);
}

// Between two callbacks it may differ for a moment.
static void test_a_difference_that_does_not_last(void **state)
{
	struct ledger *l = *state;
	struct ledger_facts facts = {0};
	ledger_received(l);
	assert_false(ledger_look(l, &facts));
	ledger_outcome(l, OUTCOME_STORED);
	assert_false(ledger_look(l, &facts));
	ledger_received(l);
	assert_false(ledger_look(l, &facts));
}

static void test_the_spool(void **state)
{
	struct ledger *l = *state;
	struct ledger_facts facts = {.spooled = 2, .damaged = 1};
	ledger_found(l, 4);
	ledger_put(l);
	ledger_put(l);
	ledger_replayed(l, OUTCOME_STORED);
	ledger_replayed(l, OUTCOME_DUPLICATE);
	ledger_put_aside(l);
	assert_false(twice(l, &facts));
	facts.spooled = 1; // one is gone, and nobody says where to
	assert_true(twice(l, &facts));
	assert_int_equal(metric_value(M_LEDGER_DIFFERENCE, "spool"), 1);
}

static void test_people_can_read_it(void **state)
{
	struct ledger *l = *state;
	struct ledger_facts facts = {.under_way = 1, .spooled = 1};
	struct buf text = {0};
	receive(l, OUTCOME_STORED);
	receive(l, OUTCOME_SPOOLED);
	ledger_received(l);
	ledger_put(l);
	ledger_render(l, &facts, &text);
	assert_string_equal(buf_str(&text),
	        "3 received = 1 stored + 0 duplicate + 0 acknowledgement + 0 deletion + 0 rating + "
	        "0 quarantined + 1 spooled + 1 under way; spool: 0 found + 1 put = 0 stored + 0 "
	        "put aside + 0 "
	        "damaged + 1 still there");
	ledger_received(l);
	buf_clear(&text);
	ledger_render(l, &facts, &text);
	assert_non_null(strstr(buf_str(&text), "1 under way (1 differ)"));
	buf_free(&text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_each_outcome_settles_a_text),
	        TEST(test_only_what_is_kept_is_told_as_taken),
	        TEST(test_a_text_that_vanished),
	        TEST(test_a_text_with_two_outcomes),
	        TEST(test_a_difference_that_does_not_last),
	        TEST(test_the_spool),
	        TEST(test_people_can_read_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
