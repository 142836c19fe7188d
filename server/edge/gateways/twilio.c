// SPDX-License-Identifier: Apache-2.0
// Twilio: signed webhooks, the Messages API, status callbacks.
// https://www.twilio.com/docs/usage/webhooks/webhooks-security,
// https://www.twilio.com/docs/messaging/api/message-resource
#include <jansson.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/utf8.h"
#include "common.h"
#include "params.h"
#include "vault/mac.h"

#define API_URL       "https://api.twilio.com"
#define SIGNATURE_LEN 28 // base64 of a SHA-1
#define MEDIA_MAX     100

// ---- verify

// The other spelling of a public URL that Twilio may have signed: without its port when it has one,
// with the scheme's port when it has none.
static void other_spelling(const char *public_url, struct buf *out)
{
	const char *host = strstr(public_url, "://");
	host = host ? host + 3 : public_url;
	const char *bracket = strrchr(host, ']'); // an IPv6 address has colons of its own
	const char *port = strchr(bracket ? bracket : host, ':');
	if (port)
		buf_append(out, public_url, (size_t)(port - public_url));
	else
		buf_printf(out, "%s:%s", public_url,
		        strncasecmp(public_url, "https:", 6) == 0 ? "443" : "80");
}

// Name and value of each parameter in order; the same pair twice counts once.
static void append_signed(const struct params *p, struct buf *out)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct param *now = &p->list[i], *last = i ? now - 1 : NULL;
		if (last && bytes_equal(buf_bytes(&last->name), buf_bytes(&now->name)) &&
		        bytes_equal(buf_bytes(&last->value), buf_bytes(&now->value)))
			continue;
		buf_append_bytes(out, buf_bytes(&now->name));
		buf_append_bytes(out, buf_bytes(&now->value));
	}
}

static bool signed_by(struct bytes key, struct bytes content, struct bytes signature)
{
	uint8_t mac[20];
	struct buf expected = {0};
	if (!key.len)
		return false;
	hmac_sha1(key, content, mac);
	base64_encode(bytes_of(mac, sizeof mac), &expected);
	bool equal = bytes_equal_secret(buf_bytes(&expected), signature);
	buf_wipe(&expected);
	return equal;
}

static bool signed_as(const struct gateway *g, const char *url, const struct gateway_request *r,
        const struct params *p, struct bytes signature)
{
	struct buf content = {0};
	bool ok = false;
	buf_append_str(&content, url);
	buf_append_bytes(&content, r->target);
	append_signed(p, &content);
	for (size_t i = 0; i < GATEWAY_SECRET_LINES; i++)
		ok |= signed_by(gateway_secret_line(g->secret, i), buf_bytes(&content), signature);
	buf_wipe(&content);
	return ok;
}

static bool signature_matches(const struct gateway *g, const struct gateway_request *r,
        const struct params *p, struct bytes signature)
{
	struct buf other = {0};
	other_spelling(g->public_url, &other);
	bool ok = signed_as(g, g->public_url, r, p, signature) ||
	          signed_as(g, buf_str(&other), r, p, signature);
	buf_free(&other);
	return ok;
}

// A body that is no form is not part of what is signed; its digest, in the signed URL, stands for
// it.
static bool body_matches_digest(const struct gateway_request *r)
{
	uint8_t digest[32];
	struct buf given = {0}, actual = {0};
	sha256(r->body, digest);
	hex_encode(bytes_of(digest, sizeof digest), &actual);
	bool ok = form_get(r->query, "bodySHA256", &given) &&
	          bytes_equal_secret(buf_bytes(&given), buf_bytes(&actual));
	buf_free(&given);
	buf_free(&actual);
	return ok;
}

static bool accounts_match(const struct gateway *g, const struct params *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (bytes_is(buf_bytes(&p->list[i].name), "AccountSid") &&
		        !bytes_is(buf_bytes(&p->list[i].value), g->account))
			return false;
	return true;
}

static bool get_signature(const struct gateway_request *r, struct bytes *out, struct buf *error)
{
	size_t count = 0;
	*out = bytes_trim(r->header(r->headers, "X-Twilio-Signature", &count));
	if (count != 1)
		buf_printf(error, "%zu X-Twilio-Signature fields", count);
	else if (out->len != SIGNATURE_LEN)
		buf_append_str(error, "X-Twilio-Signature has the wrong length");
	return count == 1 && out->len == SIGNATURE_LEN;
}

// A form's parameters are signed with the URL; a GET's are in it; any other body is, by its digest.
static bool verify_params(const struct gateway *g, const struct gateway_request *r,
        struct params *p, struct buf *error)
{
	static const struct params none = {0};
	struct bytes signature;
	const char *why = NULL;
	if (!get_signature(r, &signature, error))
		return false;
	bool get = params_is_get(r), form = !get && params_is_form(r);
	bool readable = params_read(r, p);
	params_sort(p);
	if (form && !readable)
		why = "the form is malformed or has too many parameters";
	else if (!get && !form && !body_matches_digest(r))
		why = "bodySHA256 is missing or is not the body's digest";
	else if (!signature_matches(g, r, form ? p : &none, signature))
		why = "the signature does not match (token, public_url, or a changed request)";
	else if (readable && !accounts_match(g, p))
		why = "AccountSid is not this gateway's account";
	if (why)
		buf_append_str(error, why);
	return !why;
}

static bool verify(const struct gateway *g, const struct gateway_request *r, struct buf *error)
{
	struct params p = {0};
	bool ok = gateway_peer_allowed(g, r, error) && verify_params(g, r, &p, error);
	params_free(&p);
	return ok;
}

// ---- what comes in

static struct bytes first_of(const struct params *p, const char *const *names)
{
	struct bytes value = {0};
	for (; *names && !value.len; names++)
		value = params_get(p, *names);
	return value;
}

static const char *const sid_names[] = {"MessageSid", "SmsSid", "SmsMessageSid", NULL};

static unsigned media_count(struct bytes in)
{
	uint64_t count = 0;
	return bytes_to_u64(in, &count) && count <= MEDIA_MAX ? (unsigned)count : 0;
}

static const char *read_inbound(const struct params *p, struct gateway_inbound *out)
{
	if (!gateway_identifier(first_of(p, sid_names), GATEWAY_ID_MAX, &out->provider_id))
		return "MessageSid is missing or malformed";
	if (!gateway_number(params_get(p, "From"), &out->from))
		return "From is missing or malformed";
	if (!gateway_number(params_get(p, "To"), &out->to))
		return "To is missing or malformed";
	out->media = media_count(params_get(p, "NumMedia"));
	out->damaged = !utf8_repair(params_get(p, "Body"), &out->text);
	return NULL;
}

static enum gateway_parse parse_inbound(
        const struct gateway *g, const struct gateway_request *r, struct gateway_inbound *out)
{
	(void)g;
	struct params p = {0};
	const char *why =
	        params_read(r, &p) ? read_inbound(&p, out) : "the parameters cannot be read";
	if (why)
		buf_append_str(&out->error, why);
	params_free(&p);
	return why ? GATEWAY_UNPARSABLE : GATEWAY_PARSED;
}

// Statuses before "sent" say nothing that our own "queued" does not.
static const struct {
	const char *name;
	enum gateway_parse parse;
	enum delivery delivery;
} statuses[] = {
        {"accepted", GATEWAY_IGNORED, 0},
        {"scheduled", GATEWAY_IGNORED, 0},
        {"queued", GATEWAY_IGNORED, 0},
        {"sending", GATEWAY_IGNORED, 0},
        {"sent", GATEWAY_PARSED, DELIVERY_SENT},
        {"delivered", GATEWAY_PARSED, DELIVERY_DELIVERED},
        {"partially_delivered", GATEWAY_PARSED, DELIVERY_SENT},
        {"read", GATEWAY_PARSED, DELIVERY_DELIVERED},
        {"undelivered", GATEWAY_PARSED, DELIVERY_FAILED},
        {"failed", GATEWAY_PARSED, DELIVERY_FAILED},
        {"canceled", GATEWAY_PARSED, DELIVERY_FAILED},
};

static enum gateway_parse read_status(const struct params *p, struct gateway_receipt *out)
{
	static const char *const names[] = {"MessageStatus", "SmsStatus", NULL};
	struct bytes status = first_of(p, names);
	uint64_t code = 0;
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		if (!bytes_is(status, statuses[i].name))
			continue;
		out->delivery = statuses[i].delivery;
		if (out->delivery != DELIVERY_FAILED)
			return statuses[i].parse;
		if (bytes_to_u64(params_get(p, "ErrorCode"), &code))
			buf_printf(&out->error, "Twilio error %llu", (unsigned long long)code);
		else
			buf_printf(&out->error, "Twilio: %s", statuses[i].name);
		return statuses[i].parse;
	}
	// Twilio adds statuses without notice.
	if (status.len)
		return GATEWAY_IGNORED;
	buf_append_str(&out->error, "MessageStatus is missing");
	return GATEWAY_UNPARSABLE;
}

static enum gateway_parse read_receipt(
        const struct gateway_request *r, const struct params *p, struct gateway_receipt *out)
{
	struct buf id = {0};
	bool ours = form_get(r->query, "id", &id) &&
	            gateway_identifier(buf_bytes(&id), GATEWAY_MESSAGE_MAX, &out->message);
	buf_free(&id);
	const char *why = NULL;
	if (!ours)
		why = "the URL has no id of ours";
	else if (!gateway_identifier(first_of(p, sid_names), GATEWAY_ID_MAX, &out->provider_id))
		why = "MessageSid is missing or malformed";
	if (why)
		buf_append_str(&out->error, why);
	return why ? GATEWAY_UNPARSABLE : read_status(p, out);
}

static enum gateway_parse parse_receipt(
        const struct gateway *g, const struct gateway_request *r, struct gateway_receipt *out)
{
	(void)g;
	struct params p = {0};
	enum gateway_parse result = GATEWAY_UNPARSABLE;
	if (params_read(r, &p))
		result = read_receipt(r, &p, out);
	else
		buf_append_str(&out->error, "the parameters cannot be read");
	params_free(&p);
	return result;
}

// ---- what goes out

static void add_callback(const struct gateway *g, const char *message, struct buf *body)
{
	struct buf url = {0};
	gateway_receipts_url(g, &url);
	buf_append_str(&url, "?id=");
	percent_encode(bytes_str(message), &url);
	form_add(body, "StatusCallback", buf_bytes(&url));
	buf_free(&url);
}

// Twilio takes 1 to 36,000 seconds.
static void add_validity(uint32_t seconds, struct buf *body)
{
	struct buf value = {0};
	buf_printf(&value, "%u", seconds < 1 ? 1 : seconds > 36000 ? 36000 : seconds);
	form_add(body, "ValidityPeriod", buf_bytes(&value));
	buf_free(&value);
}

static void messages_url(const struct gateway *g, struct buf *out)
{
	buf_printf(out, "%s/2010-04-01/Accounts/", *g->send_url ? g->send_url : API_URL);
	percent_encode(bytes_str(g->account), out);
	buf_append_str(out, "/Messages.json");
}

static bool build_send(const struct gateway *g, const struct gateway_send *s,
        struct gateway_call *out, struct buf *error)
{
	if (!s->text.len || !*s->to) {
		buf_append_str(
		        error, s->text.len ? "there is no number to send to" : "the text is empty");
		return false;
	}
	out->method = "POST";
	messages_url(g, &out->url);
	gateway_header(out, "Content-Type", bytes_str("application/x-www-form-urlencoded"));
	form_add(&out->body, "To", bytes_str(s->to));
	form_add(&out->body, "From", bytes_str(s->from));
	form_add(&out->body, "Body", s->text);
	add_callback(g, s->message, &out->body);
	add_validity(g->validity_s, &out->body);
	out->user = g->account;
	out->password = gateway_secret_line(g->secret, 0);
	return true;
}

// https://www.twilio.com/docs/api/errors. A mistake in the configuration is GATEWAY_RETRY: people
// can put it right, and the reply must still be there then. Twilio's own words are not used: they
// quote the number.
static const struct {
	unsigned code;
	enum gateway_outcome outcome;
	const char *reason;
} api_errors[] = {
        {20003, GATEWAY_RETRY, "the account or its token is refused: check the gateway's secret"},
        {20005, GATEWAY_RETRY, "the account is not active"},
        {20404, GATEWAY_RETRY, "there is no such account: check account and send_url"},
        {20429, GATEWAY_RETRY, "too many requests"},
        {14107, GATEWAY_RETRY, "too many messages from this number"},
        {21211, GATEWAY_PERMANENT, "not a valid number"},
        {21212, GATEWAY_RETRY, "the line's number is not valid: check lines"},
        {21408, GATEWAY_PERMANENT, "the account may not send to this country"},
        {21602, GATEWAY_PERMANENT, "the text is empty"},
        {21603, GATEWAY_RETRY, "the line's number is missing: check lines"},
        {21604, GATEWAY_PERMANENT, "there is no number to send to"},
        {21606, GATEWAY_RETRY, "the line's number is not this account's: check lines"},
        {21609, GATEWAY_RETRY, "the callback's URL is not valid: check public_url"},
        {21610, GATEWAY_OPTED_OUT, "this person has opted out: the provider blocks replies"},
        // Over ten hours of texts wait behind this number already. A reply that comes that late is
        // no reply: the counselor has to see now that it will not arrive.
        {21611, GATEWAY_PERMANENT, "the provider's queue for this line is full"},
        {21612, GATEWAY_PERMANENT, "this number cannot be reached from this line"},
        {21614, GATEWAY_PERMANENT, "not a mobile number"},
        {21617, GATEWAY_PERMANENT, "the text is too long for the provider"},
        {21660, GATEWAY_RETRY, "the line's number is not this account's: check lines"},
};

// Without a Retry-After of its own: its limits are per second.
#define THROTTLED_S 1

static void finish(
        struct gateway_reply *out, enum gateway_outcome outcome, uint64_t code, const char *reason)
{
	out->outcome = outcome;
	if (code)
		buf_printf(&out->error, "Twilio %llu: %s", (unsigned long long)code, reason);
	else
		buf_printf(&out->error, "Twilio: %s", reason);
}

static void throttled(struct gateway_reply *out, uint64_t code)
{
	finish(out, GATEWAY_RETRY, code, "too many requests");
	out->retry_after_s = THROTTLED_S;
}

// Without a code of the table, HTTP's own meaning. A 5xx or something odd may have been acted on:
// the API is not idempotent (https://www.twilio.com/docs/api/errors/20500).
static void finish_by_status(int status, uint64_t code, struct gateway_reply *out)
{
	if (status == 401 || status == 403)
		finish(out, GATEWAY_RETRY, code, "access is refused: check the gateway's secret");
	else if (status == 404 || (status >= 300 && status < 400))
		finish(out, GATEWAY_RETRY, code, "no such address: check send_url and account");
	else if (status == 429)
		throttled(out, code);
	else if (status >= 400 && status < 500 && status != 408)
		finish(out, GATEWAY_PERMANENT, code, "the message is refused");
	else
		finish(out, GATEWAY_AMBIGUOUS, code, "no clear answer");
}

static void read_error(int status, const json_t *root, struct gateway_reply *out)
{
	json_int_t number = json_integer_value(json_object_get(root, "code"));
	uint64_t code = number > 0 ? (uint64_t)number : 0;
	bool refused = status >= 400 && status < 500;
	for (size_t i = 0; refused && i < sizeof api_errors / sizeof *api_errors; i++)
		if (api_errors[i].code == code) {
			finish(out, api_errors[i].outcome, code, api_errors[i].reason);
			out->retry_after_s = code == 20429 || code == 14107 ? THROTTLED_S : 0;
			return;
		}
	finish_by_status(status, code, out);
}

static void parse_send_reply(
        const struct gateway *g, int status, struct bytes body, struct gateway_reply *out)
{
	(void)g;
	json_t *root = json_loadb((const char *)body.data, body.len, 0, NULL);
	const char *sid = json_string_value(json_object_get(root, "sid"));
	if (status < 200 || status > 299)
		read_error(status, root, out);
	else if (gateway_identifier(bytes_str(sid), GATEWAY_ID_MAX, &out->provider_id))
		out->outcome = GATEWAY_SENT;
	else
		finish(out, GATEWAY_AMBIGUOUS, 0, "accepted, but the answer holds no sid");
	json_decref(root);
}

// ---- what it has of ours

// Twilio takes a day in GMT, and filters by when it sent: a text that it has not sent yet may be
// missing, and is there when it is asked again.
static void add_day(int64_t at_ms, struct buf *query)
{
	char text[25];
	clock_format(at_ms, text);
	form_add(query, "DateSent>", bytes_of(text, strlen("2026-11-22")));
}

#define LISTED_MAX "100"

static void build_query(
        const struct gateway *g, const struct gateway_query *q, struct gateway_call *out)
{
	struct buf query = {0};
	form_add(&query, "To", bytes_str(q->to));
	form_add(&query, "From", bytes_str(q->from));
	add_day(q->since_ms, &query);
	form_add(&query, "PageSize", bytes_str(LISTED_MAX));
	out->method = "GET";
	messages_url(g, &out->url);
	buf_append_char(&out->url, '?');
	buf_append_bytes(&out->url, buf_bytes(&query));
	out->user = g->account;
	out->password = gateway_secret_line(g->secret, 0);
	buf_wipe(&query);
}

// "Sun, 22 Nov 2026 03:00:00 +0000"; its resolution is a second.
static bool read_time(const char *text, int64_t *out_ms)
{
	struct tm tm = {0};
	const char *end = text ? strptime(text, "%a, %d %b %Y %H:%M:%S", &tm) : NULL;
	if (!end || strcmp(end, " +0000") != 0)
		return false;
	*out_ms = (int64_t)timegm(&tm) * 1000;
	return true;
}

static bool is_ours(const json_t *message, const struct gateway_query *q)
{
	int64_t created;
	struct bytes to = bytes_str(json_string_value(json_object_get(message, "to"))),
	             from = bytes_str(json_string_value(json_object_get(message, "from"))),
	             body = bytes_str(json_string_value(json_object_get(message, "body")));
	const char *at = json_string_value(json_object_get(message, "date_created"));
	return read_time(at, &created) && created >= q->since_ms && created <= q->until_ms &&
	       bytes_is(to, q->to) && bytes_is(from, q->from) &&
	       bytes_equal(bytes_trim(body), bytes_trim(q->text));
}

static void read_match(const json_t *message, struct gateway_found *out)
{
	const char *status = json_string_value(json_object_get(message, "status"));
	json_int_t code = json_integer_value(json_object_get(message, "error_code"));
	const char *sid = json_string_value(json_object_get(message, "sid"));
	buf_clear(&out->provider_id);
	buf_clear(&out->error);
	out->clear = gateway_identifier(bytes_str(sid), GATEWAY_ID_MAX, &out->provider_id);
	out->delivery = DELIVERY_SENT; // it has it, whatever it will do with it
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (statuses[i].delivery && bytes_is(bytes_str(status), statuses[i].name))
			out->delivery = statuses[i].delivery;
	if (out->delivery == DELIVERY_FAILED && code > 0)
		buf_printf(&out->error, "Twilio error %lld", (long long)code);
	else if (out->delivery == DELIVERY_FAILED)
		buf_printf(&out->error, "Twilio: it was not delivered");
}

static void parse_query(const struct gateway *g, const struct gateway_query *q, int status,
        struct bytes body, struct gateway_found *out)
{
	(void)g;
	json_t *root = json_loadb((const char *)body.data, body.len, 0, NULL), *message;
	json_t *list = json_object_get(root, "messages");
	size_t i;
	// More than a page of texts to one person in two days: what is on the next is not known.
	out->clear = status == 200 && json_is_array(list) &&
	             !json_is_string(json_object_get(root, "next_page_uri"));
	json_array_foreach(list, i, message) if (out->clear && is_ours(message, q))
	{
		out->matches++;
		read_match(message, out);
	}
	json_decref(root);
}

// ---- the row

static bool check(const struct gateway *g, struct buf *error)
{
	const char *why = NULL;
	if (!*g->account)
		why = "account is missing (the AccountSid)";
	else if (g->path_secret.len)
		why = "path_secret_file has no use: Twilio signs its requests";
	if (why)
		buf_append_str(error, why);
	return !why;
}

static const char *const content_types[] = {
        "application/x-www-form-urlencoded", "application/json", NULL};

const struct gateway_provider gateway_provider_twilio = {
        .name = "twilio",
        .content_types = content_types,
        .text_by_get = true,
        .ack_content_type = "text/xml",
        .ack_body = "<Response></Response>", // no automatic reply
        .check = check,
        .verify = verify,
        .parse_inbound = parse_inbound,
        .parse_receipt = parse_receipt,
        .build_send = build_send,
        .parse_send_reply = parse_send_reply,
        .build_query = build_query,
        .parse_query = parse_query,
};
