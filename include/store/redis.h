// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/config.h"
#include "net/loop.h"

// The link to Redis: hiredis formats and reads, our conn carries. Commands are pipelined on one
// connection and scripts on another, both to the same Redis; each has a deadline and exactly one
// callback. Between a command and a script there is no order: whoever reads what a script writes
// waits for its callback. After a cut the link connects again by itself (50 ms, doubling to 2 s or,
// with Sentinels, 500 ms, with jitter), asks the Sentinels where the master is, checks its settings
// and its role, loads the scripts, and only then is up. The settings are checked again every
// 10 s.

struct redis;

enum redis_status {
	REDIS_OK,      // `reply` is there and is no error
	REDIS_REFUSED, // Redis answered with an error: nothing was changed. `error` is its code and
	               // our words, never its arguments
	REDIS_NO_LINK, // not sent: the link is down or full. Nothing was changed
	REDIS_UNKNOWN, // sent, no answer by the deadline or before the cut: it may have happened
	REDIS_SHORT,   // done, `reply` is there, but fewer replicas than configured have it: a
	               // failover could undo it. Safe to repeat, and then it may be REDIS_OK
};

// A reply, owned by the link and valid during the callback. Nested arrays allowed; nil is
// REDIS_NIL.
enum redis_type { REDIS_NIL, REDIS_INTEGER, REDIS_STRING, REDIS_STATUS, REDIS_ARRAY };
struct redis_reply;
enum redis_type redis_type(const struct redis_reply *r);
int64_t redis_integer(const struct redis_reply *r);    // 0 when it is none; a numeric string counts
struct bytes redis_bytes(const struct redis_reply *r); // empty when it is no string
size_t redis_count(const struct redis_reply *r);       // 0 when it is no array
const struct redis_reply *redis_at(
        const struct redis_reply *r, size_t i); // a nil reply past the end
// In a flat name, value, name, value … array: the value of `name`, or a nil reply.
const struct redis_reply *redis_field(const struct redis_reply *r, const char *name);

struct redis_result {
	enum redis_status status;
	const struct redis_reply *reply; // never NULL
	const char *error;               // "" when OK
};
typedef void (*redis_fn)(const struct redis_result *result, void *arg);

// Events of the link.
struct redis_events {
	void (*up)(void *arg);   // checked, scripts loaded
	void (*down)(void *arg); // was up
	// A setting that could lose what it has acknowledged, by name, or a user that may not do
	// what we need: the caller stops or goes on trying.
	void (*refused)(const char *why, void *arg);
	// A message on a channel subscribed with redis_subscribe(); and `resync` after any gap in
	// the subscription. Between `deaf` and `resync` there is no subscription.
	void (*message)(const char *channel, struct bytes payload, void *arg);
	void (*deaf)(void *arg);
	void (*resync)(void *arg);
	void *arg;
};

// What a link is held to.
struct redis_demands {
	bool unsafe;     // skips the check of the settings (--unsafe-dev)
	unsigned copies; // replicas that must have what a script wrote before it is REDIS_OK
};
struct redis *redis_new(struct loop *l, const struct config_redis *config,
        const struct redis_demands *demands, const struct redis_events *events);
// Commands under way get REDIS_UNKNOWN; what their callbacks send is dropped. `config` is borrowed
// until here. Not from inside a callback of the link.
void redis_free(struct redis *r);
bool redis_is_up(const struct redis *r);
// Up, but at the last look fewer replicas than demanded had everything.
bool redis_is_short(const struct redis *r);
// Up, but Redis refuses scripts for a reason that needs a person (its disk, its memory, its
// replicas, our rights): our words for it, "" when all is well.
const char *redis_trouble(struct redis *r);
// What was checked, for people: "redis 7.0.15 at /…/redis.sock: appendonly yes, appendfsync always,
// …, role master, replicas 2, copies 1".
const char *redis_describe(const struct redis *r);

// The most commands, and the most scripts, that may be in flight; beyond it they end at once with
// REDIS_NO_LINK.
#define REDIS_IN_FLIGHT_MAX 20000

// One command of `argc` parts. `fn` is called once, never from inside, at the latest `deadline_ms`
// from now; NULL where nobody cares. `arg` must outlive it: use an id.
void redis_command(struct redis *r, int argc, const struct bytes *argv, int64_t deadline_ms,
        redis_fn fn, void *arg);
// Channels are added one by one and stay across reconnects; they travel on a connection of their
// own.
void redis_subscribe(struct redis *r, const char *channel);

// A Lua script of store/lua, by the name of its file: EVALSHA; after NOSCRIPT it is loaded again
// and repeated once. With copies demanded one WAIT follows the scripts of a turn, and the callback
// waits for its answer.
void redis_script(struct redis *r, const char *script, int keys, int argc, const struct bytes *argv,
        int64_t deadline_ms, redis_fn fn, void *arg);
