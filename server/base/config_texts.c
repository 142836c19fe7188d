// SPDX-License-Identifier: Apache-2.0
// Checks of the configured words of automatic texts.
#include <ctype.h>
#include <string.h>

#include "base/gsm7.h"
#include "base/texts.h"
#include "base/utf8.h"
#include "config_private.h"

// Kannel takes ten; an automatic text that long is read by nobody in need.
#define SEGMENTS_MAX 6

static bool is_line(const struct config *c, const char *name)
{
	bool is = strcmp(name, "*") == 0;
	for (unsigned i = 0; i < c->lines_count; i++)
		is = is || strcmp(c->lines[i].number, name) == 0 ||
		     (*name && strcmp(c->lines[i].name, name) == 0);
	return is;
}

static void check_words(
        struct config_report *r, const char *path, enum text_id id, const char *words)
{
	const char *wrong = text_wrong_blank(id, words);
	struct bytes text = bytes_str(words);
	if (wrong)
		config_mistake(r, path, "\"%.*s\" is not one of its blanks: line, emergency%s%s",
		        (int)strcspn(wrong, " ,.;:") < 24 ? (int)strcspn(wrong, " ,.;:") : 24,
		        wrong, *text_row(id)->blanks ? "," : "", text_row(id)->blanks);
	if (!utf8_valid(text))
		config_mistake(r, path, "is not UTF-8");
	else if (sms_shape(text).segments > SEGMENTS_MAX)
		config_mistake(r, path, "is longer than %d parts of a text", SEGMENTS_MAX);
}

static void check_text(struct config_report *r, const struct config *c, unsigned i)
{
	const struct config_text *t = &c->texts[i];
	struct config_key words = config_key("texts[%u].text", i);
	enum text_id id;
	if (!is_line(c, t->line))
		config_mistake(r, config_key("texts[%u].line", i).path,
		        "must be the number or name of a line, or \"*\" for all");
	if (!text_is_language(t->language))
		config_mistake(r, config_key("texts[%u].language", i).path,
		        "must be a language like en, es or fr");
	if (!config_has(r, words.path))
		config_mistake(r, words.path, "is missing; \"\" turns the text off");
	if (text_from_name(t->name, &id))
		check_words(r, words.path, id, t->text);
	else
		config_mistake(r, config_key("texts[%u].name", i).path,
		        "there is no automatic text \"%s\"", t->name);
}

static void check_intake(struct config_report *r, const struct config_pool *p, const char *path)
{
	enum text_id id;
	if (p->intake_count > TEXT_QUESTIONS_MAX)
		config_mistake(r, path, "must be at most %d questions", TEXT_QUESTIONS_MAX);
	for (unsigned i = 0; i < p->intake_count; i++)
		if (!text_question(p->intake[i], &id))
			config_mistake(r, config_key("%s[%u]", path, i).path,
			        "there is no automatic text \"question_%s\"", p->intake[i]);
}

// Some letter or figure, of whatever alphabet.
static bool has_word(const char *s)
{
	while (*s && !isalnum((unsigned char)*s) && !((unsigned char)*s & 0x80))
		s++;
	return *s != 0;
}

static void check_delete_words(
        struct config_report *r, const char *path, const struct config_delete_words *d)
{
	if (*d->language && !text_is_language(d->language))
		config_mistake(r, config_key("%s.language", path).path,
		        "must be a language like en, es or fr");
	for (unsigned i = 0; i < d->words_count; i++)
		if (!has_word(d->words[i]))
			config_mistake(r, config_key("%s.words[%u]", path, i).path,
			        "must be one word at least");
}

static void check_pool_texts(struct config_report *r, const struct config *c, unsigned i)
{
	const struct config_pool *p = &c->pools[i];
	check_intake(r, p, config_key("pools[%u].intake", i).path);
	for (unsigned j = 0; j < p->delete_words_count; j++)
		check_delete_words(r, config_key("pools[%u].delete_words[%u]", i, j).path,
		        &p->delete_words[j]);
	if (*p->hours && !config_schedule(c, p->hours))
		config_mistake(r, config_key("pools[%u].hours", i).path,
		        "there is no schedule \"%s\"", p->hours);
}

void config_check_texts(struct config_report *r, const struct config *c)
{
	for (unsigned i = 0; i < c->lines_count; i++)
		if (!text_is_language(c->lines[i].language))
			config_mistake(r, config_key("lines[%u].language", i).path,
			        "must be a language like en, es or fr");
	for (unsigned i = 0; i < c->pools_count; i++)
		check_pool_texts(r, c, i);
	for (unsigned i = 0; i < c->texts_count; i++)
		check_text(r, c, i);
}
