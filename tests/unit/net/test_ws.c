// SPDX-License-Identifier: Apache-2.0
// WebSocket: both ends of the handshake, frames, limits, liveness.

#include "web_fixture.h"

#include "net/ws.h"

#define KEY        "dGhlIHNhbXBsZSBub25jZQ==" // with its answer from RFC 6455 §1.3
#define KEY_ANSWER "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define UPGRADE                                                                                    \
	"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" \
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n"                              \
	"Sec-WebSocket-Protocol: other, test.v1\r\n\r\n"

struct end {
	struct ws *ws;
	int opened, closed, texts, binaries;
	struct buf last;
	char reason[100];
};

struct fixture {
	struct web web;
	struct end server, client;
	bool echo;
	bool close_on_message;
};

static void remember(struct end *e, enum ws_event event, struct bytes data)
{
	if (event == WS_CLOSED) {
		snprintf(e->reason, sizeof(e->reason), "%.*s", (int)data.len,
		        (const char *)data.data);
		e->ws = NULL;
	}
	e->opened += event == WS_OPEN;
	e->closed += event == WS_CLOSED;
	e->texts += event == WS_TEXT;
	e->binaries += event == WS_BINARY;
	buf_clear(&e->last);
	buf_append_bytes(&e->last, data);
}

static void on_server(struct ws *w, enum ws_event event, struct bytes data, void *arg)
{
	struct fixture *f = arg;
	remember(&f->server, event, data);
	if (event == WS_CLOSED)
		return;
	if (f->echo)
		ws_send(w, event == WS_TEXT, data);
	if (f->close_on_message) {
		ws_close(w, 1000, "enough");
		f->server.ws = NULL;
	}
}

static void on_client(struct ws *w, enum ws_event event, struct bytes data, void *arg)
{
	struct fixture *f = arg;
	(void)w;
	remember(&f->client, event, data);
}

static void on_request(const struct http_request *r, void *arg)
{
	struct fixture *f = arg;
	int status;
	if (!ws_request_ok(r, "test.v1", &status)) {
		http_respond(f->web.server, r->id, status, NULL, bytes_str(""), NULL);
		return;
	}
	assert_true(bytes_is(r->path, "/ws"));
	f->server.ws = ws_accept(f->web.loop, f->web.server, r->id,
	        http_header(r, "sec-websocket-key", NULL), "test.v1", &ws_limits_default, on_server,
	        f);
	assert_non_null(f->server.ws);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	log_set_level(LOG_ERROR);
	web_start(&f->web, &http_limits_default, on_request, f);
	f->echo = true;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	if (f->client.ws)
		ws_close(f->client.ws, 1000, "test over");
	if (f->server.ws)
		ws_close(f->server.ws, 1000, "test over");
	settle(f->web.loop);
	web_stop(&f->web);
	buf_free(&f->server.last);
	buf_free(&f->client.last);
	free(f);
	return 0;
}

static void connect_client(struct fixture *f)
{
	f->client.ws = ws_connect(f->web.loop, "127.0.0.1", listener_port(f->web.listener), NULL,
	        "/ws", "test.v1", &ws_limits_default, on_client, f);
	turn_until(f->web.loop, f->client.opened && f->server.ws);
}

static struct peer connect_raw(struct fixture *f)
{
	struct peer p = peer_connect(&f->web);
	peer_send(&f->web, &p, UPGRADE);
	turn_until(f->web.loop, peer_has(&p, "\r\n\r\n"));
	buf_clear(&p.got);
	return p;
}

// A masked frame; the mask of zeros leaves the payload as it is.
static void send_frame(
        struct fixture *f, const struct peer *p, uint8_t first, const void *data, size_t len)
{
	struct buf out = {0};
	buf_append_char(&out, (char)first);
	if (len < 126) {
		buf_append_char(&out, (char)(0x80 | len));
	} else if (len < 65536) {
		buf_append(&out, (const uint8_t[]){0xfe, (uint8_t)(len >> 8), (uint8_t)len}, 3);
	} else {
		buf_append(&out, "\xff\0\0\0\0", 5);
		buf_append(&out,
		        (const uint8_t[]){(uint8_t)(len >> 24), (uint8_t)(len >> 16),
		                (uint8_t)(len >> 8), (uint8_t)len},
		        4);
	}
	buf_append(&out, "\0\0\0\0", 4);
	buf_append(&out, data, len);
	peer_send_bytes(&f->web, p, out.data, out.len);
	buf_free(&out);
}

static void messages_come_back_in_both_encodings(void **state)
{
	struct fixture *f = *state;
	connect_client(f);
	ws_send(f->client.ws, true, bytes_str("h\xc3\xa9llo"));
	turn_until(f->web.loop, f->client.texts == 1);
	assert_true(bytes_is(buf_bytes(&f->client.last), "h\xc3\xa9llo"));
	ws_send(f->client.ws, false, bytes_of("\0\xff\x80", 3));
	turn_until(f->web.loop, f->client.binaries == 1);
	assert_true(bytes_equal(buf_bytes(&f->client.last), bytes_of("\0\xff\x80", 3)));
	ws_send(f->client.ws, true, bytes_str(""));
	turn_until(f->web.loop, f->client.texts == 2);
	assert_int_equal(f->client.last.len, 0);
	assert_string_equal(ws_peer(f->server.ws), "127.0.0.1");
}

static void every_length_goes_through(void **state)
{
	struct fixture *f = *state;
	static const size_t lengths[] = {1, 125, 126, 127, 4095, 4096, 4097, 65535, 65536};
	char *data = xcalloc(1, 65536);
	memset(data, 'q', 65536);
	connect_client(f);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		ws_send(f->client.ws, true, bytes_of(data, lengths[i]));
		turn_until(f->web.loop, f->client.texts == (int)i + 1);
		assert_int_equal(f->client.last.len, lengths[i]);
	}
	free(data);
}

static void the_handshake_is_that_of_the_standard(void **state)
{
	struct fixture *f = *state;
	struct peer p = peer_connect(&f->web);
	peer_send(&f->web, &p, UPGRADE);
	turn_until(f->web.loop, peer_has(&p, "\r\n\r\n"));
	assert_true(peer_has(&p, "HTTP/1.1 101 Switching Protocols\r\n"));
	assert_true(peer_has(&p, "Sec-WebSocket-Accept: " KEY_ANSWER "\r\n"));
	assert_true(peer_has(&p, "Sec-WebSocket-Protocol: test.v1\r\n"));
	peer_close(&p);
}

static void a_frame_may_follow_the_handshake_at_once(void **state)
{
	struct fixture *f = *state;
	struct peer p = peer_connect(&f->web);
	peer_send_bytes(&f->web, &p, UPGRADE "\x81\x82\0\0\0\0hi", sizeof(UPGRADE) - 1 + 8);
	turn_until(f->web.loop, f->server.texts == 1);
	peer_close(&p);
}

static void bad_upgrades_are_refused(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *from, *to;
		int status;
	} bad[] = {
	        {"websocket", "websockets", 426},
	        {"keep-alive, Upgrade", "keep-alive", 426},
	        {"Version: 13", "Version: 8", 426},
	        {KEY, "short", 400},
	        {KEY, "dGhlIHNhbXBsZSBub25jZQ=*", 400},
	        {"other, test.v1", "other", 400},
	        {"GET", "HEAD", 400},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const char *at = strstr(UPGRADE, bad[i].from);
		struct peer p = peer_connect(&f->web);
		struct buf text = {0};
		buf_append(&text, UPGRADE, (size_t)(at - UPGRADE));
		buf_append_str(&text, bad[i].to);
		buf_append_str(&text, at + strlen(bad[i].from));
		peer_send(&f->web, &p, buf_str(&text));
		turn_until(f->web.loop, peer_status(&p));
		if (peer_status(&p) != bad[i].status)
			fail_msg("%s: %d", bad[i].to, peer_status(&p));
		buf_free(&text);
		peer_close(&p);
	}
	assert_null(f->server.ws);
}

// Hex of the close frame's code, as the server sends it.
static void expect_close(struct fixture *f, struct peer *p, unsigned code)
{
	turn_until(f->web.loop, peer_ended(p));
	assert_true(p->got.len >= 4);
	const uint8_t *end = p->got.data + p->got.len - 4;
	assert_int_equal(end[0], 0x88);
	assert_int_equal(end[2] << 8 | end[3], code);
	assert_int_equal(f->server.closed, 1);
	assert_int_equal(f->server.texts + f->server.binaries, 0);
	peer_close(p);
}

static void an_unmasked_frame_ends_it(void **state)
{
	struct fixture *f = *state;
	struct peer p = connect_raw(f);
	peer_send_bytes(&f->web, &p, "\x81\x02hi", 4);
	expect_close(f, &p, 1002);
}

static void reserved_bits_end_it(void **state)
{
	struct fixture *f = *state;
	struct peer p = connect_raw(f);
	send_frame(f, &p, 0xc1, "hi", 2);
	expect_close(f, &p, 1002);
}

static void text_that_is_not_utf8_ends_it(void **state)
{
	struct fixture *f = *state;
	struct peer p = connect_raw(f);
	send_frame(f, &p, 0x81, "\xed\xa0\x80", 3);
	expect_close(f, &p, 1007);
}

static void a_message_too_large_ends_it(void **state)
{
	struct fixture *f = *state;
	char *data = xcalloc(1, 65537);
	struct peer p = connect_raw(f);
	send_frame(f, &p, 0x82, data, 65537);
	expect_close(f, &p, 1009);
	free(data);
}

static void a_declared_length_too_large_ends_it_at_once(void **state)
{
	struct fixture *f = *state;
	struct peer p = connect_raw(f);
	peer_send_bytes(&f->web, &p, "\x82\xff\0\0\0\x7f\xff\xff\xff\xff\0\0\0\0x", 15);
	expect_close(f, &p, 1009);
}

static void fragments_make_one_message_up_to_their_limit(void **state)
{
	struct fixture *f = *state;
	struct peer p = connect_raw(f);
	send_frame(f, &p, 0x01, "a", 1);
	for (int i = 0; i < 62; i++) {
		send_frame(f, &p, 0x89, "", 0); // control frames in between don't count
		send_frame(f, &p, 0x00, "b", 1);
	}
	settle(f->web.loop);
	assert_int_equal(f->server.texts, 0);
	send_frame(f, &p, 0x80, "c", 1);
	turn_until(f->web.loop, f->server.texts == 1);
	assert_int_equal(f->server.last.len, 64);
	peer_close(&p);
}

static void too_many_fragments_end_it(void **state)
{
	struct fixture *f = *state;
	struct peer p = connect_raw(f);
	send_frame(f, &p, 0x01, "a", 1);
	for (int i = 0; i < 64; i++)
		send_frame(f, &p, 0x00, "", 0);
	expect_close(f, &p, 1009);
}

static void a_message_may_come_byte_by_byte(void **state)
{
	struct fixture *f = *state;
	struct peer p = connect_raw(f);
	static const char frames[] = "\x01\x82\0\0\0\0ab\x89\x80\0\0\0\0\x80\x81\0\0\0\0c"
	                             "\x82\xfe\0\x7e\0\0\0\0";
	struct buf all = {0};
	buf_append(&all, frames, sizeof(frames) - 1);
	for (int i = 0; i < 126; i++)
		buf_append_char(&all, 'z');
	for (size_t i = 0; i < all.len; i++) {
		peer_send_bytes(&f->web, &p, all.data + i, 1);
		settle(f->web.loop);
	}
	assert_int_equal(f->server.texts, 1);
	assert_int_equal(f->server.binaries, 1);
	assert_int_equal(f->server.last.len, 126);
	buf_free(&all);
	peer_close(&p);
}

static void a_silent_peer_is_asked_and_then_cut(void **state)
{
	struct fixture *f = *state;
	struct peer p = connect_raw(f);
	f->web.clock.now += 9999;
	settle(f->web.loop);
	peer_read(&p);
	assert_int_equal(p.got.len, 0);
	f->web.clock.now += 1;
	turn_until(f->web.loop, (peer_read(&p), p.got.len == 2));
	assert_memory_equal(p.got.data, "\x89\0", 2);
	f->web.clock.now += 9999;
	settle(f->web.loop);
	assert_int_equal(f->server.closed, 0);
	f->web.clock.now += 1;
	turn_until(f->web.loop, f->server.closed);
	assert_string_equal(f->server.reason, "silent");
	turn_until(f->web.loop, peer_ended(&p));
	peer_close(&p);
}

static void answers_to_pings_keep_it_alive(void **state)
{
	struct fixture *f = *state;
	connect_client(f);
	for (int i = 0; i < 20; i++) {
		f->web.clock.now += 5000;
		settle(f->web.loop);
	}
	assert_int_equal(f->server.closed + f->client.closed, 0);
	ws_send(f->client.ws, true, bytes_str("still here"));
	turn_until(f->web.loop, f->client.texts == 1);
}

static void a_peer_that_does_not_read_is_cut(void **state)
{
	struct fixture *f = *state;
	struct peer p = connect_raw(f);
	char *data = xcalloc(1, 65536);
	int sent = 0;
	while (f->server.ws && sent < 1000) {
		for (int i = 0; i < 20 && f->server.ws; i++, sent++)
			ws_send(f->server.ws, false, bytes_of(data, 65536));
		settle(f->web.loop);
	}
	assert_true(sent < 1000);
	assert_string_equal(f->server.reason, "too much output unread");
	free(data);
	peer_close(&p);
}

static void closing_tells_the_peer_why(void **state)
{
	struct fixture *f = *state;
	connect_client(f);
	f->close_on_message = true;
	ws_send(f->client.ws, true, bytes_str("bye"));
	ws_send(f->client.ws, true, bytes_str("this one is too late"));
	turn_until(f->web.loop, f->client.closed);
	assert_int_equal(f->server.texts, 1);
	assert_int_equal(f->client.texts, 1);
	assert_string_equal(f->client.reason, "closed by the peer with code 1000");
	assert_int_equal(f->server.closed, 0);
}

static void a_closing_peer_is_answered(void **state)
{
	struct fixture *f = *state;
	struct peer p = connect_raw(f);
	send_frame(f, &p, 0x88, "\x03\xe9", 2);
	turn_until(f->web.loop, peer_ended(&p));
	assert_int_equal(p.got.len, 4);
	assert_memory_equal(p.got.data, "\x88\x02\x03\xe9", 4);
	assert_string_equal(f->server.reason, "closed by the peer with code 1001");
	peer_close(&p);
}

static void a_server_that_refuses_is_reported(void **state)
{
	struct fixture *f = *state;
	f->client.ws = ws_connect(f->web.loop, "127.0.0.1", listener_port(f->web.listener), NULL,
	        "/ws", "unknown.v9", &ws_limits_default, on_client, f);
	turn_until(f->web.loop, f->client.closed);
	assert_int_equal(f->client.opened, 0);
	assert_string_equal(f->client.reason, "the server refused the upgrade");
}

static void a_server_that_is_not_there_is_reported(void **state)
{
	struct fixture *f = *state;
	uint16_t port = listener_port(f->web.listener);
	listener_stop(f->web.listener);
	f->client.ws = ws_connect(f->web.loop, "127.0.0.1", port, NULL, "/ws", "test.v1",
	        &ws_limits_default, on_client, f);
	assert_int_equal(f->client.closed, 0);
	turn_until(f->web.loop, f->client.closed);
	assert_non_null(strstr(f->client.reason, "refused"));
}

#define with_web(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        with_web(messages_come_back_in_both_encodings),
	        with_web(every_length_goes_through),
	        with_web(the_handshake_is_that_of_the_standard),
	        with_web(a_frame_may_follow_the_handshake_at_once),
	        with_web(bad_upgrades_are_refused),
	        with_web(an_unmasked_frame_ends_it),
	        with_web(reserved_bits_end_it),
	        with_web(text_that_is_not_utf8_ends_it),
	        with_web(a_message_too_large_ends_it),
	        with_web(a_declared_length_too_large_ends_it_at_once),
	        with_web(fragments_make_one_message_up_to_their_limit),
	        with_web(too_many_fragments_end_it),
	        with_web(a_message_may_come_byte_by_byte),
	        with_web(a_silent_peer_is_asked_and_then_cut),
	        with_web(answers_to_pings_keep_it_alive),
	        with_web(a_peer_that_does_not_read_is_cut),
	        with_web(closing_tells_the_peer_why),
	        with_web(a_closing_peer_is_answered),
	        with_web(a_server_that_refuses_is_reported),
	        with_web(a_server_that_is_not_there_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
