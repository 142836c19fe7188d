// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

// Random identifiers from the kernel's generator: 26 characters of lower-case Crockford base 32
// (128 bits), safe in keys, URLs and logs.
#define ID_LEN 26
void id_new(char out[static ID_LEN + 1]);
// True for a string that id_new() could have made.
bool id_valid(struct bytes s);
void random_bytes(void *out, size_t len);
