// SPDX-License-Identifier: Apache-2.0
// Kannel: smsbox's post-url for texts, dlr-url for reports, sendsms for what goes out.
// https://www.kannel.org/download/1.4.5/userguide-1.4.5/userguide.html
#include <string.h>

#include "base/codec.h"
#include "base/gsm7.h"
#include "base/utf8.h"
#include "common.h"
#include "params.h"

// smsbox cuts what is over its user's max-messages and still answers "Accepted". Configure 10
// there: more is refused here.
#define SEGMENTS_MAX 10

// ---- verify

// smsbox signs nothing: a secret in the path, a client certificate, or both. Neither is no
// protection.
static bool verify(const struct gateway *g, const struct gateway_request *r, struct buf *error)
{
	if (!g->path_secret.len && !g->require_client_certificate) {
		buf_append_str(error, "the gateway has neither path_secret_file nor "
		                      "require_client_certificate");
		return false;
	}
	if (g->path_secret.len && !gateway_secret_matches(g->path_secret, r->path_secret)) {
		buf_append_str(error, "wrong or no secret in the path");
		return false;
	}
	return gateway_peer_allowed(g, r, error);
}

// ---- what comes in

static bool is_utf16(struct bytes charset)
{
	static const char *const names[] = {
	        "UTF-16BE", "UTF-16", "UTF16", "UCS-2", "UCS2", "UCS-2BE", "ISO-10646-UCS-2"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (bytes_is_nocase(charset, names[i]))
			return true;
	return false;
}

// smsbox labels the body it posts; without a label the query's charset (%C) counts, then its coding
// (%c).
static bool body_is_utf16(const struct gateway_request *r, const struct params *query)
{
	struct bytes charset = gateway_media_parameter(r->content_type, "charset");
	if (!charset.len)
		charset = bytes_trim(params_get(query, "charset"));
	if (charset.len)
		return is_utf16(charset);
	return bytes_is(params_get(query, "coding"), "2");
}

// %T, in seconds; 0 for what is no time.
static int64_t provider_time(struct bytes in)
{
	uint64_t seconds = 0;
	if (!bytes_to_u64(in, &seconds) || seconds > (uint64_t)INT64_MAX / 1000)
		return 0;
	return (int64_t)seconds * 1000;
}

static const char *read_inbound(
        const struct gateway_request *r, const struct params *query, struct gateway_inbound *out)
{
	if (!gateway_identifier(params_get(query, "id"), GATEWAY_ID_MAX, &out->provider_id))
		return "id is missing or malformed (post-url needs id=%I)";
	if (!gateway_number(params_get(query, "from"), &out->from))
		return "from is missing or malformed (post-url needs from=%p)";
	if (!gateway_number(params_get(query, "to"), &out->to))
		return "to is missing or malformed (post-url needs to=%P)";
	out->provider_ms = provider_time(params_get(query, "ts"));
	bool utf16 = body_is_utf16(r, query);
	out->damaged = !(
	        utf16 ? utf8_from_utf16be(r->body, &out->text) : utf8_repair(r->body, &out->text));
	return NULL;
}

static enum gateway_parse parse_inbound(
        const struct gateway *g, const struct gateway_request *r, struct gateway_inbound *out)
{
	(void)g;
	struct params query = {0};
	const char *why = params_read_form(r->query, &query) ? read_inbound(r, &query, out)
	                                                     : "the query cannot be read";
	if (why)
		buf_append_str(&out->error, why);
	params_free(&query);
	return why ? GATEWAY_UNPARSABLE : GATEWAY_PARSED;
}

static const struct {
	const char *type; // %d
	enum gateway_parse parse;
	enum delivery delivery;
	const char *error;
} reports[] = {
        {"1", GATEWAY_PARSED, DELIVERY_DELIVERED, ""},
        {"2", GATEWAY_PARSED, DELIVERY_FAILED, "Kannel 2: not delivered"},
        {"4", GATEWAY_IGNORED, 0, ""}, // waits at the SMSC
        {"8", GATEWAY_PARSED, DELIVERY_SENT, ""},
        {"16", GATEWAY_PARSED, DELIVERY_FAILED, "Kannel 16: refused by the SMSC"},
        {"32", GATEWAY_IGNORED, 0, ""}, // an intermediate notice of the SMSC
};

static enum gateway_parse read_receipt(const struct params *query, struct gateway_receipt *out)
{
	struct bytes foreign = params_get(query, "fid"), type = params_get(query, "type");
	if (!gateway_identifier(params_get(query, "id"), GATEWAY_MESSAGE_MAX, &out->message)) {
		buf_append_str(&out->error, "the URL has no id of ours");
		return GATEWAY_UNPARSABLE;
	}
	// The SMSC's acceptance comes without an id, and nothing depends on it: reports are told
	// apart by ours.
	if (!gateway_identifier(foreign, GATEWAY_ID_MAX, &out->provider_id))
		buf_clear(&out->provider_id);
	for (size_t i = 0; i < sizeof reports / sizeof *reports; i++)
		if (bytes_is(type, reports[i].type)) {
			out->delivery = reports[i].delivery;
			buf_append_str(&out->error, reports[i].error);
			return reports[i].parse;
		}
	buf_append_str(&out->error, "type is missing or unknown");
	return GATEWAY_UNPARSABLE;
}

static enum gateway_parse parse_receipt(
        const struct gateway *g, const struct gateway_request *r, struct gateway_receipt *out)
{
	(void)g;
	struct params query = {0};
	enum gateway_parse result = GATEWAY_UNPARSABLE;
	if (params_read_form(r->query, &query))
		result = read_receipt(&query, out);
	else
		buf_append_str(&out->error, "the query cannot be read");
	params_free(&query);
	return result;
}

// ---- what goes out

// In a dlr-url "%" starts one of Kannel's escapes, and "%%" stands for itself.
static void append_for_dlr(struct bytes in, struct buf *out)
{
	for (size_t i = 0; i < in.len; i++) {
		if (in.data[i] == '%')
			buf_append_char(out, '%');
		buf_append_char(out, (char)in.data[i]);
	}
}

static void receipts_url(const struct gateway *g, const char *message, struct buf *out)
{
	struct buf url = {0};
	struct bytes secret = gateway_secret_line(g->path_secret, 0);
	gateway_receipts_url(g, &url);
	if (secret.len)
		buf_append_char(&url, '/');
	percent_encode(secret, &url);
	buf_append_str(&url, "?id=");
	percent_encode(bytes_str(message), &url);
	append_for_dlr(buf_bytes(&url), out);
	buf_append_str(out, "&type=%d&fid=%F");
	buf_wipe(&url);
}

static void add_receipts(const struct gateway *g, const char *message, struct gateway_call *out)
{
	struct buf url = {0};
	receipts_url(g, message, &url);
	gateway_header(out, "X-Kannel-DLR-Mask", bytes_str("31"));
	gateway_header(out, "X-Kannel-DLR-URL", buf_bytes(&url));
	buf_wipe(&url);
}

// X-Kannel-Validity is in minutes.
static void add_validity(uint32_t seconds, struct gateway_call *out)
{
	struct buf minutes = {0};
	buf_printf(&minutes, "%u", seconds / 60 + (seconds % 60 ? 1 : 0));
	gateway_header(out, "X-Kannel-Validity", buf_bytes(&minutes));
	buf_free(&minutes);
}

static bool sendable(const struct gateway_send *s, size_t segments, struct buf *error)
{
	struct buf number = {0};
	const char *why = NULL;
	if (!s->text.len)
		why = "the text is empty";
	else if (!gateway_number(bytes_str(s->to), &number) ||
	         !gateway_number(bytes_str(s->from), &number))
		why = "the number is malformed";
	if (why)
		buf_append_str(error, why);
	else if (segments > SEGMENTS_MAX)
		buf_printf(error, "the text is too long: %zu parts, %d at most", segments,
		        SEGMENTS_MAX);
	buf_wipe(&number);
	return !why && segments <= SEGMENTS_MAX;
}

// Name and password go in fields, never in the URL, which smsbox writes to its access log. The text
// is the body; smsbox reads its character set from Content-Type, and there is no X-Kannel field for
// it.
static bool build_send(const struct gateway *g, const struct gateway_send *s,
        struct gateway_call *out, struct buf *error)
{
	struct sms_shape shape = sms_shape(s->text);
	if (!sendable(s, shape.segments, error))
		return false;
	out->method = "POST";
	buf_printf(&out->url, "%s/cgi-bin/sendsms", g->send_url);
	gateway_header(out, "Content-Type", bytes_str("text/plain; charset=UTF-8"));
	gateway_header(out, "X-Kannel-Username", bytes_str(g->account));
	gateway_header(out, "X-Kannel-Password", gateway_secret_line(g->secret, 0));
	gateway_header(out, "X-Kannel-From", bytes_str(s->from));
	gateway_header(out, "X-Kannel-To", bytes_str(s->to));
	gateway_header(out, "X-Kannel-Coding", bytes_str(shape.gsm7 ? "0" : "2"));
	add_receipts(g, s->message, out);
	add_validity(g->validity_s, out);
	buf_append_bytes(&out->body, s->text);
	return true;
}

// sendsms gives no id. What may be a mistake in the configuration is tried again: people can put it
// right, and the reply must still be there then.
static const struct {
	int least, most; // HTTP status
	enum gateway_outcome outcome;
	const char *error;
} answers[] = {
        {202, 202, GATEWAY_SENT, ""},
        {200, 299, GATEWAY_AMBIGUOUS, "an answer that sendsms does not give: check send_url"},
        {300, 399, GATEWAY_RETRY, "no such address: check send_url"},
        {400, 400, GATEWAY_PERMANENT, "the message is refused"},
        {401, 401, GATEWAY_RETRY, "access is refused: check account and secret_file"},
        {403, 403, GATEWAY_RETRY,
                "access is refused: check account, secret_file and user-allow-ip"},
        {404, 405, GATEWAY_RETRY, "no such address: check send_url"},
        {429, 429, GATEWAY_RETRY, "too many requests"},
        {408, 408, GATEWAY_AMBIGUOUS, "no clear answer"},
        {406, 499, GATEWAY_PERMANENT, "the message is refused"},
        {503, 503, GATEWAY_RETRY, "Kannel takes no messages now"},
};

static void parse_send_reply(
        const struct gateway *g, int status, struct bytes body, struct gateway_reply *out)
{
	(void)g;
	(void)body;
	const char *error = "no clear answer";
	out->outcome = GATEWAY_AMBIGUOUS;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		if (status >= answers[i].least && status <= answers[i].most) {
			out->outcome = answers[i].outcome;
			error = answers[i].error;
			break;
		}
	if (*error)
		buf_printf(&out->error, "Kannel, HTTP %d: %s", status, error);
}

// ---- the row

static bool is_header_value(struct bytes in)
{
	for (size_t i = 0; i < in.len; i++)
		if (in.data[i] < 0x20 || in.data[i] == 0x7f)
			return false;
	return in.len;
}

static bool check(const struct gateway *g, struct buf *error)
{
	const char *why = NULL;
	if (!is_header_value(bytes_str(g->account)))
		why = "account is missing or malformed (the name of the sendsms-user)";
	else if (!is_header_value(gateway_secret_line(g->secret, 0)))
		why = "secret_file must hold the sendsms-user's password in one line";
	else if (!is_header_value(bytes_str(g->public_url)))
		why = "public_url is malformed";
	else if (!*g->send_url)
		why = "send_url is missing (smsbox's sendsms-port, http://host:13013)";
	else if (!g->path_secret.len && !g->require_client_certificate)
		why = "needs path_secret_file or require_client_certificate: Kannel signs nothing";
	if (why)
		buf_append_str(error, why);
	return !why;
}

static const char *const content_types[] = {"text/plain", "application/octet-stream", "", NULL};

// What smsbox says beside the query, which is whatever somebody wrote into post-url.
static const char *const kept_headers[] = {
        "X-Kannel-From", "X-Kannel-To", "X-Kannel-Time", "X-Kannel-Coding", NULL};

const struct gateway_provider gateway_provider_kannel = {
        .name = "kannel",
        .content_types = content_types,
        .kept_headers = kept_headers,
        .ack_content_type = "text/plain",
        .ack_body = "", // with omit-empty nothing goes back to the handset
        .check = check,
        .verify = verify,
        .parse_inbound = parse_inbound,
        .parse_receipt = parse_receipt,
        .build_send = build_send,
        .parse_send_reply = parse_send_reply,
};
