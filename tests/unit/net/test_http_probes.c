// SPDX-License-Identifier: Apache-2.0
// The HTTP server against malformed requests, and the status that each gets.

#include "http_seen.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        with_web(malformed_requests_are_refused),
	        with_web(the_verdict_does_not_depend_on_packets),
	        with_web(a_nul_never_gets_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
