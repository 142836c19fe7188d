// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "net/loop.h"

// Lines of standard input, one at a time and only when asked for: what is not asked for stays with
// the terminal or the pipe. Reading blocks, so it happens on a worker thread; a program that ends
// meanwhile just ends.

struct lines;
// `line` is NUL-terminated UTF-8 without its newline, or NULL at the end of input.
typedef void (*lines_fn)(const char *line, void *arg);

struct lines *lines_new(struct loop *l, lines_fn fn, void *arg);
// Asks for the next line; `fn` is called once, later.
void lines_next(struct lines *in);
// Frees it and the loop, unless a worker still waits for a line: then they end with the process.
void lines_end(struct lines *in);
