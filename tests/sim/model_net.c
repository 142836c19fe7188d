// SPDX-License-Identifier: Apache-2.0
// Connections as two lanes of segments with arrival times, and include/net/conn.h over them.
#include "model_net.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/conn.h"

#define NODES_MAX 32
// How soon what a partition holds up is sent again.
#define RETRY_MS 200

enum mark { DATA, OPEN, END, RESET };

struct segment {
	struct segment *next;
	int64_t at_ms;
	enum mark mark;
	struct buf data;
};

// One direction of a connection.
struct lane {
	struct segment *first, **last;
	int64_t last_ms; // nothing arrives before what was sent before it
	uint64_t timer;
	bool lost; // nothing arrives any more
};

enum { TO_SERVER, TO_NODE, LANES };

struct model_pipe {
	struct model_net *net;
	struct model_pipe *next, **link;
	struct conn *conn; // NULL once the node has closed it, or is dead
	size_t node;
	uint16_t port;
	void *session; // NULL before and after
	bool busy;     // something arrives: not to be freed
	struct lane lanes[LANES];
};

// The node's end. Its callbacks come on the node's own loop.
struct conn {
	struct model_net *net;
	struct loop *loop;
	struct model_pipe *pipe; // NULL once it is over
	conn_fn fn;
	void *arg;
	struct buf input;
	uint64_t events, deadline; // timers of the node's loop
	bool ready, data, ended, refused, timed_out;
	bool closed;       // by the node: freed at the end of the turn
	bool dead;         // its node was killed
	struct conn *next; // of those that are closed
};

struct model_net {
	struct loop *loop;
	struct model_weather weather;
	struct model_listener listener;
	struct loop *nodes[NODES_MAX];
	struct model_pipe *pipes;
	size_t count;
	struct conn *closed; // freed by the timer
	uint64_t timer;
};

// conn.h gives a loop and an address, and the loop is its node's.
static struct model_net *the_net;

static void arrive(struct lane *lane, struct model_pipe *p, int side);

static void on_to_server(void *arg)
{
	struct model_pipe *p = arg;
	arrive(&p->lanes[TO_SERVER], p, TO_SERVER);
}

static void on_to_node(void *arg)
{
	struct model_pipe *p = arg;
	arrive(&p->lanes[TO_NODE], p, TO_NODE);
}

static void arm(struct model_pipe *p, int side, int64_t after_ms)
{
	struct lane *lane = &p->lanes[side];
	if (lane->timer || !lane->first)
		return;
	lane->timer = loop_timer(p->net->loop, after_ms > 0 ? after_ms : 0,
	        side == TO_SERVER ? on_to_server : on_to_node, p);
}

static void send_segment(struct model_pipe *p, int side, enum mark mark, struct bytes data)
{
	struct lane *lane = &p->lanes[side];
	const struct model_weather *w = &p->net->weather;
	int64_t now = loop_mono_ms(p->net->loop);
	int64_t delay = lane->lost ? -1 : w->delay_ms(p->node, p->port, side == TO_SERVER, w->arg);
	if (delay < 0) {
		lane->lost = true;
		return;
	}
	struct segment *s = xcalloc(1, sizeof *s);
	s->mark = mark;
	s->at_ms = now + delay > lane->last_ms ? now + delay : lane->last_ms;
	lane->last_ms = s->at_ms;
	buf_append_bytes(&s->data, data);
	*lane->last = s;
	lane->last = &s->next;
	arm(p, side, s->at_ms - now);
}

static struct segment *pop(struct lane *lane)
{
	struct segment *s = lane->first;
	lane->first = s->next;
	if (!lane->first)
		lane->last = &lane->first;
	return s;
}

static void segment_free(struct segment *s)
{
	buf_free(&s->data);
	free(s);
}

static void lane_clear(struct model_pipe *p, int side)
{
	struct lane *lane = &p->lanes[side];
	while (lane->first)
		segment_free(pop(lane));
	loop_cancel(p->net->loop, lane->timer);
	lane->timer = 0;
}

static void pipe_free(struct model_pipe *p)
{
	lane_clear(p, TO_SERVER);
	lane_clear(p, TO_NODE);
	*p->link = p->next;
	if (p->next)
		p->next->link = p->link;
	p->net->count--;
	free(p);
}

static void end_session(struct model_pipe *p)
{
	void *session = p->session;
	p->session = NULL;
	if (session)
		p->net->listener.closed(session);
}

// Nobody is at either end, and nothing is under way to a session that could still come. One whose
// node is gone without a word does nothing any more, and may as well end.
static void drop_when_over(struct model_pipe *p)
{
	const struct lane *lane = &p->lanes[TO_SERVER];
	if (p->busy || p->conn || lane->first)
		return;
	if (lane->lost)
		end_session(p);
	if (!p->session)
		pipe_free(p);
}

// ---- events of a node

static void on_events(void *arg);

static void wake(struct conn *c)
{
	if (!c->events && !c->closed && !c->dead)
		c->events = loop_timer(c->loop, 0, on_events, c);
}

static bool take(bool *flag)
{
	bool was = *flag;
	*flag = false;
	return was;
}

static void on_events(void *arg)
{
	struct conn *c = arg;
	c->events = 0;
	if (!c->closed && take(&c->ready))
		c->fn(c, CONN_READY, c->arg);
	if (!c->closed && take(&c->data))
		c->fn(c, CONN_DATA, c->arg);
	if (!c->closed && take(&c->timed_out))
		c->fn(c, CONN_TIMEOUT, c->arg);
	if (!c->closed && take(&c->refused))
		c->fn(c, CONN_ERROR, c->arg);
	if (!c->closed && take(&c->ended))
		c->fn(c, CONN_CLOSED, c->arg);
}

// Its connection is over; the node's end stays until the node closes it.
static void detach(struct model_pipe *p)
{
	if (p->conn)
		p->conn->pipe = NULL;
	p->conn = NULL;
}

static void arrive_at_node(struct model_pipe *p, struct segment *s)
{
	struct conn *c = p->conn;
	if (!c)
		return;
	if (s->mark == DATA) {
		buf_append_bytes(&c->input, buf_bytes(&s->data));
		c->data = true;
	}
	c->ready = c->ready || s->mark == OPEN;
	c->ended = c->ended || s->mark == END;
	c->refused = c->refused || s->mark == RESET;
	if (s->mark == END || s->mark == RESET)
		detach(p);
	wake(c);
}

static void arrive_at_server(struct model_pipe *p, struct segment *s)
{
	const struct model_listener *l = &p->net->listener;
	switch (s->mark) {
	case OPEN:
		p->session = l->accept(p, p->port, l->arg);
		send_segment(p, TO_NODE, p->session ? OPEN : RESET, bytes_str(""));
		break;
	case DATA:
		if (p->session)
			l->data(p->session, buf_bytes(&s->data));
		break;
	case END:
	case RESET:
		end_session(p);
		break;
	}
}

static void arrive(struct lane *lane, struct model_pipe *p, int side)
{
	const struct model_weather *w = &p->net->weather;
	int64_t now = loop_mono_ms(p->net->loop);
	lane->timer = 0;
	if (!w->reaches(p->node, p->port, w->arg)) {
		arm(p, side, RETRY_MS);
		return;
	}
	p->busy = true;
	while (lane->first && lane->first->at_ms <= now) {
		struct segment *s = pop(lane);
		if (side == TO_SERVER)
			arrive_at_server(p, s);
		else
			arrive_at_node(p, s);
		segment_free(s);
	}
	if (lane->first)
		arm(p, side, lane->first->at_ms - now);
	p->busy = false;
	drop_when_over(p);
}

// What is under way is lost, and the node hears of it.
static void reset(struct model_pipe *p)
{
	lane_clear(p, TO_SERVER);
	lane_clear(p, TO_NODE);
	arrive_at_node(p, &(struct segment){.mark = RESET});
}

// ---- the network

struct model_net *model_net_new(struct loop *l, const struct model_weather *weather)
{
	struct model_net *n = xcalloc(1, sizeof *n);
	if (the_net)
		fatal("event=model_net_twice");
	n->loop = l;
	n->weather = *weather;
	the_net = n;
	return n;
}

static void free_closed(void *arg)
{
	struct model_net *n = arg;
	struct conn *c;
	n->timer = 0;
	while ((c = n->closed)) {
		n->closed = c->next;
		buf_free(&c->input);
		free(c);
	}
}

void model_net_free(struct model_net *n)
{
	if (!n)
		return;
	loop_cancel(n->loop, n->timer);
	free_closed(n);
	while (n->pipes) {
		detach(n->pipes);
		pipe_free(n->pipes);
	}
	the_net = NULL;
	free(n);
}

struct loop *model_net_loop(const struct model_net *n)
{
	return n->loop;
}

size_t model_net_count(const struct model_net *n)
{
	return n->count;
}

void model_net_listen(struct model_net *n, const struct model_listener *l)
{
	n->listener = *l;
}

void model_net_place(struct model_net *n, size_t node, struct loop *l)
{
	if (node >= NODES_MAX)
		fatal("event=model_net_nodes node=%zu", node);
	n->nodes[node] = l;
}

static size_t node_of(const struct model_net *n, const struct loop *l)
{
	for (size_t i = 0; i < NODES_MAX; i++)
		if (n->nodes[i] == l)
			return i;
	fatal("event=model_net_unknown_loop");
}

static void kill_conn(struct conn *c)
{
	c->dead = true;
	loop_cancel(c->loop, c->events);
	loop_cancel(c->loop, c->deadline);
	c->events = c->deadline = 0;
}

void model_net_kill(struct model_net *n, size_t node)
{
	for (struct model_pipe *p = n->pipes, *next; p; p = next) {
		next = p->next;
		if (p->node != node || !p->conn)
			continue;
		kill_conn(p->conn);
		detach(p);
		send_segment(p, TO_SERVER, END, bytes_str(""));
		drop_when_over(p);
	}
}

void model_net_cut(struct model_net *n, size_t node, uint16_t port)
{
	for (struct model_pipe *p = n->pipes, *next; p; p = next) {
		next = p->next;
		if (p->node != node || p->port != port)
			continue;
		reset(p);
		end_session(p);
		drop_when_over(p);
	}
}

size_t model_pipe_node(const struct model_pipe *p)
{
	return p->node;
}

void model_pipe_write(struct model_pipe *p, struct bytes data)
{
	send_segment(p, TO_NODE, DATA, data);
}

void model_pipe_close(struct model_pipe *p, enum model_ending how)
{
	p->session = NULL;
	if (how == MODEL_RESET)
		reset(p);
	else if (how == MODEL_SILENT)
		p->lanes[TO_NODE].lost = true;
	else
		send_segment(p, TO_NODE, END, bytes_str(""));
	drop_when_over(p);
}

// ---- include/net/conn.h

static struct conn *connect_to(struct loop *l, uint16_t port, conn_fn fn, void *arg)
{
	struct model_net *n = the_net;
	struct conn *c = xcalloc(1, sizeof *c);
	struct model_pipe *p = xcalloc(1, sizeof *p);
	*c = (struct conn){.net = n, .loop = l, .pipe = p, .fn = fn, .arg = arg};
	*p = (struct model_pipe){
	        .net = n, .next = n->pipes, .link = &n->pipes, .conn = c, .port = port};
	p->node = node_of(n, l);
	for (int i = 0; i < LANES; i++)
		p->lanes[i].last = &p->lanes[i].first;
	if (n->pipes)
		n->pipes->link = &p->next;
	n->pipes = p;
	n->count++;
	send_segment(p, TO_SERVER, OPEN, bytes_str(""));
	return c;
}

struct conn *conn_connect_unix(struct loop *l, const char *path, conn_fn fn, void *arg)
{
	(void)path;
	return connect_to(l, 0, fn, arg);
}

struct conn *conn_connect_tcp(struct loop *l, const char *host, uint16_t port, struct tls_ctx *tls,
        const char *name, conn_fn fn, void *arg)
{
	(void)host;
	(void)tls;
	(void)name;
	return connect_to(l, port, fn, arg);
}

void conn_set_callback(struct conn *c, conn_fn fn, void *arg)
{
	c->fn = fn;
	c->arg = arg;
}

struct bytes conn_input(struct conn *c)
{
	return buf_bytes(&c->input);
}

void conn_consume(struct conn *c, size_t len)
{
	buf_consume(&c->input, len);
}

void conn_set_input_max(struct conn *c, size_t max)
{
	(void)c; // what arrives is ours, and small
	(void)max;
}

void conn_write(struct conn *c, const void *data, size_t len)
{
	if (c->pipe)
		send_segment(c->pipe, TO_SERVER, DATA, bytes_of(data, len));
}

size_t conn_output_pending(const struct conn *c)
{
	(void)c;
	return 0;
}

static void on_deadline(void *arg)
{
	struct conn *c = arg;
	c->deadline = 0;
	c->timed_out = true;
	wake(c);
}

void conn_deadline(struct conn *c, int64_t after_ms)
{
	loop_cancel(c->loop, c->deadline);
	c->deadline = 0;
	if (after_ms > 0 && !c->dead)
		c->deadline = loop_timer(c->loop, after_ms, on_deadline, c);
}

void conn_close(struct conn *c, const char *reason)
{
	struct model_pipe *p = c->pipe;
	(void)reason;
	if (c->closed)
		return;
	kill_conn(c);
	c->closed = true;
	if (p) {
		detach(p);
		send_segment(p, TO_SERVER, END, bytes_str(""));
		drop_when_over(p);
	}
	c->next = c->net->closed;
	c->net->closed = c;
	if (!c->net->timer)
		c->net->timer = loop_timer(c->net->loop, 0, free_closed, c->net);
}

void conn_close_flushed(struct conn *c, int64_t within_ms, const char *reason)
{
	(void)within_ms;
	conn_close(c, reason);
}

const char *conn_peer(const struct conn *c)
{
	(void)c;
	return "model";
}

const char *conn_error(const struct conn *c)
{
	(void)c;
	return "connection refused or reset";
}

bool conn_peer_verified(const struct conn *c)
{
	(void)c;
	return false;
}
