// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/buf.h"

// argon2id through libsodium at its "interactive" cost (64 MiB, ≈75 ms): call these on a worker
// thread.
#define PASSWORD_HASH_MAX 128 // with the NUL
void password_hash(struct bytes password, char out[static PASSWORD_HASH_MAX]);
bool password_verify(const char *hash, struct bytes password);
// A hash that no password has, to spend the same time on an unknown name.
const char *password_hash_of_nobody(void);
