// SPDX-License-Identifier: Apache-2.0
// Shows `holdfastctl status`: the whole line at a glance.
#include <inttypes.h>
#include <stdio.h>

#include "show.h"
#include "table.h"
#include "words.h"

static void show_waiting(const Holdfast__V1__PoolStatus *p)
{
	static const char *const headings[] = {
	        "  LEVEL", "WAITING", "OLDEST", "WHO COMES NOW WAITS"};
	struct table *t = table_new(headings, p->forecast_known ? 4 : 3);
	char oldest[DURATION_MAX], waits[WAITS_MAX];

	for (size_t i = 0; i < p->n_levels; i++) {
		const Holdfast__V1__LevelCount *l = p->levels[i];
		table_cell(t, "  %s", word_level(l->level));
		table_cell(t, "%" PRIu64, l->waiting);
		table_cell(t, "%s", l->waiting ? word_duration(oldest, l->oldest_wait_ms) : "-");
		if (p->forecast_known)
			table_cell(t, "%s", word_waits(waits, l->p50_ms, l->p90_ms));
	}
	table_print(t);
}

static void show_pool(const Holdfast__V1__PoolStatus *p)
{
	uint64_t waiting = 0;
	int64_t oldest_ms = 0;
	char oldest[DURATION_MAX];

	for (size_t i = 0; i < p->n_levels; i++) {
		waiting += p->levels[i]->waiting;
		if (p->levels[i]->waiting && p->levels[i]->oldest_wait_ms > oldest_ms)
			oldest_ms = p->levels[i]->oldest_wait_ms;
	}
	print_safely("\nPool %s", p->name);
	if (p->offline) {
		fputs("  OFFLINE, ", stdout);
		print_safely("by %s: %s", p->offline_by, p->offline_reason);
	}
	if (*p->overflow)
		printf("  OVERFLOW (%s): %" PRIu64 " counselors of other pools can help out",
		        p->overflow, p->guests_available);
	if (waiting)
		printf("  %" PRIu64 " waiting, the longest for %s\n", waiting,
		        word_duration(oldest, oldest_ms));
	else
		puts("  nobody waits");
	printf("  %" PRIu64 " held, %" PRIu64 " in wrap-up\n", p->held, p->wrap_up);
	printf("  counselors: %" PRIu64 " available, %" PRIu64 " on a break, %" PRIu64 " away\n",
	        p->counselors_available, p->counselors_on_break, p->counselors_away);
	printf("  open pages: %" PRIu64 "\n", p->open_pages);
	if (p->n_levels)
		show_waiting(p);
	if (p->forecast_known && !p->forecast_measured)
		puts("  (too little measured yet: waits are by what is typical)");
}

static void gateway_row(struct table *t, const Holdfast__V1__GatewayHealth *g, int64_t now_ms)
{
	char ago[DURATION_MAX];

	table_cell(t, "%s", g->name);
	table_cell(t, "%s", g->provider);
	if (g->last_inbound_ms)
		table_cell(t, "%s ago", word_duration(ago, now_ms - g->last_inbound_ms));
	else
		table_cell(t, "none yet");
	table_cell(t, "%" PRIu64, g->outbox);
	table_cell(t, "%" PRIu64, g->send_errors);
	table_cell(t, "%s", *g->last_error ? g->last_error : "-");
}

static void show_gateways(const Holdfast__V1__Status *s)
{
	static const char *const headings[] = {
	        "NAME", "PROVIDER", "LAST TEXT", "TO SEND", "ERRORS", "LAST ERROR"};
	struct table *t = table_new(headings, 6);

	puts("\nGateways");
	for (size_t i = 0; i < s->n_gateways; i++)
		gateway_row(t, s->gateways[i], s->now_ms);
	table_print(t);
}

void show_status(const Frame *answer)
{
	const Holdfast__V1__Status *s = answer->status;
	char up[DURATION_MAX];

	print_safely("Holdfast %s, node %s, up for %s%s", s->version, s->node,
	        word_duration(up, s->now_ms - s->started_ms), s->draining ? ", DRAINING" : "");
	print_safely(
	        "  Redis: %s%s%s", s->redis_up ? "up" : "DOWN", *s->redis ? ", " : "", s->redis);
	printf("  consoles: %" PRIu64 "\n", s->consoles);
	if (s->n_alarms == 0)
		puts("  alarms: none");
	for (size_t i = 0; i < s->n_alarms; i++)
		print_safely("  ALARM: %s", s->alarms[i]);
	for (size_t i = 0; i < s->n_pools; i++)
		show_pool(s->pools[i]);
	if (s->n_gateways)
		show_gateways(s);
}
