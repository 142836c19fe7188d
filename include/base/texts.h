// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/config.h"

// The words of the automatic texts to texters: the table of defaults, what a configuration makes of
// it, and filling in. Nothing here knows who is texted.

enum text_id {
#define X(id, ...) TEXT_##id,
#include "base/texts.def"
#undef X
	TEXTS_COUNT
};

struct text_row {
	const char *name;
	bool once; // in a conversation
	// While which it is true; a word of store/lua/include/automatic.lua.
	const char *condition;
	uint32_t valid_s;   // older than this it is dropped, not sent
	const char *blanks; // comma-separated, besides line and emergency
};
const struct text_row *text_row(enum text_id id);
bool text_from_name(const char *name, enum text_id *out);
// Of an intake question, "safe" for question_safe.
#define TEXT_QUESTIONS_MAX 8
bool text_question(const char *name, enum text_id *out);

// The languages that every row has a default in: "en", "es", "fr"; NULL after the last.
const char *text_language(size_t index);
// A language as in a configuration: two or three lower-case letters.
bool text_is_language(const char *s);

// The words that go out on a line in a language; "" means that this text is off. What neither the
// configuration nor the table has in that language comes in the line's, or in English.
const char *text_template(const struct config *c, const struct config_line *line,
        const char *language, enum text_id id);

// A value for a blank.
struct text_word {
	const char *name;
	const char *value;
};
// Unknown blanks stay as they are: config_check() lets none pass.
void text_fill(const char *words, const struct text_word *values, size_t count, struct buf *out);
// NULL when every {blank} is one of the row's; otherwise where the first wrong one begins.
const char *text_wrong_blank(enum text_id id, const char *words);

// "5 to 10 minutes", rounded away from the promise: the lower end down, the upper end up.
// What the range promises, in ms.
void text_range_round(int64_t low_ms, int64_t high_ms, int64_t *low, int64_t *high);
void text_range(const char *language, int64_t low_ms, int64_t high_ms, struct buf *out);
// "Mon 08:00", of a weekday (0 is Monday) and a minute of the day.
void text_moment(const char *language, unsigned weekday, unsigned minute, struct buf *out);
