// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "store/store.h"

// Builds one command or script call: keys first, then arguments. Everything given is copied.

#define CALL_PARTS_MAX 640

struct call {
	struct store *store;
	const char *script; // NULL for a plain command
	size_t keys;
	size_t parts;
	size_t at[CALL_PARTS_MAX];
	size_t len[CALL_PARTS_MAX];
	struct buf bytes;
};

void call_script(struct call *c, struct store *s, const char *script);
void call_command(struct call *c, struct store *s, const char *command);
void call_key(struct call *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void call_str(struct call *c, const char *arg);
void call_bytes(struct call *c, struct bytes arg);
void call_int(struct call *c, int64_t arg);
void call_now(struct call *c);
void call_claim(struct call *c, const struct store_claim *claim);
void call_channel(struct call *c, const char *pool);
void call_by_level(struct call *c, const struct by_level *b);
// Sends it; fn may be NULL. The call is used up.
void call_run(struct call *c, store_fn fn, void *arg);
