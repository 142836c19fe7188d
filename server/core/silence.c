// SPDX-License-Identifier: Apache-2.0
// Who is told of a silence, and when it is looked at again.
#include "core/silence.h"

// How often supervisors are reminded of a close when no time is configured.
#define REMIND_MS (180 * 1000)

static const char *const names[SILENCE_ACTS] = {
        [SILENCE_NONE] = "none",
        [SILENCE_NUDGE] = "nudge",
        [SILENCE_SUPERVISOR] = "supervisor",
        [SILENCE_REROUTE] = "reroute",
        [SILENCE_TEXTER] = "texter",
        [SILENCE_TEXTER_SUPERVISOR] = "texter_supervisor",
        [SILENCE_CLOSE] = "close",
        [SILENCE_CLOSE_ASKED] = "close_asked",
};

const char *silence_act_name(enum silence_act a)
{
	return a < SILENCE_ACTS ? names[a] : names[SILENCE_NONE];
}

static bool passed(int64_t since_ms, int64_t length_ms, int64_t now_ms)
{
	return length_ms > 0 && now_ms - since_ms >= length_ms;
}

static void look_by(struct silence_decision *d, int64_t at_ms, int64_t now_ms)
{
	if (at_ms > now_ms && at_ms < d->next_at_ms)
		d->next_at_ms = at_ms;
}

static void counselor_silent(const struct silence_policy *p, const struct silence *s,
        int64_t now_ms, struct silence_decision *d)
{
	const int64_t lengths[] = {p->nudge_ms, p->supervisor_ms, p->reroute_ms};
	const enum silence_act acts[] = {SILENCE_NUDGE, SILENCE_SUPERVISOR, SILENCE_REROUTE};
	d->since_ms = s->unanswered_ms;
	for (unsigned i = 0; i < 3; i++) {
		if (passed(s->unanswered_ms, lengths[i], now_ms) && (s->told <= i || i == 2)) {
			d->act = acts[i];
			d->told = i + 1;
		}
		if (lengths[i] > 0)
			look_by(d, s->unanswered_ms + lengths[i], now_ms);
	}
}

// Told of once each time that `length_ms` has passed.
static void repeat(struct silence_decision *d, const struct silence *s, int64_t length_ms,
        enum silence_act act, int64_t now_ms)
{
	if (length_ms <= 0)
		return;
	int64_t times = now_ms > d->since_ms ? (now_ms - d->since_ms) / length_ms : 0;
	if (times > (int64_t)s->told) {
		d->act = act;
		d->told = (unsigned)times;
	}
	look_by(d, d->since_ms + (times + 1) * length_ms, now_ms);
}

static bool may_end(const struct silence_policy *p, const struct silence *s)
{
	return p->close_ms > 0 && s->level <= LEVEL_MEDIUM && !s->needs_second && !s->flagged;
}

static void texter_silent(const struct silence_policy *p, const struct silence *s, int64_t now_ms,
        struct silence_decision *d)
{
	d->since_ms = s->replied_ms;
	repeat(d, s, p->texter.ms[s->level],
	        s->level >= LEVEL_UNKNOWN ? SILENCE_TEXTER_SUPERVISOR : SILENCE_TEXTER, now_ms);
	if (!may_end(p, s))
		return;
	if (passed(s->replied_ms, p->close_ms, now_ms))
		d->act = SILENCE_CLOSE;
	look_by(d, s->replied_ms + p->close_ms, now_ms);
}

struct silence_decision silence_decide(
        const struct silence_policy *p, const struct silence *s, int64_t now_ms)
{
	struct silence_decision d = {
	        .told = s->told, .since_ms = now_ms, .next_at_ms = now_ms + SILENCE_LOOK_MS};
	if (s->asked_ms > 0) {
		d.since_ms = s->asked_ms;
		repeat(&d, s, p->supervisor_ms > 0 ? p->supervisor_ms : REMIND_MS,
		        SILENCE_CLOSE_ASKED, now_ms);
	} else if (s->unanswered_ms > 0) {
		counselor_silent(p, s, now_ms, &d);
	} else {
		texter_silent(p, s, now_ms, &d);
	}
	return d;
}
