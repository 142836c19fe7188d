// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/texts.h"
#include "core/level.h"

// What a texter is told while they wait, and when to look again. Pure: the caller says it, and what
// was said stands in the conversation. Nothing is said twice, nothing once somebody has accepted,
// and never more than CARE_TEXTS_MOST in one wait.

#define CARE_QUESTIONS_MAX TEXT_QUESTIONS_MAX
#define CARE_UPDATES_MAX   3
// Welcome or reopened, limited, coming, off hours or nobody, wait, updates, questions.
#define CARE_TEXTS_MOST (5 + CARE_UPDATES_MAX + CARE_QUESTIONS_MAX)

struct care_pool {
	enum text_id questions[CARE_QUESTIONS_MAX]; // asked one at a time, in this order
	size_t questions_count;
};

struct care {
	bool over;   // closed, or in wrap-up
	bool survey; // they may be asked how it was
	int64_t closed_ms;
	bool waits;    // waiting or offered
	bool offered;  // somebody may accept at any moment
	bool reopened; // they write after its end
	bool limited;  // they come later than their level says
	enum level level;
	int64_t enqueued_ms;
	const char *said;    // marks, comma-separated
	int64_t said_at_ms;  // of the latest; 0 is never
	uint64_t asked;      // sequence of the latest question; 0 is none
	uint64_t last_in;    // of their latest text
	int64_t last_in_ms;  // when it came
	int64_t promised_ms; // when the upper end of the latest range is over; 0: none was told
};

// How things stand in the pool.
struct care_now {
	int64_t now_ms;
	bool closed;             // outside its hours, or taken offline
	bool offline;            // taken offline
	bool opens_known;        // and it is known when it opens
	bool nobody;             // open, and nobody is at a desk
	bool forecast;           // a wait can be told honestly
	int64_t low_ms, high_ms; // then
};

struct care_decision {
	bool speak; // say `text` now
	enum text_id text;
	char mark[32];
	int64_t promised_ms; // to be kept with the conversation when it is said; 0: leave as it is
	bool question;       // its sequence is to be kept
	bool once_a_day;     // this texter was perhaps told lately, in another conversation
	int64_t look_at_ms;  // when to decide again, if nothing is said; 0: nothing is left to say
};

struct care_decision care_decide(
        const struct care *c, const struct care_pool *p, const struct care_now *now);
// What a text answers to a question of yes or no: "yes", "no" or "". Who wavers about ending their
// life says yes.
const char *care_answer(struct bytes text);
// 1 to 5 when it is nothing but such a digit; 0 when it is anything else, and so a person's text.
unsigned care_rating(struct bytes text);
// Is that mark among what was said?
bool care_was_said(const struct care *c, const char *mark);
