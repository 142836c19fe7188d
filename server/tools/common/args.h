// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

// The command line: words and options from a table. "--name value" and "--name=value" are the same;
// "--" ends options.

struct arg_option {
	const char *name;  // "--limit"; a table ends with NULL
	const char *value; // what help calls the value; NULL for a flag
	const char *help;
};

#define ARGS_MAX 32

struct args {
	const char *words[ARGS_MAX];
	size_t words_count;
	const struct arg_option *given[ARGS_MAX];
	const char *values[ARGS_MAX];
	size_t given_count;
};

// `tables` ends with NULL. False leaves one line in `error`. All strings are borrowed from argv.
MUST_CHECK bool args_parse(struct args *out, int argc, char **argv,
        const struct arg_option *const *tables, struct buf *error);
bool args_has(const struct args *a, const char *name);
const char *args_value(const struct args *a, const char *name); // NULL when not given
// A number option within limits, or `otherwise` when it is not given. False leaves one line in
// `error`.
MUST_CHECK bool args_number(const struct args *a, const char *name, uint64_t most,
        uint64_t otherwise, uint64_t *out, struct buf *error);
// Aligned lines of help for one table; `only` is NULL or the names to show, between spaces.
void args_help(const struct arg_option *table, const char *only, struct buf *out);
// Is `name` one of the space-separated `names`?
bool args_among(const char *names, const char *name);
