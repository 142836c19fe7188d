// SPDX-License-Identifier: Apache-2.0
// The edge's door: texts, authentic and parsed, and which lines there are.
#include "flow/intake.h"

#include <stdlib.h>
#include <string.h>

#include "arrivals.h"
#include "text.h"

static void note_inbound(struct flow *f, const char *gateway)
{
	for (unsigned i = 0; i < f->config->gateways_count; i++)
		if (strcmp(f->health[i].config->name, gateway) == 0)
			f->health[i].last_inbound_ms = flow_now(f);
}

bool intake_knows_line(const struct flow *f, const struct gateway *g, struct bytes to)
{
	char *number = bytes_dup(to);
	const struct config_line *line = config_line(f->config, number);
	free(number);
	return line && strcmp(line->gateway, g->name) == 0;
}

void intake_received(struct flow *f)
{
	ledger_received(f->ledger);
}

void intake_text(struct flow *f, const struct gateway *g, const struct gateway_inbound *in,
        uint64_t tag, intake_done_fn done, void *arg)
{
	struct buf record = {0};
	note_inbound(f, g->name);
	text_record(f, g, in, &record);
	arrivals_take(f, KIND_TEXT, &record, tag, done, arg);
}

void intake_release(struct flow *f, const struct gateway *g, const struct gateway_inbound *in,
        uint64_t tag, intake_done_fn done, void *arg)
{
	struct buf record = {0};
	text_record(f, g, in, &record);
	arrivals_take_once(f, KIND_TEXT, &record, tag, done, arg);
}
