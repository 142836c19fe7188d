// SPDX-License-Identifier: Apache-2.0
// States of a conversation and the moves between them.
#include "core/conversation.h"

#include <string.h>

static const char *const names[] = {
        [CONVERSATION_WAITING] = "waiting",
        [CONVERSATION_OFFERED] = "offered",
        [CONVERSATION_HELD] = "held",
        [CONVERSATION_WRAP_UP] = "wrap_up",
        [CONVERSATION_CLOSED] = "closed",
};

// A supervisor may take anybody over who is open, also out of the queue; a texter who writes after
// the end comes back; who waits may be ended without having been held.
static const bool moves[CONVERSATION_CLOSED + 1][CONVERSATION_CLOSED + 1] = {
        [CONVERSATION_WAITING] = {[CONVERSATION_OFFERED] = true,
                [CONVERSATION_HELD] = true,
                [CONVERSATION_CLOSED] = true},
        [CONVERSATION_OFFERED] = {[CONVERSATION_WAITING] = true, [CONVERSATION_HELD] = true},
        [CONVERSATION_HELD] = {[CONVERSATION_WAITING] = true, [CONVERSATION_WRAP_UP] = true},
        [CONVERSATION_WRAP_UP] = {[CONVERSATION_WAITING] = true, [CONVERSATION_CLOSED] = true},
        [CONVERSATION_CLOSED] = {[CONVERSATION_WAITING] = true},
};

static bool known(enum conversation_state s)
{
	return s >= CONVERSATION_WAITING && s <= CONVERSATION_CLOSED;
}

const char *conversation_state_name(enum conversation_state s)
{
	return known(s) ? names[s] : "none";
}

bool conversation_state_from_name(const char *name, enum conversation_state *out)
{
	for (int s = CONVERSATION_WAITING; s <= CONVERSATION_CLOSED; s++) {
		if (strcmp(names[s], name) != 0)
			continue;
		*out = (enum conversation_state)s;
		return true;
	}
	return false;
}

bool conversation_may(enum conversation_state from, enum conversation_state to)
{
	return known(from) && known(to) && moves[from][to];
}
