// SPDX-License-Identifier: Apache-2.0
// Passwords: argon2id by libsodium.
#include "vault/password.h"

#include <sodium.h>

#include "base/log.h"

// libsodium takes no NULL, not even for nothing.
static const char *text_of(struct bytes password)
{
	return password.len ? (const char *)password.data : "";
}

_Static_assert(PASSWORD_HASH_MAX >= crypto_pwhash_STRBYTES, "a hash must fit");

void password_hash(struct bytes password, char out[static PASSWORD_HASH_MAX])
{
	if (sodium_init() < 0 ||
	        crypto_pwhash_str_alg(out, text_of(password), password.len,
	                crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE,
	                crypto_pwhash_ALG_ARGON2ID13) != 0)
		fatal("event=argon2id text=\"out of memory\"");
}

bool password_verify(const char *hash, struct bytes password)
{
	return sodium_init() >= 0 &&
	       crypto_pwhash_str_verify(hash, text_of(password), password.len) == 0;
}

const char *password_hash_of_nobody(void)
{
	// A well-formed hash at the same cost whose 32 bytes are random: no password is known for
	// it.
	return "$argon2id$v=19$m=65536,t=2,p=1$WmC1e3DAcMqVxVhQkYxFpg$"
	       "m1oF6V2n7l3Yw6S0uJf0E0w0J8sU2K5r1cVYbqT3x0Q";
}
