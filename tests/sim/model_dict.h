// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

// A hash table of strings that keeps the order in which they came: iteration never depends on
// addresses, so that one seed replays one run. And a sorted set over it.

struct model_text {
	char *data; // NUL-terminated
	size_t len;
};

struct model_entry {
	char *key; // NUL-terminated; NULL where an entry was removed
	uint32_t len;
	uint32_t hash;
	uint64_t order; // grows with each entry added: what SCAN's cursors name
	union {
		void *object;
		struct model_text text;
		double score;
	} value;
};

struct model_dict {
	struct model_entry *at;
	size_t used; // with the removed ones
	size_t cap;
	size_t count;
	uint32_t *slots; // index + 1, or 0; none while the table is small
	size_t slots_count;
	uint64_t order;
};

// `value` is the caller's to free; keys are copied. Entries move when one is put.
void model_dict_free(struct model_dict *d);
struct model_entry *model_dict_find(const struct model_dict *d, struct bytes key);
// The entry of `key`, new and zeroed when *added.
struct model_entry *model_dict_put(struct model_dict *d, struct bytes key, bool *added);
void model_dict_remove(struct model_dict *d, struct model_entry *e);
// From index `i` on the next entry there is, or NULL. Starts with *i == 0.
struct model_entry *model_dict_next(const struct model_dict *d, size_t *i);
// The index of the first entry whose order is `order` or higher.
size_t model_dict_from(const struct model_dict *d, uint64_t order);

static inline struct bytes model_key(const struct model_entry *e)
{
	return bytes_of(e->key, e->len);
}

struct model_member {
	double score;
	const char *key; // the dict's
	uint32_t len;
};

// By score, then by bytes, as Redis orders them.
struct model_zset {
	struct model_dict members;
	struct model_member *at;
	size_t cap;
};

void model_zset_free(struct model_zset *z);
// True when it was added; *changed when its score is another one now.
bool model_zset_put(struct model_zset *z, struct bytes member, double score, bool *changed);
bool model_zset_remove(struct model_zset *z, struct bytes member);
// The rank of a member that is there.
size_t model_zset_rank(const struct model_zset *z, double score, struct bytes member);
// How many members score less than `score`, or at most `score`.
size_t model_zset_below(const struct model_zset *z, double score, bool inclusive);
