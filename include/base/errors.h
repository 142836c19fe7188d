// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one table of errors that cross a boundary: base/errors.def gives each a wire code, an HTTP
// status and a default text.
enum err {
#define X(name, code, http, text) ERR_##name,
#include "base/errors.def"
#undef X
	ERR_COUNT
};

const char *err_code(enum err e); // stable, for programs: "not_found"
const char *err_text(enum err e); // for people, one sentence
int err_http(enum err e);
// The error of a wire code, or ERR_INTERNAL.
enum err err_from_code(const char *code);
