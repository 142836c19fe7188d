// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// A texter's answer to how it was: it goes to the conversation that has ended, and begins or
// reopens none. Whatever is more than a digit, or comes when nobody asked, is a person's text like
// any other.

enum rating_outcome {
	RATING_NOT_ONE, // take it in as a text
	RATING_TAKEN,   // done, or done before
	RATING_FAILED,  // Redis gave no outcome: the gateway must repeat it
};
typedef void (*rating_fn)(enum rating_outcome outcome, void *arg);

struct rating {
	const char *gateway;
	const char *provider_id; // the hash that makes a repeated post one
	const char *line;
	const char *texter;
	unsigned rating; // 1 to 5
};
// `fn` is called once, later. The strings must live until then.
void rating_take(struct pool *p, const struct rating *rating, rating_fn fn, void *arg);
