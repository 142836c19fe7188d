// SPDX-License-Identifier: Apache-2.0
// Asking the Sentinels where the master is.
#include "redis_sentinel.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/conn.h"
#include "redis_link.h"
#include "redis_reply.h"

// For one Sentinel: connect, TLS, AUTH and answer. Three that are silent cost less than a second.
#define ASK_MS     300
#define AGAIN_MS   1000
#define ANSWER_MAX 4096 // of a Sentinel's bytes in all
#define WAITING    4    // a link has three connections

struct waiter {
	way_fn fn; // NULL: free
	void *arg;
};

struct sentinels {
	struct loop *loop;
	const struct config_redis *config;
	struct tls_ctx *tls;
	struct waiter waiting[WAITING];
	void (*moved)(void *arg);
	void *moved_arg;
	struct place master; // settled last; port 0: never
	unsigned first;      // whom to ask first
	int64_t again_ms;    // when all may be asked again
	// The round under way.
	bool asking;
	bool all;       // asks them all and counts, where otherwise one answer is enough
	unsigned asked; // how many have been asked, the present one included
	size_t fed;
	size_t skip; // replies that come before the answer
	struct conn *conn;
	struct reply_reader *reader;
	struct place *named; // by each Sentinel in this round; port 0: no answer
	bool *was_silent;    // for the log: each change once
};

static void ask_next(struct sentinels *s);

struct sentinels *sentinels_new(
        struct loop *l, const struct config_redis *config, struct tls_ctx *tls)
{
	struct sentinels *s = xcalloc(1, sizeof *s);
	s->loop = l;
	s->config = config;
	s->tls = tls;
	s->named = xcalloc(config->sentinels_count, sizeof *s->named);
	s->was_silent = xcalloc(config->sentinels_count, sizeof *s->was_silent);
	return s;
}

static void hang_up(struct sentinels *s, const char *why)
{
	if (s->conn)
		conn_close(s->conn, why);
	s->conn = NULL;
	reply_reader_free(s->reader);
	s->reader = NULL;
}

void sentinels_free(struct sentinels *s)
{
	if (!s)
		return;
	hang_up(s, "the link ends");
	free(s->named);
	free(s->was_silent);
	free(s);
}

static unsigned present(const struct sentinels *s)
{
	return (s->first + s->asked - 1) % s->config->sentinels_count;
}

static void tell_waiters(struct sentinels *s, const struct place *to)
{
	for (size_t i = 0; i < WAITING; i++) {
		struct waiter w = s->waiting[i];
		s->waiting[i] = (struct waiter){0};
		if (w.fn)
			w.fn(to, w.arg);
	}
}

// The place that more than half of all Sentinels named in this round, or NULL.
static const struct place *most_named(const struct sentinels *s)
{
	unsigned count = s->config->sentinels_count;
	for (unsigned i = 0; i < count; i++) {
		unsigned votes = 0;
		for (unsigned j = 0; j < count; j++)
			votes += s->named[i].port && place_equal(&s->named[i], &s->named[j]);
		if (votes * 2 > count)
			return &s->named[i];
	}
	return NULL;
}

// Whom to ask first from now on: somebody who knows.
static void prefer(struct sentinels *s, const struct place *named)
{
	for (unsigned i = 0; i < s->config->sentinels_count; i++)
		if (place_equal(&s->named[i], named))
			s->first = i;
}

static void end_round(struct sentinels *s)
{
	const struct place *most = s->all ? most_named(s) : NULL;
	bool moved = most && s->master.port && !place_equal(most, &s->master);
	s->asking = false;
	if (most)
		prefer(s, most);
	tell_waiters(s, most ? most : s->master.port ? &s->master : NULL);
	if (!moved || !s->moved)
		return;
	struct buf to = {0};
	place_print(most, &to);
	log_warn("event=redis_moved to=%s", buf_str(&to));
	buf_free(&to);
	s->moved(s->moved_arg);
}

static void log_silence(struct sentinels *s, const char *why)
{
	const struct config_endpoint *e = &s->config->sentinels[present(s)];
	bool *was = &s->was_silent[present(s)];
	char quoted[200];
	if (why && !*was)
		log_warn("event=sentinel_silent sentinel=%s:%u reason=%s", e->host,
		        (unsigned)e->port, log_quote(quoted, why));
	if (!why && *was)
		log_info("event=sentinel_answers sentinel=%s:%u", e->host, (unsigned)e->port);
	*was = why != NULL;
}

static void no_answer(struct sentinels *s, const char *why)
{
	log_silence(s, why);
	hang_up(s, why);
	ask_next(s);
}

// *2 host port. A name that a log or a resolver would trip over is no answer.
static bool take_place(const struct redis_reply *r, struct place *out)
{
	struct bytes host = redis_bytes(redis_at(r, 0));
	int64_t port = redis_integer(redis_at(r, 1));
	bool good = redis_count(r) == 2 && host.len > 0 && host.len < sizeof out->host &&
	            port > 0 && port <= UINT16_MAX;
	for (size_t i = 0; good && i < host.len; i++)
		good = host.data[i] > ' ' && host.data[i] < 0x7f;
	if (!good)
		return false;
	bytes_copy(host, out->host, sizeof out->host);
	out->port = (uint16_t)port;
	return true;
}

static void take_answer(struct sentinels *s, const struct redis_reply *r)
{
	unsigned at = present(s);
	if (!take_place(r, &s->named[at])) {
		no_answer(s, "it knows no master of that name");
		return;
	}
	log_silence(s, NULL);
	hang_up(s, "answered");
	tell_waiters(s, &s->named[at]);
	if (s->all) {
		ask_next(s);
		return;
	}
	s->first = at;
	s->asking = false;
}

static void take_reply(struct sentinels *s, const struct redis_reply *r)
{
	struct buf why = {0};
	if (reply_error(r)) {
		buf_append_str(&why, s->skip ? "sign-in: " : "");
		redis_error_print(reply_error(r), &why);
		no_answer(s, buf_str(&why));
	} else if (s->skip > 0) {
		s->skip--;
	} else {
		take_answer(s, r);
	}
	buf_free(&why);
}

static void on_data(struct sentinels *s)
{
	struct bytes in = conn_input(s->conn);
	struct redis_reply *r = NULL;
	s->fed += in.len;
	bool good = s->fed <= ANSWER_MAX && reply_feed(s->reader, in);
	conn_consume(s->conn, in.len);
	const struct conn *conn = s->conn;
	while (good && s->conn == conn && (good = reply_next(s->reader, &r)) && r) {
		take_reply(s, r);
		reply_free(r);
	}
	if (!good)
		no_answer(s, "its answer makes no sense");
}

static bool question(const struct sentinels *s, struct buf *out, struct buf *error)
{
	const struct bytes parts[] = {bytes_str("SENTINEL"), bytes_str("get-master-addr-by-name"),
	        bytes_str(s->config->master_name)};
	return reply_format_auth(
	               s->config->sentinel_user, s->config->sentinel_password_file, out, error) &&
	       reply_format(3, parts, out);
}

static void on_ready(struct sentinels *s)
{
	struct buf out = {0}, error = {0};
	const char *file = s->config->sentinel_password_file;
	s->skip = file && *file ? 1 : 0;
	if (question(s, &out, &error))
		conn_write(s->conn, out.data, out.len);
	else
		no_answer(s, buf_str(&error));
	buf_wipe(&out);
	buf_free(&error);
}

static void on_conn(struct conn *c, enum conn_event event, void *arg)
{
	struct sentinels *s = arg;
	switch (event) {
	case CONN_READY:
		on_ready(s);
		break;
	case CONN_DATA:
		on_data(s);
		break;
	case CONN_DRAINED:
		break;
	case CONN_CLOSED:
		no_answer(s, "it closed the connection");
		break;
	case CONN_TIMEOUT:
		no_answer(s, "no answer in time");
		break;
	case CONN_ERROR:
		no_answer(s, conn_error(c));
		break;
	}
}

static void ask_next(struct sentinels *s)
{
	if (s->asked == s->config->sentinels_count) {
		end_round(s);
		return;
	}
	s->asked++;
	const struct config_endpoint *e = &s->config->sentinels[present(s)];
	s->fed = 0;
	s->reader = reply_reader_new();
	s->conn = conn_connect_tcp(s->loop, e->host, e->port, s->tls, e->host, on_conn, s);
	conn_deadline(s->conn, ASK_MS);
}

static void start_round(struct sentinels *s, bool all)
{
	s->asking = true;
	s->all = all;
	s->asked = 0;
	memset(s->named, 0, s->config->sentinels_count * sizeof *s->named);
	ask_next(s);
}

// Joins the round under way, whose next answer counts.
void sentinels_find(struct sentinels *s, way_fn fn, void *arg)
{
	size_t i = 0;
	while (i < WAITING - 1 && s->waiting[i].fn)
		i++;
	s->waiting[i] = (struct waiter){fn, arg};
	if (!s->asking)
		start_round(s, false);
}

void sentinels_forget(struct sentinels *s, const void *arg)
{
	for (size_t i = 0; i < WAITING; i++)
		if (s->waiting[i].arg == arg)
			s->waiting[i] = (struct waiter){0};
}

void sentinels_settled(struct sentinels *s, const struct place *master)
{
	s->master = *master;
}

// All connections that went there may say so: only the first one's word changes something.
void sentinels_doubt(struct sentinels *s, const struct place *at)
{
	if (!s->asking && s->named[s->first].port && place_equal(&s->named[s->first], at))
		s->first = (s->first + 1) % s->config->sentinels_count;
}

void sentinels_ask_again(struct sentinels *s)
{
	int64_t now = loop_mono_ms(s->loop);
	if (s->asking || now < s->again_ms)
		return;
	s->again_ms = now + AGAIN_MS;
	start_round(s, true);
}

void sentinels_on_moved(struct sentinels *s, void (*moved)(void *arg), void *arg)
{
	s->moved = moved;
	s->moved_arg = arg;
}
