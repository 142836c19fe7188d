// SPDX-License-Identifier: Apache-2.0
// The next automatic text to somebody who waits.
#include "core/care.h"

#include <stdio.h>
#include <string.h>

// Texts in a row read as one; a machine that talks faster than people do is no comfort.
#define GAP_MS 10000
// Before a range is told or anything asked: perhaps somebody is there at once.
#define SETTLE_MS 20000
// They may still be writing.
#define PAUSE_MS 8000
// A desk that is empty for a moment is no news.
#define NOBODY_MS 60000
// Shorter waits are told to nobody: the text would come with the answer.
#define TELL_FROM_MS 120000
#define LOOK_MS      20000
// They may still be writing thanks.
#define SURVEY_MS 30000

bool care_was_said(const struct care *c, const char *mark)
{
	size_t len = strlen(mark);
	for (const char *at = c->said; *at;) {
		size_t one = strcspn(at, ",");
		if (one == len && memcmp(at, mark, len) == 0)
			return true;
		at += one + (at[one] == ',');
	}
	return false;
}

static bool unsaid(const struct care *c, enum text_id id)
{
	return !care_was_said(c, text_row(id)->name);
}

static struct care_decision speak(enum text_id id)
{
	struct care_decision d = {.speak = true, .text = id};
	snprintf(d.mark, sizeof d.mark, "%s", text_row(id)->name);
	return d;
}

static struct care_decision look_at(int64_t ms)
{
	return (struct care_decision){.look_at_ms = ms};
}

// Updates that were told; CARE_UPDATES_MAX when no more may be.
static unsigned updates_told(const struct care *c)
{
	char mark[32];
	for (unsigned n = 0; n < CARE_UPDATES_MAX; n++) {
		snprintf(mark, sizeof mark, "%s_%u", text_row(TEXT_WAIT_UPDATE)->name, n + 1);
		if (!care_was_said(c, mark))
			return n;
	}
	return CARE_UPDATES_MAX;
}

static const enum text_id *next_question(const struct care *c, const struct care_pool *p)
{
	for (size_t i = 0; i < p->questions_count; i++)
		if (unsaid(c, p->questions[i]))
			return &p->questions[i];
	return NULL;
}

// Outside the hours, and where nobody is: once each, and only one of them.
static bool was_told_to_come_back(const struct care *c)
{
	return !unsaid(c, TEXT_OFF_HOURS) || !unsaid(c, TEXT_NOBODY) || !unsaid(c, TEXT_OFFLINE);
}

static bool tell_absence(
        const struct care *c, const struct care_now *now, struct care_decision *out)
{
	bool closed = now->closed, waited = now->now_ms - c->enqueued_ms >= NOBODY_MS;
	if (c->offered)
		return false;
	if ((!closed && !(now->nobody && waited)) || was_told_to_come_back(c))
		return false;
	enum text_id absent = now->offline ? TEXT_OFFLINE : TEXT_NOBODY;
	*out = speak(closed && now->opens_known ? TEXT_OFF_HOURS : absent);
	out->once_a_day = true;
	return true;
}

static bool tell_range(const struct care *c, const struct care_now *now, struct care_decision *out)
{
	bool first = unsaid(c, TEXT_WAIT);
	unsigned updates = updates_told(c);
	// The forecast knows nothing of limits.
	if (!now->forecast || c->offered || c->limited)
		return false;
	if (first && now->high_ms < TELL_FROM_MS)
		return false;
	if (!first &&
	        (updates == CARE_UPDATES_MAX || !c->promised_ms || now->now_ms <= c->promised_ms))
		return false;
	*out = speak(first ? TEXT_WAIT : TEXT_WAIT_UPDATE);
	if (!first)
		snprintf(out->mark, sizeof out->mark, "%s_%u", text_row(TEXT_WAIT_UPDATE)->name,
		        updates + 1);
	int64_t low, high;
	text_range_round(now->low_ms, now->high_ms, &low, &high);
	out->promised_ms = now->now_ms + high;
	return true;
}

static bool ask(const struct care *c, const struct care_pool *p, const struct care_now *now,
        struct care_decision *out)
{
	const enum text_id *question = next_question(c, p);
	bool answered = c->asked == 0 || c->last_in > c->asked;
	if (!question || c->offered || !answered || now->now_ms - c->last_in_ms < PAUSE_MS)
		return false;
	*out = speak(*question);
	out->question = true;
	return true;
}

// Who is welcomed only now is greeted enough.
static bool greets_again(const struct care *c)
{
	return c->reopened && c->said_at_ms < c->enqueued_ms && unsaid(c, TEXT_REOPENED);
}

static bool is_over(const struct care *c, const struct care_pool *p)
{
	return !unsaid(c, TEXT_WELCOME) && was_told_to_come_back(c) && !unsaid(c, TEXT_WAIT) &&
	       updates_told(c) == CARE_UPDATES_MAX && !next_question(c, p);
}

static struct care_decision after_the_end(const struct care *c, const struct care_now *now)
{
	if (!c->over || !c->survey || c->level == LEVEL_IMMINENT || !unsaid(c, TEXT_SURVEY))
		return look_at(0);
	if (now->now_ms - c->closed_ms < SURVEY_MS)
		return look_at(c->closed_ms + SURVEY_MS);
	return speak(TEXT_SURVEY);
}

struct care_decision care_decide(
        const struct care *c, const struct care_pool *p, const struct care_now *now)
{
	struct care_decision d;
	if (!c->waits)
		return after_the_end(c, now);
	// Nobody in danger is asked anything, or told to wait. A human may lower the level.
	if (c->level == LEVEL_IMMINENT)
		return unsaid(c, TEXT_COMING) ? speak(TEXT_COMING) : look_at(now->now_ms + LOOK_MS);
	if (unsaid(c, TEXT_WELCOME))
		return speak(TEXT_WELCOME);
	if (greets_again(c))
		return speak(TEXT_REOPENED);
	if (tell_absence(c, now, &d))
		return d;
	if (is_over(c, p))
		return look_at(0);
	if (now->now_ms - c->enqueued_ms < SETTLE_MS)
		return look_at(c->enqueued_ms + SETTLE_MS);
	if (now->now_ms - c->said_at_ms < GAP_MS)
		return look_at(c->said_at_ms + GAP_MS);
	if (c->limited && !c->offered && unsaid(c, TEXT_LIMITED))
		return speak(TEXT_LIMITED);
	bool here = !now->closed && !now->nobody;
	if (here && (tell_range(c, now, &d) || ask(c, p, now, &d)))
		return d;
	return look_at(now->now_ms + LOOK_MS);
}

// ---- answers ----

// In English, Spanish and French; first words, in lower case but for what is not ASCII.
static const struct {
	const char *word;
	const char *answer;
} answers[] = {
        {"yes", "yes"},
        {"y", "yes"},
        {"yeah", "yes"},
        {"yea", "yes"},
        {"yep", "yes"},
        {"yup", "yes"},
        {"ya", "yes"},
        {"maybe", "yes"},
        {"sometimes", "yes"},
        {"kinda", "yes"},
        {"always", "yes"},
        {"sort", "yes"},
        {"kind", "yes"},
        {"definitely", "yes"},
        {"si", "yes"},
        {"s\xc3\xad", "yes"},
        {"s\xc3\x8d", "yes"},
        {"quiz\xc3\xa1", "yes"},
        {"quiz\xc3\xa1s", "yes"},
        {"quizas", "yes"},
        {"tal", "yes"},
        {"oui", "yes"},
        {"ouais", "yes"},
        {"parfois", "yes"},
        {"no", "no"},
        {"n", "no"},
        {"nope", "no"},
        {"nah", "no"},
        {"not", "no"},
        {"never", "no"},
        {"nunca", "no"},
        {"non", "no"},
        {"jamais", "no"},
        {"pas", "no"},
};

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

const char *care_answer(struct bytes text)
{
	char word[16];
	size_t at = 0, len = 0;
	while (at < text.len && !is_letter(text.data[at]))
		at++;
	for (; at < text.len && is_letter(text.data[at]) && len < sizeof word - 1; at++) {
		uint8_t c = text.data[at];
		word[len++] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	word[len] = '\0';
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
		if (strcmp(answers[i].word, word) == 0)
			return answers[i].answer;
	return "";
}

unsigned care_rating(struct bytes text)
{
	unsigned rating = 0;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
			continue;
		if (c < '1' || c > '5' || rating)
			return 0;
		rating = (unsigned)(c - '0');
	}
	return rating;
}
