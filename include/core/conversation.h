// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

// States of a conversation. Every open one is in exactly one of the first four. The numbers are
// kept in Redis.
enum conversation_state {
	CONVERSATION_WAITING = 1,
	CONVERSATION_OFFERED = 2,
	CONVERSATION_HELD = 3,
	CONVERSATION_WRAP_UP = 4,
	CONVERSATION_CLOSED = 5,
};

const char *conversation_state_name(enum conversation_state s);
bool conversation_state_from_name(const char *name, enum conversation_state *out);
// The one table of legal moves.
bool conversation_may(enum conversation_state from, enum conversation_state to);
