// SPDX-License-Identifier: Apache-2.0
// The link: commands in flight in order, their deadlines, and the way from connected to up.
#include "store/redis.h"

#include <stdlib.h>

#include "base/heap.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "redis_link.h"
#include "redis_reply.h"
#include "redis_stream.h"
#include "redis_subscription.h"

// A command in flight, in the order in which the replies come. It keeps its place after its
// deadline.
struct command {
	struct heap_node deadline; // first: the heap gives it back as the command
	struct command *next;
	int64_t sent_ms;
	redis_fn fn; // NULL after the callback
	void *arg;
};

struct queue {
	struct command *first, **last;
	size_t count;
};

struct redis {
	struct loop *loop;
	struct redis_events events;
	const struct config_redis *config;
	struct stream *stream;
	struct check *check;
	struct scripts *scripts;
	struct subscription *subscription; // from the first redis_subscribe() on
	struct queue in_flight;
	struct heap *deadlines;
	struct queue rejected; // never sent; they wait for the end of the turn
	uint64_t reject_timer;
	uint64_t timer; // fires at or before the earliest deadline
	int64_t timer_at;
	int64_t answered_ms; // when the last reply came
	struct buf error;
	bool open;
	bool up;
	bool closing;
};

// A peer that leaves the oldest command without an answer for so long is gone, whatever TCP says.
#define SILENCE_MS 10000
// After a refusal, and while the server starts.
#define REFUSED_RETRY_MS 2000
#define LOADING_RETRY_MS 100
#define OUTPUT_MAX       ((size_t)64 << 20)

static void on_timer(void *arg);

static void queue_push(struct queue *q, struct command *c)
{
	if (!q->first)
		q->last = &q->first;
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

static void finish_without_reply(struct command *c, enum redis_status status)
{
	const char *error = status == REDIS_UNKNOWN ? "no answer from Redis" : "no link to Redis";
	finish(c, &(struct redis_result){status, reply_nil(), error});
}

// The timer may fire early, never late: answers do not move it.
static void arm(struct redis *r)
{
	const struct heap_node *earliest = heap_first(r->deadlines);
	const struct command *oldest = r->in_flight.first;
	if (!oldest)
		return;
	int64_t since = oldest->sent_ms > r->answered_ms ? oldest->sent_ms : r->answered_ms;
	int64_t at = since + SILENCE_MS;
	if (earliest && earliest->key < at)
		at = earliest->key;
	if (r->timer && r->timer_at <= at)
		return;
	int64_t wait = at - loop_mono_ms(r->loop);
	loop_cancel(r->loop, r->timer);
	r->timer = loop_timer(r->loop, wait > 0 ? wait : 0, on_timer, r);
	r->timer_at = at;
}

static bool is_silent(const struct redis *r, int64_t now)
{
	const struct command *oldest = r->in_flight.first;
	return oldest && now - oldest->sent_ms >= SILENCE_MS && now - r->answered_ms >= SILENCE_MS;
}

static void on_timer(void *arg)
{
	struct redis *r = arg;
	int64_t now = loop_mono_ms(r->loop);
	struct heap_node *node;
	r->timer = 0;
	while ((node = heap_first(r->deadlines)) && node->key <= now) {
		struct command *c = (struct command *)node;
		heap_remove(r->deadlines, node);
		metric_inc(M_REDIS_ERRORS, "deadline");
		finish_without_reply(c, REDIS_UNKNOWN);
	}
	if (is_silent(r, now))
		stream_cut(r->stream, "no answer for 10 s", 0);
	arm(r);
}

void link_send(struct redis *r, struct bytes formatted, int64_t deadline_ms, redis_fn fn, void *arg)
{
	struct command *c = xcalloc(1, sizeof *c);
	c->sent_ms = loop_mono_ms(r->loop);
	c->fn = fn;
	c->arg = arg;
	queue_push(&r->in_flight, c);
	heap_push(r->deadlines, &c->deadline, c->sent_ms + deadline_ms);
	stream_write(r->stream, formatted);
	arm(r);
}

void link_send_parts(struct redis *r, int argc, const struct bytes *argv, int64_t deadline_ms,
        redis_fn fn, void *arg)
{
	struct buf formatted = {0};
	if (reply_format(argc, argv, &formatted))
		link_send(r, buf_bytes(&formatted), deadline_ms, fn, arg);
	else
		link_reject(r, fn, arg);
	buf_free(&formatted);
}

static void on_rejected(void *arg)
{
	struct redis *r = arg;
	struct queue now = r->rejected;
	struct command *c;
	// Callbacks that try again at once are for the next turn.
	r->rejected = (struct queue){0};
	r->reject_timer = 0;
	while ((c = queue_pop(&now))) {
		finish_without_reply(c, REDIS_NO_LINK);
		free(c);
	}
}

// A timer, not loop_defer(): redis_free() can take it back.
void link_reject(struct redis *r, redis_fn fn, void *arg)
{
	metric_inc(M_REDIS_ERRORS, "no_link");
	if (!fn || r->closing)
		return;
	struct command *c = xcalloc(1, sizeof *c);
	c->fn = fn;
	c->arg = arg;
	queue_push(&r->rejected, c);
	if (!r->reject_timer)
		r->reject_timer = loop_timer(r->loop, 0, on_rejected, r);
}

bool link_has_room(const struct redis *r)
{
	return r->up && r->in_flight.count < REDIS_IN_FLIGHT_MAX &&
	       stream_pending(r->stream) < OUTPUT_MAX;
}

int64_t link_mono_ms(const struct redis *r)
{
	return loop_mono_ms(r->loop);
}

struct scripts *link_scripts(struct redis *r)
{
	return r->scripts;
}

void redis_command(struct redis *r, int argc, const struct bytes *argv, int64_t deadline_ms,
        redis_fn fn, void *arg)
{
	if (link_has_room(r))
		link_send_parts(r, argc, argv, deadline_ms, fn, arg);
	else
		link_reject(r, fn, arg);
}

static void answer(struct redis *r, struct command *c, const struct redis_reply *reply)
{
	const char *text = reply_error(reply);
	if (!text) {
		finish(c, &(struct redis_result){REDIS_OK, reply, ""});
		return;
	}
	bool cared_for = c->fn != NULL;
	// A callback may send, never receive: the text stays as it is until we return.
	buf_clear(&r->error);
	redis_error_print(text, &r->error);
	metric_inc(M_REDIS_ERRORS, redis_error_of(text)->kind);
	finish(c, &(struct redis_result){REDIS_REFUSED, reply_nil(), buf_str(&r->error)});
	if (!cared_for)
		log_warn("event=redis_refused error=\"%s\"", buf_str(&r->error));
}

static void on_reply(const struct redis_reply *reply, void *arg)
{
	struct redis *r = arg;
	struct command *c = queue_pop(&r->in_flight);
	if (!c) {
		stream_cut(r->stream, "a reply that nobody asked for", 0);
		return;
	}
	r->answered_ms = loop_mono_ms(r->loop);
	metric_observe_ms(M_REDIS_MS, r->answered_ms - c->sent_ms);
	heap_remove(r->deadlines, &c->deadline);
	answer(r, c, reply);
	free(c);
	if (r->up && reply_error(reply) && redis_error_of(reply_error(reply))->reconnect)
		stream_cut(r->stream, redis_error_of(reply_error(reply))->meaning, 0);
}

static void fail_in_flight(struct redis *r)
{
	struct queue all = r->in_flight;
	struct command *c;
	r->in_flight = (struct queue){0};
	while ((c = queue_pop(&all))) {
		heap_remove(r->deadlines, &c->deadline);
		finish_without_reply(c, REDIS_UNKNOWN);
		free(c);
	}
}

static void on_open(void *arg)
{
	struct redis *r = arg;
	r->open = true;
	check_start(r->check);
}

static void on_closed(const char *why, void *arg)
{
	struct redis *r = arg;
	bool was_up = r->up;
	(void)why; // the stream has logged it
	r->open = false;
	r->up = false;
	metric_set(M_REDIS_UP, NULL, 0);
	fail_in_flight(r);
	if (was_up && r->events.down)
		r->events.down(r->events.arg);
}

static void on_loaded(const char *error, void *arg)
{
	struct redis *r = arg;
	if (error[0]) {
		log_error("event=scripts_not_loaded error=\"%s\"", error);
		stream_cut(r->stream, "the scripts could not be loaded", REFUSED_RETRY_MS);
		return;
	}
	r->up = true;
	stream_settled(r->stream);
	metric_set(M_REDIS_UP, NULL, 1);
	log_info("event=redis_up server=\"%s\"", redis_describe(r));
	if (r->events.up)
		r->events.up(r->events.arg);
}

static void on_checked(enum check_outcome outcome, const char *why, void *arg)
{
	struct redis *r = arg;
	switch (outcome) {
	case CHECK_GOOD:
		scripts_load(r->scripts);
		return;
	case CHECK_LATER:
		stream_cut(r->stream, why, LOADING_RETRY_MS);
		return;
	case CHECK_REFUSED:
		break;
	}
	metric_inc(M_REDIS_ERRORS, "refused");
	if (r->events.refused)
		r->events.refused(why, r->events.arg);
	stream_cut(r->stream, why, REFUSED_RETRY_MS);
}

struct redis *redis_new(struct loop *l, const struct config_redis *config,
        const struct redis_demands *demands, const struct redis_events *events)
{
	struct redis *r = xcalloc(1, sizeof *r);
	r->loop = l;
	r->config = config;
	r->events = *events;
	r->deadlines = heap_new();
	r->stream = stream_new(
	        l, config, "commands", &(struct stream_events){on_open, on_reply, on_closed, r});
	r->check = check_new(r, demands->unsafe, stream_address(r->stream), on_checked, r);
	r->scripts = scripts_new(r, on_loaded, r);
	metric_set(M_REDIS_UP, NULL, 0);
	return r;
}

void redis_free(struct redis *r)
{
	if (!r)
		return;
	r->closing = true;
	r->up = false;
	loop_cancel(r->loop, r->timer);
	loop_cancel(r->loop, r->reject_timer);
	subscription_free(r->subscription);
	fail_in_flight(r);
	on_rejected(r);
	stream_free(r->stream);
	check_free(r->check);
	scripts_free(r->scripts);
	heap_free(r->deadlines);
	buf_free(&r->error);
	free(r);
}

bool redis_is_up(const struct redis *r)
{
	return r->up;
}

const char *redis_describe(const struct redis *r)
{
	return check_describe(r->check);
}

void redis_subscribe(struct redis *r, const char *channel)
{
	if (!r->subscription)
		r->subscription = subscription_new(r->loop, r->config, &r->events);
	subscription_add(r->subscription, channel);
}
