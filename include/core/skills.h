// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Who may be offered a conversation by what they can do. A skill is a word such as "youth",
// "partner:tribe" or, of a language, "lang:es"; "!trainee" is what a counselor must not have.
// Pure. Rings let requirements go with the time that somebody has waited, at absolute times from
// the enqueue, so that a scarce skill strands nobody; a language goes only where a ring names it.

#define SKILLS_MAX 16
#define SKILL_LANG "lang:"
#define SKILL_NOT  '!'

// Borrowed words.
struct skills {
	size_t count;
	const char *at[SKILLS_MAX];
};

// Cuts a comma-separated list up; what is beyond SKILLS_MAX is left out.
void skills_split(char *csv, struct skills *out);
bool skills_have(const struct skills *s, const char *skill);

struct skills_ring {
	int64_t after_ms;
	struct skills drop; // whole words, beginnings that end in ':', or "*": all but languages
};
#define SKILLS_RINGS_MAX 6
struct skills_policy {
	struct skills_ring rings[SKILLS_RINGS_MAX];
	size_t rings_count;
	int64_t at_most_ms; // nothing but a language is asked for longer
};

// Is `skill` still asked for after that wait? `known`: somebody who is signed in has it (of a "!"
// word: lacks it). What nobody has is not asked for at all, unless it is a language.
bool skills_asked(const struct skills_policy *p, const char *skill, int64_t waited_ms, bool known);
// How long somebody must have waited for less to be asked for than now; 0 when that never changes.
int64_t skills_next_ms(
        const struct skills_policy *p, const struct skills *require, int64_t waited_ms);
bool skills_meet(const struct skills *has, const char *skill);
// How many of the wished-for skills somebody has.
unsigned skills_wanted(const struct skills *has, const struct skills *want);

// Does a text that begins a conversation name `word`: is it that word, or begins with it as a whole
// word? Upper case and accents of Latin letters do not matter.
bool skills_keyword(const char *text, size_t len, const char *word);
