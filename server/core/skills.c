// SPDX-License-Identifier: Apache-2.0
// What a conversation asks of its counselor, for how long, and who has it.
#include "core/skills.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "core/deletion.h"

void skills_split(char *csv, struct skills *out)
{
	char *rest = csv;
	out->count = 0;
	for (char *one; out->count < SKILLS_MAX && (one = strsep(&rest, ",")) != NULL;)
		if (*one)
			out->at[out->count++] = one;
}

bool skills_have(const struct skills *s, const char *skill)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->at[i], skill) == 0)
			return true;
	return false;
}

bool skills_meet(const struct skills *has, const char *skill)
{
	return *skill == SKILL_NOT ? !skills_have(has, skill + 1) : skills_have(has, skill);
}

unsigned skills_wanted(const struct skills *has, const struct skills *want)
{
	unsigned count = 0;
	for (size_t i = 0; i < want->count; i++)
		count += skills_meet(has, want->at[i]) ? 1 : 0;
	return count;
}

static bool is_language(const char *skill)
{
	return strncmp(skill, SKILL_LANG, strlen(SKILL_LANG)) == 0;
}

static bool drops(const char *what, const char *skill)
{
	size_t len = strlen(what);
	if (strcmp(what, "*") == 0)
		return !is_language(skill);
	if (len > 0 && what[len - 1] == ':')
		return strncmp(skill, what, len) == 0;
	return strcmp(skill, what) == 0;
}

// After how long a skill is asked for no more; -1 for never.
static int64_t asked_for_ms(const struct skills_policy *p, const char *skill)
{
	int64_t least = is_language(skill) ? -1 : p->at_most_ms;
	for (size_t i = 0; i < p->rings_count; i++) {
		const struct skills_ring *ring = &p->rings[i];
		for (size_t k = 0; k < ring->drop.count; k++)
			if (drops(ring->drop.at[k], skill) && (least < 0 || ring->after_ms < least))
				least = ring->after_ms;
	}
	return least;
}

bool skills_asked(const struct skills_policy *p, const char *skill, int64_t waited_ms, bool known)
{
	int64_t for_ms = asked_for_ms(p, skill);
	if (!known && !is_language(skill))
		return false;
	return for_ms < 0 || waited_ms < for_ms;
}

int64_t skills_next_ms(
        const struct skills_policy *p, const struct skills *require, int64_t waited_ms)
{
	int64_t next = 0;
	for (size_t i = 0; i < require->count; i++) {
		int64_t for_ms = asked_for_ms(p, require->at[i]);
		if (for_ms > waited_ms && (next == 0 || for_ms < next))
			next = for_ms;
	}
	return next;
}

// ---- keywords ----

static bool is_letter(uint32_t c)
{
	return c >= 0x80 || isalnum((int)c);
}

bool skills_keyword(const char *text, size_t len, const char *word)
{
	struct bytes t = bytes_of(text, len), w = bytes_str(word);
	size_t at = 0, in_word = 0;
	while (at < t.len && isspace(t.data[at]))
		at++;
	while (in_word < w.len) {
		if (at >= t.len ||
		        deletion_plain(utf8_next(t, &at)) != deletion_plain(utf8_next(w, &in_word)))
			return false;
	}
	return w.len > 0 && (at >= t.len || !is_letter(utf8_next(t, &at)));
}
