// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "net/loop.h"
#include "proto/frame.h"
#include "settings.h"

// A signed-in connection to a console listener. Frames that callbacks are given are theirs to read
// until they return.

#define CLIENT_ANSWER_MS 10000

enum client_end {
	CLIENT_LOST,    // no connection, or it broke: trying again may help
	CLIENT_REFUSED, // the server does not want us: trying again will not help
};

struct client_events {
	void (*ready)(const Holdfast__V1__Session *session, void *arg);
	void (*news)(const Frame *f, void *arg);
	// All requests under way have been answered with NULL by then. client_connect() may be
	// called again.
	void (*ended)(enum client_end end, const char *why, void *arg);
};

// `answer` is NULL when the connection ended before it came, or none came in CLIENT_ANSWER_MS
// (which ends the connection).
typedef void (*client_answer_fn)(const Frame *answer, void *arg);

struct client;
// NULL leaves one line in `error`. Settings and events are borrowed. `program` is told to the
// server.
struct client *client_new(struct loop *l, const struct settings *s, const char *program,
        const struct client_events *events, void *arg, struct buf *error);
// Lets closing connections say goodbye: returns when nothing has happened for a tenth of a second.
void client_settle(struct loop *l);
// Not from a callback. Requests under way are answered with NULL.
void client_free(struct client *c);
void client_connect(struct client *c);
bool client_ready(const struct client *c);
// An empty request with that member of the oneof, its body allocated: fill it and free it with
// frame_free().
Frame *client_frame(unsigned body);
// Sends `request` with an id of its own. False when not connected: then `fn` is never called.
bool client_request(struct client *c, Frame *request, client_answer_fn fn, void *arg);
// False when there is no answer, when it is a Result that says no, or when its body is not `body`
// (a number of the oneof; the Result itself counts). Then *text is a sentence.
bool client_answered(const Frame *answer, unsigned body, const char **text);
