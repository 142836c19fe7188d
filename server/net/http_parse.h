// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "http_check.h"

// One request in the making. Bytes go in as they come; the parts that point into it live as long as
// it does.

struct http_parse;
struct http_parse *http_parse_new(const struct http_limits *limits);
void http_parse_free(struct http_parse *p);

enum http_progress {
	HTTP_IN_HEADER,
	HTTP_IN_BODY,
	HTTP_COMPLETE,
	HTTP_REFUSED, // http_parse_status() says why
};
// Takes *used bytes of `in`, never one of the next request. What it leaves must be shown again with
// more.
enum http_progress http_parse_feed(struct http_parse *p, struct bytes in, size_t *used);

int http_parse_status(const struct http_parse *p);
bool http_parse_began(const struct http_parse *p); // has seen a byte
bool http_parse_expects_continue(const struct http_parse *p);
// After HTTP_COMPLETE:
bool http_parse_keep_alive(const struct http_parse *p);
void http_parse_request(const struct http_parse *p, struct http_request *out);
