// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "proto/frame.h"

// What a counselor sees: one line an event, with a tag in front. With a terminal it has a prompt
// and calm colours; in a pipe neither.

struct view;
struct view *view_new(bool terminal);
void view_free(struct view *v);
// "[you] …": what you did and how you are.
void view_you(struct view *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
// "[error] …"
void view_error(struct view *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
// "[offer] …"; rings a terminal's bell for a new one.
void view_offer(struct view *v, bool is_new, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
// "[1] …": about a conversation.
void view_note(struct view *v, unsigned number, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
// "[1 high] texter: …". Further lines of a text are indented, so that none looks like a line of
// ours.
void view_texter(struct view *v, unsigned number, Holdfast__V1__Level level, const char *text,
        const char *note);
// "[1] you: … (queued)". `loud` is for what was not sent.
void view_said(struct view *v, bool loud, unsigned number, const char *author, const char *text,
        const char *delivery, const char *note);
// Before and after lines that are printed to standard output by themselves.
void view_aside(struct view *v);
void view_go_on(struct view *v);
// Plain lines, for help.
void view_plain(struct view *v, const char *text);
// The prompt for the current conversation; number 0 is none.
void view_prompt(struct view *v, unsigned number, Holdfast__V1__Level level);
