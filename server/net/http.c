// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 server sessions: one request at a time on a connection, each phase with its own absolute
// deadline.

#include "net/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "base/id.h"
#include "base/log.h"
#include "base/map.h"
#include "base/metrics.h"
#include "conn_private.h"
#include "http_answer.h"
#include "http_parse.h"

enum {
	OUTPUT_MAX = 256 * 1024, // unsent; above it a pipelining client waits
	ONE_WRITE_MAX = 16 * 1024,
	FLUSH_MS = 5000,
};

const struct http_limits http_limits_default = {
        .header_bytes = 8 * 1024,
        .header_lines = 64,
        .header_ms = 10000,
        .body_bytes = 64 * 1024,
        .body_ms = 10000,
        .idle_ms = 30000,
        .answer_ms = 30000,
};

enum phase {
	PHASE_IDLE,
	PHASE_HEADER,
	PHASE_BODY,
	PHASE_ANSWER, // with the handler
	PHASE_OVER,   // the memory goes at the end of the turn
};

struct session {
	struct http_server *server;
	struct conn *conn;
	struct http_parse *parse; // NULL between requests
	uint64_t request;         // while with the handler
	LIST_ENTRY(session) link;
	enum phase phase;
	bool head_only; // the present request is a HEAD
	bool keep_alive;
	bool ended;   // the peer sent its last byte
	bool pumping; // pump() is on the stack
};

struct http_server {
	struct loop *loop;
	char *name;
	struct http_limits limits;
	http_fn fn;
	void *arg;
	uint64_t last_request;
	struct idmap *waiting; // request id -> session in PHASE_ANSWER
	LIST_HEAD(, session) sessions;
	size_t open;
	bool draining;
	int64_t date_s; // the second that `date` tells
	char date[40];
};

struct bytes http_header(const struct http_request *r, const char *name, size_t *count)
{
	return http_field_find(r->headers, name, count);
}

// Ids of different servers differ, so that a caller may keep them in one map.
static uint64_t first_request_id(void)
{
	uint32_t random;
	random_bytes(&random, sizeof(random));
	return (uint64_t)random << 32;
}

struct http_server *http_server_new(
        struct loop *l, const char *name, const struct http_limits *limits, http_fn fn, void *arg)
{
	struct http_server *s = xcalloc(1, sizeof(*s));
	s->loop = l;
	s->name = xstrdup(name);
	s->limits = *limits;
	s->fn = fn;
	s->arg = arg;
	s->last_request = first_request_id();
	s->waiting = idmap_new();
	s->date_s = -1;
	LIST_INIT(&s->sessions);
	return s;
}

static void enter_phase(struct session *se, enum phase phase)
{
	const struct http_limits *limits = &se->server->limits;
	const int64_t ms[] = {
	        [PHASE_IDLE] = limits->idle_ms,
	        [PHASE_HEADER] = limits->header_ms,
	        [PHASE_BODY] = limits->body_ms,
	        [PHASE_ANSWER] = limits->answer_ms,
	};
	se->phase = phase;
	conn_deadline(se->conn, ms[phase]);
}

static void free_session(void *arg)
{
	struct session *se = arg;
	http_parse_free(se->parse);
	free(se);
}

// The session ends; what becomes of the connection is the caller's to say.
static struct conn *detach(struct session *se)
{
	struct http_server *s = se->server;
	struct conn *c = se->conn;
	if (se->request)
		idmap_remove(s->waiting, se->request);
	LIST_REMOVE(se, link);
	s->open--;
	se->phase = PHASE_OVER;
	se->server = NULL;
	se->conn = NULL;
	conn_set_callback(c, NULL, NULL);
	loop_defer(s->loop, free_session, se);
	return c;
}

static void drop(struct session *se, const char *reason)
{
	conn_close(detach(se), reason);
}

static const char *date_now(struct http_server *s)
{
	int64_t now_s = loop_wall_ms(s->loop) / 1000;
	if (now_s == s->date_s)
		return s->date;
	time_t t = (time_t)now_s;
	struct tm tm;
	gmtime_r(&t, &tm);
	strftime(s->date, sizeof(s->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	s->date_s = now_s;
	return s->date;
}

static void write_answer(struct session *se, const struct http_answer *a)
{
	struct buf out = {0};
	char label[16];
	bool one_write = a->body.len <= ONE_WRITE_MAX;
	http_answer_head(&out, a);
	if (!se->head_only && one_write)
		buf_append_bytes(&out, a->body);
	conn_write(se->conn, out.data, out.len);
	if (!se->head_only && !one_write)
		conn_write(se->conn, a->body.data, a->body.len);
	buf_wipe(&out);
	snprintf(label, sizeof(label), "%d", a->status);
	metric_inc(M_HTTP, label);
}

static void answer(struct session *se, struct http_answer *a)
{
	struct http_server *s = se->server;
	a->date = date_now(s);
	a->over_tls = conn_is_tls(se->conn);
	a->closes = !se->keep_alive || s->draining || se->ended;
	write_answer(se, a);
	if (a->closes)
		conn_close_flushed(detach(se), FLUSH_MS, "answered");
	else
		enter_phase(se, PHASE_IDLE);
}

static void refuse(struct session *se, int status)
{
	struct buf text = {0};
	log_debug("server=%s peer=%s event=http_refused status=%d", se->server->name,
	        conn_peer(se->conn), status);
	buf_printf(&text, "%s\n", http_reason(status));
	struct http_answer a = {
	        .status = status,
	        .content_type = "text/plain",
	        .headers = status == 405 ? "Allow: GET, HEAD, POST\r\n" : NULL,
	        .body = buf_bytes(&text),
	};
	se->keep_alive = false;
	answer(se, &a);
	buf_free(&text);
}

static void hand_to_handler(struct session *se)
{
	struct http_server *s = se->server;
	struct http_parse *p = se->parse;
	struct http_request r = {
	        .id = ++s->last_request,
	        .peer = conn_peer(se->conn),
	        .peer_verified = conn_peer_verified(se->conn),
	};
	http_parse_request(p, &r);
	se->parse = NULL;
	se->head_only = strcmp(r.method, "HEAD") == 0;
	se->keep_alive = http_parse_keep_alive(p);
	se->request = r.id;
	idmap_put(s->waiting, r.id, se);
	enter_phase(se, PHASE_ANSWER);
	s->fn(&r, s->arg);
	http_parse_free(p);
}

static void begin_body(struct session *se)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	enter_phase(se, PHASE_BODY);
	if (http_parse_expects_continue(se->parse) && conn_input(se->conn).len == 0)
		conn_write(se->conn, go_on, sizeof(go_on) - 1);
}

static void begin_request(struct session *se)
{
	if (se->phase == PHASE_IDLE)
		enter_phase(se, PHASE_HEADER);
	if (!se->parse)
		se->parse = http_parse_new(&se->server->limits);
	se->head_only = false;
}

static void feed(struct session *se)
{
	size_t used;
	begin_request(se);
	enum http_progress progress = http_parse_feed(se->parse, conn_input(se->conn), &used);
	conn_consume(se->conn, used);
	if (progress == HTTP_REFUSED)
		refuse(se, http_parse_status(se->parse));
	else if (progress == HTTP_COMPLETE)
		hand_to_handler(se);
	else if (progress == HTTP_IN_BODY && se->phase == PHASE_HEADER)
		begin_body(se);
}

static bool may_feed(const struct session *se)
{
	return se->phase < PHASE_ANSWER && conn_output_pending(se->conn) <= OUTPUT_MAX;
}

// Each round takes bytes or changes phase; an unfinished header does neither, and ends it.
static void pump(struct session *se)
{
	if (se->pumping)
		return;
	se->pumping = true;
	while (may_feed(se)) {
		size_t before = conn_input(se->conn).len;
		if (before == 0)
			break;
		feed(se);
		if (may_feed(se) && conn_input(se->conn).len == before)
			break;
	}
	se->pumping = false;
}

static void pump_later(void *arg)
{
	pump(arg);
}

static void on_deadline(struct session *se)
{
	bool silent = se->phase == PHASE_IDLE || !se->parse || !http_parse_began(se->parse);
	if (se->phase == PHASE_ANSWER) {
		log_warn("server=%s event=http_handler_too_slow", se->server->name);
		idmap_remove(se->server->waiting, se->request);
		se->request = 0;
		refuse(se, 503);
	} else if (silent) {
		drop(se, "idle");
	} else {
		refuse(se, 408);
	}
}

// A peer that only shut its sending half down still gets the answer to a complete request.
static void on_end(struct session *se)
{
	se->ended = true;
	if (se->phase != PHASE_ANSWER)
		drop(se, "ended by the peer");
}

static void on_drained(struct session *se)
{
	if (se->phase == PHASE_IDLE)
		enter_phase(se, PHASE_IDLE);
	pump(se);
}

static void on_conn(struct conn *c, enum conn_event event, void *arg)
{
	struct session *se = arg;
	switch (event) {
	case CONN_DATA:
		pump(se);
		break;
	case CONN_DRAINED:
		on_drained(se);
		break;
	case CONN_CLOSED:
		on_end(se);
		break;
	case CONN_TIMEOUT:
		on_deadline(se);
		break;
	case CONN_ERROR:
		drop(se, conn_error(c));
		break;
	case CONN_READY:
		break;
	}
}

void http_server_accept(struct conn *c, void *server)
{
	struct http_server *s = server;
	if (s->draining) {
		conn_close(c, "draining");
		return;
	}
	struct session *se = xcalloc(1, sizeof(*se));
	se->server = s;
	se->conn = c;
	LIST_INSERT_HEAD(&s->sessions, se, link);
	s->open++;
	conn_set_input_max(c, s->limits.header_bytes);
	conn_set_callback(c, on_conn, se);
	enter_phase(se, PHASE_HEADER);
	pump(se);
}

static struct session *take_waiting(struct http_server *s, uint64_t id)
{
	struct session *se = id ? idmap_remove(s->waiting, id) : NULL;
	if (se)
		se->request = 0;
	return se;
}

bool http_respond(struct http_server *s, uint64_t id, int status, const char *content_type,
        struct bytes body, const char *headers)
{
	struct session *se = take_waiting(s, id);
	if (!se)
		return false;
	struct http_answer a = {
	        .status = status,
	        .content_type = content_type,
	        .headers = headers,
	        .body = body,
	};
	answer(se, &a);
	// The next request may be here already; its handler must not run inside this call.
	if (se->phase == PHASE_IDLE && !se->pumping)
		loop_defer(s->loop, pump_later, se);
	return true;
}

struct conn *http_take_conn(struct http_server *s, uint64_t id)
{
	struct session *se = take_waiting(s, id);
	if (!se)
		return NULL;
	struct conn *c = detach(se);
	conn_deadline(c, 0);
	return c;
}

void http_server_drain(struct http_server *s)
{
	s->draining = true;
	struct session *se = LIST_FIRST(&s->sessions);
	while (se) {
		struct session *next = LIST_NEXT(se, link);
		if (se->phase == PHASE_IDLE)
			conn_close_flushed(detach(se), FLUSH_MS, "draining");
		else if (se->phase != PHASE_ANSWER)
			drop(se, "draining");
		se = next;
	}
}

size_t http_server_open(const struct http_server *s)
{
	return s->open;
}

void http_server_free(struct http_server *s)
{
	if (!s)
		return;
	while (!LIST_EMPTY(&s->sessions))
		drop(LIST_FIRST(&s->sessions), "server freed");
	idmap_free(s->waiting);
	free(s->name);
	free(s);
}
