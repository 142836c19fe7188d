// SPDX-License-Identifier: Apache-2.0
// One RESP connection over net's conn: connects, feeds the reader, and connects again after a cut.
#include "redis_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/conn.h"
#include "redis_reply.h"

#define CONNECT_MS 5000
#define WAIT_LEAST 50
#define WAIT_MOST  2000
#define WHY_BYTES  160

struct stream {
	struct loop *loop;
	const struct config_redis *config;
	const char *name;
	struct stream_events events;
	struct conn *conn; // NULL between attempts
	struct reply_reader *reader;
	int64_t wait_ms;
	uint64_t timer;
	char *address;
	char why[WHY_BYTES]; // of the last end: one that repeats is logged once
};

static void connect_now(void *arg);

static int64_t next_wait(struct stream *s)
{
	uint32_t random;
	random_bytes(&random, sizeof random);
	int64_t half = s->wait_ms / 2;
	int64_t wait = half + random % (half + 1);
	s->wait_ms = s->wait_ms * 2 > WAIT_MOST ? WAIT_MOST : s->wait_ms * 2;
	return wait;
}

static void log_end(struct stream *s, const char *why)
{
	char quoted[200];
	if (strcmp(s->why, why) == 0)
		return;
	snprintf(s->why, sizeof s->why, "%s", why);
	log_warn("event=redis_cut link=%s reason=%s", s->name, log_quote(quoted, why));
}

void stream_cut(struct stream *s, const char *why, int64_t retry_ms)
{
	if (!s->conn)
		return;
	log_end(s, why);
	conn_close(s->conn, why);
	s->conn = NULL;
	reply_reader_free(s->reader);
	s->reader = NULL;
	s->timer = loop_timer(s->loop, retry_ms ? retry_ms : next_wait(s), connect_now, s);
	s->events.closed(why, s->events.arg);
}

// The events may cut the stream: then its reader is gone.
static bool deliver(struct stream *s)
{
	struct redis_reply *reply = NULL;
	while (s->reader) {
		if (!reply_next(s->reader, &reply))
			return false;
		if (!reply)
			return true;
		s->events.reply(reply, s->events.arg);
		reply_free(reply);
	}
	return true;
}

static void on_data(struct stream *s)
{
	while (s->conn && conn_input(s->conn).len > 0) {
		struct bytes in = conn_input(s->conn);
		in.len = in.len < REPLY_FEED_MAX ? in.len : REPLY_FEED_MAX;
		bool good = reply_feed(s->reader, in);
		conn_consume(s->conn, in.len);
		if (!good || !deliver(s)) {
			stream_cut(s, reply_reader_error(s->reader), 0);
			return;
		}
	}
}

static void on_conn(struct conn *c, enum conn_event event, void *arg)
{
	struct stream *s = arg;
	switch (event) {
	case CONN_READY:
		conn_deadline(c, 0);
		s->events.open(s->events.arg);
		break;
	case CONN_DATA:
		on_data(s);
		break;
	case CONN_DRAINED:
		break;
	case CONN_CLOSED:
		on_data(s);
		stream_cut(s, "Redis closed the connection", 0);
		break;
	case CONN_TIMEOUT:
		stream_cut(s, "connecting took too long", 0);
		break;
	case CONN_ERROR:
		stream_cut(s, conn_error(c), 0);
		break;
	}
}

static void connect_now(void *arg)
{
	struct stream *s = arg;
	const struct config_redis *to = s->config;
	s->timer = 0;
	s->reader = reply_reader_new();
	if (to->socket && to->socket[0])
		s->conn = conn_connect_unix(s->loop, to->socket, on_conn, s);
	else
		s->conn = conn_connect_tcp(s->loop, to->host, to->port, NULL, to->host, on_conn, s);
	conn_deadline(s->conn, CONNECT_MS);
}

struct stream *stream_new(struct loop *l, const struct config_redis *config, const char *name,
        const struct stream_events *events)
{
	struct stream *s = xcalloc(1, sizeof *s);
	struct buf address = {0};
	*s = (struct stream){.loop = l, .config = config, .name = name, .events = *events};
	s->wait_ms = WAIT_LEAST;
	if (config->socket && config->socket[0])
		buf_append_str(&address, config->socket);
	else
		buf_printf(&address, "%s:%u", config->host, (unsigned)config->port);
	s->address = buf_take_str(&address);
	connect_now(s);
	return s;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	loop_cancel(s->loop, s->timer);
	if (s->conn)
		conn_close(s->conn, "the link ends");
	reply_reader_free(s->reader);
	free(s->address);
	free(s);
}

void stream_write(struct stream *s, struct bytes data)
{
	if (s->conn)
		conn_write(s->conn, data.data, data.len);
}

size_t stream_pending(const struct stream *s)
{
	return s->conn ? conn_output_pending(s->conn) : 0;
}

void stream_settled(struct stream *s)
{
	s->wait_ms = WAIT_LEAST;
	s->why[0] = '\0';
}

const char *stream_address(const struct stream *s)
{
	return s->address;
}
