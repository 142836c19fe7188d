// SPDX-License-Identifier: Apache-2.0
// WebSocket connections: wslay for the frames, limits and liveness of our own.

#include "net/ws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#include "base/id.h"
#include "base/log.h"
#include "conn_private.h"
#include "ws_handshake.h"

enum {
	OUTPUT_MAX = 1024 * 1024,
	FLUSH_MS = 2000,
	OPEN_MS = 10000,
	ANSWER_MAX = 8 * 1024,
	CLOSE_REASON_MAX = 120, // a close frame holds 125 bytes, two of them the code
};

const struct ws_limits ws_limits_default = {
        .message_bytes = 64 * 1024,
        .fragments = 64,
        .ping_ms = 10000,
        .dead_ms = 20000,
};

// What a client needs until its handshake is done.
struct opening {
	char key[WS_KEY_LEN + 1];
	char *host;
	uint16_t port;
	char *path;
	char *subprotocol;
};

struct ws {
	struct loop *loop;
	struct conn *conn;
	ws_fn fn;
	void *arg;
	struct ws_limits limits;
	struct opening *opening; // NULL once open
	// wslay's context takes 9 KB; it is there only while a frame is under way, and idle
	// connections are nearly all connections. See release_idle().
	wslay_event_context_ptr frames;
	uint64_t taken;  // bytes given to `frames`
	uint64_t framed; // bytes of the frames it has begun
	size_t fragments;
	uint64_t timer;
	int64_t heard_at;
	uint16_t fault; // close code of a limit that wslay does not know
	bool client;
	bool over;
};

static void free_opening(struct opening *o)
{
	if (!o)
		return;
	free(o->host);
	free(o->path);
	free(o->subprotocol);
	free(o);
}

static void free_ws(void *arg)
{
	struct ws *w = arg;
	if (w->frames)
		wslay_event_context_free(w->frames);
	free_opening(w->opening);
	free(w);
}

static void end(struct ws *w)
{
	w->over = true;
	loop_cancel(w->loop, w->timer);
	w->timer = 0;
	conn_set_callback(w->conn, NULL, NULL);
	loop_defer(w->loop, free_ws, w);
}

static void lose(struct ws *w, const char *reason, bool flush)
{
	if (w->over)
		return;
	end(w);
	if (flush)
		conn_close_flushed(w->conn, FLUSH_MS, reason);
	else
		conn_close(w->conn, reason);
	w->conn = NULL;
	w->fn(w, WS_CLOSED, bytes_str(reason), w->arg);
}

static ssize_t on_recv(wslay_event_context_ptr ctx, uint8_t *out, size_t len, int flags, void *arg)
{
	(void)flags;
	struct ws *w = arg;
	struct bytes in = w->over ? bytes_str("") : conn_input(w->conn);
	if (in.len == 0) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	size_t n = in.len < len ? in.len : len;
	memcpy(out, in.data, n);
	conn_consume(w->conn, n);
	w->taken += n;
	return (ssize_t)n;
}

static ssize_t on_send(
        wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags, void *arg)
{
	(void)ctx;
	(void)flags;
	struct ws *w = arg;
	conn_write(w->conn, data, len);
	return (ssize_t)len;
}

static int on_mask(wslay_event_context_ptr ctx, uint8_t *out, size_t len, void *arg)
{
	(void)ctx;
	(void)arg;
	random_bytes(out, len);
	return 0;
}

static size_t frame_head_len(const struct ws *w, uint64_t payload)
{
	size_t extended = payload < 126 ? 0 : payload < 65536 ? 2 : 8;
	return 2 + extended + (w->client ? 0 : 4); // only frames to a server are masked
}

static bool is_control(uint8_t opcode)
{
	return opcode >= WSLAY_CONNECTION_CLOSE;
}

// wslay bounds the bytes of a message but not its fragments.
static void on_frame(
        wslay_event_context_ptr ctx, const struct wslay_event_on_frame_recv_start_arg *f, void *arg)
{
	struct ws *w = arg;
	w->framed += frame_head_len(w, f->payload_length) + f->payload_length;
	if (is_control(f->opcode))
		return;
	w->fragments++;
	if (w->fragments > w->limits.fragments) {
		w->fault = WSLAY_CODE_MESSAGE_TOO_BIG;
		wslay_event_shutdown_read(ctx);
	}
	if (f->fin)
		w->fragments = 0;
}

static void on_message(
        wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *m, void *arg)
{
	(void)ctx;
	struct ws *w = arg;
	if (w->over || w->fault || is_control(m->opcode))
		return;
	w->fn(w, m->opcode == WSLAY_TEXT_FRAME ? WS_TEXT : WS_BINARY,
	        bytes_of(m->msg, m->msg_length), w->arg);
}

static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_recv,
        .send_callback = on_send,
        .genmask_callback = on_mask,
        .on_frame_recv_start_callback = on_frame,
        .on_msg_recv_callback = on_message,
};

static wslay_event_context_ptr frames(struct ws *w)
{
	if (w->frames)
		return w->frames;
	int r = w->client ? wslay_event_context_client_init(&w->frames, &callbacks, w)
	                  : wslay_event_context_server_init(&w->frames, &callbacks, w);
	if (r != 0)
		fatal("event=ws_failed part=context");
	wslay_event_config_set_max_recv_msg_length(w->frames, w->limits.message_bytes);
	return w->frames;
}

// Between messages, with every byte it took accounted for and nothing to send, the context holds no
// state.
static void release_idle(struct ws *w)
{
	if (!w->frames || w->taken != w->framed || w->fragments > 0 ||
	        wslay_event_want_write(w->frames) || !wslay_event_want_read(w->frames))
		return;
	wslay_event_context_free(w->frames);
	w->frames = NULL;
}

static void cut_if_full(void *arg)
{
	struct ws *w = arg;
	if (!w->over && conn_output_pending(w->conn) > OUTPUT_MAX)
		lose(w, "too much output unread", false);
}

static void flush(struct ws *w)
{
	wslay_event_send(frames(w));
	// Deferred: whoever sends must not lose the connection inside the call.
	if (conn_output_pending(w->conn) > OUTPUT_MAX)
		loop_defer(w->loop, cut_if_full, w);
}

static void lose_by_protocol(struct ws *w)
{
	char reason[64];
	if (w->fault)
		wslay_event_queue_close(w->frames, w->fault, NULL, 0);
	flush(w);
	if (wslay_event_get_close_received(w->frames))
		snprintf(reason, sizeof(reason), "closed by the peer with code %u",
		        wslay_event_get_status_code_received(w->frames));
	else
		snprintf(reason, sizeof(reason), "closed by us with code %u",
		        wslay_event_get_status_code_sent(w->frames));
	lose(w, reason, true);
}

static void pump(struct ws *w)
{
	if (conn_input(w->conn).len == 0)
		return;
	w->heard_at = loop_mono_ms(w->loop);
	int r = wslay_event_recv(frames(w));
	if (w->over)
		return;
	if (r != 0 || w->fault || !wslay_event_want_read(w->frames)) {
		lose_by_protocol(w);
		return;
	}
	flush(w);
	release_idle(w);
}

static void pump_later(void *arg)
{
	struct ws *w = arg;
	if (!w->over)
		pump(w);
}

static void send_message(struct ws *w, uint8_t opcode, struct bytes message)
{
	const struct wslay_event_msg m = {
	        .opcode = opcode, .msg = message.data, .msg_length = message.len};
	wslay_event_queue_msg(frames(w), &m);
	flush(w);
}

static void watch(struct ws *w);

static void on_timer(void *arg)
{
	struct ws *w = arg;
	w->timer = 0;
	int64_t silent = loop_mono_ms(w->loop) - w->heard_at;
	if (silent >= w->limits.dead_ms) {
		lose(w, "silent", false);
		return;
	}
	if (silent >= w->limits.ping_ms) {
		send_message(w, WSLAY_PING, bytes_str(""));
		release_idle(w);
	}
	watch(w);
}

static void watch(struct ws *w)
{
	int64_t silent = loop_mono_ms(w->loop) - w->heard_at;
	int64_t to_dead = w->limits.dead_ms - silent;
	int64_t to_ping =
	        silent < w->limits.ping_ms ? w->limits.ping_ms - silent : w->limits.ping_ms;
	w->timer = loop_timer(w->loop, to_ping < to_dead ? to_ping : to_dead, on_timer, w);
}

static void become_open(struct ws *w)
{
	conn_deadline(w->conn, 0);
	w->heard_at = loop_mono_ms(w->loop);
	watch(w);
}

static void ask(struct ws *w)
{
	struct buf out = {0};
	const struct opening *o = w->opening;
	ws_write_request(&out, o->host, o->port, o->path, o->subprotocol, o->key);
	conn_write(w->conn, out.data, out.len);
	buf_free(&out);
}

static void read_answer(struct ws *w)
{
	struct bytes in = conn_input(w->conn);
	size_t len = ws_answer_len(in);
	if (len == 0 && in.len <= ANSWER_MAX)
		return;
	if (len == 0 || len > ANSWER_MAX ||
	        !ws_answer_ok(bytes_of(in.data, len), w->opening->key, w->opening->subprotocol)) {
		lose(w, "the server refused the upgrade", false);
		return;
	}
	conn_consume(w->conn, len);
	free_opening(w->opening);
	w->opening = NULL;
	become_open(w);
	w->fn(w, WS_OPEN, bytes_str(""), w->arg);
	if (!w->over)
		pump(w);
}

static void on_data(struct ws *w)
{
	if (w->opening)
		read_answer(w);
	else
		pump(w);
}

static void on_conn(struct conn *c, enum conn_event event, void *arg)
{
	struct ws *w = arg;
	switch (event) {
	case CONN_READY:
		ask(w);
		break;
	case CONN_DATA:
		on_data(w);
		break;
	case CONN_DRAINED:
		break;
	case CONN_CLOSED:
		lose(w, "ended by the peer", false);
		break;
	case CONN_TIMEOUT:
		lose(w, "too slow to open", false);
		break;
	case CONN_ERROR:
		lose(w, conn_error(c), false);
		break;
	}
}

static struct ws *new_ws(struct loop *l, const struct ws_limits *limits, ws_fn fn, void *arg)
{
	struct ws *w = xcalloc(1, sizeof(*w));
	w->loop = l;
	w->limits = *limits;
	w->fn = fn;
	w->arg = arg;
	return w;
}

struct ws *ws_accept(struct loop *l, struct http_server *s, uint64_t request, struct bytes key,
        const char *subprotocol, const struct ws_limits *limits, ws_fn fn, void *arg)
{
	struct buf out = {0};
	struct conn *c = http_take_conn(s, request);
	if (!c)
		return NULL;
	struct ws *w = new_ws(l, limits, fn, arg);
	w->conn = c;
	conn_set_callback(c, on_conn, w);
	ws_write_answer(&out, key, subprotocol);
	conn_write(c, out.data, out.len);
	buf_free(&out);
	become_open(w);
	loop_defer(l, pump_later, w);
	return w;
}

struct ws *ws_connect(struct loop *l, const char *host, uint16_t port, struct tls_ctx *tls,
        const char *path, const char *subprotocol, const struct ws_limits *limits, ws_fn fn,
        void *arg)
{
	struct ws *w = new_ws(l, limits, fn, arg);
	struct opening *o = xcalloc(1, sizeof(*o));
	ws_new_key(o->key);
	o->host = xstrdup(host);
	o->port = port;
	o->path = xstrdup(path);
	o->subprotocol = xstrdup(subprotocol);
	w->client = true;
	w->opening = o;
	w->conn = conn_connect_tcp(l, host, port, tls, host, on_conn, w);
	conn_deadline(w->conn, OPEN_MS);
	return w;
}

void ws_set_callback(struct ws *w, ws_fn fn, void *arg)
{
	w->fn = fn;
	w->arg = arg;
}

void ws_send(struct ws *w, bool text, struct bytes message)
{
	if (w->over || w->opening)
		return;
	send_message(w, text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME, message);
}

void ws_close(struct ws *w, uint16_t code, const char *reason)
{
	if (w->over)
		return;
	size_t len = strlen(reason);
	if (!w->opening) {
		wslay_event_shutdown_read(frames(w));
		wslay_event_queue_close(w->frames, code, (const uint8_t *)reason,
		        len < CLOSE_REASON_MAX ? len : CLOSE_REASON_MAX);
		wslay_event_send(w->frames);
	}
	end(w);
	conn_close_flushed(w->conn, FLUSH_MS, reason);
	w->conn = NULL;
}

const char *ws_peer(const struct ws *w)
{
	return w->conn ? conn_peer(w->conn) : "";
}
