// SPDX-License-Identifier: Apache-2.0
// What a supervisor types about conversations that others hold, and how one is handed on.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../common/words.h"
#include "base/utf8.h"
#include "console.h"

static bool send(struct console *c, Frame *f, client_answer_fn fn)
{
	c->waiting = client_request(c->client, f, fn, c);
	frame_free(f);
	if (!c->waiting)
		view_error(c->view, "no connection now; try again");
	return c->waiting;
}

// ---- list

static void list_line(
        struct console *c, struct buf *text, size_t number, const Holdfast__V1__Conversation *one)
{
	char since[DURATION_MAX];

	buf_printf(text, "\n  %zu  %s  %s %s", number, word_level(one->level),
	        word_state(one->state), one->holder);
	if (one->unanswered_since_ms)
		buf_printf(text, "  unanswered for %s",
		        word_duration(since,
		                console_now(c) - one->unanswered_since_ms - c->clock_offset_ms));
	if (one->n_attention) {
		buf_append_str(text, "  ATTENTION ");
		word_list(text, one->attention, one->n_attention, "");
	}
	if (one->n_present) {
		buf_append_str(text, "  with ");
		word_list(text, one->present, one->n_present, "");
	}
	if (*one->limited)
		buf_printf(text, "  limited: %s", one->limited);
	buf_printf(text, "  %s", one->id);
}

static void on_list(const Frame *answer, void *arg)
{
	struct console *c = arg;
	struct buf text = {0}, safe = {0};
	const char *why;

	commands_asked(c);
	if (!client_answered(answer, HOLDFAST__V1__FRAME__BODY_CONVERSATION_LIST, &why)) {
		view_error(c->view, "not done: %s", why);
		return;
	}
	const Holdfast__V1__ConversationList *l = answer->conversation_list;
	console_forget_listed(c);
	c->listed = xcalloc(l->n_conversations + 1, sizeof(char *));
	c->listed_epochs = xcalloc(l->n_conversations + 1, sizeof(uint64_t));
	buf_printf(&text, "%" PRIu64 " open", l->total);
	for (size_t i = 0; i < l->n_conversations; i++) {
		c->listed_epochs[i] = l->conversations[i]->epoch;
		c->listed[c->listed_count++] = xstrdup(l->conversations[i]->id);
		list_line(c, &text, i + 1, l->conversations[i]);
	}
	utf8_for_terminal(buf_bytes(&text), &safe);
	view_plain(c->view, buf_str(&safe));
	buf_free(&text);
	buf_free(&safe);
}

bool run_list_all(struct console *c)
{
	return send(c, client_frame(HOLDFAST__V1__FRAME__BODY_LIST_CONVERSATIONS), on_list);
}

void console_forget_listed(struct console *c)
{
	for (size_t i = 0; i < c->listed_count; i++)
		free(c->listed[i]);
	free(c->listed);
	free(c->listed_epochs);
	c->listed = NULL;
	c->listed_epochs = NULL;
	c->listed_count = 0;
}

// ---- which conversation

// By its number in the latest /list all, or by its id; NULL after having said so.
static const char *choose(struct console *c, const char *word)
{
	uint64_t number;

	if (!bytes_to_u64(bytes_str(word), &number))
		return word;
	if (number >= 1 && number <= c->listed_count)
		return c->listed[number - 1];
	view_error(c->view, "there is no number %.20s in the latest /list all", word);
	return NULL;
}

// As we know it from the list, or from being in it; 0 is not.
static uint64_t epoch_of(const struct console *c, const char *id)
{
	const struct talk *talk = talks_by_id(&c->talks, id);

	if (talk)
		return talk->epoch;
	for (size_t i = 0; i < c->listed_count; i++)
		if (strcmp(c->listed[i], id) == 0)
			return c->listed_epochs[i];
	return 0;
}

// Cuts off the first word of *rest; the caller frees it.
static char *next_word(const char **rest)
{
	size_t len = strcspn(*rest, " \t");
	char *word = xstrndup(*rest, len);

	*rest += len + strspn(*rest + len, " \t");
	return word;
}

static const struct talk *current(struct console *c)
{
	const struct talk *talk = console_current(c);

	if (!talk)
		view_error(c->view, "in which conversation? Choose with /switch N; see /list");
	return talk;
}

static bool need(struct console *c, const char *rest, const char *usage)
{
	if (!*rest)
		view_error(c->view, "type %s", usage);
	return *rest;
}

// ---- being in it

static void on_in(const Frame *answer, void *arg, enum talk_part part)
{
	struct console *c = arg;
	const struct talk *talk;
	const char *why;

	commands_asked(c);
	if (!client_answered(answer, HOLDFAST__V1__FRAME__BODY_CONVERSATION, &why)) {
		view_error(c->view, "not done: %s", why);
		return;
	}
	const Holdfast__V1__Conversation *in = answer->conversation;
	talk = talks_by_id(&c->talks, in->id);
	if (strcmp(in->holder, c->settings->user) == 0)
		part = TALK_HELD;
	else if (talk && talk->part == TALK_JOINED)
		part = TALK_JOINED;
	console_switch(c, console_take(c, in, part));
	console_around(c, in);
}

static void on_watching(const Frame *answer, void *arg)
{
	on_in(answer, arg, TALK_WATCHED);
}

static void on_joined(const Frame *answer, void *arg)
{
	on_in(answer, arg, TALK_JOINED);
}

static void on_taken(const Frame *answer, void *arg)
{
	on_in(answer, arg, TALK_HELD);
}

bool run_watch(struct console *c, const char *rest)
{
	const char *id = need(c, rest, "/watch N, as in /list all") ? choose(c, rest) : NULL;
	Frame *f;

	if (!id)
		return false;
	f = client_frame(HOLDFAST__V1__FRAME__BODY_WATCH);
	f->watch->conversation = xstrdup(id);
	f->watch->on = true;
	return send(c, f, on_watching);
}

static void now_out(struct console *c, const char *conversation)
{
	struct talk *talk = talks_by_id(&c->talks, conversation);

	if (talk && talk->part != TALK_HELD)
		console_drop_talk(c, talk, "off your screen");
}

bool run_unwatch(struct console *c, const char *rest)
{
	const struct talk *talk = current(c);
	Frame *f;

	(void)rest;
	if (!talk)
		return false;
	f = client_frame(HOLDFAST__V1__FRAME__BODY_WATCH);
	f->watch->conversation = xstrdup(talk->id);
	return commands_ask(c, f, talk->id, "not watched any more", now_out);
}

bool run_join(struct console *c, const char *rest)
{
	const char *id = NULL;
	Frame *f;

	if (*rest)
		id = choose(c, rest);
	else if (c->invited)
		id = c->invited;
	else if (current(c))
		id = console_current(c)->id;
	if (!id)
		return false;
	f = client_frame(HOLDFAST__V1__FRAME__BODY_JOIN);
	f->join->conversation = xstrdup(id);
	return send(c, f, on_joined);
}

bool run_leave(struct console *c, const char *rest)
{
	const struct talk *talk = current(c);
	Frame *f;

	(void)rest;
	if (!talk)
		return false;
	f = client_frame(HOLDFAST__V1__FRAME__BODY_LEAVE);
	f->leave->conversation = xstrdup(talk->id);
	return commands_ask(c, f, talk->id, "you have left", now_out);
}

bool run_take_over(struct console *c, const char *rest)
{
	char *word = next_word(&rest);
	const char *id =
	        need(c, rest, "/takeover N REASON, N as in /list all") ? choose(c, word) : NULL;
	Frame *f = id ? client_frame(HOLDFAST__V1__FRAME__BODY_TAKE_OVER) : NULL;

	if (f) {
		f->take_over->conversation = xstrdup(id);
		f->take_over->epoch = epoch_of(c, id);
		f->take_over->reason = xstrdup(rest);
	}
	free(word);
	return f && send(c, f, on_taken);
}

// ---- words among staff

bool run_whisper(struct console *c, const char *rest)
{
	const struct talk *talk = current(c);
	Frame *f;

	if (!talk || !need(c, rest, "/whisper TEXT; the texter does not see it"))
		return false;
	f = client_frame(HOLDFAST__V1__FRAME__BODY_WHISPER);
	f->whisper->conversation = xstrdup(talk->id);
	f->whisper->text = xstrdup(rest);
	return commands_ask(c, f, NULL, "whispered", NULL);
}

bool run_announce(struct console *c, const char *rest)
{
	char *pool = next_word(&rest);
	Frame *f = client_frame(HOLDFAST__V1__FRAME__BODY_ANNOUNCE);

	f->announce->pool = pool;
	f->announce->text = xstrdup(rest);
	if (need(c, rest, "/announce POOL TEXT"))
		return commands_ask(c, f, NULL, "announced", NULL);
	frame_free(f);
	return false;
}

// ---- passing on

// No name holds a colon; a skill without one has a plus before it.

bool run_transfer(struct console *c, const char *rest)
{
	const struct talk *talk = current(c);
	char *to = next_word(&rest);
	Frame *f = NULL;

	if (talk && need(c, rest,
	                    "/transfer NAME SUMMARY, for a skill /transfer lang:es SUMMARY or "
	                    "/transfer +youth SUMMARY, or /transfer queue SUMMARY")) {
		bool by_skill = *to == '+' || strchr(to, ':');
		f = client_frame(HOLDFAST__V1__FRAME__BODY_TRANSFER);
		f->transfer->conversation = xstrdup(talk->id);
		f->transfer->epoch = talk->epoch;
		f->transfer->to = xstrdup(by_skill || strcmp(to, "queue") == 0 ? "" : to);
		f->transfer->skill = xstrdup(by_skill ? to + (*to == '+') : "");
		f->transfer->summary = xstrdup(rest);
	}
	free(to);
	return f && commands_ask(c, f, NULL, "asked; until somebody has it, it is yours", NULL);
}

bool run_give_back(struct console *c, const char *rest)
{
	const struct talk *talk = current(c);
	Frame *f;

	if (!talk || !need(c, rest, "/giveback REASON"))
		return false;
	f = client_frame(HOLDFAST__V1__FRAME__BODY_RELEASE);
	f->release->conversation = xstrdup(talk->id);
	f->release->epoch = talk->epoch;
	f->release->reason = xstrdup(rest);
	return commands_ask(c, f, NULL, "given back to the queue", NULL);
}

// A language has two letters, a name has more.
bool run_invite(struct console *c, const char *rest)
{
	const struct talk *talk = current(c);
	Frame *f;

	if (!talk || !need(c, rest, "/invite NAME, or /invite es for a language"))
		return false;
	f = client_frame(HOLDFAST__V1__FRAME__BODY_INVITE);
	f->invite->conversation = xstrdup(talk->id);
	f->invite->epoch = talk->epoch;
	f->invite->language = xstrdup(strlen(rest) == 2 ? rest : "");
	f->invite->name = xstrdup(strlen(rest) == 2 ? "" : rest);
	return commands_ask(c, f, NULL, "asked; you see it when somebody has joined", NULL);
}
