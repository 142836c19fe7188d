// SPDX-License-Identifier: Apache-2.0
// What becomes of the values that providers hand over, and the names of delivery states.
#include "flow/gateway.h"

void gateway_inbound_free(struct gateway_inbound *in)
{
	buf_free(&in->provider_id);
	buf_wipe(&in->from);
	buf_free(&in->to);
	buf_wipe(&in->text);
	buf_free(&in->error);
	*in = (struct gateway_inbound){0};
}

void gateway_receipt_free(struct gateway_receipt *r)
{
	buf_free(&r->message);
	buf_free(&r->provider_id);
	buf_free(&r->error);
	*r = (struct gateway_receipt){0};
}

// A call holds a text, a number and, with some providers, a password: all of it is wiped.
void gateway_call_free(struct gateway_call *c)
{
	buf_wipe(&c->url);
	for (size_t i = 0; i < c->headers_count; i++)
		buf_wipe(&c->headers[i]);
	buf_wipe(&c->body);
	*c = (struct gateway_call){0};
}

void gateway_reply_free(struct gateway_reply *r)
{
	buf_free(&r->provider_id);
	buf_free(&r->error);
	*r = (struct gateway_reply){0};
}

void gateway_found_free(struct gateway_found *f)
{
	buf_free(&f->provider_id);
	buf_free(&f->error);
	*f = (struct gateway_found){0};
}

const char *delivery_name(enum delivery d)
{
	static const char *const names[] = {
	        [DELIVERY_QUEUED] = "queued",
	        [DELIVERY_SENT] = "sent",
	        [DELIVERY_DELIVERED] = "delivered",
	        [DELIVERY_FAILED] = "failed",
	        [DELIVERY_UNKNOWN] = "unknown",
	        [DELIVERY_HELD] = "held",
	};
	size_t count = sizeof names / sizeof *names;
	const char *name = (size_t)d < count ? names[d] : NULL;
	return name ? name : "unknown";
}
