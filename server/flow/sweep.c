// SPDX-License-Identifier: Apache-2.0
// Due timers: from a pool's sorted set to the module that each concerns.
#include "sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anchor.h"
#include "asking.h"
#include "base/log.h"
#include "base/metrics.h"
#include "duty.h"
#include "escalation.h"
#include "hand.h"
#include "history.h"
#include "nodes.h"
#include "presence.h"
#include "silence.h"
#include "wish.h"

#define SWEEP_BATCH 100
// Timers that may not be taken early stay in the way of those that may.
#define SWEEP_BATCH_EARLY 2000

// A due timer of one conversation, read before it is acted on.
struct timer {
	struct pool *pool;
	char conversation[POOL_ID_MAX];
	char member[96];
	char score[32];
};

static void timer_settle(struct timer *t)
{
	store_settle(t->pool->flow->store, t->pool->config->name, t->member, bytes_str(t->score),
	        NULL, NULL);
	free(t);
}

static void on_expired(const struct store_answer *a, void *arg)
{
	struct timer *t = arg;
	if (a->code == STORE_OK) {
		metric_inc(M_OFFERS, "expired");
		log_info("conversation=%s event=offer_expired", t->conversation);
		free(t);
	} else if (a->code == STORE_GONE) {
		timer_settle(t);
	} else {
		free(t);
	}
}

static void on_offer_due(const struct store_answer *a, void *arg)
{
	struct timer *t = arg;
	struct conversation_view view;
	if (a->code != STORE_OK) {
		free(t);
		return;
	}
	if (!conversation_view(a->reply, &view) || view.state != CONVERSATION_OFFERED) {
		timer_settle(t);
		return;
	}
	struct store_claim claim = {
	        t->pool->config->name, t->conversation, view.holder, view.epoch};
	store_unoffer(t->pool->flow->store, &claim, "expired", on_expired, t);
}

static void on_wrapped_up(const struct store_answer *a, void *arg)
{
	struct timer *t = arg;
	if (a->code == STORE_OK) {
		log_info("conversation=%s event=closed by=timer", t->conversation);
		anchor_log(t->pool, t->conversation);
	}
	free(t);
}

static void on_wrap_up_due(const struct store_answer *a, void *arg)
{
	struct timer *t = arg;
	struct conversation_view view;
	if (a->code != STORE_OK) {
		free(t);
		return;
	}
	if (!conversation_view(a->reply, &view) || view.state != CONVERSATION_WRAP_UP) {
		timer_settle(t);
		return;
	}
	const struct store_exposure exposure = pool_exposure(t->pool);
	struct store_claim claim = {
	        t->pool->config->name, t->conversation, view.holder, view.epoch};
	store_finish(t->pool->flow->store, &claim, &exposure, on_wrapped_up, t);
}

static struct timer *timer_new(
        struct pool *p, const char *what, const char *member, const char *score)
{
	struct timer *t = xcalloc(1, sizeof *t);
	t->pool = p;
	snprintf(t->conversation, sizeof t->conversation, "%s", what);
	snprintf(t->member, sizeof t->member, "%s", member);
	snprintf(t->score, sizeof t->score, "%s", score);
	return t;
}

static void due_offer(struct pool *p, const char *what, const char *member, const char *score)
{
	struct timer *t = timer_new(p, what, member, score);
	store_conversation(p->flow->store, p->config->name, t->conversation, on_offer_due, t);
}

static void due_wrap_up(struct pool *p, const char *what, const char *member, const char *score)
{
	struct timer *t = timer_new(p, what, member, score);
	store_conversation(p->flow->store, p->config->name, t->conversation, on_wrap_up_due, t);
}

static void due_answer(struct pool *p, const char *what, const char *member, const char *score)
{
	(void)member;
	(void)score;
	escalation_open(p, what);
}

static void due_flag(struct pool *p, const char *what, const char *member, const char *score)
{
	(void)member;
	(void)score;
	escalation_open_flag(p, what);
}

static void due_page(struct pool *p, const char *what, const char *member, const char *score)
{
	(void)member;
	(void)score;
	escalation_due(p, strtoull(what, NULL, 10));
}

static void due_gone(struct pool *p, const char *what, const char *member, const char *score)
{
	(void)member;
	(void)score;
	presence_grace_over(p, what);
}

static void due_break(struct pool *p, const char *what, const char *member, const char *score)
{
	(void)member;
	(void)score;
	duty_break_over(p, what);
}

static void due_ask(struct pool *p, const char *what, const char *member, const char *score)
{
	(void)member;
	(void)score;
	asking_due(p, what);
}

static const struct {
	const char *kind;
	void (*due)(struct pool *p, const char *what, const char *member, const char *score);
	bool early; // may be taken when only the system's clock says so: nodes_early_ms()
} kinds[] = {
        {"answer", due_answer, true},
        {"page", due_page, false},
        {"flag", due_flag, false},
        {"offer", due_offer, false},
        {"wrap_up", due_wrap_up, false},
        {"silence", silence_due, false},
        {"gone", due_gone, false},
        {"transfer", hand_due, false},
        {"ask", due_ask, false},
        {"break", due_break, false},
        {"erase", wish_due, false},
};

static void take_due(struct pool *p, const char *member, const char *score, bool early)
{
	const char *what = strchr(member, ':');
	for (size_t i = 0; what && i < sizeof kinds / sizeof kinds[0]; i++) {
		size_t len = strlen(kinds[i].kind);
		if ((size_t)(what - member) == len && memcmp(member, kinds[i].kind, len) == 0) {
			if (!early || kinds[i].early)
				kinds[i].due(p, what + 1, member, score);
			return;
		}
	}
	log_error("event=unknown_timer pool=%s", p->config->name);
}

static void on_due(const struct store_answer *a, void *arg)
{
	struct pool *p = arg;
	p->sweeping = false;
	if (a->code != STORE_OK || p->flow->draining)
		return;
	size_t n = redis_count(a->reply);
	int64_t now = flow_now(p->flow), oldest = n ? redis_integer(redis_at(a->reply, 1)) : now;
	metric_set(M_SWEEP_LAG_MS, NULL, oldest < now ? now - oldest : 0);
	for (size_t i = 0; i + 1 < n; i += 2) {
		char *member = bytes_dup(redis_bytes(redis_at(a->reply, i)));
		char *score = bytes_dup(redis_bytes(redis_at(a->reply, i + 1)));
		take_due(p, member, score, strtoll(score, NULL, 10) > now);
		free(member);
		free(score);
	}
}

void sweep_pool(struct pool *p)
{
	if (p->sweeping || p->flow->draining)
		return;
	int64_t early_ms = nodes_early_ms(p->flow->nodes);
	p->sweeping = true;
	store_due(p->flow->store, p->config->name, flow_now(p->flow) + early_ms,
	        early_ms ? SWEEP_BATCH_EARLY : SWEEP_BATCH, on_due, p);
}
