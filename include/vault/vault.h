// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

// Keys, and everything that is sealed with them. Text is sealed with AES-256-GCM under a key of its
// conversation; that key rests wrapped by the key-encryption key (KEK). A number is sealed under
// the KEK's sibling and found by a keyed hash. Forms: version byte ‖ 96-bit random nonce ‖
// ciphertext ‖ 128-bit tag.

struct vault;
#define VAULT_HASH_LEN 64 // hex digits of the keyed hash

// Makes the key files (mode 0600) that are missing in `dir`: kek-1.key, number.key, lookup.key, 32
// random bytes each in hex. Existing ones are never touched. False leaves a sentence in `error`.
MUST_CHECK bool vault_generate(const char *dir, struct buf *error);
// Reads the keys into locked memory that core dumps leave out. NULL leaves a sentence in `error`.
struct vault *vault_open(const char *dir, struct buf *error);
void vault_close(struct vault *v); // wipes the keys

// HMAC-SHA-256 over scope ‖ 0 ‖ number, in hex: how a texter (scope: the line) or an on-call
// person's phone (scope: "staff") is known.
void vault_hash(const struct vault *v, const char *scope, const char *number,
        char out[static VAULT_HASH_LEN + 1]);
// A number sealed for keeping, bound to `context` (the keyed hash, or the staff member's name).
void vault_seal_number(
        const struct vault *v, const char *context, const char *number, struct buf *out);
MUST_CHECK bool vault_open_number(
        const struct vault *v, const char *context, struct bytes sealed, struct buf *out);

// The key of one conversation, in clear; wipe it with conversation_key_wipe().
struct conversation_key {
	uint8_t key[32];
};
void conversation_key_new(struct conversation_key *k);
void conversation_key_wipe(struct conversation_key *k);
void vault_wrap(const struct vault *v, const char *conversation, const struct conversation_key *k,
        struct buf *out);
MUST_CHECK bool vault_unwrap(const struct vault *v, const char *conversation, struct bytes wrapped,
        struct conversation_key *k);

// One text of a conversation, bound to the conversation's and the message's id and to its direction
// ("in", "out", "note"): moved elsewhere, it does not open.
void vault_seal(const struct conversation_key *k, const char *conversation, const char *message,
        const char *direction, struct bytes text, struct buf *out);
MUST_CHECK bool vault_unseal(const struct conversation_key *k, const char *conversation,
        const char *message, const char *direction, struct bytes sealed, struct buf *out);
// Something that belongs to no conversation (a page's text): under the KEK's sibling, bound to
// `context`.
void vault_seal_other(
        const struct vault *v, const char *context, struct bytes plain, struct buf *out);
MUST_CHECK bool vault_unseal_other(
        const struct vault *v, const char *context, struct bytes sealed, struct buf *out);
