// SPDX-License-Identifier: Apache-2.0
// Feeds one request to llhttp, behind the strict checks, and keeps what it finds.

#include "http_parse.h"

#include <llhttp.h>
#include <stdlib.h>
#include <string.h>

struct http_parse {
	llhttp_t llhttp;
	const struct http_limits *limits;
	enum http_progress progress;
	int status;
	struct head_check head_check;
	struct chunk_check chunk_check;
	struct http_framing framing;
	uint64_t body_left; // of a body with Content-Length
	struct buf head;    // the raw header: target and fields point into it
	struct buf body;
	struct bytes target;
	struct http_headers headers;
	bool keep_alive;
	bool llhttp_done;
};

static int on_target(llhttp_t *h, const char *at, size_t len)
{
	struct http_parse *p = h->data;
	p->target = bytes_of(at, len);
	return 0;
}

// The header arrives in one piece, so each name and value comes in one piece too; should llhttp
// ever hand over a second part, the request is refused rather than cut.
static int on_name(llhttp_t *h, const char *at, size_t len)
{
	struct http_parse *p = h->data;
	if (p->headers.count >= p->limits->header_lines)
		return -1;
	p->headers.fields[p->headers.count++].name = bytes_of(at, len);
	return 0;
}

static int on_value(llhttp_t *h, const char *at, size_t len)
{
	struct http_parse *p = h->data;
	if (p->headers.count == 0 || p->headers.fields[p->headers.count - 1].value.data)
		return -1;
	p->headers.fields[p->headers.count - 1].value = bytes_trim(bytes_of(at, len));
	return 0;
}

static int on_body(llhttp_t *h, const char *at, size_t len)
{
	struct http_parse *p = h->data;
	if (len > p->limits->body_bytes - p->body.len)
		return -1;
	buf_append(&p->body, at, len);
	return 0;
}

static int on_complete(llhttp_t *h)
{
	struct http_parse *p = h->data;
	p->llhttp_done = true;
	p->keep_alive = llhttp_should_keep_alive(h);
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
        .on_url = on_target,
        .on_header_field = on_name,
        .on_header_value = on_value,
        .on_body = on_body,
        .on_message_complete = on_complete,
};

struct http_parse *http_parse_new(const struct http_limits *limits)
{
	struct http_parse *p = xcalloc(1, sizeof(*p));
	p->limits = limits;
	llhttp_init(&p->llhttp, HTTP_REQUEST, &settings);
	p->llhttp.data = p;
	return p;
}

void http_parse_free(struct http_parse *p)
{
	if (!p)
		return;
	free(p->headers.fields);
	buf_free(&p->head);
	buf_wipe(&p->body);
	free(p);
}

static enum http_progress refuse(struct http_parse *p, int status)
{
	p->status = status;
	p->progress = HTTP_REFUSED;
	return p->progress;
}

// llhttp sees exactly the bytes of this request. `last` says that by our own reckoning these end
// it; where the two disagree somebody is playing with the framing.
static bool run_llhttp(struct http_parse *p, struct bytes in, bool last)
{
	enum llhttp_errno e = llhttp_execute(&p->llhttp, (const char *)in.data, in.len);
	if (e != HPE_OK && e != HPE_PAUSED && e != HPE_PAUSED_UPGRADE)
		return false;
	return p->llhttp_done == last;
}

static int body_status(struct http_parse *p)
{
	if (p->framing.length > p->limits->body_bytes)
		return 413;
	p->body_left = p->framing.length;
	return 0;
}

// A field that is there but empty must not look like one that is absent.
static void fill_empty_values(struct http_headers *h)
{
	for (size_t i = 0; i < h->count; i++) {
		if (!h->fields[i].value.data)
			h->fields[i].value = bytes_str("");
	}
}

// The framing can only be judged with the fields that llhttp has found, and whether the header is
// also the end only with the framing: hence the look at llhttp_done in the end.
static int finish_head(struct http_parse *p, struct bytes head)
{
	buf_append_bytes(&p->head, head);
	p->headers.fields = xcalloc(p->head_check.lines, sizeof(*p->headers.fields));
	enum llhttp_errno e = llhttp_execute(&p->llhttp, (const char *)p->head.data, p->head.len);
	bool fields_known = e == HPE_OK || e == HPE_PAUSED || e == HPE_PAUSED_UPGRADE;
	fill_empty_values(&p->headers);
	// llhttp refuses framing faults on its own; our check names the better status when it can.
	int status = http_check_fields(&p->headers, p->llhttp.http_minor == 0, &p->framing);
	if (!status)
		status = body_status(p);
	if (status)
		return status;
	bool has_body = p->framing.chunked || p->framing.length > 0;
	return fields_known && p->llhttp_done != has_body ? 0 : 400;
}

static enum http_progress feed_head(struct http_parse *p, struct bytes in, size_t *used)
{
	size_t len;
	int status = http_check_head(&p->head_check, in, p->limits, &len);
	if (status)
		return refuse(p, status);
	if (len == 0)
		return HTTP_IN_HEADER;
	*used = len;
	status = finish_head(p, bytes_of(in.data, len));
	if (status)
		return refuse(p, status);
	p->progress = p->llhttp_done ? HTTP_COMPLETE : HTTP_IN_BODY;
	return p->progress;
}

static enum http_progress feed_length(struct http_parse *p, struct bytes in, size_t *used)
{
	size_t n = p->body_left < in.len ? (size_t)p->body_left : in.len;
	p->body_left -= n;
	*used += n;
	if (!run_llhttp(p, bytes_of(in.data, n), p->body_left == 0))
		return refuse(p, 400);
	p->progress = p->llhttp_done ? HTTP_COMPLETE : HTTP_IN_BODY;
	return p->progress;
}

static enum http_progress feed_chunks(struct http_parse *p, struct bytes in, size_t *used)
{
	size_t n;
	int status = http_check_chunks(&p->chunk_check, in, p->limits->body_bytes, &n);
	if (status)
		return refuse(p, status);
	*used += n;
	if (!run_llhttp(p, bytes_of(in.data, n), p->chunk_check.state == CHUNK_DONE))
		return refuse(p, 400);
	p->progress = p->llhttp_done ? HTTP_COMPLETE : HTTP_IN_BODY;
	return p->progress;
}

enum http_progress http_parse_feed(struct http_parse *p, struct bytes in, size_t *used)
{
	*used = 0;
	if (p->progress == HTTP_IN_HEADER)
		feed_head(p, in, used);
	if (p->progress != HTTP_IN_BODY || *used == in.len)
		return p->progress;
	struct bytes rest = bytes_of(in.data + *used, in.len - *used);
	return p->framing.chunked ? feed_chunks(p, rest, used) : feed_length(p, rest, used);
}

int http_parse_status(const struct http_parse *p)
{
	return p->status;
}

bool http_parse_began(const struct http_parse *p)
{
	return p->head_check.seen > 0;
}

bool http_parse_expects_continue(const struct http_parse *p)
{
	return p->framing.expects_continue;
}

bool http_parse_keep_alive(const struct http_parse *p)
{
	// HTTP/1.0 clients are rare enough to always get a connection of their own.
	return p->keep_alive && p->llhttp.http_minor == 1;
}

void http_parse_request(const struct http_parse *p, struct http_request *out)
{
	const uint8_t *question = memchr(p->target.data, '?', p->target.len);
	size_t path_len = question ? (size_t)(question - p->target.data) : p->target.len;
	out->method = llhttp_method_name((llhttp_method_t)p->llhttp.method);
	out->target = p->target;
	out->path = bytes_of(p->target.data, path_len);
	out->query =
	        question ? bytes_of(question + 1, p->target.len - path_len - 1) : bytes_str("");
	out->body = buf_bytes(&p->body);
	out->headers = &p->headers;
}
