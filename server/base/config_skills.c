// SPDX-License-Identifier: Apache-2.0
// Checks of what lines and pools ask of counselors.
#include <string.h>

#include "base/texts.h"
#include "config_private.h"

#define SKILL_LEN_MAX 32
#define LIST_MAX      16 // of skills
#define RINGS_MAX     6
#define KEYWORDS_MAX  100

bool config_is_skill(const char *skill)
{
	const char *word = skill + (*skill == '!');
	size_t len = strlen(word);
	return len >= 1 && len <= SKILL_LEN_MAX &&
	       strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789:_-") == len;
}

bool config_is_level(const char *name)
{
	static const char *const levels[] = {"imminent", "high", "unknown", "medium", "low"};
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (strcmp(levels[i], name) == 0)
			return true;
	return false;
}

static void check_skills(
        struct config_report *r, const char *path, char *const *skills, unsigned count)
{
	if (count > LIST_MAX)
		config_mistake(r, path, "has more than %d skills", LIST_MAX);
	for (unsigned i = 0; i < count; i++)
		if (!config_is_skill(skills[i]))
			config_mistake(r, config_key("%s[%u]", path, i).path,
			        "must be at most %d of a-z, 0-9, :, _ and -, perhaps with a ! "
			        "before",
			        SKILL_LEN_MAX);
}

static void check_keyword(struct config_report *r, const char *path, const struct config_keyword *k)
{
	if (!*k->word)
		config_mistake(r, config_key("%s.word", path).path, "is missing");
	if (*k->partner && (!config_is_skill(k->partner) || *k->partner == '!'))
		config_mistake(r, config_key("%s.partner", path).path,
		        "must be at most %d of a-z, 0-9, :, _ and -", SKILL_LEN_MAX);
	if (*k->language && !text_is_language(k->language))
		config_mistake(r, config_key("%s.language", path).path,
		        "must be two or three small letters");
	check_skills(r, config_key("%s.require", path).path, k->require, k->require_count);
	check_skills(r, config_key("%s.want", path).path, k->want, k->want_count);
}

void config_check_line_skills(
        struct config_report *r, const char *path, const struct config_line *l)
{
	check_skills(r, config_key("%s.require", path).path, l->require, l->require_count);
	check_skills(r, config_key("%s.want", path).path, l->want, l->want_count);
	if (l->keywords_count > KEYWORDS_MAX)
		config_mistake(
		        r, config_key("%s.keywords", path).path, "has more than %d", KEYWORDS_MAX);
	for (unsigned i = 0; i < l->keywords_count; i++)
		check_keyword(r, config_key("%s.keywords[%u]", path, i).path, &l->keywords[i]);
}

// Of "*" and "partner:" too: what a ring drops need not be a skill's whole name.
static void check_ring(struct config_report *r, const char *path, const struct config_ring *ring)
{
	if (ring->drop_count > LIST_MAX)
		config_mistake(r, path, "drops more than %d skills", LIST_MAX);
	for (unsigned i = 0; i < ring->drop_count; i++)
		if (strcmp(ring->drop[i], "*") != 0 && !config_is_skill(ring->drop[i]))
			config_mistake(r, config_key("%s.drop[%u]", path, i).path,
			        "must be a skill, the beginning of some with its \":\", or \"*\"");
}

void config_check_pool_skills(
        struct config_report *r, const char *path, const struct config_pool *p)
{
	if (p->rings_count > RINGS_MAX)
		config_mistake(r, config_key("%s.rings", path).path, "has more than %d", RINGS_MAX);
	for (unsigned i = 0; i < p->rings_count; i++)
		check_ring(r, config_key("%s.rings[%u]", path, i).path, &p->rings[i]);
	if (*p->trainee_up_to && !config_is_level(p->trainee_up_to))
		config_mistake(r, config_key("%s.trainee_up_to", path).path,
		        "must be imminent, high, unknown, medium or low");
}
