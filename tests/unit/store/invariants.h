// SPDX-License-Identifier: Apache-2.0
#pragma once
// What must be true of a pool's keys after every step: each conversation is in exactly one place,
// its timers are there, and the counselors' loads are right. Part of scripts.h.
#include "base/codec.h"
#include "core/custody.h"
#include "core/level.h"
#include "vault/mac.h"

#define MEMBERS_MAX 256

struct member {
	char name[48];
	int64_t score;
};

struct members {
	size_t count;
	struct member at[MEMBERS_MAX];
};

struct conversation {
	int64_t state, level, epoch, enqueued, answer_by, score, page, limited_ms;
	int64_t offer_until, held_at, wrap_up_until, silence_at;
	char holder[24];
	char open[24]; // the texter's open conversation
	const char *id;
	struct custody custody; // as its ledger tells it
	const char *ledger_fault;
	uint64_t ledger_entry; // with that fault
};

struct open_page {
	int64_t state, next_at;
};

// What is unsent of one kind: as the sets say, and of replies where each stands among those of its
// conversation.
struct unsent_reply {
	char id[24];
	char conversation[24];
	char first[24]; // of its conversation
	int64_t position, length;
	char state[12];
};

#define KINDS 4
static const struct {
	const char *name;
	const char *list; // in which its entries of one conversation stand in order, or NULL
} out_kinds[KINDS] = {
        {STORE_REPLY, "replies"},
        {STORE_PAGE, NULL},
        {STORE_NOTICE, NULL},
        {STORE_AUTO, "autos"},
};

struct outbox_look {
	struct members out[KINDS], unsent[KINDS];
	struct unsent_reply reply[KINDS][MEMBERS_MAX]; // of the kinds that have a list
};

struct look {
	int pending;
	struct outbox_look outbox;
	struct members waiting[6]; // by level
	struct members q0, q, held, wrap, due, pages;
	struct members hold[STAFF_COUNT];
	struct members load; // of those who are signed in
	struct conversation at[KNOWN_MAX];
	struct open_page page[MEMBERS_MAX];
};

// A look at all keys at once: too large for the stack, and no test runs two.
static inline struct look *look_new(void)
{
	return xcalloc(1, sizeof(struct look));
}

// One read under way.
struct reading {
	struct look *look;
	void *into;
	void (*take)(const struct redis_reply *r, void *into);
};

static inline void on_reading(const struct redis_result *r, void *arg)
{
	struct reading *reading = arg;
	if (r->status != REDIS_OK)
		fail_msg("Redis: %s", r->error);
	reading->look->pending--;
	reading->take(r->reply, reading->into);
	free(reading);
}

// "COMMAND KEY" or "COMMAND KEY WORD WORD WORD".
__attribute__((format(printf, 5, 6))) static inline void look_at(struct world *w, struct look *l,
        void (*take)(const struct redis_reply *r, void *into), void *into, const char *format, ...)
{
	char words[160];
	struct bytes argv[6];
	int argc = 0;
	va_list args;
	va_start(args, format);
	vsnprintf(words, sizeof words, format, args);
	va_end(args);
	for (char *rest = words, *word; (word = strsep(&rest, " ")) != NULL && argc < 6;)
		argv[argc++] = bytes_str(word);
	struct reading *reading = xcalloc(1, sizeof *reading);
	*reading = (struct reading){l, into, take};
	l->pending++;
	redis_command(w->link.redis, argc, argv, 5000, on_reading, reading);
}

static inline void copy_text(char *out, size_t size, const struct redis_reply *r)
{
	struct bytes b = redis_bytes(r);
	snprintf(out, size, "%.*s", (int)b.len, (const char *)b.data);
}

static inline void take_scores(const struct redis_reply *r, void *into)
{
	struct members *m = into;
	assert_true(redis_count(r) / 2 <= MEMBERS_MAX);
	for (size_t i = 0; i + 1 < redis_count(r); i += 2) {
		struct member *one = &m->at[m->count++];
		copy_text(one->name, sizeof one->name, redis_at(r, i));
		one->score = redis_integer(redis_at(r, i + 1));
	}
}

// Of the pool's `staff` hash: name and load.
static inline void take_loads(const struct redis_reply *r, void *into)
{
	struct members *m = into;
	for (size_t i = 0; i + 1 < redis_count(r); i += 2) {
		struct member *one = &m->at[m->count++];
		char json[512];
		copy_text(one->name, sizeof one->name, redis_at(r, i));
		copy_text(json, sizeof json, redis_at(r, i + 1));
		const char *load = strstr(json, "\"load\":");
		assert_non_null(load);
		one->score = strtoll(load + strlen("\"load\":"), NULL, 10);
	}
}

static inline void take_conversation(const struct redis_reply *r, void *into)
{
	struct conversation *c = into;
	c->state = redis_integer(redis_field(r, "state"));
	c->level = redis_integer(redis_field(r, "level"));
	c->epoch = redis_integer(redis_field(r, "epoch"));
	c->enqueued = redis_integer(redis_field(r, "enqueued"));
	c->answer_by = redis_integer(redis_field(r, "answer_by"));
	c->score = redis_integer(redis_field(r, "score"));
	c->limited_ms = redis_integer(redis_field(r, "limited_ms"));
	c->page = redis_integer(redis_field(r, "page"));
	c->offer_until = redis_integer(redis_field(r, "offer_until"));
	c->held_at = redis_integer(redis_field(r, "held_at"));
	c->wrap_up_until = redis_integer(redis_field(r, "wrap_up_until"));
	c->silence_at = redis_integer(redis_field(r, "silence_at"));
	copy_text(c->holder, sizeof c->holder, redis_field(r, "holder"));
}

static inline void take_open(const struct redis_reply *r, void *into)
{
	struct conversation *c = into;
	copy_text(c->open, sizeof c->open, r);
}

static inline void take_page(const struct redis_reply *r, void *into)
{
	struct open_page *p = into;
	p->state = redis_integer(redis_field(r, "state"));
	p->next_at = redis_integer(redis_field(r, "next_at"));
}

static inline void sha1_hex(struct bytes in, char hex[static CUSTODY_HASH_LEN + 1])
{
	uint8_t digest[20];
	struct buf text = {0};
	sha1(in, digest);
	hex_encode(bytes_of(digest, sizeof digest), &text);
	snprintf(hex, CUSTODY_HASH_LEN + 1, "%s", buf_str(&text));
	buf_free(&text);
}

static inline void take_ledger(const struct redis_reply *r, void *into)
{
	struct conversation *c = into;
	custody_begin(&c->custody, c->id, sha1_hex);
	for (size_t i = 0; i < redis_count(r); i++) {
		struct custody_entry e;
		const char *fault = custody_take(&c->custody, redis_bytes(redis_at(r, i)), &e);
		if (!fault || c->ledger_fault)
			continue;
		c->ledger_fault = fault;
		c->ledger_entry = i + 1;
	}
}

static inline void look_at_set(
        struct world *w, struct look *l, struct members *m, const char *set, int level)
{
	char name[16];
	snprintf(name, sizeof name, level ? "%s:%d" : "%s", set, level);
	look_at(w, l, take_scores, m, "ZRANGE {" POOL "}:%s 0 -1 WITHSCORES", name);
}

// The list of its conversation's unsettled replies.
static inline void take_list(const struct redis_reply *r, void *into)
{
	struct unsent_reply *u = into;
	u->length = (int64_t)redis_count(r);
	u->position = NONE;
	copy_text(u->first, sizeof u->first, redis_at(r, 0));
	for (size_t i = 0; i < redis_count(r); i++)
		if (bytes_is(redis_bytes(redis_at(r, i)), u->id))
			u->position = (int64_t)i;
}

static inline void take_entry_state(const struct redis_reply *r, void *into)
{
	struct unsent_reply *u = into;
	copy_text(u->state, sizeof u->state, r);
}

static inline void look_at_replies(struct world *w, struct look *l, size_t kind)
{
	const struct members *unsent = &l->outbox.unsent[kind];
	for (size_t i = 0; i < unsent->count; i++) {
		struct unsent_reply *u = &l->outbox.reply[kind][i];
		assert_int_equal(
		        sscanf(unsent->at[i].name, "%23s %23s", u->id, u->conversation), 2);
		char list[40];
		snprintf(list, sizeof list, "%s:%s", out_kinds[kind].list, u->conversation);
		look_at(w, l, take_list, u, "LRANGE {" POOL "}:%s 0 -1", list);
		look_at(w, l, take_entry_state, u, "HGET {" POOL "}:o:%s state", u->id);
	}
	UNTIL(&w->link, l->pending == 0);
}

static inline void look_at_outbox(struct world *w, struct look *l)
{
	for (size_t k = 0; k < KINDS; k++) {
		look_at(w, l, take_scores, &l->outbox.out[k],
		        "ZRANGE {" POOL "}:out:" GATEWAY ":%s 0 -1 WITHSCORES", out_kinds[k].name);
		look_at(w, l, take_scores, &l->outbox.unsent[k],
		        "ZRANGE {" POOL "}:unsent:" GATEWAY ":%s 0 -1 WITHSCORES",
		        out_kinds[k].name);
	}
	UNTIL(&w->link, l->pending == 0);
	for (size_t k = 0; k < KINDS; k++)
		if (out_kinds[k].list)
			look_at_replies(w, l, k);
}

static inline void look_at_all(struct world *w, struct look *l)
{
	for (int level = LEVEL_LOW; level <= LEVEL_IMMINENT; level++)
		look_at_set(w, l, &l->waiting[level], "w", level);
	look_at_set(w, l, &l->q0, "q0", 0);
	look_at_set(w, l, &l->q, "q", 0);
	look_at_set(w, l, &l->held, "held", 0);
	look_at_set(w, l, &l->wrap, "wrap", 0);
	look_at_set(w, l, &l->due, "due", 0);
	look_at_set(w, l, &l->pages, "pages", 0);
	look_at(w, l, take_loads, &l->load, "HGETALL {" POOL "}:staff");
	for (size_t i = 0; i < STAFF_COUNT; i++)
		look_at(w, l, take_scores, &l->hold[i], "HGETALL {" POOL "}:hold:%s", staff[i]);
	for (size_t i = 0; i < w->known_count; i++) {
		const struct known *k = &w->known[i];
		look_at(w, l, take_conversation, &l->at[i], "HGETALL {" POOL "}:c:%s", k->id);
		l->at[i].id = k->id;
		look_at(w, l, take_ledger, &l->at[i], "LRANGE {" POOL "}:custody:%s 0 -1", k->id);
		look_at(w, l, take_open, &l->at[i],
		        "HGET {" POOL "}:texter:" LINE ":%s conversation", k->texter);
	}
	UNTIL(&w->link, l->pending == 0);
	look_at_outbox(w, l);
	for (size_t i = 0; i < l->pages.count; i++)
		look_at(w, l, take_page, &l->page[i], "HGETALL {" POOL "}:e:%s",
		        l->pages.at[i].name);
	UNTIL(&w->link, l->pending == 0);
}

static inline const struct member *member_of(const struct members *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->at[i].name, name) == 0)
			return &m->at[i];
	return NULL;
}

static inline void same(const char *id, const char *what, int64_t is, int64_t wanted)
{
	if (is != wanted)
		fail_msg("%s: %s is %lld and should be %lld", id, what, (long long)is,
		        (long long)wanted);
}

// `id` is in the set with that score, or is not in it at all.
static inline void in_set(
        const struct members *m, const char *id, const char *set, bool wanted, int64_t at)
{
	const struct member *found = member_of(m, id);
	same(id, set, found ? found->score : NONE, wanted ? at : NONE);
}

static inline void has_timer(
        const struct look *l, const char *kind, const char *id, bool wanted, int64_t at)
{
	char name[40];
	snprintf(name, sizeof name, "%s:%s", kind, id);
	in_set(&l->due, name, "timer", wanted, at);
}

// A rise of the level may make a page ring before its planned time, and nothing after it.
static inline void rings_in_time(const struct look *l, const char *page, int64_t next_at)
{
	char name[40];
	snprintf(name, sizeof name, "page:%s", page);
	const struct member *timer = member_of(&l->due, name);
	same(page, "timer in time", timer && timer->score <= next_at, true);
}

// Where a conversation of each state is to be found.
static const struct place {
	bool waits, queued, held, wrap_up, slot;
} places[] = {
        [1] = {.waits = true, .queued = true},
        [2] = {.waits = true, .slot = true},
        [3] = {.held = true, .slot = true},
        [4] = {.wrap_up = true, .slot = true},
        [5] = {0},
};

static inline void check_place(const struct look *l, const struct conversation *c, const char *id)
{
	const struct place *p = &places[c->state];
	for (int level = LEVEL_LOW; level <= LEVEL_IMMINENT; level++)
		in_set(&l->waiting[level], id, "w:LEVEL", p->waits && level == c->level,
		        c->enqueued);
	bool imminent = c->level == LEVEL_IMMINENT;
	in_set(&l->q0, id, "q0", p->queued && imminent, c->score);
	in_set(&l->q, id, "q", p->queued && !imminent, c->score);
	in_set(&l->held, id, "held", p->held, c->held_at);
	in_set(&l->wrap, id, "wrap", p->wrap_up, c->wrap_up_until);
	for (size_t i = 0; i < STAFF_COUNT; i++)
		same(id, staff[i], member_of(&l->hold[i], id) != NULL,
		        p->slot && strcmp(c->holder, staff[i]) == 0);
	same(id, "holder", c->holder[0] != '\0', c->state != 1);
	same(id, "the texter's", strcmp(c->open, id) == 0, c->state <= 3);
	same(id, "score", c->score,
	        queue_score((enum level)c->level, c->enqueued, &boost) + c->limited_ms);
	same(id, "limited in danger", c->level >= LEVEL_HIGH && c->limited_ms > 0, false);
}

static inline void check_timers(const struct look *l, const struct conversation *c, const char *id)
{
	bool waits = places[c->state].waits;
	has_timer(l, "answer", id, waits && c->page == 0, c->answer_by);
	has_timer(l, "offer", id, c->state == 2, c->offer_until);
	has_timer(l, "wrap_up", id, c->state == 4, c->wrap_up_until);
	has_timer(l, "silence", id, c->state == 3, c->silence_at);
	char page[24];
	snprintf(page, sizeof page, "%lld", (long long)c->page);
	if (waits && c->page != 0)
		same(id, "open page", member_of(&l->pages, page) != NULL, true);
}

// The ledger alone says where it is and whose it is.
static inline void check_ledger(const struct conversation *c, const char *id)
{
	const struct custody_span *now = &c->custody.now;
	if (c->ledger_fault)
		fail_msg("%s: entry %llu of its ledger: %s", id,
		        (unsigned long long)c->ledger_entry, c->ledger_fault);
	same(id, "state in its ledger", now->state, c->state);
	same(id, "epoch in its ledger", (int64_t)c->custody.epoch, c->epoch);
	same(id, "owner in its ledger", strcmp(now->owner, c->state == 5 ? "" : c->holder) == 0,
	        true);
}

static inline void check_conversation(
        const struct look *l, const struct conversation *c, struct known *k)
{
	if (c->state < 1 || c->state > 5)
		fail_msg("%s: state %lld", k->id, (long long)c->state);
	check_place(l, c, k->id);
	check_timers(l, c, k->id);
	check_ledger(c, k->id);
	if (c->epoch < k->epoch || c->level < k->level)
		fail_msg("%s: epoch or level fell", k->id);
	k->epoch = c->epoch;
	k->level = c->level;
}

// Nobody is in a set who is not known: with check_place(), each set holds whom it should.
static inline void check_strangers(const struct world *w, const struct members *m)
{
	for (size_t i = 0; i < m->count; i++) {
		bool known = false;
		for (size_t j = 0; j < w->known_count && !known; j++)
			known = strcmp(w->known[j].id, m->at[i].name) == 0;
		same(m->at[i].name, "known", known, true);
	}
}

static inline void check_sets(const struct world *w, const struct look *l)
{
	for (int level = LEVEL_LOW; level <= LEVEL_IMMINENT; level++)
		check_strangers(w, &l->waiting[level]);
	const struct members *const sets[] = {&l->q0, &l->q, &l->held, &l->wrap};
	for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++)
		check_strangers(w, sets[i]);
	for (size_t i = 0; i < STAFF_COUNT; i++) {
		const struct member *load = member_of(&l->load, staff[i]);
		check_strangers(w, &l->hold[i]);
		int64_t units = 0;
		for (size_t j = 0; j < l->hold[i].count; j++)
			units += l->hold[i].at[j].score;
		if (load)
			same(staff[i], "load", load->score, units);
	}
}

// Every unsent reply is in its conversation's list, and in the outbox when it is the first there;
// so is every automatic text.
static inline void check_reply(const struct look *l, size_t kind, const struct unsent_reply *u)
{
	char first[64], member[64];
	int64_t of_conversation = 0;
	const struct members *out = &l->outbox.out[kind];
	snprintf(first, sizeof first, "%s %s", u->first, u->conversation);
	snprintf(member, sizeof member, "%s %s", u->id, u->conversation);
	same(u->id, "position", u->position >= 0, true);
	same(first, "first in the outbox", member_of(out, first) != NULL, true);
	same(member, "alone in the outbox", member_of(out, member) != NULL,
	        strcmp(first, member) == 0);
	same(member, "open", strcmp(u->state, "queued") == 0 || strcmp(u->state, "sending") == 0,
	        true);
	for (size_t i = 0; i < l->outbox.unsent[kind].count; i++)
		if (strcmp(l->outbox.reply[kind][i].conversation, u->conversation) == 0)
			of_conversation++;
	same(u->conversation, "unsent of it", of_conversation, u->length);
}

// Nothing is in the outbox that is not unsent, and nothing unsent is in no outbox.
static inline void check_outbox(const struct look *l)
{
	for (size_t k = 0; k < KINDS; k++) {
		for (size_t i = 0; i < l->outbox.out[k].count; i++) {
			const char *name = l->outbox.out[k].at[i].name;
			same(name, "unsent", member_of(&l->outbox.unsent[k], name) != NULL, true);
		}
		if (!out_kinds[k].list)
			same(out_kinds[k].name, "unsent", (int64_t)l->outbox.unsent[k].count,
			        (int64_t)l->outbox.out[k].count);
		for (size_t i = 0; out_kinds[k].list && i < l->outbox.unsent[k].count; i++)
			check_reply(l, k, &l->outbox.reply[k][i]);
	}
}

static inline void check_invariants(struct world *w)
{
	struct look *l = look_new();
	look_at_all(w, l);
	for (size_t i = 0; i < w->known_count; i++)
		check_conversation(l, &l->at[i], &w->known[i]);
	check_sets(w, l);
	check_outbox(l);
	for (size_t i = 0; i < l->pages.count; i++) {
		const char *page = l->pages.at[i].name;
		same(page, "open", l->page[i].state == 1 || l->page[i].state == 2, true);
		rings_in_time(l, page, l->page[i].next_at);
	}
	free(l);
}
