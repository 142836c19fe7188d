// SPDX-License-Identifier: Apache-2.0
// Notes of staff: sealed on their way in, unsealed and put in order on their way out.
#include "notes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"

#define SEALED_AS "note"

bool note_fits(const char *text, size_t least, size_t most)
{
	struct bytes in = bytes_str(text);
	size_t characters = 0;
	for (size_t pos = 0; pos < in.len; characters++)
		(void)utf8_next(in, &pos);
	return characters >= least && characters <= most;
}

// ---- in ----

struct making {
	struct request *request;
	struct buf text;
	note_fn fn;
};

static void refuse(struct request *r, enum err e, const char *text)
{
	free(r->more);
	request_end(r, e, text);
}

static void seal(struct making *m, struct conversation_view *view)
{
	struct request *r = m->request;
	struct conversation_key key;
	struct buf sealed = {0};
	char id[ID_LEN + 1];
	if (m->text.len == 0) {
		m->fn(r, view, NULL);
		return;
	}
	if (view->erased_ms) {
		refuse(r, ERR_GONE, "It has been deleted.");
		return;
	}
	if (!vault_unwrap(r->flow->vault, r->conversation, view->key, &key)) {
		log_error("conversation=%s event=key_unreadable", r->conversation);
		refuse(r, ERR_INTERNAL, NULL);
		return;
	}
	id_new(id);
	vault_seal(&key, r->conversation, id, SEALED_AS, buf_bytes(&m->text), &sealed);
	conversation_key_wipe(&key);
	m->fn(r, view, &(struct store_note){id, buf_bytes(&sealed)});
	buf_free(&sealed);
}

static void on_read(const struct store_answer *a, void *arg)
{
	struct making *m = arg;
	struct conversation_view view;
	if (a->code != STORE_OK)
		refuse(m->request, store_code_err(a->code), NULL);
	else if (!conversation_view(a->reply, &view))
		refuse(m->request, ERR_NOT_FOUND, "There is no such conversation in your pools.");
	else
		seal(m, &view);
	buf_wipe(&m->text);
	free(m);
}

void note_make(struct request *r, const char *text, note_fn fn)
{
	struct making *m = xcalloc(1, sizeof *m);
	m->request = r;
	m->fn = fn;
	buf_append_str(&m->text, text);
	store_conversation(r->flow->store, r->pool->config->name, r->conversation, on_read, m);
}

// ---- out ----

bool note_word(struct bytes *rest, char *out, size_t size)
{
	const uint8_t *space = memchr(rest->data, ' ', rest->len);
	size_t len = space ? (size_t)(space - rest->data) : 0;
	if (!space || len >= size)
		return false;
	bytes_copy(bytes_of(rest->data, len), out, size);
	*rest = bytes_of(space + 1, rest->len - len - 1);
	return true;
}

static Holdfast__V1__Note *read_one(const struct conversation_key *key, const char *conversation,
        struct bytes id, struct bytes rest)
{
	char at[24], kind[24], author[33];
	struct buf text = {0};
	if (!note_word(&rest, at, sizeof at) || !note_word(&rest, kind, sizeof kind) ||
	        !note_word(&rest, author, sizeof author))
		return NULL;
	Holdfast__V1__Note *n = xcalloc(1, sizeof *n);
	holdfast__v1__note__init(n);
	n->id = bytes_dup(id);
	n->kind = xstrdup(kind);
	n->author = xstrdup(author);
	n->at_ms = strtoll(at, NULL, 10);
	if (!vault_unseal(key, conversation, n->id, SEALED_AS, rest, &text)) {
		log_error("conversation=%s event=note_unreadable note=%s", conversation, n->id);
		buf_append_str(&text, "[This note cannot be read: its key does not fit.]");
	}
	n->text = buf_take_str(&text);
	return n;
}

static int by_time(const void *x, const void *y)
{
	const Holdfast__V1__Note *const *a = x, *const *b = y;
	int64_t s = (*a)->at_ms, t = (*b)->at_ms;
	return s != t ? (s > t) - (s < t) : strcmp((*a)->id, (*b)->id);
}

static void note_free(Holdfast__V1__Note *n)
{
	mem_wipe(n->text, strlen(n->text));
	free(n->id);
	free(n->kind);
	free(n->author);
	free(n->text);
	free(n);
}

// Of too many the oldest stay out.
static void shorten(struct notes *n)
{
	size_t text = 0, first = n->count;
	while (first > 0 && (text += strlen(n->list[first - 1]->text)) <= NOTES_TEXT_MAX)
		first--;
	for (size_t i = 0; i < first; i++)
		note_free(n->list[i]);
	n->count -= first;
	memmove(n->list, n->list + first, n->count * sizeof(void *));
}

void notes_read(struct notes *out, const struct conversation_key *key, const char *conversation,
        const struct redis_reply *reply)
{
	size_t n = redis_count(reply) / 2;
	*out = (struct notes){.list = xcalloc(n + 1, sizeof(void *))};
	for (size_t i = 0; i < n; i++) {
		Holdfast__V1__Note *note =
		        read_one(key, conversation, redis_bytes(redis_at(reply, 2 * i)),
		                redis_bytes(redis_at(reply, 2 * i + 1)));
		if (note)
			out->list[out->count++] = note;
	}
	if (out->count > 1)
		qsort(out->list, out->count, sizeof(void *), by_time);
	shorten(out);
}

void notes_free(struct notes *n)
{
	for (size_t i = 0; i < n->count; i++)
		note_free(n->list[i]);
	free(n->list);
	*n = (struct notes){0};
}
