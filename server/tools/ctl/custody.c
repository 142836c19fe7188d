// SPDX-License-Identifier: Apache-2.0
// holdfastctl conversation history: the ledger of custody, for people after an incident.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../common/table.h"
#include "../common/words.h"
#include "base/clock.h"
#include "ctl.h"

#define COLUMNS(headings) (sizeof(headings) / sizeof((headings)[0]))
#define BACK_WORTH_A_WORD 1000 // ms; nodes' clocks differ by less

bool prepare_custody(const struct ctl *c, Frame *request, struct buf *error)
{
	Holdfast__V1__GetCustody *get = request->get_custody;
	const char *head = args_value(&c->args, "--head");

	if (!args_number(&c->args, "--after", UINT32_MAX, 0, &get->after, error))
		return false;
	get->conversation = xstrdup(ctl_operand(c, 0));
	if (head)
		get->head = xstrdup(head);
	return true;
}

int judge_custody(const Frame *answer)
{
	return answer->custody->verified ? EXIT_DONE : EXIT_BROKEN;
}

static void text_cell(struct table *t, const char *text)
{
	table_cell(t, "%s", *text ? text : "-");
}

static void show_entries(const Holdfast__V1__Custody *c, int64_t now)
{
	static const char *const headings[] = {
	        "ENTRY", "AT", "WHAT", "WHO", "EPOCH", "WHY", "WRONG"};
	struct table *t = table_new(headings, COLUMNS(headings));

	for (size_t i = 0; i < c->n_entries; i++) {
		const Holdfast__V1__CustodyEntry *e = c->entries[i];
		char when[DURATION_MAX];
		table_cell(t, "%" PRIu64, e->number);
		table_cell(t, "%s", word_time(when, e->at_ms, now));
		text_cell(t, e->what);
		text_cell(t, e->who);
		table_cell(t, "%" PRIu64, e->epoch);
		text_cell(t, e->why);
		text_cell(t, e->fault);
	}
	table_print(t);
}

static void show_spans(const Holdfast__V1__Custody *c, int64_t now)
{
	static const char *const headings[] = {"STATE", "WHOSE", "FROM", "UNTIL", "FOR"};
	struct table *t = table_new(headings, COLUMNS(headings));

	for (size_t i = 0; i < c->n_spans; i++) {
		const Holdfast__V1__CustodySpan *s = c->spans[i];
		char from[DURATION_MAX], to[DURATION_MAX], length[DURATION_MAX];
		table_cell(t, "%s", word_state(s->state));
		table_cell(t, "%s", *s->owner ? s->owner : "nobody");
		table_cell(t, "%s", word_time(from, s->from_ms, now));
		table_cell(t, "%s", s->to_ms ? word_time(to, s->to_ms, now) : "now");
		table_cell(
		        t, "%s", word_duration(length, (s->to_ms ? s->to_ms : now) - s->from_ms));
	}
	table_print(t);
}

void show_custody(const Frame *answer)
{
	const Holdfast__V1__Custody *c = answer->custody;
	int64_t now = clock_wall_ms(clock_system());
	char back[DURATION_MAX];

	print_safely("Conversation %s", c->conversation);
	if (c->n_entries)
		show_entries(c, now);
	if (c->n_spans) {
		puts("");
		show_spans(c, now);
	}
	puts("");
	if (c->back_ms > BACK_WORTH_A_WORD)
		printf("Times go back by up to %s: a node's clock was wrong.\n",
		        word_duration(back, c->back_ms));
	if (c->n_entries && c->entries[c->n_entries - 1]->number < c->count)
		printf("There are %" PRIu64 " entries; see --after.\n", c->count);
	if (c->head_number)
		printf("The given head is entry %" PRIu64 ".\n", c->head_number);
	if (c->verified)
		print_safely("Verified: %" PRIu64 " entries, head %s", c->count, c->head);
	else
		print_safely("NOT TO BE TRUSTED: %s", c->fault);
}
