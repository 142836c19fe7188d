// SPDX-License-Identifier: Apache-2.0
// Kannel: the secret in the path, bodies in UTF-8 and UTF-16, sendsms, delivery reports; how texts
// are cut into parts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/gsm7.h"
#include "edge/gateways.h"
#include "request.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define QUERY    "id=8cd820ab-1&from=%2B15005550001&to=741741&ts=1767225600"
#define MESSAGES "/v1/gateways/kannel/messages/s3cret"

static struct gateway gateway;
static const struct gateway_provider *kannel;
static struct buf error;

static int set_up(void **state)
{
	(void)state;
	kannel = gateway_provider("kannel");
	gateway = (struct gateway){
	        .name = "kannel",
	        .provider = kannel,
	        .account = "router",
	        .secret = bytes_str("routerpw"),
	        .path_secret = bytes_str("s3cret"),
	        .public_url = "https://127.0.0.1:8443",
	        .send_url = "http://127.0.0.1:13013",
	        .send_socket = "",
	        .send_ca_file = "",
	        .validity_s = 90,
	};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_free(&error);
	return 0;
}

// ---- who may post

static bool verify(const char *secret, bool certificate)
{
	struct gateway_request r =
	        test_request("POST", MESSAGES "?" QUERY, "", bytes_str("hi"), NULL);
	r.path_secret = bytes_str(secret);
	r.peer_verified = certificate;
	buf_clear(&error);
	bool ok = kannel->verify(&gateway, &r, &error);
	assert_int_equal(ok, error.len == 0);
	assert_null(strstr(buf_str(&error), "s3cret"));
	return ok;
}

static void test_path_secret(void **state)
{
	(void)state;
	assert_true(verify("s3cret", false));
	static const char *const wrong[] = {"", "s", "S3cret", "s3cret ", "s3cret2", "s3cre"};
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_false(verify(wrong[i], true));
	gateway.path_secret = bytes_str("new\ns3cret\n");
	assert_true(verify("s3cret", false));
	assert_true(verify("new", false));
	assert_false(verify("", false));
	assert_false(verify("new\ns3cret", false));
}

static void test_client_certificate(void **state)
{
	(void)state;
	gateway.require_client_certificate = true;
	assert_false(verify("s3cret", false));
	assert_false(verify("wrong", true));
	assert_true(verify("s3cret", true));
	gateway.path_secret = bytes_str("");
	assert_true(verify("", true));
	assert_false(verify("", false));
}

static void test_neither_fails_closed(void **state)
{
	(void)state;
	gateway.path_secret = bytes_str("");
	assert_false(verify("", true));
	assert_false(verify("s3cret", true));
	assert_false(kannel->check(&gateway, &error));
}

// ---- texts

static enum gateway_parse parse(
        const char *query, const char *content_type, struct bytes body, struct gateway_inbound *in)
{
	struct buf target = {0};
	buf_printf(&target, MESSAGES "?%s", query);
	struct gateway_request r = test_request("POST", buf_str(&target), content_type, body, NULL);
	gateway_inbound_free(in);
	enum gateway_parse result = kannel->parse_inbound(&gateway, &r, in);
	buf_free(&target);
	return result;
}

static void test_text(void **state)
{
	(void)state;
	struct gateway_inbound in = {0};
	assert_int_equal(parse(QUERY "&coding=0&charset=UTF-8", "text/plain; charset=\"UTF-8\"",
	                         bytes_str("I need help"), &in),
	        GATEWAY_PARSED);
	assert_string_equal(buf_str(&in.provider_id), "8cd820ab-1");
	assert_string_equal(buf_str(&in.from), "+15005550001");
	assert_string_equal(buf_str(&in.to), "741741");
	assert_string_equal(buf_str(&in.text), "I need help");
	assert_int_equal(in.provider_ms, 1767225600000);
	assert_false(in.damaged);
	gateway_inbound_free(&in);
}

#define UTF16 "\0H\0i\0 \xd8\x3d\xde\x30"
#define UTF8  "Hi \xf0\x9f\x98\xb0"

// The label of the body counts first, then the query's charset, then its coding.
static void test_character_sets(void **state)
{
	(void)state;
	static const struct {
		const char *query;
		const char *content_type;
		bool utf16;
	} cases[] = {
	        {QUERY "&coding=2&charset=UTF-16BE", "text/plain; charset=\"UTF-16BE\"", true},
	        {QUERY, "text/plain;charset=utf-16be", true},
	        {QUERY, "Text/Plain; Format=flowed ; CHARSET = UCS-2", true},
	        {QUERY "&coding=2&charset=UTF-16BE", "text/plain", true},
	        {QUERY "&charset=UTF-16BE", "", true},
	        {QUERY "&coding=2", "text/plain", true},
	        {QUERY "&coding=2&charset=", "application/octet-stream", true},
	        {QUERY "&coding=2&charset=UTF-16BE", "text/plain; charset=UTF-8", false},
	        {QUERY "&coding=2&charset=UTF-8", "text/plain", false},
	        {QUERY "&coding=0", "text/plain", false},
	        {QUERY "&coding=2x&charset=", "text/plain; charset", false},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct gateway_inbound in = {0};
		struct bytes body =
		        cases[i].utf16 ? bytes_of(UTF16, sizeof UTF16 - 1) : bytes_str(UTF8);
		assert_int_equal(
		        parse(cases[i].query, cases[i].content_type, body, &in), GATEWAY_PARSED);
		if (!bytes_is(buf_bytes(&in.text), UTF8) || in.damaged)
			fail_msg("case %zu: %s", i, buf_str(&in.text));
		gateway_inbound_free(&in);
	}
}

static void test_damaged_texts(void **state)
{
	(void)state;
	static const struct {
		const char *type;
		const char *body;
		size_t len;
		const char *text;
		size_t text_len;
		bool damaged;
	} cases[] = {
	        {"text/plain; charset=UTF-16BE", "\0A\xd8\x3d", 4, "A\xef\xbf\xbd", 4, true},
	        {"text/plain; charset=UTF-16BE", "\0A\xd8", 3, "A\xef\xbf\xbd", 4, true},
	        {"text/plain; charset=UTF-8", "a\xff", 2, "a\xef\xbf\xbd", 4, true},
	        {"text/plain; charset=UTF-8", "a\0b", 3, "a\0b", 3, false},
	        {"text/plain", "", 0, "", 0, false},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct gateway_inbound in = {0};
		assert_int_equal(
		        parse(QUERY, cases[i].type, bytes_of(cases[i].body, cases[i].len), &in),
		        GATEWAY_PARSED);
		assert_true(bytes_equal(
		        buf_bytes(&in.text), bytes_of(cases[i].text, cases[i].text_len)));
		assert_int_equal(in.damaged, cases[i].damaged);
		gateway_inbound_free(&in);
	}
}

static void test_numbers_and_times(void **state)
{
	(void)state;
	static const struct {
		const char *query;
		const char *from;
		int64_t ms;
	} cases[] = {
	        {"id=1&from=+15005550001&to=741741", "+15005550001", 0},
	        {"id=1&from=%2B15005550001&to=741741&ts=x", "+15005550001", 0},
	        {"id=1&from=15005550001&to=741741&ts=-5", "15005550001", 0},
	        {"id=1&from=262966&to=741741&ts=99999999999999999999", "262966", 0},
	        {"id=1&from=262966&to=741741&ts=18446744073709551", "262966", 0},
	        {"id=1&from=MTN&to=741741&ts=1", "MTN", 1000},
	};
	struct gateway_inbound in = {0};
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
		        parse(cases[i].query, "text/plain", bytes_str("hi"), &in), GATEWAY_PARSED);
		assert_string_equal(buf_str(&in.from), cases[i].from);
		assert_int_equal(in.provider_ms, cases[i].ms);
	}
	gateway_inbound_free(&in);
}

static void test_what_is_missing(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "id=1&from=a", "id=1&to=a", "from=a&to=b",
	        "id=&from=a&to=b", "id=1&from=&to=b", "id=1&from=a&to=", "id=1&from=%zz&to=b",
	        "id=1&from=a%0d%0ab&to=c", "id=a%00b&from=a&to=c"};
	struct gateway_inbound in = {0};
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(
		        parse(bad[i], "text/plain", bytes_str("hi"), &in), GATEWAY_UNPARSABLE);
		assert_true(in.error.len > 0);
	}
	gateway_inbound_free(&in);
}

// ---- receipts

static void test_receipts(void **state)
{
	(void)state;
	static const struct {
		const char *query;
		enum gateway_parse parse;
		enum delivery delivery;
	} cases[] = {
	        {"?id=m1&type=1&fid=f1", GATEWAY_PARSED, DELIVERY_DELIVERED},
	        {"?id=m1&type=2&fid=f1", GATEWAY_PARSED, DELIVERY_FAILED},
	        {"?id=m1&type=4&fid=", GATEWAY_IGNORED, 0},
	        {"?id=m1&type=8&fid=", GATEWAY_PARSED, DELIVERY_SENT},
	        {"?id=m1&type=16", GATEWAY_PARSED, DELIVERY_FAILED},
	        {"?id=m1&type=32", GATEWAY_IGNORED, 0},
	        {"?id=m1&type=3", GATEWAY_UNPARSABLE, 0},
	        {"?id=m1&type=", GATEWAY_UNPARSABLE, 0},
	        {"?id=m1", GATEWAY_UNPARSABLE, 0},
	        {"?type=1&fid=f1", GATEWAY_UNPARSABLE, 0},
	        {"", GATEWAY_UNPARSABLE, 0},
	};
	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		struct gateway_receipt out = {0};
		const char *query = cases[i / 2].query;
		struct buf target = {0};
		buf_printf(&target, "/v1/gateways/kannel/receipts/s3cret%s", query);
		struct gateway_request r = test_request(
		        i % 2 ? "GET" : "POST", buf_str(&target), "", bytes_str(""), NULL);
		assert_int_equal(kannel->parse_receipt(&gateway, &r, &out), cases[i / 2].parse);
		if (cases[i / 2].parse == GATEWAY_PARSED) {
			assert_int_equal(out.delivery, cases[i / 2].delivery);
			assert_string_equal(buf_str(&out.message), "m1");
			assert_int_equal(out.delivery == DELIVERY_FAILED, out.error.len > 0);
		}
		gateway_receipt_free(&out);
		buf_free(&target);
	}
}

// ---- sends

static const char *header(struct gateway_call *call, const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < call->headers_count; i++) {
		const char *line = buf_str(&call->headers[i]);
		if (strncmp(line, name, len) == 0 && strncmp(line + len, ": ", 2) == 0)
			return line + len + 2;
	}
	return "";
}

static struct gateway_send send_of(const char *text)
{
	return (struct gateway_send){
	        .message = "m1", .from = "741741", .to = "+15005550001", .text = bytes_str(text)};
}

static void test_build_send(void **state)
{
	(void)state;
	struct gateway_send s = send_of("I\u2019m here \xf0\x9f\x98\xb0");
	struct gateway_call call = {0};
	gateway.path_secret = bytes_str("a/b c\nold");
	assert_true(kannel->build_send(&gateway, &s, &call, &error));
	assert_string_equal(call.method, "POST");
	assert_string_equal(buf_str(&call.url), "http://127.0.0.1:13013/cgi-bin/sendsms");
	assert_true(bytes_equal(buf_bytes(&call.body), s.text));
	assert_string_equal(header(&call, "Content-Type"), "text/plain; charset=UTF-8");
	assert_string_equal(header(&call, "X-Kannel-Username"), "router");
	assert_string_equal(header(&call, "X-Kannel-Password"), "routerpw");
	assert_string_equal(header(&call, "X-Kannel-From"), "741741");
	assert_string_equal(header(&call, "X-Kannel-To"), "+15005550001");
	assert_string_equal(header(&call, "X-Kannel-Coding"), "2");
	assert_string_equal(header(&call, "X-Kannel-DLR-Mask"), "31");
	assert_string_equal(header(&call, "X-Kannel-Validity"), "2");
	assert_string_equal(header(&call, "X-Kannel-DLR-URL"),
	        "https://127.0.0.1:8443/v1/gateways/kannel/receipts/a%%2Fb%%20c?id=m1"
	        "&type=%d&fid=%F");
	assert_null(call.user);
	gateway_call_free(&call);
}

static void test_plain_text_is_gsm7(void **state)
{
	(void)state;
	struct gateway_send s = send_of("Caf\u00e9 \u20ac5 [ok]");
	struct gateway_call call = {0};
	gateway.path_secret = bytes_str("");
	assert_true(kannel->build_send(&gateway, &s, &call, &error));
	assert_string_equal(header(&call, "X-Kannel-Coding"), "0");
	assert_string_equal(header(&call, "X-Kannel-DLR-URL"),
	        "https://127.0.0.1:8443/v1/gateways/kannel/receipts?id=m1&type=%d&fid=%F");
	gateway_call_free(&call);
}

static void refuse_send(struct gateway_send s)
{
	struct gateway_call call = {0};
	buf_clear(&error);
	assert_false(kannel->build_send(&gateway, &s, &call, &error));
	assert_true(error.len > 0);
	gateway_call_free(&call);
}

static void test_sends_that_cannot_be(void **state)
{
	(void)state;
	struct gateway_send s = send_of("");
	refuse_send(s);
	s = send_of("hi");
	s.to = "";
	refuse_send(s);
	s.to = "+1500\r\nX-Kannel-SMSC: other";
	refuse_send(s);
	s = send_of("hi");
	s.from = "a\nb";
	refuse_send(s);
	char text[10 * 153 + 2];
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	refuse_send(send_of(text));
	text[sizeof text - 2] = '\0';
	struct gateway_call call = {0};
	s = send_of(text);
	assert_true(kannel->build_send(&gateway, &s, &call, &error));
	gateway_call_free(&call);
}

static void test_send_replies(void **state)
{
	(void)state;
	static const struct {
		int status;
		enum gateway_outcome outcome;
	} cases[] = {{202, GATEWAY_SENT}, {200, GATEWAY_AMBIGUOUS}, {301, GATEWAY_RETRY},
	        {400, GATEWAY_PERMANENT}, {401, GATEWAY_RETRY}, {403, GATEWAY_RETRY},
	        {404, GATEWAY_RETRY}, {408, GATEWAY_AMBIGUOUS}, {413, GATEWAY_PERMANENT},
	        {429, GATEWAY_RETRY}, {500, GATEWAY_AMBIGUOUS}, {502, GATEWAY_AMBIGUOUS},
	        {503, GATEWAY_RETRY}, {0, GATEWAY_AMBIGUOUS}};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct gateway_reply out = {0};
		kannel->parse_send_reply(&gateway, cases[i].status, bytes_str("hi"), &out);
		if (out.outcome != cases[i].outcome)
			fail_msg("%d: outcome %d", cases[i].status, out.outcome);
		assert_int_equal(out.outcome == GATEWAY_SENT, out.error.len == 0);
		assert_int_equal(out.provider_id.len, 0);
		gateway_reply_free(&out);
	}
}

// ---- parts: counts as npm sms-segments-calculator 1.3.0 gives them

static void test_segments(void **state)
{
	(void)state;
	static const struct {
		const char *unit;
		size_t times;
		bool gsm7;
		size_t segments;
	} cases[] = {
	        {"a", 160, true, 1},
	        {"a", 161, true, 2},
	        {"a", 306, true, 2},
	        {"a", 307, true, 3},
	        {"a", 1600, true, 11},
	        {"\u20ac", 80, true, 1},
	        {"\u20ac", 81, true, 2},
	        {"@\u00a3\n\r\u00e0\u03a9", 1, true, 1},
	        {"`", 1, false, 1},
	        {"\t", 1, false, 1},
	        {"\u044f", 70, false, 1},
	        {"\u044f", 71, false, 2},
	        {"\u044f", 1600, false, 24},
	        {"\xf0\x9f\x98\xb0", 35, false, 1},
	        {"\xf0\x9f\x98\xb0", 36, false, 2},
	        {"\xf0\x9f\x98\xb0", 66, false, 2},
	        {"\xf0\x9f\x98\xb0", 67, false, 3},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf text = {0};
		for (size_t n = 0; n < cases[i].times; n++)
			buf_append_str(&text, cases[i].unit);
		struct sms_shape shape = sms_shape(buf_bytes(&text));
		if (shape.segments != cases[i].segments || shape.gsm7 != cases[i].gsm7)
			fail_msg("case %zu: %zu parts", i, shape.segments);
		buf_free(&text);
	}
}

static void test_check(void **state)
{
	(void)state;
	assert_true(kannel->check(&gateway, &error));
	gateway.account = "a\r\nb";
	assert_false(kannel->check(&gateway, &error));
	gateway.account = "router";
	gateway.send_url = "";
	assert_false(kannel->check(&gateway, &error));
	assert_string_equal(kannel->ack_body, "");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_path_secret),
	        TEST(test_client_certificate),
	        TEST(test_neither_fails_closed),
	        TEST(test_text),
	        TEST(test_character_sets),
	        TEST(test_damaged_texts),
	        TEST(test_numbers_and_times),
	        TEST(test_what_is_missing),
	        TEST(test_receipts),
	        TEST(test_build_send),
	        TEST(test_plain_text_is_gsm7),
	        TEST(test_sends_that_cannot_be),
	        TEST(test_send_replies),
	        TEST(test_segments),
	        TEST(test_check),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
