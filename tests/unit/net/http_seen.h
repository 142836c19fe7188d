// SPDX-License-Identifier: Apache-2.0
#pragma once
// A server that remembers what it was asked.

#include "web_fixture.h"

enum {
	TRACE_MAX = 4096,
};

struct seen {
	struct web web;
	int requests;
	uint64_t ids[64];
	char trace[TRACE_MAX]; // "METHOD target body;" of each request
	bool hold;             // do not answer
	const char *type;
};

static void on_request(const struct http_request *r, void *arg)
{
	struct seen *s = arg;
	size_t len = strlen(s->trace);
	snprintf(s->trace + len, TRACE_MAX - len, "%s %.*s %.*s;", r->method, (int)r->target.len,
	        (const char *)r->target.data, (int)(r->body.len < 100 ? r->body.len : 100),
	        (const char *)r->body.data);
	s->ids[s->requests++ % 64] = r->id;
	if (!s->hold)
		assert_true(http_respond(
		        s->web.server, r->id, 200, "text/plain", bytes_str("done"), NULL));
}

static int set_up(void **state)
{
	struct seen *s = xcalloc(1, sizeof(*s));
	log_set_level(LOG_ERROR);
	web_start(&s->web, &http_limits_default, on_request, s);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct seen *s = *state;
	web_stop(&s->web);
	free(s);
	return 0;
}

#define H           "Host: a\r\n"
#define with_web(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
