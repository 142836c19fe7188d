// SPDX-License-Identifier: Apache-2.0
// Timers, deferred work, signals and the worker threads.

#include "net_test.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

struct fixture {
	struct fake_clock clock;
	struct loop *loop;
	char trace[64];
	uint64_t timer;
};

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	fake_clock_init(&f->clock);
	f->loop = loop_new(&f->clock.clock);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	loop_free(f->loop);
	free(f);
	return 0;
}

static void note(struct fixture *f, char c)
{
	size_t len = strlen(f->trace);
	assert_true(len + 1 < sizeof(f->trace));
	f->trace[len] = c;
}

static void on_a(void *arg)
{
	note(arg, 'a');
}

static void on_b(void *arg)
{
	note(arg, 'b');
}

static void on_again(void *arg)
{
	struct fixture *f = arg;
	note(f, 'r');
	f->timer = loop_timer(f->loop, 0, on_again, f);
}

static void timers_fire_in_order_of_their_deadlines(void **state)
{
	struct fixture *f = *state;
	loop_timer(f->loop, 200, on_b, f);
	loop_timer(f->loop, 100, on_a, f);
	loop_turn(f->loop, 0);
	assert_string_equal(f->trace, "");
	f->clock.now += 99;
	loop_turn(f->loop, 0);
	assert_string_equal(f->trace, "");
	f->clock.now += 1;
	loop_turn(f->loop, 0);
	assert_string_equal(f->trace, "a");
	f->clock.now += 1000;
	loop_turn(f->loop, 0);
	assert_string_equal(f->trace, "ab");
}

static void a_cancelled_timer_is_silent_and_a_stale_id_harmless(void **state)
{
	struct fixture *f = *state;
	uint64_t a = loop_timer(f->loop, 10, on_a, f);
	uint64_t b = loop_timer(f->loop, 10, on_b, f);
	assert_true(a != 0 && b != 0 && a != b);
	loop_cancel(f->loop, a);
	loop_cancel(f->loop, a);
	loop_cancel(f->loop, 0);
	loop_cancel(f->loop, 123456);
	f->clock.now += 10;
	loop_turn(f->loop, 0);
	assert_string_equal(f->trace, "b");
	loop_cancel(f->loop, b);
}

static void a_timer_that_sets_itself_runs_once_a_turn(void **state)
{
	struct fixture *f = *state;
	on_again(f);
	loop_turn(f->loop, 0);
	size_t before = strlen(f->trace);
	assert_in_range(before, 2, 3);
	loop_cancel(f->loop, f->timer);
}

static void defer_both(void *arg)
{
	struct fixture *f = arg;
	loop_defer(f->loop, on_a, f);
	loop_defer(f->loop, on_b, f);
	note(f, '.');
}

static void deferred_work_comes_after_the_callback_in_order(void **state)
{
	struct fixture *f = *state;
	loop_timer(f->loop, 0, defer_both, f);
	loop_turn(f->loop, 0);
	assert_string_equal(f->trace, ".ab");
	loop_defer(f->loop, defer_both, f);
	loop_turn(f->loop, 0);
	assert_string_equal(f->trace, ".ab.ab");
}

static void signals_reach_the_loop(void **state)
{
	struct fixture *f = *state;
	loop_on_signal(f->loop, SIGUSR1, on_a, f);
	raise(SIGUSR1);
	turn_until(f->loop, f->trace[0]);
	assert_string_equal(f->trace, "a");
	raise(SIGPIPE);
}

struct job {
	struct fixture *f;
	atomic_int worked;
	int done;
};

static void job_work(void *arg)
{
	struct job *j = arg;
	atomic_fetch_add(&j->worked, 1);
}

static void job_done(void *arg)
{
	struct job *j = arg;
	assert_true(atomic_load(&j->worked) > j->done);
	j->done++;
}

static void offloaded_work_comes_back_to_the_loop(void **state)
{
	struct fixture *f = *state;
	struct job j = {.f = f};
	for (int i = 0; i < 100; i++)
		assert_true(loop_offload(f->loop, job_work, job_done, &j));
	assert_int_equal(j.done, 0);
	turn_until(f->loop, j.done == 100);
}

static atomic_bool gate;

static void wait_for_gate(void *arg)
{
	(void)arg;
	while (!atomic_load(&gate))
		usleep(100);
}

static void count_done(void *arg)
{
	++*(int *)arg;
}

static void too_much_offloaded_work_is_refused(void **state)
{
	struct fixture *f = *state;
	int accepted = 0, done = 0;
	atomic_store(&gate, false);
	while (loop_offload(f->loop, wait_for_gate, count_done, &done))
		accepted++;
	assert_in_range(accepted, 256, 258);
	atomic_store(&gate, true);
	turn_until(f->loop, done == accepted);
}

struct lane_job {
	struct fixture *f;
	struct loop_lane *lane;
	atomic_int *working;
	char *worked; // letters in the order of work, written on the lane only
	char letter;
	bool again; // its `done` gives the job once more
};

static void lane_work(void *arg)
{
	struct lane_job *j = arg;
	assert_int_equal(atomic_fetch_add(j->working, 1), 0);
	j->worked[strlen(j->worked)] = j->letter;
	sched_yield();
	atomic_fetch_sub(j->working, 1);
}

static void lane_done(void *arg)
{
	struct lane_job *j = arg;
	note(j->f, j->letter);
	if (!j->again)
		return;
	j->again = false;
	loop_lane_run(j->lane, lane_work, lane_done, j);
}

static void a_lane_runs_one_job_after_the_other_in_order(void **state)
{
	struct fixture *f = *state;
	struct lane_job jobs[26];
	atomic_int working = 0;
	char worked[32] = "";
	struct loop_lane *lane = loop_lane_new(f->loop);
	for (int i = 0; i < 26; i++) {
		jobs[i] = (struct lane_job){f, lane, &working, worked, (char)('a' + i), false};
		loop_lane_run(lane, lane_work, lane_done, &jobs[i]);
	}
	assert_string_equal(f->trace, "");
	turn_until(f->loop, strlen(f->trace) == 26);
	assert_string_equal(worked, "abcdefghijklmnopqrstuvwxyz");
	assert_string_equal(f->trace, worked);
	loop_lane_free(lane);
	assert_int_equal(strlen(f->trace), 26);
}

static void freeing_a_lane_waits_for_all_its_jobs(void **state)
{
	struct fixture *f = *state;
	struct lane_job jobs[3];
	atomic_int working = 0;
	char worked[8] = "";
	struct loop_lane *lane = loop_lane_new(f->loop);
	for (int i = 0; i < 3; i++) {
		jobs[i] = (struct lane_job){f, lane, &working, worked, (char)('a' + i), i == 0};
		loop_lane_run(lane, lane_work, lane_done, &jobs[i]);
	}
	loop_lane_free(lane);
	assert_string_equal(worked, "abca");
	assert_string_equal(f->trace, "abca");
	loop_lane_free(NULL);
}

static void stop(void *arg)
{
	loop_stop(((struct fixture *)arg)->loop);
}

static void run_waits_on_the_real_clock_and_ends_on_stop(void **state)
{
	struct fixture f = {.loop = loop_new(clock_system())};
	(void)state;
	int64_t began = loop_mono_ms(f.loop);
	loop_timer(f.loop, 30, stop, &f);
	loop_run(f.loop);
	assert_in_range(loop_mono_ms(f.loop) - began, 30, 3000);
	loop_free(f.loop);
}

#define with_loop(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        with_loop(timers_fire_in_order_of_their_deadlines),
	        with_loop(a_cancelled_timer_is_silent_and_a_stale_id_harmless),
	        with_loop(a_timer_that_sets_itself_runs_once_a_turn),
	        with_loop(deferred_work_comes_after_the_callback_in_order),
	        with_loop(signals_reach_the_loop),
	        with_loop(offloaded_work_comes_back_to_the_loop),
	        with_loop(too_much_offloaded_work_is_refused),
	        with_loop(a_lane_runs_one_job_after_the_other_in_order),
	        with_loop(freeing_a_lane_waits_for_all_its_jobs),
	        cmocka_unit_test(run_waits_on_the_real_clock_and_ends_on_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
