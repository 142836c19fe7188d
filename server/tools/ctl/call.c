// SPDX-License-Identifier: Apache-2.0
// One call to the server: connect, sign in, ask, disconnect.
#include <signal.h>

#include "ctl.h"

struct call {
	struct client *client;
	Frame *request;
	ctl_answer_fn answered;
	void *arg;
	struct buf *error;
	bool ok;
	bool over;
};

static void on_answer(const Frame *answer, void *arg)
{
	struct call *call = arg;

	// Without an answer on_ended() follows, and knows why.
	if (!answer)
		return;
	call->answered(answer, call->arg);
	call->ok = true;
	call->over = true;
}

static void on_ready(const Holdfast__V1__Session *session, void *arg)
{
	struct call *call = arg;

	(void)session;
	(void)client_request(call->client, call->request, on_answer, call);
}

static void on_news(const Frame *f, void *arg)
{
	(void)f;
	(void)arg;
}

static void on_ended(enum client_end end, const char *why, void *arg)
{
	struct call *call = arg;

	if (call->over)
		return;
	buf_printf(call->error, end == CLIENT_REFUSED ? "not signed in: %s" : "no connection: %s",
	        why);
	call->over = true;
}

static const struct client_events events = {.ready = on_ready, .news = on_news, .ended = on_ended};

bool ctl_call(struct ctl *c, Frame *request, ctl_answer_fn answered, void *arg, struct buf *error)
{
	struct loop *loop = loop_new(clock_system());
	struct call call = {.request = request, .answered = answered, .arg = arg, .error = error};

	signal(SIGPIPE, SIG_IGN);
	call.client = client_new(
	        loop, &c->settings, "holdfastctl/" HOLDFAST_VERSION, &events, &call, error);
	if (call.client) {
		client_connect(call.client);
		while (!call.over)
			loop_turn(loop, 1000);
		client_free(call.client);
	}
	loop_free(loop);
	return call.ok;
}
