// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "path.h"

// proto3 JSON over the protobuf-c descriptors. Everything that comes out of transcode_from_json()
// is allocated so that protobuf_c_message_free_unpacked(m, NULL) frees it.

// NULL leaves one sentence in `path->error`.
ProtobufCMessage *transcode_from_json(
        const ProtobufCMessageDescriptor *type, const json_t *json, const struct path *at);
// A new reference.
json_t *transcode_to_json(const ProtobufCMessage *m);
