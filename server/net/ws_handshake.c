// SPDX-License-Identifier: Apache-2.0
// The WebSocket opening handshake, which wslay leaves to its user.

#include "ws_handshake.h"

#include <llhttp.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/codec.h"
#include "base/id.h"
#include "base/log.h"
#include "net/ws.h"

enum {
	NONCE_LEN = 16,
	SHA1_LEN = 20,
};

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455 §1.3

// Does a comma-separated list hold the token?
static bool has_token(struct bytes list, const char *token)
{
	while (list.len > 0) {
		const uint8_t *comma = memchr(list.data, ',', list.len);
		size_t len = comma ? (size_t)(comma - list.data) : list.len;
		if (bytes_is_nocase(bytes_trim(bytes_of(list.data, len)), token))
			return true;
		size_t skip = comma ? len + 1 : len;
		list = bytes_of(list.data + skip, list.len - skip);
	}
	return false;
}

static bool is_key(struct bytes key)
{
	struct buf nonce = {0};
	bool ok = key.len == WS_KEY_LEN && base64_decode(key, &nonce) && nonce.len == NONCE_LEN;
	buf_free(&nonce);
	return ok;
}

bool ws_request_ok(const struct http_request *r, const char *subprotocol, int *status)
{
	size_t keys, versions;
	struct bytes key = http_header(r, "sec-websocket-key", &keys);
	struct bytes version = http_header(r, "sec-websocket-version", &versions);
	*status = 400;
	if (strcmp(r->method, "GET") != 0 || r->body.len > 0)
		return false;
	if (!has_token(http_header(r, "upgrade", NULL), "websocket") ||
	        !has_token(http_header(r, "connection", NULL), "upgrade") || versions != 1 ||
	        !bytes_is(version, "13")) {
		*status = 426;
		return false;
	}
	return keys == 1 && is_key(key) &&
	       has_token(http_header(r, "sec-websocket-protocol", NULL), subprotocol);
}

void ws_new_key(char out[static WS_KEY_LEN + 1])
{
	uint8_t nonce[NONCE_LEN];
	struct buf text = {0};
	random_bytes(nonce, sizeof(nonce));
	base64_encode(bytes_of(nonce, sizeof(nonce)), &text);
	memcpy(out, buf_str(&text), WS_KEY_LEN + 1);
	buf_free(&text);
}

void ws_accept_value(struct bytes key, struct buf *out)
{
	struct buf text = {0};
	uint8_t digest[SHA1_LEN];
	buf_append_bytes(&text, key);
	buf_append_str(&text, guid);
	if (EVP_Digest(text.data, text.len, digest, NULL, EVP_sha1(), NULL) != 1)
		fatal("event=ws_failed part=sha1");
	base64_encode(bytes_of(digest, sizeof(digest)), out);
	buf_free(&text);
}

void ws_write_request(struct buf *out, const char *host, uint16_t port, const char *path,
        const char *subprotocol, const char *key)
{
	bool ipv6 = strchr(host, ':') != NULL;
	buf_printf(out,
	        "GET %s HTTP/1.1\r\nHost: %s%s%s:%u\r\nUpgrade: websocket\r\nConnection: "
	        "Upgrade\r\n"
	        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n"
	        "Sec-WebSocket-Protocol: %s\r\n\r\n",
	        path, ipv6 ? "[" : "", host, ipv6 ? "]" : "", port, key, subprotocol);
}

void ws_write_answer(struct buf *out, struct bytes key, const char *subprotocol)
{
	buf_append_str(out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	                    "Connection: Upgrade\r\nSec-WebSocket-Accept: ");
	ws_accept_value(key, out);
	buf_printf(out, "\r\nSec-WebSocket-Protocol: %s\r\n\r\n", subprotocol);
}

size_t ws_answer_len(struct bytes in)
{
	const uint8_t *end = in.len ? memmem(in.data, in.len, "\r\n\r\n", 4) : NULL;
	return end ? (size_t)(end - in.data) + 4 : 0;
}

struct answer {
	struct bytes name;
	struct bytes upgrade, connection, accept, subprotocol, extensions;
	int status;
};

static int on_name(llhttp_t *h, const char *at, size_t len)
{
	struct answer *a = h->data;
	a->name = bytes_of(at, len);
	return 0;
}

static int on_value(llhttp_t *h, const char *at, size_t len)
{
	struct answer *a = h->data;
	const struct {
		const char *name;
		struct bytes *value;
	} wanted[] = {
	        {"upgrade", &a->upgrade},
	        {"connection", &a->connection},
	        {"sec-websocket-accept", &a->accept},
	        {"sec-websocket-protocol", &a->subprotocol},
	        {"sec-websocket-extensions", &a->extensions},
	};
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		if (bytes_is_nocase(a->name, wanted[i].name))
			*wanted[i].value = bytes_trim(bytes_of(at, len));
	}
	return 0;
}

static int on_head(llhttp_t *h)
{
	struct answer *a = h->data;
	a->status = h->status_code;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
        .on_header_field = on_name,
        .on_header_value = on_value,
        .on_headers_complete = on_head,
};

bool ws_answer_ok(struct bytes head, const char *key, const char *subprotocol)
{
	struct answer a = {0};
	struct buf accept = {0};
	llhttp_t parser;
	llhttp_init(&parser, HTTP_RESPONSE, &settings);
	parser.data = &a;
	llhttp_execute(&parser, (const char *)head.data, head.len);
	ws_accept_value(bytes_str(key), &accept);
	bool ok = a.status == 101 && has_token(a.upgrade, "websocket") &&
	          has_token(a.connection, "upgrade") && bytes_equal(a.accept, buf_bytes(&accept)) &&
	          bytes_is(a.subprotocol, subprotocol) && a.extensions.len == 0;
	buf_free(&accept);
	return ok;
}
