// SPDX-License-Identifier: Apache-2.0
// The sums of texts received and of what became of them.
#include "ledger.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/metrics.h"

static const struct {
	const char *name;
	enum err err;
} table[OUTCOME_COUNT] = {
        [OUTCOME_STORED] = {"stored", ERR_NONE},
        [OUTCOME_DUPLICATE] = {"duplicate", ERR_NONE},
        [OUTCOME_ACKNOWLEDGEMENT] = {"acknowledgement", ERR_NONE},
        [OUTCOME_DELETION] = {"deletion", ERR_NONE},
        [OUTCOME_RATING] = {"rating", ERR_NONE},
        [OUTCOME_QUARANTINED] = {"quarantined", ERR_NONE},
        [OUTCOME_SPOOLED] = {"spooled", ERR_NONE},
        [OUTCOME_TOO_LARGE] = {"too_large", ERR_TOO_LARGE},
        [OUTCOME_QUARANTINE_FULL] = {"quarantine_full", ERR_UNAVAILABLE},
        [OUTCOME_UNAVAILABLE] = {"unavailable", ERR_UNAVAILABLE},
};

struct ledger {
	uint64_t received;
	uint64_t outcomes[OUTCOME_COUNT];
	uint64_t found;
	uint64_t put;
	uint64_t replayed[OUTCOME_COUNT];
	uint64_t aside;
	bool differed; // at the last look
};

const char *outcome_name(enum outcome o)
{
	return table[o].name;
}

enum err outcome_err(enum outcome o)
{
	return table[o].err;
}

struct ledger *ledger_new(void)
{
	return xcalloc(1, sizeof(struct ledger));
}

void ledger_free(struct ledger *l)
{
	free(l);
}

void ledger_received(struct ledger *l)
{
	l->received++;
	metric_inc(M_RECEIVED, NULL);
}

void ledger_outcome(struct ledger *l, enum outcome o)
{
	l->outcomes[o]++;
	metric_inc(M_INBOUND, table[o].name);
}

void ledger_found(struct ledger *l, uint64_t records)
{
	l->found += records;
	metric_add(M_SPOOL_FOUND, NULL, (int64_t)records);
}

void ledger_put(struct ledger *l)
{
	l->put++;
	metric_inc(M_SPOOL_APPENDED, NULL);
}

void ledger_replayed(struct ledger *l, enum outcome o)
{
	l->replayed[o]++;
	metric_inc(M_SPOOL_REPLAYED, table[o].name);
}

void ledger_put_aside(struct ledger *l)
{
	l->aside++;
	metric_inc(M_SPOOL_REPLAYED, "put_aside");
}

uint64_t ledger_stored(const struct ledger *l)
{
	return l->outcomes[OUTCOME_STORED] + l->replayed[OUTCOME_STORED];
}

static uint64_t sum(const uint64_t counts[OUTCOME_COUNT])
{
	uint64_t all = 0;
	for (int i = 0; i < OUTCOME_COUNT; i++)
		all += counts[i];
	return all;
}

// Unsigned numbers may wrap on their way; the difference is right all the same.
static int64_t texts_difference(const struct ledger *l, const struct ledger_facts *facts)
{
	return (int64_t)(l->received - sum(l->outcomes) - facts->under_way);
}

static int64_t spool_difference(const struct ledger *l, const struct ledger_facts *facts)
{
	return (int64_t)(l->found + l->put - sum(l->replayed) - l->aside - facts->damaged -
	                 facts->spooled);
}

bool ledger_look(struct ledger *l, const struct ledger_facts *facts)
{
	int64_t texts = texts_difference(l, facts), spool = spool_difference(l, facts);
	bool differs = texts != 0 || spool != 0;
	bool lasts = differs && l->differed;
	l->differed = differs;
	metric_set(M_UNDER_WAY, NULL, (int64_t)facts->under_way);
	metric_set(M_LEDGER_DIFFERENCE, "texts", texts);
	metric_set(M_LEDGER_DIFFERENCE, "spool", spool);
	return lasts;
}

static void render_number(struct buf *out, uint64_t n, const char *what, bool last)
{
	buf_printf(out, "%llu %s%s", (unsigned long long)n, what, last ? "" : " + ");
}

static void render_difference(struct buf *out, int64_t difference)
{
	if (difference != 0)
		buf_printf(out, " (%lld differ)", (long long)difference);
}

void ledger_render(const struct ledger *l, const struct ledger_facts *facts, struct buf *out)
{
	render_number(out, l->received, "received = ", true);
	for (int i = 0; i < OUTCOME_COUNT; i++)
		if (l->outcomes[i] || i <= OUTCOME_SPOOLED)
			render_number(out, l->outcomes[i], table[i].name, false);
	render_number(out, facts->under_way, "under way", true);
	render_difference(out, texts_difference(l, facts));
	buf_append_str(out, "; spool: ");
	render_number(out, l->found, "found", false);
	render_number(out, l->put, "put = ", true);
	for (int i = 0; i < OUTCOME_COUNT; i++)
		if (l->replayed[i] || i == OUTCOME_STORED)
			render_number(out, l->replayed[i], table[i].name, false);
	render_number(out, l->aside, "put aside", false);
	render_number(out, facts->damaged, "damaged", false);
	render_number(out, facts->spooled, "still there", true);
	render_difference(out, spool_difference(l, facts));
}
