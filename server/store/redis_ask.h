// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buf.h"
#include "net/loop.h"
#include "net/tls.h"
#include "redis_way.h"
#include "store/redis.h"

// One question to one server, on a connection of its own, with a deadline and a bounded answer: for
// Sentinels and replicas.

struct ask_whom {
	struct place place;
	struct tls_ctx *tls; // borrowed; NULL is plain
	const char *user, *password_file;
};

// Called once, never from inside ask_new(): with the reply, or with NULL and why there is none. The
// ask is gone by then.
typedef void (*ask_fn)(const struct redis_reply *reply, const char *why, void *arg);
struct ask;
struct ask *ask_new(struct loop *l, const struct ask_whom *whom, int argc, const struct bytes *argv,
        ask_fn fn, void *arg);
void ask_free(struct ask *a); // calls nothing; not after `fn`

// Connect, TLS, AUTH and answer. Three that are silent, asked in turn, cost less than a second.
#define ASK_MS 300
