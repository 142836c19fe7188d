// SPDX-License-Identifier: Apache-2.0
// Counselors with consoles: they sign in, accept, decline, ignore, reply, close, lose their
// connection and come back on another node, repeat what was not answered, and now and then what is
// long over.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "sim_request.h"
#include "world.h"

#define HELD_MAX  8
#define OPEN_MAX  32 // requests without an answer
#define PAST_MAX  16 // requests that may come again
#define EARLY_MAX 32 // texts that came before the conversation that they belong to

#define NUMBERS_MAX 2048  // messages of a conversation
#define UNSEEN_MS   30000 // a console that hears nothing is given up after 20 s
#define LOOK_MS     1500
#define SILENCE_MS  20000 // a connection on which nothing is heard is given up

struct holding {
	char conversation[ID_TEXT]; // "" is free
	uint64_t epoch;
	uint64_t seen; // all up to here
	uint64_t last; // the highest that we have heard of
	uint8_t have[NUMBERS_MAX / 8];
	bool wrap_up;
	unsigned replies; // still to come
	int64_t all_seen; // when we last had everything
};

// News may overtake the answer that they belong to.
struct early {
	char conversation[ID_TEXT];
	uint64_t sequence;
};

struct counselor {
	struct world *world;
	size_t index;
	const char *name;
	struct node *node; // of the connection, NULL without one
	uint64_t session;
	bool signed_in;
	int64_t home_until; // has had enough for a while
	int64_t gone_since; // -1 while there is a console on a node that lives
	int presence;
	int64_t heard, there_at, here_at; // connections keep their order
	struct holding held[HELD_MAX];
	struct request open[OPEN_MAX];
	struct request past[PAST_MAX];
	size_t past_count;
	struct early early[EARLY_MAX];
	size_t early_count;
	uint64_t next_id, next_client;
	struct strmap *pushed; // messages of this session
};

static const char *const names[COUNSELORS_MAX] = {"ada", "ben", "cleo", "dan", "eva", "finn"};

const char *counselor_name(size_t i)
{
	return names[i];
}

static struct sim *chance(const struct counselor *c)
{
	return c->world->sim;
}

// ---- the connection

static void hang_up(struct counselor *c)
{
	if (c->session)
		idmap_remove(c->world->consoles, c->session);
	if (c->gone_since < 0)
		c->gone_since = sim_now(c->world->sim);
	if (!c->world->ending && sim_chance(chance(c), 100))
		c->home_until = sim_now(chance(c)) + sim_between(chance(c), 30000, 120000);
	c->session = 0;
	c->node = NULL;
	c->signed_in = false;
	memset(c->open, 0, sizeof c->open);
	memset(c->held, 0, sizeof c->held);
	c->early_count = 0;
	strmap_free(c->pushed);
	c->pushed = strmap_new();
}

// On its way between console and node. What reaches a node that has died vanishes with its loop.
struct parcel {
	struct world *world;
	struct node *node;
	uint64_t session;
	struct buf bytes;
};

static struct parcel *parcel_new(struct counselor *c)
{
	struct parcel *p = xcalloc(1, sizeof *p);
	*p = (struct parcel){.world = c->world, .node = c->node, .session = c->session};
	return p;
}

static void parcel_free(struct parcel *p)
{
	buf_free(&p->bytes);
	free(p);
}

static int64_t travel(struct sim *s, int64_t *last)
{
	int64_t at = sim_now(s) + sim_between(s, 1, 40);
	*last = at > *last ? at : *last;
	return *last - sim_now(s);
}

static void send_parcel(struct counselor *c, loop_fn fn, struct parcel *p)
{
	int64_t way = travel(chance(c), &c->there_at);
	if (node_alive(c->node))
		loop_timer(node_loop(c->node), way, fn, p);
	else
		parcel_free(p);
}

static void on_request(void *arg)
{
	struct parcel *p = arg;
	request_serve(node_flow(p->node), p->session, buf_bytes(&p->bytes));
	parcel_free(p);
}

// ---- requests

static struct request *open_request(struct counselor *c, uint64_t id)
{
	for (size_t i = 0; i < OPEN_MAX; i++)
		if (c->open[i].id == id)
			return &c->open[i];
	return NULL;
}

static void tell_oracle(const struct counselor *c, const struct request *r)
{
	static const struct {
		int op;
		enum ask_kind kind;
	} kinds[] = {{HOLDFAST__V1__FRAME__BODY_ACCEPT, ASK_ACCEPT},
	        {HOLDFAST__V1__FRAME__BODY_DECLINE, ASK_DECLINE},
	        {HOLDFAST__V1__FRAME__BODY_REPLY, ASK_REPLY},
	        {HOLDFAST__V1__FRAME__BODY_CLOSE, ASK_CLOSE},
	        {HOLDFAST__V1__FRAME__BODY_FINISH_WRAP_UP, ASK_FINISH},
	        {HOLDFAST__V1__FRAME__BODY_TRANSFER, ASK_TRANSFER},
	        {HOLDFAST__V1__FRAME__BODY_ANSWER_CLOSE, ASK_ANSWER}};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (kinds[i].op == r->op)
			oracle_asked(c->world->oracle, kinds[i].kind, c->name, r->conversation,
			        r->epoch, r->client);
}

static void send_request(struct counselor *c, struct request r)
{
	struct request *slot = open_request(c, 0);
	if (!c->node || !slot)
		return;
	r.id = ++c->next_id;
	r.sent = sim_now(chance(c));
	*slot = r;
	tell_oracle(c, &r);
	struct parcel *p = parcel_new(c);
	request_pack(&r, c->name, &p->bytes);
	send_parcel(c, on_request, p);
	if (r.conversation[0]) {
		c->past[c->past_count++ % PAST_MAX] = r;
		sim_trace(chance(c), "%s asks %d %s epoch %llu", c->name, r.op, r.conversation,
		        (unsigned long long)r.epoch);
	}
}

static struct request about(int op, const char *conversation, uint64_t epoch)
{
	struct request r = {.op = op, .epoch = epoch};
	snprintf(r.conversation, sizeof r.conversation, "%s", conversation);
	return r;
}

// Promise 2 ends at the console: what is stored is shown to who holds it.
static void check_seen(struct counselor *c, struct holding *h)
{
	int64_t now = sim_now(chance(c)), well = node_well_since(c->node);
	uint64_t there = oracle_messages(c->world->oracle, h->conversation);
	if (well < 0 || h->last >= there)
		h->all_seen = now;
	int64_t since = well > h->all_seen ? well : h->all_seen;
	if (now - since > UNSEEN_MS)
		oracle_violation(c->world->oracle, "%s has not seen number %llu of %s for %lld ms",
		        c->name, (unsigned long long)there, h->conversation,
		        (long long)(now - h->all_seen));
}

static void set_presence(struct counselor *c, int presence)
{
	send_request(c, (struct request){.op = HOLDFAST__V1__FRAME__BODY_SET_PRESENCE,
	                        .presence = presence});
}

// ---- what is held

static struct holding *holding_of(struct counselor *c, const char *conversation)
{
	for (size_t i = 0; i < HELD_MAX; i++)
		if (strcmp(c->held[i].conversation, conversation) == 0)
			return &c->held[i];
	return NULL;
}

static void have(const struct counselor *c, struct holding *h, uint64_t sequence)
{
	if (sequence >= NUMBERS_MAX)
		oracle_violation(c->world->oracle, "%s has a long talk", c->name);
	h->have[sequence / 8] |= (uint8_t)(1u << sequence % 8);
	h->last = sequence > h->last ? sequence : h->last;
	while (h->have[(h->seen + 1) / 8] & 1u << (h->seen + 1) % 8)
		h->seen++;
}

static void keep_early(struct counselor *c, const Holdfast__V1__Message *m)
{
	struct early *e = &c->early[c->early_count++ % EARLY_MAX];
	snprintf(e->conversation, sizeof e->conversation, "%s", m->conversation);
	e->sequence = m->sequence;
}

static void take_early(struct counselor *c, struct holding *h)
{
	for (size_t i = 0; i < EARLY_MAX && i < c->early_count; i++)
		if (strcmp(c->early[i].conversation, h->conversation) == 0)
			have(c, h, c->early[i].sequence);
}

static void take_message(struct counselor *c, const Holdfast__V1__Message *m, bool pushed)
{
	struct holding *h = holding_of(c, m->conversation);
	sim_trace(chance(c), "%s sees %s number %llu%s", c->name, m->conversation,
	        (unsigned long long)m->sequence, pushed ? " pushed" : "");
	bool in = m->direction == HOLDFAST__V1__DIRECTION__DIRECTION_IN;
	oracle_shown(c->world->oracle, m->conversation, m->id, m->sequence,
	        in ? (uint64_t)m->provider_at_ms : 0, m->text);
	oracle_delivery_shown(c->world->oracle, m->id, (int)m->delivery);
	if (pushed && strmap_get(c->pushed, m->id))
		oracle_violation(c->world->oracle, "%s is pushed %s twice", c->name, m->id);
	if (pushed)
		strmap_put(c->pushed, m->id, c);
	if (h)
		have(c, h, m->sequence);
	else if (pushed)
		keep_early(c, m);
}

static void take_conversation(struct counselor *c, const Holdfast__V1__Conversation *v)
{
	bool held = v->state == HOLDFAST__V1__STATE__STATE_HELD;
	if (strcmp(v->holder, c->name) != 0 ||
	        (!held && v->state != HOLDFAST__V1__STATE__STATE_WRAP_UP))
		return;
	struct holding *h = holding_of(c, v->id);
	h = h ? h : holding_of(c, "");
	if (!h)
		oracle_violation(c->world->oracle, "%s holds more than %d", c->name, HELD_MAX);
	if (held)
		oracle_told_held(c->world->oracle, c->name, v->id, v->epoch);
	if (strcmp(h->conversation, v->id) != 0 || h->epoch != v->epoch)
		*h = (struct holding){.replies = (unsigned)sim_below(chance(c), 4),
		        .all_seen = sim_now(chance(c))};
	snprintf(h->conversation, sizeof h->conversation, "%s", v->id);
	h->epoch = v->epoch;
	h->wrap_up = !held;
	for (size_t i = 0; i < v->n_messages; i++)
		take_message(c, v->messages[i], false);
	h->last = v->sequence > h->last ? v->sequence : h->last;
	take_early(c, h);
}

// ---- offers

// As somebody does whose screen shows what was, two turns ago.
static struct request outdated(const struct counselor *c, struct request r)
{
	if (r.epoch > 2 && sim_chance(chance(c), 2 * c->world->trouble.stale))
		r.epoch -= 2 * (uint64_t)sim_between(chance(c), 1, (int64_t)(r.epoch - 1) / 2);
	return r;
}

struct thought {
	struct counselor *counselor;
	uint64_t session;
	struct request request;
};

static void on_thought(void *arg)
{
	struct thought *t = arg;
	if (t->session == t->counselor->session)
		send_request(t->counselor, t->request);
	free(t);
}

static void take_offer(struct counselor *c, const Holdfast__V1__Offer *o)
{
	uint64_t mood = sim_below(chance(c), 100);
	if (!c->world->ending && mood < 15)
		return; // busy with something else
	int op = c->world->ending || mood < 85 ? HOLDFAST__V1__FRAME__BODY_ACCEPT
	                                       : HOLDFAST__V1__FRAME__BODY_DECLINE;
	struct thought *t = xcalloc(1, sizeof *t);
	*t = (struct thought){c, c->session, outdated(c, about(op, o->conversation, o->epoch))};
	int64_t most = c->world->ending ? 3000 : sim_chance(chance(c), 100) ? 16000 : 6000;
	sim_after(c->world->sim, sim_between(chance(c), 300, most), on_thought, t);
}

// ---- answers and news

static void drop_holding(struct counselor *c, const char *conversation)
{
	struct holding *h = holding_of(c, conversation);
	if (h)
		*h = (struct holding){0};
}

// Any other counselor is the second person; when nobody is there it is asked again.
static void ask_second(struct counselor *c, const struct request *r)
{
	for (size_t i = 0; i < c->world->counselors_count; i++) {
		struct counselor *other = c->world->counselors[i];
		if (other == c || !other->signed_in)
			continue;
		send_request(other,
		        about(HOLDFAST__V1__FRAME__BODY_ANSWER_CLOSE, r->conversation, r->epoch));
		return;
	}
}

static void take_result(struct counselor *c, const struct request *r, const char *code)
{
	bool ok = strcmp(code, "ok") == 0;
	struct holding *h = r->conversation[0] ? holding_of(c, r->conversation) : NULL;
	if (r->op == HOLDFAST__V1__FRAME__BODY_LOG_IN)
		hang_up(c); // signing in did not work: again, later
	else if (r->op == HOLDFAST__V1__FRAME__BODY_SET_PRESENCE && ok)
		c->presence = r->presence;
	else if (r->op == HOLDFAST__V1__FRAME__BODY_CLOSE && ok && h)
		h->wrap_up = true;
	else if (r->op == HOLDFAST__V1__FRAME__BODY_FINISH_WRAP_UP && ok)
		drop_holding(c, r->conversation);
	else if (h && strcmp(code, "approval") == 0)
		ask_second(c, r);
	else if (h && strcmp(code, "unseen") == 0 && h->seen == r->sequence)
		h->last = h->seen + 1;
	else if (h && r->epoch == h->epoch &&
	         (strcmp(code, "stale") == 0 || strcmp(code, "not_found") == 0))
		drop_holding(c, r->conversation);
}

static void take_session(struct counselor *c, const Holdfast__V1__Session *s)
{
	c->signed_in = true;
	c->gone_since = -1;
	c->presence = (int)s->presence;
	for (size_t i = 0; i < s->n_held; i++)
		take_conversation(c, s->held[i]);
	for (size_t i = 0; i < s->n_offers; i++)
		take_offer(c, s->offers[i]);
}

static void take_delivery(struct counselor *c, const Holdfast__V1__DeliveryChange *d)
{
	const struct holding *h = holding_of(c, d->conversation);
	oracle_delivery_shown(c->world->oracle, d->message, (int)d->delivery);
	if (!h || h->wrap_up || d->delivery != HOLDFAST__V1__DELIVERY__DELIVERY_HELD)
		return;
	struct thought *t = xcalloc(1, sizeof *t);
	*t = (struct thought){c, c->session,
	        about(HOLDFAST__V1__FRAME__BODY_SEND_HELD, d->conversation, h->epoch)};
	snprintf(t->request.client, sizeof t->request.client, "%s", d->message);
	sim_after(c->world->sim, sim_between(chance(c), 300, 6000), on_thought, t);
}

static void take_news(struct counselor *c, const Frame *f)
{
	switch (f->body_case) {
	case HOLDFAST__V1__FRAME__BODY_OFFER:
		take_offer(c, f->offer);
		break;
	case HOLDFAST__V1__FRAME__BODY_MESSAGE:
		take_message(c, f->message, true);
		break;
	case HOLDFAST__V1__FRAME__BODY_DELIVERY_CHANGE:
		take_delivery(c, f->delivery_change);
		break;
	case HOLDFAST__V1__FRAME__BODY_RELEASED:
		if (strcmp(f->released->reason, "closed") != 0)
			drop_holding(c, f->released->conversation);
		break;
	case HOLDFAST__V1__FRAME__BODY_PRESENCE_CHANGE:
		c->presence = (int)f->presence_change->presence;
		break;
	default:
		break;
	}
}

static void take_answer(struct counselor *c, const struct request *r, const Frame *f)
{
	switch (f->body_case) {
	case HOLDFAST__V1__FRAME__BODY_RESULT:
		take_result(c, r, f->result->code);
		break;
	case HOLDFAST__V1__FRAME__BODY_SESSION:
		take_session(c, f->session);
		break;
	case HOLDFAST__V1__FRAME__BODY_CONVERSATION:
		take_conversation(c, f->conversation);
		break;
	case HOLDFAST__V1__FRAME__BODY_REPLY_QUEUED:
		oracle_queued(c->world->oracle, r->conversation, f->reply_queued->message->id);
		break;
	default:
		break;
	}
}

static void on_frame(void *arg)
{
	struct parcel *p = arg;
	struct counselor *c = idmap_get(p->world->consoles, p->session);
	Frame *f = c ? holdfast__v1__frame__unpack(NULL, p->bytes.len, p->bytes.data) : NULL;
	if (f) {
		c->heard = sim_now(chance(c));
		struct request *open = f->id ? open_request(c, f->id) : NULL;
		struct request r = open ? *open : (struct request){0};
		sim_trace(chance(c), "%s hears %d of %d%s%s", c->name, (int)f->body_case, r.op,
		        f->body_case == HOLDFAST__V1__FRAME__BODY_RESULT ? " " : "",
		        f->body_case == HOLDFAST__V1__FRAME__BODY_RESULT ? f->result->code : "");
		if (open)
			open->id = 0;
		if (open)
			take_answer(c, &r, f);
		else
			take_news(c, f);
		holdfast__v1__frame__free_unpacked(f, NULL);
	}
	parcel_free(p);
}

void console_take(struct world *w, uint64_t session, const Frame *frame)
{
	struct counselor *c = idmap_get(w->consoles, session);
	if (!c)
		return;
	struct parcel *p = parcel_new(c);
	frame_pack(frame, &p->bytes);
	sim_after(w->sim, travel(w->sim, &c->here_at), on_frame, p);
}

static void on_cut(void *arg)
{
	struct parcel *p = arg;
	struct counselor *c = idmap_get(p->world->consoles, p->session);
	if (c)
		hang_up(c);
	parcel_free(p);
}

void console_cut(struct world *w, uint64_t session)
{
	struct counselor *c = idmap_get(w->consoles, session);
	if (c)
		sim_after(w->sim, travel(w->sim, &c->here_at), on_cut, parcel_new(c));
}

void consoles_lost(struct node *n)
{
	struct world *w = world_of_node(n);
	for (size_t i = 0; i < w->counselors_count; i++)
		if (w->counselors[i]->node == n && w->counselors[i]->gone_since < 0)
			w->counselors[i]->gone_since = sim_now(w->sim);
	for (size_t i = 0; i < w->counselors_count; i++)
		if (w->counselors[i]->node == n && sim_chance(w->sim, 700))
			console_cut(w, w->counselors[i]->session);
}

// ---- what counselors do by themselves

static void on_connected(void *arg)
{
	struct parcel *p = arg;
	desk_open(node_flow(p->node), p->session, "console");
	parcel_free(p);
}

static void on_gone(void *arg)
{
	struct parcel *p = arg;
	desk_closed(node_flow(p->node), p->session);
	parcel_free(p);
}

static void connect_again(struct counselor *c)
{
	struct node *n = c->world->nodes[sim_below(chance(c), c->world->nodes_count)];
	if (!node_alive(n))
		return;
	c->node = n;
	c->session = ++c->world->next_session;
	c->heard = sim_now(chance(c));
	c->presence = HOLDFAST__V1__PRESENCE__PRESENCE_AWAY;
	idmap_put(c->world->consoles, c->session, c);
	send_parcel(c, on_connected, parcel_new(c));
	send_request(c, (struct request){.op = HOLDFAST__V1__FRAME__BODY_LOG_IN});
}

// The node hears of it soon, or only when its pings are not answered.
static void vanish(struct counselor *c)
{
	struct parcel *p = parcel_new(c);
	sim_trace(chance(c), "%s is gone", c->name);
	int64_t noticed = sim_chance(chance(c), 500) ? 20000 : 0;
	if (node_alive(c->node))
		loop_timer(
		        node_loop(c->node), travel(chance(c), &c->there_at) + noticed, on_gone, p);
	else
		parcel_free(p);
	hang_up(c);
}

// To a colleague, to whoever has a skill, or back into the queue.
static void pass_on(struct counselor *c, const struct holding *h)
{
	struct sim *s = chance(c);
	struct request r = about(HOLDFAST__V1__FRAME__BODY_TRANSFER, h->conversation, h->epoch);
	uint64_t where = sim_below(s, 100);
	if (where < 60)
		snprintf(r.to, sizeof r.to, "%s",
		        counselor_name(sim_below(s, c->world->counselors_count)));
	else if (where < 85)
		snprintf(r.to, sizeof r.to, "+%s", COUNSELOR_SKILL);
	send_request(c, outdated(c, r));
}

static void work_on(struct counselor *c, struct holding *h)
{
	struct sim *s = chance(c);
	if (h->last > h->seen) {
		struct request r = about(
		        HOLDFAST__V1__FRAME__BODY_GET_CONVERSATION, h->conversation, h->epoch);
		r.sequence = h->seen;
		send_request(c, r);
	} else if (h->wrap_up) {
		if (c->world->ending || sim_chance(s, 200))
			send_request(c, about(HOLDFAST__V1__FRAME__BODY_FINISH_WRAP_UP,
			                        h->conversation, h->epoch));
	} else if (!c->world->ending && sim_chance(s, 40)) {
		pass_on(c, h);
	} else if (h->replies > 0 && sim_chance(s, 300)) {
		struct request r =
		        about(HOLDFAST__V1__FRAME__BODY_REPLY, h->conversation, h->epoch);
		snprintf(r.client, sizeof r.client, "%s-%llu", c->name,
		        (unsigned long long)++c->next_client);
		h->replies--;
		send_request(c, outdated(c, r));
		if (sim_chance(s, 100)) // a finger that hits twice
			send_request(c, r);
	} else if (h->replies == 0 && (c->world->ending || sim_chance(s, 150))) {
		struct request r =
		        about(HOLDFAST__V1__FRAME__BODY_CLOSE, h->conversation, h->epoch);
		r.sequence = h->seen;
		send_request(c, outdated(c, r));
	}
}

// A claim that is over, of their own or of a colleague's conversation.
static void repeat_something(struct counselor *c)
{
	struct world *w = c->world;
	const struct counselor *other = w->counselors[sim_below(w->sim, w->counselors_count)];
	size_t kept = other->past_count < PAST_MAX ? other->past_count : PAST_MAX;
	if (kept == 0)
		return;
	size_t back = sim_below(w->sim, sim_chance(w->sim, 500) && kept > 3 ? 3 : kept);
	struct request r = other->past[(other->past_count - 1 - back) % PAST_MAX];
	if (r.op != HOLDFAST__V1__FRAME__BODY_REPLY)
		r.client[0] = 0;
	else if (other != c || sim_chance(w->sim, 500))
		snprintf(r.client, sizeof r.client, "%s-%llu", c->name,
		        (unsigned long long)++c->next_client);
	send_request(c, r);
}

static void work(struct counselor *c)
{
	struct world *w = c->world;
	struct sim *s = w->sim;
	int wanted = HOLDFAST__V1__PRESENCE__PRESENCE_AVAILABLE;
	if (c->presence != wanted && (w->ending || sim_chance(s, 400)))
		set_presence(c, wanted);
	else if (!w->ending && sim_chance(s, 10))
		set_presence(c, HOLDFAST__V1__PRESENCE__PRESENCE_AWAY);
	for (size_t i = 0; i < HELD_MAX; i++)
		if (c->held[i].conversation[0]) {
			check_seen(c, &c->held[i]);
			work_on(c, &c->held[i]);
		}
	if (sim_chance(s, w->trouble.stale))
		repeat_something(c);
	if (sim_chance(s, 250))
		send_request(c, (struct request){.op = HOLDFAST__V1__FRAME__BODY_PING});
}

static bool unanswered(const struct counselor *c)
{
	int64_t now = sim_now(chance(c));
	for (size_t i = 0; i < OPEN_MAX; i++)
		if (c->open[i].id && now - c->open[i].sent > SILENCE_MS)
			return true;
	return now - c->heard > SILENCE_MS;
}

static void on_look(void *arg)
{
	struct counselor *c = arg;
	struct sim *s = chance(c);
	bool home = !c->world->ending && sim_now(s) < c->home_until;
	if (!c->node && !home && (c->world->ending || sim_chance(s, 300)))
		connect_again(c);
	else if (c->node && (unanswered(c) || sim_chance(s, c->world->trouble.vanish)))
		vanish(c);
	else if (c->signed_in)
		work(c);
	sim_after(s, sim_between(s, LOOK_MS / 2, LOOK_MS * 3 / 2), on_look, c);
}

int64_t counselor_gone_since(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->counselors_count; i++)
		if (strcmp(w->counselors[i]->name, name) == 0)
			return w->counselors[i]->gone_since;
	return -1;
}

void counselors_make(struct world *w, size_t count)
{
	w->consoles = idmap_new();
	w->counselors_count = count;
	for (size_t i = 0; i < count; i++) {
		struct counselor *c = xcalloc(1, sizeof *c);
		*c = (struct counselor){.world = w, .index = i, .name = names[i]};
		c->pushed = strmap_new();
		w->counselors[i] = c;
		sim_after(w->sim, sim_between(w->sim, 200, 5000), on_look, c);
	}
}

void counselors_free(struct world *w)
{
	for (size_t i = 0; i < w->counselors_count; i++) {
		strmap_free(w->counselors[i]->pushed);
		free(w->counselors[i]);
	}
	idmap_free(w->consoles);
}
