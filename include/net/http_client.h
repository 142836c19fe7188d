// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/loop.h"

// Calls to providers: libcurl's multi interface on our loop. Certificates and names are always
// verified, redirects are never followed, answers are bounded.

struct http_call {
	const char *method; // "GET", "POST"
	const char *url;
	const char *const *headers; // "Name: value", NULL-terminated, or NULL
	struct bytes body;          // copied
	const char *user;           // basic authentication, or NULL
	const char *password;
	const char *unix_socket; // or NULL
	const char *ca_file;     // NULL or "" trusts the system's store
	int64_t timeout_ms;      // for all of it
};

enum http_outcome {
	HTTP_ANSWERED,  // status and body are there
	HTTP_NOT_SENT,  // failed before the peer could have had the request: safe to repeat
	HTTP_AMBIGUOUS, // the peer may have acted on it
};

struct http_result {
	enum http_outcome outcome;
	int status;
	struct bytes body;     // at most 256 KiB
	int64_t retry_after_s; // of the answer's Retry-After, 0 without
	const char *error;     // for a log, "" when answered; never holds the URL or the body
};

struct http_client;
typedef void (*http_done_fn)(uint64_t id, const struct http_result *result, void *arg);

struct http_client *http_client_new(struct loop *l);
void http_client_free(struct http_client *h); // calls under way get no callback
// `done` is called once, never from inside this function. The id is `tag`, the caller's own.
void http_client_call(struct http_client *h, const struct http_call *call, uint64_t tag,
        http_done_fn done, void *arg);
size_t http_client_open(const struct http_client *h); // calls under way
