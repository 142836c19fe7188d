// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buf.h"

struct http_answer {
	int status;
	const char *content_type; // or NULL
	const char *headers;      // complete lines, or NULL
	struct bytes body;
	const char *date;
	bool over_tls;
	bool closes;
};

// Appends status line and fields, the empty line included; the body is the caller's to send.
void http_answer_head(struct buf *out, const struct http_answer *a);
const char *http_reason(int status);
