// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/buf.h"

// Unicode 15 §3.9: well-formed UTF-8 only (no overlong, no surrogates, nothing over U+10FFFF).
bool utf8_valid(struct bytes in);
// Appends `in` with each maximal ill-formed part replaced by U+FFFD; true when nothing was
// replaced.
bool utf8_repair(struct bytes in, struct buf *out);
// Appends UTF-16BE as UTF-8; lone surrogates and an odd last byte become U+FFFD, and then it
// returns false.
bool utf8_from_utf16be(struct bytes in, struct buf *out);
// Next scalar value of well-formed or ill-formed input at *pos, which advances; U+FFFD for bad
// bytes.
uint32_t utf8_next(struct bytes in, size_t *pos);
// Prints for a terminal: control characters (C0, C1, DEL), bidi controls and line separators are
// shown as U+FFFD, except \n and \t.
void utf8_for_terminal(struct bytes in, struct buf *out);
// The same where nothing may get lost: such characters, and bytes that are no UTF-8, are shown as
// \xNN for each byte; a backslash as \\.
void utf8_escape(struct bytes in, struct buf *out);
