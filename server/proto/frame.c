// SPDX-License-Identifier: Apache-2.0
// Frames to bytes and back: bounds and checks around protobuf-c and the JSON transcoder.
#include "proto/frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "transcode.h"
#include "wire.h"

#define FRAME_TYPE (&holdfast__v1__frame__descriptor)

// ---- memory: protobuf-c allocates as everything else does

static void *allocate(void *data, size_t size)
{
	(void)data;
	return xmalloc(size);
}

static void release(void *data, void *p)
{
	(void)data;
	free(p);
}

static ProtobufCAllocator allocator = {.alloc = allocate, .free = release};

static void wipe_message(ProtobufCMessage *m);

static void wipe_value(const ProtobufCFieldDescriptor *f, void *value)
{
	if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
		wipe_message(*(ProtobufCMessage **)value);
		return;
	}
	char *text = f->type == PROTOBUF_C_TYPE_STRING ? *(char **)value : NULL;
	if (text && text != f->default_value)
		mem_wipe(text, strlen(text));
}

static void wipe_list(const ProtobufCFieldDescriptor *f, ProtobufCMessage *m)
{
	size_t count = *(size_t *)(void *)((char *)m + f->quantifier_offset);
	void **values = *(void ***)(void *)((char *)m + f->offset);
	bool pointers = f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_MESSAGE;

	for (size_t i = 0; pointers && i < count; i++)
		wipe_value(f, &values[i]);
}

// Passwords and what people wrote to each other do not stay behind in freed memory.
static void wipe_message(ProtobufCMessage *m)
{
	for (unsigned i = 0; m && i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		const uint32_t *member = (void *)((char *)m + f->quantifier_offset);
		if (f->label == PROTOBUF_C_LABEL_REPEATED)
			wipe_list(f, m);
		else if (!(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) || *member == f->id)
			wipe_value(f, (char *)m + f->offset);
	}
}

void frame_free(Frame *f)
{
	if (!f)
		return;
	wipe_message(&f->base);
	holdfast__v1__frame__free_unpacked(f, &allocator);
}

// ---- decoding

// jansson's own sentence quotes the input, which may be somebody's text: only the place is told.
static Frame *decode_json(struct bytes in, const struct path *at)
{
	json_error_t where;
	json_t *json = json_loadb((const char *)in.data, in.len, JSON_REJECT_DUPLICATES, &where);
	ProtobufCMessage *m;

	if (!json) {
		(void)path_refuse(
		        at, "is not valid JSON at line %d, column %d", where.line, where.column);
		return NULL;
	}
	m = transcode_from_json(FRAME_TYPE, json, at);
	json_decref(json);
	return (Frame *)m;
}

static Frame *decode_protobuf(struct bytes in, const struct path *at)
{
	Frame *f;

	if (!wire_check(FRAME_TYPE, in, at))
		return NULL;
	f = holdfast__v1__frame__unpack(&allocator, in.len, in.data);
	if (!f)
		(void)path_refuse(at, "is not valid protobuf");
	return f;
}

static Frame *decode(struct bytes in, bool json, size_t max, struct buf *error)
{
	struct path at = path_root(error);

	if (in.len > max) {
		(void)path_refuse(&at, "is larger than %zu bytes", max);
		return NULL;
	}
	return json ? decode_json(in, &at) : decode_protobuf(in, &at);
}

Frame *frame_decode(struct bytes in, bool json, struct buf *error)
{
	return decode(in, json, FRAME_BYTES_MAX, error);
}

Frame *frame_decode_answer(struct bytes in, bool json, struct buf *error)
{
	return decode(in, json, FRAME_ANSWER_BYTES_MAX, error);
}

// ---- encoding

static int append_text(const char *text, size_t len, void *out)
{
	buf_append(out, text, len);
	return 0;
}

void message_to_json(const ProtobufCMessage *m, int indent, struct buf *out)
{
	json_t *json = transcode_to_json(m);
	size_t flags = indent > 0 ? JSON_INDENT((size_t)indent) : JSON_COMPACT;

	if (json_dump_callback(json, append_text, out, flags) != 0)
		fatal("event=json_not_written message=%s", m->descriptor->short_name);
	json_decref(json);
}

struct appender {
	ProtobufCBuffer base;
	struct buf *out;
};

static void append_packed(ProtobufCBuffer *buffer, size_t len, const uint8_t *data)
{
	buf_append(((struct appender *)buffer)->out, data, len);
}

void frame_encode(const Frame *f, bool json, struct buf *out)
{
	struct appender to = {.base.append = append_packed, .out = out};

	if (json)
		message_to_json(&f->base, 0, out);
	else
		protobuf_c_message_pack_to_buffer(&f->base, &to.base);
}

// ---- bodies by name

const char *frame_body_name(const Frame *f)
{
	const ProtobufCFieldDescriptor *body =
	        protobuf_c_message_descriptor_get_field(FRAME_TYPE, (unsigned)f->body_case);

	return body ? body->name : "none";
}

unsigned frame_body_number(const char *name)
{
	const ProtobufCFieldDescriptor *f =
	        protobuf_c_message_descriptor_get_field_by_name(FRAME_TYPE, name);

	return f && f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF ? f->id : 0;
}
