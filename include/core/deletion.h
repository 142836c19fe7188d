// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

// A texter's word that asks for everything of theirs to be deleted. Pure.

// Is the whole text that phrase? Upper case, accents of Latin letters, punctuation and the number
// of blanks do not matter. A text that says anything else besides is no such word.
bool deletion_phrase(struct bytes text, const char *phrase);
// The language of the words that are meant where the configuration names none: "en", "es", "fr",
// or "" of a word that belongs to no language; NULL when the text is none of them.
const char *deletion_default(struct bytes text);

// A Latin letter without what is put on it, in lower case; other characters as they are.
uint32_t deletion_plain(uint32_t c);
