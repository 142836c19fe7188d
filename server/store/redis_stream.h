// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

#include "base/buf.h"
#include "net/loop.h"
#include "redis_way.h"
#include "store/redis.h"

// One RESP connection that finds its way, signs in, and comes back by itself: what the connections
// of a link have in common.

struct stream;
struct stream_events {
	void (*open)(void *arg); // signed in
	// The reply is the receiver's, to free with reply_free(). stream_cut() is allowed inside.
	void (*reply)(struct redis_reply *reply, void *arg);
	// Redis does not let us in; `closed` follows. May be NULL.
	void (*refused)(const char *why, void *arg);
	void (*closed)(
	        const char *why, void *arg); // after each attempt to connect that failed, too
	void *arg;
};

struct stream *stream_new(
        struct loop *l, struct way *way, const char *name, const struct stream_events *events);
void stream_free(struct stream *s);                     // calls nothing
void stream_write(struct stream *s, struct bytes data); // to a stream that is open
size_t stream_pending(const struct stream *s);          // bytes not yet with the kernel
// Closes, calls `closed`, and connects again after `retry_ms`; 0 is the usual 50 ms, doubling to 2
// s (with Sentinels to 500 ms), with jitter.
void stream_cut(struct stream *s, const char *why, int64_t retry_ms);
// The peer proved to be good: the next wait begins at 50 ms again.
void stream_settled(struct stream *s);
const struct place *stream_place(const struct stream *s); // of the connection there is, or was last
