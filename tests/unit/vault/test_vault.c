// SPDX-License-Identifier: Apache-2.0
// Sealing: what was changed, moved or sealed under another key never opens; key files.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "vault/vault.h"

#define NUMBER "+15005550123"

struct fixture {
	char dir[32];
	struct vault *vault;
};

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);
	struct buf error = {0};
	snprintf(f->dir, sizeof f->dir, "/tmp/vault.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_true(vault_generate(f->dir, &error));
	f->vault = vault_open(f->dir, &error);
	assert_non_null(f->vault);
	assert_int_equal(error.len, 0);
	*state = f;
	return 0;
}

static const char *key_path(const struct fixture *f, const char *name, char out[static 64])
{
	snprintf(out, 64, "%s/%s", f->dir, name);
	return out;
}

static int tear_down(void **state)
{
	static const char *const names[] = {"kek-1.key", "number.key", "lookup.key"};
	struct fixture *f = *state;
	char path[64];
	for (size_t i = 0; i < 3; i++)
		unlink(key_path(f, names[i], path));
	assert_int_equal(rmdir(f->dir), 0); // nothing else was left there
	vault_close(f->vault);
	free(f);
	return 0;
}

static void test_text(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "a", "please text me back \xf0\x9f\x92\x8a"};
	struct conversation_key k;
	conversation_key_new(&k);
	for (size_t i = 0; i < 3; i++) {
		struct buf sealed = {0}, again = {0}, open = {0};
		struct bytes text = bytes_str(texts[i]);
		vault_seal(&k, "c1", "m1", "in", text, &sealed);
		vault_seal(&k, "c1", "m1", "in", text, &again);
		assert_int_equal(sealed.len, text.len + 29);
		assert_false(bytes_equal(buf_bytes(&sealed), buf_bytes(&again)));
		assert_true(vault_unseal(&k, "c1", "m1", "in", buf_bytes(&sealed), &open));
		assert_true(bytes_equal(buf_bytes(&open), text));
		buf_free(&sealed);
		buf_free(&again);
		buf_free(&open);
	}
	conversation_key_wipe(&k);
	assert_true(bytes_equal(bytes_of(&k, sizeof k), bytes_of((uint8_t[32]){0}, 32)));
}

static void test_changed_text(void **state)
{
	(void)state;
	struct conversation_key k;
	struct buf sealed = {0}, open = {0};
	conversation_key_new(&k);
	vault_seal(&k, "c1", "m1", "in", bytes_str("are you there"), &sealed);
	for (size_t bit = 0; bit < sealed.len * 8; bit++) {
		sealed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(vault_unseal(&k, "c1", "m1", "in", buf_bytes(&sealed), &open));
		sealed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t len = 0; len < sealed.len; len++)
		assert_false(vault_unseal(&k, "c1", "m1", "in", bytes_of(sealed.data, len), &open));
	assert_int_equal(open.len, 0);
	assert_true(vault_unseal(&k, "c1", "m1", "in", buf_bytes(&sealed), &open));
	buf_free(&sealed);
	buf_free(&open);
}

static void test_moved_text(void **state)
{
	(void)state;
	static const char *const elsewhere[][3] = {{"c2", "m1", "in"}, {"c1", "m2", "in"},
	        {"c1", "m1", "out"}, {"m1", "c1", "in"}, {"c1m1", "", "in"}, {"c1", "m1i", "n"},
	        {"c1;2:m1", "in", ""}, {"c1", "m1", ""}};
	struct conversation_key k, other;
	struct buf sealed = {0}, open = {0};
	conversation_key_new(&k);
	conversation_key_new(&other);
	vault_seal(&k, "c1", "m1", "in", bytes_str("are you there"), &sealed);
	for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
		assert_false(vault_unseal(&k, elsewhere[i][0], elsewhere[i][1], elsewhere[i][2],
		        buf_bytes(&sealed), &open));
	assert_false(vault_unseal(&other, "c1", "m1", "in", buf_bytes(&sealed), &open));
	assert_int_equal(open.len, 0);
	buf_free(&sealed);
}

static void test_wrapped_key(void **state)
{
	struct fixture *f = *state;
	struct conversation_key k, back = {{0}};
	struct buf wrapped = {0}, longer = {0};
	conversation_key_new(&k);
	vault_wrap(f->vault, "c1", &k, &wrapped);
	assert_true(vault_unwrap(f->vault, "c1", buf_bytes(&wrapped), &back));
	assert_memory_equal(&k, &back, sizeof k);
	assert_false(vault_unwrap(f->vault, "c2", buf_bytes(&wrapped), &back));
	wrapped.data[20] ^= 1;
	assert_false(vault_unwrap(f->vault, "c1", buf_bytes(&wrapped), &back));
	vault_seal_other(f->vault, "c1", bytes_of(&k, sizeof k), &longer);
	assert_false(vault_unwrap(f->vault, "c1", buf_bytes(&longer), &back));
	buf_free(&wrapped);
	buf_free(&longer);
}

static void test_numbers_and_others(void **state)
{
	struct fixture *f = *state;
	struct buf number = {0}, other = {0}, open = {0};
	vault_seal_number(f->vault, "ada", NUMBER, &number);
	vault_seal_other(f->vault, "ada", bytes_str(NUMBER), &other);
	assert_false(vault_open_number(f->vault, "bea", buf_bytes(&number), &open));
	assert_false(vault_unseal_other(f->vault, "bea", buf_bytes(&other), &open));
	// The two purposes never open each other's.
	assert_false(vault_open_number(f->vault, "ada", buf_bytes(&other), &open));
	assert_false(vault_unseal_other(f->vault, "ada", buf_bytes(&number), &open));
	assert_true(vault_open_number(f->vault, "ada", buf_bytes(&number), &open));
	assert_string_equal(buf_str(&open), NUMBER);
	buf_clear(&open);
	assert_true(vault_unseal_other(f->vault, "ada", buf_bytes(&other), &open));
	assert_string_equal(buf_str(&open), NUMBER);
	buf_free(&number);
	buf_free(&other);
	buf_free(&open);
}

static void test_hash(void **state)
{
	struct fixture *f = *state;
	char a[VAULT_HASH_LEN + 1], b[VAULT_HASH_LEN + 1];
	struct buf error = {0};
	vault_hash(f->vault, "+15005550100", NUMBER, a);
	assert_int_equal(strspn(a, "0123456789abcdef"), VAULT_HASH_LEN);
	struct vault *reopened = vault_open(f->dir, &error);
	vault_hash(reopened, "+15005550100", NUMBER, b);
	assert_string_equal(a, b);
	vault_close(reopened);
	vault_hash(f->vault, "staff", NUMBER, b);
	assert_string_not_equal(a, b);
	vault_hash(f->vault, "+1500555010", "0" NUMBER, b); // where scope and number meet matters
	assert_string_not_equal(a, b);
}

static void test_generate_keeps_keys(void **state)
{
	struct fixture *f = *state;
	struct buf before = {0}, after = {0}, error = {0};
	char path[64];
	struct stat st;
	assert_int_equal(stat(key_path(f, "kek-1.key", path), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(config_read_secret(path, &before, &error));
	assert_int_equal(before.len, 64);
	assert_int_equal(unlink(key_path(f, "lookup.key", path)), 0);
	assert_true(vault_generate(f->dir, &error));
	assert_int_equal(access(path, F_OK), 0);
	assert_true(config_read_secret(key_path(f, "kek-1.key", path), &after, &error));
	assert_true(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
	buf_free(&before);
	buf_free(&after);
}

static void assert_refused(const struct fixture *f, const char *saying)
{
	struct buf error = {0};
	assert_null(vault_open(f->dir, &error));
	assert_non_null(strstr(buf_str(&error), saying));
	buf_free(&error);
}

static void write_file(const char *path, const char *content)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
}

static void test_bad_key_files(void **state)
{
	struct fixture *f = *state;
	char path[64];
	key_path(f, "number.key", path);
	assert_int_equal(chmod(path, 0640), 0);
	assert_refused(f, "number.key");
	assert_int_equal(chmod(path, 0600), 0);
	static const char *const bad[] = {"", "00", "hello",
	        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1",
	        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00",
	        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1g",
	        " 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		write_file(path, bad[i]);
		assert_refused(f, bad[i][0] ? "number.key must hold 64 hex digits" : "number.key");
	}
	assert_int_equal(unlink(path), 0);
	assert_refused(f, "number.key");
}

static void test_no_folder(void **state)
{
	(void)state;
	struct buf error = {0};
	assert_false(vault_generate("/proc/none", &error));
	assert_non_null(strstr(buf_str(&error), "/proc/none"));
	buf_free(&error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_text),
	        cmocka_unit_test(test_changed_text),
	        cmocka_unit_test(test_moved_text),
	        cmocka_unit_test_setup_teardown(test_wrapped_key, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_numbers_and_others, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_hash, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_generate_keeps_keys, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_bad_key_files, set_up, tear_down),
	        cmocka_unit_test(test_no_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
