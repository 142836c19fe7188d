// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

#include "base/buf.h"
#include "base/config.h"
#include "net/loop.h"
#include "store/redis.h"

// One RESP connection that comes back by itself: what the link and its subscription have in common.

struct stream;
struct stream_events {
	void (*open)(void *arg);
	void (*reply)(const struct redis_reply *reply, void *arg); // stream_cut() is allowed inside
	void (*closed)(
	        const char *why, void *arg); // after each attempt to connect that failed, too
	void *arg;
};

struct stream *stream_new(struct loop *l, const struct config_redis *config, const char *name,
        const struct stream_events *events);
void stream_free(struct stream *s);                     // calls nothing
void stream_write(struct stream *s, struct bytes data); // to a stream that is open
size_t stream_pending(const struct stream *s);          // bytes not yet with the kernel
// Closes, calls `closed`, and connects again after `retry_ms`; 0 is the usual 50 ms, doubling to 2
// s, with jitter.
void stream_cut(struct stream *s, const char *why, int64_t retry_ms);
// The peer proved to be good: the next wait begins at 50 ms again.
void stream_settled(struct stream *s);
const char *stream_address(const struct stream *s);
