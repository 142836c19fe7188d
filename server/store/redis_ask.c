// SPDX-License-Identifier: Apache-2.0
// One question: connect, sign in, ask, read, hang up.
#include "redis_ask.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/conn.h"
#include "redis_link.h"
#include "redis_reply.h"

#define ANSWER_MAX 4096 // bytes of all that is read

struct ask {
	struct conn *conn;
	struct reply_reader *reader;
	struct buf request;
	bool signing_in; // the next reply is AUTH's
	size_t fed;
	ask_fn fn;
	void *arg;
};

void ask_free(struct ask *a)
{
	if (!a)
		return;
	conn_close(a->conn, "asked");
	reply_reader_free(a->reader);
	buf_wipe(&a->request);
	free(a);
}

static void end(struct ask *a, struct redis_reply *reply, const char *why)
{
	ask_fn fn = a->fn;
	void *arg = a->arg;
	struct buf text = {0};
	buf_append_str(&text, why);
	ask_free(a);
	fn(reply, buf_str(&text), arg);
	buf_free(&text);
	reply_free(reply);
}

static void refused(struct ask *a, struct redis_reply *reply)
{
	struct buf why = {0};
	buf_append_str(&why, a->signing_in ? "sign-in: " : "");
	redis_error_print(reply_error(reply), &why);
	reply_free(reply);
	end(a, NULL, buf_str(&why));
	buf_free(&why);
}

// False when the ask is over.
static bool take(struct ask *a, struct redis_reply *reply)
{
	if (reply_error(reply)) {
		refused(a, reply);
		return false;
	}
	if (!a->signing_in) {
		end(a, reply, "");
		return false;
	}
	a->signing_in = false;
	reply_free(reply);
	return true;
}

static void on_data(struct ask *a)
{
	struct bytes in = conn_input(a->conn);
	struct redis_reply *reply = NULL;
	a->fed += in.len;
	bool good = a->fed <= ANSWER_MAX && reply_feed(a->reader, in);
	conn_consume(a->conn, in.len);
	while (good && (good = reply_next(a->reader, &reply)) && reply)
		if (!take(a, reply))
			return;
	if (!good)
		end(a, NULL, "its answer makes no sense");
}

static void on_conn(struct conn *c, enum conn_event event, void *arg)
{
	struct ask *a = arg;
	switch (event) {
	case CONN_READY:
		conn_write(c, a->request.data, a->request.len);
		buf_wipe(&a->request);
		break;
	case CONN_DATA:
		on_data(a);
		break;
	case CONN_DRAINED:
		break;
	case CONN_CLOSED:
		end(a, NULL, "it closed the connection");
		break;
	case CONN_TIMEOUT:
		end(a, NULL, "no answer in time");
		break;
	case CONN_ERROR:
		end(a, NULL, conn_error(c));
		break;
	}
}

// A password that cannot be read is one that the other side will name wrong: it is logged there.
static void prepare(struct ask *a, const struct ask_whom *whom, int argc, const struct bytes *argv)
{
	struct buf error = {0};
	a->signing_in = reply_format_auth(whom->user, whom->password_file, &a->request, &error) &&
	                a->request.len > 0;
	if (!reply_format(argc, argv, &a->request))
		fatal("event=redis_ask");
	if (error.len > 0)
		log_warn("event=redis_ask text=\"%s\"", buf_str(&error));
	buf_free(&error);
}

struct ask *ask_new(struct loop *l, const struct ask_whom *whom, int argc, const struct bytes *argv,
        ask_fn fn, void *arg)
{
	struct ask *a = xcalloc(1, sizeof *a);
	const struct place *p = &whom->place;
	a->fn = fn;
	a->arg = arg;
	prepare(a, whom, argc, argv);
	a->reader = reply_reader_new();
	a->conn = conn_connect_tcp(l, p->host, p->port, whom->tls, p->host, on_conn, a);
	conn_deadline(a->conn, ASK_MS);
	return a;
}
