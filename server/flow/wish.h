// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// A texter's wish that everything of theirs be deleted (store/lua/include/erase.lua). It waits
// while any conversation of theirs is live, whatever its level; then all of them are deleted, and
// the texter gets a receipt. Whatever stops it in between, its timer goes on with it.

struct wishes;
struct wishes *wishes_new(void);
void wishes_free(struct wishes *w); // after the link to Redis

// The language of the word that this text is, perhaps ""; NULL: it asks for no deletion.
const char *wish_language(const struct pool *p, struct bytes text);

#define WISH_CODE_LEN 8
// What people quote to ask about it.
void wish_code(const char *id, char out[static WISH_CODE_LEN + 1]);
// Written to the log when it is new.
void wish_log(const char *id, const char *pool, const char *by);

// The timer erase:LINE:HASH.
void wish_due(struct pool *p, const char *what, const char *member, const char *score);
