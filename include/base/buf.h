// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

// A borrowed run of bytes: never owned, not NUL-terminated, may hold NULs.
struct bytes {
	const uint8_t *data;
	size_t len;
};

// A growing buffer; `{0}` is an empty one. The owner frees it.
struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
};

void buf_append(struct buf *b, const void *data, size_t len);
void buf_append_bytes(struct buf *b, struct bytes s);
void buf_append_str(struct buf *b, const char *s);
void buf_append_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args);
void buf_consume(struct buf *b, size_t len); // drops `len` bytes from the front
void buf_clear(struct buf *b);               // keeps the allocation
void buf_free(struct buf *b);                // leaves `{0}`
void buf_wipe(struct buf *b);                // overwrites, then frees: for secrets and plain text
// The content as a NUL-terminated string; valid until the next change. NULs inside stay inside.
const char *buf_str(struct buf *b);
// Gives the content away as a NUL-terminated string that the caller frees; leaves `{0}`.
char *buf_take_str(struct buf *b);

struct bytes buf_bytes(const struct buf *b);
struct bytes bytes_str(const char *s); // NULL gives an empty one
struct bytes bytes_of(const void *data, size_t len);
bool bytes_equal(struct bytes a, struct bytes b);
bool bytes_is(struct bytes a, const char *s);
bool bytes_is_nocase(struct bytes a, const char *s);     // ASCII case only
struct bytes bytes_trim(struct bytes s);                 // ASCII white space at both ends
void bytes_copy(struct bytes s, char *out, size_t size); // NUL-terminated, cut to fit
char *bytes_dup(struct bytes s);                         // NUL-terminated copy; the caller frees
// Decimal digits only, no sign, no overflow; false leaves *out alone.
MUST_CHECK bool bytes_to_u64(struct bytes s, uint64_t *out);
