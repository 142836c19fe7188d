// SPDX-License-Identifier: Apache-2.0
// Preloaded into holdfastd: it dies where a text that begins with a magic word is sealed, in the
// middle of taking it in, and where a signature over such a word is checked. A stand-in for a
// mistake in a parser, with a real crash.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define IN_PARSE  "poison pill"
#define IN_VERIFY "poison check"

int EVP_EncryptUpdate(
        EVP_CIPHER_CTX *ctx, unsigned char *out, int *out_len, const unsigned char *in, int len)
{
	int (*next)(EVP_CIPHER_CTX *, unsigned char *, int *, const unsigned char *, int) =
	        (int (*)(EVP_CIPHER_CTX *, unsigned char *, int *, const unsigned char *,
	                int))dlsym(RTLD_NEXT, "EVP_EncryptUpdate");
	if (in && (size_t)len >= strlen(IN_PARSE) && memcmp(in, IN_PARSE, strlen(IN_PARSE)) == 0)
		abort();
	return next(ctx, out, out_len, in, len);
}

unsigned char *HMAC(const EVP_MD *md, const void *key, int key_len, const unsigned char *in,
        size_t len, unsigned char *out, unsigned int *out_len)
{
	unsigned char *(*next)(const EVP_MD *, const void *, int, const unsigned char *, size_t,
	        unsigned char *, unsigned int *) =
	        (unsigned char *(*)(const EVP_MD *, const void *, int, const unsigned char *,
	                size_t, unsigned char *, unsigned int *))dlsym(RTLD_NEXT, "HMAC");
	if (memmem(in, len, IN_VERIFY, strlen(IN_VERIFY)))
		abort();
	return next(md, key, key_len, in, len, out, out_len);
}
