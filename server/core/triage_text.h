// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buf.h"

// A text as the rules read it: words in a plain alphabet with their places in the original. Fixed
// size, on the stack.

#define TRIAGE_BYTES_MAX 8192 // the rest is not read, and the level is then UNKNOWN at least
#define TRIAGE_WORDS_MAX 2048
#define TRIAGE_WORD_MAX  24 // letters that tell words apart

struct triage_word {
	char text[TRIAGE_WORD_MAX];
	uint32_t hash;
	uint16_t len;
	uint16_t start, end; // bytes of the original
	bool after_stop;     // punctuation stands before it
};

struct triage_text {
	struct triage_word words[TRIAGE_WORDS_MAX];
	size_t count;
	bool damaged; // ill-formed bytes or a NUL
	bool cut;     // longer than we read
	bool letters; // some letter of an alphabet that the rules know
	bool foreign; // some letter of one that they do not
	bool contact; // a link or a number to call
};

void triage_text_read(struct bytes in, struct triage_text *out);
// The same plain form for one word of a pattern. Returns its length.
size_t triage_plain(const char *word, char out[static TRIAGE_WORD_MAX]);
uint32_t triage_hash(const char *word, size_t len);
