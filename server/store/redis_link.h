// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "redis_wire.h"
#include "store/redis.h"

// What the parts of the link see of each other: redis.c owns the wires, redis_check.c and script.c
// make them fit to be up.

// The call of a script: once Redis has it, its reply waits for the copies that are demanded.
void link_send_script(
        struct redis *r, struct bytes formatted, int64_t deadline_ms, redis_fn fn, void *arg);
// Ends a command that may not be sent, with REDIS_NO_LINK, at the end of the turn.
void link_reject(struct redis *r, redis_fn fn, void *arg);
bool link_takes_scripts(const struct redis *r);
int64_t link_mono_ms(const struct redis *r);
struct scripts *link_scripts(struct redis *r);

// The check of a connection, one at a time; the answer comes once unless the connection is cut
// before.
enum check_outcome {
	CHECK_GOOD,
	CHECK_REFUSED,   // the server is not fit to hold texts: `why` says what must change
	CHECK_LATER,     // the server answers nobody now: it is still starting, or busy
	CHECK_ELSEWHERE, // the server is a replica: the master is somewhere else
};
typedef void (*check_fn)(enum check_outcome outcome, const char *why, void *arg);
struct check;
struct check *check_new(
        struct wire *w, const struct redis_demands *demands, check_fn fn, void *arg);
void check_free(struct check *c);
void check_start(struct check *c); // on a wire that is open; not while one is under way
const char *check_describe(struct check *c);
// Of the last check that was good.
const char *check_run_id(const struct check *c); // names one life of one Redis
unsigned check_replicas(const struct check *c);  // how many followed it
// Where those are that can be asked; borrowed until the next check.
size_t check_places(const struct check *c, const struct place **out);
bool check_refuses_alone(const struct check *c); // min-replicas-to-write is above 0

// The scripts and the hashes under which the server knows them.
struct scripts;
typedef void (*scripts_fn)(const char *error, void *arg); // `error` is "" when all are loaded
struct scripts *scripts_new(struct wire *w, scripts_fn fn, void *arg);
void scripts_free(struct scripts *s);
void scripts_load(struct scripts *s); // on a connection that has just been made

// What the link does about an error of Redis, beyond telling whoever sent the command that it was
// refused: nothing changed, so that it may be repeated, and a text goes to the spool whatever the
// error. None: the command itself is wrong.
enum error_action {
	DO_REPEAT = 1,    // here, at once: the script is loaded and called again
	DO_RECONNECT = 2, // the server is not what was checked any more: check again
	DO_ASK = 4,       // the Sentinels may know a better one
	DO_ALARM = 8,     // a person must look: redis_trouble()
};

// The one table of the errors of Redis.
struct redis_error {
	const char *code; // first word of the error, without "-"
	const char *meaning;
	const char *kind; // the metric's label
	unsigned actions; // enum error_action
};
const struct redis_error *redis_error_of(const char *text);
// Row `i`, or NULL past the last one, which stands for all unknown codes.
const struct redis_error *redis_error_row(size_t i);
// What may be logged of an error's text: its code, the line of the script, and our own words. Redis
// quotes arguments.
void redis_error_print(const char *text, struct buf *out);
