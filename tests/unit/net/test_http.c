// SPDX-License-Identifier: Apache-2.0
// The HTTP server: what it accepts, what it refuses and with which status, its deadlines and its
// order.

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

#define H "Host: a\r\n"

// Each is one request, sent as it stands; 200 ones must end up as exactly one call of the handler.
static const struct probe {
	const char *name;
	const char *request;
	int status;
} probes[] = {
        {"plain GET", "GET / HTTP/1.1\r\n" H "\r\n", 200},
        {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 200},
        {"chunked",
                "POST / HTTP/1.1\r\n" H
                "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
                200},
        {"chunked in capitals",
                "POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", 200},
        {"POST without a body", "POST / HTTP/1.1\r\n" H "\r\n", 200},
        {"empty field value", "GET / HTTP/1.1\r\n" H "X:\r\n\r\n", 200},
        {"UTF-8 in a field value", "GET / HTTP/1.1\r\n" H "X: \xc3\xa9\r\n\r\n", 200},
        {"TE identity", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n", 501},
        {"TE xchunked",
                "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\nGET /x HTTP/1.1\r\n" H
                "\r\n",
                501},
        {"TE gzip, chunked",
                "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
        {"TE chunked, identity",
                "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, identity\r\n\r\n", 400},
        {"TE chunked, chunked",
                "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
                400},
        {"TE empty", "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n", 501},
        {"TE quoted", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
                501},
        {"TE with vertical tab",
                "POST / HTTP/1.1\r\n" H "Transfer-Encoding: \x0b"
                "chunked\r\n\r\n0\r\n\r\n",
                400},
        {"TE twice",
                "POST / HTTP/1.1\r\n" H
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                400},
        {"TE and CL",
                "POST / HTTP/1.1\r\n" H
                "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
                400},
        {"CL and TE",
                "POST / HTTP/1.1\r\n" H
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                400},
        {"TE in HTTP/1.0", "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                400},
        {"CL twice, different",
                "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
                400},
        {"CL twice, same",
                "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
        {"CL list", "POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\nhello", 400},
        {"CL +3", "POST / HTTP/1.1\r\n" H "Content-Length: +3\r\n\r\nabc", 400},
        {"CL -1", "POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n", 400},
        {"CL 0x3", "POST / HTTP/1.1\r\n" H "Content-Length: 0x3\r\n\r\nabc", 400},
        {"CL 3 4", "POST / HTTP/1.1\r\n" H "Content-Length: 3 4\r\n\r\nabc", 400},
        {"CL empty", "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n", 400},
        {"CL beyond 64 bits",
                "POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551617\r\n\r\na", 400},
        {"CL too large", "POST / HTTP/1.1\r\n" H "Content-Length: 65537\r\n\r\n", 413},
        {"CL huge", "POST / HTTP/1.1\r\n" H "Content-Length: 9223372036854775807\r\n\r\n", 413},
        {"space before colon", "POST / HTTP/1.1\r\n" H "Content-Length : 3\r\n\r\nabc", 400},
        {"tab before colon", "GET / HTTP/1.1\r\n" H "X\t: 3\r\n\r\n", 400},
        {"space before name", "GET / HTTP/1.1\r\n X: 3\r\n" H "\r\n", 400},
        {"obs-fold", "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n", 400},
        {"obs-fold with tab", "GET / HTTP/1.1\r\n" H "X: a\r\n\tb\r\n\r\n", 400},
        {"obs-fold in TE",
                "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400},
        {"empty name", "GET / HTTP/1.1\r\n" H ": x\r\n\r\n", 400},
        {"no colon", "GET / HTTP/1.1\r\n" H "nonsense\r\n\r\n", 400},
        {"bad name", "GET / HTTP/1.1\r\n" H "X(y): z\r\n\r\n", 400},
        {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"two Hosts", "GET / HTTP/1.1\r\n" H H "\r\n", 400},
        {"two Hosts in 1.0", "GET / HTTP/1.0\r\n" H H "\r\n", 400},
        {"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
        {"Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
        {"Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        {"Host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
        {"bare LF in header", "GET / HTTP/1.1\r\n" H "X: y\n\r\n", 400},
        {"bare LF everywhere", "GET / HTTP/1.1\nHost: a\n\n", 400},
        {"bare CR in value", "GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n", 400},
        {"control in value", "GET / HTTP/1.1\r\n" H "X: a\x01z\r\n\r\n", 400},
        {"DEL in value", "GET / HTTP/1.1\r\n" H "X: a\x7fz\r\n\r\n", 400},
        {"HTTP/0.9", "GET /\r\n\r\n", 400},
        {"HTTP/1.9", "GET / HTTP/1.9\r\n" H "\r\n", 505},
        {"HTTP/2.0", "GET / HTTP/2.0\r\n" H "\r\n", 505},
        {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"HTTP/1.10", "GET / HTTP/1.10\r\n" H "\r\n", 400},
        {"http/1.1", "GET / http/1.1\r\n" H "\r\n", 400},
        {"another protocol", "GET / ICY/1.1\r\n" H "\r\n", 400},
        {"two spaces", "GET  / HTTP/1.1\r\n" H "\r\n", 400},
        {"space at the end", "GET / HTTP/1.1 \r\n" H "\r\n", 400},
        {"tab as separator", "GET\t/\tHTTP/1.1\r\n" H "\r\n", 400},
        {"space in target", "GET /a b HTTP/1.1\r\n" H "\r\n", 400},
        {"empty line first", "\r\nGET / HTTP/1.1\r\n" H "\r\n", 400},
        {"absolute form", "GET http://a/ HTTP/1.1\r\n" H "\r\n", 400},
        {"authority form", "CONNECT a:443 HTTP/1.1\r\n" H "\r\n", 400},
        {"asterisk form", "GET * HTTP/1.1\r\n" H "\r\n", 400},
        {"fragment", "GET /a#b HTTP/1.1\r\n" H "\r\n", 400},
        {"raw 8-bit target", "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n", 400},
        {"OPTIONS", "OPTIONS * HTTP/1.1\r\n" H "\r\n", 405},
        {"PUT", "PUT / HTTP/1.1\r\n" H "\r\n", 405},
        {"DELETE", "DELETE / HTTP/1.1\r\n" H "\r\n", 405},
        {"TRACE", "TRACE / HTTP/1.1\r\n" H "\r\n", 405},
        {"PROPFIND", "PROPFIND / HTTP/1.1\r\n" H "\r\n", 501},
        {"get", "get / HTTP/1.1\r\n" H "\r\n", 501},
        {"bad method", "G(T / HTTP/1.1\r\n" H "\r\n", 400},
        {"unknown expectation", "POST / HTTP/1.1\r\n" H "Expect: tea\r\nContent-Length: 1\r\n\r\n",
                417},
        {"chunk size 0x3",
                "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
                400},
        {"chunk size +3",
                "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n",
                400},
        {"chunk size with space",
                "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n",
                400},
        {"chunk size and space",
                "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n",
                400},
        {"chunk size empty",
                "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n",
                400},
        {"chunk size too long",
                "POST / HTTP/1.1\r\n" H
                "Transfer-Encoding: chunked\r\n\r\n000000003\r\nabc\r\n0\r\n\r\n",
                400},
        {"chunk size wraps",
                "POST / HTTP/1.1\r\n" H
                "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff3\r\nabc\r\n0\r\n\r\n",
                400},
        {"chunk extension",
                "POST / HTTP/1.1\r\n" H
                "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n",
                400},
        {"chunk without CRLF",
                "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc0\r\n\r\n", 400},
        {"chunk longer than said",
                "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
                400},
        {"chunk with bare LF",
                "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n", 400},
        {"chunks too large", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n10001\r\n",
                413},
        {"trailer", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n",
                400},
        {"TLS on a plain port", "\x16\x03\x01\x02\x01\xfc", 400},
};

static void malformed_requests_are_refused(void **state)
{
	struct seen *s = *state;
	for (size_t i = 0; i < sizeof(probes) / sizeof(*probes); i++) {
		const struct probe *probe = &probes[i];
		struct peer p = peer_connect(&s->web);
		int before = s->requests;
		peer_send(&s->web, &p, probe->request);
		turn_until(s->web.loop, peer_status(&p));
		settle(s->web.loop);
		int handled = s->requests - before;
		if (peer_status(&p) != probe->status || handled != (probe->status == 200))
			fail_msg("%s: status %d, wanted %d; %d requests", probe->name,
			        peer_status(&p), probe->status, handled);
		if (probe->status != 200) {
			assert_true(peer_has(&p, "Connection: close\r\n"));
			assert_true(peer_ended(&p));
		}
		peer_close(&p);
	}
}

// The same bytes one at a time must come to the same end.
static void the_verdict_does_not_depend_on_packets(void **state)
{
	struct seen *s = *state;
	for (size_t i = 0; i < sizeof(probes) / sizeof(*probes); i++) {
		struct peer p = peer_connect(&s->web);
		for (const char *c = probes[i].request; *c; c++) {
			peer_send_bytes(&s->web, &p, c, 1);
			loop_turn(s->web.loop, 0);
			if (peer_ended(&p))
				break;
		}
		turn_until(s->web.loop, peer_status(&p));
		if (peer_status(&p) != probes[i].status)
			fail_msg("%s: status %d, wanted %d", probes[i].name, peer_status(&p),
			        probes[i].status);
		peer_close(&p);
	}
}

static void a_nul_never_gets_in(void **state)
{
	struct seen *s = *state;
	static const char *const with_nul[] = {
	        "GET /@ HTTP/1.1\r\n" H "\r\n",
	        "GET / HTTP/1.1\r\n" H "X: a@b\r\n\r\n",
	        "GET / HTTP/1.1\r\n" H "X@: b\r\n\r\n",
	        "G@T / HTTP/1.1\r\n" H "\r\n",
	};
	for (size_t i = 0; i < sizeof(with_nul) / sizeof(*with_nul); i++) {
		char *text = xstrdup(with_nul[i]);
		size_t len = strlen(text);
		struct peer p = peer_connect(&s->web);
		*strchr(text, '@') = 0;
		peer_send_bytes(&s->web, &p, text, len);
		turn_until(s->web.loop, peer_ended(&p));
		assert_int_equal(peer_status(&p), 400);
		peer_close(&p);
		free(text);
	}
	assert_int_equal(s->requests, 0);
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

#define with_web(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        with_web(a_request_is_taken_apart_and_answered),
	        with_web(malformed_requests_are_refused),
	        with_web(the_verdict_does_not_depend_on_packets),
	        with_web(a_nul_never_gets_in),
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
