// SPDX-License-Identifier: Apache-2.0
// What is asked about the whole line: status, queue, pages, staff, who is on call, checks.
#include <string.h>

#include "../common/show.h"
#include "console.h"

#define BODY(name) HOLDFAST__V1__FRAME__BODY_##name
// As many as the server sends.
#define QUEUE_LIMIT 500

static void on_answer(
        const Frame *answer, void *arg, unsigned wanted, void (*show)(const Frame *answer))
{
	struct console *c = arg;
	const char *why;

	commands_asked(c);
	if (!client_answered(answer, wanted, &why)) {
		view_error(c->view, "not done: %s", why);
		return;
	}
	view_aside(c->view);
	show(answer);
	view_go_on(c->view);
}

static bool ask(struct console *c, Frame *f, void (*fn)(const Frame *answer, void *arg))
{
	c->waiting = client_request(c->client, f, fn, c);
	frame_free(f);
	if (!c->waiting)
		view_error(c->view, "no connection now; try again");
	return c->waiting;
}

static void on_status(const Frame *answer, void *arg)
{
	on_answer(answer, arg, BODY(STATUS), show_status);
}

bool run_status(struct console *c, const char *rest)
{
	(void)rest;
	return ask(c, client_frame(BODY(GET_STATUS)), on_status);
}

static void on_queue(const Frame *answer, void *arg)
{
	on_answer(answer, arg, BODY(QUEUE), show_queue);
}

bool run_queue(struct console *c, const char *rest)
{
	Frame *f = client_frame(BODY(GET_QUEUE));

	(void)rest;
	f->get_queue->limit = QUEUE_LIMIT;
	return ask(c, f, on_queue);
}

static void on_pages(const Frame *answer, void *arg)
{
	on_answer(answer, arg, BODY(PAGES), show_pages);
}

bool run_pages(struct console *c, const char *rest)
{
	Frame *f = client_frame(BODY(GET_PAGES));

	f->get_pages->resolved_too = strcmp(rest, "all") == 0;
	return ask(c, f, on_pages);
}

bool run_acknowledge(struct console *c, const char *rest)
{
	uint64_t number;
	Frame *f;

	if (!bytes_to_u64(bytes_str(rest), &number)) {
		view_error(
		        c->view, "which page? For example: /ack 7; see the page itself, or /pages");
		return false;
	}
	f = client_frame(BODY(ACKNOWLEDGE_PAGE));
	f->acknowledge_page->number = number;
	return commands_ask(c, f, NULL, "acknowledged: see to it", NULL);
}

static void on_staff(const Frame *answer, void *arg)
{
	on_answer(answer, arg, BODY(STAFF_LIST), show_staff);
}

bool run_staff(struct console *c, const char *rest)
{
	(void)rest;
	return ask(c, client_frame(BODY(GET_STAFF)), on_staff);
}

static void on_on_call(const Frame *answer, void *arg)
{
	on_answer(answer, arg, BODY(ON_CALL_LIST), show_on_call);
}

bool run_on_call(struct console *c, const char *rest)
{
	(void)rest;
	return ask(c, client_frame(BODY(GET_ON_CALL)), on_on_call);
}

static void show_check_list(const Frame *answer)
{
	show_checks(answer->check_list);
}

static void on_checks(const Frame *answer, void *arg)
{
	on_answer(answer, arg, BODY(CHECK_LIST), show_check_list);
}

bool run_checks(struct console *c, const char *rest)
{
	(void)rest;
	return ask(c, client_frame(BODY(RUN_CHECKS)), on_checks);
}
