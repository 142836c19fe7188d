// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buf.h"
#include "flow/desk.h"
#include "proto/frame.h"
#include "world.h"

// What a simulated console asks, in the protocol's form.

// A request, as it may be sent again.
struct request {
	uint64_t id; // 0: free
	int64_t sent;
	int op; // Holdfast__V1__Frame__BodyCase
	char conversation[ID_TEXT];
	uint64_t epoch;
	uint64_t sequence;
	char client[ID_TEXT]; // of a reply; the message of one that was held
	int presence;
	char to[ID_TEXT]; // of a transfer: a name, "+" and a skill, or "" for the queue
};
void request_pack(const struct request *r, const char *name, struct buf *out);
// A request that has reached its node.
void request_serve(struct flow *f, uint64_t session, struct bytes frame);
void frame_pack(const Frame *frame, struct buf *out);
