// SPDX-License-Identifier: Apache-2.0
// Finds the conversation that a rating is about.
#include "rating.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/metrics.h"

struct taking {
	struct pool *pool;
	struct rating rating;
	char conversation[POOL_ID_MAX];
	rating_fn fn;
	void *arg;
};

static void end(struct taking *t, enum rating_outcome outcome)
{
	t->fn(outcome, t->arg);
	free(t);
}

static void on_rated(const struct store_answer *a, void *arg)
{
	struct taking *t = arg;
	char rating[4];
	if (a->code == STORE_OK) {
		snprintf(rating, sizeof rating, "%u", t->rating.rating);
		metric_inc(M_RATINGS, rating);
		log_info("conversation=%s event=rated", t->conversation);
	}
	if (a->code == STORE_OK || a->code == STORE_DUPLICATE)
		end(t, RATING_TAKEN);
	else
		end(t, a->code == STORE_NOT_FOUND ? RATING_NOT_ONE : RATING_FAILED);
}

static void on_latest(const struct store_answer *a, void *arg)
{
	struct taking *t = arg;
	const struct rating *r = &t->rating;
	struct bytes id = redis_bytes(redis_at(a->reply, 0));
	if (a->code != STORE_OK || id.len == 0 || id.len >= sizeof t->conversation) {
		end(t, a->code == STORE_OK ? RATING_NOT_ONE : RATING_FAILED);
		return;
	}
	bytes_copy(id, t->conversation, sizeof t->conversation);
	const struct store_rating rating = {.pool = t->pool->config->name,
	        .conversation = t->conversation,
	        .gateway = r->gateway,
	        .provider_id_hash = r->provider_id,
	        .line = r->line,
	        .texter = r->texter,
	        .rating = r->rating,
	        .window_ms = (int64_t)t->pool->config->survey_s * 1000};
	store_rate(t->pool->flow->store, &rating, on_rated, t);
}

void rating_take(struct pool *p, const struct rating *rating, rating_fn fn, void *arg)
{
	struct taking *t = xcalloc(1, sizeof *t);
	*t = (struct taking){.pool = p, .rating = *rating, .fn = fn, .arg = arg};
	store_of(p->flow->store, p->config->name, rating->line, rating->texter, 1, on_latest, t);
}
