// SPDX-License-Identifier: Apache-2.0
// Digests against published vectors, and passwords.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>
#include <string.h>

#include "base/codec.h"
#include "vault/mac.h"
#include "vault/password.h"

static void assert_hex(const uint8_t *digest, size_t len, const char *expected)
{
	struct buf hex = {0};
	hex_encode(bytes_of(digest, len), &hex);
	assert_string_equal(buf_str(&hex), expected);
	buf_free(&hex);
}

// FIPS 180-2, appendix B
static void test_sha256(void **state)
{
	(void)state;
	uint8_t out[32];
	sha256(bytes_str("abc"), out);
	assert_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256(bytes_of(NULL, 0), out);
	assert_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

// RFC 2202 section 3 and RFC 4231 section 4: cases 1, 2 and the keys longer than a block
static void test_hmac(void **state)
{
	(void)state;
	uint8_t sha1[20], sha2[32], key[131];
	memset(key, 0x0b, 20);
	hmac_sha1(bytes_of(key, 20), bytes_str("Hi There"), sha1);
	assert_hex(sha1, 20, "b617318655057264e28bc0b6fb378c8ef146be00");
	hmac_sha256(bytes_of(key, 20), bytes_str("Hi There"), sha2);
	assert_hex(sha2, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	struct bytes question = bytes_str("what do ya want for nothing?");
	hmac_sha1(bytes_str("Jefe"), question, sha1);
	assert_hex(sha1, 20, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	hmac_sha256(bytes_str("Jefe"), question, sha2);
	assert_hex(sha2, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	struct bytes larger = bytes_str("Test Using Larger Than Block-Size Key - Hash Key First");
	hmac_sha1(bytes_of(key, 80), larger, sha1);
	assert_hex(sha1, 20, "aa4ae5e15272d00e95705637ce8a3b55ed402112");
	hmac_sha256(bytes_of(key, 131), larger, sha2);
	assert_hex(sha2, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	hmac_sha256(bytes_of(NULL, 0), bytes_of(NULL, 0), sha2);
	assert_hex(sha2, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_equal(void **state)
{
	(void)state;
	assert_true(bytes_equal_secret(bytes_str("same"), bytes_str("same")));
	assert_true(bytes_equal_secret(bytes_of(NULL, 0), bytes_str("")));
	assert_false(bytes_equal_secret(bytes_str("same"), bytes_str("sane")));
	assert_false(bytes_equal_secret(bytes_str("same"), bytes_str("sam")));
}

static void test_password(void **state)
{
	(void)state;
	char a[PASSWORD_HASH_MAX], b[PASSWORD_HASH_MAX];
	password_hash(bytes_str("correct horse"), a);
	password_hash(bytes_str("correct horse"), b);
	assert_string_not_equal(a, b); // salted
	assert_true(password_verify(a, bytes_str("correct horse")));
	assert_false(password_verify(a, bytes_str("correct horse ")));
	assert_false(password_verify(a, bytes_of("correct\0horse", 13)));
	assert_false(password_verify(a, bytes_of(NULL, 0)));
	assert_false(password_verify("", bytes_str("correct horse")));
	assert_false(password_verify("not a hash", bytes_str("")));
}

static void test_nobody_costs_the_same(void **state)
{
	(void)state;
	const char *nobody = password_hash_of_nobody();
	assert_int_equal(crypto_pwhash_str_needs_rehash(nobody, crypto_pwhash_OPSLIMIT_INTERACTIVE,
	                         crypto_pwhash_MEMLIMIT_INTERACTIVE),
	        0);
	assert_false(password_verify(nobody, bytes_str("")));
	assert_false(password_verify(nobody, bytes_str("nobody")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_sha256),
	        cmocka_unit_test(test_hmac),
	        cmocka_unit_test(test_equal),
	        cmocka_unit_test(test_password),
	        cmocka_unit_test(test_nobody_costs_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
