// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "net/conn.h"

// A listening socket that yields connections whose handshake is complete. It keeps a spare
// descriptor: when descriptors run out, new connections are closed at once and the old ones keep
// working.

struct listener_limits {
	size_t total;         // open connections
	size_t per_peer;      // of one address; 0 is no limit
	int64_t handshake_ms; // absolute
};

struct listener;
typedef void (*listener_fn)(struct conn *c, void *arg); // the callee owns c from now on

// `name` labels metrics and logs. `tls` NULL is plain. NULL on failure leaves one line in `error`.
struct listener *listener_new(struct loop *l, const char *name, const char *address, uint16_t port,
        struct tls_ctx *tls, const struct listener_limits *limits, listener_fn fn, void *arg,
        struct buf *error);
struct listener *listener_new_unix(struct loop *l, const char *name, const char *path,
        const struct listener_limits *limits, listener_fn fn, void *arg, struct buf *error);
uint16_t listener_port(const struct listener *li);
void listener_set_tls(struct listener *li, struct tls_ctx *tls); // for connections to come
void listener_stop(struct listener *li);                         // accepts no more; open ones stay
void listener_free(struct listener *li);
