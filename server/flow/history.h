// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"
#include "word.h"

// Reading conversations back: from Redis' hashes to the protocol's messages, text unsealed.

#define SKILLS_TEXT_MAX 560

// The fields of a conversation's hash that the flow acts on. Strings are borrowed from the reply or
// point into `own`.
struct conversation_view {
	int state;
	enum level level;
	uint64_t epoch;
	int64_t created_ms, enqueued_ms, answer_by_ms, offer_until_ms;
	int64_t score;
	int64_t declined_at_ms; // the latest decline
	int64_t held_at_ms, last_out_at_ms, unanswered_at_ms;
	int64_t silence_at_ms;
	unsigned silence_step;
	int64_t flag_at_ms; // a flag is open since then; 0: none is
	uint64_t flag_page;
	Holdfast__V1__Risk risk; // at_ms 0: nobody has asked
	int64_t close_at_ms;     // a close waits for a second person since then
	uint64_t sequence;
	uint64_t page;
	uint64_t earlier;
	struct bytes key; // wrapped
	char holder[33];
	char line[24];
	char gateway[33];
	char texter[VAULT_HASH_LEN + 1];
	char reasons[400];
	char excluded[1024];
	char recused[1024]; // know the texter
	char also[320]; // may accept it beside the one whom it is offered to; "" when not offered
	int64_t last_in_at_ms;
	unsigned requeues, reopened;
	char attention[160]; // comma-separated
	char present[400];   // "name=role", comma-separated
	// Of conversation_frame(): they point into the lists above, which it cuts up.
	char *attention_list[12];
	char *present_list[12];
	char language[4];     // "" is the line's
	char transfer_to[33]; // who is asked to take it on
	int64_t transfer_until_ms;
	char transfer_skill[33];  // it is for whoever has that
	char transfer_asked[200]; // who was asked before, comma-separated
	int64_t require_at_ms;    // skills are asked for since then, when later than the enqueue
	char invited[48];         // whom the holder has asked to join it
	char require[SKILLS_TEXT_MAX], want[SKILLS_TEXT_MAX]; // comma-separated
	char partner[33];
	char prefer[33]; // had them before; until prefer_until_ms
	int64_t prefer_until_ms;
	int64_t erase_asked_ms, erased_ms; // deletion (wish.h)
	char outcome[WORD_MAX + 1];
	char tags[TAGS_TEXT_MAX]; // comma-separated; conversation_frame() cuts it up
	char *tags_list[TAGS_MAX];
	int64_t closed_at_ms;
	int64_t limited_ms; // so much later it comes in the queue, and why
	char limited_by[12];
};
// False when there is no such conversation.
bool conversation_view(const struct redis_reply *reply, struct conversation_view *out);
// The gateway that the texter wrote through; the line's, when that one is no longer configured.
const char *conversation_gateway(const struct flow *f, const struct conversation_view *view);
// Fills the protocol's form with borrowed strings; `reasons` must have room for REASONS_MAX
// pointers into view->reasons, which is cut up.
#define REASONS_MAX 8
void conversation_frame(struct flow *f, const struct pool *p, const char *id,
        struct conversation_view *view, char **reasons, Holdfast__V1__Conversation *out);
// The list alone, for offers and level changes. Returns how many.
size_t reasons_split(char *csv, char **out);
// "name=role" is among the others who are in it.
bool view_present(const struct conversation_view *view, const char *name);
// Since when the texter has waited for a human's word; 0 when they do not.
int64_t view_unanswered_ms(const struct conversation_view *view);

// A whole conversation with its messages after a sequence, in order, at most HISTORY_TEXT_MAX bytes
// of text (one message at least).
#define HISTORY_TEXT_MAX 49152
struct history; // owns what `conversation` points to
typedef void (*history_fn)(enum err e, Holdfast__V1__Conversation *conversation, void *arg);
void history_load(struct flow *f, struct pool *p, const char *conversation, uint64_t after_sequence,
        bool with_text, history_fn fn, void *arg);
// One message, unsealed. The message is freed after the callback.
typedef void (*message_fn)(enum err e, Holdfast__V1__Message *message, void *arg);
void history_message(struct flow *f, struct pool *p, const char *conversation, const char *message,
        message_fn fn, void *arg);
