// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "answer.h"
#include "history.h"

// What staff write for each other about a conversation, sealed with its key.

// Of a note or summary, in characters.
#define NOTE_MAX 1000
// Between `least` and `most` characters.
bool note_fits(const char *text, size_t least, size_t most);

// Seals `text` as a note of the request's conversation and goes on with `fn`, which owns the
// request from then on; view and note are borrowed, and the note is NULL when `text` is empty. When
// it cannot be done the request is answered, and r->more freed (plain memory).
typedef void (*note_fn)(
        struct request *r, struct conversation_view *view, const struct store_note *note);
void note_make(struct request *r, const char *text, note_fn fn);

// The notes of a conversation, by time; of many, the latest. Owned by the list.
#define NOTES_TEXT_MAX 16384
struct notes {
	Holdfast__V1__Note **list;
	size_t count;
};
void notes_read(struct notes *out, const struct conversation_key *key, const char *conversation,
        const struct redis_reply *reply);
// Cuts the first word, and the blank after it, off what Redis keeps of a note.
bool note_word(struct bytes *rest, char *out, size_t size);
void notes_free(struct notes *n);
