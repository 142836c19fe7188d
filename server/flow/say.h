// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/texts.h"
#include "private.h"

// Automatic texts to texters: the words in the conversation's language, sealed with its key, sent
// through the outbox behind everything that people wrote. Counselors see them as messages without
// an author.

struct say_what {
	enum text_id id;
	// What is said once in a conversation: NULL is the row's own rule, "wait_update_2" a finer
	// one.
	const char *mark;
	const char *kept_field;  // of the conversation, written with it; NULL is none
	const char *kept;        // "seq": the message's sequence
	int64_t told_ms;         // not again for so long to the same texter in any conversation
	int64_t low_ms, high_ms; // {range}, when high_ms is above 0
	int opens_weekday;       // {opens}: 0 is Monday
	unsigned opens_minute;   // of that day
};

// STORE_OK: it is in the outbox, which drops it when it is no longer true by the time it could go.
// STORE_DUPLICATE: it was said before, or lately. STORE_GONE: it is not true (now), or is turned
// off. Anything else: it was not said, or nobody knows (STORE_UNKNOWN); repeating is safe only with
// a mark.
typedef void (*say_fn)(enum store_code code, void *arg);
// `fn` (may be NULL) is called once, later or at once. All that is given is copied.
void say(struct pool *p, const char *conversation, const struct say_what *what, say_fn fn,
        void *arg);
