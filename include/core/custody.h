// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/conversation.h"

// Reads the ledger of custody of one conversation again, entry by entry as the scripts wrote it
// (server/store/lua/include/custody.lua): is the chain whole, and does what it tells make sense? No
// two have a conversation at once, nobody gives away what they do not have, and no change of owner
// is missing: each raises the epoch by one, and an entry has the epoch after it.

#define CUSTODY_NAME_MAX 33
#define CUSTODY_HASH_LEN 40

struct custody_entry {
	char hash[CUSTODY_HASH_LEN + 1];
	uint64_t number; // 1, 2, 3 …
	int64_t at_ms;
	char what[24];              // "opened", "offered" … a row of the table in custody.c
	char who[CUSTODY_NAME_MAX]; // "" when it concerns nobody
	uint64_t epoch;
	char why[256];
};

// Hash of `in` in hex; the scripts' is SHA-1.
typedef void (*custody_hash_fn)(struct bytes in, char hex[static CUSTODY_HASH_LEN + 1]);

// Somebody, or nobody, had it in one state for a while.
struct custody_span {
	int state;                    // enum conversation_state; 0 is before the first entry
	char owner[CUSTODY_NAME_MAX]; // "" while nobody has it
	int64_t since_ms;
};

// As far as it was read.
struct custody {
	custody_hash_fn hash;
	char head[CUSTODY_HASH_LEN + 1];
	uint64_t count;
	uint64_t epoch;
	int64_t at_ms;
	// The farthest that time went back from one entry to the next. Nodes' clocks differ, and a
	// broken one is no fault of the ledger: people are told, no more.
	int64_t back_ms;
	struct custody_span now;
	bool moved; // the latest entry ended a span: `before`, and `now` began
	struct custody_span before;
};

void custody_begin(struct custody *c, const char *conversation, custody_hash_fn hash);
// Takes the next entry. NULL, or what is wrong with it, for people; `out` holds what could be read
// of it in both cases, and the reader goes on from there.
const char *custody_take(struct custody *c, struct bytes line, struct custody_entry *out);
