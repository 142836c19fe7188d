// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/listener.h"

// HTTP/1.1 server: llhttp does the parsing, with strict checks in front for what it lets through
// (obs-fold, empty field names, Host count, chunk extensions and trailers, control bytes, versions
// other than 1.0 and 1.1; facts: RFC 9112). One request at a time on a connection, keep-alive;
// bytes that come before the answer wait. A refused request is answered with its status and the
// connection ends.

struct http_limits {
	size_t header_bytes; // request line and fields
	size_t header_lines;
	int64_t header_ms; // absolute, from the first byte or from accept
	size_t body_bytes;
	int64_t body_ms;   // absolute, from the end of the header
	int64_t idle_ms;   // between requests
	int64_t answer_ms; // for the handler; then 503
};
extern const struct http_limits
        http_limits_default; // 8 KiB, 64 lines, 10 s, 64 KiB, 10 s, 30 s, 30 s

struct http_server;

// Valid during the handler only. `target` is the raw request target in origin form ("/v1/x?y=z").
struct http_request {
	uint64_t id;
	const char *method; // upper case
	struct bytes target;
	struct bytes path;  // before the "?", not decoded
	struct bytes query; // after the "?", not decoded, "" when absent
	struct bytes body;
	const char *peer;
	bool peer_verified; // client certificate of our client CA
	const struct http_headers *headers;
};

// First field of that name (any case), or an empty value with data NULL. `count` may be NULL.
struct bytes http_header(const struct http_request *r, const char *name, size_t *count);

typedef void (*http_fn)(const struct http_request *r, void *arg);

struct http_server *http_server_new(
        struct loop *l, const char *name, const struct http_limits *limits, http_fn fn, void *arg);
void http_server_free(struct http_server *s); // closes all connections
// A listener_fn: pass the server as arg.
void http_server_accept(struct conn *c, void *server);

// Answers request `id`, now or later, once. False when the peer is gone: a normal thing. `headers`
// is NULL or complete lines, each ended by CRLF. Content-Length, Date and Connection are ours.
bool http_respond(struct http_server *s, uint64_t id, int status, const char *content_type,
        struct bytes body, const char *headers);
// Ends requests in the making, finishes those that wait for their answer, then closes: for
// draining.
void http_server_drain(struct http_server *s);
size_t http_server_open(const struct http_server *s);
// Takes the connection out of the server after an upgrade request; NULL when the peer is gone.
// Input that followed the request stays in the connection.
struct conn *http_take_conn(struct http_server *s, uint64_t id);
