// SPDX-License-Identifier: Apache-2.0
// Prints aligned columns.
#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/utf8.h"

struct table {
	size_t columns;
	size_t widths[TABLE_COLUMNS_MAX];
	char **cells;
	size_t count;
};

static size_t width_of(const char *text)
{
	struct bytes in = bytes_str(text);
	size_t pos = 0, width = 0;

	for (; pos < in.len; width++)
		(void)utf8_next(in, &pos);
	return width;
}

static char *safe_text(const char *format, va_list args)
{
	struct buf raw = {0}, safe = {0};

	buf_vprintf(&raw, format, args);
	utf8_for_terminal(buf_bytes(&raw), &safe);
	buf_free(&raw);
	return buf_take_str(&safe);
}

static void add_cell(struct table *t, char *text)
{
	size_t *widest = &t->widths[t->count % t->columns];
	size_t width = width_of(text);

	if (width > *widest)
		*widest = width;
	t->cells = xrealloc(t->cells, (t->count + 1) * sizeof(*t->cells));
	t->cells[t->count++] = text;
}

struct table *table_new(const char *const *headings, size_t columns)
{
	struct table *t = xcalloc(1, sizeof(*t));

	t->columns = columns;
	for (size_t i = 0; i < columns; i++)
		add_cell(t, xstrdup(headings[i]));
	return t;
}

void table_cell(struct table *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_cell(t, safe_text(format, args));
	va_end(args);
}

void table_print(struct table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		size_t column = i % t->columns;
		bool last = column == t->columns - 1;
		size_t pad = last ? 0 : t->widths[column] - width_of(t->cells[i]);
		printf("  %s%*s", t->cells[i], (int)pad, "");
		if (last)
			putchar('\n');
		free(t->cells[i]);
	}
	free(t->cells);
	free(t);
}

void print_safely(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = safe_text(format, args);
	va_end(args);
	puts(text);
	free(text);
}
