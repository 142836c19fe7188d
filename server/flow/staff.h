// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// Staff records as last read from Redis: {staff}:records, name -> JSON with roles (bits of enum
// role), pools, capacity, hash (argon2id), phone (sealed, base64) and phone_hash. Few enough to
// keep whole; read again when the channel says so.

struct staff_member {
	char name[33];
	unsigned roles;
	char **pools;
	size_t pools_count;
	unsigned capacity;     // by the grade, when the record has none of its own
	unsigned own_capacity; // 0: by the grade
	int grade;             // Holdfast__V1__Grade
	char **skills;
	size_t skills_count;
	char *hash;       // "" when they cannot sign in
	struct buf phone; // sealed; empty when they cannot be paged
	char phone_hash[65];
};

struct staff *staff_new(struct flow *f);
void staff_free(struct staff *s);
// Reads all records; when there are none at all, makes the operator that the configuration names
// (ctl.user).
void staff_load(struct staff *s);
// The same, and then calls `then`, whether it could be read or not: who has just written may rely
// on it.
void staff_load_then(struct staff *s, loop_fn then, void *arg);
bool staff_loaded(const struct staff *s);
const struct staff_member *staff_find(const struct staff *s, const char *name);
const struct staff_member *staff_by_phone(const struct staff *s, const char *phone_hash);
void staff_each(
        const struct staff *s, void (*fn)(const struct staff_member *m, void *arg), void *arg);
bool staff_serves(const struct staff_member *m, const char *pool);

// Writes a record. `phone` NULL keeps the present number, "" takes it away; `hash` NULL keeps the
// present password.
struct staff_change {
	const char *name;
	unsigned roles;
	char *const *pools;
	size_t pools_count;
	unsigned capacity; // 0: by the grade
	int grade;
	char *const *skills;
	size_t skills_count;
	const char *phone;
	const char *hash;
};
void staff_write(struct staff *s, const struct staff_change *change, store_fn fn, void *arg);
