// SPDX-License-Identifier: Apache-2.0
// People with phones, and the providers that post what they write until a node says 2xx, and
// sometimes after. The words are invented.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "world.h"

#define POST_TIMEOUT_MS 10000
#define PATIENCE        200 // texts of one person at once under way, at most
#define DELETION_CHANCE 10  // of a thousand texts

struct text {
	uint64_t number;
	size_t texter; // or TEXTERS_MAX + person on call
	size_t gateway;
	char words[80];
	bool taken; // its provider knows that it was
};

// One request of a provider's.
struct post {
	struct world *world;
	struct text *text;
	struct node *node;
	uint64_t tag;
	uint64_t timeout;
	bool over; // its provider waits no more
};

struct texters {
	size_t count;
	struct text **texts; // by number - 1
	size_t sent, cap;
	size_t waiting;
	struct idmap *posts;
	uint64_t next_tag;
};

// From all levels; several people say the very same.
static const char *const phrases[] = {
        "hello",
        "hello",
        "are you there?",
        "it was a long day",
        "I feel so alone tonight",
        "I can't stop crying",
        "I want to die",
        "I took all the pills",
        "I am going to kill myself tonight",
        "my dad hits me",
        "I had an argument at work",
        "ok thank you",
};

const char *texter_number(size_t texter)
{
	static char number[16];
	snprintf(number, sizeof number, "+15005551%03zu", texter % 1000);
	return number;
}

const char *on_call_number(size_t person)
{
	static char number[16];
	snprintf(number, sizeof number, "+15005559%03zu", person % 1000);
	return number;
}

static const char *line_of(size_t gateway)
{
	return gateway ? "741742" : "741741";
}

static void post_text(struct world *w, struct text *t, int64_t after_ms);

// ---- one post

static void post_over(struct post *p)
{
	sim_cancel(p->world->sim, p->timeout);
	p->over = true;
}

static void try_again(struct post *p)
{
	if (p->over)
		return;
	post_over(p);
	if (!p->text->taken)
		post_text(p->world, p->text, sim_between(p->world->sim, 300, 4000));
}

static void on_timeout(void *arg)
{
	try_again(arg);
}

static void on_2xx(struct post *p)
{
	struct world *w = p->world;
	if (!p->over && sim_chance(w->sim, w->trouble.post_answer_lost))
		return; // the time-out comes
	if (!p->text->taken) {
		p->text->taken = true;
		w->texters->waiting--;
	}
	post_over(p);
	if (sim_chance(w->sim, w->trouble.post_twice))
		post_text(w, p->text, sim_between(w->sim, 0, 60000));
}

static void on_done(uint64_t tag, enum err e, void *arg)
{
	struct world *w = arg;
	struct post *p = idmap_remove(w->texters->posts, tag);
	if (!p)
		return;
	const struct loop *l = node_loop(p->node);
	bool dead = !l || sim_loop_dead(l);
	if (!dead) {
		sim_trace(w->sim, "%s text %llu answered %s", node_name(p->node),
		        (unsigned long long)p->text->number, err_code(e));
		if (e == ERR_NONE)
			oracle_acknowledged(w->oracle, p->text->number, node_index(p->node));
		else if (e != ERR_UNAVAILABLE)
			oracle_violation(w->oracle, "text %llu was refused: %s",
			        (unsigned long long)p->text->number, err_code(e));
		if (e == ERR_NONE)
			on_2xx(p);
		else
			try_again(p);
	}
	if (p->over)
		free(p);
	else
		idmap_put(w->texters->posts, tag, p); // until it is over
}

static const char *sender(const struct text *t)
{
	return t->texter < TEXTERS_MAX ? texter_number(t->texter)
	                               : on_call_number(t->texter - TEXTERS_MAX);
}

static void on_arrival(void *arg)
{
	struct post *p = arg;
	struct world *w = p->world;
	const struct text *t = p->text;
	struct gateway_inbound in = {.provider_ms = (int64_t)t->number};
	buf_printf(&in.provider_id, "sms-%llu", (unsigned long long)t->number);
	buf_append_str(&in.from, sender(t));
	buf_append_str(&in.to, line_of(t->gateway));
	buf_append_str(&in.text, t->words);
	intake_text(node_flow(p->node), &w->gateways[t->gateway], &in, p->tag, on_done, w);
	gateway_inbound_free(&in);
}

static void on_leave(void *arg)
{
	struct post *p = arg;
	struct world *w = p->world;
	size_t i = sim_below(w->sim, w->nodes_count);
	p->node = w->nodes[i];
	if (node_alive(p->node))
		loop_timer(node_loop(p->node), sim_between(w->sim, 1, 30), on_arrival, p);
	else
		try_again(p);
}

// What went to a node that died is kept until the end: its answer could have been under way.
static void post_text(struct world *w, struct text *t, int64_t after_ms)
{
	struct post *p = xcalloc(1, sizeof *p);
	*p = (struct post){.world = w, .text = t, .tag = ++w->texters->next_tag};
	idmap_put(w->texters->posts, p->tag, p);
	sim_after(w->sim, after_ms, on_leave, p);
	p->timeout = sim_after(w->sim, after_ms + POST_TIMEOUT_MS, on_timeout, p);
}

// ---- writing

static void write_text(struct world *w, size_t texter, size_t gateway, const char *words)
{
	struct texters *all = w->texters;
	if (all->sent == all->cap) {
		all->cap = all->cap ? all->cap * 2 : 1024;
		all->texts = xrealloc(all->texts, all->cap * sizeof(struct text *));
	}
	struct text *t = xcalloc(1, sizeof *t);
	*t = (struct text){.number = all->sent + 1, .texter = texter, .gateway = gateway};
	snprintf(t->words, sizeof t->words, "%s", words);
	all->texts[all->sent++] = t;
	all->waiting++;
	oracle_text(w->oracle, t->number, texter, gateway, t->words);
	sim_trace(w->sim, "text %llu by %zu", (unsigned long long)t->number, texter);
	post_text(w, t, sim_between(w->sim, 0, 20));
	if (sim_chance(w->sim, w->trouble.post_twice)) // two of its machines at once
		post_text(w, t, sim_between(w->sim, 0, 20));
}

struct person {
	struct world *world;
	size_t texter;
};

static void on_mood(void *arg)
{
	struct person *p = arg;
	struct world *w = p->world;
	struct sim *s = w->sim;
	if (w->ending) {
		free(p);
		return;
	}
	char words[80];
	const char *phrase = phrases[sim_below(s, sizeof phrases / sizeof phrases[0])];
	snprintf(words, sizeof words, sim_chance(s, 500) ? "%s" : "%s (%llu)", phrase,
	        (unsigned long long)w->texters->sent);
	if (sim_chance(s, DELETION_CHANCE))
		snprintf(words, sizeof words, "delete my data");
	if (w->texters->waiting < PATIENCE)
		write_text(w, p->texter, p->texter % GATEWAYS, words);
	// Several texts in a row, or a pause.
	sim_after(s, sim_chance(s, 300) ? sim_between(s, 0, 1500) : sim_between(s, 1000, 25000),
	        on_mood, p);
}

void texters_make(struct world *w, size_t count)
{
	w->texters = xcalloc(1, sizeof *w->texters);
	w->texters->count = count;
	w->texters->posts = idmap_new();
	for (size_t i = 0; i < count; i++) {
		struct person *p = xcalloc(1, sizeof *p);
		*p = (struct person){w, i};
		sim_after(w->sim, sim_between(w->sim, 1000, 40000), on_mood, p);
	}
}

static void free_post(uint64_t tag, void *value, void *arg)
{
	(void)tag;
	(void)arg;
	free(value);
}

void texters_free(struct world *w)
{
	struct texters *all = w->texters;
	idmap_each(all->posts, free_post, NULL);
	idmap_free(all->posts);
	for (size_t i = 0; i < all->sent; i++)
		free(all->texts[i]);
	free(all->texts);
	free(all);
}

size_t texters_waiting(const struct world *w)
{
	return w->texters->waiting;
}

uint64_t texts_sent(const struct world *w)
{
	return w->texters->sent;
}

// ---- on call

struct answering {
	struct world *world;
	size_t person;
	unsigned long long page; // 0: a bare "ok"
};

static void on_answering(void *arg)
{
	struct answering *a = arg;
	char words[32];
	snprintf(words, sizeof words, a->page ? "ACK %llu" : "ok", a->page);
	write_text(a->world, TEXTERS_MAX + a->person, 0, words);
	free(a);
}

static void on_call_page(struct world *w, size_t person, const char *text)
{
	const char *number = strstr(text, "Reply ACK ");
	if (!number || !(w->ending || sim_chance(w->sim, 600)))
		return;
	struct answering *a = xcalloc(1, sizeof *a);
	*a = (struct answering){w, person, strtoull(number + 10, NULL, 10)};
	if (sim_chance(w->sim, 200))
		a->page = 0;
	sim_after(w->sim, sim_between(w->sim, 1000, 20000), on_answering, a);
}

void phone_rings(struct world *w, const char *to, struct bytes text)
{
	for (size_t i = 0; i < ON_CALL; i++)
		if (strcmp(to, on_call_number(i)) == 0) {
			char *words = bytes_dup(text);
			on_call_page(w, i, words);
			free(words);
		}
}
