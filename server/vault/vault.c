// SPDX-License-Identifier: Apache-2.0
// Keys in locked memory, and AES-256-GCM with what they protect.
#include "vault/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/config.h"
#include "base/id.h"
#include "base/log.h"
#include "vault/mac.h"

#define KEY_LEN    32
#define NONCE_LEN  12
#define TAG_LEN    16
#define VERSION    1
#define PARTS_MAX  4
#define SEALED_MAX (1 << 30) // OpenSSL counts in int

struct vault {
	uint8_t kek[KEY_LEN];
	uint8_t number[KEY_LEN]; // derived from number.key: phone numbers
	uint8_t other[KEY_LEN];  // derived from number.key: what belongs to no conversation
	uint8_t lookup[KEY_LEN];
};

static const char *const key_files[] = {"kek-1.key", "number.key", "lookup.key"};
#define KEY_FILES (sizeof key_files / sizeof key_files[0])

// ---- key files ----

static bool sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool ok = fsync(fd) == 0;
	close(fd);
	return ok;
}

static bool write_key(int fd)
{
	uint8_t key[KEY_LEN];
	struct buf hex = {0};
	random_bytes(key, sizeof key);
	hex_encode(bytes_of(key, sizeof key), &hex);
	buf_append_char(&hex, '\n');
	bool ok = write(fd, hex.data, hex.len) == (ssize_t)hex.len && fsync(fd) == 0;
	mem_wipe(key, sizeof key);
	buf_wipe(&hex);
	return ok;
}

// A half-written key must never be found under its name: written aside, then linked.
static bool generate_one(const char *dir, const char *name, struct buf *error)
{
	struct buf path = {0}, aside = {0};
	buf_printf(&path, "%s/%s", dir, name);
	buf_printf(&aside, "%s/.%s.new", dir, name);
	bool ok = access(buf_str(&path), F_OK) == 0;
	if (!ok) {
		unlink(buf_str(&aside));
		int fd = open(buf_str(&aside), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		ok = fd >= 0 && write_key(fd) &&
		     (link(buf_str(&aside), buf_str(&path)) == 0 || errno == EEXIST);
		if (!ok)
			buf_printf(error, "cannot make %s: %s", buf_str(&path), strerror(errno));
		if (fd >= 0)
			close(fd);
		unlink(buf_str(&aside));
	}
	buf_free(&path);
	buf_free(&aside);
	return ok;
}

bool vault_generate(const char *dir, struct buf *error)
{
	if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
		buf_printf(error, "cannot make %s: %s", dir, strerror(errno));
		return false;
	}
	for (size_t i = 0; i < KEY_FILES; i++)
		if (!generate_one(dir, key_files[i], error))
			return false;
	if (!sync_dir(dir)) {
		buf_printf(error, "cannot sync %s: %s", dir, strerror(errno));
		return false;
	}
	return true;
}

static bool read_key(
        const char *dir, const char *name, uint8_t out[static KEY_LEN], struct buf *error)
{
	struct buf path = {0}, hex = {0}, key = {0};
	buf_printf(&path, "%s/%s", dir, name);
	bool ok = config_read_secret(buf_str(&path), &hex, error);
	if (ok && (!hex_decode(buf_bytes(&hex), &key) || key.len != KEY_LEN)) {
		buf_printf(error, "%s must hold 64 hex digits", buf_str(&path));
		ok = false;
	}
	if (ok)
		memcpy(out, key.data, KEY_LEN);
	buf_free(&path);
	buf_wipe(&hex);
	buf_wipe(&key);
	return ok;
}

static void derive(
        const uint8_t from[static KEY_LEN], const char *label, uint8_t out[static KEY_LEN])
{
	hmac_sha256(bytes_of(from, KEY_LEN), bytes_str(label), out);
}

struct vault *vault_open(const char *dir, struct buf *error)
{
	uint8_t number[KEY_LEN] = {0};
	if (sodium_init() < 0)
		fatal("event=sodium_init");
	// sodium_malloc() locks the pages and keeps them out of core files where the system allows
	// it.
	struct vault *v = sodium_malloc(sizeof *v);
	if (!v)
		fatal("event=out_of_memory");
	bool ok = read_key(dir, key_files[0], v->kek, error) &&
	          read_key(dir, key_files[1], number, error) &&
	          read_key(dir, key_files[2], v->lookup, error);
	if (ok) {
		derive(number, "holdfast number", v->number);
		derive(number, "holdfast other", v->other);
	}
	mem_wipe(number, sizeof number);
	if (ok)
		return v;
	sodium_free(v);
	return NULL;
}

void vault_close(struct vault *v)
{
	if (v)
		sodium_free(v); // wipes
}

// ---- sealing ----

// What a sealed thing is bound to: parts with their lengths, so that no two lists read alike.
struct binding {
	const char *parts[PARTS_MAX];
};

static void bind_parts(const struct binding *b, struct buf *out)
{
	for (size_t i = 0; i < PARTS_MAX && b->parts[i]; i++)
		buf_printf(out, "%zu:%s;", strlen(b->parts[i]), b->parts[i]);
}

static bool gcm_seal(
        EVP_CIPHER_CTX *ctx, const uint8_t *key, struct bytes aad, struct bytes plain, uint8_t *out)
{
	uint8_t *nonce = out + 1, *text = nonce + NONCE_LEN, *tag = text + plain.len;
	int n = 0;
	return EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
	       EVP_EncryptUpdate(ctx, NULL, &n, aad.data, (int)aad.len) == 1 &&
	       (plain.len == 0 ||
	               EVP_EncryptUpdate(ctx, text, &n, plain.data, (int)plain.len) == 1) &&
	       EVP_EncryptFinal_ex(ctx, tag, &n) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_LEN, tag) == 1;
}

static void seal(const uint8_t key[static KEY_LEN], const struct binding *binding,
        struct bytes plain, struct buf *out)
{
	struct buf aad = {0};
	size_t len = 1 + NONCE_LEN + plain.len + TAG_LEN;
	if (len > SEALED_MAX)
		fatal("event=seal text=\"too long\"");
	uint8_t *sealed = xcalloc(1, len);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bind_parts(binding, &aad);
	sealed[0] = VERSION;
	random_bytes(sealed + 1, NONCE_LEN);
	if (!ctx || !gcm_seal(ctx, key, buf_bytes(&aad), plain, sealed))
		fatal("event=openssl call=seal");
	buf_append(out, sealed, len);
	EVP_CIPHER_CTX_free(ctx);
	buf_free(&aad);
	free(sealed);
}

static bool gcm_open(EVP_CIPHER_CTX *ctx, const uint8_t *key, struct bytes aad, struct bytes sealed,
        uint8_t *out)
{
	const uint8_t *nonce = sealed.data + 1, *text = nonce + NONCE_LEN;
	size_t len = sealed.len - 1 - NONCE_LEN - TAG_LEN;
	uint8_t tag[TAG_LEN], last[TAG_LEN];
	int n = 0;
	memcpy(tag, text + len, TAG_LEN);
	return EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
	       EVP_DecryptUpdate(ctx, NULL, &n, aad.data, (int)aad.len) == 1 &&
	       (len == 0 || EVP_DecryptUpdate(ctx, out, &n, text, (int)len) == 1) &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_LEN, tag) == 1 &&
	       EVP_DecryptFinal_ex(ctx, last, &n) == 1;
}

static bool unseal(const uint8_t key[static KEY_LEN], const struct binding *binding,
        struct bytes sealed, struct buf *out)
{
	struct buf aad = {0};
	if (sealed.len < 1 + NONCE_LEN + TAG_LEN || sealed.len > SEALED_MAX ||
	        sealed.data[0] != VERSION)
		return false;
	size_t len = sealed.len - 1 - NONCE_LEN - TAG_LEN;
	uint8_t *plain = xcalloc(1, len + 1);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bind_parts(binding, &aad);
	bool ok = ctx && gcm_open(ctx, key, buf_bytes(&aad), sealed, plain);
	if (ok)
		buf_append(out, plain, len);
	EVP_CIPHER_CTX_free(ctx);
	buf_free(&aad);
	mem_wipe(plain, len);
	free(plain);
	return ok;
}

// ---- numbers ----

void vault_hash(const struct vault *v, const char *scope, const char *number,
        char out[static VAULT_HASH_LEN + 1])
{
	uint8_t mac[32];
	struct buf in = {0}, hex = {0};
	buf_append(&in, scope, strlen(scope) + 1);
	buf_append_str(&in, number);
	hmac_sha256(bytes_of(v->lookup, KEY_LEN), buf_bytes(&in), mac);
	hex_encode(bytes_of(mac, sizeof mac), &hex);
	memcpy(out, buf_str(&hex), VAULT_HASH_LEN + 1);
	buf_wipe(&in);
	buf_free(&hex);
}

void vault_seal_number(
        const struct vault *v, const char *context, const char *number, struct buf *out)
{
	seal(v->number, &(struct binding){{"number", context}}, bytes_str(number), out);
}

bool vault_open_number(
        const struct vault *v, const char *context, struct bytes sealed, struct buf *out)
{
	return unseal(v->number, &(struct binding){{"number", context}}, sealed, out);
}

void vault_seal_other(
        const struct vault *v, const char *context, struct bytes plain, struct buf *out)
{
	seal(v->other, &(struct binding){{"other", context}}, plain, out);
}

bool vault_unseal_other(
        const struct vault *v, const char *context, struct bytes sealed, struct buf *out)
{
	return unseal(v->other, &(struct binding){{"other", context}}, sealed, out);
}

// ---- conversations ----

void conversation_key_new(struct conversation_key *k)
{
	random_bytes(k->key, sizeof k->key);
}

void conversation_key_wipe(struct conversation_key *k)
{
	mem_wipe(k, sizeof *k);
}

void vault_wrap(const struct vault *v, const char *conversation, const struct conversation_key *k,
        struct buf *out)
{
	seal(v->kek, &(struct binding){{"key", conversation}}, bytes_of(k->key, sizeof k->key),
	        out);
}

bool vault_unwrap(const struct vault *v, const char *conversation, struct bytes wrapped,
        struct conversation_key *k)
{
	struct buf key = {0};
	bool ok = unseal(v->kek, &(struct binding){{"key", conversation}}, wrapped, &key) &&
	          key.len == sizeof k->key;
	if (ok)
		memcpy(k->key, key.data, sizeof k->key);
	buf_wipe(&key);
	return ok;
}

void vault_seal(const struct conversation_key *k, const char *conversation, const char *message,
        const char *direction, struct bytes text, struct buf *out)
{
	seal(k->key, &(struct binding){{"text", conversation, message, direction}}, text, out);
}

bool vault_unseal(const struct conversation_key *k, const char *conversation, const char *message,
        const char *direction, struct bytes sealed, struct buf *out)
{
	return unseal(
	        k->key, &(struct binding){{"text", conversation, message, direction}}, sealed, out);
}
