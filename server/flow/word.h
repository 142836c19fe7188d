// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <string.h>

// An outcome or a reason, for the record: never a text about a person. "" is one.
#define WORD_MAX 32
// Of the tags of one conversation, and all of them with commas.
#define TAGS_MAX      16
#define TAGS_TEXT_MAX (TAGS_MAX * (WORD_MAX + 1))

static inline bool word_ok(const char *word)
{
	size_t len = strlen(word);
	return len <= WORD_MAX && strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}
