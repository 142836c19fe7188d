// SPDX-License-Identifier: Apache-2.0
// The HTTP server: what it accepts, what it refuses and with which status, its deadlines and its
// order.

#include "http_seen.h"

static void a_request_is_taken_apart_and_answered(void **state)
{
	struct seen *s = *state;
	struct peer p = peer_connect(&s->web);
	peer_send(&s->web, &p,
	        "POST /v1/x?y=%20z&w HTTP/1.1\r\nHost: example.org:8443\r\nContent-Length: "
	        "5\r\n\r\nhello");
	turn_until(s->web.loop, peer_has(&p, "done"));
	assert_string_equal(s->trace, "POST /v1/x?y=%20z&w hello;");
	assert_true(peer_has(&p, "HTTP/1.1 200 OK\r\n"));
	assert_true(peer_has(&p, "Content-Length: 4\r\n"));
	assert_true(peer_has(&p, "Content-Type: text/plain\r\n"));
	assert_true(peer_has(&p, "Date: Thu, 01 Jan 1970 00:16:40 GMT\r\n"));
	assert_false(peer_has(&p, "Connection: close"));
	assert_false(peer_has(&p, "Strict-Transport-Security"));
	assert_false(peer_has(&p, "Server:"));
	assert_int_equal(metric_value(M_HTTP, "200"), 1);
	peer_close(&p);
}

static void expect_status_of(struct seen *s, const struct buf *request, int status)
{
	struct peer p = peer_connect(&s->web);
	peer_send_bytes(&s->web, &p, request->data, request->len);
	turn_until(s->web.loop, peer_status(&p));
	assert_int_equal(peer_status(&p), status);
	peer_close(&p);
}

static void header_limits_hold_exactly(void **state)
{
	struct seen *s = *state;
	struct buf r = {0};
	for (int extra = 0; extra < 2; extra++) { // 64 lines pass, 65 do not
		buf_clear(&r);
		buf_append_str(&r, "GET / HTTP/1.1\r\n" H);
		for (int i = 0; i < 63 + extra; i++)
			buf_append_str(&r, "X: y\r\n");
		buf_append_str(&r, "\r\n");
		expect_status_of(s, &r, extra ? 431 : 200);
	}
	for (int extra = 0; extra < 2; extra++) { // 8192 bytes pass, one more does not
		buf_clear(&r);
		buf_append_str(&r, "GET / HTTP/1.1\r\n" H "X: ");
		while (r.len < 8192 - 4 + (size_t)extra)
			buf_append_char(&r, 'x');
		buf_append_str(&r, "\r\n\r\n");
		expect_status_of(s, &r, extra ? 431 : 200);
	}
	buf_clear(&r);
	buf_append_str(&r, "GET /");
	while (r.len < 20000)
		buf_append_char(&r, 'x');
	expect_status_of(s, &r, 414);
	buf_free(&r);
}

static void body_limits_hold_exactly(void **state)
{
	struct seen *s = *state;
	struct buf r = {0};
	buf_append_str(&r, "POST / HTTP/1.1\r\n" H "Content-Length: 65536\r\n\r\n");
	size_t head = r.len;
	while (r.len < head + 65536)
		buf_append_char(&r, 'x');
	expect_status_of(s, &r, 200);
	buf_clear(&r);
	buf_append_str(&r, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 65536; i++)
		buf_append_str(&r, "1\r\nx\r\n");
	size_t full = r.len;
	buf_append_str(&r, "0\r\n\r\n");
	expect_status_of(s, &r, 200);
	r.len = full;
	buf_append_str(&r, "1\r\n");
	expect_status_of(s, &r, 413);
	assert_int_equal(s->requests, 2);
	buf_free(&r);
}

static void a_large_declared_body_is_refused_without_being_read(void **state)
{
	struct seen *s = *state;
	struct peer p = peer_connect(&s->web);
	static char body[500000];
	peer_send(&s->web, &p, "POST / HTTP/1.1\r\n" H "Content-Length: 500000\r\n\r\n");
	peer_send_bytes(&s->web, &p, body, sizeof(body));
	turn_until(s->web.loop, peer_ended(&p));
	assert_int_equal(peer_status(&p), 413);
	peer_close(&p);
	// What was on its way is read and thrown away, so that the answer is not lost to a reset.
	turn_until(s->web.loop, metric_value(M_CONNECTIONS, "test") == 0);
}

static void a_slow_header_is_cut_at_an_absolute_deadline(void **state)
{
	struct seen *s = *state;
	struct peer p = peer_connect(&s->web);
	settle(s->web.loop);
	peer_send(&s->web, &p, "GET / HTTP/1.1\r\n");
	for (int i = 0; i < 9; i++) {
		peer_send(&s->web, &p, "X: y\r\n");
		s->web.clock.now += 1100;
		settle(s->web.loop);
		assert_false(peer_ended(&p));
	}
	s->web.clock.now += 100;
	turn_until(s->web.loop, peer_ended(&p));
	assert_int_equal(peer_status(&p), 408);
	peer_close(&p);
}

static void a_slow_body_is_cut_at_an_absolute_deadline(void **state)
{
	struct seen *s = *state;
	struct peer p = peer_connect(&s->web);
	settle(s->web.loop);
	s->web.clock.now += 9000;
	peer_send(&s->web, &p, "POST / HTTP/1.1\r\n" H "Content-Length: 100\r\n\r\n");
	settle(s->web.loop);
	for (int i = 0; i < 9; i++) {
		peer_send(&s->web, &p, "x");
		s->web.clock.now += 1100;
		settle(s->web.loop);
		assert_false(peer_ended(&p));
	}
	s->web.clock.now += 100;
	turn_until(s->web.loop, peer_ended(&p));
	assert_int_equal(peer_status(&p), 408);
	assert_int_equal(s->requests, 0);
	peer_close(&p);
}

static void a_silent_connection_is_closed_without_a_word(void **state)
{
	struct seen *s = *state;
	struct peer p = peer_connect(&s->web);
	settle(s->web.loop);
	s->web.clock.now += 10000;
	turn_until(s->web.loop, peer_ended(&p));
	assert_int_equal(p.got.len, 0);
	peer_close(&p);
}

static void an_idle_connection_is_kept_and_then_closed(void **state)
{
	struct seen *s = *state;
	struct peer p = peer_connect(&s->web);
	peer_send(&s->web, &p, "GET /1 HTTP/1.1\r\n" H "\r\n");
	turn_until(s->web.loop, peer_has(&p, "done"));
	s->web.clock.now += 29999;
	settle(s->web.loop);
	assert_false(peer_ended(&p));
	buf_clear(&p.got);
	peer_send(&s->web, &p, "GET /2 HTTP/1.1\r\n" H "\r\n");
	turn_until(s->web.loop, peer_has(&p, "done"));
	s->web.clock.now += 30000;
	turn_until(s->web.loop, peer_ended(&p));
	assert_string_equal(s->trace, "GET /1 ;GET /2 ;");
	peer_close(&p);
}

static void the_client_may_end_the_connection(void **state)
{
	struct seen *s = *state;
	struct peer p = peer_connect(&s->web);
	peer_send(&s->web, &p, "GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n");
	turn_until(s->web.loop, peer_ended(&p));
	assert_true(peer_has(&p, "Connection: close\r\n"));
	assert_true(peer_has(&p, "\r\n\r\ndone"));
	peer_close(&p);
}

static void pipelined_requests_wait_for_the_answer(void **state)
{
	struct seen *s = *state;
	struct peer p = peer_connect(&s->web);
	s->hold = true;
	peer_send(&s->web, &p,
	        "POST /1 HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\naPOST /2 HTTP/1.1\r\n" H
	        "Transfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n\r\nGET /3 HTTP/1.1\r\n" H
	        "\r\n");
	settle(s->web.loop);
	assert_string_equal(s->trace, "POST /1 a;");
	s->web.clock.now += 1000;
	assert_true(http_respond(s->web.server, s->ids[0], 201, NULL, bytes_str(""), NULL));
	assert_int_equal(s->requests, 1); // never from inside http_respond()
	turn_until(s->web.loop, s->requests == 2);
	assert_false(http_respond(s->web.server, s->ids[0], 200, NULL, bytes_str(""), NULL));
	assert_true(http_respond(s->web.server, s->ids[1], 202, NULL, bytes_str(""), NULL));
	turn_until(s->web.loop, s->requests == 3);
	assert_string_equal(s->trace, "POST /1 a;POST /2 b;GET /3 ;");
	turn_until(s->web.loop, peer_has(&p, "202 Accepted"));
	assert_true(
	        strstr(buf_str(&p.got), "201 Created") < strstr(buf_str(&p.got), "202 Accepted"));
	peer_close(&p);
}

static void many_pipelined_requests_are_all_answered(void **state)
{
	struct seen *s = *state;
	struct peer p = peer_connect(&s->web);
	for (int i = 0; i < 100; i++)
		peer_send(&s->web, &p, "GET / HTTP/1.1\r\n" H "\r\n");
	turn_until(s->web.loop, s->requests == 100);
	turn_until(s->web.loop, metric_value(M_HTTP, "200") == 100);
	peer_close(&p);
}

static void head_is_answered_without_a_body(void **state)
{
	struct seen *s = *state;
	struct peer p = peer_connect(&s->web);
	peer_send(&s->web, &p, "HEAD / HTTP/1.1\r\n" H "\r\nGET / HTTP/1.1\r\n" H "\r\n");
	turn_until(s->web.loop, peer_has(&p, "done"));
	assert_string_equal(s->trace, "HEAD / ;GET / ;");
	const char *body = strstr(buf_str(&p.got), "\r\n\r\n") + 4;
	assert_memory_equal(body, "HTTP/1.1 200", 12);
	assert_true(peer_has(&p, "Content-Length: 4\r\n"));
	peer_close(&p);
}

static void a_client_that_asks_may_go_on(void **state)
{
	struct seen *s = *state;
	struct peer p = peer_connect(&s->web);
	peer_send(&s->web, &p,
	        "POST / HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	turn_until(s->web.loop, peer_has(&p, "HTTP/1.1 100 Continue\r\n\r\n"));
	assert_int_equal(s->requests, 0);
	peer_send(&s->web, &p, "ok");
	turn_until(s->web.loop, peer_has(&p, "done"));
	peer_close(&p);

	p = peer_connect(&s->web);
	peer_send(&s->web, &p,
	        "POST / HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 70000\r\n\r\n");
	turn_until(s->web.loop, peer_status(&p) == 413);
	peer_close(&p);
}

static void a_handler_that_never_answers_is_answered_for(void **state)
{
	struct seen *s = *state;
	struct peer p = peer_connect(&s->web);
	s->hold = true;
	peer_send(&s->web, &p, "GET / HTTP/1.1\r\n" H "\r\n");
	turn_until(s->web.loop, s->requests == 1);
	s->web.clock.now += 30000;
	turn_until(s->web.loop, peer_status(&p) == 503);
	assert_false(http_respond(s->web.server, s->ids[0], 200, NULL, bytes_str(""), NULL));
	peer_close(&p);
}

static void an_answer_to_nobody_is_no_error(void **state)
{
	struct seen *s = *state;
	struct peer p = peer_connect(&s->web);
	struct linger reset = {.l_onoff = 1};
	s->hold = true;
	peer_send(&s->web, &p, "GET / HTTP/1.1\r\n" H "\r\n");
	turn_until(s->web.loop, s->requests == 1);
	setsockopt(p.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	peer_close(&p);
	turn_until(s->web.loop, http_server_open(s->web.server) == 0);
	assert_false(http_respond(s->web.server, s->ids[0], 200, NULL, bytes_str(""), NULL));
	assert_false(http_respond(s->web.server, 12345, 200, NULL, bytes_str(""), NULL));
}

static void a_half_closed_client_still_gets_its_answer(void **state)
{
	struct seen *s = *state;
	struct peer p = peer_connect(&s->web);
	s->hold = true;
	peer_send(&s->web, &p, "GET / HTTP/1.1\r\n" H "\r\n");
	shutdown(p.fd, SHUT_WR);
	turn_until(s->web.loop, s->requests == 1);
	settle(s->web.loop);
	assert_true(http_respond(s->web.server, s->ids[0], 200, NULL, bytes_str("late"), NULL));
	turn_until(s->web.loop, peer_ended(&p));
	assert_true(peer_has(&p, "late"));
	peer_close(&p);
}

static void draining_finishes_what_waits_and_ends_the_rest(void **state)
{
	struct seen *s = *state;
	struct peer idle = peer_connect(&s->web), partial = peer_connect(&s->web),
	            waiting = peer_connect(&s->web);
	peer_send(&s->web, &idle, "GET / HTTP/1.1\r\n" H "\r\n");
	turn_until(s->web.loop, peer_has(&idle, "done"));
	s->hold = true;
	peer_send(&s->web, &partial, "GET / HT");
	peer_send(&s->web, &waiting, "GET / HTTP/1.1\r\n" H "\r\n");
	turn_until(s->web.loop, s->requests == 2);
	http_server_drain(s->web.server);
	turn_until(s->web.loop, peer_ended(&idle) && peer_ended(&partial));
	assert_int_equal(http_server_open(s->web.server), 1);
	assert_false(peer_ended(&waiting));
	assert_true(http_respond(
	        s->web.server, s->ids[1], 200, NULL, bytes_str("last"), "X-Test: 1\r\n"));
	turn_until(s->web.loop, peer_ended(&waiting));
	assert_true(peer_has(&waiting, "last"));
	assert_true(peer_has(&waiting, "X-Test: 1\r\n"));
	assert_int_equal(http_server_open(s->web.server), 0);
	peer_close(&idle);
	peer_close(&partial);
	peer_close(&waiting);
}

static void remember_header(const struct http_request *r, void *arg)
{
	struct seen *s = arg;
	size_t count;
	struct bytes value = http_header(r, "x-EMPTY", &count);
	assert_int_equal(count, 1);
	assert_true(value.data && value.len == 0);
	assert_null(http_header(r, "x-absent", &count).data);
	assert_int_equal(count, 0);
	assert_true(bytes_is(http_header(r, "x-full", NULL), "a b"));
	http_respond(s->web.server, r->id, 204, NULL, bytes_str(""), NULL);
}

static void fields_are_found_whatever_their_case(void **state)
{
	struct seen *s = *state;
	http_server_free(s->web.server);
	listener_free(s->web.listener);
	loop_free(s->web.loop);
	web_start(&s->web, &http_limits_default, remember_header, s);
	struct peer p = peer_connect(&s->web);
	peer_send(&s->web, &p, "GET / HTTP/1.1\r\n" H "X-Empty:\r\nX-FULL: \t a b \t\r\n\r\n");
	turn_until(s->web.loop, peer_status(&p) == 204);
	assert_false(peer_has(&p, "Content-Length"));
	peer_close(&p);
}

static void on_tls_answer(struct conn *c, enum conn_event event, void *arg)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	static const char field[] = "\r\nStrict-Transport-Security: max-age=63072000\r\n";
	bool *strict = arg;
	struct bytes in = conn_input(c);
	if (event == CONN_READY)
		conn_write(c, request, sizeof(request) - 1);
	else if (event == CONN_DATA)
		*strict = memmem(in.data, in.len, field, sizeof(field) - 1) != NULL;
}

static void over_tls_browsers_are_told_to_stay_there(void **state)
{
	struct seen *s = *state;
	const struct listener_limits admit = {.total = 10, .handshake_ms = 1000};
	struct test_pki pki;
	bool strict = false;
	pki_make(&pki);
	struct tls_ctx *server = tls_server_new(pki.cert, pki.key, "", &s->web.error);
	struct tls_ctx *client = tls_client_new(pki.ca, &s->web.error);
	struct listener *li = listener_new(s->web.loop, "tls", "127.0.0.1", 0, server, &admit,
	        http_server_accept, s->web.server, &s->web.error);
	struct conn *c = conn_connect_tcp(s->web.loop, "127.0.0.1", listener_port(li), client,
	        "localhost", on_tls_answer, &strict);
	turn_until(s->web.loop, strict);
	conn_close(c, "test over");
	turn_until(s->web.loop, http_server_open(s->web.server) == 0);
	listener_free(li);
	tls_unref(server);
	tls_unref(client);
	pki_remove(&pki);
}

static void a_client_that_never_reads_is_bounded(void **state)
{
	struct seen *s = *state;
	struct peer p = peer_connect(&s->web);
	struct buf big = {0};
	while (big.len < 200000)
		buf_append_str(&big, "0123456789");
	s->hold = true;
	for (int i = 0; i < 60; i++)
		peer_send(&s->web, &p, "GET / HTTP/1.1\r\n" H "\r\n");
	for (int i = 0; i < 60; i++) {
		settle(s->web.loop);
		http_respond(s->web.server, s->ids[(s->requests - 1) % 64], 200, NULL,
		        buf_bytes(&big), NULL);
	}
	assert_true(s->requests < 60);
	s->web.clock.now += 30000;
	turn_until(s->web.loop, http_server_open(s->web.server) == 0);
	buf_free(&big);
	peer_close(&p);
}

static void the_server_may_go_while_clients_are_there(void **state)
{
	struct seen *s = *state;
	struct peer p = peer_connect(&s->web);
	s->hold = true;
	peer_send(&s->web, &p, "GET / HTTP/1.1\r\n" H "\r\nGET / HTTP/1.1\r\n" H "\r\n");
	turn_until(s->web.loop, s->requests == 1);
	listener_stop(s->web.listener);
	http_server_free(s->web.server);
	s->web.server = NULL;
	turn_until(s->web.loop, peer_ended(&p));
	peer_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        with_web(a_request_is_taken_apart_and_answered),
	        with_web(header_limits_hold_exactly),
	        with_web(body_limits_hold_exactly),
	        with_web(a_large_declared_body_is_refused_without_being_read),
	        with_web(a_slow_header_is_cut_at_an_absolute_deadline),
	        with_web(a_slow_body_is_cut_at_an_absolute_deadline),
	        with_web(a_silent_connection_is_closed_without_a_word),
	        with_web(an_idle_connection_is_kept_and_then_closed),
	        with_web(the_client_may_end_the_connection),
	        with_web(pipelined_requests_wait_for_the_answer),
	        with_web(many_pipelined_requests_are_all_answered),
	        with_web(head_is_answered_without_a_body),
	        with_web(a_client_that_asks_may_go_on),
	        with_web(a_handler_that_never_answers_is_answered_for),
	        with_web(an_answer_to_nobody_is_no_error),
	        with_web(a_half_closed_client_still_gets_its_answer),
	        with_web(draining_finishes_what_waits_and_ends_the_rest),
	        with_web(fields_are_found_whatever_their_case),
	        with_web(over_tls_browsers_are_told_to_stay_there),
	        with_web(a_client_that_never_reads_is_bounded),
	        with_web(the_server_may_go_while_clients_are_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
