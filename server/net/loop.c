// SPDX-License-Identifier: Apache-2.0
// The event loop: libevent underneath, with timers in a heap of our own and work put off to the end
// of a callback.

#include "net/loop.h"

#include <signal.h>
#include <stdlib.h>

#include "base/heap.h"
#include "base/log.h"
#include "base/map.h"
#include "loop_private.h"
#include "offload.h"

struct timer {
	struct heap_node node; // first: the heap gives back its address
	uint64_t id;
	loop_fn fn;
	void *arg;
};

struct deferred {
	loop_fn fn;
	void *arg;
};

struct deferred_list {
	struct deferred *items;
	size_t count;
	size_t cap;
};

struct signal_handler {
	struct event *event;
	loop_fn fn;
	void *arg;
	struct signal_handler *next;
};

struct loop {
	const struct clock *clock;
	struct event_base *base;
	struct evdns_base *dns;
	struct offload *offload;
	struct signal_handler *signals;

	struct heap *timers;
	struct idmap *timers_by_id;
	uint64_t last_timer;
	struct event *alarm; // set for the first timer of the heap, or earlier
	int64_t alarm_at;    // INT64_MAX when not set

	struct deferred_list deferred;
	struct event *drain;
	struct event *turn_over; // ends the waiting of loop_turn()
};

static struct timeval timeval_of_ms(int64_t ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
}

static void set_alarm(struct loop *l)
{
	const struct heap_node *first = heap_first(l->timers);
	if (!first || first->key >= l->alarm_at)
		return;
	int64_t wait = first->key - loop_mono_ms(l);
	struct timeval tv = timeval_of_ms(wait > 0 ? wait : 0);
	l->alarm_at = first->key;
	evtimer_add(l->alarm, &tv);
}

static void fire(struct loop *l, struct timer *t)
{
	loop_fn fn = t->fn;
	void *arg = t->arg;
	heap_remove(l->timers, &t->node);
	idmap_remove(l->timers_by_id, t->id);
	free(t);
	fn(arg);
}

// Timers that a callback adds wait for the next round, even if they are due: a timer that always
// sets itself for "now" must not starve the sockets.
static void run_due(struct loop *l)
{
	int64_t now = loop_mono_ms(l);
	uint64_t newest = l->last_timer;
	for (;;) {
		struct timer *t = (struct timer *)heap_first(l->timers);
		if (!t || t->node.key > now || t->id > newest)
			return;
		fire(l, t);
	}
}

static void on_alarm(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct loop *l = arg;
	l->alarm_at = INT64_MAX;
	run_due(l);
	set_alarm(l);
}

static void drain_once(struct loop *l)
{
	struct deferred_list batch = l->deferred;
	l->deferred = (struct deferred_list){0};
	for (size_t i = 0; i < batch.count; i++)
		batch.items[i].fn(batch.items[i].arg);
	if (l->deferred.items) {
		free(batch.items);
		return;
	}
	l->deferred.items = batch.items;
	l->deferred.cap = batch.cap;
}

static void on_drain(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct loop *l = arg;
	drain_once(l);
	if (l->deferred.count > 0)
		event_active(l->drain, 0, 0);
}

static void on_turn_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static struct event_base *new_base(void)
{
	struct event_config *config = event_config_new();
	if (!config)
		fatal("event=loop_failed part=config");
	// Lets a write that succeeds at once come and go without an epoll_ctl (see conn_write). It
	// is safe because no descriptor of the loop is ever duplicated.
	event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	struct event_base *base = event_base_new_with_config(config);
	event_config_free(config);
	if (!base)
		fatal("event=loop_failed part=base");
	return base;
}

static struct event *new_event(struct loop *l, event_callback_fn fn)
{
	struct event *e = event_new(l->base, -1, 0, fn, l);
	if (!e)
		fatal("event=loop_failed part=event");
	return e;
}

struct loop *loop_new(const struct clock *clock)
{
	signal(SIGPIPE, SIG_IGN);
	struct loop *l = xcalloc(1, sizeof(*l));
	l->clock = clock;
	l->base = new_base();
	l->timers = heap_new();
	l->timers_by_id = idmap_new();
	l->alarm = new_event(l, on_alarm);
	l->alarm_at = INT64_MAX;
	l->drain = new_event(l, on_drain);
	l->turn_over = new_event(l, on_turn_over);
	return l;
}

static void free_timers(struct loop *l)
{
	for (struct heap_node *n; (n = heap_first(l->timers));) {
		heap_remove(l->timers, n);
		free(n);
	}
	heap_free(l->timers);
	idmap_free(l->timers_by_id);
}

static void free_signals(struct loop *l)
{
	while (l->signals) {
		struct signal_handler *s = l->signals;
		l->signals = s->next;
		event_free(s->event);
		free(s);
	}
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	offload_free(l->offload);
	while (l->deferred.count > 0)
		drain_once(l);
	free(l->deferred.items);
	free_timers(l);
	free_signals(l);
	if (l->dns)
		evdns_base_free(l->dns, 0);
	event_free(l->alarm);
	event_free(l->drain);
	event_free(l->turn_over);
	event_base_free(l->base);
	free(l);
}

void loop_run(struct loop *l)
{
	event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
}

void loop_stop(struct loop *l)
{
	event_base_loopbreak(l->base);
}

// Due timers run first because an injected clock may have moved without libevent's knowing.
void loop_turn(struct loop *l, int64_t wait_ms)
{
	run_due(l);
	set_alarm(l);
	if (wait_ms <= 0) {
		event_base_loop(l->base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
		return;
	}
	struct timeval tv = timeval_of_ms(wait_ms);
	evtimer_add(l->turn_over, &tv);
	event_base_loop(l->base, EVLOOP_ONCE);
	evtimer_del(l->turn_over);
}

const struct clock *loop_clock(const struct loop *l)
{
	return l->clock;
}

int64_t loop_mono_ms(const struct loop *l)
{
	return clock_mono_ms(l->clock);
}

int64_t loop_wall_ms(const struct loop *l)
{
	return clock_wall_ms(l->clock);
}

uint64_t loop_timer(struct loop *l, int64_t after_ms, loop_fn fn, void *arg)
{
	struct timer *t = xcalloc(1, sizeof(*t));
	t->id = ++l->last_timer;
	t->fn = fn;
	t->arg = arg;
	heap_push(l->timers, &t->node, loop_mono_ms(l) + (after_ms > 0 ? after_ms : 0));
	idmap_put(l->timers_by_id, t->id, t);
	set_alarm(l);
	return t->id;
}

void loop_cancel(struct loop *l, uint64_t timer)
{
	struct timer *t = timer ? idmap_remove(l->timers_by_id, timer) : NULL;
	if (!t)
		return;
	heap_remove(l->timers, &t->node);
	free(t);
}

void loop_defer(struct loop *l, loop_fn fn, void *arg)
{
	struct deferred_list *d = &l->deferred;
	if (d->count == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 16;
		d->items = xrealloc(d->items, d->cap * sizeof(*d->items));
	}
	if (d->count == 0)
		event_active(l->drain, 0, 0);
	d->items[d->count++] = (struct deferred){.fn = fn, .arg = arg};
}

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
	(void)signo;
	(void)what;
	const struct signal_handler *s = arg;
	s->fn(s->arg);
}

void loop_on_signal(struct loop *l, int signo, loop_fn fn, void *arg)
{
	struct signal_handler *s = xcalloc(1, sizeof(*s));
	s->fn = fn;
	s->arg = arg;
	s->event = evsignal_new(l->base, signo, on_signal, s);
	if (!s->event || event_add(s->event, NULL) < 0)
		fatal("event=loop_failed part=signal signo=%d", signo);
	s->next = l->signals;
	l->signals = s;
}

enum {
	OFFLOAD_THREADS = 2,
	OFFLOAD_WAITING = 256,
};

// The threads start with the first job, so that a process may fork after loop_new().
bool loop_offload(struct loop *l, loop_fn work, loop_fn done, void *arg)
{
	if (!l->offload)
		l->offload = offload_new(l->base, OFFLOAD_THREADS, OFFLOAD_WAITING);
	return offload_add(l->offload, work, done, arg);
}

struct event_base *loop_base(struct loop *l)
{
	return l->base;
}

struct evdns_base *loop_dns(struct loop *l)
{
	if (!l->dns)
		l->dns = evdns_base_new(l->base,
		        EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	return l->dns;
}
