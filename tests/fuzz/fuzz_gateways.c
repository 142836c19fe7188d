// SPDX-License-Identifier: Apache-2.0
// libFuzzer over every provider's functions that see bytes from the network. The input's first
// three lines are the query, the content type and the signature; the rest is the body. Build: clang
// -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude tests/fuzz/fuzz_gateways.c
//     server/edge/gateways.c server/edge/gateways/*.c server/flow/gateway.c server/vault/mac.c
//     server/base/*.c -lsodium -ljansson -lcyaml -lyaml -lcrypto -lm
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "edge/gateways.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static struct bytes next_line(struct bytes *in)
{
	const uint8_t *end = in->len ? memchr(in->data, '\n', in->len) : NULL;
	struct bytes line = {in->data, end ? (size_t)(end - in->data) : in->len};
	size_t skip = line.len + (end ? 1 : 0);
	if (in->len)
		*in = bytes_of(in->data + skip, in->len - skip);
	return line;
}

static struct bytes header(const void *headers, const char *name, size_t *count)
{
	const struct bytes *signature = headers;
	bool known = strcmp(name, "X-Twilio-Signature") == 0;
	if (count)
		*count = known ? 1 : 0;
	return known ? *signature : (struct bytes){0};
}

static void fuzz_inbound(const struct gateway *g, const struct gateway_request *r)
{
	struct gateway_inbound in = {0};
	if (g->provider->parse_inbound(g, r, &in) == GATEWAY_PARSED) {
		require(in.provider_id.len && in.from.len && in.to.len);
		require(in.from.len <= 64 && in.to.len <= 64 && in.provider_id.len <= 128);
		require(utf8_valid(buf_bytes(&in.text)) && utf8_valid(buf_bytes(&in.from)));
		require(in.provider_ms >= 0);
	}
	gateway_inbound_free(&in);
}

static void fuzz_receipt(const struct gateway *g, const struct gateway_request *r)
{
	struct gateway_receipt receipt = {0};
	if (g->provider->parse_receipt(g, r, &receipt) == GATEWAY_PARSED) {
		require(receipt.message.len && receipt.message.len <= 64);
		require(receipt.delivery >= DELIVERY_SENT && receipt.delivery <= DELIVERY_FAILED);
	}
	gateway_receipt_free(&receipt);
}

static void fuzz_reply(const struct gateway *g, struct bytes body)
{
	static const int statuses[] = {0, 200, 201, 202, 302, 400, 401, 404, 429, 500, 503};
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		struct gateway_reply reply = {0};
		g->provider->parse_send_reply(g, statuses[i], body, &reply);
		require(reply.outcome != GATEWAY_SENT || (statuses[i] >= 200 && statuses[i] < 300));
		gateway_reply_free(&reply);
	}
}

// A text that came in can be sent back out, or is refused with a reason.
static void fuzz_send(const struct gateway *g, struct bytes body)
{
	struct gateway_call call = {0};
	struct buf text = {0}, error = {0};
	utf8_repair(body, &text);
	const struct gateway_send s = {
	        .message = "m1", .from = "741741", .to = "+15005550001", .text = buf_bytes(&text)};
	bool built = g->provider->build_send(g, &s, &call, &error);
	require(built || error.len);
	gateway_call_free(&call);
	buf_free(&text);
	buf_free(&error);
}

static void fuzz_query(const struct gateway *g, struct bytes query, struct bytes body)
{
	const struct gateway_query q = {.from = "741741",
	        .to = "+15005550001",
	        .text = query,
	        .since_ms = 1795316280000,
	        .until_ms = 1795316535000};
	struct gateway_call call = {0};
	struct gateway_found found = {0};
	if (!g->provider->build_query)
		return;
	g->provider->build_query(g, &q, &call);
	g->provider->parse_query(g, &q, 200, body, &found);
	if (found.clear && found.matches) {
		require(found.provider_id.len && found.provider_id.len <= 128);
		require(found.delivery >= DELIVERY_SENT && found.delivery <= DELIVERY_FAILED);
	}
	gateway_call_free(&call);
	gateway_found_free(&found);
}

static void fuzz_provider(const struct gateway *g, struct gateway_request *r)
{
	static const char *const methods[] = {"POST", "GET"};
	for (size_t i = 0; i < 2; i++) {
		struct buf error = {0};
		r->method = methods[i];
		bool authentic = g->provider->verify(g, r, &error);
		require(authentic == !error.len);
		fuzz_inbound(g, r);
		fuzz_receipt(g, r);
		buf_free(&error);
	}
	fuzz_reply(g, r->body);
	fuzz_send(g, r->body);
	fuzz_query(g, r->query, r->body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct bytes query = next_line(&in), content_type = next_line(&in);
	struct bytes signature = next_line(&in);
	struct buf target = {0};
	buf_append_str(&target, "/v1/gateways/g/messages?");
	buf_append_bytes(&target, query);
	struct gateway_request r = {.target = buf_bytes(&target),
	        .query = query,
	        .path_secret = signature,
	        .body = in,
	        .content_type = content_type,
	        .header = header,
	        .headers = &signature};
	for (size_t i = 0; gateway_provider_at(i); i++) {
		const struct gateway g = {.name = "g",
		        .provider = gateway_provider_at(i),
		        .account = "account",
		        .secret = bytes_str("12345\n67890"),
		        .path_secret = bytes_str("s3cret"),
		        .public_url = "https://sms.example.org",
		        .send_url = "https://api.example.org",
		        .send_socket = "",
		        .send_ca_file = "",
		        .validity_s = 3600};
		fuzz_provider(&g, &r);
	}
	buf_free(&target);
	return 0;
}
