// SPDX-License-Identifier: Apache-2.0
// The HTTP client: what it sends, and the verdict on what became of a call.

#include "web_fixture.h"

#include "base/log.h"
#include "net/http_client.h"

struct fixture {
	struct web web;
	struct http_client *client;
	struct listener *blunt; // accepts and then does as `blunt_*` say
	struct conn *blunt_conn;
	bool blunt_closes, blunt_reads;
	int requests;
	uint64_t held;
	char seen[1000];
	struct buf answer; // what the server sends
	int results;
	uint64_t tag;
	enum http_outcome outcome;
	int status;
	int64_t retry_after_s;
	struct buf body;
	char error[100];
	bool free_in_callback;
};

static void on_request(const struct http_request *r, void *arg)
{
	struct fixture *f = arg;
	struct bytes auth = http_header(r, "authorization", NULL);
	struct bytes extra = http_header(r, "x-extra", NULL);
	snprintf(f->seen, sizeof(f->seen), "%s %.*s auth=%.*s extra=%.*s body=%.*s", r->method,
	        (int)r->target.len, (const char *)r->target.data, (int)auth.len,
	        (const char *)auth.data, (int)extra.len, (const char *)extra.data, (int)r->body.len,
	        (const char *)r->body.data);
	f->requests++;
	if (bytes_is(r->path, "/hold"))
		f->held = r->id;
	else if (bytes_is(r->path, "/redirect"))
		http_respond(f->web.server, r->id, 302, NULL, bytes_str(""),
		        "Location: http://127.0.0.1:1/\r\n");
	else if (bytes_is(r->path, "/later"))
		http_respond(f->web.server, r->id, 429, NULL, bytes_str(""), "Retry-After: 7\r\n");
	else
		http_respond(f->web.server, r->id, 201, "text/plain", buf_bytes(&f->answer), NULL);
}

static void on_blunt_conn(struct conn *c, enum conn_event event, void *arg)
{
	struct fixture *f = arg;
	bool over = event == CONN_CLOSED || event == CONN_ERROR;
	if (over || (event == CONN_DATA && f->blunt_reads && f->blunt_closes)) {
		conn_close(c, "test");
		f->blunt_conn = NULL;
	}
}

static void on_blunt(struct conn *c, void *arg)
{
	struct fixture *f = arg;
	f->requests++;
	if (f->blunt_closes && !f->blunt_reads) {
		conn_close(c, "test");
		return;
	}
	f->blunt_conn = c;
	conn_set_callback(c, on_blunt_conn, f);
}

static int set_up(void **state)
{
	const struct listener_limits admit = {.total = 10, .handshake_ms = 1000};
	struct fixture *f = xcalloc(1, sizeof(*f));
	log_set_level(LOG_ERROR);
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	web_start(&f->web, &http_limits_default, on_request, f);
	f->client = http_client_new(f->web.loop);
	f->blunt = listener_new(
	        f->web.loop, "blunt", "127.0.0.1", 0, NULL, &admit, on_blunt, f, &f->web.error);
	buf_append_str(&f->answer, "fine");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	http_client_free(f->client);
	if (f->blunt_conn)
		conn_close(f->blunt_conn, "test over");
	listener_free(f->blunt);
	settle(f->web.loop);
	web_stop(&f->web);
	buf_free(&f->answer);
	buf_free(&f->body);
	free(f);
	return 0;
}

static void on_done(uint64_t tag, const struct http_result *r, void *arg)
{
	struct fixture *f = arg;
	f->results++;
	f->tag = tag;
	f->outcome = r->outcome;
	f->status = r->status;
	f->retry_after_s = r->retry_after_s;
	buf_clear(&f->body);
	buf_append_bytes(&f->body, r->body);
	snprintf(f->error, sizeof(f->error), "%s", r->error);
	if (f->free_in_callback) {
		http_client_free(f->client);
		f->client = NULL;
	}
}

static void call(struct fixture *f, const char *method, uint16_t port, const char *path,
        const char *body, int64_t timeout_ms)
{
	static const char *const headers[] = {"X-Extra: 1", "Content-Type: text/x-test", NULL};
	char url[200];
	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port, path);
	const struct http_call c = {
	        .method = method,
	        .url = url,
	        .headers = headers,
	        .body = bytes_str(body),
	        .user = "me",
	        .password = "secret",
	        .timeout_ms = timeout_ms,
	};
	http_client_call(f->client, &c, 77, on_done, f);
	assert_int_equal(f->results, 0);
}

static void finish(struct fixture *f, enum http_outcome outcome)
{
	turn_until(f->web.loop, f->results);
	settle(f->web.loop);
	assert_int_equal(f->results, 1);
	assert_int_equal(f->tag, 77);
	if (f->outcome != outcome)
		fail_msg("outcome %d, wanted %d: %s", f->outcome, outcome, f->error);
	assert_int_equal(http_client_open(f->client), 0);
	assert_true((outcome == HTTP_ANSWERED) == (f->error[0] == 0));
}

static void a_call_is_answered(void **state)
{
	struct fixture *f = *state;
	call(f, "POST", listener_port(f->web.listener), "/x?y", "a=b", 5000);
	assert_int_equal(http_client_open(f->client), 1);
	finish(f, HTTP_ANSWERED);
	assert_int_equal(f->status, 201);
	assert_true(bytes_is(buf_bytes(&f->body), "fine"));
	assert_string_equal(f->seen, "POST /x?y auth=Basic bWU6c2VjcmV0 extra=1 body=a=b");
}

static void a_get_and_an_empty_post_are_answered(void **state)
{
	struct fixture *f = *state;
	call(f, "GET", listener_port(f->web.listener), "/g", "", 5000);
	finish(f, HTTP_ANSWERED);
	assert_memory_equal(f->seen, "GET /g ", 7);
	f->results = 0;
	call(f, "POST", listener_port(f->web.listener), "/p", "", 5000);
	finish(f, HTTP_ANSWERED);
	assert_memory_equal(f->seen, "POST /p ", 8);
}

static void a_redirect_is_an_answer_and_not_followed(void **state)
{
	struct fixture *f = *state;
	call(f, "GET", listener_port(f->web.listener), "/redirect", "", 5000);
	finish(f, HTTP_ANSWERED);
	assert_int_equal(f->status, 302);
}

static void a_peer_says_when_to_come_again(void **state)
{
	struct fixture *f = *state;
	call(f, "POST", listener_port(f->web.listener), "/later", "a=b", 5000);
	finish(f, HTTP_ANSWERED);
	assert_int_equal(f->status, 429);
	assert_int_equal(f->retry_after_s, 7);
	f->results = 0;
	call(f, "POST", listener_port(f->web.listener), "/x", "a=b", 5000);
	finish(f, HTTP_ANSWERED);
	assert_int_equal(f->retry_after_s, 0);
}

static void a_refused_port_was_not_sent_to(void **state)
{
	struct fixture *f = *state;
	uint16_t port = listener_port(f->blunt);
	listener_stop(f->blunt);
	call(f, "POST", port, "/", "a=b", 5000);
	finish(f, HTTP_NOT_SENT);
}

static void a_bad_url_was_not_sent(void **state)
{
	struct fixture *f = *state;
	const struct http_call c = {
	        .method = "GET", .url = "file:///etc/hostname", .timeout_ms = 1000};
	http_client_call(f->client, &c, 77, on_done, f);
	assert_int_equal(f->results, 0);
	finish(f, HTTP_NOT_SENT);
}

static void a_failed_handshake_was_not_sent_to(void **state)
{
	struct fixture *f = *state;
	char url[100];
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/", listener_port(f->web.listener));
	const struct http_call c = {.method = "POST", .url = url, .timeout_ms = 5000};
	http_client_call(f->client, &c, 77, on_done, f);
	finish(f, HTTP_NOT_SENT);
}

static void a_handshake_that_hangs_was_not_sent_to(void **state)
{
	struct fixture *f = *state;
	char url[100];
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/", listener_port(f->blunt));
	const struct http_call c = {.method = "POST", .url = url, .timeout_ms = 200};
	http_client_call(f->client, &c, 77, on_done, f);
	finish(f, HTTP_NOT_SENT);
}

static void call_https(struct fixture *f, uint16_t port, const char *host, const char *ca)
{
	char url[100];
	snprintf(url, sizeof(url), "https://%s:%u/", host, port);
	const struct http_call c = {
	        .method = "POST", .url = url, .ca_file = ca, .timeout_ms = 5000};
	f->results = 0;
	http_client_call(f->client, &c, 77, on_done, f);
}

static void a_certificate_is_always_verified(void **state)
{
	struct fixture *f = *state;
	const struct listener_limits admit = {.total = 10, .handshake_ms = 1000};
	struct test_pki pki;
	pki_make(&pki);
	struct tls_ctx *tls = tls_server_new(pki.cert, pki.key, "", &f->web.error);
	struct listener *li = listener_new(f->web.loop, "tls", "127.0.0.1", 0, tls, &admit,
	        http_server_accept, f->web.server, &f->web.error);
	call_https(f, listener_port(li), "localhost", pki.ca);
	finish(f, HTTP_ANSWERED);
	call_https(f, listener_port(li), "localhost", NULL);
	finish(f, HTTP_NOT_SENT);
	call_https(f, listener_port(li), "127.0.0.2", pki.ca);
	finish(f, HTTP_NOT_SENT);
	assert_int_equal(f->requests, 1);
	listener_free(li);
	tls_unref(tls);
	pki_remove(&pki);
}

static void a_connection_closed_unanswered_is_ambiguous(void **state)
{
	struct fixture *f = *state;
	f->blunt_closes = true;
	f->blunt_reads = true;
	call(f, "POST", listener_port(f->blunt), "/", "a=b", 5000);
	finish(f, HTTP_AMBIGUOUS);
	assert_int_equal(f->requests, 1); // and not tried again
}

static void a_connection_closed_at_once_is_ambiguous(void **state)
{
	struct fixture *f = *state;
	f->blunt_closes = true;
	call(f, "POST", listener_port(f->blunt), "/", "a=b", 5000);
	finish(f, HTTP_AMBIGUOUS);
	assert_int_equal(f->requests, 1);
}

static void silence_after_the_request_is_ambiguous(void **state)
{
	struct fixture *f = *state;
	call(f, "POST", listener_port(f->web.listener), "/hold", "a=b", 200);
	finish(f, HTTP_AMBIGUOUS);
	assert_int_equal(f->requests, 1);
}

static void an_answer_too_large_is_ambiguous(void **state)
{
	struct fixture *f = *state;
	while (f->answer.len < 256 * 1024)
		buf_append_char(&f->answer, 'x');
	f->answer.len = 256 * 1024;
	call(f, "GET", listener_port(f->web.listener), "/", "", 5000);
	finish(f, HTTP_ANSWERED);
	assert_int_equal(f->body.len, 256 * 1024);
	f->results = 0;
	buf_append_char(&f->answer, 'x');
	call(f, "GET", listener_port(f->web.listener), "/", "", 5000);
	finish(f, HTTP_AMBIGUOUS);
	assert_string_equal(f->error, "the answer is too large");
}

static void an_unreachable_unix_socket_was_not_sent_to(void **state)
{
	struct fixture *f = *state;
	const struct http_call c = {.method = "POST",
	        .url = "http://localhost/",
	        .unix_socket = "/nonexistent/socket",
	        .timeout_ms = 1000};
	http_client_call(f->client, &c, 77, on_done, f);
	finish(f, HTTP_NOT_SENT);
}

static void a_kept_connection_never_repeats_a_request(void **state)
{
	struct fixture *f = *state;
	call(f, "POST", listener_port(f->web.listener), "/1", "", 5000);
	finish(f, HTTP_ANSWERED);
	f->results = 0;
	call(f, "POST", listener_port(f->web.listener), "/hold", "", 5000);
	turn_until(f->web.loop, f->held);
	http_server_free(f->web.server);
	f->web.server = NULL;
	finish(f, HTTP_AMBIGUOUS);
	assert_int_equal(f->requests, 2);
}

static void freeing_ends_calls_without_a_callback(void **state)
{
	struct fixture *f = *state;
	call(f, "POST", listener_port(f->web.listener), "/hold", "a", 5000);
	turn_until(f->web.loop, f->requests);
	http_client_free(f->client);
	f->client = NULL;
	settle(f->web.loop);
	assert_int_equal(f->results, 0);
}

static void freeing_in_the_callback_is_safe(void **state)
{
	struct fixture *f = *state;
	f->free_in_callback = true;
	call(f, "POST", listener_port(f->web.listener), "/hold", "a", 5000);
	call(f, "POST", listener_port(f->web.listener), "/1", "a", 5000);
	turn_until(f->web.loop, f->results);
	settle(f->web.loop);
	assert_int_equal(f->results, 1);
}

#define with_web(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        with_web(a_call_is_answered),
	        with_web(a_get_and_an_empty_post_are_answered),
	        with_web(a_redirect_is_an_answer_and_not_followed),
	        with_web(a_peer_says_when_to_come_again),
	        with_web(a_refused_port_was_not_sent_to),
	        with_web(a_bad_url_was_not_sent),
	        with_web(a_failed_handshake_was_not_sent_to),
	        with_web(a_handshake_that_hangs_was_not_sent_to),
	        with_web(a_certificate_is_always_verified),
	        with_web(a_connection_closed_unanswered_is_ambiguous),
	        with_web(a_connection_closed_at_once_is_ambiguous),
	        with_web(silence_after_the_request_is_ambiguous),
	        with_web(an_answer_too_large_is_ambiguous),
	        with_web(an_unreachable_unix_socket_was_not_sent_to),
	        with_web(a_kept_connection_never_repeats_a_request),
	        with_web(freeing_ends_calls_without_a_callback),
	        with_web(freeing_in_the_callback_is_safe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
