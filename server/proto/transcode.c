// SPDX-License-Identifier: Apache-2.0
// Turns any message of the schema into proto3 JSON and back, one row of a table for each wire type.
#include "transcode.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/log.h"
#include "base/utf8.h"

// Beyond it a JSON number (a double, in most programs) is no longer an exact integer.
#define EXACT_MAX 9007199254740992.0

struct kind {
	size_t size; // of one value in the C structure
	json_t *(*to_json)(const ProtobufCFieldDescriptor *f, const void *value);
	bool (*from_json)(const struct path *at, const json_t *json, void *value);
	bool (*is_default)(const void *value);
};

static const struct kind *kind_of(const ProtobufCFieldDescriptor *f);

static json_t *made(json_t *j)
{
	if (!j)
		fatal("event=out_of_memory in=json");
	return j;
}

// ---- integers

struct integer {
	bool negative;
	uint64_t magnitude;
};

static bool integer_of_text(const char *text, size_t len, struct integer *out)
{
	out->negative = len > 0 && text[0] == '-';
	size_t sign = out->negative ? 1 : 0;

	return bytes_to_u64(bytes_of(text + sign, len - sign), &out->magnitude);
}

static bool integer_of_real(double real, struct integer *out)
{
	if (!(fabs(real) <= EXACT_MAX) || real != trunc(real))
		return false;
	out->negative = real < 0;
	out->magnitude = (uint64_t)fabs(real);
	return true;
}

// Proto3 JSON takes integers of all widths as numbers and as strings.
static bool integer_of_json(const json_t *json, struct integer *out)
{
	if (json_is_string(json))
		return integer_of_text(json_string_value(json), json_string_length(json), out);
	if (json_is_real(json))
		return integer_of_real(json_real_value(json), out);
	if (!json_is_integer(json))
		return false;
	json_int_t value = json_integer_value(json);
	out->negative = value < 0;
	out->magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	return true;
}

static bool read_signed(const struct path *at, const json_t *json, uint64_t most, int64_t *out)
{
	struct integer i;

	if (!integer_of_json(json, &i))
		return path_refuse(at, "must be an integer");
	if (i.magnitude > most + (i.negative ? 1 : 0))
		return path_refuse(at, "is out of range");
	*out = (int64_t)(i.negative ? 0 - i.magnitude : i.magnitude);
	return true;
}

static bool read_unsigned(const struct path *at, const json_t *json, uint64_t most, uint64_t *out)
{
	struct integer i;

	if (!integer_of_json(json, &i))
		return path_refuse(at, "must be an integer");
	if (i.magnitude > most || (i.negative && i.magnitude > 0))
		return path_refuse(at, "is out of range");
	*out = i.magnitude;
	return true;
}

static bool i32_from_json(const struct path *at, const json_t *json, void *value)
{
	int64_t wide = 0;

	if (!read_signed(at, json, INT32_MAX, &wide))
		return false;
	*(int32_t *)value = (int32_t)wide;
	return true;
}

static bool i64_from_json(const struct path *at, const json_t *json, void *value)
{
	return read_signed(at, json, INT64_MAX, value);
}

static bool u32_from_json(const struct path *at, const json_t *json, void *value)
{
	uint64_t wide = 0;

	if (!read_unsigned(at, json, UINT32_MAX, &wide))
		return false;
	*(uint32_t *)value = (uint32_t)wide;
	return true;
}

static bool u64_from_json(const struct path *at, const json_t *json, void *value)
{
	return read_unsigned(at, json, UINT64_MAX, value);
}

static json_t *i32_to_json(const ProtobufCFieldDescriptor *f, const void *value)
{
	(void)f;
	return json_integer(*(const int32_t *)value);
}

static json_t *u32_to_json(const ProtobufCFieldDescriptor *f, const void *value)
{
	(void)f;
	return json_integer(*(const uint32_t *)value);
}

static json_t *i64_to_json(const ProtobufCFieldDescriptor *f, const void *value)
{
	(void)f;
	return json_sprintf("%lld", (long long)*(const int64_t *)value);
}

static json_t *u64_to_json(const ProtobufCFieldDescriptor *f, const void *value)
{
	(void)f;
	return json_sprintf("%llu", (unsigned long long)*(const uint64_t *)value);
}

static bool zero_32(const void *value)
{
	return *(const uint32_t *)value == 0;
}

static bool zero_64(const void *value)
{
	return *(const uint64_t *)value == 0;
}

// ---- booleans and enums

static bool bool_from_json(const struct path *at, const json_t *json, void *value)
{
	if (!json_is_boolean(json))
		return path_refuse(at, "must be true or false");
	*(protobuf_c_boolean *)value = json_is_true(json);
	return true;
}

static json_t *bool_to_json(const ProtobufCFieldDescriptor *f, const void *value)
{
	(void)f;
	return json_boolean(*(const protobuf_c_boolean *)value);
}

static bool enum_from_json(const struct path *at, const json_t *json, void *value)
{
	const ProtobufCEnumValue *known;

	if (!json_is_string(json))
		return i32_from_json(at, json, value);
	known = protobuf_c_enum_descriptor_get_value_by_name(
	        at->field->descriptor, json_string_value(json));
	if (!known)
		return path_refuse(at, "is none of the known names");
	*(int32_t *)value = known->value;
	return true;
}

// Enums of proto3 are open: a number that this schema has no name for stays a number.
static json_t *enum_to_json(const ProtobufCFieldDescriptor *f, const void *value)
{
	const ProtobufCEnumValue *known =
	        protobuf_c_enum_descriptor_get_value(f->descriptor, *(const int32_t *)value);

	return known ? json_string(known->name) : i32_to_json(f, value);
}

// ---- strings and bytes

// jansson has checked that it is UTF-8 without NUL.
static bool string_from_json(const struct path *at, const json_t *json, void *value)
{
	if (!json_is_string(json))
		return path_refuse(at, "must be a string");
	*(char **)value = xstrdup(json_string_value(json));
	return true;
}

static json_t *string_to_json(const ProtobufCFieldDescriptor *f, const void *value)
{
	const char *text = *(char *const *)value;
	struct buf repaired = {0};
	json_t *json = json_string(text ? text : "");

	(void)f;
	if (json)
		return json;
	// jansson takes well-formed UTF-8 only; a frame must go out whatever is in it.
	(void)utf8_repair(bytes_str(text), &repaired);
	json = json_stringn((const char *)repaired.data, repaired.len);
	buf_free(&repaired);
	return json;
}

static bool string_is_default(const void *value)
{
	const char *text = *(char *const *)value;

	return !text || !*text;
}

static bool binary_from_json(const struct path *at, const json_t *json, void *value)
{
	ProtobufCBinaryData *binary = value;
	struct buf raw = {0};

	if (!json_is_string(json) || !base64_decode(bytes_str(json_string_value(json)), &raw)) {
		buf_free(&raw);
		return path_refuse(at, "must be a string in base64");
	}
	binary->data = raw.data;
	binary->len = raw.len;
	return true;
}

static json_t *binary_to_json(const ProtobufCFieldDescriptor *f, const void *value)
{
	const ProtobufCBinaryData *binary = value;
	struct buf text = {0};
	json_t *json;

	(void)f;
	base64_encode(bytes_of(binary->data, binary->len), &text);
	json = json_string(buf_str(&text));
	buf_free(&text);
	return json;
}

static bool binary_is_default(const void *value)
{
	return ((const ProtobufCBinaryData *)value)->len == 0;
}

// ---- messages

static bool message_from_json(const struct path *at, const json_t *json, void *value)
{
	ProtobufCMessage *m = transcode_from_json(at->field->descriptor, json, at);

	*(ProtobufCMessage **)value = m;
	return m != NULL;
}

static json_t *message_value_to_json(const ProtobufCFieldDescriptor *f, const void *value)
{
	(void)f;
	return transcode_to_json(*(ProtobufCMessage *const *)value);
}

static bool message_is_default(const void *value)
{
	return *(ProtobufCMessage *const *)value == NULL;
}

#define ROW(kind, type, zero)                                                                      \
	{                                                                                          \
		sizeof(type), kind##_to_json, kind##_from_json, zero                               \
	}

// By ProtobufCType. The schema has no floating point; a unit test holds it to that.
static const struct kind kinds[] = {
        [PROTOBUF_C_TYPE_INT32] = ROW(i32, int32_t, zero_32),
        [PROTOBUF_C_TYPE_SINT32] = ROW(i32, int32_t, zero_32),
        [PROTOBUF_C_TYPE_SFIXED32] = ROW(i32, int32_t, zero_32),
        [PROTOBUF_C_TYPE_INT64] = ROW(i64, int64_t, zero_64),
        [PROTOBUF_C_TYPE_SINT64] = ROW(i64, int64_t, zero_64),
        [PROTOBUF_C_TYPE_SFIXED64] = ROW(i64, int64_t, zero_64),
        [PROTOBUF_C_TYPE_UINT32] = ROW(u32, uint32_t, zero_32),
        [PROTOBUF_C_TYPE_FIXED32] = ROW(u32, uint32_t, zero_32),
        [PROTOBUF_C_TYPE_UINT64] = ROW(u64, uint64_t, zero_64),
        [PROTOBUF_C_TYPE_FIXED64] = ROW(u64, uint64_t, zero_64),
        [PROTOBUF_C_TYPE_BOOL] = ROW(bool, protobuf_c_boolean, zero_32),
        [PROTOBUF_C_TYPE_ENUM] = ROW(enum, int32_t, zero_32),
        [PROTOBUF_C_TYPE_STRING] = ROW(string, char *, string_is_default),
        [PROTOBUF_C_TYPE_BYTES] = ROW(binary, ProtobufCBinaryData, binary_is_default),
        [PROTOBUF_C_TYPE_MESSAGE] = {sizeof(ProtobufCMessage *), message_value_to_json,
                message_from_json, message_is_default},
};

static const struct kind *kind_of(const ProtobufCFieldDescriptor *f)
{
	if (f->type >= sizeof(kinds) / sizeof(kinds[0]) || !kinds[f->type].size)
		fatal("event=schema_type_without_json field=%s", f->name);
	return &kinds[f->type];
}

// ---- reading an object

static const ProtobufCFieldDescriptor *find_field(
        const ProtobufCMessageDescriptor *type, const char *name)
{
	char json_name[JSON_NAME_MAX];

	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &type->fields[i];
		if (!strcmp(path_json_name(json_name, f->name), name) || !strcmp(f->name, name))
			return f;
	}
	return NULL;
}

// The name is told only when it looks like one: nobody's words end up in an error.
static bool refuse_unknown(const struct path *at, const char *name)
{
	static const char plain[] =
	        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	size_t len = strlen(name);

	if (len == 0 || len > 40 || strspn(name, plain) != len)
		return path_refuse(at, "has a field with an unknown name of %zu bytes", len);
	return path_refuse(at, "has no field \"%s\"", name);
}

static bool read_repeated(const struct path *up, const ProtobufCFieldDescriptor *f,
        const json_t *json, ProtobufCMessage *m)
{
	const struct kind *kind = kind_of(f);
	size_t *count = (void *)((char *)m + f->quantifier_offset);
	char **values = (void *)((char *)m + f->offset);
	struct path at = path_field(up, f, PATH_WHOLE);

	if (*count)
		return path_refuse(&at, "is given twice");
	if (!json_is_array(json))
		return path_refuse(&at, "must be a list");
	if (json_array_size(json) == 0)
		return true;
	*values = xcalloc(json_array_size(json), kind->size);
	for (at.index = 0; at.index < json_array_size(json); at.index++) {
		const json_t *item = json_array_get(json, at.index);
		if (!kind->from_json(&at, item, *values + at.index * kind->size))
			return false;
		// Only what is complete counts, so that a refusal frees what there is.
		*count = at.index + 1;
	}
	return true;
}

static bool read_single(const struct path *up, const ProtobufCFieldDescriptor *f,
        const json_t *json, ProtobufCMessage *m)
{
	const struct kind *kind = kind_of(f);
	void *value = (char *)m + f->offset;
	uint32_t *member = (void *)((char *)m + f->quantifier_offset);
	bool oneof = f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
	struct path at = path_field(up, f, 0);

	if (oneof && *member)
		return path_refuse(&at, "another of its kind is given already");
	if (!oneof && !kind->is_default(value))
		return path_refuse(&at, "is given twice");
	if (!kind->from_json(&at, json, value))
		return false;
	if (oneof)
		*member = f->id;
	return true;
}

static bool read_member(
        const struct path *at, const char *name, const json_t *json, ProtobufCMessage *m)
{
	const ProtobufCFieldDescriptor *f = find_field(m->descriptor, name);

	if (!f)
		return refuse_unknown(at, name);
	if (json_is_null(json))
		return true;
	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return read_repeated(at, f, json, m);
	return read_single(at, f, json, m);
}

ProtobufCMessage *transcode_from_json(
        const ProtobufCMessageDescriptor *type, const json_t *json, const struct path *at)
{
	ProtobufCMessage *m;
	const char *name;
	json_t *value;

	if (!json_is_object(json)) {
		(void)path_refuse(at, "must be an object");
		return NULL;
	}
	if (at->depth > NESTING_MAX) {
		(void)path_refuse(at, "is nested too deeply");
		return NULL;
	}
	m = xcalloc(1, type->sizeof_message);
	protobuf_c_message_init(type, m);
	json_object_foreach((json_t *)json, name, value)
	{
		if (read_member(at, name, value, m))
			continue;
		protobuf_c_message_free_unpacked(m, NULL);
		return NULL;
	}
	return m;
}

// ---- writing an object

static json_t *list_to_json(const ProtobufCFieldDescriptor *f, const ProtobufCMessage *m)
{
	const struct kind *kind = kind_of(f);
	size_t count = *(const size_t *)(const void *)((const char *)m + f->quantifier_offset);
	const char *values = *(char *const *)(const void *)((const char *)m + f->offset);
	json_t *list;

	if (count == 0)
		return NULL;
	list = made(json_array());
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, made(kind->to_json(f, values + i * kind->size)));
	return list;
}

// NULL when the field is left out.
static json_t *field_to_json(const ProtobufCFieldDescriptor *f, const ProtobufCMessage *m)
{
	const struct kind *kind = kind_of(f);
	const void *value = (const char *)m + f->offset;
	const uint32_t *member = (const void *)((const char *)m + f->quantifier_offset);

	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return list_to_json(f, m);
	if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *member == f->id ? made(kind->to_json(f, value)) : NULL;
	return kind->is_default(value) ? NULL : made(kind->to_json(f, value));
}

json_t *transcode_to_json(const ProtobufCMessage *m)
{
	json_t *object = made(json_object());
	char name[JSON_NAME_MAX];

	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		json_t *value = field_to_json(f, m);
		if (value)
			json_object_set_new(object, path_json_name(name, f->name), value);
	}
	return object;
}
