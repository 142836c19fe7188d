// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buf.h"
#include "proto/frame.h"

// A quarantined request for people: as it came, and forms once more with their fields decoded.
// Every byte that could speak to a terminal is shown as \xNN.
void quarantined_text(const Holdfast__V1__Quarantined *e, struct buf *out);
