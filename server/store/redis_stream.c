// SPDX-License-Identifier: Apache-2.0
// One RESP connection over net's conn: asks the way, connects, signs in, feeds the reader, and
// connects again after a cut.
#include "redis_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/conn.h"
#include "redis_link.h"
#include "redis_reply.h"

#define CONNECT_MS 5000
#define FIND_MS    1000 // with Sentinels: who does not answer may be the master no longer
#define WAIT_LEAST 50
#define WAIT_MOST  2000
#define WAIT_ASKED 500 // with Sentinels: a new master is found within a second
#define DENIED_MS  2000
#define WHY_BYTES  160

struct stream {
	struct loop *loop;
	struct way *way;
	const char *name;
	struct stream_events events;
	struct conn *conn; // NULL between attempts
	struct reply_reader *reader;
	int64_t wait_ms;
	uint64_t timer;
	bool signing_in; // the next reply is AUTH's
	struct place place;
	char why[WHY_BYTES]; // of the last end: one that repeats is logged once
};

static void connect_now(void *arg);

static int64_t next_wait(struct stream *s)
{
	uint32_t random;
	random_bytes(&random, sizeof random);
	int64_t half = s->wait_ms / 2;
	int64_t wait = half + random % (half + 1);
	int64_t most = way_has_sentinels(s->way) ? WAIT_ASKED : WAIT_MOST;
	s->wait_ms = s->wait_ms * 2 > most ? most : s->wait_ms * 2;
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

static void end(struct stream *s, const char *why, int64_t retry_ms)
{
	log_end(s, why);
	s->timer = loop_timer(s->loop, retry_ms ? retry_ms : next_wait(s), connect_now, s);
	s->events.closed(why, s->events.arg);
}

void stream_cut(struct stream *s, const char *why, int64_t retry_ms)
{
	if (!s->conn)
		return;
	conn_close(s->conn, why);
	s->conn = NULL;
	reply_reader_free(s->reader);
	s->reader = NULL;
	end(s, why, retry_ms);
}

static void deny(struct stream *s, const char *why)
{
	struct conn *conn = s->conn;
	if (s->events.refused)
		s->events.refused(why, s->events.arg);
	if (s->conn == conn)
		stream_cut(s, why, DENIED_MS);
}

static void be_open(struct stream *s)
{
	conn_deadline(s->conn, 0);
	s->signing_in = false;
	s->events.open(s->events.arg);
}

static void sign_in(struct stream *s)
{
	struct buf out = {0}, error = {0};
	if (!way_sign_in(s->way, &out, &error)) {
		deny(s, buf_str(&error));
	} else if (out.len > 0) {
		s->signing_in = true;
		conn_write(s->conn, out.data, out.len);
	} else {
		be_open(s);
	}
	buf_wipe(&out);
	buf_free(&error);
}

static void on_signed_in(struct stream *s, struct redis_reply *reply)
{
	struct buf why = {0};
	const char *text = reply_error(reply);
	if (text)
		redis_error_print(text, &why);
	reply_free(reply);
	if (text)
		deny(s, buf_str(&why));
	else
		be_open(s);
	buf_free(&why);
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
		if (s->signing_in)
			on_signed_in(s, reply);
		else
			s->events.reply(reply, s->events.arg);
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
		sign_in(s);
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
	case CONN_TIMEOUT: // there is a deadline only until it is open
		way_doubt(s->way, &s->place);
		stream_cut(s, "connecting took too long", 0);
		break;
	case CONN_ERROR:
		way_doubt(s->way, &s->place);
		stream_cut(s, conn_error(c), 0);
		break;
	}
}

static void on_place(const struct place *to, void *arg)
{
	struct stream *s = arg;
	if (!to) {
		end(s, "no Sentinel says where the master is", 0);
		return;
	}
	s->place = *to;
	s->signing_in = false;
	s->reader = reply_reader_new();
	if (to->port == 0)
		s->conn = conn_connect_unix(s->loop, to->host, on_conn, s);
	else
		s->conn = conn_connect_tcp(
		        s->loop, to->host, to->port, way_tls(s->way), to->host, on_conn, s);
	conn_deadline(s->conn, way_has_sentinels(s->way) ? FIND_MS : CONNECT_MS);
}

static void connect_now(void *arg)
{
	struct stream *s = arg;
	s->timer = 0;
	way_find(s->way, on_place, s);
}

struct stream *stream_new(
        struct loop *l, struct way *way, const char *name, const struct stream_events *events)
{
	struct stream *s = xcalloc(1, sizeof *s);
	*s = (struct stream){.loop = l, .way = way, .name = name, .events = *events};
	s->wait_ms = WAIT_LEAST;
	s->place = *way_place(way);
	// Not at once: nobody has the stream yet whom its events could be told.
	s->timer = loop_timer(l, 0, connect_now, s);
	return s;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	loop_cancel(s->loop, s->timer);
	way_forget(s->way, s);
	if (s->conn)
		conn_close(s->conn, "the link ends");
	reply_reader_free(s->reader);
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

const struct place *stream_place(const struct stream *s)
{
	return &s->place;
}
