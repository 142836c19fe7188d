// SPDX-License-Identifier: Apache-2.0
// What operators see of the spool: state, gauges, alarms.
#include <string.h>

#include "alarm.h"
#include "base/metrics.h"
#include "spooler_private.h"

// Every so many looks, which are a second apart.
#define OPEN_EVERY  10
#define PROBE_EVERY 5
#define ASIDE_EVERY 10

// What is damaged may be beyond putting aside; people hear of it for so long at least.
#define ASIDE_LEAST_MS (10 * 60 * 1000)

uint64_t spooler_damaged(const struct spooler *sp)
{
	struct spool_state state;
	spool_state(sp->spool, &state);
	return state.damaged - sp->damaged_before;
}

void spooler_state(const struct spooler *sp, struct spooler_state *out)
{
	*out = (struct spooler_state){.open = sp->spool, .dir = sp->dir, .aside = sp->aside};
	if (sp->spool) {
		spool_state(sp->spool, &out->spool);
		out->damaged = out->spool.damaged - sp->damaged_before;
		out->error = sp->refusing && !out->spool.error[0] ? "the disk is too slow"
		                                                  : out->spool.error;
	} else {
		out->error = sp->error.len ? buf_str((struct buf *)&sp->error) : "not open";
	}
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), e = strlen(end);
	return n >= e && strcmp(name + n - e, end) == 0;
}

static void see_name(const char *name, void *to)
{
	bool *aside = to;
	*aside |= ends_with(name, ".damaged") || ends_with(name, ".refused");
}

void spooler_see_aside(struct spooler *sp)
{
	bool aside = sp->aside_ms && loop_mono_ms(sp->flow->loop) - sp->aside_ms < ASIDE_LEAST_MS;
	if (sp->disk->list(sp->dir, see_name, &aside, sp->disk->arg) == 0)
		sp->aside = aside;
}

void spooler_note_aside(struct spooler *sp)
{
	sp->aside = true;
	sp->aside_ms = loop_mono_ms(sp->flow->loop);
}

static void raise_if(struct flow *f, enum alarm which, bool wrong, const char *detail)
{
	if (wrong)
		alarm_raise(f, which, "%s", detail);
	else
		alarm_clear(f, which);
}

static void see_age(struct spooler *sp, const struct spool_state *s)
{
	struct flow *f = sp->flow;
	int64_t age_s = s->oldest_ms ? (flow_now(f) - s->oldest_ms) / 1000 : 0;
	metric_set(M_SPOOL_OLDEST_S, NULL, age_s > 0 ? age_s : 0);
	if (s->oldest_ms && age_s >= (int64_t)f->config->spool.page_after_s)
		alarm_raise(f, ALARM_SPOOL_OLD, "%llu are there, the oldest for %lld s.",
		        (unsigned long long)s->records, (long long)age_s);
	else
		alarm_clear(f, ALARM_SPOOL_OLD);
}

static void see_room(struct spooler *sp, const struct spool_state *s)
{
	struct flow *f = sp->flow;
	metric_set(M_SPOOL_BYTES, NULL, (int64_t)s->bytes);
	if (s->limit && s->bytes >= s->limit / 2)
		alarm_raise(f, ALARM_SPOOL_HALF, "%llu of %llu MiB.",
		        (unsigned long long)s->bytes / 1048576,
		        (unsigned long long)s->limit / 1048576);
	else
		alarm_clear(f, ALARM_SPOOL_HALF);
}

// Nothing else would show that a disk has come back before the next text needs it.
static void probe(struct spooler *sp)
{
	if (sp->refusing && sp->looks % PROBE_EVERY == 0)
		spooler_append(sp, KIND_PROBE, 0, bytes_str(""), NULL, 0);
}

void spooler_look(struct spooler *sp)
{
	struct spooler_state s;
	sp->looks++;
	if (!sp->spool && sp->looks % OPEN_EVERY == 0)
		spooler_open(sp);
	else if (sp->spool)
		probe(sp);
	// They are gone when somebody has looked at them and moved them.
	if (sp->aside && sp->looks % ASIDE_EVERY == 0)
		spooler_see_aside(sp);
	spooler_state(sp, &s);
	see_age(sp, &s.spool);
	see_room(sp, &s.spool);
	raise_if(sp->flow, ALARM_SPOOL_REFUSES, !s.open || sp->refusing, s.error);
	raise_if(sp->flow, ALARM_SPOOL_DAMAGED, s.aside, s.dir);
	if (s.spool.records)
		spooler_run_soon(sp);
}
