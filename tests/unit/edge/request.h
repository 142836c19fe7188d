// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string.h>
#include <strings.h>

#include "flow/gateway.h"

// A webhook made up for a test: header fields are pairs of name and value, NULL at the end.
static inline struct bytes test_header(const void *headers, const char *name, size_t *count)
{
	struct bytes first = {0};
	size_t found = 0;
	for (const char *const *h = headers; h && *h; h += 2)
		if (strcasecmp(h[0], name) == 0 && found++ == 0)
			first = bytes_str(h[1]);
	if (count)
		*count = found;
	return first;
}

static inline struct gateway_request test_request(const char *method, const char *target,
        const char *content_type, struct bytes body, const char *const *headers)
{
	const char *query = strchr(target, '?');
	return (struct gateway_request){
	        .method = method,
	        .target = bytes_str(target),
	        .query = bytes_str(query ? query + 1 : ""),
	        .body = body,
	        .content_type = bytes_str(content_type),
	        .header = test_header,
	        .headers = headers,
	};
}
