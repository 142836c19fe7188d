// SPDX-License-Identifier: Apache-2.0
// loop_lane_*() without a thread.

#include "inline_lane.h"

#include <stdlib.h>

#include "net/loop.h"

struct lane_job {
	loop_fn work;
	loop_fn done;
	void *arg;
	struct lane_job *next;
};

struct loop_lane {
	struct loop *loop;
	struct lane_job *first;
	struct lane_job **end;
	uint64_t timer;
};

void inline_lane_use(void)
{
}

static void run_first(struct loop_lane *lane)
{
	struct lane_job *j = lane->first;
	lane->first = j->next;
	if (!lane->first)
		lane->end = &lane->first;
	j->work(j->arg);
	j->done(j->arg);
	free(j);
}

static void on_turn(void *arg)
{
	struct loop_lane *lane = arg;
	lane->timer = 0;
	run_first(lane);
	if (lane->first && !lane->timer)
		lane->timer = loop_timer(lane->loop, 0, on_turn, lane);
}

struct loop_lane *loop_lane_new(struct loop *l)
{
	struct loop_lane *lane = xcalloc(1, sizeof(*lane));
	lane->loop = l;
	lane->end = &lane->first;
	return lane;
}

void loop_lane_free(struct loop_lane *lane)
{
	if (!lane)
		return;
	while (lane->first)
		run_first(lane);
	loop_cancel(lane->loop, lane->timer);
	free(lane);
}

void loop_lane_run(struct loop_lane *lane, loop_fn work, loop_fn done, void *arg)
{
	struct lane_job *j = xcalloc(1, sizeof(*j));
	*j = (struct lane_job){work, done, arg, NULL};
	*lane->end = j;
	lane->end = &j->next;
	if (!lane->timer)
		lane->timer = loop_timer(lane->loop, 0, on_turn, lane);
}
