// SPDX-License-Identifier: Apache-2.0
// The queue from now on, simulated: who waits, who is taken, and what the order makes of it.
#include "core/whatif.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

// How even conversations are: their length is the sum of so many exponential parts, which makes a
// standard deviation of 0.7 of the mean.
#define STAGES 2

// Times are milliseconds from now, those of the past negative.
struct entry {
	double enqueued;
	double leaves; // INFINITY: stays
	bool ghost;    // somebody who would come now: seen, never served, so that nobody waits for
	               // them
};

// The people of one level, first come first: what is left of them starts at `first`.
struct fifo {
	struct entry *entries;
	size_t first;
	size_t count;
	size_t room;
	size_t kept; // those of the state itself: every run begins with them
};

struct ending {
	double at;
	unsigned counselor;
	unsigned units;
};

struct counselor {
	unsigned capacity;
	unsigned load;
};

struct simulation {
	const struct whatif_state *state;
	uint64_t random;
	uint64_t work;
	struct fifo fifos[6];
	struct counselor *counselors;
	struct counselor *at_first;
	size_t counselors_count;
	size_t with_room;
	struct ending *endings; // a heap, the soonest first
	size_t endings_count;
	size_t endings_room;
	double arrivals_per_ms;
	unsigned ghosts;
	double waits[6]; // of this run's ghosts
};

// ---- chance ----

static uint64_t next_random(struct simulation *s)
{
	uint64_t z = s->random += 0x9e3779b97f4a7c15u; // splitmix64
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

// Above 0, up to 1.
static double uniform(struct simulation *s)
{
	return ((double)(next_random(s) >> 11) + 1) * 0x1p-53;
}

static double exponential(struct simulation *s, double mean)
{
	return -mean * log(uniform(s));
}

static double stages(struct simulation *s, unsigned count)
{
	double product = 1;
	for (unsigned i = 0; i < count; i++)
		product *= uniform(s);
	return -log(product) * (double)s->state->handling_ms / STAGES;
}

// What is left of a conversation that has lasted `age`: by then it may be in any of its stages, as
// a Poisson process of their rate that has not reached the last.
static double remaining(struct simulation *s, double age)
{
	double mean = age * STAGES / (double)s->state->handling_ms;
	double weight = 1, sum = 0, weights[STAGES];
	for (unsigned i = 0; i < STAGES; i++) {
		weights[i] = weight;
		sum += weight;
		weight *= mean / (i + 1);
	}
	double u = uniform(s) * sum;
	unsigned done = 0;
	while (done + 1 < STAGES && u > weights[done])
		u -= weights[done++];
	return stages(s, STAGES - done);
}

// ---- what ends, soonest first ----

static void ending_put(struct simulation *s, struct ending e)
{
	if (s->endings_count == s->endings_room) {
		s->endings_room = 2 * s->endings_room + 64;
		s->endings = xrealloc(s->endings, s->endings_room * sizeof *s->endings);
	}
	size_t i = s->endings_count++;
	for (; i > 0 && s->endings[(i - 1) / 2].at > e.at; i = (i - 1) / 2)
		s->endings[i] = s->endings[(i - 1) / 2];
	s->endings[i] = e;
}

static struct ending ending_take(struct simulation *s)
{
	struct ending top = s->endings[0], last = s->endings[--s->endings_count];
	size_t i = 0;
	for (size_t child = 1; child < s->endings_count; child = 2 * i + 1) {
		child += child + 1 < s->endings_count &&
		         s->endings[child + 1].at < s->endings[child].at;
		if (s->endings[child].at >= last.at)
			break;
		s->endings[i] = s->endings[child];
		i = child;
	}
	s->endings[i] = last;
	return top;
}

// ---- who waits ----

static void fifo_put(struct fifo *f, struct entry e)
{
	if (f->count == f->room) {
		f->room = 2 * f->room + 32;
		f->entries = xrealloc(f->entries, f->room * sizeof *f->entries);
	}
	f->entries[f->count++] = e;
}

static double patience(struct simulation *s)
{
	double mean = (double)s->state->patience_ms;
	return mean > 0 ? exponential(s, mean) : (double)INFINITY;
}

// The level whose first is next: the imminent class, then the least score; 0 when nobody waits.
static int next_level(const struct simulation *s)
{
	int best = 0;
	double least = INFINITY;
	if (s->fifos[LEVEL_IMMINENT].first < s->fifos[LEVEL_IMMINENT].count)
		return LEVEL_IMMINENT;
	for (int l = LEVEL_HIGH; l >= LEVEL_LOW; l--) {
		const struct fifo *f = &s->fifos[l];
		if (f->first == f->count)
			continue;
		double score = f->entries[f->first].enqueued - (double)s->state->boost.ms[l];
		if (score < least) {
			least = score;
			best = l;
		}
	}
	return best;
}

// ---- who serves ----

static bool has_room(const struct counselor *c)
{
	return c->load < c->capacity;
}

static void change_load(struct simulation *s, struct counselor *c, int by)
{
	s->with_room -= has_room(c);
	c->load = (unsigned)((int)c->load + by);
	s->with_room += has_room(c);
}

static size_t least_loaded(const struct simulation *s)
{
	size_t best = s->counselors_count;
	for (size_t i = 0; i < s->counselors_count; i++) {
		const struct counselor *c = &s->counselors[i];
		if (!has_room(c))
			continue;
		if (best == s->counselors_count || c->load < s->counselors[best].load)
			best = i;
		if (c->load == 0 || s->with_room == 1)
			return i;
	}
	return best;
}

static void serve(struct simulation *s, int level, double now)
{
	unsigned units = level == LEVEL_IMMINENT ? WHATIF_ALL_UNITS : 1;
	size_t i = least_loaded(s);
	change_load(s, &s->counselors[i], (int)units);
	ending_put(s, (struct ending){now + stages(s, STAGES), (unsigned)i, units});
}

static void serve_all(struct simulation *s, double now)
{
	for (int level; s->with_room > 0 && (level = next_level(s)) != 0; s->work++) {
		const struct entry e = s->fifos[level].entries[s->fifos[level].first++];
		if (e.ghost) {
			s->waits[level] = now;
			s->ghosts--;
		} else if (e.leaves > now) {
			serve(s, level, now);
		}
	}
}

// ---- one run ----

static void begin_counselor(struct simulation *s, unsigned i, size_t *age)
{
	const struct whatif_state *state = s->state;
	for (unsigned load = s->counselors[i].load; load > 0;) {
		unsigned units = load >= WHATIF_ALL_UNITS ? WHATIF_ALL_UNITS : 1;
		double past = state->busy_count
		                      ? (double)state->busy_ms[(*age)++ % state->busy_count]
		                      : 0;
		ending_put(s, (struct ending){remaining(s, past), i, units});
		load -= units;
	}
}

static void begin(struct simulation *s)
{
	size_t age = 0;
	s->endings_count = 0;
	s->with_room = 0;
	memcpy(s->counselors, s->at_first, s->counselors_count * sizeof *s->counselors);
	for (unsigned i = 0; i < s->counselors_count; i++) {
		s->with_room += has_room(&s->counselors[i]);
		begin_counselor(s, i, &age);
	}
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++) {
		struct fifo *f = &s->fifos[l];
		f->first = 0;
		f->count = f->kept;
		for (size_t i = 0; i + 1 < f->kept; i++)
			f->entries[i].leaves = patience(s); // exponential: has no memory
		s->waits[l] = (double)WHATIF_HORIZON_MS;
	}
	s->ghosts = 5;
}

static void arrive(struct simulation *s, double now)
{
	double u = uniform(s) * s->arrivals_per_ms * 3600000;
	int level = LEVEL_IMMINENT;
	while (level > LEVEL_LOW && u > s->state->arrivals_per_hour[level])
		u -= s->state->arrivals_per_hour[level--];
	fifo_put(&s->fifos[level], (struct entry){now, now + patience(s), false});
}

static double next_arrival(struct simulation *s, double now)
{
	return s->arrivals_per_ms > 0 ? now + exponential(s, 1 / s->arrivals_per_ms)
	                              : (double)INFINITY;
}

static void run(struct simulation *s)
{
	begin(s);
	serve_all(s, 0);
	double arrival = next_arrival(s, 0);
	while (s->ghosts > 0) {
		double ending = s->endings_count ? s->endings[0].at : (double)INFINITY;
		double now = fmin(arrival, ending);
		if (now >= (double)WHATIF_HORIZON_MS)
			return;
		s->work++;
		if (ending <= arrival) {
			struct ending e = ending_take(s);
			change_load(s, &s->counselors[e.counselor], -(int)e.units);
		} else {
			arrive(s, now);
			arrival = next_arrival(s, now);
		}
		serve_all(s, now);
	}
}

// ---- all runs ----

static int by_load(const void *a, const void *b)
{
	const struct counselor *x = a, *y = b;
	return (x->load > y->load) - (x->load < y->load);
}

static void make_counselors(struct simulation *s, int extra)
{
	const struct whatif_state *state = s->state;
	size_t more = extra > 0 ? (size_t)extra : 0;
	size_t fewer = extra < 0 ? (size_t)-extra : 0;
	size_t count = state->counselors_count;
	s->counselors_count = count + more;
	s->at_first = xcalloc(s->counselors_count + 1, sizeof *s->at_first);
	s->counselors = xcalloc(s->counselors_count + 1, sizeof *s->counselors);
	for (size_t i = 0; i < count; i++)
		s->at_first[i] = (struct counselor){
		        state->counselors[i].capacity, state->counselors[i].load};
	qsort(s->at_first, count, sizeof *s->at_first, by_load);
	for (size_t i = 0; i < fewer && i < count; i++)
		s->at_first[i].capacity = 0;
	for (size_t i = count; i < s->counselors_count; i++)
		s->at_first[i].capacity = state->extra_capacity;
}

static void make_queue(struct simulation *s)
{
	const struct whatif_state *state = s->state;
	for (size_t i = 0; i < state->waiting_count; i++)
		fifo_put(&s->fifos[state->waiting[i].level],
		        (struct entry){-(double)state->waiting[i].waited_ms, INFINITY, false});
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++) {
		fifo_put(&s->fifos[l], (struct entry){0, INFINITY, true});
		s->fifos[l].kept = s->fifos[l].count;
		s->arrivals_per_ms += state->arrivals_per_hour[l] / 3600000;
	}
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

// The least value that at least that part of the runs does not exceed.
static int64_t percentile(const double *sorted, unsigned count, unsigned percent)
{
	return (int64_t)ceil(sorted[(count * percent + 99) / 100 - 1]);
}

static void simulation_free(struct simulation *s)
{
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++)
		free(s->fifos[l].entries);
	free(s->counselors);
	free(s->at_first);
	free(s->endings);
}

void whatif_run(const struct whatif_state *state, int extra, const struct whatif_limits *limits,
        struct whatif *out)
{
	struct simulation s = {.state = state};
	double waits[6][WHATIF_RUNS_MAX];
	unsigned runs = 0;
	make_counselors(&s, extra);
	make_queue(&s);
	do {
		// Each run has its own chance, the same for every `extra`: what differs is the
		// counselors.
		s.random = limits->seed + 0x632be59bd9b4e019u * (runs + 1);
		run(&s);
		for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++)
			waits[l][runs] = s.waits[l];
		runs++;
	} while (runs < limits->runs_max && runs < WHATIF_RUNS_MAX && s.work < limits->work_max);
	*out = (struct whatif){.runs = runs};
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++) {
		qsort(waits[l], runs, sizeof waits[l][0], by_size);
		out->wait[l].p50_ms = percentile(waits[l], runs, 50);
		out->wait[l].p90_ms = percentile(waits[l], runs, 90);
		out->wait[l].p95_ms = percentile(waits[l], runs, 95);
	}
	simulation_free(&s);
}
