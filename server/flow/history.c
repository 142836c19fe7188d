// SPDX-License-Identifier: Apache-2.0
// Conversations and messages from Redis' hashes to the protocol's forms, text unsealed on the way.
#include "history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/log.h"
#include "notes.h"
#include "previous.h"

// With HISTORY_TEXT_MAX it keeps a Session of ten conversations under the 1 MiB that PROTOCOL.md
// promises.
#define HISTORY_MESSAGES_MAX 150

const char *conversation_gateway(const struct flow *f, const struct conversation_view *view)
{
	const struct config_line *line = config_line(f->config, view->line);
	if (config_gateway(f->config, view->gateway) || !line)
		return view->gateway;
	return line->gateway;
}

size_t reasons_split(char *csv, char **out)
{
	return csv_split(csv, out, REASONS_MAX);
}

bool view_present(const struct conversation_view *view, const char *name)
{
	size_t len = strlen(name);
	const char *one = view->present;
	for (; one && *one; one = strchr(one, ',') ? strchr(one, ',') + 1 : NULL)
		if (strncmp(one, name, len) == 0 && one[len] == '=')
			return true;
	return false;
}

int64_t view_unanswered_ms(const struct conversation_view *view)
{
	if (view->state <= CONVERSATION_OFFERED)
		return view->enqueued_ms;
	return view->state == CONVERSATION_HELD ? view->unanswered_at_ms : 0;
}

static void frame_life(struct conversation_view *view, Holdfast__V1__Conversation *out)
{
	out->n_attention = csv_split(view->attention, view->attention_list,
	        sizeof view->attention_list / sizeof(char *));
	out->attention = view->attention_list;
	out->unanswered_since_ms = view_unanswered_ms(view);
	out->last_in_ms = view->last_in_at_ms;
	out->last_out_ms = view->last_out_at_ms;
	out->requeues = view->requeues;
	out->reopened = view->reopened;
	out->n_present = csv_split(
	        view->present, view->present_list, sizeof view->present_list / sizeof(char *));
	out->present = view->present_list;
	out->transfer_to = view->transfer_to;
	out->transfer_until_ms = view->transfer_until_ms;
	out->deletion_asked_ms = view->erase_asked_ms;
	out->deleted_ms = view->erased_ms;
	out->outcome = view->outcome;
	out->n_tags = csv_split(view->tags, view->tags_list, TAGS_MAX);
	out->tags = view->tags_list;
	out->closed_ms = view->closed_at_ms;
	out->limited = view->limited_ms > 0 ? view->limited_by : "";
}

void conversation_frame(struct flow *f, const struct pool *p, const char *id,
        struct conversation_view *view, char **reasons, Holdfast__V1__Conversation *out)
{
	const struct config_line *line = config_line(f->config, view->line);
	holdfast__v1__conversation__init(out);
	out->id = (char *)id;
	out->pool = p->config->name;
	out->line = line ? line->name : view->line;
	out->state = (Holdfast__V1__State)view->state;
	out->level = (Holdfast__V1__Level)view->level;
	out->n_reasons = reasons_split(view->reasons, reasons);
	out->reasons = reasons;
	out->epoch = view->epoch;
	out->holder = view->holder;
	out->created_ms = view->created_ms;
	out->enqueued_ms = view->enqueued_ms;
	out->answer_by_ms = view->answer_by_ms;
	out->sequence = view->sequence;
	out->earlier_conversations = view->earlier;
	out->offer_until_ms = view->offer_until_ms;
	out->flagged_ms = view->flag_at_ms;
	if (view->risk.at_ms > 0)
		out->risk = &view->risk;
	frame_life(view, out);
}

static char *dup_field(const struct redis_reply *reply, const char *name)
{
	return bytes_dup(redis_bytes(redis_field(reply, name)));
}

// The text, or a plain sentence that it cannot be read: a fault must not hide that somebody wrote.
static char *unseal(const struct conversation_key *key, const char *conversation, const char *id,
        const struct redis_reply *reply)
{
	struct buf text = {0};
	bool in = redis_integer(redis_field(reply, "direction")) ==
	          HOLDFAST__V1__DIRECTION__DIRECTION_IN;
	if (!vault_unseal(key, conversation, id, in ? "in" : "out",
	            redis_bytes(redis_field(reply, "text")), &text)) {
		log_error("conversation=%s event=message_unreadable message=%s", conversation, id);
		buf_append_str(&text,
		        "[This message cannot be read: its key does not fit. Tell your operator.]");
	}
	return buf_take_str(&text);
}

static Holdfast__V1__Message *message_make(const struct conversation_key *key,
        const char *conversation, const char *id, const struct redis_reply *reply)
{
	Holdfast__V1__Message *m = xcalloc(1, sizeof *m);
	holdfast__v1__message__init(m);
	m->conversation = xstrdup(conversation);
	m->id = xstrdup(id);
	m->sequence = (uint64_t)redis_integer(redis_field(reply, "seq"));
	m->direction = (Holdfast__V1__Direction)redis_integer(redis_field(reply, "direction"));
	m->at_ms = redis_integer(redis_field(reply, "at"));
	m->provider_at_ms = redis_integer(redis_field(reply, "provider_at"));
	m->text = key ? unseal(key, conversation, id, reply) : xstrdup("");
	m->damaged = redis_integer(redis_field(reply, "damaged")) != 0;
	m->media = (uint32_t)redis_integer(redis_field(reply, "media"));
	m->author = dup_field(reply, "author");
	m->delivery = (Holdfast__V1__Delivery)redis_integer(redis_field(reply, "delivery"));
	m->delivery_note = dup_field(reply, "note");
	m->client_id = dup_field(reply, "client_id");
	m->automatic = dup_field(reply, "automatic");
	return m;
}

static void message_free(Holdfast__V1__Message *m)
{
	if (!m)
		return;
	mem_wipe(m->text, strlen(m->text));
	free(m->conversation);
	free(m->id);
	free(m->text);
	free(m->author);
	free(m->delivery_note);
	free(m->client_id);
	free(m->automatic);
	free(m);
}

// One load under way. Freed in history_end(), which each path reaches once: every part read is
// counted in `open`.
struct history {
	struct flow *flow;
	struct pool *pool;
	char id[POOL_ID_MAX];
	uint64_t after;
	bool with_text;
	history_fn fn;
	void *arg;
	enum err err;
	struct conversation_view view;
	char *reasons[REASONS_MAX];
	Holdfast__V1__Conversation frame;
	struct conversation_key key;
	struct notes notes;
	struct previous previous;
	char (*ids)[POOL_ID_MAX];
	Holdfast__V1__Message **messages;
	size_t count;
	size_t open;
};

struct part {
	struct history *history;
	size_t index;
};

static void history_end(struct history *h, enum err e)
{
	size_t shown = 0, text = 0;
	while (e == ERR_NONE && shown < h->count && h->messages[shown]) {
		text += strlen(h->messages[shown]->text);
		if (shown > 0 && text > HISTORY_TEXT_MAX)
			break;
		shown++;
	}
	h->frame.messages = h->messages;
	h->frame.n_messages = shown;
	h->frame.notes = h->notes.list;
	h->frame.n_notes = h->notes.count;
	h->frame.previous = h->previous.list;
	h->frame.n_previous = h->previous.count;
	h->fn(e, e == ERR_NONE ? &h->frame : NULL, h->arg);
	for (size_t i = 0; i < h->count; i++)
		message_free(h->messages[i]);
	conversation_key_wipe(&h->key);
	notes_free(&h->notes);
	previous_free(&h->previous);
	free(h->messages);
	free(h->ids);
	free(h);
}

static void on_message(const struct store_answer *a, void *arg)
{
	struct part *part = arg;
	struct history *h = part->history;
	if (a->code != STORE_OK)
		h->err = store_code_err(a->code);
	else if (redis_count(a->reply) > 0)
		h->messages[part->index] = message_make(
		        h->with_text ? &h->key : NULL, h->id, h->ids[part->index], a->reply);
	free(part);
	if (--h->open == 0)
		history_end(h, h->err);
}

static void on_ids(const struct store_answer *a, void *arg)
{
	struct history *h = arg;
	size_t n = redis_count(a->reply);
	if (a->code != STORE_OK || n == 0) {
		history_end(h, store_code_err(a->code));
		return;
	}
	h->count = n < HISTORY_MESSAGES_MAX ? n : HISTORY_MESSAGES_MAX;
	h->messages = xcalloc(h->count, sizeof(Holdfast__V1__Message *));
	h->ids = xcalloc(h->count, sizeof *h->ids);
	h->open = h->count;
	for (size_t i = 0; i < h->count; i++) {
		struct part *part = xcalloc(1, sizeof *part);
		*part = (struct part){h, i};
		bytes_copy(redis_bytes(redis_at(a->reply, i)), h->ids[i], sizeof h->ids[i]);
		store_message(h->flow->store, h->pool->config->name, h->ids[i], on_message, part);
	}
}

static void on_previous(const struct previous *found, void *arg)
{
	struct history *h = arg;
	h->previous = *found;
	store_message_ids(h->flow->store, h->pool->config->name, h->id, h->after, on_ids, h);
}

static void on_notes(const struct store_answer *a, void *arg)
{
	struct history *h = arg;
	if (a->code != STORE_OK) {
		history_end(h, store_code_err(a->code));
		return;
	}
	notes_read(&h->notes, &h->key, h->id, a->reply);
	// Whoever reads it from its beginning.
	if (h->after == 0 && h->view.earlier > 0)
		previous_load(h->pool, h->id, &h->view, on_previous, h);
	else
		store_message_ids(
		        h->flow->store, h->pool->config->name, h->id, h->after, on_ids, h);
}

static void on_conversation(const struct store_answer *a, void *arg)
{
	struct history *h = arg;
	if (a->code != STORE_OK || !conversation_view(a->reply, &h->view)) {
		history_end(h, a->code != STORE_OK ? store_code_err(a->code) : ERR_NOT_FOUND);
		return;
	}
	bool readable = h->with_text && !h->view.erased_ms;
	if (readable && !vault_unwrap(h->flow->vault, h->id, h->view.key, &h->key))
		log_error("conversation=%s event=key_unreadable", h->id);
	conversation_frame(h->flow, h->pool, h->id, &h->view, h->reasons, &h->frame);
	if (readable)
		store_notes(h->flow->store, h->pool->config->name, h->id, on_notes, h);
	else
		store_message_ids(
		        h->flow->store, h->pool->config->name, h->id, h->after, on_ids, h);
}

void history_load(struct flow *f, struct pool *p, const char *conversation, uint64_t after_sequence,
        bool with_text, history_fn fn, void *arg)
{
	struct history *h = xcalloc(1, sizeof *h);
	h->flow = f;
	h->pool = p;
	snprintf(h->id, sizeof h->id, "%s", conversation);
	h->after = after_sequence;
	h->with_text = with_text;
	h->fn = fn;
	h->arg = arg;
	store_conversation(f->store, p->config->name, conversation, on_conversation, h);
}

// One message: the conversation for its key, then the message.
struct single {
	struct flow *flow;
	struct pool *pool;
	char conversation[POOL_ID_MAX];
	char message[POOL_ID_MAX];
	struct conversation_key key;
	message_fn fn;
	void *arg;
};

static void single_end(struct single *s, enum err e, Holdfast__V1__Message *m)
{
	s->fn(e, m, s->arg);
	message_free(m);
	conversation_key_wipe(&s->key);
	free(s);
}

static void on_single(const struct store_answer *a, void *arg)
{
	struct single *s = arg;
	if (a->code != STORE_OK || redis_count(a->reply) == 0)
		single_end(s, a->code != STORE_OK ? store_code_err(a->code) : ERR_NOT_FOUND, NULL);
	else
		single_end(
		        s, ERR_NONE, message_make(&s->key, s->conversation, s->message, a->reply));
}

static void on_single_key(const struct store_answer *a, void *arg)
{
	struct single *s = arg;
	struct conversation_view view;
	if (a->code != STORE_OK || !conversation_view(a->reply, &view)) {
		single_end(s, a->code != STORE_OK ? store_code_err(a->code) : ERR_NOT_FOUND, NULL);
		return;
	}
	if (view.erased_ms) {
		single_end(s, ERR_NOT_FOUND, NULL);
		return;
	}
	if (!vault_unwrap(s->flow->vault, s->conversation, view.key, &s->key))
		log_error("conversation=%s event=key_unreadable", s->conversation);
	store_message(s->flow->store, s->pool->config->name, s->message, on_single, s);
}

void history_message(struct flow *f, struct pool *p, const char *conversation, const char *message,
        message_fn fn, void *arg)
{
	struct single *s = xcalloc(1, sizeof *s);
	s->flow = f;
	s->pool = p;
	snprintf(s->conversation, sizeof s->conversation, "%s", conversation);
	snprintf(s->message, sizeof s->message, "%s", message);
	s->fn = fn;
	s->arg = arg;
	store_conversation(f->store, p->config->name, conversation, on_single_key, s);
}
