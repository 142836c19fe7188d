// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/loop.h"
#include "redis_way.h"
#include "store/redis.h"

// One of a link's connections: commands in flight in their order, each with a deadline and exactly
// one callback.

struct wire;
struct wire_events {
	void (*open)(struct wire *w, void *arg);
	void (*refused)(const char *why, void *arg); // as a stream's
	// Every command has had its callback.
	void (*closed)(struct wire *w, void *arg);
	// An error reply, after its callback; `text` is valid inside. wire_cut() is allowed.
	void (*failed)(struct wire *w, const char *text, void *arg);
	void (*succeeded)(struct wire *w, void *arg); // before the callback
	void (*late)(struct wire *w, void *arg);      // a command's deadline has passed
	void *arg;
};

struct wire *wire_new(
        struct loop *l, struct way *way, const char *name, const struct wire_events *events);
// Ends all commands with REDIS_UNKNOWN, and tells the callbacks, not the events.
void wire_free(struct wire *w);

// On a wire that is open; `formatted` is a whole command. `fn` may be NULL. Never called from
// inside.
void wire_send(struct wire *w, struct bytes formatted, int64_t deadline_ms, redis_fn fn, void *arg);
// False when the parts are too large to be a command: nothing was sent.
MUST_CHECK bool wire_send_parts(struct wire *w, int argc, const struct bytes *argv,
        int64_t deadline_ms, redis_fn fn, void *arg);
// As wire_send(), but a reply that is no error is held back until wire_release(), by its deadline.
void wire_send_held(
        struct wire *w, struct bytes formatted, int64_t deadline_ms, redis_fn fn, void *arg);
// Answers all replies held back, in their order, as `status`: OK or SHORT with the reply.
void wire_release(struct wire *w, enum redis_status status);

bool wire_has_room(const struct wire *w);
void wire_cut(struct wire *w, const char *why, int64_t retry_ms); // as stream_cut()
void wire_settled(struct wire *w);
const struct place *wire_place(const struct wire *w);
int64_t wire_mono_ms(const struct wire *w);
