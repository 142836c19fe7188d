// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Hash maps that do not own their values. Keys of the string map are copied.

struct idmap; // uint64_t -> void *
struct idmap *idmap_new(void);
void idmap_free(struct idmap *m);
void *idmap_get(const struct idmap *m, uint64_t id); // NULL when absent
void idmap_put(struct idmap *m, uint64_t id, void *value);
void *idmap_remove(struct idmap *m, uint64_t id); // what was there, or NULL
size_t idmap_count(const struct idmap *m);
// Calls fn for each entry; fn may remove entries, its own included, but not add.
void idmap_each(struct idmap *m, void (*fn)(uint64_t id, void *value, void *arg), void *arg);

struct strmap; // string -> void *
struct strmap *strmap_new(void);
void strmap_free(struct strmap *m);
void *strmap_get(const struct strmap *m, const char *key);
void strmap_put(struct strmap *m, const char *key, void *value);
void *strmap_remove(struct strmap *m, const char *key);
size_t strmap_count(const struct strmap *m);
void strmap_each(struct strmap *m, void (*fn)(const char *key, void *value, void *arg), void *arg);
