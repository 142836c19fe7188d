// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

// One Redis server as a keyspace: the commands that the store and its scripts use, as Redis 7.0
// answers them (tests/sim/twin.c compares). A command, an option or a number of
// arguments that it does not know ends the process: add it here. Time is given with each command.
// What Redis leaves in any order comes in the order in which it was put in.

struct model_store;
struct model_store *model_store_new(void);
void model_store_free(struct model_store *s);
struct model_store *model_store_copy(const struct model_store *s);

enum model_type { MODEL_NIL, MODEL_INTEGER, MODEL_STRING, MODEL_STATUS, MODEL_ERROR, MODEL_ARRAY };

// One value of a reply. The items of an array follow it, nested ones with their own items.
struct model_value {
	enum model_type type;
	int64_t integer;  // of an array: how many items
	const char *text; // NULL when it is in `digits`
	size_t len;
	char digits[32];
};

// A reply: the values in the order in which they go over the wire. Reused from call to call; `{0}`
// is an empty one. Texts are borrowed from the store until its next command, or are in `owned`.
struct model_reply {
	struct model_value *at;
	size_t count;
	size_t cap;
	struct buf *owned; // one for each text that is the reply's own
	size_t owned_count, owned_cap;
};
void model_reply_clear(struct model_reply *r);
void model_reply_free(struct model_reply *r);
struct bytes model_value_bytes(const struct model_value *v);
void model_add_nil(struct model_reply *r);
void model_add_integer(struct model_reply *r, int64_t n);
void model_add_array(struct model_reply *r, size_t items);
void model_add_text(struct model_reply *r, enum model_type type, struct bytes borrowed);
void model_add_copy(struct model_reply *r, enum model_type type, struct bytes text);
void model_add_score(struct model_reply *r, double score);
// The reply as RESP2.
void model_reply_print(const struct model_reply *r, struct buf *out);

// Write commands as they are passed on to replicas: without what depends on time, and only those
// that changed something.
struct model_effects {
	struct buf data;
	size_t count;
};
void model_effects_add(struct model_effects *e, int argc, const struct bytes *argv);
// Calls fn with the first key of each.
void model_effects_each(struct bytes data, void (*fn)(struct bytes key, void *arg), void *arg);

// Returns how many hear it.
typedef int64_t (*model_publish_fn)(struct bytes channel, struct bytes payload, void *arg);
void model_effects_apply(
        struct model_store *s, struct bytes data, model_publish_fn publish, void *arg);

struct model_call {
	int64_t now_ms;
	int argc;
	const struct bytes *argv;
	struct model_effects *effects; // NULL where nobody wants them
	model_publish_fn publish;      // may be NULL
	void *arg;
};
void model_store_run(struct model_store *s, const struct model_call *call, struct model_reply *out);

// What is known of a command: whether it writes, and its keys among the `argc` parts.
struct model_command;
const struct model_command *model_command_of(struct bytes name);
bool model_command_writes(const struct model_command *c);
// Index of the i-th key, or 0 when there is none.
int model_command_key(const struct model_command *c, int argc, int i);

// Removes all keys that have expired, with their effects.
void model_store_expire(struct model_store *s, int64_t now_ms, struct model_effects *effects);
size_t model_store_count(const struct model_store *s);
// Everything in the keyspace, one line a key, sorted: equal texts mean equal keyspaces.
void model_store_print(const struct model_store *s, struct buf *out);
