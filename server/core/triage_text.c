// SPDX-License-Identifier: Apache-2.0
// Normalising a text into plain words.
#include "triage_text.h"

#include <string.h>

#include "base/utf8.h"

#define PHONE_DIGITS 5 // a short code at least
#define LETTERS_RUN  4

// U+00C0 … U+017F without their accents; a blank is no letter of ours.
static const char latin[] = "aaaaaaaceeeeiiiidnooooo ouuuuypsaaaaaaaceeeeiiiidnooooo ouuuuypy"
                            "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllllnnn"
                            "nnnnnnooooooooorrrrrrsssssssstttttt"
                            "uuuuuuuuuuuuwwyyyzzzzzzs";

// Letters of other alphabets that look like ours, used to slip past filters.
static const struct {
	uint32_t from;
	char to;
} look_alikes[] = {
        {0x430, 'a'},
        {0x435, 'e'},
        {0x43E, 'o'},
        {0x440, 'p'},
        {0x441, 'c'},
        {0x445, 'x'},
        {0x443, 'y'},
        {0x456, 'i'},
        {0x455, 's'},
        {0x458, 'j'},
        {0x3BF, 'o'},
        {0x3B1, 'a'},
        {0x3B9, 'i'},
        {0x3BD, 'v'},
};

static const struct {
	uint32_t code;
	const char *word;
} emoji[] = {
        {0x1F48A, "<pill>"},
        {0x1F52A, "<knife>"},
        {0x1F52B, "<gun>"},
        {0x26B0, "<coffin>"},
        {0x1FA78, "<blood>"},
        {0x1F62D, "<cry>"},
        {0x1F5E1, "<knife>"},
};

static char fold_latin(uint32_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c + 32);
	if (c >= 0xFF21 && c <= 0xFF3A)
		return (char)(c - 0xFF21 + 'a');
	if (c >= 0xFF41 && c <= 0xFF5A)
		return (char)(c - 0xFF41 + 'a');
	if (c >= 0xC0 && c < 0xC0 + sizeof latin - 1)
		return latin[c - 0xC0];
	for (size_t i = 0; i < sizeof look_alikes / sizeof look_alikes[0]; i++)
		if (look_alikes[i].from == c)
			return look_alikes[i].to;
	return c < 0x80 ? (char)c : 0;
}

static bool is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_apostrophe(uint32_t c)
{
	return c == '\'' || c == '`' || c == 0x2018 || c == 0x2019 || c == 0xB4 || c == 0x2BC;
}

static bool is_stop(uint32_t c)
{
	return c == '.' || c == ',' || c == '!' || c == '?' || c == ';' || c == ':' || c == '\n';
}

// Nothing to see: joiners, zero-width spaces, variation selectors, marks that combine.
static bool is_invisible(uint32_t c)
{
	return (c >= 0x200B && c <= 0x200F) || c == 0x2060 || c == 0xFEFF || c == 0xAD ||
	       (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0x300 && c <= 0x36F);
}

static bool is_foreign_letter(uint32_t c)
{
	return (c >= 0x370 && c < 0x2000) || (c >= 0x2C00 && c < 0x2E00) ||
	       (c >= 0x3040 && c < 0xD800) || (c >= 0xF900 && c < 0xFE00) ||
	       (c >= 0xFE70 && c < 0xFEFF) || (c >= 0x20000 && c < 0x30000);
}

// "k1ll", "su1c1de", "d!e": figures between letters stand for letters.
static char unleet(char c)
{
	static const char figures[] = "013457@$!", letters[] = "oieastasi";
	const char *at = c ? strchr(figures, c) : NULL;
	return at ? letters[at - figures] : c;
}

uint32_t triage_hash(const char *word, size_t len)
{
	uint32_t h = 2166136261u; // FNV-1a
	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)word[i]) * 16777619u;
	return h;
}

// Doubled letters are one on both sides, so that "killl" and "kil" are "kill".
static size_t squeeze(const char *in, size_t len, char out[static TRIAGE_WORD_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < len && n < TRIAGE_WORD_MAX - 1; i++)
		if (n == 0 || out[n - 1] != in[i] || is_digit(in[i]))
			out[n++] = in[i];
	out[n] = 0;
	return n;
}

size_t triage_plain(const char *word, char out[static TRIAGE_WORD_MAX])
{
	return squeeze(word, strlen(word), out);
}

// A word in the making.
struct draft {
	char raw[64];
	size_t len;
	size_t start;
	bool after_stop;
};

// What ends a word that is no part of it: "die!" is "die", but "d!e" keeps its middle.
static void trim(struct draft *d)
{
	while (d->len > 0 && !is_letter(d->raw[d->len - 1]) && !is_digit(d->raw[d->len - 1]) &&
	        d->raw[d->len - 1] != '>')
		d->len--;
}

static void finish(struct triage_text *t, struct draft *d, size_t end)
{
	bool letters = false;
	trim(d);
	for (size_t i = 0; i < d->len; i++)
		letters = letters || is_letter(d->raw[i]);
	if (d->len > 0 && letters && is_letter(d->raw[0]))
		for (size_t i = 1; i < d->len; i++)
			d->raw[i] = unleet(d->raw[i]);
	if (d->len > 0 && t->count < TRIAGE_WORDS_MAX) {
		struct triage_word *w = &t->words[t->count++];
		w->len = (uint16_t)squeeze(d->raw, d->len, w->text);
		w->hash = triage_hash(w->text, w->len);
		w->start = (uint16_t)d->start;
		w->end = (uint16_t)end;
		w->after_stop = d->after_stop;
		d->after_stop = false;
		t->contact = t->contact || (!letters && d->len >= PHONE_DIGITS);
	}
	t->letters = t->letters || letters;
	d->len = 0;
}

static void add_emoji(struct triage_text *t, struct draft *d, uint32_t c, size_t start, size_t end)
{
	for (size_t i = 0; i < sizeof emoji / sizeof emoji[0]; i++) {
		if (emoji[i].code != c)
			continue;
		finish(t, d, start);
		d->start = start;
		d->len = strlen(emoji[i].word);
		memcpy(d->raw, emoji[i].word, d->len);
		bool letters = t->letters;
		finish(t, d, end);
		t->letters = letters;
	}
}

static void add(struct triage_text *t, struct draft *d, uint32_t c, size_t start, size_t end)
{
	char plain = fold_latin(c);
	bool inside = d->len > 0 && (c == '@' || c == '$' || c == '!' || is_digit(plain));
	if (is_apostrophe(c) || is_invisible(c))
		return;
	if (is_letter(plain) || is_digit(plain) || inside) {
		if (d->len == 0)
			d->start = start;
		if (d->len < sizeof d->raw)
			d->raw[d->len++] = plain;
		return;
	}
	finish(t, d, start);
	d->after_stop = d->after_stop || is_stop(c);
	t->foreign = t->foreign || is_foreign_letter(c);
	add_emoji(t, d, c, start, end);
}

static bool has_link(struct bytes in)
{
	return memmem(in.data, in.len, "http://", 7) || memmem(in.data, in.len, "https://", 8) ||
	       memmem(in.data, in.len, "www.", 4);
}

static bool is_single(const struct triage_word *w)
{
	return w->len == 1 && is_letter(w->text[0]);
}

// "d i e   n o w": a long run of single letters is read once more as one word, after the others.
static void join_letters(struct triage_text *t)
{
	size_t count = t->count;
	for (size_t i = 0, n; i < count; i += n ? n : 1) {
		struct draft d = {.start = t->words[i].start};
		for (n = 0; i + n < count && is_single(&t->words[i + n]); n++)
			if (d.len < sizeof d.raw)
				d.raw[d.len++] = t->words[i + n].text[0];
		if (n >= LETTERS_RUN)
			finish(t, &d, t->words[i + n - 1].end);
	}
}

void triage_text_read(struct bytes in, struct triage_text *out)
{
	struct draft d = {.len = 0};
	out->count = 0;
	out->letters = out->foreign = false;
	out->contact = in.len > 0 && has_link(in);
	out->cut = in.len > TRIAGE_BYTES_MAX;
	if (out->cut)
		in.len = TRIAGE_BYTES_MAX;
	out->damaged = in.len > 0 && (!utf8_valid(in) || memchr(in.data, 0, in.len));
	for (size_t pos = 0; pos < in.len;) {
		size_t start = pos;
		uint32_t c = utf8_next(in, &pos);
		add(out, &d, c, start, pos);
	}
	finish(out, &d, in.len);
	join_letters(out);
	out->cut = out->cut || out->count == TRIAGE_WORDS_MAX;
}
