// SPDX-License-Identifier: Apache-2.0
// include/net/loop.h in virtual time: one queue of events for all nodes.
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "base/log.h"
#include "base/map.h"
#include "sim.h"

#define LATEST   50
#define LINE_MAX 240
#define EPOCH_MS INT64_C(1763845200000) // 2025-11-22T21:00:00Z, when each night begins
#define LATE_MS  2                      // a timer fires up to so much late
#define SLOW_MS  7000                   // a slow disk
#define WORK_MS  4                      // what a thread takes, at most

struct event {
	struct heap_node node; // by the time at which it is due
	uint64_t id;
	struct loop *loop; // NULL: the world's
	loop_fn fn;
	void *arg;
	struct event *next; // of the same loop, waiting for it to continue
};

struct sim {
	struct heap *queue;
	struct idmap *events; // id -> struct event
	uint64_t next_id;
	int64_t now;
	uint64_t steps;
	uint64_t chance;
	uint64_t hash;
	bool show;
	char latest[LATEST][LINE_MAX];
	size_t lines;
	struct world *world;
};

struct loop {
	struct sim *sim;
	char name[16];
	struct clock system;
	const struct clock *clock;
	int64_t wall_off, up_off;
	int64_t drift_ppm, drift_since;
	bool stopped, dead;
	unsigned slow; // of 1,000
	struct event *waiting, **waiting_end;
	int64_t lane_until; // when the last job of a lane is done
};

struct loop_lane {
	struct loop *loop;
	struct job *first, **end;
};

// ---- the night

struct sim *sim_new(uint64_t seed)
{
	struct sim *s = xcalloc(1, sizeof *s);
	s->queue = heap_new();
	s->events = idmap_new();
	s->chance = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	s->hash = UINT64_C(0xcbf29ce484222325);
	sim_random_seed(seed);
	return s;
}

static void event_free(struct sim *s, struct event *e)
{
	heap_remove(s->queue, &e->node);
	idmap_remove(s->events, e->id);
	free(e);
}

void sim_free(struct sim *s)
{
	for (struct heap_node *n; (n = heap_first(s->queue));)
		event_free(s, (struct event *)n);
	heap_free(s->queue);
	idmap_free(s->events);
	free(s);
}

int64_t sim_now(const struct sim *s)
{
	return s->now;
}

uint64_t sim_steps(const struct sim *s)
{
	return s->steps;
}

void sim_set_world(struct sim *s, struct world *w)
{
	s->world = w;
}

struct world *sim_world(const struct sim *s)
{
	return s->world;
}

static uint64_t add(struct sim *s, struct loop *l, int64_t after_ms, loop_fn fn, void *arg)
{
	uint64_t id = ++s->next_id;
	if (l && l->dead)
		return id;
	struct event *e = xcalloc(1, sizeof *e);
	*e = (struct event){.id = id, .loop = l, .fn = fn, .arg = arg};
	idmap_put(s->events, id, e);
	heap_push(s->queue, &e->node, s->now + (after_ms > 0 ? after_ms : 0));
	return id;
}

uint64_t sim_after(struct sim *s, int64_t after_ms, loop_fn fn, void *arg)
{
	return add(s, NULL, after_ms, fn, arg);
}

// One that waits for its loop to continue only loses its function: the list stays as it is.
void sim_cancel(struct sim *s, uint64_t event)
{
	struct event *e = idmap_get(s->events, event);
	if (!e)
		return;
	if (e->node.index == SIZE_MAX)
		e->fn = NULL;
	else
		event_free(s, e);
}

static void wait_for_loop(struct event *e)
{
	e->next = NULL;
	*e->loop->waiting_end = e;
	e->loop->waiting_end = &e->next;
}

static void mix(struct sim *s, const void *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		s->hash = (s->hash ^ ((const uint8_t *)data)[i]) * UINT64_C(0x100000001b3);
}

bool sim_step(struct sim *s)
{
	for (struct heap_node *n; (n = heap_first(s->queue));) {
		struct event *e = (struct event *)n;
		heap_remove(s->queue, n);
		s->now = n->key > s->now ? n->key : s->now;
		if (e->loop && e->loop->stopped) {
			wait_for_loop(e);
			continue;
		}
		loop_fn fn = e->fn;
		void *arg = e->arg;
		int64_t what[2] = {s->now, e->loop ? e->loop->name[0] : 0};
		mix(s, what, sizeof what);
		idmap_remove(s->events, e->id);
		free(e);
		s->steps++;
		fn(arg);
		return true;
	}
	return false;
}

// ---- chance

static uint64_t draw(struct sim *s)
{
	uint64_t x = s->chance;
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	s->chance = x; // xorshift64*
	return x * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

uint64_t sim_below(struct sim *s, uint64_t limit)
{
	return limit ? draw(s) % limit : 0;
}

int64_t sim_between(struct sim *s, int64_t least, int64_t most)
{
	return least + (int64_t)sim_below(s, (uint64_t)(most - least) + 1);
}

bool sim_chance(struct sim *s, unsigned per_mille)
{
	return sim_below(s, 1000) < per_mille;
}

// ---- trace

void sim_trace(struct sim *s, const char *format, ...)
{
	char *line = s->latest[s->lines++ % LATEST];
	va_list args;
	va_start(args, format);
	vsnprintf(line, LINE_MAX - 32, format, args);
	va_end(args);
	mix(s, line, strlen(line));
	char when[32];
	int len =
	        snprintf(when, sizeof when, "%8" PRIu64 " %7.3f ", s->steps, (double)s->now / 1000);
	memmove(line + len, line, strlen(line) + 1);
	memcpy(line, when, (size_t)len);
	if (s->show)
		puts(line);
}

void sim_trace_show(struct sim *s, bool all)
{
	s->show = all;
}

uint64_t sim_hash(const struct sim *s)
{
	return s->hash;
}

void sim_print_latest(const struct sim *s)
{
	size_t first = s->lines > LATEST ? s->lines - LATEST : 0;
	for (size_t i = first; i < s->lines; i++)
		puts(s->latest[i % LATEST]);
}

// ---- nodes' clocks

static int64_t drifted(const struct loop *l)
{
	return (l->sim->now - l->drift_since) * l->drift_ppm / 1000000;
}

static int64_t system_wall(void *arg)
{
	const struct loop *l = arg;
	return EPOCH_MS + l->sim->now + l->wall_off + drifted(l);
}

static int64_t system_mono(void *arg)
{
	const struct loop *l = arg;
	return l->sim->now + l->up_off;
}

struct loop *sim_loop_new(struct sim *s, const char *name, int64_t wall_off_ms, int64_t up_ms)
{
	struct loop *l = xcalloc(1, sizeof *l);
	l->sim = s;
	snprintf(l->name, sizeof l->name, "%s", name);
	l->system = (struct clock){.wall_ms = system_wall, .mono_ms = system_mono, .arg = l};
	l->clock = &l->system;
	l->wall_off = wall_off_ms;
	l->up_off = up_ms - s->now;
	l->waiting_end = &l->waiting;
	return l;
}

int64_t sim_loop_wall_off(const struct loop *l)
{
	return l->wall_off + drifted(l);
}

struct sim *sim_of(const struct loop *l)
{
	return l->sim;
}

const char *sim_loop_name(const struct loop *l)
{
	return l->name;
}

const struct clock *sim_loop_system(const struct loop *l)
{
	return &l->system;
}

void sim_loop_use(struct loop *l, const struct clock *clock)
{
	l->clock = clock ? clock : &l->system;
}

void sim_loop_jump(struct loop *l, int64_t by_ms)
{
	l->wall_off += by_ms;
}

void sim_loop_drift(struct loop *l, int64_t parts_per_million)
{
	l->wall_off += drifted(l);
	l->drift_since = l->sim->now;
	l->drift_ppm = parts_per_million;
}

void sim_loop_slow(struct loop *l, unsigned per_mille)
{
	l->slow = per_mille;
}

int64_t sim_true_wall(const struct sim *s)
{
	return EPOCH_MS + s->now;
}

void sim_loop_stop(struct loop *l)
{
	l->stopped = true;
}

void sim_loop_continue(struct loop *l)
{
	struct event *e = l->waiting, *next;
	l->stopped = false;
	l->waiting = NULL;
	l->waiting_end = &l->waiting;
	for (; e; e = next) {
		next = e->next;
		if (e->fn)
			heap_push(l->sim->queue, &e->node, l->sim->now);
		else
			event_free(l->sim, e);
	}
}

bool sim_loop_stopped(const struct loop *l)
{
	return l->stopped;
}

static void drop_event(uint64_t id, void *value, void *arg)
{
	struct event *e = value;
	struct loop *l = arg;
	(void)id;
	if (e->loop == l)
		event_free(l->sim, e);
}

void sim_loop_kill(struct loop *l)
{
	l->dead = true;
	l->stopped = false;
	l->waiting = NULL;
	idmap_each(l->sim->events, drop_event, l);
}

bool sim_loop_dead(const struct loop *l)
{
	return l->dead;
}

// ---- include/net/loop.h

void loop_free(struct loop *l)
{
	sim_loop_kill(l);
	free(l);
}

const struct clock *loop_clock(const struct loop *l)
{
	return l->clock;
}

int64_t loop_mono_ms(const struct loop *l)
{
	return clock_mono_ms(l->clock);
}

int64_t loop_wall_ms(const struct loop *l)
{
	return clock_wall_ms(l->clock);
}

uint64_t loop_timer(struct loop *l, int64_t after_ms, loop_fn fn, void *arg)
{
	int64_t late = after_ms > 0 ? sim_between(l->sim, 0, LATE_MS) : 0;
	return add(l->sim, l, after_ms + late, fn, arg);
}

void loop_cancel(struct loop *l, uint64_t timer)
{
	sim_cancel(l->sim, timer);
}

void loop_defer(struct loop *l, loop_fn fn, void *arg)
{
	add(l->sim, l, 0, fn, arg);
}

// ---- work on threads: one event does it, another one tells

struct job {
	struct loop *loop;
	struct loop_lane *lane; // NULL: of loop_offload()
	struct job *next;       // in the lane
	loop_fn work;
	loop_fn done;
	void *arg;
};

static void job_tell(void *arg)
{
	struct job job = *(struct job *)arg;
	free(arg);
	job.done(job.arg);
}

static void job_run(void *arg)
{
	struct job *j = arg;
	j->work(j->arg);
	add(j->loop->sim, j->loop, sim_between(j->loop->sim, 0, 1), job_tell, j);
}

bool loop_offload(struct loop *l, loop_fn work, loop_fn done, void *arg)
{
	struct job *j = xcalloc(1, sizeof *j);
	*j = (struct job){.loop = l, .work = work, .done = done, .arg = arg};
	add(l->sim, l, sim_between(l->sim, 1, WORK_MS), job_run, j);
	return true;
}

struct loop_lane *loop_lane_new(struct loop *l)
{
	struct loop_lane *lane = xcalloc(1, sizeof *lane);
	lane->loop = l;
	lane->end = &lane->first;
	return lane;
}

static void lane_take(struct loop_lane *lane)
{
	struct job *j = lane->first;
	lane->first = j->next;
	if (!lane->first)
		lane->end = &lane->first;
	loop_fn done = j->done;
	void *to = j->arg;
	free(j);
	done(to);
}

// The jobs' order is that of the list, whichever event comes first.
static void lane_tell(void *arg)
{
	lane_take(arg);
}

static void lane_work(void *arg)
{
	struct job *j = arg;
	j->work(j->arg);
	j->work = NULL;
	add(j->loop->sim, j->loop, 0, lane_tell, j->lane);
}

void loop_lane_run(struct loop_lane *lane, loop_fn work, loop_fn done, void *arg)
{
	struct loop *l = lane->loop;
	struct job *j = xcalloc(1, sizeof *j);
	*j = (struct job){.loop = l, .lane = lane, .work = work, .done = done, .arg = arg};
	*lane->end = j;
	lane->end = &j->next;
	int64_t from = l->lane_until > l->sim->now ? l->lane_until : l->sim->now;
	bool slow = l->slow > 0 && sim_chance(l->sim, l->slow);
	l->lane_until =
	        from + (slow ? sim_between(l->sim, 500, SLOW_MS) : sim_between(l->sim, 0, WORK_MS));
	add(l->sim, l, l->lane_until - l->sim->now, lane_work, j);
}

// Called when the node ends. Of a node that died, what was not done yet is done on a disk that
// takes nothing any more.
void loop_lane_free(struct loop_lane *lane)
{
	if (!lane)
		return;
	while (lane->first) {
		struct job *j = lane->first;
		if (j->work)
			j->work(j->arg);
		lane_take(lane);
	}
	free(lane);
}
