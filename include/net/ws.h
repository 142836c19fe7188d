// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/conn.h"
#include "net/http.h"

// WebSocket (RFC 6455) over wslay: whole messages in, whole messages out. No extensions. A ping
// goes out every 10 s of silence; a peer that is silent for 20 s is lost. A peer that lets more
// than 1 MiB of output pile up is cut.

enum ws_event {
	WS_OPEN, // client side only: the handshake is done
	WS_TEXT, // valid UTF-8
	WS_BINARY,
	WS_CLOSED, // last event; the ws is gone after the callback. `data` is the reason, for a log
};

struct ws_limits {
	size_t message_bytes; // 64 KiB for us as server
	size_t fragments;     // 64
	int64_t ping_ms;
	int64_t dead_ms;
};
extern const struct ws_limits ws_limits_default;

struct ws;
typedef void (*ws_fn)(struct ws *w, enum ws_event event, struct bytes data, void *arg);

// Is it a good upgrade request that offers `subprotocol`? Otherwise false, and *status says what to
// answer.
bool ws_request_ok(const struct http_request *r, const char *subprotocol, int *status);
// Answers such a request with 101 and takes its connection over. NULL when the peer is gone. `key`
// is the request's Sec-WebSocket-Key.
struct ws *ws_accept(struct loop *l, struct http_server *s, uint64_t request, struct bytes key,
        const char *subprotocol, const struct ws_limits *limits, ws_fn fn, void *arg);
// Connects as a client to ws(s)://host:port/path.
struct ws *ws_connect(struct loop *l, const char *host, uint16_t port, struct tls_ctx *tls,
        const char *path, const char *subprotocol, const struct ws_limits *limits, ws_fn fn,
        void *arg);

void ws_set_callback(struct ws *w, ws_fn fn, void *arg);
void ws_send(struct ws *w, bool text, struct bytes message);
// Sends a close frame, then ends the stream; no event comes after the call.
void ws_close(struct ws *w, uint16_t code, const char *reason);
const char *ws_peer(const struct ws *w);
