// SPDX-License-Identifier: Apache-2.0
// Two providers: "once" knows a text by our id and sends it once, "plain" does not.
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "world.h"

static bool check(const struct gateway *g, struct buf *error)
{
	(void)g;
	(void)error;
	return true;
}

static bool verify(const struct gateway *g, const struct gateway_request *r, struct buf *error)
{
	(void)g;
	(void)r;
	(void)error;
	return true;
}

// The simulator hands parsed texts to the flow.
static enum gateway_parse parse_inbound(
        const struct gateway *g, const struct gateway_request *r, struct gateway_inbound *out)
{
	(void)g;
	(void)r;
	(void)out;
	return GATEWAY_UNPARSABLE;
}

static enum gateway_parse parse_receipt(
        const struct gateway *g, const struct gateway_request *r, struct gateway_receipt *out)
{
	(void)g;
	(void)r;
	(void)out;
	return GATEWAY_UNPARSABLE;
}

// The body: our id, the number, the text, one a line.
static bool build_send(const struct gateway *g, const struct gateway_send *s,
        struct gateway_call *out, struct buf *error)
{
	(void)error;
	out->method = "POST";
	buf_append_str(&out->url, g->send_url);
	buf_printf(&out->body, "%s\n%s\n", s->message, s->to);
	buf_append_bytes(&out->body, s->text);
	return true;
}

static void parse_send_reply(
        const struct gateway *g, int status, struct bytes body, struct gateway_reply *out)
{
	(void)g;
	out->outcome = status == 200   ? GATEWAY_SENT
	               : status == 503 ? GATEWAY_RETRY
	                               : GATEWAY_PERMANENT;
	if (status == 200)
		buf_append_bytes(&out->provider_id, body);
	else
		buf_printf(&out->error, "status %d", status);
}

#define ROW(row_name, once)                                                                        \
	{                                                                                          \
		.name = row_name, .check = check, .verify = verify,                                \
		.parse_inbound = parse_inbound, .parse_receipt = parse_receipt,                    \
		.build_send = build_send, .parse_send_reply = parse_send_reply,                    \
		.idempotent = once,                                                                \
	}

static const struct gateway_provider providers[GATEWAYS] = {ROW("plain", false), ROW("once", true)};

void gateways_make(struct world *w)
{
	static const char *const urls[GATEWAYS] = {"sim:0", "sim:1"};
	for (size_t i = 0; i < GATEWAYS; i++)
		w->gateways[i] = (struct gateway){
		        .name = providers[i].name,
		        .provider = &providers[i],
		        .account = "simulated",
		        .public_url = "",
		        .send_url = urls[i],
		        .send_socket = "",
		        .send_ca_file = "",
		        .validity_s = 120,
		};
}
