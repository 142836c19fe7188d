// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "store/redis.h"

// The RESP protocol: all that the store uses of hiredis.

// One reply may take this much of the wire, and this many values.
#define REPLY_BYTES_MAX  ((size_t)64 << 20)
#define REPLY_VALUES_MAX ((size_t)1 << 20)

struct reply_reader;
struct reply_reader *reply_reader_new(void);
void reply_reader_free(struct reply_reader *r);
// At most REPLY_FEED_MAX bytes at a time, then reply_next() until it gives none: hiredis moves what
// is left of its buffer after each reply, so a large buffer of small replies would cost its square.
#define REPLY_FEED_MAX ((size_t)16 << 10)
MUST_CHECK bool reply_feed(struct reply_reader *r, struct bytes in);
// False when the stream is no RESP or passes a bound. *out is NULL when the next reply is not
// complete, and otherwise the caller's.
MUST_CHECK bool reply_next(struct reply_reader *r, struct redis_reply **out);
const char *reply_reader_error(const struct reply_reader *r);

void reply_free(struct redis_reply *r);
const struct redis_reply *reply_nil(void);
// The text of an error reply, or NULL when it is none. Redis writes arguments into some of them:
// not for a log.
const char *reply_error(const struct redis_reply *r);

// A command as it goes over the wire; false when it passes REPLY_BYTES_MAX.
MUST_CHECK bool reply_format(int argc, const struct bytes *argv, struct buf *out);
// AUTH with a password from a file, or nothing when `file` is NULL or "". `user` "" or NULL is
// Redis' default user. False, with a sentence in `error`, when the file cannot be read. The caller
// wipes `out`.
MUST_CHECK bool reply_format_auth(
        const char *user, const char *file, struct buf *out, struct buf *error);
