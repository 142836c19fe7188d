// SPDX-License-Identifier: Apache-2.0
// Ledgers of custody: verified, held against their conversations, and their heads logged.
#include "anchor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/log.h"
#include "base/metrics.h"
#include "vault/mac.h"

void anchor_hash(struct bytes in, char hex[static CUSTODY_HASH_LEN + 1])
{
	uint8_t digest[20];
	struct buf text = {0};
	sha1(in, digest);
	hex_encode(bytes_of(digest, sizeof digest), &text);
	bytes_copy(buf_bytes(&text), hex, CUSTODY_HASH_LEN + 1);
	buf_free(&text);
}

static void note_fault(struct anchor_ledger *l, uint64_t number, const char *fault)
{
	if (l->fault[0])
		return;
	if (number)
		snprintf(l->fault, sizeof l->fault, "entry %llu: %s", (unsigned long long)number,
		        fault);
	else
		snprintf(l->fault, sizeof l->fault, "%s", fault);
}

// A conversation that is gone has nothing to be held against.
static void compare(struct anchor_ledger *l)
{
	const struct custody_span *now = &l->custody.now;
	const char *owner = l->state == CONVERSATION_CLOSED ? "" : l->holder;
	if (l->custody.count == 0)
		note_fault(l, 0, "there is no entry");
	else if (l->state != 0 && (now->state != l->state || strcmp(now->owner, owner) != 0 ||
	                                  l->custody.epoch != l->epoch))
		note_fault(l, 0, "its last entry is not what the conversation says of itself");
}

void anchor_read(struct anchor_ledger *l, const char *conversation, const struct redis_reply *reply,
        anchor_fn each, void *arg)
{
	const struct redis_reply *entries = redis_at(reply, 4);
	*l = (struct anchor_ledger){.state = (int)redis_integer(redis_at(reply, 1)),
	        .epoch = (uint64_t)redis_integer(redis_at(reply, 3))};
	bytes_copy(redis_bytes(redis_at(reply, 2)), l->holder, sizeof l->holder);
	custody_begin(&l->custody, conversation, anchor_hash);
	for (size_t i = 0; i < redis_count(entries); i++) {
		struct custody_entry e;
		struct bytes line = redis_bytes(redis_at(entries, i));
		const char *fault = custody_take(&l->custody, line, &e);
		if (fault)
			note_fault(l, i + 1, fault);
		if (each)
			each(l, &e, line, fault, arg);
	}
	compare(l);
}

struct anchor {
	char conversation[POOL_ID_MAX];
};

static void on_ledger(const struct store_answer *a, void *arg)
{
	struct anchor *anchor = arg;
	struct anchor_ledger l;
	if (a->code == STORE_OK) {
		anchor_read(&l, anchor->conversation, a->reply, NULL, NULL);
		log_info("conversation=%s event=custody entries=%llu head=%s", anchor->conversation,
		        (unsigned long long)l.custody.count, l.custody.head);
		metric_inc(M_CUSTODY, l.fault[0] ? "broken" : "whole");
		if (l.fault[0])
			log_error("conversation=%s event=custody_broken fault=\"%s\"",
			        anchor->conversation, l.fault);
	} else {
		log_warn("conversation=%s event=custody_unread code=%s", anchor->conversation,
		        store_code_name(a->code));
	}
	free(anchor);
}

void anchor_log(struct pool *p, const char *conversation)
{
	struct anchor *anchor = xcalloc(1, sizeof *anchor);
	snprintf(anchor->conversation, sizeof anchor->conversation, "%s", conversation);
	store_custody(p->flow->store, p->config->name, conversation, on_ledger, anchor);
}
