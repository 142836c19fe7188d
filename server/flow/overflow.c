// SPDX-License-Identifier: Apache-2.0
// Opens pools to the counselors of others, as core/overflow decides, and closes them again.
#include "overflow.h"

#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "dispatch.h"
#include "forecast.h"

const char *overflow_open(const struct pool *p)
{
	return p->overflow.why == OVERFLOW_NO ? NULL : overflow_why_name(p->overflow.why);
}

bool overflow_helps(const struct pool *p, char *const *pools, size_t count)
{
	const struct config_overflow *c = &p->config->overflow;
	for (unsigned i = 0; i < c->to_count; i++)
		for (size_t k = 0; k < count; k++)
			if (strcmp(c->to[i], pools[k]) == 0)
				return true;
	return false;
}

// ---- how it is ----

static void on_read(const struct store_answer *a, void *arg)
{
	struct pool *p = arg;
	char why[16];
	if (a->code != STORE_OK)
		return;
	bytes_copy(redis_bytes(redis_field(a->reply, "why")), why, sizeof why);
	enum overflow_why before = p->overflow.why;
	p->overflow.why = overflow_why_from_name(why);
	p->overflow.since_ms = redis_integer(redis_field(a->reply, "at"));
	metric_set(M_OVERFLOW_OPEN, p->config->name, p->overflow.why != OVERFLOW_NO);
	if (before == OVERFLOW_NO && p->overflow.why != OVERFLOW_NO)
		dispatch_pool(p);
}

void overflow_look(struct pool *p)
{
	if (p->config->overflow.to_count > 0)
		store_overflow(p->flow->store, p->config->name, on_read, p);
}

// ---- how it should be ----

static struct overflow_policy policy_of(const struct config_overflow *c)
{
	return (struct overflow_policy){.oldest_ms = (int64_t)c->oldest_s * 1000,
	        .oldest_until_ms = (int64_t)c->oldest_until_s * 1000,
	        .depth = c->depth,
	        .depth_until = c->depth_until};
}

static struct overflow_now facts_of(const struct pool *p, const struct forecast_state *s)
{
	struct overflow_now now = {.offline = p->offline.is};
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++) {
		now.waiting += s->waiting[l];
		now.oldest_ms = s->oldest_ms[l] > now.oldest_ms ? s->oldest_ms[l] : now.oldest_ms;
	}
	return now;
}

// Another node may have said it before.
static void on_set(const struct store_answer *a, void *arg)
{
	struct pool *p = arg;
	if (a->code == STORE_OK)
		log_warn("event=overflow_changed pool=%s", p->config->name);
	overflow_look(p);
}

static void decide(struct pool *p)
{
	const struct forecast_state *s = forecast_state(p);
	if (!s && !p->offline.is)
		return;
	static const struct forecast_state nothing_known;
	const struct overflow_policy policy = policy_of(&p->config->overflow);
	const struct overflow_now now = facts_of(p, s ? s : &nothing_known);
	enum overflow_why why = overflow_decide(&policy, p->overflow.why, &now);
	if (why != p->overflow.why)
		store_set_overflow(
		        p->flow->store, p->config->name, overflow_why_name(why), on_set, p);
}

void overflow_round(struct flow *f)
{
	for (size_t i = 0; i < f->pools_count; i++)
		if (f->pools[i].config->overflow.to_count > 0)
			decide(&f->pools[i]);
}
