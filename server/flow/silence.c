// SPDX-License-Identifier: Apache-2.0
// Looks at held conversations whose silence is due, and does what was decided.
#include "silence.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/metrics.h"
#include "history.h"

struct look {
	struct pool *pool;
	char conversation[POOL_ID_MAX];
	char member[96];
	char score[32];
	char holder[33];
	enum silence_act act;
};

// What was STALE has been answered meanwhile, and has another time already.
static void on_done(const struct store_answer *a, void *arg)
{
	struct look *l = arg;
	if (a->code == STORE_OK && l->act != SILENCE_NONE) {
		metric_inc(M_SILENCES, silence_act_name(l->act));
		log_warn("conversation=%s event=silence act=%s staff=%s", l->conversation,
		        silence_act_name(l->act), l->holder);
	}
	free(l);
}

static void end_silent(struct look *l, const struct conversation_view *view)
{
	struct pool *p = l->pool;
	struct store_claim claim = {p->config->name, l->conversation, l->holder, view->epoch};
	const struct store_closing closing = {.outcome = OUTCOME_SILENT,
	        .wrap_up_ms = (int64_t)p->config->wrap_up_s * 1000,
	        .seen = view->sequence,
	        .line = view->line,
	        .texter = view->texter,
	        .least = p->two_person_least,
	        .reopen_ms = (int64_t)p->config->reopen_s * 1000};
	store_close(p->flow->store, &claim, &closing, on_done, l);
}

static void tell(
        struct look *l, const struct conversation_view *view, const struct silence_decision *d)
{
	const struct store_silence told = {.pool = l->pool->config->name,
	        .conversation = l->conversation,
	        .silence_at_ms = view->silence_at_ms,
	        .act = silence_act_name(d->act),
	        .told = d->told,
	        .since_ms = d->since_ms,
	        .next_at_ms = d->next_at_ms};
	store_silence(l->pool->flow->store, &told, on_done, l);
}

static struct silence silence_of(const struct pool *p, const struct conversation_view *view)
{
	return (struct silence){
	        .level = view->level,
	        .unanswered_ms = view->unanswered_at_ms,
	        .replied_ms = view->last_out_at_ms > view->held_at_ms ? view->last_out_at_ms
	                                                              : view->held_at_ms,
	        .asked_ms = view->close_at_ms,
	        .flagged = view->flag_at_ms > 0,
	        .needs_second = p->two_person_least && view->level >= p->two_person_least,
	        .told = view->silence_step,
	};
}

static void decide(struct look *l, const struct conversation_view *view)
{
	struct pool *p = l->pool;
	const struct silence silence = silence_of(p, view);
	const struct silence_decision d = silence_decide(&p->silence, &silence, flow_now(p->flow));
	struct store_claim claim = {p->config->name, l->conversation, l->holder, view->epoch};
	l->act = d.act;
	snprintf(l->holder, sizeof l->holder, "%s", view->holder);
	if (d.act == SILENCE_REROUTE)
		store_release_silent(
		        p->flow->store, &claim, view->silence_at_ms, &p->within, on_done, l);
	else if (d.act == SILENCE_CLOSE)
		end_silent(l, view);
	else
		tell(l, view, &d);
}

static void on_read(const struct store_answer *a, void *arg)
{
	struct look *l = arg;
	struct pool *p = l->pool;
	struct conversation_view view;
	if (a->code != STORE_OK) {
		free(l);
	} else if (!conversation_view(a->reply, &view) || view.state != CONVERSATION_HELD) {
		store_settle(p->flow->store, p->config->name, l->member, bytes_str(l->score), NULL,
		        NULL);
		free(l);
	} else {
		decide(l, &view);
	}
}

void silence_due(struct pool *p, const char *conversation, const char *member, const char *score)
{
	struct look *l = xcalloc(1, sizeof *l);
	l->pool = p;
	snprintf(l->conversation, sizeof l->conversation, "%s", conversation);
	snprintf(l->member, sizeof l->member, "%s", member);
	snprintf(l->score, sizeof l->score, "%s", score);
	store_conversation(p->flow->store, p->config->name, l->conversation, on_read, l);
}
