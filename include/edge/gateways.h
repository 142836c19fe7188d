// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/config.h"
#include "flow/gateway.h"

// The configured gateways with their secrets. One row a provider: edge/gateways.def.

struct gateways;
// NULL leaves one line for each mistake in `errors`.
struct gateways *gateways_new(const struct config *config, struct buf *errors);
void gateways_free(struct gateways *g);
const struct gateway *gateways_find(const struct gateways *g, const char *name);
const struct gateway_provider *gateway_provider(const char *name);
// Every row, for tests and doctor; NULL past the end.
const struct gateway_provider *gateway_provider_at(size_t index);
