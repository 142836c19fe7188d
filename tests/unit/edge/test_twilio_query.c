// SPDX-License-Identifier: Apache-2.0
// Asking Twilio for a text of ours: the request, and its list as it comes.
// https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "edge/gateways.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define T0       INT64_C(1795316400000) // 2026-11-22T03:00:00Z
#define AT       "Sun, 22 Nov 2026 03:00:00 +0000"

static struct gateway gateway;
static const struct gateway_query query = {
        .from = "+15005550006",
        .to = "+15005550001",
        .text = {(const uint8_t *)"I\u2019m here", 10},
        .since_ms = T0 - 120000,
        .until_ms = T0 + 135000,
};

static int set_up(void **state)
{
	(void)state;
	gateway = (struct gateway){
	        .name = "twilio",
	        .provider = gateway_provider("twilio"),
	        .account = "ACtest",
	        .secret = bytes_str("new\nold"),
	        .public_url = "https://sms.example.org",
	        .send_url = "https://api.example.org",
	        .send_socket = "",
	        .send_ca_file = "",
	};
	return 0;
}

static void test_the_request(void **state)
{
	(void)state;
	struct gateway_call call = {0};
	gateway.provider->build_query(&gateway, &query, &call);
	assert_string_equal(call.method, "GET");
	assert_string_equal(buf_str(&call.url),
	        "https://api.example.org/2010-04-01/Accounts/ACtest/Messages.json?To=%2B15005550001"
	        "&From=%2B15005550006&DateSent%3E=2026-11-22&PageSize=100");
	assert_int_equal(call.body.len, 0);
	assert_string_equal(call.user, "ACtest");
	assert_true(bytes_is(call.password, "new"));
	gateway_call_free(&call);
	// A minute after midnight in GMT, the provider's clock may say yesterday.
	struct gateway_query early = query;
	early.since_ms = INT64_C(1795305660000) - 120000;
	gateway.provider->build_query(&gateway, &early, &call);
	assert_non_null(strstr(buf_str(&call.url), "DateSent%3E=2026-11-21&"));
	gateway_call_free(&call);
}

// One row of the list, with what Twilio puts around what we read.
static void add_row(struct buf *list, const char *sid, const char *to, const char *body,
        const char *created, const char *status, const char *error_code)
{
	buf_printf(list,
	        "%s{\"body\": \"%s\", \"num_segments\": \"1\", \"direction\": \"outbound-api\", "
	        "\"from\": \"+15005550006\", \"date_updated\": \"%s\", \"price\": null, "
	        "\"error_message\": null, \"uri\": "
	        "\"/2010-04-01/Accounts/ACtest/Messages/%s.json\", "
	        "\"account_sid\": \"ACtest\", \"num_media\": \"0\", \"to\": \"%s\", "
	        "\"date_created\": \"%s\", \"status\": \"%s\", \"sid\": \"%s\", \"date_sent\": "
	        "null, "
	        "\"messaging_service_sid\": null, \"error_code\": %s, \"price_unit\": \"USD\", "
	        "\"api_version\": \"2010-04-01\", \"subresource_uris\": {}}",
	        list->len ? ", " : "", body, created, sid, to, created, status, sid, error_code);
}

static void answer_of(struct buf *rows, const char *next, struct buf *out)
{
	buf_printf(out,
	        "{\"end\": 1, \"first_page_uri\": \"/2010-04-01/Accounts/ACtest/Messages.json?To="
	        "%%2B15005550001&PageSize=100&Page=0\", \"next_page_uri\": %s, \"page\": 0, "
	        "\"page_size\": 100, \"previous_page_uri\": null, \"messages\": [%s], \"start\": "
	        "0, "
	        "\"uri\": \"/2010-04-01/Accounts/ACtest/Messages.json\"}",
	        next, buf_str(rows));
}

static struct gateway_found found(int status, struct bytes body)
{
	struct gateway_found out = {0};
	gateway.provider->parse_query(&gateway, &query, status, body, &out);
	return out;
}

static void check_row(const char *to, const char *body, const char *created, const char *status,
        const char *error_code, size_t matches, enum delivery delivery, const char *error)
{
	struct buf rows = {0}, answer = {0};
	add_row(&rows, "SM1", to, body, created, status, error_code);
	answer_of(&rows, "null", &answer);
	struct gateway_found f = found(200, buf_bytes(&answer));
	assert_true(f.clear);
	if (f.matches != matches)
		fail_msg("%s %s %s: %zu matches", to, body, created, f.matches);
	if (matches) {
		assert_int_equal(f.delivery, delivery);
		assert_string_equal(buf_str(&f.provider_id), "SM1");
		assert_string_equal(buf_str(&f.error), error);
	}
	gateway_found_free(&f);
	buf_free(&rows);
	buf_free(&answer);
}

#define TO   "+15005550001"
#define BODY "I\u2019m here"

static void test_which_text_is_ours(void **state)
{
	(void)state;
	check_row(TO, BODY, AT, "sent", "null", 1, DELIVERY_SENT, "");
	check_row(TO, "I\\u2019m here", AT, "sent", "null", 1, DELIVERY_SENT, "");
	check_row(TO, BODY " ", AT, "sent", "null", 1, DELIVERY_SENT, ""); // it trims
	check_row(TO, "I'm here", AT, "sent", "null", 0, 0, "");
	check_row(TO, "", AT, "sent", "null", 0, 0, "");
	check_row("+15005550002", BODY, AT, "sent", "null", 0, 0, "");
	check_row(
	        TO, BODY, "Sun, 22 Nov 2026 02:58:00 +0000", "sent", "null", 1, DELIVERY_SENT, "");
	check_row(TO, BODY, "Sun, 22 Nov 2026 02:57:59 +0000", "sent", "null", 0, 0, "");
	check_row(
	        TO, BODY, "Sun, 22 Nov 2026 03:02:15 +0000", "sent", "null", 1, DELIVERY_SENT, "");
	check_row(TO, BODY, "Sun, 22 Nov 2026 03:02:16 +0000", "sent", "null", 0, 0, "");
	check_row(TO, BODY, "Sun, 22 Nov 2026 03:00:00 +0100", "sent", "null", 0, 0, "");
	check_row(TO, BODY, "yesterday", "sent", "null", 0, 0, "");
}

static void test_what_became_of_it(void **state)
{
	(void)state;
	static const struct {
		const char *status, *code;
		enum delivery delivery;
		const char *error;
	} cases[] = {
	        {"accepted", "null", DELIVERY_SENT, ""},
	        {"queued", "null", DELIVERY_SENT, ""},
	        {"sending", "null", DELIVERY_SENT, ""},
	        {"sent", "null", DELIVERY_SENT, ""},
	        {"something new", "null", DELIVERY_SENT, ""},
	        {"delivered", "null", DELIVERY_DELIVERED, ""},
	        {"read", "null", DELIVERY_DELIVERED, ""},
	        {"undelivered", "30003", DELIVERY_FAILED, "Twilio error 30003"},
	        {"failed", "null", DELIVERY_FAILED, "Twilio: it was not delivered"},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		check_row(TO, BODY, AT, cases[i].status, cases[i].code, 1, cases[i].delivery,
		        cases[i].error);
}

static void test_none_and_several(void **state)
{
	(void)state;
	struct buf rows = {0}, none = {0}, two = {0}, more = {0};
	answer_of(&rows, "null", &none);
	add_row(&rows, "SM1", TO, BODY, AT, "sent", "null");
	add_row(&rows, "SM2", TO, BODY, AT, "delivered", "null");
	add_row(&rows, "SM3", TO, "something else", AT, "delivered", "null");
	answer_of(&rows, "null", &two);
	answer_of(&rows, "\"/2010-04-01/Accounts/ACtest/Messages.json?Page=1\"", &more);
	struct gateway_found f = found(200, buf_bytes(&none));
	assert_true(f.clear && f.matches == 0);
	gateway_found_free(&f);
	f = found(200, buf_bytes(&two));
	assert_true(f.clear && f.matches == 2);
	gateway_found_free(&f);
	f = found(200, buf_bytes(&more)); // the next page may hold another
	assert_false(f.clear);
	gateway_found_free(&f);
	buf_free(&rows);
	buf_free(&none);
	buf_free(&two);
	buf_free(&more);
}

static void test_what_is_no_answer(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *body;
	} cases[] = {
	        {200, ""},
	        {200, "<html>"},
	        {200, "[]"},
	        {200, "{}"},
	        {200, "{\"messages\": 7}"},
	        {200, "{\"messages\": null}"},
	        {401, "{\"code\": 20003, \"messages\": []}"},
	        {429, "{\"code\": 20429}"},
	        {500, "{\"messages\": []}"},
	        {0, ""},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct gateway_found f = found(cases[i].status, bytes_str(cases[i].body));
		if (f.clear)
			fail_msg("%d %s is no answer", cases[i].status, cases[i].body);
		gateway_found_free(&f);
	}
	struct gateway_found f =
	        found(200, bytes_str("{\"messages\": [7, null, {}, {\"sid\": 3}]}"));
	assert_true(f.clear && f.matches == 0);
	gateway_found_free(&f);
}

// What it may be, but has no id that could be kept: no answer either.
static void test_a_match_without_an_id(void **state)
{
	(void)state;
	struct buf rows = {0}, answer = {0};
	add_row(&rows, "", TO, BODY, AT, "sent", "null");
	answer_of(&rows, "null", &answer);
	struct gateway_found f = found(200, buf_bytes(&answer));
	assert_false(f.clear);
	gateway_found_free(&f);
	buf_free(&rows);
	buf_free(&answer);
}

#define TEST(fn) cmocka_unit_test_setup(fn, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_the_request),
	        TEST(test_which_text_is_ours),
	        TEST(test_what_became_of_it),
	        TEST(test_none_and_several),
	        TEST(test_what_is_no_answer),
	        TEST(test_a_match_without_an_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
