// SPDX-License-Identifier: Apache-2.0
// Names the field that a refused frame is refused for.
#include "path.h"

#include <ctype.h>
#include <stdarg.h>

struct path path_root(struct buf *error)
{
	return (struct path){.depth = 1, .error = error};
}

struct path path_field(const struct path *up, const ProtobufCFieldDescriptor *field, size_t index)
{
	bool message = field->type == PROTOBUF_C_TYPE_MESSAGE;

	return (struct path){
	        .up = up,
	        .field = field,
	        .index = index,
	        .depth = up->depth + (message ? 1 : 0),
	        .error = up->error,
	};
}

const char *path_json_name(char out[static JSON_NAME_MAX], const char *name)
{
	size_t len = 0;
	bool upper = false;

	for (; *name && len < JSON_NAME_MAX - 1; name++) {
		if (*name == '_') {
			upper = true;
			continue;
		}
		out[len++] = upper ? (char)toupper((unsigned char)*name) : *name;
		upper = false;
	}
	out[len] = '\0';
	return out;
}

static void append_path(const struct path *at, struct buf *out)
{
	char name[JSON_NAME_MAX];

	if (!at->up)
		return;
	append_path(at->up, out);
	if (at->up->up)
		buf_append_char(out, '.');
	buf_append_str(out, path_json_name(name, at->field->name));
	if (at->field->label == PROTOBUF_C_LABEL_REPEATED && at->index != PATH_WHOLE)
		buf_printf(out, "[%zu]", at->index);
}

bool path_refuse(const struct path *at, const char *format, ...)
{
	va_list args;

	append_path(at, at->error);
	buf_append_str(at->error, at->up ? ": " : "frame: ");
	va_start(args, format);
	buf_vprintf(at->error, format, args);
	va_end(args);
	return false;
}
