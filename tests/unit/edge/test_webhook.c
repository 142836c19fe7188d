// SPDX-License-Identifier: Apache-2.0
// The webhook between an HTTP server and an intake that the test plays itself: routing, refusals,
// and 2xx only when intake has answered.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../../server/edge/crash_guard.h"
#include "base/log.h"
#include "base/metrics.h"
#include "edge/webhook.h"
#include "flow/quarantine.h"
#include "request.h"
#include "vault/mac.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define FORM     "application/x-www-form-urlencoded"
#define TWILIO   "/v1/gateways/twilio-main/messages"
#define KANNEL   "/v1/gateways/kannel/messages/s3cret"
#define QUERY    "?id=k1&from=%2B15005550001&to=741741"

// ---- the HTTP server's part

const struct http_limits http_limits_default = {0};

static http_fn handler;
static void *handler_arg;

static struct {
	uint64_t request;
	int status; // 0 while there is no answer
	char content_type[64];
	char body[256];
	char headers[128];
	unsigned count;
} answer;

struct http_server *http_server_new(
        struct loop *l, const char *name, const struct http_limits *limits, http_fn fn, void *arg)
{
	(void)l;
	assert_string_equal(name, "gateways");
	assert_ptr_equal(limits, &http_limits_default);
	handler = fn;
	handler_arg = arg;
	return (struct http_server *)&handler;
}

void http_server_free(struct http_server *s)
{
	assert_ptr_equal(s, &handler);
}

struct bytes http_header(const struct http_request *r, const char *name, size_t *count)
{
	return test_header(r->headers, name, count);
}

bool http_respond(struct http_server *s, uint64_t id, int status, const char *content_type,
        struct bytes body, const char *headers)
{
	assert_ptr_equal(s, &handler);
	assert_true(body.len < sizeof answer.body);
	memset(&answer.body, 0, sizeof answer.body);
	if (body.len)
		memcpy(answer.body, body.data, body.len);
	snprintf(answer.content_type, sizeof answer.content_type, "%s", content_type);
	snprintf(answer.headers, sizeof answer.headers, "%s", headers ? headers : "");
	answer.request = id;
	answer.status = status;
	answer.count++;
	return true;
}

// ---- intake's part

static struct {
	unsigned received, texts, receipts;
	char from[64], text[256], message[64];
	enum delivery delivery;
	uint64_t tags[4];
	intake_done_fn done;
	void *arg;
} intake;

static void take(uint64_t tag, intake_done_fn done, void *arg)
{
	intake.tags[(intake.texts + intake.receipts) % COUNT(intake.tags)] = tag;
	intake.done = done;
	intake.arg = arg;
}

static void copy(char *out, size_t size, const struct buf *in)
{
	assert_true(in->len < size);
	memset(out, 0, size);
	if (in->len)
		memcpy(out, in->data, in->len);
}

void intake_received(struct flow *f)
{
	(void)f;
	intake.received++;
}

void intake_text(struct flow *f, const struct gateway *g, const struct gateway_inbound *in,
        uint64_t tag, intake_done_fn done, void *arg)
{
	(void)f;
	assert_non_null(g->provider);
	take(tag, done, arg);
	intake.texts++;
	copy(intake.from, sizeof intake.from, &in->from);
	copy(intake.text, sizeof intake.text, &in->text);
}

void intake_receipt(struct flow *f, const struct gateway *g, const struct gateway_receipt *r,
        uint64_t tag, intake_done_fn done, void *arg)
{
	(void)f;
	assert_non_null(g->provider);
	take(tag, done, arg);
	intake.receipts++;
	intake.delivery = r->delivery;
	copy(intake.message, sizeof intake.message, &r->message);
}

bool intake_knows_line(const struct flow *f, const struct gateway *g, struct bytes to)
{
	(void)f;
	(void)g;
	return !bytes_is(to, "741799");
}

// ---- the quarantine's part

static struct {
	unsigned count;
	char gateway[64], reason[128], request[512];
	uint64_t tag;
	intake_done_fn done;
	void *arg;
} kept;

void quarantine_put(struct flow *f, const struct gateway *g, const char *reason, struct bytes raw,
        uint64_t tag, intake_done_fn done, void *arg)
{
	(void)f;
	kept.count++;
	kept.tag = tag;
	kept.done = done;
	kept.arg = arg;
	snprintf(kept.gateway, sizeof kept.gateway, "%s", g->name);
	snprintf(kept.reason, sizeof kept.reason, "%s", reason);
	snprintf(kept.request, sizeof kept.request, "%.*s", (int)raw.len, (const char *)raw.data);
}

static unsigned crashers;

void quarantine_crasher(struct flow *f, const struct gateway *g)
{
	(void)f;
	(void)g;
	crashers++;
}

// ---- one webhook with two gateways

static int64_t now_ms;

static int64_t read_now(void *arg)
{
	(void)arg;
	return now_ms;
}

static const struct clock test_clock = {.wall_ms = read_now, .mono_ms = read_now};
static char folder[] = "/tmp/holdfast-webhook-XXXXXX";
static char *token_file, *password_file, *path_secret_file;
static struct loop *loop;
static struct gateways *gateways;
static struct webhook *webhook;

static char *secret_file(const char *name, const char *content)
{
	struct buf path = {0};
	buf_printf(&path, "%s/%s", folder, name);
	int fd = open(buf_str(&path), O_CREAT | O_WRONLY | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
	return buf_take_str(&path);
}

static char no_file[] = "";
static char public_url[] = "https://sms.example.org/", send_url[] = "http://127.0.0.1:13013";
static char twilio_main[] = "twilio-main", twilio[] = "twilio", account_sid[] = "ACtest";
static char kannel[] = "kannel", router[] = "router";

static struct config_gateway configured(
        char *name, char *provider, char *account, char *secret, char *path_secret)
{
	return (struct config_gateway){
	        .name = name,
	        .provider = provider,
	        .account = account,
	        .secret_file = secret,
	        .path_secret_file = path_secret,
	        .public_url = public_url,
	        .send_url = send_url,
	        .send_socket = no_file,
	        .send_ca_file = no_file,
	        .validity_s = 3600,
	};
}

static int set_up_files(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	assert_non_null(mkdtemp(folder));
	token_file = secret_file("token", "12345\n");
	password_file = secret_file("password", "routerpw\n");
	path_secret_file = secret_file("path", "s3cret\n");
	return 0;
}

static int tear_down_files(void **state)
{
	(void)state;
	char **files[] = {&token_file, &password_file, &path_secret_file};
	for (size_t i = 0; i < COUNT(files); i++) {
		unlink(*files[i]);
		free(*files[i]);
	}
	return rmdir(folder);
}

static int set_up(void **state)
{
	(void)state;
	struct buf errors = {0};
	struct config_gateway list[] = {
	        configured(twilio_main, twilio, account_sid, token_file, no_file),
	        configured(kannel, kannel, router, password_file, path_secret_file),
	};
	struct config config = {.gateways = list, .gateways_count = COUNT(list)};
	now_ms = 1767225600000;
	memset(&answer, 0, sizeof answer);
	memset(&intake, 0, sizeof intake);
	memset(&kept, 0, sizeof kept);
	crashers = 0;
	metrics_reset();
	gateways = gateways_new(&config, &errors);
	if (!gateways)
		fail_msg("%s", buf_str(&errors));
	loop = loop_new(&test_clock);
	webhook = webhook_new(loop, gateways, NULL, NULL);
	assert_ptr_equal(webhook_server(webhook), &handler);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	webhook_free(webhook);
	loop_free(loop);
	gateways_free(gateways);
	return 0;
}

// Sends request 7; returns the status, 0 while intake has not answered.
static int request(const char *method, const char *target, const char *content_type,
        const char *body, const char *signature)
{
	const char *headers[] = {NULL, NULL, NULL, NULL, NULL};
	size_t n = 0;
	const char *query = strchr(target, '?');
	size_t path = query ? (size_t)(query - target) : strlen(target);
	if (content_type) {
		headers[n++] = "Content-Type";
		headers[n++] = content_type;
	}
	if (signature) {
		headers[n++] = "X-Twilio-Signature";
		headers[n++] = signature;
	}
	struct http_request r = {
	        .id = 7,
	        .method = method,
	        .target = bytes_str(target),
	        .path = bytes_of(target, path),
	        .query = bytes_str(query ? query + 1 : ""),
	        .body = bytes_str(body),
	        .peer = "127.0.0.1",
	        .headers = (const struct http_headers *)headers,
	};
	answer.status = 0;
	handler(&r, handler_arg);
	return answer.status;
}

static int kannel_text(const char *text)
{
	return request("POST", KANNEL QUERY, "text/plain; charset=\"UTF-8\"", text, NULL);
}

// ---- texts

// Signed by npm twilio 6.2.0 with the token 12345 for
// https://sms.example.org/v1/gateways/twilio-main/messages.
#define SMS                                                                                        \
	"MessageSid=SM1&AccountSid=ACtest&From=%2B15005550001&To=%2B15005550006&Body=I+need+help"
#define SMS_SIGNATURE "xjoJ5ctON1knznQkBaBJzwUK3h8="

static void test_twilio_text(void **state)
{
	(void)state;
	assert_int_equal(request("POST", TWILIO, FORM, SMS, SMS_SIGNATURE), 0);
	assert_int_equal(intake.texts, 1);
	assert_int_equal(intake.received, 1);
	assert_string_equal(intake.text, "I need help");
	assert_string_equal(intake.from, "+15005550001");
	now_ms += 5;
	intake.done(intake.tags[0], ERR_NONE, intake.arg);
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer.request, 7);
	assert_string_equal(answer.content_type, "text/xml");
	assert_string_equal(answer.body, "<Response></Response>");
	assert_int_equal(metric_value(M_GATEWAY_LAST_INBOUND, "twilio-main"), 1767225600);
}

static void test_kannel_text(void **state)
{
	(void)state;
	assert_int_equal(kannel_text("hello"), 0);
	assert_string_equal(intake.text, "hello");
	intake.done(intake.tags[0], ERR_NONE, intake.arg);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.body, "");
	// An answer that comes a second time finds nothing to answer.
	intake.done(intake.tags[0], ERR_NONE, intake.arg);
	assert_int_equal(answer.count, 1);
}

static void test_intake_errors(void **state)
{
	(void)state;
	static const struct {
		enum err err;
		int status;
		const char *headers;
	} cases[] = {
	        {ERR_NOT_FOUND, 404, ""},
	        {ERR_UNAVAILABLE, 503, "Retry-After: 2\r\n"},
	        {ERR_INTERNAL, 500, ""},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		memset(&intake, 0, sizeof intake);
		assert_int_equal(kannel_text("hello"), 0);
		intake.done(intake.tags[0], cases[i].err, intake.arg);
		assert_int_equal(answer.status, cases[i].status);
		assert_string_equal(answer.headers, cases[i].headers);
	}
}

static void test_answers_in_any_order(void **state)
{
	(void)state;
	kannel_text("one");
	kannel_text("two");
	assert_int_equal(intake.texts, 2);
	assert_true(intake.tags[0] != intake.tags[1]);
	intake.done(intake.tags[1], ERR_UNAVAILABLE, intake.arg);
	assert_int_equal(answer.status, 503);
	intake.done(intake.tags[0], ERR_NONE, intake.arg);
	assert_int_equal(answer.status, 200);
	kannel_text("three, never answered: freed with the webhook");
}

// ---- refusals

static void test_not_authentic(void **state)
{
	(void)state;
	assert_int_equal(request("POST", TWILIO, FORM, SMS, NULL), 403);
	assert_int_equal(request("POST", TWILIO, FORM, SMS "x", SMS_SIGNATURE), 403);
	assert_int_equal(request("POST", TWILIO "?a=b", FORM, SMS, SMS_SIGNATURE), 403);
	assert_int_equal(request("POST", TWILIO, "application/json", "{}", SMS_SIGNATURE), 403);
	assert_int_equal(request("POST", "/v1/gateways/kannel/messages/wrong" QUERY, "text/plain",
	                         "hello", NULL),
	        403);
	assert_int_equal(
	        request("POST", "/v1/gateways/kannel/messages" QUERY, "text/plain", "hello", NULL),
	        403);
	assert_string_equal(answer.content_type, "text/plain; charset=utf-8");
	assert_int_equal(intake.texts, 0);
	assert_int_equal(metric_value(M_INBOUND, "bad_signature"), 6);
	assert_int_equal(metric_value(M_GATEWAY_LAST_INBOUND, "kannel"), 0);
}

static void test_unknown_paths(void **state)
{
	(void)state;
	static const char *const paths[] = {"/", "", "*", "/v1/gateways/", "/v1/gateways/kannel",
	        "/v1/gateways/kannel/", "/v1/gateways/other/messages/s3cret" QUERY,
	        "/v1/gateways/kannel/message/s3cret" QUERY,
	        "/v1/gateways/kannel/messages/s3cret/x" QUERY,
	        "/v1/gateways/kannel/messages/s3cret/x/y" QUERY,
	        "/v1/gateways/kannel/messages/%zz" QUERY,
	        "/v2/gateways/kannel/messages/s3cret" QUERY, "/v1/gateways//messages/s3cret" QUERY,
	        "/v1/gateways/a-name-that-is-far-too-long-to-be-one/messages"};
	for (size_t i = 0; i < COUNT(paths); i++)
		assert_int_equal(request("POST", paths[i], "text/plain", "hello", NULL), 404);
	assert_int_equal(intake.texts, 0);
}

static void test_path_is_decoded(void **state)
{
	(void)state;
	assert_int_equal(request("POST", "/v1/gateways/kannel/messages/%733cret/" QUERY,
	                         "text/plain", "hello", NULL),
	        0);
	assert_int_equal(intake.texts, 1);
}

static void test_methods(void **state)
{
	(void)state;
	assert_int_equal(request("PUT", KANNEL QUERY, "text/plain", "hello", NULL), 405);
	assert_string_equal(answer.headers, "Allow: POST\r\n");
	// Without a body there is no text: a get-url would lose every one.
	assert_int_equal(request("GET", KANNEL QUERY, NULL, "", NULL), 405);
	assert_int_equal(request("DELETE", TWILIO, FORM, SMS, SMS_SIGNATURE), 405);
	assert_string_equal(answer.headers, "Allow: GET, POST\r\n");
	assert_int_equal(
	        request("GET", TWILIO "?" SMS, NULL, "", "206FiZVXl/hTbEQVIflJf9gYvaw="), 0);
	assert_int_equal(intake.texts, 1);
}

static void test_content_types(void **state)
{
	(void)state;
	assert_int_equal(request("POST", KANNEL QUERY, "text/html", "hello", NULL), 415);
	assert_int_equal(request("POST", TWILIO, "multipart/form-data", SMS, SMS_SIGNATURE), 415);
	assert_int_equal(request("POST", TWILIO, NULL, SMS, SMS_SIGNATURE), 415);
	assert_int_equal(request("POST", TWILIO, FORM "; charset=UTF-8", SMS, SMS_SIGNATURE), 0);
	assert_int_equal(request("POST", KANNEL QUERY, NULL, "hello", NULL), 0);
	assert_int_equal(intake.texts, 2);
}

static void test_authentic_but_unparsable(void **state)
{
	(void)state;
	assert_int_equal(
	        request("POST", KANNEL "?from=%2B15005550001", "text/plain", "hello", NULL), 0);
	assert_int_equal(intake.texts, 0);
	assert_int_equal(kept.count, 1);
	assert_string_equal(kept.gateway, "kannel");
	assert_non_null(strstr(kept.reason, "id is missing"));
	// The path's secret is not in it.
	assert_string_equal(kept.request, "POST /v1/gateways/kannel/messages?from=%2B15005550001\n"
	                                  "Content-Type: text/plain\n\nhello");
	assert_int_equal(metric_value(M_GATEWAY_LAST_INBOUND, "kannel"), 1767225600);
	kept.done(kept.tag, ERR_NONE, kept.arg);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.content_type, "text/plain");
}

static void test_a_quarantine_that_cannot_take_it(void **state)
{
	(void)state;
	assert_int_equal(request("POST", KANNEL "?from=x", "text/plain", "hello", NULL), 0);
	kept.done(kept.tag, ERR_UNAVAILABLE, kept.arg);
	assert_int_equal(answer.status, 503);
	assert_string_equal(answer.headers, "Retry-After: 2\r\n");
}

static void test_a_line_that_is_not_ours(void **state)
{
	(void)state;
	assert_int_equal(request("POST", KANNEL "?id=k1&from=%2B15005550001&to=741799",
	                         "text/plain", "hello", NULL),
	        0);
	assert_int_equal(intake.texts, 0);
	assert_int_equal(kept.count, 1);
	assert_non_null(strstr(kept.reason, "no line of this gateway"));
}

// What smsbox says in header fields goes with it; a signature does not.
static void test_what_is_kept_of_the_header(void **state)
{
	(void)state;
	const char *headers[] = {"X-Kannel-From", "+15005550001", "Authorization", "Basic secret",
	        "X-Kannel-Time", "2026-11-22 03:00:00", NULL};
	const char target[] = KANNEL "?x=%zz";
	struct http_request r = {
	        .id = 7,
	        .method = "POST",
	        .target = bytes_str(target),
	        .path = bytes_str(KANNEL),
	        .query = bytes_str("x=%zz"),
	        .body = bytes_str("hello"),
	        .peer = "127.0.0.1",
	        .headers = (const struct http_headers *)headers,
	};
	handler(&r, handler_arg);
	assert_string_equal(kept.request,
	        "POST /v1/gateways/kannel/messages?x=%zz\nX-Kannel-From: +15005550001\n"
	        "X-Kannel-Time: 2026-11-22 03:00:00\n\nhello");
}

// ---- what crashed us before

// As a life that ended in `stage` of this request leaves the file.
static void crash_in(const char *file, const char *raw, enum crash_stage stage)
{
	struct buf error = {0};
	uint8_t print[CRASH_GUARD_PRINT];
	struct crash_guard *g = crash_guard_open(file, &error);
	if (!g)
		fail_msg("%s", buf_str(&error));
	sha256(bytes_str(raw), print);
	crash_guard_enter(g, print);
	crash_guard_stage(g, stage);
	crash_guard_close(g);
}

#define POISON "a text that crashes"
static const char poison[] = "POST /v1/gateways/kannel/messages" QUERY
                             "\nContent-Type: text/plain; charset=\"UTF-8\"\n\n" POISON;
static const char poison_receipt[] = "GET /v1/gateways/kannel/receipts?id=m1&fid=f&type=1\n\n";

// A webhook whose guard has seen `crashes` of each in `stage`.
static void start_after(unsigned crashes, enum crash_stage stage)
{
	struct buf file = {0};
	buf_printf(&file, "%s/parsing", folder);
	for (unsigned i = 0; i < crashes; i++) {
		crash_in(buf_str(&file), poison, stage);
		crash_in(buf_str(&file), poison_receipt, stage);
	}
	webhook_free(webhook);
	webhook = webhook_new(loop, gateways, NULL, buf_str(&file));
	unlink(buf_str(&file));
	buf_free(&file);
}

static void test_crashed_the_parser_once(void **state)
{
	(void)state;
	start_after(1, CRASH_PARSE);
	assert_int_equal(kannel_text(POISON), 0);
	assert_int_equal(intake.texts, 1);
	assert_int_equal(kept.count, 0);
}

static void test_crashed_the_parser_twice(void **state)
{
	(void)state;
	start_after(2, CRASH_PARSE);
	for (unsigned i = 1; i <= 2; i++) {
		assert_int_equal(kannel_text(POISON), 0);
		assert_int_equal(kept.count, i);
		assert_string_equal(kept.reason, "crashed the parser twice");
	}
	assert_int_equal(intake.texts, 0);
	assert_int_equal(kannel_text("another one"), 0);
	assert_int_equal(intake.texts, 1);
	// Only what is authentic is kept.
	assert_int_equal(request("POST", "/v1/gateways/kannel/messages/wrong" QUERY,
	                         "text/plain; charset=\"UTF-8\"", POISON, NULL),
	        403);
	assert_int_equal(kept.count, 2);
	// A receipt is nobody's words.
	assert_int_equal(request("GET", "/v1/gateways/kannel/receipts/s3cret?id=m1&fid=f&type=1",
	                         NULL, "", NULL),
	        400);
	assert_int_equal(intake.receipts, 0);
}

static void test_crashed_the_check_twice(void **state)
{
	(void)state;
	start_after(2, CRASH_VERIFY);
	assert_int_equal(kannel_text(POISON), 400);
	assert_int_equal(kannel_text(POISON), 400);
	assert_int_equal(crashers, 2);
	assert_int_equal(kept.count, 0);
	assert_int_equal(intake.texts, 0);
}

// ---- receipts

static void test_receipts(void **state)
{
	(void)state;
#define REPORT "/v1/gateways/kannel/receipts/s3cret?id=m1&fid=f&type="
	assert_int_equal(request("GET", REPORT "1", NULL, "", NULL), 0);
	assert_int_equal(intake.receipts, 1);
	assert_string_equal(intake.message, "m1");
	assert_int_equal(intake.delivery, DELIVERY_DELIVERED);
	intake.done(intake.tags[0], ERR_NONE, intake.arg);
	assert_int_equal(answer.status, 200);
	assert_int_equal(request("POST", REPORT "2", NULL, "", NULL), 0);
	intake.done(intake.tags[1], ERR_NOT_FOUND, intake.arg);
	assert_int_equal(answer.status, 404);
	assert_int_equal(request("GET", REPORT "4", NULL, "", NULL), 200);
	assert_int_equal(request("GET", REPORT "77", NULL, "", NULL), 400);
	assert_int_equal(intake.receipts, 2);
	assert_int_equal(intake.texts, 0);
}

// ---- configured gateways

static void expect_mistake(struct config_gateway g, const char *mistake)
{
	struct buf errors = {0};
	g.send_url = no_file;
	struct config config = {.gateways = &g, .gateways_count = 1};
	assert_null(gateways_new(&config, &errors));
	if (!strstr(buf_str(&errors), mistake))
		fail_msg("%s", buf_str(&errors));
	buf_free(&errors);
}

static void test_mistakes_in_the_configuration(void **state)
{
	(void)state;
	static char pigeon[] = "pigeon", missing[] = "/nonexistent/secret";
	char *empty = secret_file("empty", "\n");
	expect_mistake(configured(kannel, pigeon, router, password_file, no_file),
	        "no provider \"pigeon\"");
	expect_mistake(configured(kannel, kannel, router, missing, no_file), "/nonexistent/secret");
	expect_mistake(configured(kannel, kannel, router, empty, no_file), "empty");
	expect_mistake(configured(kannel, kannel, router, password_file, empty), "empty");
	expect_mistake(configured(kannel, kannel, router, password_file, no_file), "send_url");
	expect_mistake(configured(twilio, twilio, no_file, token_file, no_file), "account");
	unlink(empty);
	free(empty);
}

static void test_table_of_providers(void **state)
{
	(void)state;
	size_t count = 0;
	for (; gateway_provider_at(count); count++) {
		const struct gateway_provider *p = gateway_provider_at(count);
		assert_ptr_equal(gateway_provider(p->name), p);
		assert_true(p->content_types && p->ack_content_type && p->ack_body);
		assert_true(p->check && p->verify && p->parse_inbound && p->parse_receipt &&
		            p->build_send && p->parse_send_reply);
	}
	assert_true(count >= 2);
	assert_null(gateway_provider("pigeon"));
	const struct gateway *g = gateways_find(gateways, "twilio-main");
	assert_non_null(g);
	assert_string_equal(g->public_url, "https://sms.example.org");
	assert_null(gateways_find(gateways, "twilio"));
	assert_string_equal(delivery_name(DELIVERY_DELIVERED), "delivered");
	assert_string_equal(delivery_name((enum delivery)99), "unknown");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_twilio_text),
	        TEST(test_kannel_text),
	        TEST(test_intake_errors),
	        TEST(test_answers_in_any_order),
	        TEST(test_not_authentic),
	        TEST(test_unknown_paths),
	        TEST(test_path_is_decoded),
	        TEST(test_methods),
	        TEST(test_content_types),
	        TEST(test_authentic_but_unparsable),
	        TEST(test_a_quarantine_that_cannot_take_it),
	        TEST(test_a_line_that_is_not_ours),
	        TEST(test_what_is_kept_of_the_header),
	        TEST(test_crashed_the_parser_once),
	        TEST(test_crashed_the_parser_twice),
	        TEST(test_crashed_the_check_twice),
	        TEST(test_receipts),
	        TEST(test_mistakes_in_the_configuration),
	        TEST(test_table_of_providers),
	};
	return cmocka_run_group_tests(tests, set_up_files, tear_down_files);
}
