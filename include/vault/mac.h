// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

// Digests for providers' signatures and for keys of our own.
void sha256(struct bytes in, uint8_t out[static 32]);
void sha1(struct bytes in, uint8_t out[static 20]);
void hmac_sha1(struct bytes key, struct bytes in, uint8_t out[static 20]);
void hmac_sha256(struct bytes key, struct bytes in, uint8_t out[static 32]);
// In constant time for equal lengths.
bool bytes_equal_secret(struct bytes a, struct bytes b);
