// SPDX-License-Identifier: Apache-2.0
// Shows answers to people: queue, conversation, pages, staff, on call, checks.
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "show.h"
#include "table.h"
#include "words.h"

#define COLUMNS(headings) (sizeof(headings) / sizeof((headings)[0]))

static int64_t now_ms(void)
{
	return clock_wall_ms(clock_system());
}

static void list_cell(struct table *t, char *const *names, size_t count)
{
	struct buf text = {0};

	word_list(&text, names, count, "-");
	table_cell(t, "%s", buf_str(&text));
	buf_free(&text);
}

// ---- queue

// "in 1 min", or "3 min late".
static void due_cell(struct table *t, int64_t at_ms, int64_t now)
{
	char text[DURATION_MAX];

	if (at_ms == 0)
		table_cell(t, "-");
	else if (at_ms >= now)
		table_cell(t, "in %s", word_duration(text, at_ms - now));
	else
		table_cell(t, "%s late", word_duration(text, now - at_ms));
}

static void queue_row(struct table *t, const Holdfast__V1__QueueEntry *e, int64_t now)
{
	char waiting[DURATION_MAX];

	table_cell(t, "%s", word_level(e->level));
	table_cell(t, "%s", word_duration(waiting, now - e->enqueued_ms));
	due_cell(t, e->answer_by_ms, now);
	if (*e->offered_to)
		table_cell(t, "offered to %s", e->offered_to);
	else
		table_cell(t, "%s", word_state(e->state));
	if (e->page)
		table_cell(t, "%" PRIu64, e->page);
	else
		table_cell(t, "-");
	table_cell(t, "%s", e->pool);
	table_cell(t, "%s", e->conversation);
	list_cell(t, e->reasons, e->n_reasons);
}

void show_queue(const Frame *answer)
{
	static const char *const headings[] = {"LEVEL", "WAITING", "ANSWER BY", "STATE", "PAGE",
	        "POOL", "CONVERSATION", "REASONS"};
	const Holdfast__V1__Queue *q = answer->queue;
	int64_t now = now_ms();

	if (q->n_entries == 0) {
		puts("Nobody waits.");
		return;
	}
	struct table *t = table_new(headings, COLUMNS(headings));
	for (size_t i = 0; i < q->n_entries; i++)
		queue_row(t, q->entries[i], now);
	table_print(t);
	if (q->total > q->n_entries)
		printf("  … and %" PRIu64 " more; see --limit.\n", q->total - q->n_entries);
}

// ---- conversations

static void age_cell(struct table *t, int64_t since_ms, int64_t now)
{
	char text[DURATION_MAX];

	if (since_ms == 0)
		table_cell(t, "-");
	else
		table_cell(t, "%s", word_duration(text, now - since_ms));
}

static void conversations_row(struct table *t, const Holdfast__V1__Conversation *c, int64_t now)
{
	table_cell(t, "%s", word_level(c->level));
	table_cell(t, "%s", word_state(c->state));
	table_cell(t, "%s", *c->holder ? c->holder : "-");
	age_cell(t, c->unanswered_since_ms, now);
	age_cell(t, c->last_in_ms, now);
	age_cell(t, c->last_out_ms, now);
	list_cell(t, c->attention, c->n_attention);
	list_cell(t, c->present, c->n_present);
	table_cell(t, "%s", c->pool);
	table_cell(t, "%s", c->id);
}

void show_conversations(const Frame *answer)
{
	static const char *const headings[] = {"LEVEL", "STATE", "WITH", "UNANSWERED", "LAST IN",
	        "LAST OUT", "ATTENTION", "PRESENT", "POOL", "CONVERSATION"};
	const Holdfast__V1__ConversationList *l = answer->conversation_list;
	int64_t now = now_ms();

	if (l->n_conversations == 0) {
		puts("No conversation is open.");
		return;
	}
	struct table *t = table_new(headings, COLUMNS(headings));
	for (size_t i = 0; i < l->n_conversations; i++)
		conversations_row(t, l->conversations[i], now);
	table_print(t);
	if (l->total > l->n_conversations)
		printf("  … and %" PRIu64 " more; see --limit.\n", l->total - l->n_conversations);
}

// ---- conversation

static void show_instant(const char *what, int64_t at_ms, int64_t now)
{
	char when[DURATION_MAX], ago[DURATION_MAX];

	if (at_ms == 0)
		return;
	word_time(when, at_ms, now);
	if (at_ms <= now)
		printf("  %-14s %s (%s ago)\n", what, when, word_duration(ago, now - at_ms));
	else
		printf("  %-14s %s (in %s)\n", what, when, word_duration(ago, at_ms - now));
}

static void show_message(const Holdfast__V1__Message *m, int64_t now)
{
	char when[DURATION_MAX];
	bool in = m->direction == HOLDFAST__V1__DIRECTION__DIRECTION_IN;

	word_time(when, m->at_ms, now);
	if (in)
		print_safely("  %4" PRIu64 "  %s  texter: %s", m->sequence, when, m->text);
	else
		print_safely("  %4" PRIu64 "  %s  %s: %s (%s)", m->sequence, when, m->author,
		        m->text, word_delivery(m->delivery));
}

void show_conversation(const Frame *answer)
{
	const Holdfast__V1__Conversation *c = answer->conversation;
	struct buf reasons = {0};
	int64_t now = now_ms();

	word_list(&reasons, c->reasons, c->n_reasons, "none");
	print_safely("Conversation %s", c->id);
	print_safely("  %-14s %s", "state", word_state(c->state));
	print_safely("  %-14s %s (%s)", "level", word_level(c->level), buf_str(&reasons));
	print_safely("  %-14s %s", "pool", c->pool);
	print_safely("  %-14s %s", "line", c->line);
	print_safely("  %-14s %s", "holder", *c->holder ? c->holder : "nobody");
	show_instant("begun", c->created_ms, now);
	show_instant("waiting since", c->enqueued_ms, now);
	show_instant("answer by", c->answer_by_ms, now);
	show_instant("asked to forget", c->deletion_asked_ms, now);
	show_instant("deleted", c->deleted_ms, now);
	printf("  %-14s %" PRIu64 "\n", "messages", c->sequence);
	printf("  %-14s %" PRIu64 "\n", "earlier ones", c->earlier_conversations);
	printf("  %-14s %" PRIu64 "\n", "epoch", c->epoch);
	for (size_t i = 0; i < c->n_messages; i++)
		show_message(c->messages[i], now);
	buf_free(&reasons);
}

// ---- pages

static void page_row(struct table *t, const Holdfast__V1__Page *p, int64_t now)
{
	char open[DURATION_MAX];

	table_cell(t, "%" PRIu64, p->number);
	if (*p->acknowledged_by)
		table_cell(t, "%s by %s", word_page_state(p->state), p->acknowledged_by);
	else
		table_cell(t, "%s", word_page_state(p->state));
	table_cell(t, "%s", word_level(p->level));
	table_cell(t, "%s", word_duration(open, now - p->opened_ms));
	due_cell(t, p->state == HOLDFAST__V1__PAGE_STATE__PAGE_STATE_RESOLVED ? 0 : p->next_at_ms,
	        now);
	table_cell(t, "%" PRIu32 ".%" PRIu32, p->pass + 1, p->step);
	list_cell(t, p->paged, p->n_paged);
	table_cell(t, "%s", p->pool);
	table_cell(t, "%s", p->conversation);
}

void show_pages(const Frame *answer)
{
	static const char *const headings[] = {"PAGE", "STATE", "LEVEL", "OPENED", "NEXT",
	        "PASS.STEP", "PAGED", "POOL", "CONVERSATION"};
	const Holdfast__V1__Pages *p = answer->pages;
	int64_t now = now_ms();

	if (p->n_pages == 0) {
		puts("No pages.");
		return;
	}
	struct table *t = table_new(headings, COLUMNS(headings));
	for (size_t i = 0; i < p->n_pages; i++)
		page_row(t, p->pages[i], now);
	table_print(t);
}

// ---- staff and on call

static void presence_cell(struct table *t, const Holdfast__V1__StaffMember *m, int64_t now)
{
	char until[DURATION_MAX];

	if (!m->signed_in)
		table_cell(t, "not here");
	else if (m->presence == HOLDFAST__V1__PRESENCE__PRESENCE_BREAK)
		table_cell(t, "on a break until %s", word_time(until, m->break_until_ms, now));
	else if (m->draining)
		table_cell(t, "%s, no more offers: the shift ends %s", word_presence(m->presence),
		        word_time(until, m->shift_end_ms, now));
	else
		table_cell(t, "%s", word_presence(m->presence));
}

static void load_cell(struct table *t, const Holdfast__V1__StaffMember *m)
{
	static const char *const grades[] = {"standard", "novice", "standard", "expert"};

	table_cell(t, "%s", m->grade >= 0 && m->grade <= 3 ? grades[m->grade] : "?");
	if (m->units > m->capacity)
		table_cell(t, "all of %" PRIu32, m->capacity);
	else
		table_cell(t, "%" PRIu32 " of %" PRIu32, m->units, m->capacity);
}

static void staff_row(struct table *t, const Holdfast__V1__StaffMember *m, int64_t now)
{
	struct buf roles = {0};

	for (size_t i = 0; i < m->n_roles; i++)
		buf_printf(&roles, "%s%s", i ? ", " : "", word_role(m->roles[i]));
	table_cell(t, "%s", m->name);
	table_cell(t, "%s", buf_str(&roles));
	list_cell(t, m->pools, m->n_pools);
	presence_cell(t, m, now);
	load_cell(t, m);
	table_cell(t, "%s", *m->phone ? m->phone : "-");
	buf_free(&roles);
}

void show_staff(const Frame *answer)
{
	static const char *const headings[] = {
	        "NAME", "ROLES", "POOLS", "PRESENCE", "GRADE", "LOAD", "PHONE"};
	const Holdfast__V1__StaffList *list = answer->staff_list;

	if (list->n_members == 0) {
		puts("Nobody yet; see holdfastctl staff put --help.");
		return;
	}
	struct table *t = table_new(headings, COLUMNS(headings));
	for (size_t i = 0; i < list->n_members; i++)
		staff_row(t, list->members[i], now_ms());
	table_print(t);
}

void show_on_call(const Frame *answer)
{
	static const char *const headings[] = {"SCHEDULE", "ON CALL", "UNTIL"};
	const Holdfast__V1__OnCallList *list = answer->on_call_list;
	char until[DURATION_MAX];
	int64_t now = now_ms();

	if (list->n_schedules == 0) {
		puts("There is no schedule in the configuration.");
		return;
	}
	struct table *t = table_new(headings, COLUMNS(headings));
	for (size_t i = 0; i < list->n_schedules; i++) {
		const Holdfast__V1__OnCall *o = list->schedules[i];
		table_cell(t, "%s", o->schedule);
		if (o->n_people)
			list_cell(t, o->people, o->n_people);
		else
			table_cell(t, "NOBODY");
		table_cell(t, "%s", o->until_ms ? word_time(until, o->until_ms, now) : "-");
	}
	table_print(t);
}

// ---- results and checks

void show_result(const Frame *answer)
{
	print_safely("%s", *answer->result->text ? answer->result->text : "Done.");
}

void show_checks(const Holdfast__V1__CheckList *list)
{
	size_t wrong = 0, warnings = 0;

	for (size_t i = 0; i < list->n_checks; i++) {
		const Holdfast__V1__Check *c = list->checks[i];
		const char *mark = !c->ok ? "WRONG" : c->warning ? "look " : "ok   ";
		wrong += !c->ok;
		warnings += c->ok && c->warning;
		print_safely("  %s  %s%s%s", mark, c->name, *c->text ? ": " : "", c->text);
	}
	printf("%zu wrong, %zu worth a look, %zu checked.\n", wrong, warnings, list->n_checks);
}
