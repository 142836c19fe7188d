// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "ledger.h"
#include "private.h"

// The kinds of what comes in and must not be lost. A record of a kind has one form and one way into
// Redis, whether it has just come or was kept in the spool: a function each, one row in kind.c.

// On disk: never renumbered.
enum { KIND_TEXT = 1, KIND_QUARANTINE = 2, KIND_PROBE = 255 };

// Called once, later. OUTCOME_UNAVAILABLE: Redis gave no outcome, or on too few copies; the same
// record may be taken again.
typedef void (*kind_fn)(struct flow *f, uint64_t id, enum outcome o);
// Who has a record taken. What takes several steps asks `wanted` before each but the first: once a
// record has gone to the spool, it must not overtake from there what was spooled before it.
struct taker {
	uint64_t id;
	kind_fn fn;
	bool (*wanted)(const struct flow *f, uint64_t id); // NULL: always
};

struct kind {
	const char *name;
	// Takes a record into Redis; nothing of it is borrowed after the call. False when it is no
	// record of this kind: then `fn` is not called.
	bool (*take)(struct flow *f, struct bytes record, const struct taker *t);
	// Whose it is: records of one person are taken one after the other, in order. 0: nobody's.
	uint64_t (*whose)(struct bytes record);
	// When it could not be taken for long, while others could: to the quarantine, as `take`.
	// NULL: it is put aside.
	bool (*give_up)(struct flow *f, struct bytes record, const struct taker *t);
	// Everything that could crash on its content and is not called by `whose`, for a record
	// that is kept now and taken later: a crash must come while the webhook's crash guard
	// knows the post, or it would come again with every start.
	void (*rehearse)(struct flow *f, struct bytes record);
};
const struct kind *kind_find(unsigned kind); // NULL when there is none
