// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model_store.h"
#include "store/redis.h"

// A reply of the model as the link gives it to its callers: it goes over the wire's format and
// through the store's own reader.

struct model_answer {
	struct redis_result result;
	bool reconnect; // an error after which the link checks the server again
	struct redis_reply *reply;
	struct buf error;
};
struct reply_reader;
void model_answer_take(
        struct model_answer *a, struct reply_reader *reader, const struct model_reply *reply);
void model_answer_free(struct model_answer *a);
