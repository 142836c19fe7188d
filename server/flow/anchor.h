// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/custody.h"
#include "private.h"

// The ledger of custody outside Redis: when a conversation is closed its ledger is verified, and
// the hash of its last entry goes into the log. Whoever can write to Redis can make up a whole
// chain anew; that log they cannot change.

void anchor_log(struct pool *p, const char *conversation);

// The hash of the scripts' redis.sha1hex().
void anchor_hash(struct bytes in, char hex[static CUSTODY_HASH_LEN + 1]);

// What store_custody() answered, read entry by entry. `each` may be NULL.
struct anchor_ledger {
	struct custody custody;
	char fault[160]; // the first; "" when all is right
	uint64_t epoch;  // of the conversation itself, as state and holder
	int state;
	char holder[CUSTODY_NAME_MAX];
};
typedef void (*anchor_fn)(const struct anchor_ledger *l, const struct custody_entry *e,
        struct bytes line, const char *fault, void *arg);
void anchor_read(struct anchor_ledger *l, const char *conversation, const struct redis_reply *reply,
        anchor_fn each, void *arg);
