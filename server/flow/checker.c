// SPDX-License-Identifier: Apache-2.0
// The walk of the orphan checker: source after source, window after window, pool after pool.
#include "checker.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm.h"
#include "base/log.h"
#include "base/metrics.h"
#include "history.h"
#include "nodes.h"

// One window of one source at a time: with a node alone, 400 conversations a second at most.
#define TICK_MS 250
#define WINDOW  100
// While it looks changed, a conversation is read again.
#define LOOKS_MAX 3
#define KEY_MAX   200

struct checker {
	struct flow *flow;
	uint64_t timer;
	size_t pool;
	size_t source;
	size_t first;    // of the window, in a set
	char cursor[24]; // of SCAN
	size_t open;     // checks under way
	bool more;       // the source has another window
	int64_t began_ms;
	struct checker_report now, last;
};

// One thing looked at.
struct check {
	struct checker *checker;
	struct pool *pool;
	unsigned looks;
	char id[POOL_ID_MAX]; // of a conversation, or the name of a counselor
	char line[24];
	char texter[VAULT_HASH_LEN + 1];
};

static void next_window(struct checker *c);

static struct check *check_new(struct checker *c, const char *id)
{
	struct check *k = xcalloc(1, sizeof *k);
	k->checker = c;
	k->pool = &c->flow->pools[c->pool];
	snprintf(k->id, sizeof k->id, "%s", id);
	c->open++;
	return k;
}

// The last of a window moves on.
static void check_end(struct check *k)
{
	struct checker *c = k->checker;
	free(k);
	if (--c->open == 0)
		next_window(c);
}

// ---- what the scripts say ----

static void note_repairs(struct check *k, const struct redis_reply *reply)
{
	for (size_t i = 1; i < redis_count(reply); i++) {
		char *fault = bytes_dup(redis_bytes(redis_at(reply, i)));
		log_error("conversation=%s event=orphan_repaired fault=%s", k->id, fault);
		metric_inc(M_ORPHANS_REPAIRED, fault);
		k->checker->now.repaired++;
		free(fault);
	}
}

static void on_checked(const struct store_answer *a, void *arg);

static void on_conversation(const struct store_answer *a, void *arg)
{
	struct check *k = arg;
	struct conversation_view view = {0};
	if (a->code != STORE_OK) {
		check_end(k);
		return;
	}
	conversation_view(a->reply, &view);
	const struct store_check check = {
	        .pool = k->pool->config->name,
	        .conversation = k->id,
	        .holder = view.holder,
	        .line = view.line,
	        .texter = view.texter,
	        .page = view.page,
	        .boost = &k->pool->boost,
	        .within = &k->pool->within,
	};
	k->checker->now.checked++;
	store_check(k->pool->flow->store, &check, on_checked, k);
}

static void look(struct check *k)
{
	k->looks++;
	store_conversation(k->pool->flow->store, k->pool->config->name, k->id, on_conversation, k);
}

static void on_checked(const struct store_answer *a, void *arg)
{
	struct check *k = arg;
	struct checker_report *now = &k->checker->now;
	if (a->code == STORE_STALE && k->looks < LOOKS_MAX) {
		look(k);
		return;
	}
	if (a->code == STORE_OK || a->code == STORE_SHORT) {
		note_repairs(k, a->reply);
	} else if (a->code == STORE_CONFLICT) {
		now->orphans++;
		snprintf(now->orphan, sizeof now->orphan, "%s", k->id);
		log_error("conversation=%s event=orphan fault=two_open", k->id);
	}
	check_end(k);
}

static void on_small_checked(const struct store_answer *a, void *arg)
{
	struct check *k = arg;
	if (a->code == STORE_OK || a->code == STORE_SHORT)
		note_repairs(k, a->reply);
	check_end(k);
}

// ---- conversations, pages, holds, texters ----

static void check_conversation(struct checker *c, const char *id)
{
	look(check_new(c, id));
}

static void check_page(struct checker *c, const char *number)
{
	struct check *k = check_new(c, number);
	store_check_page(c->flow->store, k->pool->config->name, strtoull(number, NULL, 10),
	        on_small_checked, k);
}

static void on_hold(const struct store_answer *a, void *arg)
{
	struct check *k = arg;
	char *ids[STORE_CHECK_HOLD_MAX];
	size_t count = redis_count(a->reply);
	if (a->code != STORE_OK) {
		check_end(k);
		return;
	}
	count = count < STORE_CHECK_HOLD_MAX ? count : STORE_CHECK_HOLD_MAX;
	for (size_t i = 0; i < count; i++)
		ids[i] = bytes_dup(redis_bytes(redis_at(a->reply, i)));
	store_check_hold(k->pool->flow->store, k->pool->config->name, k->id,
	        (const char *const *)ids, count, on_small_checked, k);
	for (size_t i = 0; i < count; i++)
		free(ids[i]);
}

static void check_hold(struct checker *c, const char *name)
{
	struct check *k = check_new(c, name);
	store_holds(c->flow->store, k->pool->config->name, name, on_hold, k);
}

static void on_texter(const struct store_answer *a, void *arg)
{
	struct check *k = arg;
	struct bytes open = redis_bytes(redis_field(a->reply, "conversation"));
	if (a->code != STORE_OK || open.len == 0) {
		check_end(k);
		return;
	}
	bytes_copy(open, k->id, sizeof k->id);
	store_check_texter(k->pool->flow->store, k->pool->config->name, k->line, k->texter, k->id,
	        on_small_checked, k);
}

// "LINE:HASH"
static void check_texter(struct checker *c, const char *name)
{
	const char *colon = strchr(name, ':');
	struct check *k = check_new(c, "");
	snprintf(k->line, sizeof k->line, "%.*s", colon ? (int)(colon - name) : 0, name);
	snprintf(k->texter, sizeof k->texter, "%s", colon ? colon + 1 : "");
	store_texter(c->flow->store, k->pool->config->name, k->line, k->texter, on_texter, k);
}

// ---- names as they stand in sets and keys ----

struct named {
	const char *prefix;
	void (*check)(struct checker *c, const char *name);
};

static const struct named timers[] = {
        {"answer:", check_conversation},
        {"offer:", check_conversation},
        {"wrap_up:", check_conversation},
        {"page:", check_page},
        {0},
};
static const struct named keys[] = {
        {"c:", check_conversation},
        {"hold:", check_hold},
        {"texter:", check_texter},
        {0},
};
static const struct named conversations[] = {{"", check_conversation}, {0}};
static const struct named pages[] = {{"", check_page}, {0}};

static void take_name(struct checker *c, const struct named *kinds, const char *name)
{
	for (; kinds->prefix; kinds++) {
		size_t len = strlen(kinds->prefix);
		if (strncmp(name, kinds->prefix, len) != 0)
			continue;
		kinds->check(c, name + len);
		return;
	}
}

static const struct source {
	const char *set;
	const struct named *kinds;
} sources[] = {
        {"q0", conversations}, {"q", conversations}, {"w:5", conversations}, {"w:4", conversations},
        {"w:3", conversations}, {"w:2", conversations}, {"w:1", conversations},
        {"held", conversations}, {"wrap", conversations}, {"due", timers}, {"pages", pages},
        {NULL, keys}, // by SCAN: what is in none of these
};
#define SOURCES (sizeof sources / sizeof *sources)

static void take_names(struct checker *c, const struct redis_reply *names, size_t skip)
{
	const struct named *kinds = sources[c->source].kinds;
	for (size_t i = 0; i < redis_count(names); i++) {
		char name[KEY_MAX];
		struct bytes b = redis_bytes(redis_at(names, i));
		if (b.len < skip || b.len - skip >= sizeof name)
			continue;
		bytes_copy(bytes_of(b.data + skip, b.len - skip), name, sizeof name);
		take_name(c, kinds, name);
	}
}

static void on_window(const struct store_answer *a, void *arg)
{
	struct checker *c = arg;
	c->more = a->code == STORE_OK && redis_count(a->reply) == WINDOW;
	c->first += WINDOW;
	if (a->code == STORE_OK)
		take_names(c, a->reply, 0);
	if (--c->open == 0)
		next_window(c);
}

static void on_scanned(const struct store_answer *a, void *arg)
{
	struct checker *c = arg;
	struct bytes cursor = redis_bytes(redis_at(a->reply, 0));
	// "{POOL}:" before each.
	size_t tag = strlen(c->flow->pools[c->pool].config->name) + 3;
	c->more = a->code == STORE_OK && cursor.len > 0 && !bytes_is(cursor, "0");
	bytes_copy(cursor, c->cursor, sizeof c->cursor);
	if (a->code == STORE_OK)
		take_names(c, redis_at(a->reply, 1), tag);
	if (--c->open == 0)
		next_window(c);
}

// ---- the walk ----

static void pass_over(struct checker *c)
{
	struct flow *f = c->flow;
	c->now.passes = c->last.passes + 1;
	c->now.ended_ms = flow_now(f);
	c->now.took_ms = loop_mono_ms(f->loop) - c->began_ms;
	c->last = c->now;
	c->now = (struct checker_report){0};
	c->began_ms = loop_mono_ms(f->loop);
	metric_set(M_ORPHANS, NULL, (int64_t)c->last.orphans);
	metric_set(M_CHECKED, NULL, (int64_t)c->last.checked);
	if (c->last.orphans > 0)
		alarm_raise(f, ALARM_ORPHAN, "%llu, one is %s.",
		        (unsigned long long)c->last.orphans, c->last.orphan);
	else
		alarm_clear(f, ALARM_ORPHAN);
}

static void next_source(struct checker *c)
{
	c->first = 0;
	snprintf(c->cursor, sizeof c->cursor, "0");
	if (++c->source < SOURCES)
		return;
	c->source = 0;
	if (++c->pool < c->flow->pools_count)
		return;
	c->pool = 0;
	pass_over(c);
}

static void on_tick(void *arg);

// Several nodes share the work: each is that much slower.
static void next_window(struct checker *c)
{
	if (!c->more)
		next_source(c);
	int64_t wait = TICK_MS * (int64_t)nodes_count(c->flow->nodes);
	c->timer = loop_timer(c->flow->loop, wait, on_tick, c);
}

static void on_tick(void *arg)
{
	struct checker *c = arg;
	struct flow *f = c->flow;
	const char *pool = f->pools[c->pool].config->name;
	const char *set = sources[c->source].set;
	c->timer = 0;
	if (!flow_ready(f)) {
		c->timer = loop_timer(f->loop, TICK_MS, on_tick, c);
		return;
	}
	c->open++;
	if (set)
		store_window(f->store, pool, set, c->first, WINDOW, on_window, c);
	else
		store_scan(f->store, pool, c->cursor, on_scanned, c);
}

struct checker *checker_new(struct flow *f)
{
	struct checker *c = xcalloc(1, sizeof *c);
	c->flow = f;
	snprintf(c->cursor, sizeof c->cursor, "0");
	c->began_ms = loop_mono_ms(f->loop);
	c->timer = loop_timer(f->loop, TICK_MS, on_tick, c);
	return c;
}

void checker_free(struct checker *c)
{
	loop_cancel(c->flow->loop, c->timer);
	free(c);
}

void checker_report(const struct checker *c, struct checker_report *out)
{
	*out = c->last;
}
