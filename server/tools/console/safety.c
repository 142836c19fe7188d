// SPDX-License-Identifier: Apache-2.0
// What keeps a conversation from being forgotten, or ended too soon: silences, closes that take
// two.
#include <stdlib.h>
#include <string.h>

#include "../common/words.h"
#include "console.h"

void safety_nudge(struct console *c, const Holdfast__V1__Nudge *news)
{
	const struct talk *talk = talks_by_id(&c->talks, news->conversation);
	char since[DURATION_MAX];

	if (!talk)
		return;
	word_duration(since, console_now(c) - (news->since_ms + c->clock_offset_ms));
	if (strcmp(news->kind, "counselor_silent") == 0)
		view_note(c->view, talk->number, "the texter has waited %s for your reply", since);
	else
		view_note(c->view, talk->number,
		        "no word from the texter for %s: check in, or close", since);
	console_prompt(c);
}

// ---- a close that takes two

void safety_close_answered(struct console *c, const Holdfast__V1__CloseAnswered *news)
{
	const struct talk *talk = talks_by_id(&c->talks, news->conversation);

	if (talk)
		view_note(c->view, talk->number, "your close is %s%s%s%s%s", news->verdict,
		        *news->by ? " by " : "", news->by, *news->reason ? ": " : "", news->reason);
	else
		view_you(c->view, "the close of %s is %s%s%s", news->conversation, news->verdict,
		        *news->by ? " by " : "", news->by);
}

// A request about a conversation that is not ours needs its epoch: it is asked for first.
struct about {
	struct console *console;
	Frame *request;
	uint64_t *epoch; // in it
	const char *done;
};

static void on_epoch(const Frame *answer, void *arg)
{
	struct about *a = arg;
	struct console *c = a->console;
	const char *text;
	bool known = client_answered(answer, HOLDFAST__V1__FRAME__BODY_CONVERSATION, &text);

	if (known)
		*a->epoch = answer->conversation->epoch;
	else
		view_error(c->view, "not done: %s", text);
	if (!known)
		frame_free(a->request);
	if (!known || !commands_ask(c, a->request, NULL, a->done, NULL))
		commands_asked(c);
	free(a);
}

static bool ask_about(
        struct console *c, const char *id, Frame *request, uint64_t *epoch, const char *done)
{
	struct about *a = xcalloc(1, sizeof(*a));
	Frame *f = client_frame(HOLDFAST__V1__FRAME__BODY_GET_CONVERSATION);

	*a = (struct about){.console = c, .request = request, .epoch = epoch, .done = done};
	f->get_conversation->conversation = xstrdup(id);
	f->get_conversation->after_sequence = INT64_MAX; // none of its texts
	c->waiting = client_request(c->client, f, on_epoch, a);
	frame_free(f);
	if (c->waiting)
		return true;
	view_error(c->view, "no connection now; try again");
	frame_free(request);
	free(a);
	return false;
}

static bool answer_close(struct console *c, const char *rest, bool approve, const char *done)
{
	size_t len = strcspn(rest, " \t");
	const char *reason = rest + len + strspn(rest + len, " \t");
	Frame *f;

	if (!len) {
		view_error(c->view, "which conversation? For example: %s ID",
		        approve ? "/approve" : "/refuse");
		return false;
	}
	f = client_frame(HOLDFAST__V1__FRAME__BODY_ANSWER_CLOSE);
	f->answer_close->conversation = xstrndup(rest, len);
	f->answer_close->approve = approve;
	f->answer_close->reason = xstrdup(reason);
	return ask_about(c, f->answer_close->conversation, f, &f->answer_close->epoch, done);
}

bool run_approve(struct console *c, const char *rest)
{
	return answer_close(c, rest, true, "closed, with you as the second person");
}

bool run_refuse(struct console *c, const char *rest)
{
	return answer_close(c, rest, false, "refused: who asked goes on with it");
}

// ---- flags, levels and the risk ladder

bool run_flag(struct console *c, const char *rest)
{
	const struct talk *talk = need_current(c);
	Frame *f;

	(void)rest;
	if (!talk)
		return false;
	f = client_frame(HOLDFAST__V1__FRAME__BODY_FLAG);
	f->flag->conversation = xstrdup(talk->id);
	f->flag->epoch = talk->epoch;
	return commands_ask(c, f, NULL, "flagged: a supervisor is paged", NULL);
}

bool run_settle(struct console *c, const char *rest)
{
	Frame *f;

	if (!*rest) {
		view_error(c->view, "which conversation? For example: /settle ID");
		return false;
	}
	f = client_frame(HOLDFAST__V1__FRAME__BODY_SETTLE_FLAG);
	f->settle_flag->conversation = xstrdup(rest);
	return commands_ask(c, f, NULL, "settled: it pages nobody any more", NULL);
}

static const char *const answers[] = {"?", "no", "yes"};
static const char *const times[] = {"?", "24h", "48h", "later", "none"};

// False when the word is not one of them.
static bool find_word(const char *const *words, size_t count, const char *word, int *out)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(words[i], word) == 0) {
			*out = (int)i;
			return true;
		}
	}
	return false;
}

static bool read_rung(Holdfast__V1__SetRisk *risk, const char *name, const char *value)
{
	int n = 0;
	bool is_time = strcmp(name, "when") == 0;

	if (is_time ? !find_word(times, 5, value, &n) : !find_word(answers, 3, value, &n))
		return false;
	if (is_time)
		risk->timeframe = (Holdfast__V1__RiskTimeframe)n;
	else if (strcmp(name, "thoughts") == 0)
		risk->thoughts = (Holdfast__V1__RiskAnswer)n;
	else if (strcmp(name, "plan") == 0)
		risk->plan = (Holdfast__V1__RiskAnswer)n;
	else if (strcmp(name, "means") == 0)
		risk->means = (Holdfast__V1__RiskAnswer)n;
	else
		return false;
	return true;
}

static bool read_risk(Holdfast__V1__SetRisk *risk, const char *rest)
{
	char *words = xstrdup(rest), *left = words;
	bool good = *rest;

	for (char *one; good && (one = strsep(&left, " \t")) != NULL;) {
		char *value = strchr(one, '=');

		if (value)
			*value++ = 0;
		good = !*one || (value && read_rung(risk, one, value));
	}
	free(words);
	return good;
}

bool run_risk(struct console *c, const char *rest)
{
	const struct talk *talk = need_current(c);
	Frame *f;

	if (!talk)
		return false;
	f = client_frame(HOLDFAST__V1__FRAME__BODY_SET_RISK);
	f->set_risk->conversation = xstrdup(talk->id);
	f->set_risk->epoch = talk->epoch;
	if (read_risk(f->set_risk, rest))
		return commands_ask(c, f, NULL, "noted", NULL);
	view_error(c->view, "type for example: /risk thoughts=yes plan=no means=? when=24h");
	frame_free(f);
	return false;
}

bool run_level(struct console *c, const char *rest)
{
	size_t len = strcspn(rest, " \t");
	char *name = xstrndup(rest, len);
	const char *more = rest + len + strspn(rest + len, " \t");
	bool of_another = strchr(more, '.') != NULL; // an id: what a supervisor does not hold
	const struct talk *talk = of_another ? NULL : console_current(c);
	Holdfast__V1__Level level = HOLDFAST__V1__LEVEL__LEVEL_LOW;
	Frame *f;

	while (level <= HOLDFAST__V1__LEVEL__LEVEL_IMMINENT && strcmp(word_level(level), name) != 0)
		level++;
	free(name);
	if (level > HOLDFAST__V1__LEVEL__LEVEL_IMMINENT || (!talk && !of_another)) {
		view_error(c->view,
		        "type /level imminent, high, unknown, medium or low, and then a "
		        "word for the record (calmer), or the ID of one that you do not hold");
		return false;
	}
	f = client_frame(HOLDFAST__V1__FRAME__BODY_SET_LEVEL);
	f->set_level->conversation = xstrdup(of_another ? more : talk->id);
	f->set_level->level = level;
	f->set_level->reason = xstrdup(of_another ? "" : more);
	return commands_ask(c, f, NULL, "the level is set", NULL);
}
