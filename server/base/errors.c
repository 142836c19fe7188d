// SPDX-License-Identifier: Apache-2.0
// The table of errors that cross a boundary.
#include "base/errors.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *code;
	int http;
	const char *text;
} errors[ERR_COUNT] = {
#define X(name, code, http, text) [ERR_##name] = {code, http, text},
#include "base/errors.def"
#undef X
};

// An error from outside the enum is a mistake of ours, and says so.
static enum err known(enum err e)
{
	return (size_t)e < ERR_COUNT ? e : ERR_INTERNAL;
}

const char *err_code(enum err e)
{
	return errors[known(e)].code;
}

const char *err_text(enum err e)
{
	return errors[known(e)].text;
}

int err_http(enum err e)
{
	return errors[known(e)].http;
}

enum err err_from_code(const char *code)
{
	for (size_t i = 0; i < ERR_COUNT; i++)
		if (strcmp(errors[i].code, code) == 0)
			return (enum err)i;
	return ERR_INTERNAL;
}
