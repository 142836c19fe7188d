// SPDX-License-Identifier: Apache-2.0
// The oracle's look at Redis: each conversation in one state with the right memberships, and every
// change of it asked for by who may.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/texts.h"
#include "core/level.h"
#include "oracle_book.h"
#include "sim_redis.h"
#include "vault/mac.h"
#include "world.h"

#define NONE     INT64_MIN
#define CAPACITY 3 // of each counselor, in sim_main.c

// Milliseconds, as in sim_node.c's configuration, by level.
static const int64_t within[] = {0, 90000, 60000, 30000, 20000, 10000};
static const int64_t boosts[] = {0, 0, 60000, 120000, 270000, 0};

// ---- reading

static const struct model_reply *run(struct oracle *o, int argc, const struct bytes *argv)
{
	struct model_call call = {.now_ms = 0, .argc = argc, .argv = argv};
	model_reply_clear(&o->reply);
	model_store_run(sim_redis_store(o->world->redis), &call, &o->reply);
	return &o->reply;
}

struct key {
	char text[160];
};

static struct key key_of(const char *kind, const char *id)
{
	struct key k;
	snprintf(k.text, sizeof k.text, "{" POOL "}:%s%s%s", kind, *id ? ":" : "", id);
	return k;
}

static int64_t number_at(const struct model_reply *r, size_t i)
{
	char digits[32];
	if (i >= r->count || r->at[i].type == MODEL_NIL)
		return NONE;
	if (r->at[i].type == MODEL_INTEGER)
		return r->at[i].integer;
	bytes_copy(model_value_bytes(&r->at[i]), digits, sizeof digits);
	return strtoll(digits, NULL, 10);
}

static void text_at(const struct model_reply *r, size_t i, char *out, size_t size)
{
	bytes_copy(i < r->count ? model_value_bytes(&r->at[i]) : bytes_str(""), out, size);
}

static int64_t ask_2(struct oracle *o, const char *command, struct key key, const char *member)
{
	const struct bytes argv[] = {bytes_str(command), bytes_str(key.text), bytes_str(member)};
	return number_at(run(o, 3, argv), 0);
}

static int64_t score(struct oracle *o, const char *set, const char *member)
{
	return ask_2(o, "ZSCORE", key_of(set, ""), member);
}

size_t oracle_count(struct oracle *o, const char *set)
{
	struct key key = key_of(set, "");
	const struct bytes argv[] = {bytes_str("ZCARD"), bytes_str(key.text)};
	return (size_t)number_at(run(o, 2, argv), 0);
}

int oracle_delivery(struct oracle *o, const char *message)
{
	int64_t delivery = ask_2(o, "HGET", key_of("m", message), "delivery");
	return delivery == NONE ? 0 : (int)delivery;
}

// ---- one conversation

static const char *const fields[] = {"state", "level", "epoch", "seq", "page", "answer_by",
        "enqueued", "score", "held_at", "offer_until", "wrap_up_until", "declined_at", "silence_at",
        "reopened", "erased_at", "transfer_until", "holder", "attention", "transfer_to"};
#define FIELDS (sizeof fields / sizeof fields[0])

struct view {
	int64_t state, level, epoch, seq, page, answer_by, enqueued, score, held_at, offer_until,
	        wrap_up_until, declined_at, silence_at, reopened, erased_at, transfer_until;
	char holder[33];
	char attention[160];
	char transfer_to[33];
};

static bool read_view(struct oracle *o, const char *id, struct view *v)
{
	struct key key = key_of("c", id);
	struct bytes argv[2 + FIELDS] = {bytes_str("HMGET"), bytes_str(key.text)};
	int64_t *numbers[] = {&v->state, &v->level, &v->epoch, &v->seq, &v->page, &v->answer_by,
	        &v->enqueued, &v->score, &v->held_at, &v->offer_until, &v->wrap_up_until,
	        &v->declined_at, &v->silence_at, &v->reopened, &v->erased_at, &v->transfer_until};
	for (size_t i = 0; i < FIELDS; i++)
		argv[2 + i] = bytes_str(fields[i]);
	const struct model_reply *r = run(o, 2 + FIELDS, argv);
	for (size_t i = 0; i < FIELDS - 3; i++)
		*numbers[i] = number_at(r, 1 + i);
	text_at(r, FIELDS - 2, v->holder, sizeof v->holder);
	text_at(r, FIELDS - 1, v->attention, sizeof v->attention);
	text_at(r, FIELDS, v->transfer_to, sizeof v->transfer_to);
	return v->state != NONE;
}

static void same(struct oracle *o, const char *id, const char *what, int64_t is, int64_t wanted)
{
	if (is != wanted)
		oracle_violation(o, "%s: %s is %lld and should be %lld", id, what, (long long)is,
		        (long long)wanted);
}

static void in_set(
        struct oracle *o, const char *id, const char *set, bool wanted, int64_t wanted_score)
{
	same(o, id, set, score(o, set, id), wanted ? wanted_score : NONE);
}

static void has_timer(
        struct oracle *o, const char *id, const char *kind, bool wanted, int64_t wanted_score)
{
	char member[96];
	snprintf(member, sizeof member, "%s:%s", kind, id);
	same(o, id, kind, score(o, "due", member), wanted ? wanted_score : NONE);
}

static void check_sets(struct oracle *o, const char *id, const struct view *v)
{
	bool waits = v->state == WAITING || v->state == OFFERED;
	bool imminent = v->level == LEVEL_IMMINENT;
	for (int64_t l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++) {
		char set[8];
		snprintf(set, sizeof set, "w:%d", (int)l);
		in_set(o, id, set, waits && l == v->level, v->enqueued);
	}
	in_set(o, id, "q0", v->state == WAITING && imminent, v->score);
	in_set(o, id, "q", v->state == WAITING && !imminent, v->score);
	in_set(o, id, "held", v->state == HELD, v->held_at);
	in_set(o, id, "wrap", v->state == WRAP_UP, v->wrap_up_until);
	same(o, id, "score", v->score, v->enqueued - boosts[v->level]);
}

static void check_place(struct oracle *o, const char *id, const struct view *v)
{
	bool waits = v->state == WAITING || v->state == OFFERED;
	bool slot = v->state >= OFFERED && v->state <= WRAP_UP;
	char page[24];
	same(o, id, "state", v->state >= WAITING && v->state <= CLOSED, true);
	check_sets(o, id, v);
	for (size_t i = 0; i < o->world->counselors_count; i++) {
		const char *name = counselor_name(i);
		same(o, id, name, ask_2(o, "HEXISTS", key_of("hold", name), id),
		        slot && strcmp(name, v->holder) == 0);
	}
	same(o, id, "holder", v->holder[0] != '\0', v->state != WAITING);
	has_timer(o, id, "answer", waits && v->page == 0, v->answer_by);
	has_timer(o, id, "offer", v->state == OFFERED, v->offer_until);
	has_timer(o, id, "wrap_up", v->state == WRAP_UP, v->wrap_up_until);
	has_timer(o, id, "silence", v->state == HELD, v->silence_at);
	has_timer(o, id, "transfer", v->state == HELD && v->transfer_to[0], v->transfer_until);
	same(o, id, "an open transfer", v->state == HELD || !v->transfer_to[0], true);
	snprintf(page, sizeof page, "%lld", (long long)v->page);
	if (waits && v->page != 0) {
		char timer[32];
		snprintf(timer, sizeof timer, "page:%s", page);
		same(o, id, "open page", score(o, "pages", page) != NONE, true);
		same(o, id, "timer of its page", score(o, "due", timer) != NONE, true);
	}
}

// Promise 4, and that a claim of another epoch changes nothing.
static void check_change(struct oracle *o, const struct conversation *c, const struct view *v)
{
	uint64_t epoch = (uint64_t)v->epoch;
	bool other = strcmp(c->holder, v->holder) != 0;
	bool went_on = c->state == v->state || (c->state == OFFERED && v->state == HELD) ||
	               (c->state >= HELD && v->state > c->state);
	if (epoch < c->epoch || (other && epoch == c->epoch))
		oracle_violation(o, "%s: holder %s epoch %llu after holder %s epoch %llu", c->id,
		        v->holder, (unsigned long long)epoch, c->holder,
		        (unsigned long long)c->epoch);
	if (epoch == c->epoch && !went_on)
		oracle_violation(o, "%s: state %lld after state %d in one epoch", c->id,
		        (long long)v->state, c->state);
	if (v->level < c->level)
		oracle_violation(o, "%s: its level fell from %d to %lld", c->id, c->level,
		        (long long)v->level);
	bool moved = v->state == HELD && c->state == HELD && other;
	if ((v->state == OFFERED && c->state != OFFERED) || moved) {
		struct key key = key_of("hold", v->holder);
		const struct bytes argv[] = {bytes_str("HLEN"), bytes_str(key.text)};
		same(o, v->holder, "within the capacity", number_at(run(o, 2, argv), 0) <= CAPACITY,
		        true);
	}
	if (moved && (!oracle_was_asked(c, ASK_TRANSFER, c->holder, c->epoch, "") ||
	                     !oracle_was_asked(c, ASK_ACCEPT, v->holder, c->epoch, "") ||
	                     epoch != c->epoch + 1))
		oracle_violation(o, "%s: it went from %s to %s in epoch %llu, unasked", c->id,
		        c->holder, v->holder, (unsigned long long)c->epoch);
	if (v->state == HELD && c->state != HELD &&
	        !oracle_was_asked(c, ASK_ACCEPT, v->holder, epoch, "") &&
	        !oracle_was_asked(c, ASK_ACCEPT, v->holder, epoch - 2, "")) // asked beside another
		oracle_violation(o, "%s: %s holds it and accepted nothing in epoch %llu", c->id,
		        v->holder, (unsigned long long)epoch);
	if (v->state >= WRAP_UP && c->state < WRAP_UP &&
	        !oracle_was_asked(c, ASK_CLOSE, v->holder, epoch, ""))
		oracle_violation(o, "%s: closed, and %s did not in epoch %llu", c->id, v->holder,
		        (unsigned long long)epoch);
	if (v->declined_at != c->declined_at &&
	        !oracle_was_asked(c, ASK_DECLINE, c->holder, c->epoch, ""))
		oracle_violation(o, "%s: declined, and %s did not in epoch %llu", c->id, c->holder,
		        (unsigned long long)c->epoch);
	if (c->state >= WRAP_UP && v->state < WRAP_UP && epoch == c->epoch)
		oracle_violation(o, "%s: open again", c->id);
}

// ---- its messages

static void take_text(struct oracle *o, struct conversation *c, const char *message, int64_t number)
{
	struct text_seen *t = oracle_text_of(o, number > 0 ? (uint64_t)number : 0);
	if (!t)
		oracle_violation(o, "%s: message %s is no text of ours", c->id, message);
	if (t->stored)
		oracle_violation(o, "text %llu is stored twice", (unsigned long long)t->number);
	if (c->messages > 0 && (c->texter != t->texter || c->gateway != t->gateway))
		oracle_violation(o, "%s: a text of another texter", c->id);
	c->texter = t->texter;
	c->gateway = t->gateway;
	t->stored = true;
	t->of = c;
	c->must_erase = c->must_erase || t->wish;
}

static void take_client(
        struct oracle *o, const char *conversation, const char *author, const char *client)
{
	char key[160];
	snprintf(key, sizeof key, "%s %s %s", conversation, author, client);
	if (strmap_get(o->clients, key))
		oracle_violation(o, "reply %s is stored twice", key);
	strmap_put(o->clients, key, o);
}

// An automatic text goes to those who wait, whatever it is once a conversation, and has no author.
static void take_automatic(struct oracle *o, struct conversation *c, const struct view *v,
        const char *author, const char *automatic)
{
	enum text_id id;
	if (*author || !text_from_name(automatic, &id))
		oracle_violation(o, "%s: %s is no automatic text", c->id, automatic);
	// A new master may show several steps at once.
	bool waited = c->state == 0 || c->state == WAITING || c->state == OFFERED ||
	              id == TEXT_DELETED_LATER;
	if (!waited && v->state != WAITING && v->state != OFFERED)
		oracle_violation(
		        o, "%s: %s is said in state %lld", c->id, automatic, (long long)v->state);
	// Once a conversation, and once again after each time that it was reopened; when that was
	// does not show where all is read anew.
	char once[64];
	snprintf(once, sizeof once, "%s/%lld", automatic,
	        v->reopened > 0 ? (long long)v->reopened : 0);
	if (text_row(id)->once && (c->state != 0 || v->reopened <= 0))
		take_client(o, c->id, "automatic", once);
}

static void take_reply(struct oracle *o, struct conversation *c, const struct view *v, bool fresh,
        const char *author, const char *client)
{
	if (fresh && (strcmp(author, v->holder) != 0 ||
	                     !oracle_was_asked(c, ASK_REPLY, author, (uint64_t)v->epoch, client)))
		oracle_violation(o, "%s: %s replied without a claim on it in epoch %lld", c->id,
		        author, (long long)v->epoch);
	take_client(o, c->id, author, client);
}

static void take_message(struct oracle *o, struct conversation *c, const char *message,
        const struct view *v, bool fresh)
{
	struct key key = key_of("m", message);
	const struct bytes argv[] = {bytes_str("HMGET"), bytes_str(key.text), bytes_str("seq"),
	        bytes_str("direction"), bytes_str("provider_at"), bytes_str("author"),
	        bytes_str("client_id"), bytes_str("automatic")};
	char author[33], client[40], automatic[40];
	const struct model_reply *r = run(o, 8, argv);
	int64_t sequence = number_at(r, 1), direction = number_at(r, 2), text = number_at(r, 3);
	text_at(r, 4, author, sizeof author);
	text_at(r, 5, client, sizeof client);
	text_at(r, 6, automatic, sizeof automatic);
	same(o, c->id, "sequence", sequence, (int64_t)c->messages + 1);
	if (direction == 1 && fresh && v->state >= WRAP_UP)
		oracle_violation(o, "%s is over and gets a text", c->id);
	if (direction == 1)
		take_text(o, c, message, text);
	else if (*automatic)
		take_automatic(o, c, v, author, automatic);
	else
		take_reply(o, c, v, fresh, author, client);
	struct message_seen *m = xcalloc(1, sizeof *m);
	m->sequence = (uint64_t)sequence;
	m->reply = direction == 2;
	snprintf(m->conversation, sizeof m->conversation, "%s", c->id);
	if (strmap_get(o->messages, message))
		oracle_violation(o, "%s: message %s twice", c->id, message);
	strmap_put(o->messages, message, m);
	strmap_put(o->whose, message, c);
}

static void check_messages(
        struct oracle *o, struct conversation *c, const struct view *v, bool fresh)
{
	struct key key = key_of("ms", c->id);
	const struct bytes length[] = {bytes_str("LLEN"), bytes_str(key.text)};
	same(o, c->id, "number of messages", number_at(run(o, 2, length), 0), v->seq);
	for (; c->messages < (size_t)v->seq; c->messages++) {
		char at[24], message[64];
		snprintf(at, sizeof at, "%zu", c->messages);
		const struct bytes index[] = {
		        bytes_str("LINDEX"), bytes_str(key.text), bytes_str(at)};
		text_at(run(o, 3, index), 0, message, sizeof message);
		take_message(o, c, message, v, fresh);
	}
	same(o, c->id, "messages", (int64_t)c->messages, v->seq);
}

// Whoever is at risk and silent is not given up by one person, and never by a timer.
static void check_second(struct oracle *o, const struct conversation *c, const struct view *v)
{
	bool answered = c->alone;
	if (c->state != HELD || v->state < WRAP_UP || !c->silent)
		return;
	for (size_t i = 0; i < c->asks_count; i++)
		answered = answered ||
		           (c->asks[i].kind == ASK_ANSWER && c->asks[i].epoch == c->epoch &&
		                   strcmp(c->asks[i].name, c->holder) != 0);
	if (!answered)
		oracle_violation(
		        o, "%s: %s closed it alone, and its texter was silent", c->id, c->holder);
}

// ---- its ledger

static void sha1_hex(struct bytes in, char hex[static CUSTODY_HASH_LEN + 1])
{
	uint8_t digest[20];
	struct buf text = {0};
	sha1(in, digest);
	hex_encode(bytes_of(digest, sizeof digest), &text);
	bytes_copy(buf_bytes(&text), hex, CUSTODY_HASH_LEN + 1);
	buf_free(&text);
}

static void read_ledger(struct oracle *o, struct conversation *c)
{
	struct key key = key_of("custody", c->id);
	char from[24];
	snprintf(from, sizeof from, "%llu", (unsigned long long)c->custody.count);
	const struct bytes argv[] = {
	        bytes_str("LRANGE"), bytes_str(key.text), bytes_str(from), bytes_str("-1")};
	const struct model_reply *r = run(o, 4, argv);
	for (size_t i = 1; i < r->count; i++) {
		struct custody_entry e;
		const char *fault = custody_take(&c->custody, model_value_bytes(&r->at[i]), &e);
		c->alone = c->alone ||
		           (strcmp(e.what, "close_approved") == 0 && strcmp(e.why, "alone") == 0);
		if (fault)
			oracle_violation(o, "%s: entry %llu (%s %s) of its ledger: %s", c->id,
			        (unsigned long long)e.number, e.what, e.who, fault);
	}
}

// Promise 4 from the ledger alone: it only grows, and ends with whose it is.
static void check_ledger(struct oracle *o, struct conversation *c, const struct view *v)
{
	struct key key = key_of("custody", c->id);
	const struct bytes length[] = {bytes_str("LLEN"), bytes_str(key.text)};
	const struct custody_span *now = &c->custody.now;
	if (!c->custody.hash)
		custody_begin(&c->custody, c->id, sha1_hex);
	read_ledger(o, c);
	same(o, c->id, "entries in its ledger", number_at(run(o, 2, length), 0),
	        (int64_t)c->custody.count);
	same(o, c->id, "state in its ledger", now->state, v->state);
	same(o, c->id, "epoch in its ledger", (int64_t)c->custody.epoch, v->epoch);
	if (strcmp(now->owner, v->state == CLOSED ? "" : v->holder) != 0)
		oracle_violation(o, "%s: its ledger says that %s has it, and %s does", c->id,
		        *now->owner ? now->owner : "nobody", *v->holder ? v->holder : "nobody");
}

// Promise 5, by true time: due when it began to wait, sooner when it became worse.
static void follow_due(struct oracle *o, struct conversation *c, const struct view *v)
{
	int64_t now = sim_now(o->world->sim);
	bool waited = c->state == WAITING || c->state == OFFERED;
	bool waits = v->state == WAITING || v->state == OFFERED;
	int64_t due = now + within[v->level];
	if (!waits || v->page != 0)
		c->due = 0;
	else if (!waited)
		c->due = due;
	else if (v->level > c->level && c->due && due < c->due)
		c->due = due;
}

bool oracle_erased(struct oracle *o, const struct conversation *c)
{
	return ask_2(o, "HGET", key_of("c", c->id), "erased_at") != NONE;
}

bool oracle_wishes(struct oracle *o)
{
	struct key key = key_of("due", "");
	const struct bytes argv[] = {
	        bytes_str("ZRANGE"), bytes_str(key.text), bytes_str("0"), bytes_str("-1")};
	const struct model_reply *r = run(o, 4, argv);
	for (size_t i = 0; i < r->count; i++) {
		struct bytes member = model_value_bytes(&r->at[i]);
		if (member.len > 6 && memcmp(member.data, "erase:", 6) == 0)
			return true;
	}
	return false;
}

// Only what is over is deleted, and nothing that nobody asked for.
static void look_at_erased(struct oracle *o, struct conversation *c, const struct view *v)
{
	if (v->state != CLOSED)
		oracle_violation(o, "%s is deleted in state %lld", c->id, (long long)v->state);
	if (c->texter >= TEXTERS_MAX || !o->wished[c->texter])
		oracle_violation(o, "%s is deleted, and nobody asked for it", c->id);
	for (size_t i = 0; !c->erased && i < o->texts_count; i++)
		o->texts[i]->gone = o->texts[i]->gone || o->texts[i]->of == c;
	same(o, c->id, "its key", ask_2(o, "HGET", key_of("c", c->id), "key"), NONE);
	check_place(o, c->id, v);
	check_ledger(o, c, v);
	c->erased = true;
	c->state = CLOSED;
	c->messages = (size_t)v->seq;
}

void oracle_look(struct oracle *o, struct conversation *c)
{
	struct view v;
	bool fresh = c->state != 0;
	if (!read_view(o, c->id, &v)) {
		same(o, c->id, "in the keyspace", 0, fresh);
		return;
	}
	if (v.erased_at != NONE) {
		look_at_erased(o, c, &v);
		return;
	}
	if (c->state == CLOSED && v.state == CLOSED && c->messages == (size_t)v.seq)
		return;
	check_place(o, c->id, &v);
	if (fresh)
		check_change(o, c, &v);
	check_messages(o, c, &v, fresh);
	check_ledger(o, c, &v);
	check_second(o, c, &v);
	follow_due(o, c, &v);
	c->state = (int)v.state;
	c->level = (int)v.level;
	c->declined_at = v.declined_at;
	c->alone = c->alone && v.state >= WRAP_UP;
	c->silent = strstr(v.attention, "texter_silent") != NULL;
	c->epoch = (uint64_t)v.epoch;
	memcpy(c->holder, v.holder, sizeof c->holder);
}

// ---- what changed

#define CHANGED_MAX 64

static struct {
	char conversations[CHANGED_MAX][64];
	char messages[CHANGED_MAX][64];
	size_t conversations_count, messages_count;
} changed;

static void note(char list[][64], size_t *count, struct bytes id)
{
	for (size_t i = 0; i < *count; i++)
		if (bytes_is(id, list[i]))
			return;
	if (*count < CHANGED_MAX)
		bytes_copy(id, list[(*count)++], 64);
}

void oracle_wrote(struct oracle *o, struct bytes key)
{
	static const char c[] = "{" POOL "}:c:", m[] = "{" POOL "}:m:";
	(void)o;
	if (key.len > sizeof c && memcmp(key.data, c, sizeof c - 1) == 0)
		note(changed.conversations, &changed.conversations_count,
		        bytes_of(key.data + sizeof c - 1, key.len - sizeof c + 1));
	else if (key.len > sizeof m && memcmp(key.data, m, sizeof m - 1) == 0)
		note(changed.messages, &changed.messages_count,
		        bytes_of(key.data + sizeof m - 1, key.len - sizeof m + 1));
}

// What is known of a reply only becomes more: sent, then delivered or failed.
static void look_at_delivery(struct oracle *o, const char *message)
{
	static const int ranks[] = {[DELIVERY_QUEUED] = 1,
	        [DELIVERY_HELD] = 1,
	        [DELIVERY_UNKNOWN] = 2,
	        [DELIVERY_SENT] = 3,
	        [DELIVERY_FAILED] = 4,
	        [DELIVERY_DELIVERED] = 5};
	struct message_seen *m = strmap_get(o->messages, message);
	int is = oracle_delivery(o, message);
	oracle_delivery_shown(o, message, is);
	if (m && is && m->delivery > DELIVERY_QUEUED && ranks[is] > 2 &&
	        ranks[is] < ranks[m->delivery])
		oracle_violation(o, "%s was %s and is %s", message,
		        delivery_name((enum delivery)m->delivery),
		        delivery_name((enum delivery)is));
	if (m)
		m->delivery = is;
}

void oracle_written(struct oracle *o)
{
	for (size_t i = 0; i < changed.conversations_count; i++)
		oracle_look(o, oracle_conversation(o, changed.conversations[i]));
	for (size_t i = 0; i < changed.messages_count; i++)
		look_at_delivery(o, changed.messages[i]);
	changed.conversations_count = changed.messages_count = 0;
}
