// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "core/level.h"

// Reads one text and says how urgent it is and why. Every byte string gets a
// level. Unsure, unreadable, too long or in a language that no rule knows means UNKNOWN at least; a
// fault inside is louder, never quieter. Reentrant; the engine is immutable once made.

#define TRIAGE_REASONS_MAX 8

struct triage_reason {
	const char *rule; // id of the rule, static: "suicide.plan.tonight"
	size_t start;     // span in the text, in bytes
	size_t end;
};

struct triage_result {
	enum level level;
	unsigned tags; // bits of enum triage_tag
	size_t reasons_count;
	struct triage_reason reasons[TRIAGE_REASONS_MAX]; // strongest first
};

enum triage_tag {
	TRIAGE_SUICIDE = 1 << 0,
	TRIAGE_SELF_HARM = 1 << 1,
	TRIAGE_ABUSE = 1 << 2,
	TRIAGE_VIOLENCE = 1 << 3,
	TRIAGE_THIRD_PARTY = 1 << 4,
	TRIAGE_SUBSTANCE = 1 << 5,
	TRIAGE_PANIC = 1 << 6,
	TRIAGE_CHILD = 1 << 7,
};

struct triage;
struct triage *triage_new(void);
void triage_free(struct triage *t);
void triage_score(const struct triage *t, struct bytes text, struct triage_result *out);
// Appends the ids of the rules, comma-separated, without any of the text: what may be stored and
// shown.
void triage_reasons(const struct triage_result *r, struct buf *out);
