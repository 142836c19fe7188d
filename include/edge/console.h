// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "flow/desk.h"
#include "net/http.h"
#include "net/loop.h"

// The console listener: wss://…/v1/console, subprotocol holdfast.v1 (proto/PROTOCOL.md). Frames in
// both encodings; which role may send which request is the table edge/console.def.

struct console;
struct console *console_new(struct loop *l);
void console_end_all(struct console *c); // while the flow is there
void console_free(struct console *c);    // when it is gone
void console_set_flow(struct console *c, struct flow *flow);
struct http_server *console_server(struct console *c); // for the listener
// For struct flow_out.
void console_push(struct console *c, uint64_t session, const Frame *frame);
void console_end(struct console *c, uint64_t session, const char *reason);
size_t console_open(const struct console *c);
