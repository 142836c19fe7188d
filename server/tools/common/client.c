// SPDX-License-Identifier: Apache-2.0
// Connects, signs in, and joins answers with their requests.
#include "client.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "net/tls.h"
#include "net/ws.h"

#define QUIET_MS 100

struct client {
	struct loop *loop;
	const struct settings *settings;
	const char *program;
	const struct client_events *events;
	void *arg;
	struct tls_ctx *tls;
	struct ws *ws; // NULL when not connected
	bool signed_in;
	uint64_t last_id;
	uint64_t connect_timer;
	struct idmap *requests;
};

struct request {
	struct client *client;
	uint64_t id;
	uint64_t timer;
	client_answer_fn fn;
	void *arg;
	struct request *next; // while they are all being ended
};

// Long histories come in one message; the silence limits are the protocol's.
static const struct ws_limits limits = {
        .message_bytes = FRAME_ANSWER_BYTES_MAX,
        .fragments = 1024,
        .ping_ms = 10000,
        .dead_ms = 20000,
};

struct client *client_new(struct loop *l, const struct settings *s, const char *program,
        const struct client_events *events, void *arg, struct buf *error)
{
	struct tls_ctx *tls = tls_client_new(s->ca_file, error);
	struct client *c;

	if (!tls)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	*c = (struct client){.loop = l,
	        .settings = s,
	        .program = program,
	        .events = events,
	        .arg = arg,
	        .tls = tls,
	        .requests = idmap_new()};
	return c;
}

// ---- the end of a connection

static void collect(uint64_t id, void *value, void *arg)
{
	struct request **list = arg;
	struct request *r = value;

	(void)id;
	r->next = *list;
	*list = r;
}

static void end_requests(struct client *c)
{
	struct request *list = NULL;

	idmap_each(c->requests, collect, &list);
	for (struct request *r = list; r; r = r->next)
		idmap_remove(c->requests, r->id);
	while (list) {
		struct request *r = list;
		list = r->next;
		loop_cancel(c->loop, r->timer);
		r->fn(NULL, r->arg);
		free(r);
	}
}

static void end(struct client *c, enum client_end how, const char *why)
{
	struct ws *ws = c->ws;
	struct buf text = {0}; // `why` may live in what is about to go

	buf_append_str(&text, why);
	c->ws = NULL;
	c->signed_in = false;
	loop_cancel(c->loop, c->connect_timer);
	if (ws)
		ws_close(ws, 1000, "done");
	end_requests(c);
	c->events->ended(how, buf_str(&text), c->arg);
	buf_free(&text);
}

static void no_connection(void *arg)
{
	end(arg, CLIENT_LOST, "no connection within 10 s");
}

static void no_answer(void *arg)
{
	struct request *r = arg;

	end(r->client, CLIENT_LOST, "no answer within 10 s");
}

// ---- requests

Frame *client_frame(unsigned body)
{
	const ProtobufCFieldDescriptor *field =
	        protobuf_c_message_descriptor_get_field(&holdfast__v1__frame__descriptor, body);
	const ProtobufCMessageDescriptor *type = field->descriptor;
	ProtobufCMessage *m = xcalloc(1, type->sizeof_message);
	Frame *f = xcalloc(1, sizeof(*f));

	protobuf_c_message_init(type, m);
	holdfast__v1__frame__init(f);
	f->body_case = (Holdfast__V1__Frame__BodyCase)body;
	// Every member of the oneof is a pointer to a message, so any of them stands for all.
	f->ping = (Holdfast__V1__Ping *)m;
	return f;
}

static bool send_request(struct client *c, Frame *request, client_answer_fn fn, void *arg)
{
	struct request *r = xcalloc(1, sizeof(*r));
	struct buf bytes = {0};

	*r = (struct request){.client = c, .id = ++c->last_id, .fn = fn, .arg = arg};
	r->timer = loop_timer(c->loop, CLIENT_ANSWER_MS, no_answer, r);
	idmap_put(c->requests, r->id, r);
	request->id = r->id;
	frame_encode(request, false, &bytes);
	ws_send(c->ws, false, buf_bytes(&bytes));
	buf_wipe(&bytes);
	return true;
}

bool client_request(struct client *c, Frame *request, client_answer_fn fn, void *arg)
{
	return c->signed_in && send_request(c, request, fn, arg);
}

static void take_answer(struct client *c, const Frame *f)
{
	struct request *r = idmap_remove(c->requests, f->id);

	if (!r)
		return;
	loop_cancel(c->loop, r->timer);
	r->fn(f, r->arg);
	free(r);
}

bool client_answered(const Frame *answer, unsigned body, const char **text)
{
	const Holdfast__V1__Result *no = NULL;

	if (answer && answer->body_case == HOLDFAST__V1__FRAME__BODY_RESULT && !answer->result->ok)
		no = answer->result;
	if (answer && !no && (unsigned)answer->body_case == body)
		return true;
	if (no)
		*text = *no->text ? no->text : no->code;
	else
		*text = answer ? "the server's answer makes no sense" : "the connection ended";
	return false;
}

// ---- signing in

static bool may_help_later(const char *code)
{
	return args_among("draining unavailable too_many internal", code);
}

static void on_log_in(const Frame *answer, void *arg)
{
	struct client *c = arg;
	const char *text;

	if (!answer)
		return;
	if (client_answered(answer, HOLDFAST__V1__FRAME__BODY_SESSION, &text)) {
		c->signed_in = true;
		c->events->ready(answer->session, c->arg);
		return;
	}
	bool later = answer->body_case == HOLDFAST__V1__FRAME__BODY_RESULT &&
	             may_help_later(answer->result->code);
	end(c, later ? CLIENT_LOST : CLIENT_REFUSED, text);
}

static void log_in(struct client *c)
{
	Frame *f = client_frame(HOLDFAST__V1__FRAME__BODY_LOG_IN);

	f->log_in->name = xstrdup(c->settings->user);
	f->log_in->password = bytes_dup(buf_bytes(&c->settings->password));
	f->log_in->client = xstrdup(c->program);
	(void)send_request(c, f, on_log_in, c);
	frame_free(f);
}

// ---- events

static void on_message(struct client *c, bool json, struct bytes data)
{
	struct buf error = {0};
	Frame *f = frame_decode_answer(data, json, &error);

	if (!f)
		end(c, CLIENT_LOST, buf_str(&error));
	else if (f->id > 0)
		take_answer(c, f);
	else if (c->signed_in)
		c->events->news(f, c->arg);
	frame_free(f);
	buf_free(&error);
}

static void on_ws(struct ws *w, enum ws_event event, struct bytes data, void *arg)
{
	struct client *c = arg;

	if (w != c->ws)
		return;
	if (event == WS_CLOSED) {
		char *why = bytes_dup(data);
		c->ws = NULL; // it is gone after this callback
		end(c, CLIENT_LOST, *why ? why : "the connection was closed");
		free(why);
	} else if (event == WS_OPEN) {
		loop_cancel(c->loop, c->connect_timer);
		log_in(c);
	} else {
		on_message(c, event == WS_TEXT, data);
	}
}

void client_connect(struct client *c)
{
	const struct settings *s = c->settings;

	if (c->ws)
		return;
	c->connect_timer = loop_timer(c->loop, CLIENT_ANSWER_MS, no_connection, c);
	c->ws = ws_connect(
	        c->loop, s->host, s->port, c->tls, s->path, "holdfast.v1", &limits, on_ws, c);
}

bool client_ready(const struct client *c)
{
	return c->signed_in;
}

void client_settle(struct loop *l)
{
	for (int turns = 0; turns < 50; turns++) {
		int64_t since = loop_mono_ms(l);
		loop_turn(l, QUIET_MS);
		if (loop_mono_ms(l) - since >= QUIET_MS)
			return;
	}
}

void client_free(struct client *c)
{
	if (!c)
		return;
	c->signed_in = false;
	loop_cancel(c->loop, c->connect_timer);
	end_requests(c);
	if (c->ws)
		ws_close(c->ws, 1000, "done");
	client_settle(c->loop);
	idmap_free(c->requests);
	tls_unref(c->tls);
	free(c);
}
