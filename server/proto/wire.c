// SPDX-License-Identifier: Apache-2.0
// Walks protobuf bytes along the schema and refuses what protobuf-c would take or misread.
#include "wire.h"

#include <stdint.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"

#define FIELDS_MAX 128

enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_LENGTH = 2, WIRE_32 = 5 };

struct cursor {
	struct bytes rest;
	uint64_t tag;
	enum wire wire;
	struct bytes value; // of WIRE_LENGTH: without its length
};

static const uint8_t wire_of_type[] = {
        [PROTOBUF_C_TYPE_INT32] = WIRE_VARINT,
        [PROTOBUF_C_TYPE_SINT32] = WIRE_VARINT,
        [PROTOBUF_C_TYPE_SFIXED32] = WIRE_32,
        [PROTOBUF_C_TYPE_INT64] = WIRE_VARINT,
        [PROTOBUF_C_TYPE_SINT64] = WIRE_VARINT,
        [PROTOBUF_C_TYPE_SFIXED64] = WIRE_64,
        [PROTOBUF_C_TYPE_UINT32] = WIRE_VARINT,
        [PROTOBUF_C_TYPE_FIXED32] = WIRE_32,
        [PROTOBUF_C_TYPE_UINT64] = WIRE_VARINT,
        [PROTOBUF_C_TYPE_FIXED64] = WIRE_64,
        [PROTOBUF_C_TYPE_FLOAT] = WIRE_32,
        [PROTOBUF_C_TYPE_DOUBLE] = WIRE_64,
        [PROTOBUF_C_TYPE_BOOL] = WIRE_VARINT,
        [PROTOBUF_C_TYPE_ENUM] = WIRE_VARINT,
        [PROTOBUF_C_TYPE_STRING] = WIRE_LENGTH,
        [PROTOBUF_C_TYPE_BYTES] = WIRE_LENGTH,
        [PROTOBUF_C_TYPE_MESSAGE] = WIRE_LENGTH,
};

static void advance(struct cursor *c, size_t len)
{
	c->rest.data += len;
	c->rest.len -= len;
}

static bool take_varint(struct cursor *c, uint64_t *out)
{
	uint64_t value = 0;

	for (size_t i = 0; i < c->rest.len && i < 10; i++) {
		uint8_t byte = c->rest.data[i];
		if (i == 9 && byte > 1)
			return false;
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte & 0x80)
			continue;
		advance(c, i + 1);
		*out = value;
		return true;
	}
	return false;
}

static bool take_value(struct cursor *c)
{
	uint64_t len = 0;

	switch (c->wire) {
	case WIRE_VARINT:
		return take_varint(c, &len);
	case WIRE_64:
		len = 8;
		break;
	case WIRE_32:
		len = 4;
		break;
	case WIRE_LENGTH:
		if (!take_varint(c, &len))
			return false;
		break;
	default: // groups
		return false;
	}
	if (len > c->rest.len)
		return false;
	c->value = bytes_of(c->rest.data, (size_t)len);
	advance(c, (size_t)len);
	return true;
}

static bool take_field(struct cursor *c)
{
	uint64_t key;

	if (!take_varint(c, &key) || key >> 3 == 0 || key >> 32 != 0)
		return false;
	c->tag = key >> 3;
	c->wire = (enum wire)(key & 7);
	return take_value(c);
}

// A repeated number may come packed into one run of bytes; protobuf-c checks what is inside.
static bool wire_fits(const ProtobufCFieldDescriptor *f, enum wire wire)
{
	if (wire == (enum wire)wire_of_type[f->type])
		return true;
	return f->label == PROTOBUF_C_LABEL_REPEATED && wire == WIRE_LENGTH;
}

static bool check_string(const struct path *at, struct bytes value)
{
	if (!utf8_valid(value))
		return path_refuse(at, "is not valid UTF-8");
	if (value.len && memchr(value.data, 0, value.len))
		return path_refuse(at, "holds a NUL character");
	return true;
}

static bool check_value(const struct path *at, const struct cursor *c)
{
	if (!wire_fits(at->field, c->wire))
		return path_refuse(at, "has the wrong wire type");
	if (at->field->type == PROTOBUF_C_TYPE_STRING)
		return check_string(at, c->value);
	if (at->field->type == PROTOBUF_C_TYPE_MESSAGE)
		return wire_check(at->field->descriptor, c->value, at);
	return true;
}

// Counts a field's values; all members of a oneof count as one field, the first of them.
static size_t *counter(
        const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *f, size_t *counts)
{
	unsigned first = (unsigned)(f - type->fields);

	for (unsigned i = 0; i < first && f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF; i++) {
		const ProtobufCFieldDescriptor *other = &type->fields[i];
		if (other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF &&
		        other->quantifier_offset == f->quantifier_offset)
			return &counts[i];
	}
	return &counts[first];
}

static bool check_field(const ProtobufCMessageDescriptor *type, const struct path *up,
        const struct cursor *c, size_t *counts)
{
	const ProtobufCFieldDescriptor *f =
	        protobuf_c_message_descriptor_get_field(type, (unsigned)c->tag);
	size_t *count;

	if (!f)
		return true;
	count = counter(type, f, counts);
	struct path at = path_field(up, f, *count);
	if (f->label != PROTOBUF_C_LABEL_REPEATED && *count > 0)
		return path_refuse(&at, "is given twice, or another of its kind is given already");
	++*count;
	return check_value(&at, c);
}

bool wire_check(const ProtobufCMessageDescriptor *type, struct bytes in, const struct path *at)
{
	size_t counts[FIELDS_MAX] = {0};
	struct cursor c = {.rest = in};

	if (type->n_fields > FIELDS_MAX)
		fatal("event=schema_message_too_wide message=%s", type->short_name);
	if (at->depth > NESTING_MAX)
		return path_refuse(at, "is nested too deeply");
	while (c.rest.len > 0) {
		if (!take_field(&c))
			return path_refuse(at, "is not valid protobuf");
		if (!check_field(type, at, &c, counts))
			return false;
	}
	return true;
}
