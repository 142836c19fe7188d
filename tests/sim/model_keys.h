// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model_dict.h"
#include "model_store.h"

// Between the parts of the model store: its objects, and a command being run.

enum model_kind { KIND_STRING, KIND_HASH, KIND_SET, KIND_ZSET, KIND_LIST };

struct model_list {
	struct model_text *at;
	size_t count, cap;
};

struct model_object {
	enum model_kind kind;
	int64_t expires_ms; // 0: never
	union {
		struct model_text text;
		struct model_dict dict; // of a hash: texts; of a set: nothing
		struct model_zset zset;
		struct model_list list;
	} is;
};

struct model_store {
	struct model_dict keys;
};

struct model_run {
	struct model_store *store;
	const struct model_call *call;
	int argc;
	const struct bytes *argv;
	struct model_reply *out;
	bool dirty;     // it changed something
	bool rewritten; // its effects are there already
	bool wrong;     // a key holds another kind: answered
};

void model_text_set(struct model_text *t, struct bytes value);
static inline struct bytes model_text(const struct model_text *t)
{
	return bytes_of(t->data, t->len);
}
void model_object_free(struct model_object *o);

// The object at `key` when it is there and of that kind; NULL, with run->wrong, when it is another.
struct model_object *model_read(struct model_run *r, struct bytes key, enum model_kind kind);
// The same for a command that writes: what has expired is removed.
struct model_object *model_write(struct model_run *r, struct bytes key, enum model_kind kind);
// The same, made when it is absent.
struct model_object *model_make(struct model_run *r, struct bytes key, enum model_kind kind);
// Any kind, or NULL.
struct model_object *model_any(struct model_run *r, struct bytes key);
bool model_delete(struct model_run *r, struct bytes key);
// Removes a collection that has become empty, as Redis does.
void model_tidy(struct model_run *r, struct bytes key, const struct model_object *o);

void model_fail(struct model_run *r, const char *error);
// False, with the error answered, when the text is no integer of 64 bits.
bool model_integer(struct model_run *r, struct bytes text, int64_t *out);
bool model_double(struct bytes text, double *out);
// An option that the model does not know.
_Noreturn void model_unknown(const struct model_run *r, struct bytes what);
bool model_is(struct bytes a, const char *word); // any case
// Whether `count` numbers at -1 and so on, as ranges have them, select anything; *first and *last
// are then within it.
bool model_range(int64_t *first, int64_t *last, size_t count);

typedef void (*model_fn)(struct model_run *r);
struct model_command {
	const char *name;
	int parts; // with the name; negative: at least
	bool writes;
	int first_key, last_key, key_step; // as COMMAND INFO gives them
	model_fn fn;
};
// The parts of the table, each ended by a row without a name.
extern const struct model_command model_string_commands[], model_hash_commands[],
        model_zset_commands[], model_key_commands[];
// One step of HSCAN, SSCAN, ZSCAN or SCAN over `d`: the cursor and the options are from argv[at]
// on.
void model_scan(
        struct model_run *r, int at, const struct model_dict *d, enum model_kind kind, bool keys);
