// SPDX-License-Identifier: Apache-2.0
// Kannel's sendsms as far as a handset needs it: takes texts, shows them, and calls the delivery
// receipts.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/table.h"
#include "base/codec.h"
#include "base/id.h"
#include "base/log.h"
#include "base/utf8.h"
#include "net/http.h"
#include "phone.h"

#define RECEIPT_MS 10000

// What Kannel reports, in this order: the centre has it, then the handset has it.
static const char *const receipt_types[] = {"8", "1"};
#define RECEIPTS (sizeof(receipt_types) / sizeof(receipt_types[0]))

struct receipt {
	struct phone *phone;
	char *url; // with Kannel's %-codes
	uint64_t mask;
	size_t next;
	char id[ID_LEN + 1];
};

// ---- receipts

static void append_code(struct buf *out, char code, const struct receipt *r)
{
	if (code == 'd')
		buf_append_str(out, receipt_types[r->next]);
	else if (code == 'F' || code == 'I')
		buf_append_str(out, r->id);
	else if (code == '%')
		buf_append_char(out, '%');
	else if (code != 'A') // the centre's own words, of which we have none
		buf_printf(out, "%%%c", code);
}

static void expand(const struct receipt *r, struct buf *out)
{
	for (const char *at = r->url; *at; at++) {
		if (*at == '%' && at[1])
			append_code(out, *++at, r);
		else
			buf_append_char(out, *at);
	}
}

static void call_next(struct receipt *r);

static void receipt_done(uint64_t tag, const struct http_result *result, void *arg)
{
	struct receipt *r = arg;

	(void)tag;
	if (result->outcome != HTTP_ANSWERED || result->status / 100 != 2)
		print_safely("(the receipt was not taken: %s %d)", result->error, result->status);
	r->next++;
	call_next(r);
}

static void call_next(struct receipt *r)
{
	struct buf url = {0};
	uint64_t bit;

	// The mask has the types that the sender wants to hear of.
	while (r->next < RECEIPTS && bytes_to_u64(bytes_str(receipt_types[r->next]), &bit) &&
	        !(r->mask & bit))
		r->next++;
	if (r->next == RECEIPTS) {
		free(r->url);
		free(r);
		return;
	}
	expand(r, &url);
	struct http_call call = {.method = "GET",
	        .url = buf_str(&url),
	        .ca_file = r->phone->config->ctl.ca_file,
	        .timeout_ms = RECEIPT_MS};
	http_client_call(r->phone->http, &call, 0, receipt_done, r);
	buf_free(&url);
}

static void start_receipts(struct phone *p, struct bytes mask, struct bytes url)
{
	struct receipt *r;

	if (url.len == 0)
		return;
	r = xcalloc(1, sizeof(*r));
	r->phone = p;
	r->url = bytes_dup(url);
	if (!bytes_to_u64(mask, &r->mask))
		r->mask = 0;
	id_new(r->id);
	call_next(r);
}

// ---- the request: X-Kannel-* headers with the text as body, or all of it in the query

static void get_field(
        const struct http_request *r, const char *header, const char *parameter, struct buf *out)
{
	struct bytes value = http_header(r, header, NULL);

	if (value.data)
		buf_append_bytes(out, bytes_trim(value));
	else if (!form_get(r->query, parameter, out))
		buf_clear(out);
}

static bool authorized(const struct phone *p, const struct http_request *r)
{
	struct buf user = {0}, password = {0};
	bool ok;

	get_field(r, "X-Kannel-Username", "username", &user);
	get_field(r, "X-Kannel-Password", "password", &password);
	ok = bytes_is(buf_bytes(&user), p->gateway->account) &&
	     bytes_equal(buf_bytes(&password), buf_bytes(&p->secret));
	buf_free(&user);
	buf_wipe(&password);
	return ok;
}

// As smsbox: a body's character set is in its Content-Type, a query's text has a parameter for it.
static bool is_utf16(const struct http_request *r)
{
	struct bytes type = http_header(r, "Content-Type", NULL);
	char *text = bytes_dup(type);
	struct buf charset = {0};

	get_field(r, "X-Kannel-Charset", "charset", &charset);
	bool utf16 = strcasestr(text, "charset=utf-16be") ||
	             strcasestr(text, "charset=\"utf-16be") ||
	             bytes_is_nocase(buf_bytes(&charset), "UTF-16BE");
	buf_free(&charset);
	free(text);
	return utf16;
}

static void read_text(const struct http_request *r, struct buf *out)
{
	struct buf query = {0};
	struct bytes body = r->body;

	if (strcmp(r->method, "GET") == 0 && form_get(r->query, "text", &query))
		body = buf_bytes(&query);
	if (is_utf16(r))
		(void)utf8_from_utf16be(body, out);
	else
		(void)utf8_repair(body, out);
	buf_wipe(&query);
}

static void show_text(const struct phone *p, const char *to, const char *text)
{
	char number[16];

	if (strcmp(to, p->from) == 0)
		print_safely("← %s", text);
	else
		print_safely("(to %s) %s", log_number(number, to), text);
}

static void take_text(struct phone *p, const struct http_request *r)
{
	struct buf to = {0}, text = {0}, mask = {0}, url = {0};

	get_field(r, "X-Kannel-To", "to", &to);
	get_field(r, "X-Kannel-DLR-Mask", "dlr-mask", &mask);
	get_field(r, "X-Kannel-DLR-Url", "dlr-url", &url);
	read_text(r, &text);
	http_respond(
	        p->server, r->id, 202, "text/plain", bytes_str("0: Accepted for delivery"), NULL);
	show_text(p, buf_str(&to), buf_str(&text));
	start_receipts(p, buf_bytes(&mask), buf_bytes(&url));
	buf_free(&to);
	buf_wipe(&text);
	buf_free(&mask);
	buf_free(&url);
}

static void on_request(const struct http_request *r, void *arg)
{
	struct phone *p = arg;

	if (!bytes_is(r->path, "/cgi-bin/sendsms"))
		http_respond(p->server, r->id, 404, "text/plain", bytes_str("no such page"), NULL);
	else if (!authorized(p, r))
		http_respond(p->server, r->id, 403, "text/plain",
		        bytes_str("Authorization failed for sendsms"), NULL);
	else
		take_text(p, r);
}

bool phone_serve(struct phone *p, struct buf *error)
{
	static const struct listener_limits limits = {.total = 64, .handshake_ms = 10000};

	p->server = http_server_new(p->loop, "phone", &http_limits_default, on_request, p);
	p->listener = listener_new_unix(p->loop, "phone", p->gateway->send_socket, &limits,
	        http_server_accept, p->server, error);
	return p->listener != NULL;
}

void phone_close(struct phone *p)
{
	listener_free(p->listener);
	if (p->server)
		http_server_free(p->server);
}
