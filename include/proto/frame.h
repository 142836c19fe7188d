// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "console.pb-c.h"

// Frames to bytes and back, in both encodings. The JSON side is one generic transcoder over the
// protobuf-c descriptors (proto3 JSON: lowerCamelCase names, 64-bit integers as strings, enums by
// name, bytes as base64, defaults left out); the schema's names are accepted too, unknown ones are
// refused with their path.

typedef Holdfast__V1__Frame Frame;

#define FRAME_BYTES_MAX        65536   // client to server
#define FRAME_ANSWER_BYTES_MAX 1048576 // server to client: histories and lists are longer

// NULL leaves one sentence in `error` that names the field and never quotes a value. Free with
// frame_free().
Frame *frame_decode(struct bytes in, bool json, struct buf *error);
Frame *frame_decode_answer(struct bytes in, bool json, struct buf *error); // for clients
void frame_encode(const Frame *f, bool json, struct buf *out);
void frame_free(Frame *f); // wipes all strings first
// The body's name as in the schema, "log_in"; "none" when empty.
const char *frame_body_name(const Frame *f);
// The number of a request's body field by its schema name, 0 when there is none.
unsigned frame_body_number(const char *name);
// Any message of the schema as JSON, for `--json`. `indent` 0 is one line.
void message_to_json(const ProtobufCMessage *m, int indent, struct buf *out);
