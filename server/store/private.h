// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "store/store.h"

struct store {
	struct redis *redis;
	const struct clock *clock;
	char **gateways;
	size_t gateways_count;
};

// How long the traces of a finished thing stay for late receipts and repeats: longer than any
// provider's retries (facts: Vonage and Bandwidth 24 h, Sinch 23 h).
#define STORE_KEEP_MS (8LL * 24 * 3600 * 1000)
// The name of the list in which the open entries of its conversation stand in order.
const char *store_out_list(const struct store_out *o);
