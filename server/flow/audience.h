// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// Which consoles of this node hear what happens in a conversation: its holder's, and those that
// watch it or have joined it. What a session watches ends with the session.

#define AUDIENCE_MAX 32 // conversations of one session

struct audiences;
struct audiences *audiences_new(void);
void audiences_free(struct audiences *a);

// False when the session watches as many as it may.
MUST_CHECK bool audience_add(struct flow *f, struct session *s, const char *conversation);
void audience_remove(struct flow *f, struct session *s, const char *conversation);
// The session is over.
void audience_forget(struct flow *f, struct session *s);
// Only who serves the pool hears of it, whatever is still held under their name. NULL when there is
// none here.
struct session *audience_holder(struct pool *p, const char *name);
bool audience_any(struct pool *p, const char *conversation, const char *holder);
// The holder's console first ("" is none), then the others, each once.
void audience_each(struct pool *p, const char *conversation, const char *holder,
        void (*fn)(struct session *s, void *arg), void *arg);
// Sends `body`, one of the generated messages, to all of them.
void audience_tell(struct pool *p, const char *conversation, const char *holder,
        Holdfast__V1__Frame__BodyCase which, void *body);
