// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model_store.h"

// The scripts of server/store/lua, run by Lua 5.1 on a model store as Redis runs them. What would
// break in production ends the process: a key that is not in KEYS, keys of several hash tags, a
// global that is written or does not exist, an error of the script itself.

struct model_lua;
struct model_lua *model_lua_new(void);
void model_lua_free(struct model_lua *l);
// Adds a script, or puts another text in the place of one. Both are borrowed.
void model_lua_add(struct model_lua *l, const char *name, const char *text);
// The name of the script with that text, or NULL.
const char *model_lua_name_of(const struct model_lua *l, struct bytes text);

// `call` holds the keys, then the arguments. With `deny`, an error such as "READONLY …", the first
// command that writes ends the script with it, as in Redis: scripts that write nothing go on.
void model_lua_run(struct model_lua *l, struct model_store *s, const char *script, int keys,
        const struct model_call *call, const char *deny, struct model_reply *out);
