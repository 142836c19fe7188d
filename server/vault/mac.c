// SPDX-License-Identifier: Apache-2.0
// Digests over OpenSSL.
#include "vault/mac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/log.h"

void sha256(struct bytes in, uint8_t out[static 32])
{
	if (EVP_Digest(in.data, in.len, out, NULL, EVP_sha256(), NULL) != 1)
		fatal("event=openssl call=sha256");
}

void sha1(struct bytes in, uint8_t out[static 20])
{
	if (EVP_Digest(in.data, in.len, out, NULL, EVP_sha1(), NULL) != 1)
		fatal("event=openssl call=sha1");
}

static void hmac(const EVP_MD *md, struct bytes key, struct bytes in, uint8_t *out)
{
	static const uint8_t none[1];
	const uint8_t *data = in.len ? in.data : none;
	if (!HMAC(md, key.len ? key.data : none, (int)key.len, data, in.len, out, NULL))
		fatal("event=openssl call=hmac");
}

void hmac_sha1(struct bytes key, struct bytes in, uint8_t out[static 20])
{
	hmac(EVP_sha1(), key, in, out);
}

void hmac_sha256(struct bytes key, struct bytes in, uint8_t out[static 32])
{
	hmac(EVP_sha256(), key, in, out);
}

bool bytes_equal_secret(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.data, b.data, a.len) == 0);
}
