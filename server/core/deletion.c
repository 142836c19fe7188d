// SPDX-License-Identifier: Apache-2.0
// Words that ask for deletion.
#include "core/deletion.h"

#include <stddef.h>

#include "base/utf8.h"

// Longer than any such word with its blanks and signs.
#define TEXT_MAX 200

// Crisis Text Line's LOOFAH is known to texters of other lines as well.
static const struct {
	const char *language;
	const char *phrase;
} defaults[] = {
        {"en", "delete my data"},
        {"es", "borrar mis datos"},
        {"fr", "supprimer mes données"},
        {"", "loofah"},
};

uint32_t deletion_plain(uint32_t c)
{
	static const char folded[] = "aaaaaaaceeeeiiiidnooooo/ouuuuyts"
	                             "aaaaaaaceeeeiiiidnooooo/ouuuuyty"; // U+00C0 … U+00FF
	if (c >= 'A' && c <= 'Z')
		return c + ('a' - 'A');
	return c >= 0xC0 && c <= 0xFF ? (uint32_t)folded[c - 0xC0] : c;
}

// An accent that stands by itself, or nothing to see.
static bool is_nothing(uint32_t c)
{
	return (c >= 0x300 && c <= 0x36F) || (c >= 0x200B && c <= 0x200F) || c == 0xFE0F ||
	       c == 0xFEFF || c == 0xAD;
}

// Blanks, and the signs that people put around words.
static bool is_between(uint32_t c)
{
	bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
	return c < 0x80 ? !word
	                : c == 0xA0 || c == 0xA1 || c == 0xBF || c == 0xAB || c == 0xBB ||
	                          (c >= 0x2000 && c <= 0x206F);
}

// The next plain letter; ' ' for all that is between two words, 0 at the end.
static uint32_t next(struct bytes text, size_t *at)
{
	bool between = false;
	while (*at < text.len) {
		size_t before = *at;
		uint32_t c = utf8_next(text, at);
		if (is_nothing(c))
			continue;
		if (is_between(c)) {
			between = true;
			continue;
		}
		if (between && before > 0) {
			*at = before;
			return ' ';
		}
		return deletion_plain(c);
	}
	return 0;
}

// As next(), from the first word on.
static uint32_t first(struct bytes text, size_t *at)
{
	uint32_t c = next(text, at);
	return c == ' ' ? next(text, at) : c;
}

bool deletion_phrase(struct bytes text, const char *phrase)
{
	struct bytes wanted = bytes_str(phrase);
	size_t at = 0, in_phrase = 0;
	if (text.len > TEXT_MAX)
		return false;
	uint32_t a = first(text, &at), b = first(wanted, &in_phrase);
	if (!b)
		return false;
	while (a && a == b) {
		a = next(text, &at);
		b = next(wanted, &in_phrase);
	}
	return a == b;
}

const char *deletion_default(struct bytes text)
{
	for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
		if (deletion_phrase(text, defaults[i].phrase))
			return defaults[i].language;
	return NULL;
}
