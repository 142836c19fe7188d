// SPDX-License-Identifier: Apache-2.0
// The triage engine: patterns compiled once, one pass over a text's words, levels combined.
#include "core/triage.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "triage_rules.h"
#include "triage_text.h"

#define STEPS_MAX     12
#define HITS_MAX      64
#define NEGATION_NEAR 3

// One alternative of one word of a pattern.
struct choice {
	char text[TRIAGE_WORD_MAX];
	uint32_t hash;
	uint16_t len;
	bool prefix;
};

// One word of a pattern, and how many others may stand before it.
struct step {
	const struct choice *choices;
	size_t count;
	unsigned gap;
};

struct compiled {
	const struct triage_rule *rule;
	struct step steps[STEPS_MAX];
	size_t count;
};

// Where a word may begin a pattern: sorted by hash, so that most words cost one search.
struct entry {
	uint32_t hash;
	uint16_t pattern;
	uint16_t choice;
};

struct triage {
	struct compiled *patterns;
	size_t count;
	struct entry *entries; // first words that must match whole
	size_t entries_count;
	struct entry *
	        prefixes; // first words that match by their beginning, by the hash of three letters
	size_t prefixes_count;
};

// ---- compiling ----

static struct choice choice_make(const char *word, size_t len)
{
	char raw[64] = {0};
	struct choice c = {.prefix = len > 1 && word[len - 1] == '*'};
	len -= c.prefix;
	memcpy(raw, word, len < sizeof raw - 1 ? len : sizeof raw - 1);
	c.len = (uint16_t)triage_plain(raw, c.text);
	c.hash = triage_hash(c.text, c.len);
	return c;
}

static void step_make(struct step *s, const char *word, size_t len)
{
	struct choice *choices = NULL;
	for (size_t at = 0; at < len;) {
		const char *bar = memchr(word + at, '|', len - at);
		size_t n = bar ? (size_t)(bar - word) - at : len - at;
		choices = xrealloc(choices, (s->count + 1) * sizeof *choices);
		choices[s->count++] = choice_make(word + at, n);
		at += n + 1;
	}
	s->choices = choices;
}

static void compile(struct compiled *c, const struct triage_rule *rule)
{
	c->rule = rule;
	unsigned gap = 0;
	for (const char *at = rule->pattern; *at;) {
		size_t len = strcspn(at, " ");
		if (at[0] == '~')
			gap = (unsigned)(at[1] - '0');
		else if (c->count < STEPS_MAX) {
			struct step *s = &c->steps[c->count++];
			s->gap = gap;
			step_make(s, at, len);
			gap = 0;
		}
		at += len;
		at += *at == ' ';
	}
}

static int by_hash(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	return a->hash < b->hash ? -1 : a->hash > b->hash;
}

static size_t prefix_len(size_t len)
{
	return len < 3 ? len : 3;
}

static void index_pattern(struct triage *t, uint16_t pattern)
{
	const struct step *first = &t->patterns[pattern].steps[0];
	for (uint16_t i = 0; i < first->count; i++) {
		const struct choice *c = &first->choices[i];
		struct entry e = {c->hash, pattern, i};
		if (c->prefix) {
			e.hash = triage_hash(c->text, prefix_len(c->len));
			t->prefixes = xrealloc(t->prefixes, (t->prefixes_count + 1) * sizeof e);
			t->prefixes[t->prefixes_count++] = e;
		} else {
			t->entries = xrealloc(t->entries, (t->entries_count + 1) * sizeof e);
			t->entries[t->entries_count++] = e;
		}
	}
}

struct triage *triage_new(void)
{
	const struct triage_rules sets[] = {
	        triage_rules_en(), triage_rules_es(), triage_rules_fr()};
	struct triage *t = xcalloc(1, sizeof *t);
	for (size_t s = 0; s < sizeof sets / sizeof sets[0]; s++)
		t->count += sets[s].count;
	t->patterns = xcalloc(t->count, sizeof *t->patterns);
	uint16_t n = 0;
	for (size_t s = 0; s < sizeof sets / sizeof sets[0]; s++)
		for (size_t i = 0; i < sets[s].count; i++)
			compile(&t->patterns[n++], &sets[s].rules[i]);
	for (uint16_t i = 0; i < n; i++)
		index_pattern(t, i);
	qsort(t->entries, t->entries_count, sizeof *t->entries, by_hash);
	qsort(t->prefixes, t->prefixes_count, sizeof *t->prefixes, by_hash);
	return t;
}

void triage_free(struct triage *t)
{
	for (size_t i = 0; i < t->count; i++)
		for (size_t s = 0; s < t->patterns[i].count; s++)
			free((void *)t->patterns[i].steps[s].choices);
	free(t->patterns);
	free(t->entries);
	free(t->prefixes);
	free(t);
}

// ---- matching ----

struct hit {
	const struct triage_rule *rule;
	size_t first, last; // words
};

struct hits {
	struct hit list[HITS_MAX];
	size_t count;
	bool overflow;
};

static bool choice_fits(const struct choice *c, const struct triage_word *w)
{
	if (c->prefix)
		return w->len >= c->len && memcmp(w->text, c->text, c->len) == 0;
	return w->hash == c->hash && w->len == c->len && memcmp(w->text, c->text, c->len) == 0;
}

static bool step_fits(const struct step *s, const struct triage_word *w)
{
	for (size_t i = 0; i < s->count; i++)
		if (choice_fits(&s->choices[i], w))
			return true;
	return false;
}

// The rest of a pattern after its first word; the nearest word that fits is taken. Returns the last
// word, or SIZE_MAX.
static size_t follow(const struct compiled *c, const struct triage_text *text, size_t first)
{
	size_t at = first;
	for (size_t s = 1; s < c->count; s++) {
		size_t next = at + 1, far = next + c->steps[s].gap;
		while (next < text->count && next <= far &&
		        !step_fits(&c->steps[s], &text->words[next]))
			next++;
		if (next >= text->count || next > far)
			return SIZE_MAX;
		at = next;
	}
	return at;
}

static void try_pattern(const struct triage *t, const struct entry *e,
        const struct triage_text *text, size_t word, struct hits *hits)
{
	const struct compiled *c = &t->patterns[e->pattern];
	if (!choice_fits(&c->steps[0].choices[e->choice], &text->words[word]))
		return;
	size_t last = follow(c, text, word);
	if (last == SIZE_MAX)
		return;
	hits->overflow = hits->count == HITS_MAX;
	if (!hits->overflow)
		hits->list[hits->count++] = (struct hit){c->rule, word, last};
}

static size_t lower_bound(const struct entry *entries, size_t count, uint32_t hash)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (entries[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void match_word(
        const struct triage *t, const struct triage_text *text, size_t word, struct hits *hits)
{
	const struct triage_word *w = &text->words[word];
	for (size_t i = lower_bound(t->entries, t->entries_count, w->hash);
	        i < t->entries_count && t->entries[i].hash == w->hash; i++)
		try_pattern(t, &t->entries[i], text, word, hits);
	uint32_t head = triage_hash(w->text, prefix_len(w->len));
	for (size_t i = lower_bound(t->prefixes, t->prefixes_count, head);
	        i < t->prefixes_count && t->prefixes[i].hash == head; i++)
		try_pattern(t, &t->prefixes[i], text, word, hits);
}

// ---- combining ----

#define ACUTE (TRIAGE_SUICIDE | TRIAGE_SELF_HARM | TRIAGE_VIOLENCE | TRIAGE_ABUSE | TRIAGE_CHILD)

static bool masked(const struct hits *hits, const struct hit *h)
{
	for (size_t i = 0; i < hits->count; i++) {
		const struct hit *f = &hits->list[i];
		if (f->rule->kind == TRIAGE_FIGURATIVE && f->first <= h->first &&
		        h->last <= f->last)
			return true;
	}
	return false;
}

static bool negated(const struct hits *hits, const struct hit *h)
{
	for (size_t i = 0; i < hits->count; i++) {
		const struct hit *n = &hits->list[i];
		if (n->rule->kind == TRIAGE_NEGATION && n->last < h->first &&
		        h->first - n->last <= NEGATION_NEAR)
			return true;
	}
	return false;
}

static bool any(const struct hits *hits, enum triage_kind kind)
{
	for (size_t i = 0; i < hits->count; i++)
		if (hits->list[i].rule->kind == kind && !masked(hits, &hits->list[i]))
			return true;
	return false;
}

static void add_reason(
        struct triage_result *out, const struct triage_text *text, const struct hit *h, bool strong)
{
	struct triage_reason reason = {
	        h->rule->id, text->words[h->first].start, text->words[h->last].end};
	for (size_t i = 0; i < out->reasons_count; i++)
		if (strcmp(out->reasons[i].rule, reason.rule) == 0)
			return;
	if (out->reasons_count == TRIAGE_REASONS_MAX && !strong)
		return;
	if (out->reasons_count < TRIAGE_REASONS_MAX)
		out->reasons_count++;
	if (strong)
		memmove(out->reasons + 1, out->reasons, (out->reasons_count - 1) * sizeof reason);
	out->reasons[strong ? 0 : out->reasons_count - 1] = reason;
}

// Never from IMMINENT, and never when something says that it is now or that the means are there.
static enum level step_down(const struct hits *hits, const struct hit *h, bool acute_now)
{
	enum level l = h->rule->level;
	if (l == LEVEL_HIGH && !acute_now && (negated(hits, h) || any(hits, TRIAGE_PAST)))
		return LEVEL_MEDIUM;
	return l;
}

static void add_risks(const struct hits *hits, const struct triage_text *text, bool acute_now,
        struct triage_result *out)
{
	for (size_t i = 0; i < hits->count; i++) {
		const struct hit *h = &hits->list[i];
		if (h->rule->kind != TRIAGE_RISK || masked(hits, h))
			continue;
		enum level l = step_down(hits, h, acute_now);
		out->tags |= h->rule->tags;
		if (l == LEVEL_HIGH && acute_now && h->rule->tags & ACUTE)
			l = LEVEL_IMMINENT;
		add_reason(out, text, h, l > out->level);
		if (l > out->level)
			out->level = l;
	}
}

static void add_cues(
        const struct hits *hits, const struct triage_text *text, struct triage_result *out)
{
	for (size_t i = 0; i < hits->count; i++) {
		const struct hit *h = &hits->list[i];
		if ((h->rule->kind == TRIAGE_NOW || h->rule->kind == TRIAGE_MEANS) &&
		        !masked(hits, h))
			add_reason(out, text, h, false);
	}
}

static void combine(
        const struct hits *hits, const struct triage_text *text, struct triage_result *out)
{
	bool acute_now = any(hits, TRIAGE_NOW) || any(hits, TRIAGE_MEANS);
	add_risks(hits, text, acute_now, out);
	if (out->level == LEVEL_IMMINENT)
		add_cues(hits, text, out);
	if (out->level < LEVEL_HIGH && any(hits, TRIAGE_MEANS)) {
		// Means without a word of what for: nobody writes a pill and "tonight" for nothing.
		out->level = any(hits, TRIAGE_NOW) ? LEVEL_IMMINENT : LEVEL_HIGH;
		add_cues(hits, text, out);
	}
	if (out->level == 0)
		out->level = any(hits, TRIAGE_CALM) && !text->foreign ? LEVEL_LOW : LEVEL_UNKNOWN;
	// What we could not read may have been what mattered.
	if (text->damaged || text->cut || hits->overflow || !text->letters || text->foreign)
		out->level = level_max(out->level, LEVEL_UNKNOWN);
}

void triage_score(const struct triage *t, struct bytes text, struct triage_result *out)
{
	struct triage_text words;
	struct hits hits;
	hits.count = 0;
	hits.overflow = false;
	memset(out, 0, sizeof *out);
	triage_text_read(text, &words);
	for (size_t i = 0; i < words.count; i++)
		match_word(t, &words, i, &hits);
	combine(&hits, &words, out);
}

void triage_reasons(const struct triage_result *r, struct buf *out)
{
	for (size_t i = 0; i < r->reasons_count; i++)
		buf_printf(out, "%s%s", i ? "," : "", r->reasons[i].rule);
}
