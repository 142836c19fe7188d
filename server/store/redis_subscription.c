// SPDX-License-Identifier: Apache-2.0
// The subscription: subscribes again after each cut, and says when messages may have been missed.
#include "redis_subscription.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "redis_link.h"
#include "redis_reply.h"
#include "redis_stream.h"

#define PING_MS 10000
#define DEAD_MS 20000

struct subscription {
	struct loop *loop;
	const struct redis_events *events;
	struct way *way;
	struct stream *stream;
	struct strmap *channels;
	size_t unconfirmed; // SUBSCRIBEs on the way
	uint64_t timer;
	int64_t heard_ms;
	bool open;
};

static void send_parts(struct subscription *s, const char *command, const char *channel)
{
	struct bytes parts[] = {bytes_str(command), bytes_str(channel)};
	struct buf formatted = {0};
	if (reply_format(channel ? 2 : 1, parts, &formatted))
		stream_write(s->stream, buf_bytes(&formatted));
	buf_free(&formatted);
}

static void subscribe(const char *channel, void *value, void *arg)
{
	struct subscription *s = arg;
	(void)value;
	s->unconfirmed++;
	send_parts(s, "SUBSCRIBE", channel);
}

static void on_timer(void *arg)
{
	struct subscription *s = arg;
	s->timer = 0;
	if (loop_mono_ms(s->loop) - s->heard_ms >= DEAD_MS) {
		stream_cut(s->stream, "silent for 20 s", 0);
		return;
	}
	send_parts(s, "PING", NULL);
	s->timer = loop_timer(s->loop, PING_MS, on_timer, s);
}

static bool is_astray(const struct subscription *s)
{
	const struct place *master = way_place(s->way);
	return master->host[0] && !place_equal(stream_place(s->stream), master);
}

static void on_open(void *arg)
{
	struct subscription *s = arg;
	if (is_astray(s)) {
		stream_cut(s->stream, "the master is somewhere else", 0);
		return;
	}
	s->open = true;
	s->unconfirmed = 0;
	s->heard_ms = loop_mono_ms(s->loop);
	strmap_each(s->channels, subscribe, s);
	s->timer = loop_timer(s->loop, PING_MS, on_timer, s);
}

static void on_closed(const char *why, void *arg)
{
	struct subscription *s = arg;
	(void)why; // the stream has logged it
	if (s->open && s->events->deaf)
		s->events->deaf(s->events->arg);
	s->open = false;
	loop_cancel(s->loop, s->timer);
	s->timer = 0;
}

// Whatever was published before the confirmation did not reach us.
static void confirmed(struct subscription *s)
{
	if (s->unconfirmed == 0 || --s->unconfirmed > 0)
		return;
	stream_settled(s->stream);
	if (s->events->resync)
		s->events->resync(s->events->arg);
}

static void take(struct subscription *s, const struct redis_reply *reply)
{
	struct bytes kind = redis_bytes(redis_at(reply, 0));
	if (bytes_is(kind, "subscribe"))
		confirmed(s);
	if (bytes_is(kind, "message") && s->events->message)
		s->events->message((const char *)redis_bytes(redis_at(reply, 1)).data,
		        redis_bytes(redis_at(reply, 2)), s->events->arg);
}

static void on_reply(struct redis_reply *reply, void *arg)
{
	struct subscription *s = arg;
	const char *error = reply_error(reply);
	s->heard_ms = loop_mono_ms(s->loop);
	if (error)
		stream_cut(s->stream, redis_error_of(error)->meaning, 0);
	else
		take(s, reply);
	reply_free(reply);
}

struct subscription *subscription_new(
        struct loop *l, struct way *way, const struct redis_events *events)
{
	struct subscription *s = xcalloc(1, sizeof *s);
	s->loop = l;
	s->events = events;
	s->channels = strmap_new();
	s->way = way;
	s->stream = stream_new(l, way, "subscription",
	        &(struct stream_events){on_open, on_reply, NULL, on_closed, s});
	return s;
}

void subscription_free(struct subscription *s)
{
	if (!s)
		return;
	loop_cancel(s->loop, s->timer);
	stream_free(s->stream);
	strmap_free(s->channels);
	free(s);
}

void subscription_add(struct subscription *s, const char *channel)
{
	if (strmap_get(s->channels, channel))
		return;
	strmap_put(s->channels, channel, s);
	if (s->open)
		subscribe(channel, s, s);
}

void subscription_follow(struct subscription *s)
{
	if (s->open && is_astray(s))
		stream_cut(s->stream, "the master is somewhere else", 1);
}
