// SPDX-License-Identifier: Apache-2.0
// Reads a texter's earlier conversations, one after the other, the latest first.
#include "previous.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "notes.h"

struct loading {
	struct pool *pool;
	char ids[PREVIOUS_MAX + 1][POOL_ID_MAX]; // the latest last
	size_t left;
	struct conversation_key key; // of the one that is being read
	struct previous found;
	previous_fn fn;
	void *arg;
};

static void one_free(Holdfast__V1__Previous *one)
{
	mem_wipe(one->summary, strlen(one->summary));
	for (size_t i = 0; i < one->n_tags; i++)
		free(one->tags[i]);
	free(one->tags);
	free(one->id);
	free(one->outcome);
	free(one->holder);
	free(one->summary);
	free(one);
}

void previous_free(struct previous *p)
{
	for (size_t i = 0; i < p->count; i++)
		one_free(p->list[i]);
	p->count = 0;
}

static void end(struct loading *l)
{
	conversation_key_wipe(&l->key);
	l->fn(&l->found, l->arg);
	free(l);
}

static void next(struct loading *l);

static const char *latest_summary(const struct notes *notes)
{
	for (size_t i = notes->count; i > 0; i--)
		if (strcmp(notes->list[i - 1]->kind, "summary") == 0 ||
		        strcmp(notes->list[i - 1]->kind, "transfer") == 0)
			return notes->list[i - 1]->text;
	return "";
}

static void on_notes(const struct store_answer *a, void *arg)
{
	struct loading *l = arg;
	Holdfast__V1__Previous *one = l->found.list[l->found.count - 1];
	struct notes notes;
	if (a->code == STORE_OK) {
		notes_read(&notes, &l->key, one->id, a->reply);
		one->summary = xstrdup(latest_summary(&notes));
		notes_free(&notes);
	} else {
		one->summary = xstrdup("");
	}
	next(l);
}

static void take_tags(Holdfast__V1__Previous *one, struct bytes csv)
{
	char *all = bytes_dup(csv);
	one->tags = xcalloc(TAGS_MAX, sizeof(char *));
	one->n_tags = csv_split(all, one->tags, TAGS_MAX);
	for (size_t i = 0; i < one->n_tags; i++)
		one->tags[i] = xstrdup(one->tags[i]);
	free(all);
}

static Holdfast__V1__Previous *one_new(
        const char *id, const struct conversation_view *view, const struct redis_reply *r)
{
	Holdfast__V1__Previous *one = xcalloc(1, sizeof *one);
	holdfast__v1__previous__init(one);
	one->id = xstrdup(id);
	one->created_ms = view->created_ms;
	one->closed_ms = redis_integer(redis_field(r, "closed_at"));
	one->level = (Holdfast__V1__Level)view->level;
	one->outcome = bytes_dup(redis_bytes(redis_field(r, "outcome")));
	one->holder = xstrdup(view->holder);
	take_tags(one, redis_bytes(redis_field(r, "tags")));
	return one;
}

static void on_conversation(const struct store_answer *a, void *arg)
{
	struct loading *l = arg;
	const char *id = l->ids[l->left];
	struct conversation_view view;
	bool there = a->code == STORE_OK && conversation_view(a->reply, &view) &&
	             view.state >= CONVERSATION_WRAP_UP && !view.erased_ms;
	// Without its key there is nothing to know any more.
	if (!there || !vault_unwrap(l->pool->flow->vault, id, view.key, &l->key)) {
		next(l);
		return;
	}
	l->found.list[l->found.count++] = one_new(id, &view, a->reply);
	store_notes(l->pool->flow->store, l->pool->config->name, id, on_notes, l);
}

static void next(struct loading *l)
{
	if (l->left == 0 || l->found.count == PREVIOUS_MAX) {
		end(l);
		return;
	}
	l->left--;
	store_conversation(
	        l->pool->flow->store, l->pool->config->name, l->ids[l->left], on_conversation, l);
}

// Besides the one that is asked for: there is one more id than can be shown.
static void on_ids(const struct store_answer *a, void *arg)
{
	struct loading *l = arg;
	char now[POOL_ID_MAX];
	snprintf(now, sizeof now, "%s", l->ids[0]);
	for (size_t i = 0; a->code == STORE_OK && i < redis_count(a->reply); i++) {
		struct bytes id = redis_bytes(redis_at(a->reply, i));
		if (l->left <= PREVIOUS_MAX && id.len < POOL_ID_MAX && !bytes_is(id, now))
			bytes_copy(id, l->ids[l->left++], POOL_ID_MAX);
	}
	next(l);
}

void previous_load(struct pool *p, const char *conversation, const struct conversation_view *view,
        previous_fn fn, void *arg)
{
	struct loading *l = xcalloc(1, sizeof *l);
	l->pool = p;
	l->fn = fn;
	l->arg = arg;
	snprintf(l->ids[0], POOL_ID_MAX, "%s", conversation);
	store_of(p->flow->store, p->config->name, view->line, view->texter, PREVIOUS_MAX + 1,
	        on_ids, l);
}
