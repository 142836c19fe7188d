// SPDX-License-Identifier: Apache-2.0
// One event, one line, one write(2) to stderr.
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE_MAX_BYTES 2048
#define QUOTED_INPUT   160

static const char *const names[] = {
        [LOG_DEBUG] = "debug",
        [LOG_INFO] = "info",
        [LOG_WARN] = "warn",
        [LOG_ERROR] = "error",
};

static enum log_level least_level = LOG_INFO;

void log_set_level(enum log_level least)
{
	least_level = least;
}

bool log_level_from_name(const char *name, enum log_level *out)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	return false;
}

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

// One byte as it stands in a line: itself, or an escape of up to 4 bytes. Returns the length.
static size_t escape_byte(char out[static 5], unsigned char c)
{
	if (c == '\n')
		return (size_t)snprintf(out, 5, "\\n");
	if (is_control(c))
		return (size_t)snprintf(out, 5, "\\x%02x", c);
	out[0] = (char)c;
	return 1;
}

// Appends `text` to the `used` bytes of `line`, escaped, as far as it fits with a newline after it.
static size_t append_escaped(char *line, size_t used, const char *text)
{
	char one[5];
	for (; *text; text++) {
		size_t len = escape_byte(one, (unsigned char)*text);
		if (used + len >= LINE_MAX_BYTES)
			break;
		memcpy(line + used, one, len);
		used += len;
	}
	return used;
}

static void write_line(const char *line, size_t len)
{
	int saved = errno;
	ssize_t n;
	do
		n = write(STDERR_FILENO, line, len);
	while (n < 0 && errno == EINTR);
	errno = saved; // nowhere is left to report a failed log write to
}

static void log_line(enum log_level level, const char *format, va_list args)
{
	if (level < least_level)
		return;
	char ts[25], line[LINE_MAX_BYTES], text[LINE_MAX_BYTES];
	int saved = errno;
	clock_format(clock_wall_ms(clock_system()), ts);
	size_t used = (size_t)snprintf(line, sizeof line, "ts=%s level=%s ", ts, names[level]);
	errno = saved; // for a %m in `format`
	if (vsnprintf(text, sizeof text, format, args) < 0)
		snprintf(text, sizeof text, "event=bad_log_format");
	used = append_escaped(line, used, text);
	line[used++] = '\n';
	write_line(line, used);
	errno = saved;
}

void log_debug(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	log_line(LOG_DEBUG, format, args);
	va_end(args);
}

void log_info(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	log_line(LOG_INFO, format, args);
	va_end(args);
}

void log_warn(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	log_line(LOG_WARN, format, args);
	va_end(args);
}

void log_error(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	log_line(LOG_ERROR, format, args);
	va_end(args);
}

void fatal(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	log_line(LOG_ERROR, format, args);
	va_end(args);
	exit(1);
}

static bool needs_quotes(const char *value)
{
	if (!*value)
		return true;
	for (; *value; value++)
		if (is_control((unsigned char)*value) || strchr(" \"\\=", *value))
			return true;
	return false;
}

const char *log_quote(char out[static 200], const char *value)
{
	const size_t room = 200 - 2; // the closing quote and the NUL
	size_t used = 0;
	bool quoted = needs_quotes(value);
	if (quoted)
		out[used++] = '"';
	for (size_t i = 0; i < QUOTED_INPUT && value[i]; i++) {
		char one[5];
		size_t len = 0;
		if (value[i] == '"' || value[i] == '\\')
			len = (size_t)snprintf(one, sizeof one, "\\%c", value[i]);
		else
			len = escape_byte(one, (unsigned char)value[i]);
		if (used + len > room)
			break;
		memcpy(out + used, one, len);
		used += len;
	}
	if (quoted)
		out[used++] = '"';
	out[used] = '\0';
	return out;
}

const char *log_number(char out[static 16], const char *number)
{
	size_t len = strlen(number);
	if (len < 6) // a short code is the line's own, but two digits are enough to tell
		snprintf(out, 16, "…%s", len > 2 ? number + len - 2 : "");
	else
		snprintf(out, 16, "%.3s…%s", number, number + len - 2);
	return out;
}
