// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/frame.h"

// The conversations that this console holds or is in, each under a small number, with what was said
// in them.

struct said {
	char *id;
	uint64_t sequence;
	bool in;
	char *author;
	char *text;
	bool damaged;
	unsigned media;
	Holdfast__V1__Delivery delivery;
	char *note;
	bool shown;
};

enum talk_part {
	TALK_HELD,    // it is ours
	TALK_JOINED,  // somebody else's: we may write
	TALK_WATCHED, // we only see it
};

struct talk {
	unsigned number; // 1 …, the lowest free one
	char *id;
	uint64_t epoch;
	uint64_t last; // sequence of the last message that the server told of
	Holdfast__V1__Level level;
	Holdfast__V1__State state;
	struct said *said; // by sequence
	size_t said_count;
	bool seen;   // while a new session is compared with what we had
	bool asking; // a GetConversation is under way
	enum talk_part part;
	char *around;     // who is in it, as shown last; NULL before
	int64_t noted_ms; // of the latest note that was shown, by the server's clock
	struct talk *next;
};

struct talks {
	struct talk *first; // by number
};

struct talk *talks_by_id(const struct talks *t, const char *id);
struct talk *talks_by_number(const struct talks *t, unsigned number);
struct talk *talks_add(struct talks *t, const char *id);
void talks_remove(struct talks *t, struct talk *talk);
void talks_clear(struct talks *t);

// Epoch, level and state, and how far the server is; not the messages.
void talk_update(struct talk *talk, const Holdfast__V1__Conversation *c);
// False when we had it.
bool talk_add(struct talk *talk, const Holdfast__V1__Message *m);
// Everything up to this sequence is here.
uint64_t talk_complete_to(const struct talk *talk);
// NULL when there is no such message here, or the delivery is what it was.
const struct said *talk_delivery(struct talk *talk, const Holdfast__V1__DeliveryChange *change);
