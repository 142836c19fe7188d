// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "flow/gateway.h"

// What providers have in common. Everything here is pure and takes hostile input.

#define GATEWAY_ID_MAX      128 // a provider's id for a message
#define GATEWAY_NUMBER_MAX  64
#define GATEWAY_MESSAGE_MAX 64 // our own id, as it comes back

// The media type of a Content-Type field, without parameters, trimmed.
struct bytes gateway_media_type(struct bytes content_type);
// Value of one of its parameters, quotes taken off; empty when absent.
struct bytes gateway_media_parameter(struct bytes content_type, const char *name);

// A secret's file may hold two lines, so that a key can be changed without a gap: each verifies
// what comes in, the first is used for what goes out. Empty when there is no such line.
struct bytes gateway_secret_line(struct bytes secret, size_t index);
#define GATEWAY_SECRET_LINES 2
// True when `given` is one of the lines; never for an empty one.
bool gateway_secret_matches(struct bytes secret, struct bytes given);
// A client certificate of our CA, where the gateway asks for one.
bool gateway_peer_allowed(
        const struct gateway *g, const struct gateway_request *r, struct buf *error);

// A number, short code or sender's name: bounded, well-formed UTF-8, no control characters. A blank
// before digits is a "+" that somebody put into a query unescaped.
MUST_CHECK bool gateway_number(struct bytes in, struct buf *out);
// An identifier: 1 to `max` printable ASCII characters.
MUST_CHECK bool gateway_identifier(struct bytes in, size_t max, struct buf *out);
// Appends GATEWAY's callback for delivery reports, without a query.
void gateway_receipts_url(const struct gateway *g, struct buf *out);
// Appends "Name: value" to the call; the value must hold no line break.
void gateway_header(struct gateway_call *c, const char *name, struct bytes value);
