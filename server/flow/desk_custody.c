// SPDX-License-Identifier: Apache-2.0
// The ledger of custody, for people: entries, who had it from when to when, and whether it holds.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anchor.h"
#include "answer.h"
#include "base/utf8.h"

#define SHOWN_MOST 500

struct shown {
	struct custody_entry entry;
	char *line;
	const char *fault;
	Holdfast__V1__CustodyEntry frame;
};

struct span {
	struct custody_span is;
	Holdfast__V1__CustodySpan frame;
};

// One answer in the making.
struct answering {
	uint64_t after;
	const char *head; // that is looked for
	uint64_t head_number;
	uint64_t seen;
	bool more; // entries after the last one shown
	struct shown shown[SHOWN_MOST];
	Holdfast__V1__CustodyEntry *entries[SHOWN_MOST];
	size_t count;
	struct span spans[SHOWN_MOST + 1];
	Holdfast__V1__CustodySpan *span_list[SHOWN_MOST + 1];
	size_t spans_count;
};

static void add_span(struct answering *a, const struct custody_span *is, int64_t to_ms)
{
	struct span *s = &a->spans[a->spans_count];
	s->is = *is;
	holdfast__v1__custody_span__init(&s->frame);
	s->frame.state = (Holdfast__V1__State)is->state;
	s->frame.owner = s->is.owner;
	s->frame.from_ms = is->since_ms;
	s->frame.to_ms = to_ms;
	a->span_list[a->spans_count++] = &s->frame;
}

// Somebody who tampers may write anything; the protocol's strings are UTF-8.
static char *line_text(struct shown *s, struct bytes line)
{
	struct buf text = {0};
	if (utf8_valid(line))
		return bytes_dup(line);
	s->entry.what[0] = s->entry.who[0] = s->entry.why[0] = '\0';
	utf8_repair(line, &text);
	return buf_take_str(&text);
}

static void add_entry(
        struct answering *a, const struct custody_entry *e, struct bytes line, const char *fault)
{
	struct shown *s = &a->shown[a->count];
	s->entry = *e;
	s->line = line_text(s, line);
	holdfast__v1__custody_entry__init(&s->frame);
	s->frame.number = a->seen;
	s->frame.at_ms = e->at_ms;
	s->frame.what = s->entry.what;
	s->frame.who = s->entry.who;
	s->frame.epoch = e->epoch;
	s->frame.why = s->entry.why;
	s->frame.fault = (char *)(fault ? fault : "");
	s->frame.line = s->line;
	a->entries[a->count++] = &s->frame;
}

static void on_entry(const struct anchor_ledger *l, const struct custody_entry *e,
        struct bytes line, const char *fault, void *arg)
{
	struct answering *a = arg;
	a->seen++;
	if (a->head[0] && strcmp(e->hash, a->head) == 0)
		a->head_number = a->seen;
	a->more = a->count == SHOWN_MOST;
	if (a->seen <= a->after || a->more)
		return;
	add_entry(a, e, line, fault);
	if (l->custody.moved)
		add_span(a, &l->custody.before, l->custody.now.since_ms);
}

struct wanted {
	uint64_t after;
	char head[CUSTODY_HASH_LEN + 1];
};

static void send_ledger(struct request *r, struct answering *a, const struct redis_reply *reply)
{
	struct anchor_ledger l;
	Holdfast__V1__Custody out = HOLDFAST__V1__CUSTODY__INIT;
	anchor_read(&l, r->conversation, reply, on_entry, a);
	if (!a->more && l.custody.now.state)
		add_span(a, &l.custody.now, 0);
	out.conversation = r->conversation;
	out.verified = !l.fault[0] && (!a->head[0] || a->head_number);
	out.fault = l.fault;
	if (!l.fault[0] && !out.verified)
		out.fault = "that head is no entry's: the ledger was cut off or written anew";
	out.head = l.custody.head;
	out.count = a->seen;
	out.n_entries = a->count;
	out.entries = a->entries;
	out.n_spans = a->spans_count;
	out.spans = a->span_list;
	out.head_number = a->head_number;
	out.back_ms = l.custody.back_ms;
	answer_frame(r->flow, r->session, r->id, HOLDFAST__V1__FRAME__BODY_CUSTODY, &out);
}

static void on_ledger(const struct store_answer *answer, void *arg)
{
	struct request *r = arg;
	struct wanted *wanted = r->more;
	if (answer->code == STORE_OK) {
		struct answering *a = xcalloc(1, sizeof *a);
		a->after = wanted->after;
		a->head = wanted->head;
		send_ledger(r, a, answer->reply);
		for (size_t i = 0; i < a->count; i++)
			free(a->shown[i].line);
		free(a);
		free(r);
	} else {
		request_end(r, store_code_err(answer->code),
		        answer->code == STORE_NOT_FOUND ? "There is no such conversation." : NULL);
	}
	free(wanted);
}

// Operators and auditors see any: nothing of the content is in it.
static bool find_conversation(struct request *r, const struct session *s, const char *conversation)
{
	if (!(s->roles & (ROLE_OPERATOR | ROLE_AUDITOR)))
		return request_conversation(r, s, conversation);
	r->pool = pool_of_id(r->flow, bytes_str(conversation));
	if (!r->pool) {
		request_end(r, ERR_NOT_FOUND, "There is no such conversation.");
		return false;
	}
	snprintf(r->conversation, sizeof r->conversation, "%s", conversation);
	return true;
}

void desk_get_custody(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__GetCustody *in = frame->get_custody;
	struct session *s = session_find(f, session);
	if (!s)
		return;
	if (in->head[0] && strlen(in->head) != CUSTODY_HASH_LEN) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST,
		        "head must be the 40 digits of a hash.");
		return;
	}
	struct request *r = request_new(f, s, frame->id);
	if (!find_conversation(r, s, in->conversation))
		return;
	struct wanted *wanted = xcalloc(1, sizeof *wanted);
	wanted->after = in->after;
	snprintf(wanted->head, sizeof wanted->head, "%s", in->head);
	r->more = wanted;
	store_custody(f->store, r->pool->config->name, r->conversation, on_ledger, r);
}
