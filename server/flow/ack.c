// SPDX-License-Identifier: Apache-2.0
// Acknowledging a page by text, and the short answer that goes back.
#include "ack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "escalation.h"
#include "staff.h"

struct ack {
	struct pool *pool;
	const struct config_line *line;
	char person[33];
	char provider_id[65];
	struct buf phone; // sealed, as in the staff record
	uint64_t number;
	enum ack_outcome outcome;
	ack_fn fn;
	void *arg;
};

static void ack_end(struct ack *k, enum ack_outcome outcome)
{
	k->fn(outcome, k->arg);
	buf_free(&k->phone);
	free(k);
}

static void on_marked(const struct store_answer *a, void *arg)
{
	struct ack *k = arg;
	ack_end(k, a->code == STORE_OK || a->code == STORE_DUPLICATE ? ACK_TAKEN : ACK_FAILED);
}

// Answers the person and marks the provider's id, so that a repeated post does not acknowledge a
// later page.
static void answer(struct ack *k, const struct buf *text)
{
	char id[POOL_ID_MAX];
	struct buf sealed = {0};
	struct flow *f = k->pool->flow;
	pool_id_new(k->pool, id);
	vault_seal_other(f->vault, id, buf_bytes(text), &sealed);
	const struct store_page notice = {id, k->person, k->line->gateway, k->line->number,
	        buf_bytes(&k->phone), buf_bytes(&sealed)};
	store_notice(f->store, k->pool->config->name, &notice, NULL, NULL);
	store_seen_put(f->store, k->pool->config->name, k->line->gateway, k->provider_id,
	        "acknowledgement", on_marked, k);
	buf_free(&sealed);
}

static void on_acknowledged(const struct escalation_ack *result, void *arg)
{
	struct ack *k = arg;
	struct buf text = {0};
	unsigned long long number = result->number;
	char when[25];
	switch (result->what) {
	case ACKED:
		buf_printf(&text,
		        "Page %llu is yours. Sign in and take the conversation: it rings again if "
		        "nobody does.",
		        number);
		break;
	case ACKED_BEFORE:
		clock_format(result->by_at_ms, when);
		buf_printf(&text, "Page %llu is already held by %s since %.16s UTC.", number,
		        result->by, when);
		break;
	case ACK_RESOLVED:
		buf_printf(&text, "Page %llu is over: somebody has the conversation. Thank you.",
		        number);
		break;
	case ACK_NOT_FOUND:
		buf_printf(&text, "There is no page %llu.", number);
		break;
	case ACK_UNAVAILABLE:
		ack_end(k, ACK_FAILED);
		return;
	}
	answer(k, &text);
	buf_free(&text);
}

static void on_mine(const struct escalation_mine *mine, void *arg)
{
	struct ack *k = arg;
	if (!mine->known) {
		ack_end(k, ACK_FAILED);
		return;
	}
	if (mine->count == 0) {
		ack_end(k, mine->held ? ACK_TAKEN : ACK_NOT_ONE); // said twice, or posted twice
		return;
	}
	if (mine->count == 1) {
		escalation_acknowledge(
		        k->pool->flow, mine->numbers[0], k->person, on_acknowledged, k);
		return;
	}
	struct buf text = {0};
	buf_append_str(&text, "Several pages are open: reply with a number,");
	for (size_t i = 0; i < mine->count && i < 5; i++)
		buf_printf(&text, " ACK %llu", (unsigned long long)mine->numbers[i]);
	answer(k, &text);
	buf_free(&text);
}

static void on_seen(const struct store_answer *a, void *arg)
{
	struct ack *k = arg;
	struct flow *f = k->pool->flow;
	if (a->code != STORE_OK)
		ack_end(k, ACK_FAILED);
	else if (redis_type(a->reply) != REDIS_NIL)
		ack_end(k, ACK_TAKEN);
	else if (k->number)
		escalation_acknowledge(f, k->number, k->person, on_acknowledged, k);
	else
		escalation_mine(f, k->person, on_mine, k);
}

void ack_take(struct pool *p, const struct staff_member *member, const struct config_line *line,
        const char *provider_id, struct bytes text, ack_fn fn, void *arg)
{
	uint64_t number = 0;
	if (!escalation_is_ack((const char *)text.data, text.len, &number)) {
		fn(ACK_NOT_ONE, arg);
		return;
	}
	struct ack *k = xcalloc(1, sizeof *k);
	k->pool = p;
	k->line = line;
	k->number = number;
	k->fn = fn;
	k->arg = arg;
	snprintf(k->person, sizeof k->person, "%s", member->name);
	snprintf(k->provider_id, sizeof k->provider_id, "%s", provider_id);
	buf_append_bytes(&k->phone, buf_bytes(&member->phone));
	store_seen_get(p->flow->store, p->config->name, line->gateway, provider_id, on_seen, k);
}
