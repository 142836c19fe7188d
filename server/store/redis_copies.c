// SPDX-License-Identifier: Apache-2.0
// One WAIT behind the scripts of a turn, and what its answer means for them.
#include "redis_copies.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "redis_link.h"

// How long Redis waits for its replicas. While they are known to be missing, whoever comes next
// shall not queue behind full waits: those are brief, but for one now and then, so that a replica
// that is merely slow is found again.
#define WAIT_MS       1500
#define WAIT_BRIEF_MS 200
#define WAIT_FULL_MS  5000 // from one full wait to the next
#define PROBE_MS      1000 // while short, also without any script

// Longer than the wire waits for a silent peer: a WAIT ends by its answer or by the cut.
#define ANSWER_MS 15000

struct copies {
	struct loop *loop;
	struct wire *wire;
	unsigned wanted;
	unsigned unfit; // of the replicas; WAIT is to count as many more
	struct copies_events events;
	bool waiting;   // a WAIT is under way
	bool uncovered; // scripts have been sent since
	bool is_short;
	int64_t full_ms; // when the last full wait began
	uint64_t turn;   // the timer at the end of this turn
	uint64_t probe;
};

static void send_wait(struct copies *c);

struct copies *copies_new(
        struct loop *l, struct wire *scripts, unsigned wanted, const struct copies_events *events)
{
	struct copies *c = xcalloc(1, sizeof *c);
	*c = (struct copies){.loop = l, .wire = scripts, .wanted = wanted, .events = *events};
	return c;
}

void copies_stop(struct copies *c)
{
	loop_cancel(c->loop, c->turn);
	loop_cancel(c->loop, c->probe);
	c->turn = c->probe = 0;
	c->waiting = c->uncovered = false;
}

void copies_free(struct copies *c)
{
	if (!c)
		return;
	copies_stop(c);
	free(c);
}

static int64_t demanded(const struct copies *c)
{
	return (int64_t)c->wanted + c->unfit;
}

static void on_probe(void *arg)
{
	struct copies *c = arg;
	c->probe = 0;
	if (!c->waiting)
		send_wait(c);
}

static void note(struct copies *c, bool is_short, long long have)
{
	if (is_short != c->is_short)
		log_warn("event=%s copies=%u replicas=%lld unfit=%u",
		        is_short ? "copies_short" : "copies_back", c->wanted, have, c->unfit);
	c->is_short = is_short;
	if (!is_short)
		return;
	metric_inc(M_REDIS_ERRORS, "short");
	if (!c->probe)
		c->probe = loop_timer(c->loop, PROBE_MS, on_probe, c);
	c->events.is_short(c->events.arg);
}

static void on_turn(void *arg)
{
	struct copies *c = arg;
	c->turn = 0;
	if (c->uncovered && !c->waiting)
		send_wait(c);
}

static void on_wait(const struct redis_result *r, void *arg)
{
	struct copies *c = arg;
	int64_t have = redis_integer(r->reply);
	c->waiting = false;
	if (r->status == REDIS_UNKNOWN)
		return;
	if (r->status != REDIS_OK) {
		// Whether the copies are there nobody can tell: the cut answers for all.
		wire_cut(c->wire, r->error, 0);
		return;
	}
	bool is_short = have < demanded(c);
	note(c, is_short, have);
	if (c->uncovered)
		send_wait(c);
	wire_release(c->wire, is_short ? REDIS_SHORT : REDIS_OK);
}

static void send_wait(struct copies *c)
{
	char count[16], ms[16];
	int64_t now = loop_mono_ms(c->loop);
	bool brief = c->is_short && now - c->full_ms < WAIT_FULL_MS;
	if (!brief)
		c->full_ms = now;
	snprintf(count, sizeof count, "%lld", (long long)demanded(c));
	snprintf(ms, sizeof ms, "%d", brief ? WAIT_BRIEF_MS : WAIT_MS);
	const struct bytes parts[] = {bytes_str("WAIT"), bytes_str(count), bytes_str(ms)};
	c->uncovered = false;
	c->waiting = wire_send_parts(c->wire, 3, parts, ANSWER_MS, on_wait, c);
}

void copies_sent(struct copies *c)
{
	c->uncovered = true;
	// A timer, not loop_defer(): it can be taken back.
	if (!c->waiting && !c->turn)
		c->turn = loop_timer(c->loop, 0, on_turn, c);
}

void copies_missed(struct copies *c)
{
	note(c, true, 0);
}

void copies_distrust(struct copies *c, unsigned unfit)
{
	c->unfit = unfit;
}

void copies_start(struct copies *c, unsigned replicas)
{
	c->is_short = replicas < demanded(c);
	c->full_ms = loop_mono_ms(c->loop) - WAIT_FULL_MS;
	if (!c->is_short)
		return;
	log_warn(
	        "event=copies_short copies=%u replicas=%u unfit=%u", c->wanted, replicas, c->unfit);
	c->probe = loop_timer(c->loop, PROBE_MS, on_probe, c);
}

bool copies_are_short(const struct copies *c)
{
	return c->is_short;
}
