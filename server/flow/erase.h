// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// Deletes what was said in one closed conversation, as many steps as it takes: its key first.

struct erase_order {
	struct pool *pool;
	const char *conversation;
	const char *line; // its own, as the texter
	const char *texter;
	const char *who; // the staff member who asked for it, or ""
	const char *why; // one word, for its ledger
	bool force;      // what waits to be sent to its texter goes too
};
// STORE_OK: all of it is gone, or was. STORE_CONFLICT: it is live, and nothing was touched.
// STORE_HELD: something to its texter is not sent yet. Anything else: try again; it goes on from
// there.
typedef void (*erase_fn)(enum store_code code, void *arg);
// `fn` is called once, later. All that is given is copied.
void erase_conversation(const struct erase_order *o, erase_fn fn, void *arg);
