// SPDX-License-Identifier: Apache-2.0
// The queue with impatient customers in the long run: M/M/n+M.
#include <math.h>

#include "core/whatif.h"

// Terms of the sum over those who wait, beyond which nothing is added that a double could hold.
#define TERMS_MAX 1000000

// The share of time that n of n are taken when nobody may wait. The usual recursion in n: every
// step is a number between 0 and 1, so nothing overflows whatever n is.
static double erlang_b(unsigned n, double load)
{
	double b = 1;
	for (unsigned i = 1; i <= n; i++)
		b = load * b / (i + load * b);
	return b;
}

// The states beyond n, relative to the state in which n are served and nobody waits.
struct beyond {
	double all;   // sum of the weights, that of nobody waiting included
	double queue; // sum of the weights times how many wait
};

static struct beyond sum_beyond(unsigned n, double load, double impatience)
{
	struct beyond s = {1, 0};
	double weight = 1;
	for (int i = 1; i < TERMS_MAX && weight > 1e-15; i++) {
		weight *= load / (n + i * impatience);
		s.all += weight;
		s.queue += i * weight;
	}
	return s;
}

struct erlang erlang_a(unsigned n, double load, double handling, double patience)
{
	struct erlang e = {0};
	double impatience = patience > 0 ? handling / patience : 0;
	if (load <= 0)
		return e;
	if (patience <= 0 && load >= n)
		return (struct erlang){.busy = 1, .waiting = INFINITY, .wait = INFINITY};
	double rho = load / n;
	struct beyond s = impatience > 0
	                          ? sum_beyond(n, load, impatience)
	                          : (struct beyond){1 / (1 - rho), rho / ((1 - rho) * (1 - rho))};
	double b = erlang_b(n, load);
	double none = b / (1 + b * (s.all - 1));
	e.busy = none * s.all;
	e.waiting = none * s.queue;
	e.wait = e.waiting * handling / load;
	e.leaving = e.waiting * impatience / load;
	return e;
}

// Of the class that goes first: with all n taken the next is free after an exponential time of rate
// n/handling, and only its own arrivals stand before it (Cobham 1954; Davis 1966 for the tail).
unsigned erlang_needed(double load, double urgent, double handling, double patience, double within,
        double beyond, unsigned most)
{
	for (unsigned n = 1; n <= most; n++) {
		struct erlang e = erlang_a(n, load, handling, patience);
		double frees = (n - urgent) / handling;
		if (!isinf(e.wait) && frees > 0 && e.busy * exp(-frees * within) <= beyond)
			return n;
	}
	return 0;
}
