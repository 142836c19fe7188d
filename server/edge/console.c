// SPDX-License-Identifier: Apache-2.0
// Console sessions: WebSocket in and out, encodings, roles, and the deadline for sign-in.
#include "edge/console.h"

#include <stdlib.h>
#include <string.h>

#include "base/errors.h"
#include "base/log.h"
#include "base/map.h"
#include "flow/flow.h"
#include "net/ws.h"

#define PATH         "/v1/console"
#define SUBPROTOCOL  "holdfast.v1"
#define LOG_IN_MS    10000
#define CLOSE_AWAY   1001
#define CLOSE_POLICY 1008

struct console {
	struct loop *loop;
	struct flow *flow;
	struct http_server *http;
	struct idmap *sessions; // id -> struct connection
	uint64_t next_id;
};

struct connection {
	struct console *console;
	struct ws *ws;
	uint64_t id;
	uint64_t deadline; // timer: for signing in
	bool json;         // the encoding of the client's latest message
};

static const struct request_row {
	Holdfast__V1__Frame__BodyCase body;
	const char *name;
	unsigned roles;
	desk_fn fn;
} rows[] = {
#define X(body, name, roles) {HOLDFAST__V1__FRAME__BODY_##body, #name, roles, desk_##name},
#include "edge/console.def"
#undef X
};

static const struct request_row *find_row(Holdfast__V1__Frame__BodyCase body)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].body == body)
			return &rows[i];
	return NULL;
}

// The connection is out of the map before anything else happens: nothing can be pushed to it from
// then on.
static void forget(struct connection *c)
{
	struct console *console = c->console;
	uint64_t id = c->id;
	idmap_remove(console->sessions, id);
	loop_cancel(console->loop, c->deadline);
	free(c);
	desk_closed(console->flow, id);
}

static void cut(struct connection *c, uint16_t code, const char *reason)
{
	ws_close(c->ws, code, reason);
	forget(c);
}

static void refuse(struct connection *c, uint64_t request, enum err e)
{
	desk_refuse(c->console->flow, c->id, request, err_code(e), err_text(e));
}

static void handle(struct connection *c, const Frame *frame)
{
	struct flow *flow = c->console->flow;
	unsigned roles = desk_roles(flow, c->id);
	const struct request_row *row = find_row(frame->body_case);
	if (frame->id == 0)
		desk_refuse(flow, c->id, 0, err_code(ERR_BAD_REQUEST),
		        "A request needs an id greater than 0.");
	else if (!row)
		desk_refuse(flow, c->id, frame->id, err_code(ERR_BAD_REQUEST),
		        "That is no request that a client sends.");
	else if (row->roles != ROLE_ANYBODY && roles == 0)
		refuse(c, frame->id, ERR_NOT_SIGNED_IN);
	else if (row->roles != ROLE_ANYBODY && !(row->roles & roles))
		refuse(c, frame->id, ERR_FORBIDDEN);
	else
		row->fn(flow, c->id, frame);
}

static void take(struct connection *c, bool json, struct bytes data)
{
	struct buf error = {0};
	Frame *frame = frame_decode(data, json, &error);
	c->json = json;
	if (frame) {
		handle(c, frame);
		frame_free(frame);
	} else {
		log_warn("event=bad_frame session=%llu peer=%s", (unsigned long long)c->id,
		        ws_peer(c->ws));
		desk_refuse(c->console->flow, c->id, 0, err_code(ERR_BAD_REQUEST), buf_str(&error));
	}
	buf_free(&error);
}

static void on_ws(struct ws *w, enum ws_event event, struct bytes data, void *arg)
{
	struct connection *c = arg;
	(void)w;
	switch (event) {
	case WS_OPEN:
		break;
	case WS_TEXT:
		take(c, true, data);
		break;
	case WS_BINARY:
		take(c, false, data);
		break;
	case WS_CLOSED:
		forget(c);
		break;
	}
}

static void on_log_in_deadline(void *arg)
{
	struct connection *c = arg;
	struct flow *flow = c->console->flow;
	c->deadline = 0;
	if (desk_roles(flow, c->id) != 0)
		return;
	if (desk_signing_in(flow, c->id)) // the crowd before it is not its fault
		c->deadline = loop_timer(c->console->loop, LOG_IN_MS, on_log_in_deadline, c);
	else
		cut(c, CLOSE_POLICY, "sign in within 10 s of connecting");
}

static void open_session(struct console *console, const struct http_request *r)
{
	struct connection *c = xcalloc(1, sizeof *c);
	c->console = console;
	c->id = ++console->next_id;
	c->ws = ws_accept(console->loop, console->http, r->id,
	        http_header(r, "Sec-WebSocket-Key", NULL), SUBPROTOCOL, &ws_limits_default, on_ws,
	        c);
	if (!c->ws) {
		free(c);
		return;
	}
	idmap_put(console->sessions, c->id, c);
	c->deadline = loop_timer(console->loop, LOG_IN_MS, on_log_in_deadline, c);
	desk_open(console->flow, c->id, ws_peer(c->ws));
}

static void answer(struct console *c, uint64_t id, int status, const char *text)
{
	http_respond(c->http, id, status, "text/plain; charset=utf-8", bytes_str(text), NULL);
}

static void on_request(const struct http_request *r, void *arg)
{
	struct console *c = arg;
	int status = 400;
	if (!bytes_is(r->path, PATH))
		answer(c, r->id, 404, "Consoles connect to " PATH ".\n");
	else if (http_header(r, "Origin", NULL).data)
		answer(c, r->id, 403,
		        "No web page may connect here.\n"); // a browser on a foreign page must not
		                                            // act for its user
	else if (!c->flow || flow_draining(c->flow))
		answer(c, r->id, 503, "This node is shutting down; connect to another.\n");
	else if (!ws_request_ok(r, SUBPROTOCOL, &status))
		answer(c, r->id, status, "This is a WebSocket, subprotocol " SUBPROTOCOL ".\n");
	else
		open_session(c, r);
}

struct console *console_new(struct loop *l)
{
	struct console *c = xcalloc(1, sizeof *c);
	c->loop = l;
	c->sessions = idmap_new();
	c->http = http_server_new(l, "consoles", &http_limits_default, on_request, c);
	return c;
}

static void end_one(uint64_t id, void *value, void *arg)
{
	(void)id;
	(void)arg;
	cut(value, CLOSE_AWAY, "the node ends");
}

void console_end_all(struct console *c)
{
	idmap_each(c->sessions, end_one, NULL);
}

void console_free(struct console *c)
{
	http_server_free(c->http);
	idmap_free(c->sessions);
	free(c);
}

void console_set_flow(struct console *c, struct flow *flow)
{
	c->flow = flow;
}

struct http_server *console_server(struct console *c)
{
	return c->http;
}

void console_push(struct console *c, uint64_t session, const Frame *frame)
{
	struct connection *connection = idmap_get(c->sessions, session);
	struct buf out = {0};
	if (!connection)
		return;
	frame_encode(frame, connection->json, &out);
	ws_send(connection->ws, connection->json, buf_bytes(&out));
	buf_wipe(&out);
}

void console_end(struct console *c, uint64_t session, const char *reason)
{
	struct connection *connection = idmap_get(c->sessions, session);
	if (connection)
		cut(connection, CLOSE_AWAY, reason);
}

size_t console_open(const struct console *c)
{
	return idmap_count(c->sessions);
}
