// SPDX-License-Identifier: Apache-2.0
// What providers have in common: content types, secrets in rotation, bounded numbers and
// identifiers.
#include "common.h"

#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "vault/mac.h"

// Cuts `in` at the first `c`: returns what is before it and leaves what is after it.
static struct bytes cut(struct bytes *in, char c)
{
	const uint8_t *at = in->len ? memchr(in->data, c, in->len) : NULL;
	struct bytes head = {in->data, at ? (size_t)(at - in->data) : in->len};
	size_t skip = head.len + (at ? 1 : 0);
	if (in->len)
		*in = bytes_of(in->data + skip, in->len - skip);
	return head;
}

struct bytes gateway_media_type(struct bytes content_type)
{
	return bytes_trim(cut(&content_type, ';'));
}

struct bytes gateway_media_parameter(struct bytes content_type, const char *name)
{
	cut(&content_type, ';');
	while (content_type.len) {
		struct bytes value = cut(&content_type, ';');
		struct bytes key = bytes_trim(cut(&value, '='));
		value = bytes_trim(value);
		if (!bytes_is_nocase(key, name))
			continue;
		if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
			value = bytes_of(value.data + 1, value.len - 2);
		return value;
	}
	return (struct bytes){0};
}

struct bytes gateway_secret_line(struct bytes secret, size_t index)
{
	for (size_t i = 0; i < index; i++)
		cut(&secret, '\n');
	return bytes_trim(cut(&secret, '\n'));
}

bool gateway_secret_matches(struct bytes secret, struct bytes given)
{
	bool found = false;
	for (size_t i = 0; i < GATEWAY_SECRET_LINES; i++) {
		struct bytes line = gateway_secret_line(secret, i);
		found |= line.len && bytes_equal_secret(line, given);
	}
	return found;
}

bool gateway_peer_allowed(
        const struct gateway *g, const struct gateway_request *r, struct buf *error)
{
	if (!g->require_client_certificate || r->peer_verified)
		return true;
	buf_append_str(error, "no client certificate of our authority");
	return false;
}

static bool has_control(struct bytes in)
{
	for (size_t i = 0; i < in.len; i++)
		if (in.data[i] < 0x20 || in.data[i] == 0x7f)
			return true;
	return false;
}

bool gateway_number(struct bytes in, struct buf *out)
{
	bool plus = in.len > 1 && in.data[0] == ' ' && in.data[1] >= '0' && in.data[1] <= '9';
	struct bytes number = bytes_trim(in);
	if (!number.len || number.len + plus > GATEWAY_NUMBER_MAX || has_control(number) ||
	        !utf8_valid(number))
		return false;
	if (plus)
		buf_append_char(out, '+');
	buf_append_bytes(out, number);
	return true;
}

bool gateway_identifier(struct bytes in, size_t max, struct buf *out)
{
	if (!in.len || in.len > max)
		return false;
	for (size_t i = 0; i < in.len; i++)
		if (in.data[i] <= ' ' || in.data[i] >= 0x7f)
			return false;
	buf_append_bytes(out, in);
	return true;
}

void gateway_receipts_url(const struct gateway *g, struct buf *out)
{
	buf_printf(out, "%s/v1/gateways/%s/receipts", g->public_url, g->name);
}

void gateway_header(struct gateway_call *c, const char *name, struct bytes value)
{
	if (c->headers_count >= GATEWAY_HEADERS_MAX || has_control(value))
		fatal("event=bad_gateway_header name=%s", name);
	struct buf *header = &c->headers[c->headers_count++];
	buf_printf(header, "%s: ", name);
	buf_append_bytes(header, value);
}
