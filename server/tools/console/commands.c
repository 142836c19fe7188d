// SPDX-License-Identifier: Apache-2.0
// What a counselor types: "/" begins a command, anything else is a reply to the current
// conversation.
#include <stdlib.h>
#include <string.h>

#include "../common/words.h"
#include "console.h"

// `rest` is what follows the command's name, trimmed. True when a request is under way that reads
// the next line when it is answered; so a script may write its lines without waiting.
struct typed {
	const char *name;
	const char *usage;
	const char *help;
	bool (*run)(struct console *c, const char *rest);
};

// A command's request that answers with a Result: `done` is what to say.
struct asking {
	struct console *console;
	const char *done;
	char *conversation; // or NULL
	void (*then)(struct console *c, const char *conversation);
	bool anyway; // a refusal means that it is so already
};

void commands_asked(struct console *c)
{
	c->waiting = false;
	console_next_line(c);
}

// Refused, and not for what was typed.
static bool is_over_already(const Frame *answer)
{
	static const char *const codes[] = {"conflict", "stale", "not_found"};

	if (!answer || answer->body_case != HOLDFAST__V1__FRAME__BODY_RESULT)
		return false;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (strcmp(answer->result->code, codes[i]) == 0)
			return true;
	return false;
}

static void on_result(const Frame *answer, void *arg)
{
	struct asking *a = arg;
	const char *text;

	bool yes = client_answered(answer, HOLDFAST__V1__FRAME__BODY_RESULT, &text);

	if (yes)
		view_you(a->console->view, "%s", a->done);
	else
		view_error(a->console->view, "not done: %s", text);
	if (a->then && (yes || (a->anyway && is_over_already(answer))))
		a->then(a->console, a->conversation);
	commands_asked(a->console);
	free(a->conversation);
	free(a);
}

bool commands_ask(struct console *c, Frame *f, const char *conversation, const char *done,
        void (*then)(struct console *c, const char *conversation))
{
	struct asking *a = xcalloc(1, sizeof(*a));

	*a = (struct asking){.console = c, .done = done, .then = then};
	a->anyway = f->body_case == HOLDFAST__V1__FRAME__BODY_FINISH_WRAP_UP;
	a->conversation = conversation ? xstrdup(conversation) : NULL;
	c->waiting = client_request(c->client, f, on_result, a);
	frame_free(f);
	if (c->waiting)
		return true;
	view_error(c->view, "no connection now; try again");
	free(a->conversation);
	free(a);
	return false;
}

// ---- presence

static void now_available(struct console *c, const char *conversation)
{
	(void)conversation;
	c->presence = HOLDFAST__V1__PRESENCE__PRESENCE_AVAILABLE;
}

static void now_away(struct console *c, const char *conversation)
{
	(void)conversation;
	c->presence = HOLDFAST__V1__PRESENCE__PRESENCE_AWAY;
}

static bool run_available(struct console *c, const char *rest)
{
	Frame *f = client_frame(HOLDFAST__V1__FRAME__BODY_SET_PRESENCE);

	(void)rest;
	f->set_presence->presence = HOLDFAST__V1__PRESENCE__PRESENCE_AVAILABLE;
	return commands_ask(c, f, NULL, "available: you will be offered people", now_available);
}

static bool run_away(struct console *c, const char *rest)
{
	Frame *f = client_frame(HOLDFAST__V1__FRAME__BODY_SET_PRESENCE);

	(void)rest;
	f->set_presence->presence = HOLDFAST__V1__PRESENCE__PRESENCE_AWAY;
	return commands_ask(c, f, NULL, "away: no offers; whom you hold stays yours", now_away);
}

// ---- offers

struct accepting {
	struct console *console;
	char *conversation;
	uint64_t epoch;
};

static void on_accept(const Frame *answer, void *arg)
{
	struct accepting *a = arg;
	struct console *c = a->console;
	const char *text;

	if (client_answered(answer, HOLDFAST__V1__FRAME__BODY_CONVERSATION, &text))
		console_switch(c, console_take(c, answer->conversation, TALK_HELD));
	else
		view_error(c->view, "not accepted: %s", text);
	// Without an answer it may be ours, or still open: the next session tells.
	if (answer)
		console_forget_offer(c, a->conversation, a->epoch);
	commands_asked(c);
	free(a->conversation);
	free(a);
}

static struct offer *first_offer(struct console *c)
{
	if (!c->offers)
		view_error(c->view, "there is no offer now");
	return c->offers;
}

static bool run_accept(struct console *c, const char *rest)
{
	const struct offer *o = first_offer(c);
	struct accepting *a;
	Frame *f;

	(void)rest;
	if (!o)
		return false;
	a = xcalloc(1, sizeof(*a));
	*a = (struct accepting){
	        .console = c, .conversation = xstrdup(o->conversation), .epoch = o->epoch};
	f = client_frame(HOLDFAST__V1__FRAME__BODY_ACCEPT);
	f->accept->conversation = xstrdup(o->conversation);
	f->accept->epoch = o->epoch;
	c->waiting = client_request(c->client, f, on_accept, a);
	frame_free(f);
	if (c->waiting)
		return true;
	view_error(c->view, "no connection now; try again");
	free(a->conversation);
	free(a);
	return false;
}

static void now_declined(struct console *c, const char *conversation)
{
	console_forget_offer(c, conversation, UINT64_MAX);
}

static bool run_decline(struct console *c, const char *rest)
{
	const struct offer *o = first_offer(c);
	Frame *f;

	if (!o)
		return false;
	f = client_frame(HOLDFAST__V1__FRAME__BODY_DECLINE);
	f->decline->conversation = xstrdup(o->conversation);
	f->decline->epoch = o->epoch;
	f->decline->reason = xstrdup(*rest ? rest : "other");
	return commands_ask(c, f, o->conversation, "declined", now_declined);
}

// ---- conversations

static const char *const part_words[] = {
        [TALK_HELD] = "",
        [TALK_JOINED] = " by somebody else, joined",
        [TALK_WATCHED] = " by somebody else, watched",
};

static bool run_list(struct console *c, const char *rest)
{
	if (strcmp(rest, "all") == 0)
		return run_list_all(c);
	view_you(c->view, "%s%s", word_presence(c->presence),
	        client_ready(c->client) ? "" : ", not connected");
	for (const struct talk *t = c->talks.first; t; t = t->next)
		view_note(c->view, t->number, "%s, %s%s, %zu messages%s", word_level(t->level),
		        word_state(t->state), part_words[t->part], t->said_count,
		        t == console_current(c) ? " (current)" : "");
	for (const struct offer *o = c->offers; o; o = o->next)
		console_show_offer(c, o, false);
	return false;
}

static bool run_switch(struct console *c, const char *rest)
{
	uint64_t number;
	struct talk *talk = NULL;

	if (bytes_to_u64(bytes_str(rest), &number) && number <= UINT32_MAX)
		talk = talks_by_number(&c->talks, (unsigned)number);
	if (!talk) {
		view_error(c->view, "there is no conversation \"%.20s\"; see /list", rest);
		return false;
	}
	console_switch(c, talk);
	view_note(c->view, talk->number, "what you type goes to this one now");
	return false;
}

struct talk *need_current(struct console *c)
{
	struct talk *talk = console_current(c);

	if (!talk && c->talks.first)
		view_error(c->view, "to whom? Choose with /switch N; see /list");
	else if (!talk)
		view_error(c->view, "you hold nobody now");
	return talk;
}

static bool run_history(struct console *c, const char *rest)
{
	const struct talk *talk = need_current(c);

	(void)rest;
	for (size_t i = 0; talk && i < talk->said_count; i++)
		console_show_message(c, talk, &talk->said[i]);
	return false;
}

// ---- held replies

static const struct said *first_held(const struct talk *talk)
{
	for (size_t i = 0; i < talk->said_count; i++)
		if (talk->said[i].delivery == HOLDFAST__V1__DELIVERY__DELIVERY_HELD)
			return &talk->said[i];
	return NULL;
}

static void on_send_held(const Frame *answer, void *arg)
{
	struct console *c = arg;
	const char *text;

	// What becomes of it shows as its delivery.
	if (!client_answered(answer, HOLDFAST__V1__FRAME__BODY_REPLY_QUEUED, &text))
		view_error(c->view, "not sent: %s", text);
	else if (answer->reply_queued->message)
		console_delivery(c, answer->reply_queued->message);
	commands_asked(c);
}

static bool run_send_held(struct console *c, const char *rest)
{
	const struct talk *talk = need_current(c);
	const struct said *held = talk ? first_held(talk) : NULL;
	Frame *f;

	(void)rest;
	if (talk && !held)
		view_error(c->view, "no reply of this conversation is held");
	if (!held)
		return false;
	f = client_frame(HOLDFAST__V1__FRAME__BODY_SEND_HELD);
	f->send_held->conversation = xstrdup(talk->id);
	f->send_held->epoch = talk->epoch;
	f->send_held->message = xstrdup(held->id);
	c->waiting = client_request(c->client, f, on_send_held, c);
	frame_free(f);
	if (!c->waiting)
		view_error(c->view, "no connection now; try again");
	return c->waiting;
}

static bool run_quit(struct console *c, const char *rest)
{
	(void)rest;
	console_leave(c);
	return false;
}

// ---- the table

static bool run_help(struct console *c, const char *rest);

static const struct typed table[] = {
        {"/available", "", "be offered people", run_available},
        {"/away", "", "no more offers; whom you hold stays yours", run_away},
        {"/break", "[MINUTES]", "no offers for a while (15 minutes)", duty_break},
        {"/shift", "HH:MM", "when you stop; a while before, offers end", duty_shift},
        {"/accept", "", "take the first offer", run_accept},
        {"/decline", "[REASON]", "pass it on: busy, know_them, break, other", run_decline},
        {"/list", "[all]", "whom you hold, and offers; all: everybody of your pools, by need",
                run_list},
        {"/switch", "N", "type to conversation N; /N does the same", run_switch},
        {"/history", "", "all messages of the current conversation", run_history},
        {"/sendheld", "", "send the oldest reply that was HELD because it was late", run_send_held},
        {"/close", "OUTCOME [TAG ...]",
                "end the current conversation, for example /close safe_for_now anxiety school",
                run_close},
        {"/note", "TEXT", "about the current conversation; the texter never sees it", run_note},
        {"/summary", "TEXT", "what whoever has this texter next reads first; also after /close",
                run_summary},
        {"/know", "",
                "you know this texter: it goes to somebody else, and you are never asked again",
                duty_know},
        {"/transfer", "NAME|+SKILL|queue SUMMARY",
                "ask NAME, or whoever has SKILL (lang:es), to take it on, or pass it to the queue",
                run_transfer},
        {"/giveback", "REASON", "you must leave at once: back into the queue", run_give_back},
        {"/invite", "NAME|es", "ask somebody, or an interpreter, to join", run_invite},
        {"/join", "[N|ID]", "join what you are asked to, or watch", run_join},
        {"/leave", "", "leave what you have joined", run_leave},
        {"/whisper", "TEXT", "to who is in the conversation, never to the texter", run_whisper},
        {"/watch", "N|ID", "supervisors: see a conversation live; N as in /list all", run_watch},
        {"/unwatch", "", "supervisors: enough of it", run_unwatch},
        {"/takeover", "N|ID REASON", "supervisors: hold it from now on", run_take_over},
        {"/announce", "POOL TEXT", "supervisors: to everybody of the pool", run_announce},
        {"/offline", "POOL REASON", "supervisors: texters to it are told that nobody is there",
                run_offline},
        {"/online", "POOL", "supervisors: it is there again", run_online},
        {"/finish", "[TAG ...]", "your notes on it are done", run_finish},
        {"/flag", "", "they are in imminent danger: a supervisor is paged", run_flag},
        {"/risk", "thoughts=yes plan=no means=? when=24h",
                "the risk ladder; yes, no or ?, and 24h, 48h, later, none or ?", run_risk},
        {"/level", "LEVEL [WORD]",
                "how urgent the current one is, WORD for the record: calmer, new_facts, misread, "
                "test; LEVEL ID for supervisors",
                run_level},
        {"/settle", "ID", "supervisors: you have seen to a flag", run_settle},
        {"/report", "REASON [NOTE]",
                "the current texter, for abuse: sexual, threats, harassment, prank or other",
                run_report},
        {"/reportaway", "REASON [NOTE]", "the same, and they go to somebody else from now on",
                run_report_away},
        {"/reports", "[POOL]", "supervisors: reports of abuse that nobody has decided",
                run_reports},
        {"/uphold", "ID [HOURS]", "supervisors: they come later for a while (24 hours)",
                run_uphold},
        {"/dismiss", "ID", "supervisors: nothing comes of a report; without one, lift a limit",
                run_dismiss},
        {"/approve", "ID [WORD]",
                "supervisors: agree to a close that takes two, WORD for the record: safe_now, "
                "in_care, unreachable",
                run_approve},
        {"/refuse", "ID [WORD]",
                "supervisors: it is not to be closed yet: not_yet, ask_safety, ask_plan, "
                "wait_for_reply; say more with /join and /whisper",
                run_refuse},
        {"/custody", "[N|ID]", "who had a conversation when; N as in /list all", run_custody},
        {"/forecast", "[POOL]",
                "supervisors: how long people would wait, with more or fewer counselors",
                run_forecast},
        {"/status", "", "supervisors: the whole line at a glance", run_status},
        {"/queue", "", "supervisors: who waits, in order of need", run_queue},
        {"/pages", "[all]", "supervisors: what pages people, and who was paged", run_pages},
        {"/ack", "NUMBER", "you see to a page: it rings no more", run_acknowledge},
        {"/staff", "", "supervisors: who is here, and what they have", run_staff},
        {"/oncall", "", "supervisors: who is on call", run_on_call},
        {"/doctor", "", "supervisors: is all well with the system?", run_checks},
        {"/quarantine", "", "supervisors: what came in and could not be read", run_quarantine},
        {"/read", "ID", "supervisors: one of these as it came", run_read},
        {"/release", "ID LINE NUMBER TEXT", "supervisors: make a text of it", run_release},
        {"/discard", "ID REASON", "supervisors: it was no text", run_discard},
        {"/help", "", "this list", run_help},
        {"/quit", "", "leave; whom you hold waits for you a little, then for somebody else",
                run_quit},
};
#define COMMANDS (sizeof(table) / sizeof(table[0]))

static bool run_help(struct console *c, const char *rest)
{
	struct buf text = {0};

	(void)rest;
	buf_append_str(&text, "What you type is a reply to the current conversation. Commands:");
	for (size_t i = 0; i < COMMANDS; i++)
		buf_printf(
		        &text, "\n  %-11s %-9s %s", table[i].name, table[i].usage, table[i].help);
	buf_append_str(&text, "\nWhen news comes while you type, Ctrl-R shows your line again.");
	view_plain(c->view, buf_str(&text));
	buf_free(&text);
	return false;
}

static bool run_command(struct console *c, const char *line)
{
	size_t len = strcspn(line, " \t");
	const char *rest = line + len + strspn(line + len, " \t");

	if (line[1] >= '0' && line[1] <= '9')
		return run_switch(c, line + 1);
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strlen(table[i].name) == len && strncmp(table[i].name, line, len) == 0)
			return table[i].run(c, rest);
	}
	// It may have been meant for a person: better not sent than sent by mistake.
	view_error(c->view, "there is no command \"%.20s\"; see /help. Nothing was sent", line);
	return false;
}

void commands_run(struct console *c, const char *line)
{
	bool under_way = false;
	struct talk *talk;

	if (*line == '/') {
		under_way = run_command(c, line);
	} else if (*line) {
		talk = need_current(c);
		if (talk && talk->part == TALK_WATCHED)
			view_error(
			        c->view, "you only watch it: NOT SENT. /join first, or /whisper");
		else if (talk)
			replies_add(c, talk, line);
	}
	if (under_way)
		return;
	console_prompt(c);
	console_next_line(c);
}
