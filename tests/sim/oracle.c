// SPDX-License-Identifier: Apache-2.0
// What the world saw, held against the promises. Redis' side of it is in oracle_store.c.
#include "oracle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/deletion.h"
#include "oracle_book.h"
#include "world.h"

#define LATE_MS      1100  // 1 s, and the time that events take
#define APART_MS     5000  // nodes whose clocks are further apart must see that themselves
#define ABANDONED_MS 35000 // a node is dead after 15 s, its people come back after a grace of 8
#define OFF_MS       12000 // late; too early is only a nuisance
#define LOOK_MS      100
#define ALL_STEPS    1000

struct oracle *oracle_new(struct world *w)
{
	struct oracle *o = xcalloc(1, sizeof *o);
	o->world = w;
	o->conversations = strmap_new();
	o->messages = strmap_new();
	o->whose = strmap_new();
	o->held = strmap_new();
	o->queued = strmap_new();
	o->taken = strmap_new();
	o->clients = strmap_new();
	return o;
}

static void free_value(const char *key, void *value, void *arg)
{
	(void)key;
	(void)arg;
	free(value);
}

static void free_conversation(const char *key, void *value, void *arg)
{
	struct conversation *c = value;
	(void)key;
	(void)arg;
	free(c->asks);
	free(c);
}

void oracle_free(struct oracle *o)
{
	strmap_each(o->conversations, free_conversation, NULL);
	strmap_each(o->messages, free_value, NULL);
	strmap_each(o->held, free_value, NULL);
	strmap_free(o->conversations);
	strmap_free(o->messages);
	strmap_free(o->whose);
	strmap_free(o->held);
	strmap_free(o->queued);
	strmap_free(o->taken);
	strmap_free(o->clients);
	for (size_t i = 0; i < o->texts_count; i++)
		free(o->texts[i]);
	free(o->texts);
	model_reply_free(&o->reply);
	free(o);
}

// ---- texts

void oracle_text(
        struct oracle *o, uint64_t number, size_t texter, size_t gateway, const char *words)
{
	struct text_seen *t = xcalloc(1, sizeof *t);
	*t = (struct text_seen){.number = number, .texter = texter, .gateway = gateway};
	snprintf(t->words, sizeof t->words, "%s", words);
	t->wish = texter < TEXTERS_MAX && deletion_default(bytes_str(words));
	if (t->wish)
		o->wished[texter] = true;
	o->texts = xrealloc(o->texts, (o->texts_count + 1) * sizeof(struct text_seen *));
	o->texts[o->texts_count++] = t;
}

struct text_seen *oracle_text_of(struct oracle *o, uint64_t number)
{
	return number > 0 && number <= o->texts_count ? o->texts[number - 1] : NULL;
}

// Promises 1 and 2. What is in no keyspace must be in the spool of a node that said 2xx.
static void check_kept(struct oracle *o, const struct text_seen *t)
{
	// A word that asks for deletion is in no conversation when none is open.
	if (t->stored || t->gone || t->wish || !t->by || t->texter >= TEXTERS_MAX)
		return;
	for (size_t i = 0; i < o->world->nodes_count; i++) {
		const struct node *n = o->world->nodes[i];
		if (t->by & 1u << i && (!node_spool_empty(n) || node_spool_told(n)))
			return;
	}
	oracle_violation(
	        o, "text %llu was acknowledged and is nowhere", (unsigned long long)t->number);
}

struct heard {
	size_t texter;
};

static void must_erase(const char *key, void *value, void *arg)
{
	const struct heard *h = arg;
	struct conversation *c = value;
	(void)key;
	if (c->state == CLOSED && c->messages > 0 && c->texter == h->texter)
		c->must_erase = true;
}

void oracle_acknowledged(struct oracle *o, uint64_t number, size_t node)
{
	struct text_seen *t = oracle_text_of(o, number);
	o->acknowledged += t->by == 0;
	t->by |= 1u << node;
	// What is in a spool is heard only when it comes from there.
	if (t->wish && !t->stored && node_spool_empty(o->world->nodes[node])) {
		struct heard h = {t->texter};
		strmap_each(o->conversations, must_erase, &h);
	}
	check_kept(o, t);
}

// ---- claims

struct conversation *oracle_conversation(struct oracle *o, const char *id)
{
	struct conversation *c = strmap_get(o->conversations, id);
	if (!c) {
		c = xcalloc(1, sizeof *c);
		snprintf(c->id, sizeof c->id, "%s", id);
		strmap_put(o->conversations, id, c);
	}
	return c;
}

void oracle_asked(struct oracle *o, enum ask_kind kind, const char *name, const char *conversation,
        uint64_t epoch, const char *client)
{
	struct conversation *c = oracle_conversation(o, conversation);
	struct ask a = {.kind = kind, .epoch = epoch};
	snprintf(a.name, sizeof a.name, "%s", name);
	snprintf(a.client, sizeof a.client, "%s", client);
	for (size_t i = 0; i < c->asks_count; i++)
		if (memcmp(&c->asks[i], &a, sizeof a) == 0)
			return;
	c->asks = xrealloc(c->asks, (c->asks_count + 1) * sizeof a);
	c->asks[c->asks_count++] = a;
}

bool oracle_was_asked(const struct conversation *c, enum ask_kind kind, const char *name,
        uint64_t epoch, const char *client)
{
	for (size_t i = 0; i < c->asks_count; i++) {
		const struct ask *a = &c->asks[i];
		if (a->kind == kind && a->epoch == epoch && strcmp(a->name, name) == 0 &&
		        strcmp(a->client, client) == 0)
			return true;
	}
	return false;
}

// Promise 4: nobody is ever told that they hold what somebody else was told to hold in that epoch.
void oracle_told_held(struct oracle *o, const char *name, const char *conversation, uint64_t epoch)
{
	char key[ID_TEXT + 24];
	snprintf(key, sizeof key, "%s %llu", conversation, (unsigned long long)epoch);
	const char *other = strmap_get(o->held, key);
	if (other && strcmp(other, name) != 0)
		oracle_violation(o, "%s and %s both hold %s", other, name, key);
	if (!other)
		strmap_put(o->held, key, xstrdup(name));
}

// ---- what consoles show

void oracle_shown(struct oracle *o, const char *conversation, const char *message,
        uint64_t sequence, uint64_t text, const char *words)
{
	const struct text_seen *t = oracle_text_of(o, text);
	struct message_seen *m = strmap_get(o->messages, message);
	if (text && (!t || strcmp(t->words, words) != 0))
		oracle_violation(
		        o, "text %llu is shown with other words", (unsigned long long)text);
	if (m && (m->sequence != sequence || strcmp(m->conversation, conversation) != 0))
		oracle_violation(o, "%s has the numbers %llu and %llu", message,
		        (unsigned long long)m->sequence, (unsigned long long)sequence);
	o->shown += t != NULL;
}

// Promise 7.
void oracle_queued(struct oracle *o, const char *conversation, const char *message)
{
	const struct message_seen *m = strmap_get(o->messages, message);
	if (!m || strcmp(m->conversation, conversation) != 0)
		oracle_violation(o, "reply %s was called queued and is not stored", message);
	strmap_put(o->queued, message, o);
}

void oracle_delivery_shown(struct oracle *o, const char *message, int delivery)
{
	bool sent = delivery == DELIVERY_SENT || delivery == DELIVERY_DELIVERED;
	if (sent && !strmap_get(o->taken, message))
		oracle_violation(o, "%s is called %s, and no provider took it", message,
		        delivery_name((enum delivery)delivery));
}

void oracle_taken(struct oracle *o, const char *message, const char *to, bool again)
{
	const struct message_seen *m = strmap_get(o->messages, message);
	strmap_put(o->taken, message, o);
	if (!m)
		return; // a page, or an answer to a person on call
	const struct conversation *c = oracle_conversation(o, m->conversation);
	if (again)
		oracle_violation(o, "reply %s was sent twice", message);
	if (c->texter < TEXTERS_MAX && strcmp(to, texter_number(c->texter)) != 0)
		oracle_violation(o, "reply %s went to another number", message);
}

// ---- looks

static void check_late(const char *key, void *value, void *arg)
{
	struct oracle *o = arg;
	const struct conversation *c = value;
	int64_t now = sim_now(o->world->sim);
	(void)key;
	if (!c->due)
		return;
	for (size_t i = 0; i < o->world->nodes_count; i++) {
		int64_t well = node_well_since(o->world->nodes[i]);
		int64_t since = well > c->due ? well : c->due;
		if (well >= 0 && now - since > LATE_MS + o->apart)
			oracle_violation(o,
			        "%s passed its answer_by %lld ms ago and has no escalation; %s has "
			        "been well for %lld ms",
			        c->id, (long long)(now - c->due), node_name(o->world->nodes[i]),
			        (long long)(now - well));
	}
}

// How far the nodes' clocks are apart, now or in the last minutes: an answer_by was made by one of
// them and is read by another.
static void follow_clocks(struct oracle *o)
{
	int64_t least = INT64_MAX, most = INT64_MIN;
	for (size_t i = 0; i < o->world->nodes_count; i++) {
		const struct loop *l = node_loop(o->world->nodes[i]);
		int64_t wall = l ? loop_wall_ms(l) : 0;
		int64_t well = node_well_since(o->world->nodes[i]);
		int64_t off = l ? wall - sim_true_wall(o->world->sim) : 0;
		if (well >= 0 && node_born_right(o->world->nodes[i]) && off < -OFF_MS)
			oracle_violation(o, "%s goes by a time that is %lld ms off",
			        node_name(o->world->nodes[i]), (long long)off);
		least = l && wall < least ? wall : least;
		most = l && wall > most ? wall : most;
	}
	int64_t apart = most > least ? most - least : 0;
	apart = apart < APART_MS ? apart : APART_MS;
	o->apart = apart > o->apart ? apart : o->apart > 0 ? o->apart - 1 : 0;
}

// A vanished console's people are offered to others within 20 s and the grace.
static void check_abandoned(const char *key, void *value, void *arg)
{
	struct oracle *o = arg;
	const struct conversation *c = value;
	int64_t now = sim_now(o->world->sim);
	(void)key;
	if (c->state != OFFERED && c->state != HELD)
		return;
	int64_t gone = counselor_gone_since(o->world, c->holder);
	for (size_t i = 0; gone >= 0 && i < o->world->nodes_count; i++) {
		int64_t well = node_well_since(o->world->nodes[i]);
		int64_t since = well > gone ? well : gone;
		if (well >= 0 && now - since > ABANDONED_MS)
			oracle_violation(o, "%s is still %s's, who is gone for %lld ms", c->id,
			        c->holder, (long long)(now - gone));
	}
}

uint64_t oracle_messages(struct oracle *o, const char *conversation)
{
	return oracle_conversation(o, conversation)->messages;
}

void oracle_step(struct oracle *o)
{
	int64_t now = sim_now(o->world->sim);
	if (now >= o->next_look) {
		follow_clocks(o);
		strmap_each(o->conversations, check_late, o);
		strmap_each(o->conversations, check_abandoned, o);
		o->next_look = now + LOOK_MS;
	}
	if (sim_steps(o->world->sim) % ALL_STEPS == 0)
		oracle_all(o);
}

static void check_queued(const char *message, void *value, void *arg)
{
	struct oracle *o = arg;
	(void)value;
	const struct conversation *c = strmap_get(o->whose, message);
	if (!strmap_get(o->messages, message) && !(c && c->erased))
		oracle_violation(o, "reply %s was called queued and is gone", message);
}

static void look_at(const char *key, void *value, void *arg)
{
	(void)key;
	oracle_look(arg, value);
}

void oracle_all(struct oracle *o)
{
	strmap_each(o->conversations, look_at, o);
	for (size_t i = 0; i < o->texts_count; i++)
		check_kept(o, o->texts[i]);
	strmap_each(o->queued, check_queued, o);
}

static void forget_conversation(const char *key, void *value, void *arg)
{
	struct conversation *c = value;
	(void)key;
	(void)arg;
	c->state = 0;
	c->messages = 0;
	c->erased = false;
	c->custody = (struct custody){0};
	c->due = 0;
}

// What is told stays told; what was seen in the keyspace is seen anew.
void oracle_failover(struct oracle *o)
{
	for (size_t i = 0; i < o->texts_count; i++)
		o->texts[i]->stored = false;
	strmap_each(o->messages, free_value, NULL);
	strmap_free(o->messages);
	o->messages = strmap_new();
	strmap_free(o->clients);
	o->clients = strmap_new();
	strmap_each(o->conversations, forget_conversation, NULL);
	oracle_all(o);
}

struct search {
	struct oracle *oracle;
	const char *found;
};

static void check_over(const char *key, void *value, void *arg)
{
	struct search *s = arg;
	const struct conversation *c = value;
	(void)key;
	if (c->state && c->state != CLOSED)
		s->found = "a conversation is open";
	else if (c->must_erase && !oracle_erased(s->oracle, c))
		s->found = "a conversation is to be deleted";
}

static void check_settled(const char *key, void *value, void *arg)
{
	struct search *s = arg;
	const struct message_seen *m = value;
	if (m->reply && oracle_delivery(s->oracle, key) == DELIVERY_QUEUED)
		s->found = "a reply is queued";
}

static bool is_kept(const struct text_seen *t)
{
	return t->texter >= TEXTERS_MAX || t->stored || t->gone || t->wish;
}

const char *oracle_drained(struct oracle *o)
{
	struct search s = {.oracle = o};
	if (oracle_wishes(o))
		return "a wish for deletion is not fulfilled";
	if (texters_waiting(o->world))
		return "a text was not taken";
	for (size_t i = 0; i < o->texts_count; i++)
		if (!is_kept(o->texts[i]))
			return "a text is in no conversation";
	for (size_t i = 0; i < o->world->nodes_count; i++)
		if (!node_spool_empty(o->world->nodes[i]))
			return "a spool is not empty";
	strmap_each(o->conversations, check_over, &s);
	strmap_each(o->messages, check_settled, &s);
	if (!s.found && oracle_count(o, "pages") > 0)
		s.found = "an escalation is open";
	return s.found;
}

void oracle_print_counts(const struct oracle *o)
{
	printf("texts %zu, acknowledged %llu, shown %llu, conversations %zu, messages %zu, "
	       "replies queued %zu, taken by providers %zu, held %zu times\n",
	        o->texts_count, (unsigned long long)o->acknowledged, (unsigned long long)o->shown,
	        strmap_count(o->conversations), strmap_count(o->messages), strmap_count(o->queued),
	        strmap_count(o->taken), strmap_count(o->held));
}

void oracle_violation(struct oracle *o, const char *format, ...)
{
	va_list args;
	fflush(stderr);
	sim_print_latest(o->world->sim);
	printf("VIOLATION seed=%llu step=%llu: ", (unsigned long long)o->world->seed,
	        (unsigned long long)sim_steps(o->world->sim));
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	machines_remove_files(o->world);
	_Exit(1);
}
