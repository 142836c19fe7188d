// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "history.h"

// What is worth knowing of a texter's earlier conversations: when, how urgent, how it ended, and
// the latest summary. Those whose content was deleted are not among them.

#define PREVIOUS_MAX 3
struct previous {
	Holdfast__V1__Previous *list[PREVIOUS_MAX]; // the latest first
	size_t count;
};
void previous_free(struct previous *p);

// `fn` is called once, later, and owns what it gets. What cannot be read is left out: it delays
// nobody.
typedef void (*previous_fn)(const struct previous *found, void *arg);
void previous_load(struct pool *p, const char *conversation, const struct conversation_view *view,
        previous_fn fn, void *arg);
