// SPDX-License-Identifier: Apache-2.0
// Tags of a conversation, from its line and the word that its text begins with.
#include "tags.h"

#include "core/skills.h"

static void add(struct buf *list, const char *prefix, const char *skill)
{
	buf_printf(list, "%s%s%s", list->len ? "," : "", prefix, skill);
}

static void add_all(struct buf *list, char *const *skills, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		add(list, "", skills[i]);
}

static const struct config_keyword *find_keyword(const struct config_line *line, struct bytes text)
{
	for (unsigned i = 0; i < line->keywords_count; i++)
		if (skills_keyword((const char *)text.data, text.len, line->keywords[i].word))
			return &line->keywords[i];
	return NULL;
}

void tags_of(const struct config_line *line, struct bytes text, struct tags *out)
{
	const struct config_keyword *k = find_keyword(line, text);
	*out = (struct tags){.language = "", .partner = ""};
	add_all(&out->require, line->require, line->require_count);
	add_all(&out->want, line->want, line->want_count);
	if (!k)
		return;
	add_all(&out->require, k->require, k->require_count);
	add_all(&out->want, k->want, k->want_count);
	if (*k->language)
		add(&out->require, SKILL_LANG, k->language);
	out->language = k->language;
	out->partner = k->partner;
}

void tags_free(struct tags *t)
{
	buf_free(&t->require);
	buf_free(&t->want);
}
