// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "store/redis.h"

// What the parts of the link see of each other: redis.c sends, redis_check.c and script.c make it
// fit to be up.

// Sends whether up or not; `formatted` is a whole command. Otherwise as redis_command().
void link_send(
        struct redis *r, struct bytes formatted, int64_t deadline_ms, redis_fn fn, void *arg);
void link_send_parts(struct redis *r, int argc, const struct bytes *argv, int64_t deadline_ms,
        redis_fn fn, void *arg);
// Ends a command that may not be sent, with REDIS_NO_LINK, at the end of the turn.
void link_reject(struct redis *r, redis_fn fn, void *arg);
bool link_has_room(const struct redis *r);
int64_t link_mono_ms(const struct redis *r);
struct scripts *link_scripts(struct redis *r);

// The check of a fresh connection, one at a time; the answer comes once unless the connection is
// cut before.
enum check_outcome {
	CHECK_GOOD,
	CHECK_REFUSED, // the server is not fit to hold texts: `why` says what must change
	CHECK_LATER,   // the server is still starting
};
typedef void (*check_fn)(enum check_outcome outcome, const char *why, void *arg);
struct check;
struct check *check_new(struct redis *r, bool unsafe, const char *address, check_fn fn, void *arg);
void check_free(struct check *c);
void check_start(struct check *c); // on a connection that has just been made
const char *check_describe(struct check *c);

// The scripts and the hashes under which the server knows them.
struct scripts;
typedef void (*scripts_fn)(const char *error, void *arg); // `error` is "" when all are loaded
struct scripts *scripts_new(struct redis *r, scripts_fn fn, void *arg);
void scripts_free(struct scripts *s);
void scripts_load(struct scripts *s); // on a connection that has just been made

// The one table of the errors of Redis.
struct redis_error {
	const char *code; // first word of the error, without "-"
	const char *meaning;
	const char *kind; // the metric's label
	bool reconnect;   // the server is not what was checked any more: check again
};
const struct redis_error *redis_error_of(const char *text);
// What may be logged of an error's text: its code, the line of the script, and our own words. Redis
// quotes arguments.
void redis_error_print(const char *text, struct buf *out);
