// SPDX-License-Identifier: Apache-2.0
// The triage engine: patterns compiled once, one pass over a text's words, levels combined.
#include "core/triage.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "triage_rules.h"
#include "triage_text.h"

#define STEPS_MAX   12
#define HITS_MAX    128
#define BEFORE_NEAR 3
#define AFTER_NEAR  4

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
	if (!t)
		return;
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
	bool masked;        // inside a figure of speech
};

struct hits {
	struct hit list[HITS_MAX];
	size_t count;
	bool overflow;
	size_t calm_end; // every word before it lies in a phrase of no concern
	bool calm;       // and one of those phrases is more than filler
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

// Hits come in the order of their first words, so what begins after calm_end leaves a hole for
// good.
static void add_calm(struct hits *hits, enum triage_kind kind, size_t first, size_t last)
{
	if (first > hits->calm_end)
		return;
	if (last + 1 > hits->calm_end)
		hits->calm_end = last + 1;
	hits->calm = hits->calm || kind == TRIAGE_CALM;
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
	if (c->rule->kind == TRIAGE_CALM || c->rule->kind == TRIAGE_FILLER)
		add_calm(hits, c->rule->kind, word, last);
	else if (hits->count == HITS_MAX)
		hits->overflow = true;
	else
		hits->list[hits->count++] = (struct hit){c->rule, word, last, false};
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

// A hit inside a figure of speech is none. A figure masks itself, which does no harm.
static void mask(struct hits *hits)
{
	for (size_t i = 0; i < hits->count; i++) {
		const struct hit *f = &hits->list[i];
		if (f->rule->kind != TRIAGE_FIGURATIVE)
			continue;
		for (size_t k = 0; k < hits->count; k++) {
			struct hit *h = &hits->list[k];
			h->masked = h->masked || (f->first <= h->first && h->last <= f->last);
		}
	}
}

static bool stop_between(const struct triage_text *text, size_t from, size_t to)
{
	for (size_t i = from + 1; i <= to; i++)
		if (text->words[i].after_stop)
			return true;
	return false;
}

// "not", "used to": begins no later than the risk, ends before the risk does ("veux pas mourir").
static bool tempers_before(const struct triage_text *text, const struct hit *n, const struct hit *h)
{
	if (n->first > h->first || n->last >= h->last)
		return false;
	return n->last >= h->first ||
	       (h->first - n->last <= BEFORE_NEAR && !stop_between(text, n->last, h->first));
}

static bool tempers_after(const struct triage_text *text, const struct hit *n, const struct hit *h)
{
	return n->first > h->last && n->first - h->last <= AFTER_NEAR &&
	       !stop_between(text, h->last, n->first);
}

static bool tempered(const struct hits *hits, const struct triage_text *text, const struct hit *h)
{
	for (size_t i = 0; i < hits->count; i++) {
		const struct hit *n = &hits->list[i];
		enum triage_kind k = n->rule->kind;
		bool before = k == TRIAGE_NEGATION || k == TRIAGE_PAST;
		if (((before && tempers_before(text, n, h)) ||
		            (k == TRIAGE_AGO && tempers_after(text, n, h))) &&
		        !n->masked)
			return true;
	}
	return false;
}

static bool any(const struct hits *hits, enum triage_kind kind)
{
	for (size_t i = 0; i < hits->count; i++)
		if (hits->list[i].rule->kind == kind && !hits->list[i].masked)
			return true;
	return false;
}

// Reasons with the level that each gives; cues give none.
struct reasons {
	struct triage_result *out;
	enum level levels[TRIAGE_REASONS_MAX];
};

// Kept in order, strongest first, each rule once; the weakest falls off the end.
static void add_reason(
        struct reasons *r, const struct triage_text *text, const struct hit *h, enum level level)
{
	struct triage_result *out = r->out;
	size_t at = 0;
	for (size_t i = 0; i < out->reasons_count; i++)
		if (strcmp(out->reasons[i].rule, h->rule->id) == 0)
			return;
	while (at < out->reasons_count && r->levels[at] >= level)
		at++;
	if (at == TRIAGE_REASONS_MAX)
		return;
	if (out->reasons_count < TRIAGE_REASONS_MAX)
		out->reasons_count++;
	for (size_t i = out->reasons_count - 1; i > at; i--) {
		out->reasons[i] = out->reasons[i - 1];
		r->levels[i] = r->levels[i - 1];
	}
	out->reasons[at] = (struct triage_reason){
	        h->rule->id, text->words[h->first].start, text->words[h->last].end};
	r->levels[at] = level;
}

// Up when something says that it is now or that the means are there; down, once, when it is denied
// or past. Never down from IMMINENT, and never when it is now.
static enum level weigh(const struct hits *hits, const struct triage_text *text,
        const struct hit *h, bool acute_now)
{
	enum level l = h->rule->level;
	if (l != LEVEL_HIGH)
		return l;
	if (acute_now)
		return h->rule->tags & ACUTE ? LEVEL_IMMINENT : l;
	return h->rule->kind == TRIAGE_RISK && tempered(hits, text, h) ? LEVEL_MEDIUM : l;
}

static void add_risks(const struct hits *hits, const struct triage_text *text, bool acute_now,
        struct reasons *reasons)
{
	for (size_t i = 0; i < hits->count; i++) {
		const struct hit *h = &hits->list[i];
		if (h->rule->kind > TRIAGE_FIRM || h->masked)
			continue;
		enum level l = weigh(hits, text, h, acute_now);
		reasons->out->tags |= h->rule->tags;
		reasons->out->level = level_max(reasons->out->level, l);
		add_reason(reasons, text, h, l);
	}
}

static void add_cues(
        const struct hits *hits, const struct triage_text *text, struct reasons *reasons)
{
	for (size_t i = 0; i < hits->count; i++) {
		const struct hit *h = &hits->list[i];
		if ((h->rule->kind == TRIAGE_NOW || h->rule->kind == TRIAGE_MEANS) && !h->masked)
			add_reason(reasons, text, h, 0);
	}
}

static void combine(
        const struct hits *hits, const struct triage_text *text, struct triage_result *out)
{
	struct reasons reasons = {.out = out};
	bool means = any(hits, TRIAGE_MEANS), now = any(hits, TRIAGE_NOW);
	add_risks(hits, text, means || now, &reasons);
	if (means) // without a word of what for: nobody writes a pill and "tonight" for nothing
		out->level = level_max(out->level, now ? LEVEL_IMMINENT : LEVEL_HIGH);
	if (out->level >= LEVEL_HIGH)
		add_cues(hits, text, &reasons);
	bool calm = hits->calm && hits->calm_end == text->count;
	if (out->level == 0)
		out->level = calm || (text->contact && any(hits, TRIAGE_SPAM)) ? LEVEL_LOW
		                                                               : LEVEL_UNKNOWN;
	// What we could not read may have been what mattered; so many hits are no small talk.
	if (text->damaged || text->cut || !text->letters || text->foreign)
		out->level = level_max(out->level, LEVEL_UNKNOWN);
	if (hits->overflow)
		out->level = level_max(out->level, LEVEL_HIGH);
}

void triage_score(const struct triage *t, struct bytes text, struct triage_result *out)
{
	struct triage_text words;
	struct hits hits;
	hits.count = hits.calm_end = 0;
	hits.overflow = hits.calm = false;
	memset(out, 0, sizeof *out);
	triage_text_read(text, &words);
	for (size_t i = 0; i < words.count; i++)
		match_word(t, &words, i, &hits);
	mask(&hits);
	combine(&hits, &words, out);
}

void triage_reasons(const struct triage_result *r, struct buf *out)
{
	for (size_t i = 0; i < r->reasons_count; i++)
		buf_printf(out, "%s%s", i ? "," : "", r->reasons[i].rule);
}
