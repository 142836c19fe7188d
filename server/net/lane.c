// SPDX-License-Identifier: Apache-2.0
// A lane: one worker thread of a module's own, so that its jobs keep their order.

#include <stdlib.h>

#include "base/log.h"
#include "offload.h"

struct loop_lane {
	struct offload *thread;
};

struct loop_lane *loop_lane_new(struct loop *l)
{
	struct loop_lane *lane = xcalloc(1, sizeof(*lane));
	lane->thread = offload_new(loop_base(l), 1, SIZE_MAX);
	return lane;
}

void loop_lane_free(struct loop_lane *lane)
{
	if (!lane)
		return;
	offload_drain(lane->thread);
	offload_free(lane->thread);
	free(lane);
}

void loop_lane_run(struct loop_lane *lane, loop_fn work, loop_fn done, void *arg)
{
	if (!offload_add(lane->thread, work, done, arg))
		fatal("event=loop_failed part=lane");
}
