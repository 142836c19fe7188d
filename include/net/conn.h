// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/loop.h"
#include "net/tls.h"

// One byte stream, plain or TLS, TCP or unix, behind one callback. Input gathers until consumed;
// conn_close() may be called anywhere, in the callback too: no event comes after it and the memory
// goes at the end of the turn.

enum conn_event {
	CONN_READY,   // connected, handshake included
	CONN_DATA,    // more input
	CONN_DRAINED, // all output is with the kernel
	CONN_CLOSED,  // the peer ended the stream; input may remain
	CONN_TIMEOUT, // conn_deadline() passed
	CONN_ERROR,   // conn_error() says what
};

struct conn;
typedef void (*conn_fn)(struct conn *c, enum conn_event event, void *arg);

// Outgoing connections. They never fail at once: failure comes as CONN_ERROR. `tls` NULL is plain;
// `name` is what the certificate must carry (an IP address counts).
struct conn *conn_connect_unix(struct loop *l, const char *path, conn_fn fn, void *arg);
struct conn *conn_connect_tcp(struct loop *l, const char *host, uint16_t port, struct tls_ctx *tls,
        const char *name, conn_fn fn, void *arg);

void conn_set_callback(struct conn *c, conn_fn fn, void *arg); // hands the stream to another owner
struct bytes conn_input(struct conn *c); // all input, contiguous; valid until consumed
void conn_consume(struct conn *c, size_t len);
// Reading stops while more than `max` bytes are unconsumed (256 KiB unless told).
void conn_set_input_max(struct conn *c, size_t max);
void conn_write(struct conn *c, const void *data, size_t len);
size_t conn_output_pending(const struct conn *c);
// Replaces the one absolute deadline; 0 takes it away. It does not move when bytes arrive.
void conn_deadline(struct conn *c, int64_t after_ms);
// `reason` goes to the debug log.
void conn_close(struct conn *c, const char *reason);
// Sends what is pending, at most `within_ms`, then closes. No event comes after the call.
void conn_close_flushed(struct conn *c, int64_t within_ms, const char *reason);

const char *conn_peer(const struct conn *c); // numeric address, "unix" for unix sockets
const char *conn_error(const struct conn *c);
bool conn_peer_verified(const struct conn *c); // showed a client certificate of our client CA
