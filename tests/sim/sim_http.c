// SPDX-License-Identifier: Apache-2.0
// include/net/http_client.h with model providers behind it: they take a text, refuse it, are slow,
// away, or take it and cannot say so; and they report on it later, out of order and twice.
#include "net/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "world.h"

struct http_client {
	struct loop *loop;
	size_t open;
};

enum fate { TAKES, REFUSES, FORBIDS, UNREACHABLE, TAKES_SILENTLY, LOSES, SLOW };

struct call {
	struct world *world;
	struct http_client *client; // of a loop that may be dead: only its own events use it
	struct loop *loop;
	http_done_fn done;
	void *arg;
	uint64_t tag;
	enum fate fate;
	size_t gateway;
	char message[ID_TEXT];
	char to[24];
	struct buf text;
};

// What a provider knows of one text of ours.
struct taken {
	char message[ID_TEXT];
	size_t gateway;
};

// What became of each text, by our id. One table for the run: a provider outlives our nodes.
struct phones {
	struct strmap *taken;
};

static struct phones *phones(struct world *w)
{
	if (!w->phones) {
		w->phones = xcalloc(1, sizeof *w->phones);
		w->phones->taken = strmap_new();
	}
	return w->phones;
}

// ---- reports

struct report {
	struct world *world;
	size_t gateway;
	char message[ID_TEXT];
	enum delivery delivery;
	unsigned posts; // so far
};

static void on_report_due(void *arg);

static void report_later(struct world *w, const struct taken *t, enum delivery d, int64_t after_ms)
{
	struct report *r = xcalloc(1, sizeof *r);
	*r = (struct report){.world = w, .gateway = t->gateway, .delivery = d};
	memcpy(r->message, t->message, sizeof r->message);
	sim_after(w->sim, after_ms, on_report_due, r);
}

static void on_report_answered(uint64_t tag, enum err e, void *arg)
{
	(void)tag;
	(void)e;
	(void)arg;
}

// Providers repeat reports a few times at best: none of our promises may rest on one.
static void on_report_due(void *arg)
{
	struct report *r = arg;
	struct node *n = node_any(r->world);
	if (n) {
		struct gateway_receipt receipt = {.delivery = r->delivery};
		buf_append_str(&receipt.message, r->message);
		buf_append_str(&receipt.provider_id, r->message);
		intake_receipt(node_flow(n), &r->world->gateways[r->gateway], &receipt, 0,
		        on_report_answered, NULL);
		gateway_receipt_free(&receipt);
	}
	bool again = !n || sim_chance(r->world->sim, 100);
	if (again && ++r->posts < 5)
		sim_after(r->world->sim, sim_between(r->world->sim, 100, 5000), on_report_due, r);
	else
		free(r);
}

static void reports(struct world *w, const struct taken *t)
{
	struct sim *s = w->sim;
	int64_t soon = sim_between(s, 0, 3000);
	if (sim_chance(s, 500))
		report_later(w, t, DELIVERY_SENT, soon + (sim_chance(s, 100) ? 4000 : 0));
	if (sim_chance(s, 700))
		report_later(w, t, sim_chance(s, 950) ? DELIVERY_DELIVERED : DELIVERY_FAILED,
		        soon + sim_between(s, 1, 3000));
}

// ---- taking

static void take(struct call *c)
{
	struct world *w = c->world;
	struct taken *before = strmap_get(phones(w)->taken, c->message);
	bool once = w->gateways[c->gateway].provider->idempotent;
	sim_trace(w->sim, "provider %s takes %s%s", w->gateways[c->gateway].name, c->message,
	        before ? " again" : "");
	if (before && once)
		return;
	oracle_taken(w->oracle, c->message, c->to, before != NULL);
	if (!before) {
		before = xcalloc(1, sizeof *before);
		memcpy(before->message, c->message, sizeof before->message);
		before->gateway = c->gateway;
		strmap_put(phones(w)->taken, c->message, before);
	}
	reports(w, before);
	phone_rings(w, c->to, buf_bytes(&c->text));
}

static enum fate choose_fate(struct world *w, size_t gateway)
{
	const struct trouble *t = &w->trouble;
	const struct {
		enum fate fate;
		unsigned per_mille;
	} fates[] = {{REFUSES, t->send_refused}, {FORBIDS, t->send_forbidden},
	        {UNREACHABLE, t->send_not_taken}, {TAKES_SILENTLY, t->send_answer_lost},
	        {LOSES, t->send_lost}, {SLOW, t->send_slow}};
	if (w->gateway_down[gateway])
		return UNREACHABLE;
	for (size_t i = 0; i < sizeof fates / sizeof fates[0]; i++)
		if (sim_chance(w->sim, fates[i].per_mille))
			return fates[i].fate;
	return TAKES;
}

// ---- the client's side

static void call_free(struct call *c)
{
	buf_free(&c->text);
	free(c);
}

static void answer(void *arg)
{
	struct call *c = arg;
	char body[ID_TEXT];
	struct http_result r = {.outcome = HTTP_ANSWERED, .error = ""};
	snprintf(body, sizeof body, "%s", c->message);
	switch (c->fate) {
	case TAKES:
		r.status = 200;
		r.body = bytes_str(body);
		break;
	case REFUSES:
		r.status = 503;
		break;
	case FORBIDS:
		r.status = 400;
		break;
	case UNREACHABLE:
		r.outcome = HTTP_NOT_SENT;
		r.error = "connection refused";
		break;
	default:
		r.outcome = HTTP_AMBIGUOUS;
		r.error = "no answer";
	}
	c->client->open--;
	sim_trace(c->world->sim, "%s send %s outcome %d status %d", sim_loop_name(c->loop),
	        c->message, (int)r.outcome, r.status);
	c->done(c->tag, &r, c->arg);
	call_free(c);
}

// At the provider's. It takes a text even when who sent it has died meanwhile.
static void arrive(void *arg)
{
	struct call *c = arg;
	if (c->fate == TAKES || c->fate == TAKES_SILENTLY || c->fate == SLOW)
		take(c);
	struct node *sender = node_of_loop(c->world, c->loop);
	if (sender && sim_chance(c->world->sim, c->world->trouble.fatal_sends))
		fault_strikes(c->world, sender);
	call_free(c);
}

void http_client_call(struct http_client *h, const struct http_call *call, uint64_t tag,
        http_done_fn done, void *arg)
{
	if (sim_loop_dead(h->loop))
		return;
	struct world *w = world_of(h->loop);
	struct sim *s = w->sim;
	struct call *c = xcalloc(1, sizeof *c), *there = xcalloc(1, sizeof *there);
	char *body = bytes_dup(call->body), *rest = body;
	*c = (struct call){.world = w, .client = h, .loop = h->loop, .done = done, .arg = arg};
	c->tag = tag;
	c->gateway = call->url[strlen(call->url) - 1] == '1';
	snprintf(c->message, sizeof c->message, "%s", strsep(&rest, "\n"));
	snprintf(c->to, sizeof c->to, "%s", strsep(&rest, "\n"));
	c->fate = choose_fate(w, c->gateway);
	*there = *c;
	buf_append_str(&there->text, rest);
	free(body);
	h->open++;
	int64_t way = sim_between(s, 5, 300);
	bool silent = c->fate == TAKES_SILENTLY || c->fate == LOSES || c->fate == SLOW;
	int64_t slow = c->fate == SLOW ? sim_between(s, 1000, 20000) : 0;
	sim_after(s, way + slow, arrive, there);
	loop_timer(h->loop, silent ? call->timeout_ms : 2 * way, answer, c);
}

struct http_client *http_client_new(struct loop *l)
{
	struct http_client *h = xcalloc(1, sizeof *h);
	h->loop = l;
	return h;
}

void http_client_free(struct http_client *h)
{
	free(h);
}

size_t http_client_open(const struct http_client *h)
{
	return h->open;
}

static void free_taken(const char *message, void *value, void *arg)
{
	(void)message;
	(void)arg;
	free(value);
}

void providers_free(struct world *w)
{
	struct phones *p = phones(w);
	strmap_each(p->taken, free_taken, NULL);
	strmap_free(p->taken);
	free(p);
}
