// SPDX-License-Identifier: Apache-2.0
// Growing buffers and borrowed runs of bytes.
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define FIRST_CAP 64

// Room for `len` more bytes and a NUL. The old block is wiped rather than handed to realloc(), so
// that buf_wipe() leaves no earlier copy of a secret on the heap.
static void reserve(struct buf *b, size_t len)
{
	if (len >= SIZE_MAX / 2 - b->len)
		fatal("event=buffer_too_large bytes=%zu", len);
	size_t need = b->len + len + 1;
	if (need <= b->cap)
		return;
	size_t cap = b->cap ? b->cap * 2 : FIRST_CAP;
	if (cap < need)
		cap = need;
	uint8_t *data = xmalloc(cap);
	if (b->len)
		memcpy(data, b->data, b->len);
	mem_wipe(b->data, b->len);
	free(b->data);
	b->data = data;
	b->cap = cap;
}

void buf_append(struct buf *b, const void *data, size_t len)
{
	if (!len)
		return;
	reserve(b, len);
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

void buf_append_bytes(struct buf *b, struct bytes s)
{
	buf_append(b, s.data, s.len);
}

void buf_append_str(struct buf *b, const char *s)
{
	buf_append(b, s, strlen(s));
}

void buf_append_char(struct buf *b, char c)
{
	buf_append(b, &c, 1);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	buf_vprintf(b, format, args);
	va_end(args);
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	size_t room = b->cap - b->len;
	int len = vsnprintf(room ? (char *)b->data + b->len : NULL, room, format, args);
	if (len < 0)
		fatal("event=bad_format");
	if ((size_t)len >= room) {
		reserve(b, (size_t)len);
		vsnprintf((char *)b->data + b->len, (size_t)len + 1, format, again);
	}
	b->len += (size_t)len;
	va_end(again);
}

void buf_consume(struct buf *b, size_t len)
{
	if (len >= b->len) {
		b->len = 0;
		return;
	}
	memmove(b->data, b->data + len, b->len - len);
	b->len -= len;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}

void buf_wipe(struct buf *b)
{
	mem_wipe(b->data, b->cap);
	buf_free(b);
}

const char *buf_str(struct buf *b)
{
	reserve(b, 0);
	b->data[b->len] = '\0';
	return (const char *)b->data;
}

char *buf_take_str(struct buf *b)
{
	buf_str(b);
	char *s = (char *)b->data;
	*b = (struct buf){0};
	return s;
}

struct bytes buf_bytes(const struct buf *b)
{
	return (struct bytes){b->data, b->len};
}

struct bytes bytes_str(const char *s)
{
	return s ? bytes_of(s, strlen(s)) : (struct bytes){0};
}

struct bytes bytes_of(const void *data, size_t len)
{
	return (struct bytes){data, len};
}

bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (!a.len || memcmp(a.data, b.data, a.len) == 0);
}

bool bytes_is(struct bytes a, const char *s)
{
	return bytes_equal(a, bytes_str(s));
}

static uint8_t ascii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool bytes_is_nocase(struct bytes a, const char *s)
{
	struct bytes b = bytes_str(s);
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (ascii_lower(a.data[i]) != ascii_lower(b.data[i]))
			return false;
	return true;
}

static bool ascii_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct bytes bytes_trim(struct bytes s)
{
	while (s.len && ascii_space(s.data[0])) {
		s.data++;
		s.len--;
	}
	while (s.len && ascii_space(s.data[s.len - 1]))
		s.len--;
	return s;
}

void bytes_copy(struct bytes s, char *out, size_t size)
{
	size_t n = s.len < size ? s.len : size - 1;
	if (n > 0)
		memcpy(out, s.data, n);
	out[n] = 0;
}

char *bytes_dup(struct bytes s)
{
	char *copy = xmalloc(s.len + 1);
	if (s.len)
		memcpy(copy, s.data, s.len);
	copy[s.len] = '\0';
	return copy;
}

bool bytes_to_u64(struct bytes s, uint64_t *out)
{
	uint64_t value = 0;
	if (!s.len)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
		uint64_t digit = (uint64_t)(s.data[i] - '0');
		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}
