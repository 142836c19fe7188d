// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/buf.h"

// Text encodings of the wire formats. All decoders take hostile input; false means malformed, and
// then `out` may hold a part.

void hex_encode(struct bytes in, struct buf *out); // lower case
MUST_CHECK bool hex_decode(struct bytes in, struct buf *out);
void base64_encode(struct bytes in, struct buf *out); // RFC 4648 §4, padded
MUST_CHECK bool base64_decode(struct bytes in, struct buf *out);
void base64url_encode(struct bytes in, struct buf *out); // RFC 4648 §5, no padding

// RFC 3986 percent-encoding of everything but unreserved characters.
void percent_encode(struct bytes in, struct buf *out);
MUST_CHECK bool percent_decode(struct bytes in, bool plus_is_space, struct buf *out);

// application/x-www-form-urlencoded, a query string included: calls fn for each pair in order,
// decoded, duplicates and all. At most `max` pairs; false on a bad escape or too many, or when fn
// returns false.
typedef bool (*form_fn)(struct bytes name, struct bytes value, void *arg);
MUST_CHECK bool form_parse(struct bytes in, size_t max, form_fn fn, void *arg);
// First value of `name`, decoded into `out`; false when absent or malformed.
MUST_CHECK bool form_get(struct bytes in, const char *name, struct buf *out);
// Appends name=value, with a & before it when `out` is not empty.
void form_add(struct buf *out, const char *name, struct bytes value);

// Cuts up a comma-separated list in place: `out` gets pointers into it, at most `max`, and none to
// an empty word. Returns how many.
size_t csv_split(char *csv, char **out, size_t max);
