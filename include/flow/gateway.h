// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

// What a provider is: pure functions over bytes and one row in edge/gateways.def. The shared
// webhook and outbox do all I/O.

// One configured account, secrets loaded. Immutable.
struct gateway {
	const char *name;
	const struct gateway_provider *provider;
	const char *account;
	struct bytes secret;
	struct bytes path_secret; // empty when not configured
	bool require_client_certificate;
	const char *public_url; // scheme://host[:port], no slash at the end
	const char *send_url;   // no slash at the end
	const char *send_socket;
	const char *send_ca_file;
	uint32_t validity_s;
};

// A webhook as it arrived. Paths: /v1/gateways/NAME/messages[/SECRET] and …/receipts[/SECRET].
struct gateway_request {
	const char *method;
	struct bytes target; // raw, with the query: what a provider signed after public_url
	struct bytes
	        path_secret; // the segment after messages or receipts, decoded; empty when absent
	struct bytes query;
	struct bytes body;
	struct bytes content_type;
	bool peer_verified; // client certificate
	// First value of a header, NULL data when absent; *count tells how many there are.
	struct bytes (*header)(const void *headers, const char *name, size_t *count);
	const void *headers;
};

enum gateway_parse {
	GATEWAY_PARSED,
	GATEWAY_UNPARSABLE, // authentic or not, it is not what this provider sends: `error` says
	                    // why
	GATEWAY_IGNORED,    // authentic, and nothing that we act on
};

struct gateway_inbound {
	struct buf provider_id;
	struct buf from;     // E.164 with +, or as the provider gave it when it is no phone number
	struct buf to;       // the line's number, as configured in `lines`
	struct buf text;     // valid UTF-8, may be empty
	bool damaged;        // some bytes had to be replaced
	int64_t provider_ms; // the provider's clock, 0 when it gives none
	unsigned media;      // attachments announced, none of which is fetched
	struct buf error;
};

enum delivery {
	DELIVERY_QUEUED = 1,    // safe with us
	DELIVERY_SENT = 2,      // the provider has it
	DELIVERY_DELIVERED = 3, // the handset has it
	DELIVERY_FAILED = 4,    // it will not arrive; the reason is known
	DELIVERY_UNKNOWN = 5,   // it may have been sent: never repeated blindly
	DELIVERY_HELD = 6,      // too late to be sent unasked: the counselor decides
};

struct gateway_receipt {
	struct buf message; // our own id, from the callback URL
	struct buf provider_id;
	enum delivery delivery; // SENT, DELIVERED or FAILED
	struct buf error;       // the provider's code, no text of any message
};

struct gateway_send {
	const char *message; // our own id; it comes back in the receipt's URL
	const char *from;
	const char *to;
	struct bytes text;
};

#define GATEWAY_HEADERS_MAX 12
struct gateway_call {
	const char *method; // static
	struct buf url;
	struct buf headers[GATEWAY_HEADERS_MAX]; // "Name: value"
	size_t headers_count;
	struct buf body;
	const char *user; // basic authentication; NULL, or borrowed from the gateway
	struct bytes password;
};

enum gateway_outcome {
	GATEWAY_SENT,
	GATEWAY_RETRY,     // refused this time, nothing was sent
	GATEWAY_OPTED_OUT, // the provider blocks this number
	GATEWAY_PERMANENT, // will never be sent
	GATEWAY_AMBIGUOUS, // it may have been sent
};

struct gateway_reply {
	enum gateway_outcome outcome;
	struct buf provider_id;
	struct buf error;      // code and reason for people; never the text
	int64_t retry_after_s; // with GATEWAY_RETRY: it wants no calls for so long; 0 does not say
};

// "Have you got this text of ours?"
struct gateway_query {
	const char *from;
	const char *to;
	struct bytes text;
	int64_t since_ms; // the provider took it between these two, if at all: clocks allowed for
	int64_t until_ms;
};

struct gateway_found {
	bool clear;     // the provider gave an answer, and it is complete
	size_t matches; // how many texts of its list it may be
	// Of the match, when there is one:
	struct buf provider_id;
	enum delivery delivery; // SENT, DELIVERED or FAILED
	struct buf error;
};

struct gateway_provider {
	const char *name;
	const char *const *content_types; // what it posts: media types, lower case, NULL at the end
	// Header fields that help a human to read what could not be parsed; NULL at the end, or
	// NULL. Never one that authenticates.
	const char *const *kept_headers;
	bool text_by_get; // a text may come in the query of a GET; receipts always may
	// What makes this provider take a post as accepted.
	const char *ack_content_type;
	const char *ack_body;
	// Is everything configured that the provider needs? At start-up; on false `error` says what
	// is amiss.
	bool (*check)(const struct gateway *g, struct buf *error);
	// Is the request authentic? On false `error` says why, for the log; never a secret.
	bool (*verify)(const struct gateway *g, const struct gateway_request *r, struct buf *error);
	enum gateway_parse (*parse_inbound)(const struct gateway *g,
	        const struct gateway_request *r, struct gateway_inbound *out);
	enum gateway_parse (*parse_receipt)(const struct gateway *g,
	        const struct gateway_request *r, struct gateway_receipt *out);
	// False when it can never be sent (`error` says why).
	bool (*build_send)(const struct gateway *g, const struct gateway_send *s,
	        struct gateway_call *out, struct buf *error);
	void (*parse_send_reply)(
	        const struct gateway *g, int status, struct bytes body, struct gateway_reply *out);
	// It knows a text by our id: the same one sent twice goes out once.
	bool idempotent;
	// Asks for its list of texts, where it has one; both or neither.
	void (*build_query)(
	        const struct gateway *g, const struct gateway_query *q, struct gateway_call *out);
	void (*parse_query)(const struct gateway *g, const struct gateway_query *q, int status,
	        struct bytes body, struct gateway_found *out);
};

void gateway_inbound_free(struct gateway_inbound *in);
void gateway_receipt_free(struct gateway_receipt *r);
void gateway_call_free(struct gateway_call *c);
void gateway_reply_free(struct gateway_reply *r);
void gateway_found_free(struct gateway_found *f);
const char *delivery_name(enum delivery d);
