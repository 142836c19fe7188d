// SPDX-License-Identifier: Apache-2.0
// The head of an HTTP answer.

#include "http_answer.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

struct reason {
	int status;
	const char *text;
};

static int by_status(const void *a, const void *b)
{
	return ((const struct reason *)a)->status - ((const struct reason *)b)->status;
}

const char *http_reason(int status)
{
	static const struct reason reasons[] = {
	        {101, "Switching Protocols"},
	        {200, "OK"},
	        {201, "Created"},
	        {202, "Accepted"},
	        {204, "No Content"},
	        {301, "Moved Permanently"},
	        {302, "Found"},
	        {303, "See Other"},
	        {304, "Not Modified"},
	        {307, "Temporary Redirect"},
	        {308, "Permanent Redirect"},
	        {400, "Bad Request"},
	        {401, "Unauthorized"},
	        {403, "Forbidden"},
	        {404, "Not Found"},
	        {405, "Method Not Allowed"},
	        {408, "Request Timeout"},
	        {409, "Conflict"},
	        {410, "Gone"},
	        {413, "Content Too Large"},
	        {414, "URI Too Long"},
	        {415, "Unsupported Media Type"},
	        {417, "Expectation Failed"},
	        {426, "Upgrade Required"},
	        {429, "Too Many Requests"},
	        {431, "Request Header Fields Too Large"},
	        {500, "Internal Server Error"},
	        {501, "Not Implemented"},
	        {502, "Bad Gateway"},
	        {503, "Service Unavailable"},
	        {504, "Gateway Timeout"},
	        {505, "HTTP Version Not Supported"},
	};
	const struct reason key = {.status = status};
	const struct reason *r = bsearch(
	        &key, reasons, sizeof(reasons) / sizeof(*reasons), sizeof(*reasons), by_status);
	return r ? r->text : "";
}

void http_answer_head(struct buf *out, const struct http_answer *a)
{
	bool bodiless = a->status < 200 || a->status == 204 || a->status == 304;
	buf_printf(
	        out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", a->status, http_reason(a->status), a->date);
	if (a->content_type)
		buf_printf(out, "Content-Type: %s\r\n", a->content_type);
	if (!bodiless)
		buf_printf(out, "Content-Length: %zu\r\n", a->body.len);
	if (a->over_tls)
		buf_append_str(out, "Strict-Transport-Security: max-age=63072000\r\n");
	if (a->closes)
		buf_append_str(out, "Connection: close\r\n");
	if (a->headers)
		buf_append_str(out, a->headers);
	buf_append_str(out, "\r\n");
}
