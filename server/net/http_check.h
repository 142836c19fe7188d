// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "net/http.h"

// The rules that llhttp does not hold us to. They run over the raw bytes before llhttp sees them;
// every function returns 0 when all is well, otherwise the status to refuse with.

struct http_field {
	struct bytes name;
	struct bytes value; // without white space around it
};

struct http_headers {
	size_t count;
	struct http_field *fields;
};

// Progress through one header, so that each byte is looked at once however slowly they come.
struct head_check {
	size_t seen;
	size_t line_start;
	size_t lines; // complete ones, the request line included
};
// `in` always begins at the request line. *len is the header's length once it is complete, 0
// before.
int http_check_head(
        struct head_check *k, struct bytes in, const struct http_limits *limits, size_t *len);

// How the body is framed, by RFC 9112 §6.3 without its leniencies.
struct http_framing {
	bool chunked;
	bool expects_continue;
	uint64_t length; // 0 when chunked
};
int http_check_fields(const struct http_headers *h, bool http_1_0, struct http_framing *out);

enum chunk_state {
	CHUNK_SIZE,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_END_CR,
	CHUNK_END_LF,
	CHUNK_DONE,
};

struct chunk_check {
	enum chunk_state state;
	unsigned digits; // of the present size
	uint64_t left;   // size in the making, then bytes of the chunk to come
	uint64_t total;  // of all chunks so far
};
// Takes *used bytes of `in`: all of them, or up to the end of the last chunk (then the state is
// CHUNK_DONE).
int http_check_chunks(struct chunk_check *k, struct bytes in, size_t body_max, size_t *used);

struct bytes http_field_find(const struct http_headers *h, const char *name, size_t *count);
