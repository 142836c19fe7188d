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
#include "lanes.h"
#include "nodes.h"

// One window that holds anything at a time: with a node alone, 400 members of sets or some 800 keys
// a second at most.
#define TICK_MS 250
#define WINDOW  100
// While it looks changed, a conversation is read again.
#define LOOKS_MAX 3
// A window with something that could not be looked at is taken again so often.
#define TRIES_MAX 3
#define KEY_MAX   200

struct checker {
	struct flow *flow;
	uint64_t timer;
	size_t pool;
	size_t source;
	size_t first;    // of the window, in a set
	char cursor[24]; // of SCAN
	char next_cursor[24];
	size_t open;     // checks under way
	bool more;       // the source has another window
	bool empty;      // this one held nothing
	unsigned missed; // of this window could not be looked at
	unsigned tries;  // of this window, that missed something
	int64_t began_ms;
	struct checker_report now, last;
};

// One thing looked at.
struct check {
	struct checker *checker;
	struct pool *pool;
	unsigned looks;
	const char *what;     // as the log calls it
	char id[POOL_ID_MAX]; // of a conversation, page or message, or the name of a counselor
	char line[24];
	char texter[VAULT_HASH_LEN + 1];
	// Of an outbox entry: its conversation, and where it was found; "" when by its key.
	char conversation[POOL_ID_MAX];
	char gateway[33];
	char kind[8];
};

static void next_window(struct checker *c);
static bool by_key(const struct checker *c);

static struct check *check_new(struct checker *c, const char *what, const char *id)
{
	struct check *k = xcalloc(1, sizeof *k);
	k->checker = c;
	k->what = what;
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

static bool is_answer(enum store_code c)
{
	return c == STORE_OK || c == STORE_SHORT;
}

// Redis refused or left it open, or the script failed on what it found there.
static void missed(struct check *k, enum store_code code)
{
	log_warn("%s=%s event=not_checked code=%s", k->what, k->id, store_code_name(code));
	k->checker->missed++;
	check_end(k);
}

static void note_repairs(struct check *k, const struct redis_reply *reply, size_t first)
{
	for (size_t i = first; i < redis_count(reply); i++) {
		char *fault = bytes_dup(redis_bytes(redis_at(reply, i)));
		log_error("%s=%s event=orphan_repaired fault=%s", k->what, k->id, fault);
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
		missed(k, a->code);
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
	        .flag_page = view.flag_page,
	        .boost = &k->pool->boost,
	        .within = &k->pool->within,
	};
	if (by_key(k->checker)) {
		// What is closed and nowhere needs nothing; where it should not be, it is found.
		if (view.state == CONVERSATION_CLOSED) {
			check_end(k);
			return;
		}
		k->checker->now.checked++;
	}
	store_check(k->pool->flow->store, &check, on_checked, k);
}

static void look(struct check *k)
{
	k->looks++;
	store_conversation(k->pool->flow->store, k->pool->config->name, k->id, on_conversation, k);
}

static void tell_orphans(const struct checker *c, uint64_t count, const char *one)
{
	alarm_raise(c->flow, ALARM_ORPHAN, "%llu, one is %s.", (unsigned long long)count, one);
}

// Told at once; counted once in a pass.
static void note_orphan(struct check *k)
{
	struct checker *c = k->checker;
	struct checker_report *now = &c->now;
	now->orphans += by_key(c) ? 1 : 0;
	snprintf(now->orphan, sizeof now->orphan, "%s", k->id);
	log_error("conversation=%s event=orphan fault=two_open", k->id);
	if (!alarm_is_raised(c->flow, ALARM_ORPHAN))
		tell_orphans(c, now->orphans ? now->orphans : 1, now->orphan);
}

static void on_checked(const struct store_answer *a, void *arg)
{
	struct check *k = arg;
	enum store_code said = store_said(a);
	if (said == STORE_STALE && k->looks < LOOKS_MAX) {
		look(k);
		return;
	}
	if (is_answer(said)) {
		note_repairs(k, a->reply, 1);
	} else if (said == STORE_CONFLICT) {
		note_orphan(k);
	} else if (said != STORE_STALE) {
		missed(k, said);
		return;
	}
	check_end(k);
}

static void on_small_checked(const struct store_answer *a, void *arg)
{
	struct check *k = arg;
	if (!is_answer(store_said(a))) {
		missed(k, store_said(a));
		return;
	}
	note_repairs(k, a->reply, 1);
	check_end(k);
}

// ---- conversations, pages, counselors, texters ----

static void check_conversation(struct checker *c, const char *id)
{
	look(check_new(c, "conversation", id));
}

static void check_page(struct checker *c, const char *number)
{
	struct check *k = check_new(c, "page", number);
	store_check_page(c->flow->store, k->pool->config->name, strtoull(number, NULL, 10),
	        on_small_checked, k);
}

static void on_hold(const struct store_answer *a, void *arg)
{
	struct check *k = arg;
	char *ids[STORE_CHECK_HOLD_MAX];
	size_t count = redis_count(a->reply);
	if (a->code != STORE_OK) {
		missed(k, a->code);
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
	struct check *k = check_new(c, "staff", name);
	store_holds(c->flow->store, k->pool->config->name, name, on_hold, k);
}

static void on_texter(const struct store_answer *a, void *arg)
{
	struct check *k = arg;
	struct bytes open = redis_bytes(redis_field(a->reply, "conversation"));
	if (a->code != STORE_OK) {
		missed(k, a->code);
		return;
	}
	if (open.len == 0) {
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
	struct check *k = check_new(c, "conversation", "");
	snprintf(k->line, sizeof k->line, "%.*s", colon ? (int)(colon - name) : 0, name);
	snprintf(k->texter, sizeof k->texter, "%s", colon ? colon + 1 : "");
	store_texter(c->flow->store, k->pool->config->name, k->line, k->texter, on_texter, k);
}

// A texter's wish for deletion, "LINE:HASH".
static void check_wish(struct checker *c, const char *name)
{
	const char *colon = strrchr(name, ':');
	struct check *k = check_new(c, "deletion", "");
	snprintf(k->line, sizeof k->line, "%.*s", colon ? (int)(colon - name) : 0, name);
	snprintf(k->texter, sizeof k->texter, "%s", colon ? colon + 1 : "");
	const struct store_texter t = {k->pool->config->name, k->line, k->texter};
	store_check_erase(c->flow->store, &t, on_small_checked, k);
}

// ---- the outbox ----

static void check_out(struct check *k, store_fn fn)
{
	const struct store_out out = {
	        k->pool->config->name, k->gateway, k->kind, k->id, k->conversation};
	store_check_out(k->pool->flow->store, &out, fn, k);
}

// Where an entry itself says that it waits; false when it does not.
static bool entry_lane(const struct redis_reply *entry, struct check *k)
{
	struct bytes state = redis_bytes(redis_field(entry, "state"));
	if (!bytes_is(state, "queued") && !bytes_is(state, "sending"))
		return false;
	bytes_copy(redis_bytes(redis_field(entry, "gateway")), k->gateway, sizeof k->gateway);
	bytes_copy(redis_bytes(redis_field(entry, "kind")), k->kind, sizeof k->kind);
	bytes_copy(redis_bytes(redis_field(entry, "conversation")), k->conversation,
	        sizeof k->conversation);
	return true;
}

// The reply that goes first: as its entry says; one that is gone or settled is in the way of those
// behind it.
static void on_first_entry(const struct store_answer *a, void *arg)
{
	struct check *k = arg;
	if (a->code != STORE_OK) {
		missed(k, a->code);
		return;
	}
	entry_lane(a->reply, k);
	check_out(k, on_small_checked);
}

static void on_out_checked(const struct store_answer *a, void *arg)
{
	struct check *k = arg;
	if (store_said(a) != STORE_ANOTHER) {
		on_small_checked(a, arg);
		return;
	}
	note_repairs(k, a->reply, 2);
	bytes_copy(redis_bytes(redis_at(a->reply, 1)), k->id, sizeof k->id);
	store_entry(k->pool->flow->store, k->pool->config->name, k->id, on_first_entry, k);
}

static void on_entry(const struct store_answer *a, void *arg)
{
	struct check *k = arg;
	if (a->code != STORE_OK)
		missed(k, a->code);
	else if (entry_lane(a->reply, k))
		check_out(k, on_out_checked);
	else
		check_end(k); // settled
}

static void check_entry(struct checker *c, const char *id)
{
	struct check *k = check_new(c, "message", id);
	store_entry(c->flow->store, k->pool->config->name, k->id, on_entry, k);
}

// "ID CONVERSATION" of a reply, otherwise "ID".
static void check_member(
        struct checker *c, const char *gateway, enum send_kind kind, const char *name)
{
	const char *space = strchr(name, ' ');
	struct check *k = check_new(c, "message", "");
	size_t len = space ? (size_t)(space - name) : strlen(name);
	bytes_copy(bytes_of(name, len), k->id, sizeof k->id);
	snprintf(k->conversation, sizeof k->conversation, "%s", space ? space + 1 : "");
	snprintf(k->gateway, sizeof k->gateway, "%s", gateway);
	snprintf(k->kind, sizeof k->kind, "%s", send_kind_name(kind));
	check_out(k, on_out_checked);
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
        {"o:", check_entry},
        {"texter:", check_texter},
        {"erase:", check_wish},
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
        {"q0", conversations},
        {"q", conversations},
        {"w:5", conversations},
        {"w:4", conversations},
        {"w:3", conversations},
        {"w:2", conversations},
        {"w:1", conversations},
        {"held", conversations},
        {"wrap", conversations},
        {"due", timers},
        {"tend", conversations},
        {"pages", pages},
};
#define SETS (sizeof sources / sizeof *sources)

// After these sets come those of the outbox, then who is signed in, then all keys.
static const char *const out_sets[] = {"out", "unsent"};
#define LANE_SETS (2 * SEND_KINDS)

static size_t staff_source(const struct checker *c)
{
	return SETS + lanes_count(c->flow->lanes) * LANE_SETS;
}

// The last source, in which everything is once.
static bool by_key(const struct checker *c)
{
	return c->source > staff_source(c);
}

static void take_name_of(struct checker *c, const char *name)
{
	if (c->source < SETS) {
		take_name(c, sources[c->source].kinds, name);
	} else if (c->source < staff_source(c)) {
		size_t at = c->source - SETS;
		check_member(c, lanes_gateway(c->flow->lanes, at / LANE_SETS),
		        (enum send_kind)(at % LANE_SETS / 2), name);
	} else {
		take_name(c, keys, name);
	}
}

static void take_names(struct checker *c, const struct redis_reply *names, size_t skip)
{
	for (size_t i = 0; i < redis_count(names); i++) {
		char name[KEY_MAX];
		struct bytes b = redis_bytes(redis_at(names, i));
		if (b.len < skip || b.len - skip >= sizeof name)
			continue;
		bytes_copy(bytes_of(b.data + skip, b.len - skip), name, sizeof name);
		take_name_of(c, name);
	}
}

// What was read of a window; `c->open` counts the reading as well.
static void read_end(struct checker *c, const struct store_answer *a)
{
	if (a->code != STORE_OK)
		c->missed++;
	if (--c->open == 0)
		next_window(c);
}

static void on_window(const struct store_answer *a, void *arg)
{
	struct checker *c = arg;
	c->more = redis_count(a->reply) == WINDOW;
	c->empty = a->code == STORE_OK && redis_count(a->reply) == 0;
	if (a->code == STORE_OK)
		take_names(c, a->reply, 0);
	read_end(c, a);
}

static void on_staff(const struct store_answer *a, void *arg)
{
	struct checker *c = arg;
	c->more = false;
	c->empty = a->code == STORE_OK && redis_count(a->reply) == 0;
	for (size_t i = 0; a->code == STORE_OK && i + 1 < redis_count(a->reply); i += 2) {
		char *name = bytes_dup(redis_bytes(redis_at(a->reply, i)));
		check_hold(c, name);
		free(name);
	}
	read_end(c, a);
}

static void on_scanned(const struct store_answer *a, void *arg)
{
	struct checker *c = arg;
	struct bytes cursor = redis_bytes(redis_at(a->reply, 0));
	// "{POOL}:" before each.
	size_t tag = strlen(c->flow->pools[c->pool].config->name) + 3;
	c->empty = false; // it is a look at many keys even when none is ours
	if (a->code == STORE_OK) {
		c->more = cursor.len > 0 && !bytes_is(cursor, "0");
		bytes_copy(cursor, c->next_cursor, sizeof c->next_cursor);
		take_names(c, redis_at(a->reply, 1), tag);
	}
	read_end(c, a);
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
		tell_orphans(c, c->last.orphans, c->last.orphan);
	else if (c->last.missed == 0)
		alarm_clear(f, ALARM_ORPHAN);
}

static void next_source(struct checker *c)
{
	c->first = 0;
	snprintf(c->cursor, sizeof c->cursor, "0");
	if (++c->source <= staff_source(c) + 1)
		return;
	c->source = 0;
	if (++c->pool < c->flow->pools_count)
		return;
	c->pool = 0;
	pass_over(c);
}

static void on_tick(void *arg);

// True when the window must be taken again.
static bool try_again(struct checker *c)
{
	if (c->missed > 0 && ++c->tries < TRIES_MAX)
		return true;
	c->now.missed += c->missed;
	return false;
}

static void advance(struct checker *c)
{
	c->tries = 0;
	c->first += WINDOW;
	snprintf(c->cursor, sizeof c->cursor, "%s", c->next_cursor);
	if (!c->more)
		next_source(c);
}

// Several nodes share the work: each is that much slower. Past empty sets the walk goes on at once.
static void next_window(struct checker *c)
{
	int64_t wait = TICK_MS * (int64_t)nodes_count(c->flow->nodes);
	if (!try_again(c))
		advance(c);
	c->timer = loop_timer(c->flow->loop, c->empty ? 0 : wait, on_tick, c);
}

static void read_window(struct checker *c)
{
	struct store *store = c->flow->store;
	const char *pool = c->flow->pools[c->pool].config->name;
	if (c->source < SETS) {
		store_window(store, pool, sources[c->source].set, c->first, WINDOW, on_window, c);
	} else if (c->source < staff_source(c)) {
		size_t at = c->source - SETS;
		char set[80];
		snprintf(set, sizeof set, "%s:%s:%s", out_sets[at % 2],
		        lanes_gateway(c->flow->lanes, at / LANE_SETS),
		        send_kind_name((enum send_kind)(at % LANE_SETS / 2)));
		store_window(store, pool, set, c->first, WINDOW, on_window, c);
	} else if (c->source == staff_source(c)) {
		store_signed_in(store, pool, on_staff, c);
	} else {
		store_scan(store, pool, c->cursor, on_scanned, c);
	}
}

static void on_tick(void *arg)
{
	struct checker *c = arg;
	c->timer = 0;
	if (!flow_ready(c->flow)) {
		c->timer = loop_timer(c->flow->loop, TICK_MS, on_tick, c);
		return;
	}
	c->missed = 0;
	c->empty = false;
	c->open++;
	read_window(c);
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
