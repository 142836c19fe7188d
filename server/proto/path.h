// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

// Where a decoder stands, as a chain on the stack, so that a refusal can name the field in its JSON
// spelling: "putStaff.member.roles[2]".

#define NESTING_MAX   8
#define JSON_NAME_MAX 64
#define PATH_WHOLE    SIZE_MAX

struct path {
	const struct path *up; // NULL for the frame itself
	const ProtobufCFieldDescriptor *field;
	size_t index;      // inside a repeated field; PATH_WHOLE is the field itself
	unsigned depth;    // of messages: 1 is the frame
	struct buf *error; // the same one all along the chain
};

struct path path_root(struct buf *error);
struct path path_field(const struct path *up, const ProtobufCFieldDescriptor *field, size_t index);
// "log_in" as "logIn"; cut at the size of `out`. Returns `out`.
const char *path_json_name(char out[static JSON_NAME_MAX], const char *name);
// Writes "PATH: what" to the error and returns false, for `return path_refuse(…)`.
bool path_refuse(const struct path *at, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
