// SPDX-License-Identifier: Apache-2.0
// Hash maps with open addressing: one table serves integer and string keys.
#include "base/map.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_CAP 16 // a power of two, as every capacity

enum slot_state { SLOT_EMPTY, SLOT_LIVE, SLOT_REMOVED };

struct slot {
	uint64_t key; // the id, or the hash of `name`
	char *name;   // NULL in an idmap; a removed slot keeps its own until it is used again
	void *value;
	enum slot_state state;
};

struct table {
	struct slot *slots;
	size_t cap;
	size_t live;
	size_t used; // live and removed: both lengthen a search
};

struct idmap {
	struct table table;
};

struct strmap {
	struct table table;
	uint8_t seed[crypto_shorthash_KEYBYTES];
};

// The finalizer of MurmurHash3 (public domain): neighbouring ids land far apart.
static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

static bool same(const struct slot *s, uint64_t key, const char *name)
{
	return s->state == SLOT_LIVE && s->key == key && (!name || strcmp(s->name, name) == 0);
}

static struct slot *find(const struct table *t, uint64_t key, const char *name)
{
	if (!t->cap)
		return NULL;
	size_t i = mix(key) & (t->cap - 1);
	for (; t->slots[i].state != SLOT_EMPTY; i = (i + 1) & (t->cap - 1))
		if (same(&t->slots[i], key, name))
			return &t->slots[i];
	return NULL;
}

static struct slot *free_slot(const struct table *t, uint64_t key)
{
	size_t i = mix(key) & (t->cap - 1);
	while (t->slots[i].state == SLOT_LIVE)
		i = (i + 1) & (t->cap - 1);
	return &t->slots[i];
}

// A new array, at most half full; the removed entries stay behind.
static void rehash(struct table *t)
{
	struct table old = *t;
	t->cap = FIRST_CAP;
	while (t->cap < (old.live + 1) * 2)
		t->cap *= 2;
	t->slots = xcalloc(t->cap, sizeof *t->slots);
	t->used = t->live;
	for (size_t i = 0; i < old.cap; i++) {
		if (old.slots[i].state == SLOT_LIVE)
			*free_slot(t, old.slots[i].key) = old.slots[i];
		else
			free(old.slots[i].name);
	}
	free(old.slots);
}

static void put(struct table *t, uint64_t key, const char *name, void *value)
{
	struct slot *s = find(t, key, name);
	if (s) {
		s->value = value;
		return;
	}
	if ((t->used + 1) * 4 > t->cap * 3)
		rehash(t);
	s = free_slot(t, key);
	if (s->state == SLOT_EMPTY)
		t->used++;
	t->live++;
	free(s->name);
	*s = (struct slot){key, name ? xstrdup(name) : NULL, value, SLOT_LIVE};
}

static void *get(const struct table *t, uint64_t key, const char *name)
{
	struct slot *s = find(t, key, name);
	return s ? s->value : NULL;
}

// Never moves an entry, so that a walk over the table stays valid; and keeps the name, because a
// caller of strmap_each() may have been handed it.
static void *take(struct table *t, uint64_t key, const char *name)
{
	struct slot *s = find(t, key, name);
	if (!s)
		return NULL;
	s->state = SLOT_REMOVED;
	t->live--;
	return s->value;
}

static void release(struct table *t)
{
	for (size_t i = 0; i < t->cap; i++)
		free(t->slots[i].name);
	free(t->slots);
}

struct idmap *idmap_new(void)
{
	return xcalloc(1, sizeof(struct idmap));
}

void idmap_free(struct idmap *m)
{
	if (!m)
		return;
	release(&m->table);
	free(m);
}

void *idmap_get(const struct idmap *m, uint64_t id)
{
	return get(&m->table, id, NULL);
}

void idmap_put(struct idmap *m, uint64_t id, void *value)
{
	put(&m->table, id, NULL, value);
}

void *idmap_remove(struct idmap *m, uint64_t id)
{
	return take(&m->table, id, NULL);
}

size_t idmap_count(const struct idmap *m)
{
	return m->table.live;
}

void idmap_each(struct idmap *m, void (*fn)(uint64_t id, void *value, void *arg), void *arg)
{
	for (size_t i = 0; i < m->table.cap; i++)
		if (m->table.slots[i].state == SLOT_LIVE)
			fn(m->table.slots[i].key, m->table.slots[i].value, arg);
}

// Keys may come from the network: a secret seed keeps anyone from choosing keys that collide.
static uint64_t hash(const struct strmap *m, const char *key)
{
	uint8_t out[crypto_shorthash_BYTES];
	uint64_t value;
	crypto_shorthash(out, (const uint8_t *)key, strlen(key), m->seed);
	memcpy(&value, out, sizeof value);
	return value;
}

struct strmap *strmap_new(void)
{
	struct strmap *m = xcalloc(1, sizeof *m);
	randombytes_buf(m->seed, sizeof m->seed);
	return m;
}

void strmap_free(struct strmap *m)
{
	if (!m)
		return;
	release(&m->table);
	free(m);
}

void *strmap_get(const struct strmap *m, const char *key)
{
	return get(&m->table, hash(m, key), key);
}

void strmap_put(struct strmap *m, const char *key, void *value)
{
	put(&m->table, hash(m, key), key, value);
}

void *strmap_remove(struct strmap *m, const char *key)
{
	return take(&m->table, hash(m, key), key);
}

size_t strmap_count(const struct strmap *m)
{
	return m->table.live;
}

void strmap_each(struct strmap *m, void (*fn)(const char *key, void *value, void *arg), void *arg)
{
	for (size_t i = 0; i < m->table.cap; i++)
		if (m->table.slots[i].state == SLOT_LIVE)
			fn(m->table.slots[i].name, m->table.slots[i].value, arg);
}
