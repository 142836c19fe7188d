// SPDX-License-Identifier: Apache-2.0
// Twilio's signatures (published vectors and ones made with npm twilio 6.2.0), parameters and
// answers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "edge/gateways.h"
#include "request.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define FORM     "application/x-www-form-urlencoded"
#define MESSAGES "/v1/gateways/twilio/messages"
#define RECEIPTS "/v1/gateways/twilio/receipts"

static struct gateway gateway;
static const struct gateway_provider *twilio;
static struct buf error;

static int set_up(void **state)
{
	(void)state;
	twilio = gateway_provider("twilio");
	gateway = (struct gateway){
	        .name = "twilio",
	        .provider = twilio,
	        .account = "ACtest",
	        .secret = bytes_str("12345"),
	        .public_url = "https://sms.example.org",
	        .send_url = "https://api.example.org",
	        .send_socket = "",
	        .send_ca_file = "",
	        .validity_s = 3600,
	};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_free(&error);
	return 0;
}

static bool verify_bytes(const char *method, const char *target, const char *content_type,
        struct bytes body, const char *signature)
{
	const char *const headers[] = {"X-Twilio-Signature", signature, NULL};
	struct gateway_request r = test_request(method, target, content_type, body, headers);
	buf_clear(&error);
	bool ok = twilio->verify(&gateway, &r, &error);
	assert_int_equal(ok, error.len == 0);
	return ok;
}

static bool verify(const char *target, const char *body, const char *signature)
{
	return verify_bytes("POST", target, FORM, bytes_str(body), signature);
}

// ---- signatures

#define CALL(number)                                                                               \
	"CallSid=CA1234567890ABCDE&Digits=1234&From=%2B" number                                    \
	"&To=%2B18005551212&Caller=%2B" number
#define PATH "/myapp.php?foo=1&bar=2"

// twilio-python tests/unit/test_request_validator.py, and the example of Twilio's documentation.
static const struct vector {
	const char *public_url;
	const char *body;
	const char *signature;
} vectors[] = {
        {"https://example.com", CALL("14158675310"), "L/OH5YylLD5NRKLltdqwSvS0BnU="},
        {"https://mycompany.com", CALL("14158675309"), "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
        {"https://mycompany.com:443", CALL("14158675309"), "kvajT1Ptam85bY51eRf/AJRuM3w="},
        {"http://mycompany.com:80", CALL("14158675309"), "0ZXoZLH/DfblKGATFgpif+LLRf4="},
        {"http://mycompany.com:1234", CALL("14158675309"), "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="},
        {"https://mycompany.com", "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234",
                "IK+Dwps556ElfBT0I3Rgjkr1wJU="},
        {"https://mycompany.com", "Digits=1234&SidAccount=AC123&Digits=5678&Sid=CA123&Digits=1234",
                "IK+Dwps556ElfBT0I3Rgjkr1wJU="},
        // Values beyond the Basic Multilingual Plane sort as UTF-16, before U+FF5E (npm twilio).
        {"https://mycompany.com", "a=%EF%BD%9E&a=%F0%9F%98%B0&a=z&%EF%BD%9E=1&%F0%9F%98%B0=2",
                "Q3iwLNe5MJMcjriHrBbM7AOhW8U="},
        // Signed with the scheme's port while the public URL has none, and the reverse.
        {"https://mycompany.com", CALL("14158675309"), "kvajT1Ptam85bY51eRf/AJRuM3w="},
        {"http://mycompany.com", CALL("14158675309"), "0ZXoZLH/DfblKGATFgpif+LLRf4="},
        {"https://mycompany.com:443", CALL("14158675309"), "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
};

static void test_published_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		gateway.public_url = vectors[i].public_url;
		if (!verify(PATH, vectors[i].body, vectors[i].signature))
			fail_msg("vector %zu: %s", i, buf_str(&error));
		assert_false(verify(PATH "&", vectors[i].body, vectors[i].signature));
	}
}

#define BODY_DIGEST "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"

static void test_body_digest(void **state)
{
	(void)state;
	const char *target = PATH "&bodySHA256=" BODY_DIGEST, *json = "application/json";
	const char *signature = "a9nBmqA0ju/hNViExpshrM61xv4=";
	struct bytes body = bytes_str("{\"property\": \"value\", \"boolean\": true}");
	gateway.public_url = "https://mycompany.com";
	assert_true(verify_bytes("POST", target, json, body, signature));
	assert_true(
	        verify_bytes("POST", target, "application/json; charset=utf-8", body, signature));
	body = bytes_str("{\"property\": \"value\", \"boolean\": false}");
	assert_false(verify_bytes("POST", target, json, body, signature));
	// Without the digest nothing ties the body to the signature.
	body = bytes_str("{}");
	assert_false(verify_bytes("POST", PATH, json, body, "RSOYDt4T1cUTdK1PDd93/VVr8B8="));
}

// Signed by the SDK for https://sms.example.org/v1/gateways/twilio/messages.
#define SMS                                                                                        \
	"MessageSid=SM00000000000000000000000000000001&AccountSid=ACtest&From=%2B15005550001"      \
	"&To=%2B15005550006&Body=I%20need+help+%F0%9F%98%B0&NumMedia=0&FromCity="
#define SMS_SIGNATURE "KPVKiFWSBlJM2Qx6rCLOFXlegHk="
#define SMS_SECOND    "7/uiNexrjIr6rSmIAk3I4QvyuqU=" // with the token 67890

static void test_signature_by_sdk(void **state)
{
	(void)state;
	assert_true(verify(MESSAGES, SMS, SMS_SIGNATURE));
	assert_true(verify(MESSAGES "?note=it's", SMS, "/k8LIuzd3mkBtF+ZZoV2tZQm3Eg="));
	assert_true(verify_bytes(
	        "GET", MESSAGES "?" SMS, "", bytes_str(""), "mAP6neG4VW0EmJwuGOAZqbglPAg="));
	assert_false(verify(MESSAGES, SMS "&Extra=1", SMS_SIGNATURE));
	assert_false(verify(MESSAGES "/", SMS, SMS_SIGNATURE));
	assert_false(verify(MESSAGES "?", SMS, SMS_SIGNATURE));
	assert_false(verify(MESSAGES, SMS "&Bad=%4", SMS_SIGNATURE));
	assert_false(verify_bytes("POST", MESSAGES, "text/plain", bytes_str(SMS), SMS_SIGNATURE));
}

static void test_each_byte_counts(void **state)
{
	(void)state;
	char body[] = SMS;
	for (size_t i = 0; i < strlen(SMS); i++) {
		char was = body[i];
		body[i] = was == 'x' ? 'y' : 'x';
		assert_false(verify(MESSAGES, body, SMS_SIGNATURE));
		body[i] = was;
	}
	assert_true(verify(MESSAGES, body, SMS_SIGNATURE));
}

static void test_bad_signature_fields(void **state)
{
	(void)state;
	static char long_one[10240];
	memset(long_one, 'A', sizeof long_one - 1);
	const char *const values[] = {"", "x", SMS_SIGNATURE "=", "KPVKiFWSBlJM2Qx6rCLOFXlegHk",
	        "????????????????????????????", "kPVKiFWSBlJM2Qx6rCLOFXlegHk=", long_one};
	for (size_t i = 0; i < COUNT(values); i++)
		assert_false(verify(MESSAGES, SMS, values[i]));
	const char *const twice[] = {
	        "X-Twilio-Signature", SMS_SIGNATURE, "x-twilio-signature", SMS_SIGNATURE, NULL};
	struct gateway_request r = test_request("POST", MESSAGES, FORM, bytes_str(SMS), twice);
	assert_false(twilio->verify(&gateway, &r, &error));
	r.headers = twice + 4;
	assert_false(twilio->verify(&gateway, &r, &error));
}

static void test_two_tokens(void **state)
{
	(void)state;
	assert_false(verify(MESSAGES, SMS, SMS_SECOND));
	gateway.secret = bytes_str("67890\n12345");
	assert_true(verify(MESSAGES, SMS, SMS_SIGNATURE));
	assert_true(verify(MESSAGES, SMS, SMS_SECOND));
	gateway.secret = bytes_str("12345\r\n67890\r\n");
	assert_true(verify(MESSAGES, SMS, SMS_SIGNATURE));
	assert_true(verify(MESSAGES, SMS, SMS_SECOND));
	gateway.secret = bytes_str("1\n2\n12345");
	assert_false(verify(MESSAGES, SMS, SMS_SIGNATURE));
	// An empty line is no token, though one can sign with it.
	gateway.secret = bytes_str("67890\n");
	assert_false(verify(MESSAGES, SMS, "9SlCAJz1YGYMCTQJz3/TfQmc/vg="));
}

static void test_other_account(void **state)
{
	(void)state;
	const char *body =
	        "MessageSid=SM2&AccountSid=ACother&From=%2B15005550001&To=%2B15005550006";
	assert_false(verify(MESSAGES, body, "neil6Cdmn8BAsqw4vNyEZMNf8Bk="));
	gateway.account = "ACother";
	assert_true(verify(MESSAGES, body, "neil6Cdmn8BAsqw4vNyEZMNf8Bk="));
}

static void test_client_certificate(void **state)
{
	(void)state;
	gateway.require_client_certificate = true;
	assert_false(verify(MESSAGES, SMS, SMS_SIGNATURE));
	assert_non_null(strstr(buf_str(&error), "certificate"));
}

// NUL and ill-formed UTF-8 are signed as they came; the text is repaired afterwards.
static void test_raw_bytes_are_signed(void **state)
{
	(void)state;
	const char *body = "MessageSid=SM2&AccountSid=ACtest&From=%2B15005550001&To=%2B15005550006"
	                   "&Body=a%00%FF%FE";
	assert_true(verify(MESSAGES, body, "K9nAGanMnpX5pSDPo4hrrqmB6AQ="));
	struct gateway_request r = test_request("POST", MESSAGES, FORM, bytes_str(body), NULL);
	struct gateway_inbound in = {0};
	assert_int_equal(twilio->parse_inbound(&gateway, &r, &in), GATEWAY_PARSED);
	assert_true(in.damaged);
	assert_true(bytes_equal(buf_bytes(&in.text), bytes_of("a\0\xef\xbf\xbd\xef\xbf\xbd", 8)));
	gateway_inbound_free(&in);
}

static void test_too_many_parameters(void **state)
{
	(void)state;
	struct buf body = {0};
	for (int i = 0; i < 300; i++)
		buf_printf(&body, "k%d=v&", i);
	assert_false(verify(MESSAGES, buf_str(&body), SMS_SIGNATURE));
	assert_non_null(strstr(buf_str(&error), "too many"));
	buf_free(&body);
}

// ---- texts

static enum gateway_parse parse(const char *body, struct gateway_inbound *in)
{
	struct gateway_request r = test_request("POST", MESSAGES, FORM, bytes_str(body), NULL);
	gateway_inbound_free(in);
	return twilio->parse_inbound(&gateway, &r, in);
}

static void test_text(void **state)
{
	(void)state;
	struct gateway_inbound in = {0};
	assert_int_equal(parse(SMS, &in), GATEWAY_PARSED);
	assert_string_equal(buf_str(&in.provider_id), "SM00000000000000000000000000000001");
	assert_string_equal(buf_str(&in.from), "+15005550001");
	assert_string_equal(buf_str(&in.to), "+15005550006");
	assert_string_equal(buf_str(&in.text), "I need help \xf0\x9f\x98\xb0");
	assert_false(in.damaged);
	assert_int_equal(in.media, 0);
	assert_int_equal(in.provider_ms, 0);
	gateway_inbound_free(&in);
}

static void test_text_by_get_and_json(void **state)
{
	(void)state;
	struct gateway_inbound in = {0};
	struct gateway_request r =
	        test_request("GET", MESSAGES "?" SMS, "", bytes_str("Body=no"), NULL);
	assert_int_equal(twilio->parse_inbound(&gateway, &r, &in), GATEWAY_PARSED);
	assert_string_equal(buf_str(&in.text), "I need help \xf0\x9f\x98\xb0");
	gateway_inbound_free(&in);

	const char *target =
	        MESSAGES "?bodySHA256="
	                 "b245ab293dc34571c4a32ff3285ce9b93ca6bc1f2b684fe7ac7cdff8207541e4";
	struct bytes body = bytes_str("{\"MessageSid\":\"SM3\",\"From\":\"+15005550001\","
	                              "\"To\":\"+15005550006\",\"Body\":\"json help\"}");
	assert_true(verify_bytes(
	        "POST", target, "application/json", body, "tzJohkN4KbWr52DMTE4URoG+PTA="));
	r = test_request("POST", target, "application/json", body, NULL);
	assert_int_equal(twilio->parse_inbound(&gateway, &r, &in), GATEWAY_PARSED);
	assert_string_equal(buf_str(&in.text), "json help");
	gateway_inbound_free(&in);
	r.body = bytes_str("[1]");
	assert_int_equal(twilio->parse_inbound(&gateway, &r, &in), GATEWAY_UNPARSABLE);
	gateway_inbound_free(&in);
}

#define TO "&To=%2B15005550006"

static void test_senders(void **state)
{
	(void)state;
	static const char *const senders[][2] = {
	        {"262966", "262966"}, {"MTN", "MTN"}, {"%2BCRISIS", "+CRISIS"},
	        {"anonymous", "anonymous"}, {"whatsapp%3A%2B15005550001", "whatsapp:+15005550001"},
	        {"15005550001", "15005550001"},
	        {"+15005550001", "+15005550001"}, // a "+" that was not escaped
	};
	struct gateway_inbound in = {0};
	for (size_t i = 0; i < COUNT(senders); i++) {
		struct buf body = {0};
		buf_printf(&body, "MessageSid=SM1&From=%s%s", senders[i][0], TO);
		assert_int_equal(parse(buf_str(&body), &in), GATEWAY_PARSED);
		assert_string_equal(buf_str(&in.from), senders[i][1]);
		buf_free(&body);
	}
	gateway_inbound_free(&in);
}

static void test_what_is_missing(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "Body=hi", "MessageSid=SM1&From=%2B15005550001",
	        "MessageSid=SM1" TO, "From=%2B15005550001" TO, "MessageSid=&From=%2B15005550001" TO,
	        "MessageSid=SM1&From=" TO, "MessageSid=SM1&From=+" TO,
	        "MessageSid=SM1&From=a%0Ab" TO, "MessageSid=SM1&From=a%00b" TO,
	        "MessageSid=SM%201&From=a" TO, "MessageSid=SM1&From=%FF" TO,
	        "MessageSid=SM1&From="
	        "12345678901234567890123456789012345678901234567890123456789012345" TO,
	        "MessageSid=SM1&From=a&Bad=%zz" TO};
	struct gateway_inbound in = {0};
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(parse(bad[i], &in), GATEWAY_UNPARSABLE);
		assert_true(in.error.len > 0);
	}
	gateway_inbound_free(&in);
}

static void test_media_and_no_body(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		unsigned media;
	} cases[] = {{"10", 10}, {"0", 0}, {"abc", 0}, {"-1", 0}, {"", 0}, {"99999999999", 0}};
	struct gateway_inbound in = {0};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf body = {0};
		buf_printf(&body, "SmsSid=MM1&From=a&NumMedia=%s%s", cases[i].value, TO);
		assert_int_equal(parse(buf_str(&body), &in), GATEWAY_PARSED);
		assert_int_equal(in.media, cases[i].media);
		assert_int_equal(in.text.len, 0);
		assert_false(in.damaged);
		assert_string_equal(buf_str(&in.provider_id), "MM1");
		buf_free(&body);
	}
	gateway_inbound_free(&in);
}

// ---- receipts

static void test_receipts(void **state)
{
	(void)state;
	static const struct {
		const char *target;
		const char *body;
		enum gateway_parse parse;
		enum delivery delivery;
		const char *error;
	} cases[] = {
	        {RECEIPTS "?id=m1", "MessageSid=SM1&MessageStatus=queued", GATEWAY_IGNORED, 0, ""},
	        {RECEIPTS "?id=m1", "MessageSid=SM1&MessageStatus=sending", GATEWAY_IGNORED, 0, ""},
	        {RECEIPTS "?id=m1", "MessageSid=SM1&MessageStatus=brandnew", GATEWAY_IGNORED, 0,
	                ""},
	        {RECEIPTS "?id=m1", "MessageSid=SM1&MessageStatus=sent", GATEWAY_PARSED,
	                DELIVERY_SENT, ""},
	        {RECEIPTS "?id=m1", "MessageSid=SM1&MessageStatus=delivered", GATEWAY_PARSED,
	                DELIVERY_DELIVERED, ""},
	        {RECEIPTS "?id=m1", "MessageSid=SM1&MessageStatus=read", GATEWAY_PARSED,
	                DELIVERY_DELIVERED, ""},
	        {RECEIPTS "?id=m1", "MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003",
	                GATEWAY_PARSED, DELIVERY_FAILED, "Twilio error 30003"},
	        {RECEIPTS "?id=m1", "MessageSid=SM1&MessageStatus=failed&ErrorCode=x",
	                GATEWAY_PARSED, DELIVERY_FAILED, "Twilio: failed"},
	        {RECEIPTS "?id=m1", "MessageSid=SM1", GATEWAY_UNPARSABLE, 0, NULL},
	        {RECEIPTS "?id=m1", "MessageStatus=sent", GATEWAY_UNPARSABLE, 0, NULL},
	        {RECEIPTS, "MessageSid=SM1&MessageStatus=sent", GATEWAY_UNPARSABLE, 0, NULL},
	        {RECEIPTS "?id=%00", "MessageSid=SM1&MessageStatus=sent", GATEWAY_UNPARSABLE, 0,
	                NULL},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct gateway_receipt out = {0};
		struct gateway_request r =
		        test_request("POST", cases[i].target, FORM, bytes_str(cases[i].body), NULL);
		assert_int_equal(twilio->parse_receipt(&gateway, &r, &out), cases[i].parse);
		if (cases[i].parse == GATEWAY_PARSED) {
			assert_int_equal(out.delivery, cases[i].delivery);
			assert_string_equal(buf_str(&out.message), "m1");
			assert_string_equal(buf_str(&out.provider_id), "SM1");
		}
		if (cases[i].error)
			assert_string_equal(buf_str(&out.error), cases[i].error);
		gateway_receipt_free(&out);
	}
}

// ---- sends

static void test_build_send(void **state)
{
	(void)state;
	gateway.secret = bytes_str("new\nold");
	struct gateway_send s = {.message = "m1",
	        .from = "+15005550006",
	        .to = "+15005550001",
	        .text = bytes_str("I\u2019m here & listening")};
	struct gateway_call call = {0};
	assert_true(twilio->build_send(&gateway, &s, &call, &error));
	assert_string_equal(call.method, "POST");
	assert_string_equal(buf_str(&call.url),
	        "https://api.example.org/2010-04-01/Accounts/ACtest/Messages.json");
	assert_string_equal(buf_str(&call.body),
	        "To=%2B15005550001&From=%2B15005550006&Body=I%E2%80%99m%20here%20%26%20listening"
	        "&StatusCallback=https%3A%2F%2Fsms.example.org%2Fv1%2Fgateways%2Ftwilio%2Freceipts"
	        "%3Fid%3Dm1&ValidityPeriod=3600");
	assert_string_equal(buf_str(&call.headers[0]), "Content-Type: " FORM);
	assert_string_equal(call.user, "ACtest");
	assert_true(bytes_is(call.password, "new"));
	gateway_call_free(&call);
	s.text = bytes_str("");
	assert_false(twilio->build_send(&gateway, &s, &call, &error));
	assert_true(error.len > 0);
	gateway_call_free(&call);
}

static void test_send_replies(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *body;
		enum gateway_outcome outcome;
	} cases[] = {
	        {201, "{\"sid\":\"SM1\",\"status\":\"queued\"}", GATEWAY_SENT},
	        {200, "{\"sid\":\"SM1\"}", GATEWAY_SENT},
	        {201, "{\"sid\":7}", GATEWAY_AMBIGUOUS},
	        {201, "{\"sid\":\"\"}", GATEWAY_AMBIGUOUS},
	        {201, "<html>", GATEWAY_AMBIGUOUS},
	        {201, "", GATEWAY_AMBIGUOUS},
	        {400, "{\"code\":21610,\"message\":\"+15005550001\"}", GATEWAY_OPTED_OUT},
	        {400, "{\"code\":21211,\"message\":\"+15005550001\"}", GATEWAY_PERMANENT},
	        {400, "{\"code\":21408}", GATEWAY_PERMANENT},
	        {400, "{\"code\":21602}", GATEWAY_PERMANENT},
	        {400, "{\"code\":21611}", GATEWAY_PERMANENT},
	        {400, "{\"code\":21614}", GATEWAY_PERMANENT},
	        {400, "{\"code\":21617}", GATEWAY_PERMANENT},
	        {400, "{\"code\":21606}", GATEWAY_RETRY},
	        {400, "{\"code\":99999}", GATEWAY_PERMANENT},
	        {400, "{\"code\":-1}", GATEWAY_PERMANENT},
	        {401, "{\"code\":20003}", GATEWAY_RETRY},
	        {403, "", GATEWAY_RETRY},
	        {404, "{\"code\":20404}", GATEWAY_RETRY},
	        {302, "", GATEWAY_RETRY},
	        {429, "{\"code\":20429}", GATEWAY_RETRY},
	        {429, "", GATEWAY_RETRY},
	        {408, "", GATEWAY_AMBIGUOUS},
	        {500, "{\"code\":20500}", GATEWAY_AMBIGUOUS},
	        {500, "{\"code\":21610}", GATEWAY_AMBIGUOUS},
	        {503, "", GATEWAY_AMBIGUOUS},
	        {0, "", GATEWAY_AMBIGUOUS},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct gateway_reply out = {0};
		twilio->parse_send_reply(&gateway, cases[i].status, bytes_str(cases[i].body), &out);
		if (out.outcome != cases[i].outcome)
			fail_msg("%d %s: outcome %d", cases[i].status, cases[i].body, out.outcome);
		assert_int_equal(out.outcome == GATEWAY_SENT, out.provider_id.len > 0);
		assert_int_equal(out.outcome == GATEWAY_SENT, out.error.len == 0);
		assert_int_equal(out.retry_after_s > 0, cases[i].status == 429);
		assert_null(strstr(buf_str(&out.error), "555"));
		gateway_reply_free(&out);
	}
}

static void test_check(void **state)
{
	(void)state;
	assert_true(twilio->check(&gateway, &error));
	gateway.account = "";
	assert_false(twilio->check(&gateway, &error));
	gateway.account = "ACtest";
	gateway.path_secret = bytes_str("s");
	assert_false(twilio->check(&gateway, &error));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_published_vectors),
	        TEST(test_body_digest),
	        TEST(test_signature_by_sdk),
	        TEST(test_each_byte_counts),
	        TEST(test_bad_signature_fields),
	        TEST(test_two_tokens),
	        TEST(test_other_account),
	        TEST(test_client_certificate),
	        TEST(test_raw_bytes_are_signed),
	        TEST(test_too_many_parameters),
	        TEST(test_text),
	        TEST(test_text_by_get_and_json),
	        TEST(test_senders),
	        TEST(test_what_is_missing),
	        TEST(test_media_and_no_body),
	        TEST(test_receipts),
	        TEST(test_build_send),
	        TEST(test_send_replies),
	        TEST(test_check),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
