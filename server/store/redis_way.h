// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/config.h"
#include "net/loop.h"
#include "net/tls.h"
#include "store/redis.h"

// The way to the master: where it is, over which TLS, and who we are there. One for all connections
// of a link.

struct place {
	char host[256]; // the path of a unix socket when `port` is 0
	uint16_t port;
};
void place_print(const struct place *p, struct buf *out);
// Host and port, the first two values of an array. A name that a log or a resolver would trip over
// is refused.
MUST_CHECK bool place_read(const struct redis_reply *r, struct place *out);
bool place_equal(const struct place *a, const struct place *b);

struct way;
struct way *way_new(struct loop *l, const struct config_redis *config); // `config` is borrowed
void way_free(struct way *w);

// Calls `fn` once, perhaps before it returns: with the place to try next, or NULL when nobody knows
// it. One question under way for each `arg`.
typedef void (*way_fn)(const struct place *to, void *arg);
void way_find(struct way *w, way_fn fn, void *arg);
void way_forget(struct way *w, const void *arg); // calls nothing more for `arg`
// What was found at a place: the master, or somebody else or nobody, so that the Sentinel who named
// it is not asked first again.
void way_settled(struct way *w, const struct place *master);
void way_doubt(struct way *w, const struct place *at);
// Asks all Sentinels in the background, at most once a second: `moved` is called when most of them
// name another place than the one that is settled.
void way_ask_again(struct way *w);
void way_on_moved(struct way *w, void (*moved)(void *arg), void *arg);

// One question, asked in the way of the link's connections, of another server than the master.
struct ask_whom;
void way_whom(const struct way *w, const struct place *at, struct ask_whom *out);
bool way_has_sentinels(const struct way *w);
const struct place *way_place(const struct way *w); // settled last, or configured
struct tls_ctx *way_tls(const struct way *w);       // borrowed; NULL is plain
// Appends the AUTH command, or nothing where no password is configured. The file is read each time:
// a changed password needs no restart, and none stays in memory. The caller wipes `out`.
MUST_CHECK bool way_sign_in(const struct way *w, struct buf *out, struct buf *error);
