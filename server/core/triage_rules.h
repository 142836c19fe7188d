// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>

#include "core/triage.h"

// The rules, as tables by language. A pattern is a row of words over the normalised text (case,
// accents, apostrophes, repeats and look-alike letters are gone before it is read):
//
//   kill|end myself      one of two words, then another
//   suicid*              any word that begins so
//   going to ~3 pills    up to three words between
//
// Emoji that say something are words too: <pill> <knife> <gun> <coffin> <blood> <cry>.

// Alternatives bind to one word: "last year|month ago" is "last", then one of two, then "ago".

enum triage_kind {
	TRIAGE_RISK,     // gives its level and tag
	TRIAGE_FIRM,     // likewise, but it never steps down: a plan, or what holds a "not" itself
	TRIAGE_NOW,      // with a risk of suicide, self-harm or violence: it is happening
	TRIAGE_MEANS,    // likewise: means in hand, a quantity, a place, a goodbye
	TRIAGE_NEGATION, // a risk within three words after it steps down once
	TRIAGE_PAST,     // likewise: "used to"
	TRIAGE_AGO,      // a risk within four words before it steps down once: "a year ago"
	TRIAGE_FIGURATIVE, // what lies inside is not read at all
	TRIAGE_CALM,       // thanks, a test, a service question: LOW when nothing but these is said
	TRIAGE_FILLER,     // words that add nothing to that
	TRIAGE_SPAM,       // LOW with a link or a number to call, when nothing else is found
};

struct triage_rule {
	const char *id;
	enum triage_kind kind;
	enum level level; // of TRIAGE_RISK
	unsigned tags;
	const char *pattern;
};

struct triage_rules {
	const struct triage_rule *rules;
	size_t count;
};
struct triage_rules triage_rules_en(void);
struct triage_rules triage_rules_es(void);
struct triage_rules triage_rules_fr(void);
