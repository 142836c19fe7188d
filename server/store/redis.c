// SPDX-License-Identifier: Apache-2.0
// The link: its wires, and the way from connected to up.
#include "store/redis.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "redis_copies.h"
#include "redis_link.h"
#include "redis_replicas.h"
#include "redis_reply.h"
#include "redis_subscription.h"

// Scripts have a wire of their own, because WAIT blocks it: reads are never behind one.
enum { COMMANDS, SCRIPTS, WIRES };

// A call that could not be sent; its callback waits for the end of the turn.
struct rejected {
	redis_fn fn;
	void *arg;
	struct rejected *next;
};

struct redis {
	struct loop *loop;
	struct redis_events events;
	struct redis_demands demands;
	struct way *way;
	struct wire *wires[WIRES];
	struct check *checks[WIRES];
	bool checked[WIRES];
	struct scripts *scripts;
	struct copies *copies;             // NULL when none are demanded
	struct replicas *replicas;         // the same
	struct subscription *subscription; // from the first redis_subscribe() on
	struct rejected *rejected, **last_rejected;
	uint64_t reject_timer;
	uint64_t recheck_timer;
	uint64_t ready_timer; // with Sentinels, from the first connection to up
	struct buf trouble;
	int64_t trouble_ms; // its last error
	bool up;
	bool cutting; // both wires: the second one's end is no news
	bool closing;
};

// After a refusal, while the server starts, and while the Sentinels have not seen that it is no
// master.
#define REFUSED_RETRY_MS   2000
#define LOADING_RETRY_MS   100
#define ELSEWHERE_RETRY_MS 250
#define MOVED_RETRY_MS     1
// From connected to up: whoever takes longer may be the master no longer.
#define READY_MS 3000
// Scripts that only read succeed while others are refused.
#define TROUBLE_MS 3000
// Somebody may CONFIG SET what was checked.
#define RECHECK_MS 10000

static void on_rejected(void *arg)
{
	struct redis *r = arg;
	struct rejected *now = r->rejected;
	// Callbacks that try again at once are for the next turn.
	r->rejected = NULL;
	r->reject_timer = 0;
	while (now) {
		struct rejected *c = now;
		now = c->next;
		c->fn(&(struct redis_result){REDIS_NO_LINK, reply_nil(), "no link to Redis"},
		        c->arg);
		free(c);
	}
}

// A timer, not loop_defer(): redis_free() can take it back.
void link_reject(struct redis *r, redis_fn fn, void *arg)
{
	metric_inc(M_REDIS_ERRORS, "no_link");
	if (!fn || r->closing)
		return;
	struct rejected *c = xcalloc(1, sizeof *c);
	*c = (struct rejected){.fn = fn, .arg = arg};
	if (!r->rejected)
		r->last_rejected = &r->rejected;
	*r->last_rejected = c;
	r->last_rejected = &c->next;
	if (!r->reject_timer)
		r->reject_timer = loop_timer(r->loop, 0, on_rejected, r);
}

bool link_takes_scripts(const struct redis *r)
{
	return r->up && wire_has_room(r->wires[SCRIPTS]);
}

void link_send_script(
        struct redis *r, struct bytes formatted, int64_t deadline_ms, redis_fn fn, void *arg)
{
	struct wire *w = r->wires[SCRIPTS];
	if (!r->copies) {
		wire_send(w, formatted, deadline_ms, fn, arg);
		return;
	}
	wire_send_held(w, formatted, deadline_ms, fn, arg);
	copies_sent(r->copies);
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
	struct wire *w = r->wires[COMMANDS];
	if (!r->up || !wire_has_room(w) || !wire_send_parts(w, argc, argv, deadline_ms, fn, arg))
		link_reject(r, fn, arg);
}

static void went_down(struct redis *r)
{
	bool was_up = r->up;
	r->up = false;
	r->checked[COMMANDS] = r->checked[SCRIPTS] = false;
	metric_set(M_REDIS_UP, NULL, 0);
	loop_cancel(r->loop, r->recheck_timer);
	loop_cancel(r->loop, r->ready_timer);
	r->recheck_timer = r->ready_timer = 0;
	buf_clear(&r->trouble);
	if (r->copies) {
		copies_stop(r->copies);
		replicas_stop(r->replicas);
	}
	if (was_up && r->events.down)
		r->events.down(r->events.arg);
}

// Both wires go and come together: they are to be on the same Redis.
static void cut(struct redis *r, const char *why, int64_t retry_ms)
{
	if (r->cutting)
		return;
	r->cutting = true;
	// Before any callback of theirs: what those send is for the next link.
	bool was_up = r->up;
	r->up = false;
	wire_cut(r->wires[COMMANDS], why, retry_ms);
	wire_cut(r->wires[SCRIPTS], why, retry_ms);
	r->up = was_up;
	r->cutting = false;
	went_down(r);
}

static void on_not_ready(void *arg)
{
	struct redis *r = arg;
	r->ready_timer = 0;
	way_doubt(r->way, wire_place(r->wires[SCRIPTS]));
	cut(r, "it was not ready in time", 0);
}

static void on_open(struct wire *w, void *arg)
{
	struct redis *r = arg;
	int i = w == r->wires[SCRIPTS] ? SCRIPTS : COMMANDS;
	if (way_has_sentinels(r->way) && !r->ready_timer)
		r->ready_timer = loop_timer(r->loop, READY_MS, on_not_ready, r);
	r->checked[i] = false;
	check_start(r->checks[i]);
}

static void refused(struct redis *r, const char *why)
{
	metric_inc(M_REDIS_ERRORS, "refused");
	if (r->events.refused)
		r->events.refused(why, r->events.arg);
}

static void on_refused(const char *why, void *arg)
{
	struct redis *r = arg;
	refused(r, why);
	cut(r, why, REFUSED_RETRY_MS);
}

static void on_closed(struct wire *w, void *arg)
{
	(void)w;
	cut(arg, "the link's other connection ended", 0);
}

// A person must look; it is over when scripts run and none was refused for a while.
static void note_trouble(struct redis *r, const char *text)
{
	struct buf now = {0};
	redis_error_print(text, &now);
	if (!bytes_equal(buf_bytes(&now), buf_bytes(&r->trouble)))
		log_error("event=redis_trouble error=\"%s\"", buf_str(&now));
	buf_free(&r->trouble);
	r->trouble = now;
	r->trouble_ms = loop_mono_ms(r->loop);
}

static void on_failed(struct wire *w, const char *text, void *arg)
{
	struct redis *r = arg;
	const struct redis_error *e = redis_error_of(text);
	bool by_script = w == r->wires[SCRIPTS];
	if (!r->up)
		return;
	if (by_script && (e->actions & DO_ALARM))
		note_trouble(r, text);
	if (r->copies && by_script && strcmp(e->code, "NOREPLICAS") == 0)
		copies_missed(r->copies);
	if ((e->actions & DO_ASK) && (e->actions & DO_RECONNECT))
		way_doubt(r->way, wire_place(w));
	else if (e->actions & DO_ASK)
		way_ask_again(r->way);
	if (e->actions & DO_RECONNECT)
		cut(r, e->meaning, 0);
}

static void on_succeeded(struct wire *w, void *arg)
{
	struct redis *r = arg;
	if (w == r->wires[SCRIPTS] && r->trouble.len > 0 &&
	        loop_mono_ms(r->loop) - r->trouble_ms >= TROUBLE_MS) {
		log_info("event=redis_trouble_over");
		buf_clear(&r->trouble);
	}
}

static void on_late(struct wire *w, void *arg)
{
	struct redis *r = arg;
	(void)w;
	if (r->up)
		way_ask_again(r->way);
}

static void on_short(void *arg)
{
	struct redis *r = arg;
	way_ask_again(r->way);
}

static void on_moved(void *arg)
{
	struct redis *r = arg;
	cut(r, "the Sentinels name another master", MOVED_RETRY_MS);
}

static void on_recheck(void *arg)
{
	struct redis *r = arg;
	r->recheck_timer = 0;
	check_start(r->checks[COMMANDS]);
}

static void recheck_later(struct redis *r)
{
	r->recheck_timer = loop_timer(r->loop, RECHECK_MS, on_recheck, r);
}

static void on_loaded(const char *error, void *arg)
{
	struct redis *r = arg;
	const struct check *c = r->checks[COMMANDS];
	if (error[0]) {
		log_error("event=scripts_not_loaded error=\"%s\"", error);
		cut(r, "the scripts could not be loaded", REFUSED_RETRY_MS);
		return;
	}
	r->up = true;
	loop_cancel(r->loop, r->ready_timer);
	r->ready_timer = 0;
	for (int i = 0; i < WIRES; i++)
		wire_settled(r->wires[i]);
	way_settled(r->way, wire_place(r->wires[SCRIPTS]));
	if (r->subscription)
		subscription_follow(r->subscription);
	metric_set(M_REDIS_UP, NULL, 1);
	log_info("event=redis_up server=\"%s\"", redis_describe(r));
	if (r->copies && !check_refuses_alone(c))
		log_warn("event=redis_alone text=\"min-replicas-to-write is 0: a master that is "
		         "cut off goes on writing; 1 is recommended\"");
	if (r->copies)
		copies_start(r->copies, check_replicas(c));
	recheck_later(r);
	if (r->events.up)
		r->events.up(r->events.arg);
}

static void look_at_replicas(struct redis *r)
{
	const struct place *places;
	size_t count = check_places(r->checks[COMMANDS], &places);
	replicas_look(r->replicas, places, count);
}

// Both are checked: of one and the same Redis?
static void settle(struct redis *r)
{
	if (!r->checked[COMMANDS] || !r->checked[SCRIPTS])
		return;
	if (strcmp(check_run_id(r->checks[COMMANDS]), check_run_id(r->checks[SCRIPTS])) != 0)
		cut(r, "the connections are to two different servers", 0);
	else if (r->replicas)
		look_at_replicas(r);
	else
		scripts_load(r->scripts);
}

// Before up, and with each later check.
static void on_replicas(unsigned unfit, void *arg)
{
	struct redis *r = arg;
	copies_distrust(r->copies, unfit);
	if (!r->up)
		scripts_load(r->scripts);
}

static void take_check(struct redis *r, int which, enum check_outcome outcome, const char *why)
{
	switch (outcome) {
	case CHECK_GOOD:
		r->checked[which] = true;
		if (!r->up) {
			settle(r);
			return;
		}
		recheck_later(r);
		if (r->replicas)
			look_at_replicas(r);
		return;
	case CHECK_LATER:
		cut(r, why, LOADING_RETRY_MS);
		return;
	case CHECK_ELSEWHERE:
		if (!way_has_sentinels(r->way))
			break;
		way_doubt(r->way, wire_place(r->wires[which]));
		cut(r, why, ELSEWHERE_RETRY_MS);
		return;
	case CHECK_REFUSED:
		break;
	}
	refused(r, why);
	cut(r, why, REFUSED_RETRY_MS);
}

static void on_commands_checked(enum check_outcome outcome, const char *why, void *arg)
{
	take_check(arg, COMMANDS, outcome, why);
}

static void on_scripts_checked(enum check_outcome outcome, const char *why, void *arg)
{
	take_check(arg, SCRIPTS, outcome, why);
}

struct redis *redis_new(struct loop *l, const struct config_redis *config,
        const struct redis_demands *demands, const struct redis_events *events)
{
	struct redis *r = xcalloc(1, sizeof *r);
	const struct wire_events wire = {
	        on_open, on_refused, on_closed, on_failed, on_succeeded, on_late, r};
	r->loop = l;
	r->events = *events;
	r->demands = *demands;
	r->way = way_new(l, config);
	way_on_moved(r->way, on_moved, r);
	r->wires[COMMANDS] = wire_new(l, r->way, "commands", &wire);
	r->wires[SCRIPTS] = wire_new(l, r->way, "scripts", &wire);
	r->checks[COMMANDS] = check_new(r->wires[COMMANDS], demands, on_commands_checked, r);
	r->checks[SCRIPTS] = check_new(r->wires[SCRIPTS], demands, on_scripts_checked, r);
	r->scripts = scripts_new(r->wires[SCRIPTS], on_loaded, r);
	if (demands->copies > 0) {
		r->copies = copies_new(l, r->wires[SCRIPTS], demands->copies,
		        &(struct copies_events){on_short, r});
		r->replicas = replicas_new(l, r->way, on_replicas, r);
	}
	metric_set(M_REDIS_UP, NULL, 0);
	return r;
}

void redis_free(struct redis *r)
{
	if (!r)
		return;
	r->closing = true;
	r->up = false;
	loop_cancel(r->loop, r->reject_timer);
	loop_cancel(r->loop, r->recheck_timer);
	loop_cancel(r->loop, r->ready_timer);
	subscription_free(r->subscription);
	if (r->copies) {
		copies_stop(r->copies);
		replicas_stop(r->replicas);
	}
	for (int i = 0; i < WIRES; i++)
		wire_free(r->wires[i]);
	// What they have under way answers into them when its wire ends.
	copies_free(r->copies);
	replicas_free(r->replicas);
	r->copies = NULL;
	on_rejected(r);
	for (int i = 0; i < WIRES; i++)
		check_free(r->checks[i]);
	scripts_free(r->scripts);
	way_free(r->way);
	buf_free(&r->trouble);
	free(r);
}

bool redis_is_up(const struct redis *r)
{
	return r->up;
}

bool redis_is_short(const struct redis *r)
{
	return r->up && r->copies && copies_are_short(r->copies);
}

const char *redis_trouble(struct redis *r)
{
	return buf_str(&r->trouble);
}

const char *redis_describe(const struct redis *r)
{
	return check_describe(r->checks[COMMANDS]);
}

void redis_subscribe(struct redis *r, const char *channel)
{
	if (!r->subscription)
		r->subscription = subscription_new(r->loop, r->way, &r->events);
	subscription_add(r->subscription, channel);
}
