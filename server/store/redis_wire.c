// SPDX-License-Identifier: Apache-2.0
// Commands in flight on one connection: their order, their deadlines, and replies held back.
#include "redis_wire.h"

#include <stdlib.h>

#include "base/heap.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "redis_link.h"
#include "redis_reply.h"
#include "redis_stream.h"

// It keeps its place after its deadline: the replies come in order.
struct command {
	struct heap_node deadline; // first: the heap gives it back as the command
	struct command *next;
	int64_t sent_ms;
	struct redis_reply *reply; // NULL until it is held
	bool hold;
	redis_fn fn; // NULL after the callback
	void *arg;
};

struct queue {
	struct command *first, **last;
	size_t count;
};

struct wire {
	struct loop *loop;
	struct wire_events events;
	struct stream *stream;
	struct queue in_flight; // no reply yet
	struct queue held;      // replied, not released; all of them were sent before in_flight
	struct heap *deadlines; // of both
	uint64_t timer;         // fires at or before the earliest deadline
	int64_t timer_at;
	int64_t answered_ms; // when the last reply came
	struct buf error;
	bool open;
};

// A peer that leaves the oldest command without an answer for so long is gone, whatever TCP says.
#define SILENCE_MS 10000
#define OUTPUT_MAX ((size_t)64 << 20)

static void on_timer(void *arg);

static void queue_push(struct queue *q, struct command *c)
{
	if (!q->first)
		q->last = &q->first;
	c->next = NULL;
	*q->last = c;
	q->last = &c->next;
	q->count++;
}

static struct command *queue_pop(struct queue *q)
{
	struct command *c = q->first;
	if (!c)
		return NULL;
	q->first = c->next;
	q->count--;
	return c;
}

static void finish(struct command *c, const struct redis_result *result)
{
	redis_fn fn = c->fn;
	c->fn = NULL;
	if (fn)
		fn(result, c->arg);
}

static void finish_unknown(struct command *c)
{
	finish(c, &(struct redis_result){REDIS_UNKNOWN, reply_nil(), "no answer from Redis"});
}

static void command_free(struct command *c)
{
	reply_free(c->reply);
	free(c);
}

// The timer may fire early, never late: answers do not move it.
static void arm(struct wire *w)
{
	const struct heap_node *earliest = heap_first(w->deadlines);
	const struct command *oldest = w->in_flight.first;
	int64_t at = INT64_MAX;
	if (oldest)
		at = (oldest->sent_ms > w->answered_ms ? oldest->sent_ms : w->answered_ms) +
		     SILENCE_MS;
	if (earliest && earliest->key < at)
		at = earliest->key;
	if (at == INT64_MAX || (w->timer && w->timer_at <= at))
		return;
	int64_t wait = at - loop_mono_ms(w->loop);
	loop_cancel(w->loop, w->timer);
	w->timer = loop_timer(w->loop, wait > 0 ? wait : 0, on_timer, w);
	w->timer_at = at;
}

static bool is_silent(const struct wire *w, int64_t now)
{
	const struct command *oldest = w->in_flight.first;
	return oldest && now - oldest->sent_ms >= SILENCE_MS && now - w->answered_ms >= SILENCE_MS;
}

static void on_timer(void *arg)
{
	struct wire *w = arg;
	int64_t now = loop_mono_ms(w->loop);
	struct heap_node *node;
	bool late = false;
	w->timer = 0;
	while ((node = heap_first(w->deadlines)) && node->key <= now) {
		struct command *c = (struct command *)node;
		heap_remove(w->deadlines, node);
		metric_inc(M_REDIS_ERRORS, "deadline");
		finish_unknown(c);
		late = true;
	}
	if (late)
		w->events.late(w, w->events.arg);
	if (is_silent(w, now))
		stream_cut(w->stream, "no answer for 10 s", 0);
	arm(w);
}

static void send_command(
        struct wire *w, struct bytes formatted, int64_t deadline_ms, const struct command *command)
{
	struct command *c = xcalloc(1, sizeof *c);
	*c = *command;
	c->sent_ms = loop_mono_ms(w->loop);
	c->deadline.index = SIZE_MAX;
	queue_push(&w->in_flight, c);
	heap_push(w->deadlines, &c->deadline, c->sent_ms + deadline_ms);
	stream_write(w->stream, formatted);
	arm(w);
}

void wire_send(struct wire *w, struct bytes formatted, int64_t deadline_ms, redis_fn fn, void *arg)
{
	send_command(w, formatted, deadline_ms, &(struct command){.fn = fn, .arg = arg});
}

void wire_send_held(
        struct wire *w, struct bytes formatted, int64_t deadline_ms, redis_fn fn, void *arg)
{
	send_command(
	        w, formatted, deadline_ms, &(struct command){.hold = true, .fn = fn, .arg = arg});
}

bool wire_send_parts(struct wire *w, int argc, const struct bytes *argv, int64_t deadline_ms,
        redis_fn fn, void *arg)
{
	struct buf formatted = {0};
	bool good = reply_format(argc, argv, &formatted);
	if (good)
		wire_send(w, buf_bytes(&formatted), deadline_ms, fn, arg);
	buf_free(&formatted);
	return good;
}

static void refuse(struct wire *w, struct command *c, const char *text)
{
	bool cared_for = c->fn != NULL;
	// A callback may send, never receive: the text stays as it is until we return.
	buf_clear(&w->error);
	redis_error_print(text, &w->error);
	metric_inc(M_REDIS_ERRORS, redis_error_of(text)->kind);
	finish(c, &(struct redis_result){REDIS_REFUSED, reply_nil(), buf_str(&w->error)});
	if (!cared_for)
		log_warn("event=redis_refused error=\"%s\"", buf_str(&w->error));
}

// Takes the reply when it is held.
static void answer(struct wire *w, struct command *c, struct redis_reply **reply)
{
	const char *text = reply_error(*reply);
	if (!text && c->hold) {
		c->reply = *reply;
		*reply = NULL;
		queue_push(&w->held, c);
		return;
	}
	heap_remove(w->deadlines, &c->deadline);
	if (text)
		refuse(w, c, text);
	else
		finish(c, &(struct redis_result){REDIS_OK, *reply, ""});
	command_free(c);
}

static void on_reply(struct redis_reply *reply, void *arg)
{
	struct wire *w = arg;
	struct command *c = queue_pop(&w->in_flight);
	if (!c) {
		reply_free(reply);
		stream_cut(w->stream, "a reply that nobody asked for", 0);
		return;
	}
	w->answered_ms = loop_mono_ms(w->loop);
	metric_observe_ms(M_REDIS_MS, w->answered_ms - c->sent_ms);
	if (!reply_error(reply))
		w->events.succeeded(w, w->events.arg);
	answer(w, c, &reply);
	if (!reply)
		return;
	if (reply_error(reply))
		w->events.failed(w, reply_error(reply), w->events.arg);
	reply_free(reply);
}

void wire_release(struct wire *w, enum redis_status status)
{
	struct queue now = w->held;
	struct command *c;
	w->held = (struct queue){0};
	while ((c = queue_pop(&now))) {
		const char *error = status == REDIS_SHORT ? "fewer copies than demanded" : "";
		heap_remove(w->deadlines, &c->deadline);
		finish(c, &(struct redis_result){status, c->reply, error});
		command_free(c);
	}
}

static void fail_all(struct wire *w, struct queue *q)
{
	struct queue all = *q;
	struct command *c;
	*q = (struct queue){0};
	while ((c = queue_pop(&all))) {
		heap_remove(w->deadlines, &c->deadline);
		finish_unknown(c);
		command_free(c);
	}
}

static void on_open(void *arg)
{
	struct wire *w = arg;
	w->open = true;
	w->events.open(w, w->events.arg);
}

static void on_refused(const char *why, void *arg)
{
	struct wire *w = arg;
	w->events.refused(why, w->events.arg);
}

static void on_closed(const char *why, void *arg)
{
	struct wire *w = arg;
	(void)why; // the stream has logged it
	w->open = false;
	fail_all(w, &w->held);
	fail_all(w, &w->in_flight);
	w->events.closed(w, w->events.arg);
}

struct wire *wire_new(
        struct loop *l, struct way *way, const char *name, const struct wire_events *events)
{
	struct wire *w = xcalloc(1, sizeof *w);
	w->loop = l;
	w->events = *events;
	w->deadlines = heap_new();
	w->stream = stream_new(
	        l, way, name, &(struct stream_events){on_open, on_reply, on_refused, on_closed, w});
	return w;
}

void wire_free(struct wire *w)
{
	if (!w)
		return;
	loop_cancel(w->loop, w->timer);
	fail_all(w, &w->held);
	fail_all(w, &w->in_flight);
	stream_free(w->stream);
	heap_free(w->deadlines);
	buf_free(&w->error);
	free(w);
}

bool wire_has_room(const struct wire *w)
{
	return w->open && w->in_flight.count + w->held.count < REDIS_IN_FLIGHT_MAX &&
	       stream_pending(w->stream) < OUTPUT_MAX;
}

void wire_cut(struct wire *w, const char *why, int64_t retry_ms)
{
	stream_cut(w->stream, why, retry_ms);
}

void wire_settled(struct wire *w)
{
	stream_settled(w->stream);
}

const struct place *wire_place(const struct wire *w)
{
	return stream_place(w->stream);
}

int64_t wire_mono_ms(const struct wire *w)
{
	return loop_mono_ms(w->loop);
}
