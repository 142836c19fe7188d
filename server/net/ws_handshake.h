// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buf.h"

// Both ends of the opening handshake (RFC 6455 §4).

#define WS_KEY_LEN 24

void ws_new_key(char out[static WS_KEY_LEN + 1]);
// The Sec-WebSocket-Accept that belongs to a key.
void ws_accept_value(struct bytes key, struct buf *out);
void ws_write_request(struct buf *out, const char *host, uint16_t port, const char *path,
        const char *subprotocol, const char *key);
void ws_write_answer(struct buf *out, struct bytes key, const char *subprotocol);
// Length of a complete answer's head at the start of `in`, or 0.
size_t ws_answer_len(struct bytes in);
bool ws_answer_ok(struct bytes head, const char *key, const char *subprotocol);
