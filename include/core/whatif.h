// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/level.h"

// How long would people wait? Two answers, both pure.
//
// The long run: the Palm/Erlang-A queue M/M/n+M (Garnett, Mandelbaum, Reiman 2002), of which
// Erlang C is the case without impatience. Times in any one unit, rates per that unit.
struct erlang {
	double busy;    // probability that all n are taken: an arrival waits
	double waiting; // how many wait on average; INFINITY when they only become more
	double wait;    // mean wait of everybody, also of those who leave
	double leaving; // part of the arrivals that leave unserved
};
// `load` is arrivals × handling time; `handling` the mean time of one; `patience` the mean time
// that somebody waits before leaving, 0: nobody ever leaves.
struct erlang erlang_a(unsigned n, double load, double handling, double patience);
// The least n at which a class that goes before all others, without cutting into what is going on,
// waits longer than `within` with a probability of at most `beyond`. `urgent` is that class' part
// of the load. 0 when `most` are not enough.
unsigned erlang_needed(double load, double urgent, double handling, double patience, double within,
        double beyond, unsigned most);

// From now on: the state as it is, simulated forward with the queue's own order. What is answered
// for a level is the wait of somebody who would come this very moment.
struct whatif_counselor {
	unsigned capacity;
	unsigned load; // in units, as in Redis: an imminent conversation is WHATIF_ALL_UNITS
};
#define WHATIF_ALL_UNITS 100

struct whatif_waiting {
	enum level level;
	int64_t waited_ms;
};

struct whatif_state {
	const struct whatif_waiting *waiting; // oldest first within a level; without those offered
	size_t waiting_count;
	const struct whatif_counselor *counselors;
	size_t counselors_count;
	const int64_t *busy_ms; // how long each conversation under way has taken up to now
	size_t busy_count;
	struct by_level boost;
	double arrivals_per_hour[6]; // by level
	int64_t handling_ms;         // mean, wrap-up included; > 0
	int64_t patience_ms;         // mean; 0: who waits stays
	unsigned extra_capacity;     // of a counselor who comes in addition
};

struct whatif_wait {
	int64_t p50_ms;
	int64_t p90_ms;
	int64_t p95_ms;
};
// Longer than this is not told apart: a wait is at most this.
#define WHATIF_HORIZON_MS (4LL * 3600 * 1000)

struct whatif_limits {
	uint64_t seed;     // the same state and seed have the same answer
	unsigned runs_max; // of the simulation
	unsigned work_max; // events altogether; one run at least is always made
};

struct whatif {
	struct whatif_wait wait[6]; // by level
	unsigned runs;              // that the percentiles are taken from
};
#define WHATIF_RUNS_MAX 400
// With `extra` more counselors than now, or fewer: those with the least to do end what they hold
// and take no more. Every level waits up to the horizon where nobody is there.
void whatif_run(const struct whatif_state *s, int extra, const struct whatif_limits *limits,
        struct whatif *out);
