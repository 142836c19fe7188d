// SPDX-License-Identifier: Apache-2.0
// Automatic texts: which words go out, and filling in what they leave open.
#include "base/texts.h"

#include <stdio.h>
#include <string.h>

#define LANGUAGES 3

static const struct text_row rows[] = {
#define X(id, name, once, condition, valid_s, blanks, en, es, fr)                                  \
	{name, once, condition, valid_s, blanks},
#include "base/texts.def"
#undef X
};

static const char *const defaults[][LANGUAGES] = {
#define X(id, name, once, condition, valid_s, blanks, en, es, fr) {en, es, fr},
#include "base/texts.def"
#undef X
};

static const struct {
	const char *name;
	const char *to; // between two numbers
	const char *minutes;
	const char *hours;
	const char *days[7];
} languages[LANGUAGES] = {
        {"en", "to", "minutes", "hours", {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}},
        {"es", "a", "minutos", "horas",
                {"lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"}},
        {"fr", "à", "minutes", "heures",
                {"lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"}},
};

const struct text_row *text_row(enum text_id id)
{
	return &rows[id];
}

bool text_from_name(const char *name, enum text_id *out)
{
	for (enum text_id id = 0; id < TEXTS_COUNT; id++)
		if (strcmp(rows[id].name, name) == 0) {
			*out = id;
			return true;
		}
	return false;
}

bool text_question(const char *name, enum text_id *out)
{
	static const char prefix[] = "question_";
	for (enum text_id id = 0; id < TEXTS_COUNT; id++) {
		bool question = strncmp(rows[id].name, prefix, sizeof prefix - 1) == 0;
		if (question && strcmp(rows[id].name + sizeof prefix - 1, name) == 0) {
			*out = id;
			return true;
		}
	}
	return false;
}

const char *text_language(size_t index)
{
	return index < LANGUAGES ? languages[index].name : NULL;
}

bool text_is_language(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz");
	return (len == 2 || len == 3) && !s[len];
}

// English when it is none of ours.
static size_t language_index(const char *language)
{
	for (size_t i = 0; i < LANGUAGES; i++)
		if (strcmp(languages[i].name, language) == 0)
			return i;
	return 0;
}

// ---- which words ----

static bool is_for(const struct config_text *t, const struct config_line *line)
{
	return strcmp(t->line, line->number) == 0 || strcmp(t->line, line->name) == 0;
}

// What is said of one line goes before what is said of all.
static const char *configured(const struct config *c, const struct config_line *line,
        const char *language, enum text_id id)
{
	const char *of_all = NULL;
	for (unsigned i = 0; i < c->texts_count; i++) {
		const struct config_text *t = &c->texts[i];
		if (strcmp(t->language, language) != 0 || strcmp(t->name, rows[id].name) != 0)
			continue;
		if (is_for(t, line))
			return t->text;
		if (strcmp(t->line, "*") == 0)
			of_all = t->text;
	}
	return of_all;
}

static const char *words_in(const struct config *c, const struct config_line *line,
        const char *language, enum text_id id)
{
	const char *words = configured(c, line, language, id);
	size_t index = language_index(language);
	if (words)
		return words;
	return strcmp(languages[index].name, language) == 0 ? defaults[id][index] : NULL;
}

const char *text_template(const struct config *c, const struct config_line *line,
        const char *language, enum text_id id)
{
	const char *words = words_in(c, line, language, id);
	if (!words)
		words = words_in(c, line, line->language, id);
	return words ? words : words_in(c, line, "en", id);
}

// ---- filling in ----

// The name in "{name}" at `at`, which begins with a brace; 0 when it is no blank.
static size_t name_length(const char *at)
{
	size_t len = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_");
	return at[len + 1] == '}' ? len : 0;
}

static const char *value_of(
        const char *name, size_t len, const struct text_word *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(values[i].name) == len && memcmp(values[i].name, name, len) == 0)
			return values[i].value;
	return NULL;
}

void text_fill(const char *words, const struct text_word *values, size_t count, struct buf *out)
{
	while (*words) {
		size_t plain = strcspn(words, "{");
		buf_append(out, words, plain);
		words += plain;
		if (!*words)
			return;
		size_t len = name_length(words);
		const char *value = value_of(words + 1, len, values, count);
		if (value)
			buf_append_str(out, value);
		else
			buf_append(out, words, 1);
		words += value ? len + 2 : 1;
	}
}

static bool is_listed(const char *list, const char *name, size_t len)
{
	while (*list) {
		size_t one = strcspn(list, ",");
		if (one == len && memcmp(list, name, len) == 0)
			return true;
		list += one + (list[one] == ',');
	}
	return false;
}

const char *text_wrong_blank(enum text_id id, const char *words)
{
	for (const char *at = strchr(words, '{'); at; at = strchr(at + 1, '{')) {
		size_t len = name_length(at);
		if (!is_listed("line,emergency", at + 1, len) &&
		        !is_listed(rows[id].blanks, at + 1, len))
			return at;
	}
	return NULL;
}

// ---- figures ----

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   (60 * MINUTE_MS)

// Five minutes are as exact as a forecast is; below ten it is one.
static int64_t step_of(int64_t high_ms)
{
	return high_ms > 2 * HOUR_MS      ? HOUR_MS
	       : high_ms > 10 * MINUTE_MS ? 5 * MINUTE_MS
	                                  : MINUTE_MS;
}

void text_range_round(int64_t low_ms, int64_t high_ms, int64_t *low, int64_t *high)
{
	int64_t step = step_of(high_ms);
	*low = low_ms / step * step;
	*high = (high_ms + step - 1) / step * step;
	*low = *low < step ? step : *low;
	*high = *high <= *low ? *low + step : *high;
}

void text_range(const char *language, int64_t low_ms, int64_t high_ms, struct buf *out)
{
	size_t i = language_index(language);
	bool hours = step_of(high_ms) == HOUR_MS;
	int64_t low, high, unit = hours ? HOUR_MS : MINUTE_MS;
	text_range_round(low_ms, high_ms, &low, &high);
	buf_printf(out, "%lld %s %lld %s", (long long)(low / unit), languages[i].to,
	        (long long)(high / unit), hours ? languages[i].hours : languages[i].minutes);
}

void text_moment(const char *language, unsigned weekday, unsigned minute, struct buf *out)
{
	buf_printf(out, "%s %02u:%02u", languages[language_index(language)].days[weekday % 7],
	        minute / 60 % 24, minute % 60);
}
