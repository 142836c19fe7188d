// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "path.h"

// What protobuf-c does not check about protobuf bytes, looked at before it allocates anything: that
// strings are UTF-8 without NUL (it would cut them there), that no single field comes twice (it
// would merge), nesting, wire types. Fields that the schema does not have are skipped. False leaves
// one sentence in `at->error`.
MUST_CHECK bool wire_check(
        const ProtobufCMessageDescriptor *type, struct bytes in, const struct path *at);
