// SPDX-License-Identifier: Apache-2.0
// The what-if against published values, against what can be written down, and against a simulation
// that shares nothing with it but the rules.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/whatif.h"

#define MINUTE_MS 60000

static void assert_near(double is, double should, double within)
{
	if (!(fabs(is - should) <= within))
		fail_msg("%.6g is not %.6g ± %.6g", is, should, within);
}

// ---- the long run ----

// 100 calls of 3 minutes in half an hour, 14 agents: the usual worked example of Erlang C.
static void test_erlang_c(void **state)
{
	(void)state;
	struct erlang e = erlang_a(14, 10, 180, 0);
	assert_near(e.busy, 0.174, 0.0005);
	assert_near(e.wait, 7.8, 0.05);
	assert_true(e.leaving == 0);
}

// Garnett, Mandelbaum, Reiman, "Designing a call center with impatient customers", MSOM 4 (2002),
// the table of the introduction: 50 agents, 48 calls a minute of one minute, patience 2 minutes.
static void test_erlang_a(void **state)
{
	(void)state;
	struct erlang c = erlang_a(50, 48, 60, 0), a = erlang_a(50, 48, 60, 120);
	assert_near(c.wait, 20.8, 0.05);
	assert_near(c.waiting, 17, 0.5);
	assert_near(a.wait, 3.7, 0.05);
	assert_near(a.waiting, 3, 0.05);
	assert_near(a.leaving, 0.031, 0.0005);
}

static void test_erlang_ends(void **state)
{
	(void)state;
	assert_true(isinf(erlang_a(10, 10, 60, 0).wait));
	assert_near(erlang_a(10, 10, 60, 0).busy, 1, 0);
	assert_true(isfinite(erlang_a(10, 20, 60, 60).wait));
	assert_near(erlang_a(10, 20, 60, 60).leaving, 0.5, 0.01);
	assert_near(erlang_a(0, 5, 60, 60).leaving, 1, 1e-9);
	assert_near(erlang_a(4, 0, 60, 0).busy, 0, 0);
	// Large pools: neither powers nor factorials are formed.
	struct erlang big = erlang_a(5000, 4950, 1, 0);
	assert_true(big.busy > 0 && big.busy < 1 && isfinite(big.wait));
	assert_true(erlang_a(5100, 4950, 1, 0).busy < big.busy);
}

static void test_needed(void **state)
{
	(void)state;
	unsigned n = erlang_needed(40, 2, 2700, 0, 120, 0.05, 1000);
	assert_true(n > 40 && n < 60);
	double at = erlang_a(n, 40, 2700, 0).busy * exp(-((double)n - 2) / 2700 * 120);
	double before = erlang_a(n - 1, 40, 2700, 0).busy * exp(-((double)n - 3) / 2700 * 120);
	assert_true(at <= 0.05 && before > 0.05);
	assert_true(erlang_needed(40, 2, 2700, 0, 30, 0.05, 1000) > n);
	assert_int_equal(erlang_needed(40, 2, 2700, 0, 120, 0.05, 40), 0);
	assert_int_equal(erlang_needed(0, 0, 2700, 0, 120, 0.05, 40), 1);
}

// ---- a simulation without any cleverness ----

// xorshift64*, not the one under test.
static uint64_t naive_seed = 88172645463325252u;
static double naive_uniform(void)
{
	naive_seed ^= naive_seed >> 12;
	naive_seed ^= naive_seed << 25;
	naive_seed ^= naive_seed >> 27;
	return ((double)((naive_seed * 2685821657736338717u) >> 11) + 0.5) / 9007199254740992.0;
}
static double naive_exponential(double mean)
{
	return -mean * log(naive_uniform());
}
static double naive_service(double mean, int stages)
{
	double sum = 0;
	for (int i = 0; i < stages; i++)
		sum += naive_exponential(mean / stages);
	return sum;
}

// The long run of n slots, one class: the mean wait of all and the part that leaves.
static struct erlang naive_long_run(int n, double rate, double mean, double patience, int arrivals)
{
	double *free_at = calloc((size_t)n, sizeof(double));
	double t = 0, waits = 0, left = 0, waited = 0;
	for (int i = 0; i < arrivals; i++) {
		t += naive_exponential(1 / rate);
		int first = 0;
		for (int k = 1; k < n; k++)
			first = free_at[k] < free_at[first] ? k : first;
		double wait = fmax(0, free_at[first] - t);
		double stays = patience > 0 ? naive_exponential(patience) : INFINITY;
		waited += wait > 0;
		left += stays < wait;
		waits += fmin(wait, stays);
		if (stays >= wait)
			free_at[first] = t + wait + naive_service(mean, 1);
	}
	free(free_at);
	return (struct erlang){waited / arrivals, 0, waits / arrivals, left / arrivals};
}

static void test_long_run_simulated(void **state)
{
	(void)state;
	static const struct {
		int n;
		double rate, mean, patience;
	} cases[] = {{5, 0.08, 50, 0}, {10, 0.25, 50, 60}, {3, 0.05, 40, 200}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct erlang is = naive_long_run(
		        cases[i].n, cases[i].rate, cases[i].mean, cases[i].patience, 300000);
		struct erlang e = erlang_a((unsigned)cases[i].n, cases[i].rate * cases[i].mean,
		        cases[i].mean, cases[i].patience);
		assert_near(is.wait / e.wait, 1, 0.06);
		assert_near(is.busy, e.busy, 0.015);
		assert_near(is.leaving, e.leaving, 0.01);
	}
}

// ---- from now on ----

static const struct whatif_limits thorough = {.seed = 7, .runs_max = 400, .work_max = 100000000};
static const struct by_level boost = {
        .ms = {[LEVEL_MEDIUM] = MINUTE_MS, [LEVEL_UNKNOWN] = 300000, [LEVEL_HIGH] = 900000}};
static const double hour = 3600000;
#define HOUR_MS 3600000

static void test_nobody(void **state)
{
	(void)state;
	struct whatif w;
	const struct whatif_state s = {.handling_ms = HOUR_MS, .extra_capacity = 1};
	whatif_run(&s, 0, &thorough, &w);
	assert_int_equal(w.wait[LEVEL_IMMINENT].p50_ms, WHATIF_HORIZON_MS);
	whatif_run(&s, 1, &thorough, &w);
	assert_int_equal(w.wait[LEVEL_LOW].p90_ms, 0);
	whatif_run(&s, -3, &thorough, &w);
	assert_int_equal(w.wait[LEVEL_LOW].p50_ms, WHATIF_HORIZON_MS);
}

// One conversation of two exponential stages has just begun: the median of what is left is 0.8392
// of its mean, its 90th percentile 1.9449. One that has lasted for long is in its second: ln 2 / 2
// and ln 10 / 2.
static void test_one_busy(void **state)
{
	(void)state;
	struct whatif w;
	const struct whatif_counselor one = {1, 1};
	const int64_t just[] = {0}, long_ago[] = {1000LL * HOUR_MS};
	struct whatif_state s = {.counselors = &one,
	        .counselors_count = 1,
	        .busy_ms = just,
	        .busy_count = 1,
	        .handling_ms = HOUR_MS};
	whatif_run(&s, 0, &thorough, &w);
	assert_int_equal(w.runs, 400);
	assert_near((double)w.wait[LEVEL_LOW].p50_ms / hour, 0.8392, 0.08);
	assert_near((double)w.wait[LEVEL_LOW].p90_ms / hour, 1.9449, 0.2);
	assert_int_equal(w.wait[LEVEL_LOW].p50_ms, w.wait[LEVEL_IMMINENT].p50_ms);
	s.busy_ms = long_ago;
	whatif_run(&s, 0, &thorough, &w);
	assert_near((double)w.wait[LEVEL_LOW].p50_ms / hour, 0.3466, 0.05);
	assert_near((double)w.wait[LEVEL_LOW].p90_ms / hour, 1.1513, 0.15);
}

// The order: an imminent one does not wait for those who wait; a boost goes before exactly as much.
static void test_order(void **state)
{
	(void)state;
	struct whatif w;
	const struct whatif_counselor one = {1, 1};
	const int64_t just[] = {0};
	const struct whatif_waiting waiting[] = {{LEVEL_LOW, 20 * MINUTE_MS},
	        {LEVEL_LOW, 10 * MINUTE_MS}, {LEVEL_LOW, 2 * MINUTE_MS}};
	const struct whatif_state s = {.waiting = waiting,
	        .waiting_count = 3,
	        .counselors = &one,
	        .counselors_count = 1,
	        .busy_ms = just,
	        .busy_count = 1,
	        .boost = boost,
	        .handling_ms = 10 * MINUTE_MS};
	whatif_run(&s, 0, &thorough, &w);
	double mean = 10 * MINUTE_MS;
	assert_near((double)w.wait[LEVEL_IMMINENT].p50_ms / mean, 0.84, 0.08); // the one ahead
	assert_near(
	        (double)w.wait[LEVEL_HIGH].p50_ms / mean, 1.84, 0.15); // and who has waited for 20
	assert_near((double)w.wait[LEVEL_UNKNOWN].p50_ms / mean, 2.84, 0.2); // and for 10
	assert_near((double)w.wait[LEVEL_LOW].p50_ms / mean, 3.84, 0.25);    // and for 2
	assert_true(w.wait[LEVEL_MEDIUM].p50_ms == w.wait[LEVEL_LOW].p50_ms);
}

// ---- against the naive one: 3 counselors of 2, people of all levels, arrivals, impatience ----

struct person {
	int level;
	double enqueued, leaves;
	bool is_waiting;
};

#define PEOPLE_MAX 400

// Whom the order puts first, by looking at everybody.
static int naive_first(const struct person *p, int count, double now)
{
	int best = -1;
	for (int i = 0; i < count; i++) {
		if (!p[i].is_waiting || p[i].leaves <= now)
			continue;
		bool urgent = p[i].level == LEVEL_IMMINENT;
		bool other = best >= 0 && p[best].level == LEVEL_IMMINENT;
		double score = p[i].enqueued - (double)boost.ms[p[i].level];
		if (best < 0 || (urgent && !other) ||
		        (urgent == other &&
		                score < p[best].enqueued - (double)boost.ms[p[best].level]))
			best = i;
	}
	return best;
}

// The wait of somebody of `level` who comes at 0, as the last of `people`; they are served like
// anybody.
static double naive_run(const struct whatif_state *s, int slots, int level)
{
	struct person people[PEOPLE_MAX];
	double free_at[64], now = 0, handling = (double)s->handling_ms;
	int count = 0;
	for (size_t i = 0; i < s->waiting_count; i++)
		people[count++] =
		        (struct person){(int)s->waiting[i].level, -(double)s->waiting[i].waited_ms,
		                naive_exponential((double)s->patience_ms), true};
	int us = count;
	people[count++] = (struct person){level, 0, INFINITY, true};
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++)
		for (double t = 0; s->arrivals_per_hour[l] > 0 && count < PEOPLE_MAX;) {
			t += naive_exponential(hour / s->arrivals_per_hour[l]);
			if (t > 2 * hour)
				break;
			people[count++] = (struct person){
			        l, t, t + naive_exponential((double)s->patience_ms), true};
		}
	for (int i = 0; i < slots; i++)
		free_at[i] = naive_service(handling, 2);
	while (people[us].is_waiting) {
		int slot = 0;
		for (int i = 1; i < slots; i++)
			slot = free_at[i] < free_at[slot] ? i : slot;
		now = fmax(now, free_at[slot]);
		// Only who has come by now.
		struct person here[PEOPLE_MAX];
		memcpy(here, people, sizeof here);
		for (int i = 0; i < count; i++)
			here[i].is_waiting &= here[i].enqueued <= now;
		int first = naive_first(here, count, now);
		assert_true(first >= 0);
		people[first].is_waiting = false;
		free_at[slot] = now + naive_service(handling, 2);
	}
	return now;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void test_against_naive(void **state)
{
	(void)state;
	enum { SLOTS = 6, RUNS = 1500 };
	const struct whatif_counselor counselors[SLOTS] = {
	        {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}};
	const int64_t just[] = {0};
	struct whatif_waiting waiting[12];
	for (int i = 0; i < 12; i++)
		waiting[i] = (struct whatif_waiting){
		        (enum level)(1 + i % 5), (12 - i) * MINUTE_MS + 20000};
	const struct whatif_state s = {.waiting = waiting,
	        .waiting_count = 12,
	        .counselors = counselors,
	        .counselors_count = SLOTS,
	        .busy_ms = just,
	        .busy_count = 1,
	        .boost = boost,
	        .arrivals_per_hour = {[LEVEL_LOW] = 6,
	                [LEVEL_MEDIUM] = 5,
	                [LEVEL_UNKNOWN] = 4,
	                [LEVEL_HIGH] = 3,
	                [LEVEL_IMMINENT] = 2},
	        .handling_ms = 15 * MINUTE_MS,
	        .patience_ms = 45 * MINUTE_MS};
	struct whatif w;
	whatif_run(&s, 0, &thorough, &w);
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++) {
		static double waits[RUNS];
		for (int i = 0; i < RUNS; i++)
			waits[i] = naive_run(&s, SLOTS, l);
		qsort(waits, RUNS, sizeof waits[0], by_size);
		printf("%-9s p50 %5.1f (naive %5.1f)  p90 %5.1f (naive %5.1f) min\n",
		        level_name((enum level)l), (double)w.wait[l].p50_ms / MINUTE_MS,
		        waits[RUNS / 2] / MINUTE_MS, (double)w.wait[l].p90_ms / MINUTE_MS,
		        waits[RUNS * 9 / 10] / MINUTE_MS);
		assert_near((double)w.wait[l].p50_ms, waits[RUNS / 2],
		        0.1 * waits[RUNS / 2] + MINUTE_MS / 2);
		assert_near((double)w.wait[l].p90_ms, waits[RUNS * 9 / 10],
		        0.1 * waits[RUNS * 9 / 10] + MINUTE_MS / 2);
	}
}

// ---- what it is for ----

static struct whatif_state night(struct whatif_counselor *counselors, size_t count, double load)
{
	static const int64_t busy[] = {60000, 600000, 1200000, 2000000};
	for (size_t i = 0; i < count; i++)
		counselors[i] = (struct whatif_counselor){2, i % 3 ? 2 : 1};
	double per_hour = load * (double)count * 2 / 0.75;
	return (struct whatif_state){.counselors = counselors,
	        .counselors_count = count,
	        .busy_ms = busy,
	        .busy_count = 4,
	        .boost = boost,
	        .arrivals_per_hour = {[LEVEL_LOW] = 0.4 * per_hour,
	                [LEVEL_MEDIUM] = 0.3 * per_hour,
	                [LEVEL_UNKNOWN] = 0.2 * per_hour,
	                [LEVEL_HIGH] = 0.09 * per_hour,
	                [LEVEL_IMMINENT] = 0.01 * per_hour},
	        .handling_ms = 45 * MINUTE_MS,
	        .extra_capacity = 2};
}

static void test_more_and_fewer(void **state)
{
	(void)state;
	struct whatif_counselor counselors[20];
	struct whatif_waiting waiting[40];
	struct whatif_state s = night(counselors, 20, 1.15);
	for (int i = 0; i < 40; i++)
		waiting[i] = (struct whatif_waiting){LEVEL_LOW, (40 - i) * MINUTE_MS};
	s.waiting = waiting;
	s.waiting_count = 40;
	int64_t before = WHATIF_HORIZON_MS + 1;
	for (int extra = -5; extra <= 10; extra++) {
		struct whatif w;
		whatif_run(&s, extra, &thorough, &w);
		assert_true(w.wait[LEVEL_LOW].p90_ms <= before + 10 * MINUTE_MS);
		assert_true(w.wait[LEVEL_IMMINENT].p90_ms <= w.wait[LEVEL_LOW].p90_ms);
		for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++)
			assert_true(w.wait[l].p50_ms <= w.wait[l].p90_ms &&
			            w.wait[l].p90_ms <= w.wait[l].p95_ms);
		before = w.wait[LEVEL_LOW].p90_ms;
	}
}

static void test_same_again(void **state)
{
	(void)state;
	struct whatif_counselor counselors[20];
	struct whatif_state s = night(counselors, 20, 1.1);
	struct whatif a, b;
	whatif_run(&s, 0, &thorough, &a);
	whatif_run(&s, 0, &thorough, &b);
	assert_memory_equal(&a, &b, sizeof a);
}

// One answer for a pool of 200 counselors, twice as busy as they can be, with 400 waiting.
static void test_fast(void **state)
{
	(void)state;
	struct whatif_counselor counselors[200];
	struct whatif_waiting waiting[400];
	const struct whatif_limits limits = {.seed = 1, .runs_max = 200, .work_max = 20000};
	struct whatif_state s = night(counselors, 200, 2);
	for (int i = 0; i < 400; i++)
		waiting[i] = (struct whatif_waiting){
		        (enum level)(1 + i % 4), (400 - i) * (MINUTE_MS / 6)};
	s.waiting = waiting;
	s.waiting_count = 400;
	struct whatif w;
	double best = 1e9;
	for (int i = 0; i < 5; i++) {
		struct timespec a, b;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
		whatif_run(&s, 0, &limits, &w);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
		best = fmin(best, (double)(b.tv_sec - a.tv_sec) * 1e3 +
		                          (double)(b.tv_nsec - a.tv_nsec) / 1e6);
	}
	printf("200 counselors, 200%%: %.2f ms for %u runs\n", best, w.runs);
	const char *patience = getenv("HOLDFAST_PATIENCE"); // sanitizers are slow
	assert_true(best < 5 * (patience ? atof(patience) : 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_erlang_c),
	        cmocka_unit_test(test_erlang_a),
	        cmocka_unit_test(test_erlang_ends),
	        cmocka_unit_test(test_needed),
	        cmocka_unit_test(test_long_run_simulated),
	        cmocka_unit_test(test_nobody),
	        cmocka_unit_test(test_one_busy),
	        cmocka_unit_test(test_order),
	        cmocka_unit_test(test_against_naive),
	        cmocka_unit_test(test_more_and_fewer),
	        cmocka_unit_test(test_same_again),
	        cmocka_unit_test(test_fast),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
