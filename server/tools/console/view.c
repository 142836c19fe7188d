// SPDX-License-Identifier: Apache-2.0
// Prints what happens, line by line.
#include "view.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/words.h"
#include "base/utf8.h"

#define BOLD  "1"
#define DIM   "2"
#define RED   "1;31"
#define GOLD  "33"
#define GREEN "32"

struct view {
	bool terminal;
	bool colours;
	char prompt[64];
};

struct view *view_new(bool terminal)
{
	struct view *v = xcalloc(1, sizeof(*v));

	setvbuf(stdout, NULL, _IOLBF, 0);
	v->terminal = terminal;
	v->colours = terminal && !getenv("NO_COLOR");
	snprintf(v->prompt, sizeof(v->prompt), "> ");
	return v;
}

void view_free(struct view *v)
{
	free(v);
}

// Appends `text` safe for a terminal, every line but the first indented.
static void append_safe(struct buf *out, const char *text)
{
	struct buf safe = {0};

	utf8_for_terminal(bytes_str(text), &safe);
	for (size_t i = 0; i < safe.len; i++) {
		buf_append_char(out, (char)safe.data[i]);
		if (safe.data[i] == '\n')
			buf_append_str(out, "      ");
	}
	buf_wipe(&safe);
}

// `tag` is what stands in brackets; `colour` is for the tag.
static void print_line(struct view *v, const char *colour, const char *tag, const char *text)
{
	struct buf line = {0};

	if (v->terminal)
		buf_append_str(&line, "\r\033[K");
	if (v->colours)
		buf_printf(&line, "\033[%sm[%s]\033[0m ", colour, tag);
	else
		buf_printf(&line, "[%s] ", tag);
	append_safe(&line, text);
	buf_append_char(&line, '\n');
	if (v->terminal)
		buf_append_str(&line, v->prompt);
	fwrite(line.data, 1, line.len, stdout);
	fflush(stdout);
	buf_wipe(&line);
}

static void print_format(
        struct view *v, const char *colour, const char *tag, const char *format, va_list args)
{
	struct buf text = {0};

	buf_vprintf(&text, format, args);
	print_line(v, colour, tag, buf_str(&text));
	buf_wipe(&text);
}

void view_you(struct view *v, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_format(v, DIM, "you", format, args);
	va_end(args);
}

void view_error(struct view *v, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_format(v, RED, "error", format, args);
	va_end(args);
}

void view_offer(struct view *v, bool is_new, const char *format, ...)
{
	va_list args;

	if (is_new && v->terminal)
		fputc('\a', stdout);
	va_start(args, format);
	print_format(v, GREEN, "offer", format, args);
	va_end(args);
}

void view_note(struct view *v, unsigned number, const char *format, ...)
{
	char tag[16];
	va_list args;

	snprintf(tag, sizeof(tag), "%u", number);
	va_start(args, format);
	print_format(v, DIM, tag, format, args);
	va_end(args);
}

static const char *colour_of(Holdfast__V1__Level level)
{
	if (level == HOLDFAST__V1__LEVEL__LEVEL_IMMINENT)
		return RED;
	return level == HOLDFAST__V1__LEVEL__LEVEL_HIGH ? GOLD : BOLD;
}

void view_texter(struct view *v, unsigned number, Holdfast__V1__Level level, const char *text,
        const char *note)
{
	struct buf line = {0};
	char tag[32];

	snprintf(tag, sizeof(tag), "%u %s", number, word_level(level));
	buf_printf(&line, "texter: %s%s", text, note);
	print_line(v, colour_of(level), tag, buf_str(&line));
	buf_wipe(&line);
}

void view_said(struct view *v, bool loud, unsigned number, const char *author, const char *text,
        const char *delivery, const char *note)
{
	struct buf line = {0};
	char tag[16];

	snprintf(tag, sizeof(tag), "%u", number);
	buf_printf(&line, "%s: %s (%s%s%s)", author, text, delivery, *note ? ": " : "", note);
	print_line(v, loud ? RED : DIM, tag, buf_str(&line));
	buf_wipe(&line);
}

void view_plain(struct view *v, const char *text)
{
	printf("%s%s\n", v->terminal ? "\r\033[K" : "", text);
	if (v->terminal)
		fputs(v->prompt, stdout);
	fflush(stdout);
}

void view_prompt(struct view *v, unsigned number, Holdfast__V1__Level level)
{
	if (!v->terminal)
		return;
	if (number)
		snprintf(v->prompt, sizeof(v->prompt), "%u %s> ", number, word_level(level));
	else
		snprintf(v->prompt, sizeof(v->prompt), "> ");
	printf("\r\033[K%s", v->prompt);
	fflush(stdout);
}

void view_aside(struct view *v)
{
	if (v->terminal)
		fputs("\r\033[K", stdout);
}

void view_go_on(struct view *v)
{
	if (v->terminal)
		fputs(v->prompt, stdout);
	fflush(stdout);
}
