// SPDX-License-Identifier: Apache-2.0
// Hash tables and sorted sets with a fixed order.
#include "model_dict.h"

#include <stdlib.h>
#include <string.h>

#define SMALL 8 // up to here a look at each entry is faster than an index

static uint32_t hash_of(struct bytes key)
{
	uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ key.len;
	size_t i = 0;
	for (; i + 8 <= key.len; i += 8) {
		uint64_t word;
		memcpy(&word, key.data + i, 8);
		h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	for (; i < key.len; i++)
		h = (h ^ key.data[i]) * UINT64_C(0x100000001b3);
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	return (uint32_t)(h >> 32);
}

static bool is_key(const struct model_entry *e, struct bytes key, uint32_t hash)
{
	return e->hash == hash && e->key && e->len == key.len &&
	       memcmp(e->key, key.data, key.len) == 0;
}

static void slot_put(struct model_dict *d, size_t index)
{
	size_t mask = d->slots_count - 1;
	size_t s = d->at[index].hash & mask;
	while (d->slots[s])
		s = (s + 1) & mask;
	d->slots[s] = (uint32_t)index + 1;
}

// Drops the removed entries and makes room for as many again.
static void rebuild(struct model_dict *d)
{
	size_t kept = 0;
	for (size_t i = 0; i < d->used; i++)
		if (d->at[i].key)
			d->at[kept++] = d->at[i];
	d->used = kept;
	if (d->cap < kept * 2 || d->cap < 4) {
		d->cap = kept < 2 ? 4 : kept * 2;
		d->at = xrealloc(d->at, d->cap * sizeof *d->at);
	}
	free(d->slots);
	d->slots = NULL;
	d->slots_count = 0;
	if (d->cap <= SMALL)
		return;
	d->slots_count = 16;
	while (d->slots_count < d->cap * 2)
		d->slots_count *= 2;
	d->slots = xcalloc(d->slots_count, sizeof *d->slots);
	for (size_t i = 0; i < kept; i++)
		slot_put(d, i);
}

static struct model_entry *find(const struct model_dict *d, struct bytes key, uint32_t hash)
{
	if (!d->slots) {
		for (size_t i = 0; i < d->used; i++)
			if (is_key(&d->at[i], key, hash))
				return &d->at[i];
		return NULL;
	}
	size_t mask = d->slots_count - 1;
	for (size_t s = hash & mask; d->slots[s]; s = (s + 1) & mask) {
		struct model_entry *e = &d->at[d->slots[s] - 1];
		if (is_key(e, key, hash))
			return e;
	}
	return NULL;
}

struct model_entry *model_dict_find(const struct model_dict *d, struct bytes key)
{
	return d->count ? find(d, key, hash_of(key)) : NULL;
}

struct model_entry *model_dict_put(struct model_dict *d, struct bytes key, bool *added)
{
	uint32_t hash = hash_of(key);
	struct model_entry *e = d->count ? find(d, key, hash) : NULL;
	*added = e == NULL;
	if (e)
		return e;
	if (d->used == d->cap)
		rebuild(d);
	e = &d->at[d->used++];
	*e = (struct model_entry){.len = (uint32_t)key.len, .hash = hash, .order = ++d->order};
	e->key = bytes_dup(key);
	d->count++;
	if (d->slots)
		slot_put(d, d->used - 1);
	return e;
}

// Its slot goes on pointing at it, so that later ones are still found past it.
void model_dict_remove(struct model_dict *d, struct model_entry *e)
{
	free(e->key);
	e->key = NULL;
	d->count--;
}

struct model_entry *model_dict_next(const struct model_dict *d, size_t *i)
{
	while (*i < d->used) {
		struct model_entry *e = &d->at[(*i)++];
		if (e->key)
			return e;
	}
	return NULL;
}

size_t model_dict_from(const struct model_dict *d, uint64_t order)
{
	size_t low = 0, high = d->used;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (d->at[middle].order < order)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void model_dict_free(struct model_dict *d)
{
	for (size_t i = 0; i < d->used; i++)
		free(d->at[i].key);
	free(d->at);
	free(d->slots);
	*d = (struct model_dict){0};
}

static int compare(const struct model_member *a, double score, struct bytes member)
{
	if (a->score != score)
		return a->score < score ? -1 : 1;
	size_t least = a->len < member.len ? a->len : member.len;
	int by_bytes = memcmp(a->key, member.data, least);
	if (by_bytes != 0)
		return by_bytes;
	return a->len < member.len ? -1 : a->len > member.len;
}

size_t model_zset_rank(const struct model_zset *z, double score, struct bytes member)
{
	size_t low = 0, high = z->members.count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (compare(&z->at[middle], score, member) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t model_zset_below(const struct model_zset *z, double score, bool inclusive)
{
	size_t low = 0, high = z->members.count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		double at = z->at[middle].score;
		if (at < score || (inclusive && at == score))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void take_out(struct model_zset *z, size_t count, double score, struct bytes member)
{
	struct model_zset before = *z;
	before.members.count = count;
	size_t rank = model_zset_rank(&before, score, member);
	memmove(&z->at[rank], &z->at[rank + 1], (count - rank - 1) * sizeof *z->at);
}

// `count` members are in the array so far.
static void put_in(struct model_zset *z, size_t count, const struct model_entry *e)
{
	struct model_zset before = *z;
	before.members.count = count;
	size_t rank = model_zset_rank(&before, e->value.score, model_key(e));
	memmove(&z->at[rank + 1], &z->at[rank], (count - rank) * sizeof *z->at);
	z->at[rank] = (struct model_member){e->value.score, e->key, e->len};
}

bool model_zset_put(struct model_zset *z, struct bytes member, double score, bool *changed)
{
	bool added;
	struct model_entry *e = model_dict_put(&z->members, member, &added);
	size_t count = z->members.count;
	*changed = !added && e->value.score != score;
	if (!added && !*changed)
		return false;
	if (*changed)
		take_out(z, count, e->value.score, member);
	if (added && count > z->cap) {
		z->cap = z->cap ? z->cap * 2 : 8;
		z->at = xrealloc(z->at, z->cap * sizeof *z->at);
	}
	e->value.score = score;
	put_in(z, count - 1, e);
	return added;
}

bool model_zset_remove(struct model_zset *z, struct bytes member)
{
	struct model_entry *e = model_dict_find(&z->members, member);
	if (!e)
		return false;
	take_out(z, z->members.count, e->value.score, member);
	model_dict_remove(&z->members, e);
	return true;
}

void model_zset_free(struct model_zset *z)
{
	model_dict_free(&z->members);
	free(z->at);
	z->at = NULL;
	z->cap = 0;
}
