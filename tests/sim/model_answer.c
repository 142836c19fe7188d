// SPDX-License-Identifier: Apache-2.0
// From the model's replies to results of the link.
#include "model_answer.h"

#include "base/log.h"
#include "store/redis_link.h"
#include "store/redis_reply.h"

static struct redis_reply *read_whole(struct reply_reader *reader, struct bytes wire)
{
	struct redis_reply *reply = NULL;
	while (wire.len > 0) {
		size_t some = wire.len < REPLY_FEED_MAX ? wire.len : REPLY_FEED_MAX;
		if (!reply_feed(reader, bytes_of(wire.data, some)))
			fatal("event=model_reply_refused error=\"%s\"", reply_reader_error(reader));
		wire = bytes_of(wire.data + some, wire.len - some);
	}
	if (!reply_next(reader, &reply) || !reply)
		fatal("event=model_reply_refused error=\"%s\"", reply_reader_error(reader));
	return reply;
}

void model_answer_take(
        struct model_answer *a, struct reply_reader *reader, const struct model_reply *reply)
{
	struct buf wire = {0};
	model_reply_print(reply, &wire);
	*a = (struct model_answer){.reply = read_whole(reader, buf_bytes(&wire))};
	buf_free(&wire);
	const char *error = reply_error(a->reply);
	a->result = (struct redis_result){REDIS_OK, a->reply, ""};
	if (!error)
		return;
	redis_error_print(error, &a->error);
	a->reconnect = (redis_error_of(error)->actions & DO_RECONNECT) != 0;
	a->result = (struct redis_result){REDIS_REFUSED, reply_nil(), buf_str(&a->error)};
}

void model_answer_free(struct model_answer *a)
{
	reply_free(a->reply);
	buf_free(&a->error);
}
