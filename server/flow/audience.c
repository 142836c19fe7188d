// SPDX-License-Identifier: Apache-2.0
// Who hears of a conversation on this node.
#include "audience.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"

// Of one conversation: ids of sessions.
struct watched {
	size_t count;
	uint64_t *sessions;
};

struct audiences {
	struct strmap *by_conversation; // -> struct watched
};

struct audiences *audiences_new(void)
{
	struct audiences *a = xcalloc(1, sizeof *a);
	a->by_conversation = strmap_new();
	return a;
}

static void free_watched(const char *conversation, void *value, void *arg)
{
	struct watched *w = value;
	(void)conversation;
	(void)arg;
	free(w->sessions);
	free(w);
}

void audiences_free(struct audiences *a)
{
	strmap_each(a->by_conversation, free_watched, NULL);
	strmap_free(a->by_conversation);
	free(a);
}

static size_t index_of(const struct session *s, const char *conversation)
{
	size_t i = 0;
	while (i < s->watching_count && strcmp(s->watching[i], conversation) != 0)
		i++;
	return i;
}

bool audience_add(struct flow *f, struct session *s, const char *conversation)
{
	struct strmap *map = f->audiences->by_conversation;
	struct watched *w = strmap_get(map, conversation);
	if (index_of(s, conversation) < s->watching_count)
		return true;
	if (s->watching_count >= AUDIENCE_MAX)
		return false;
	s->watching = xrealloc(s->watching, (s->watching_count + 1) * sizeof(char *));
	s->watching[s->watching_count++] = xstrdup(conversation);
	if (!w) {
		w = xcalloc(1, sizeof *w);
		strmap_put(map, conversation, w);
	}
	w->sessions = xrealloc(w->sessions, (w->count + 1) * sizeof *w->sessions);
	w->sessions[w->count++] = s->id;
	return true;
}

void audience_remove(struct flow *f, struct session *s, const char *conversation)
{
	struct strmap *map = f->audiences->by_conversation;
	struct watched *w = strmap_get(map, conversation);
	size_t at = index_of(s, conversation), i = 0;
	if (at == s->watching_count || !w)
		return;
	while (i < w->count && w->sessions[i] != s->id)
		i++;
	if (i < w->count)
		w->sessions[i] = w->sessions[--w->count];
	if (w->count == 0)
		free_watched(NULL, strmap_remove(map, conversation), NULL);
	free(s->watching[at]);
	s->watching[at] = s->watching[--s->watching_count];
}

void audience_forget(struct flow *f, struct session *s)
{
	while (s->watching_count > 0) {
		char *last = xstrdup(s->watching[s->watching_count - 1]);
		audience_remove(f, s, last);
		free(last);
	}
	free(s->watching);
	s->watching = NULL;
}

struct session *audience_holder(struct pool *p, const char *name)
{
	struct session *s = strmap_get(p->flow->signed_in, name);
	return s && s->roles & ROLE_SERVES && session_serves(s, p) ? s : NULL;
}

bool audience_any(struct pool *p, const char *conversation, const char *holder)
{
	return audience_holder(p, holder) ||
	       strmap_get(p->flow->audiences->by_conversation, conversation);
}

// fn may end a session, which takes it out of the list: so the ids are copied.
void audience_each(struct pool *p, const char *conversation, const char *holder,
        void (*fn)(struct session *s, void *arg), void *arg)
{
	struct session *first = audience_holder(p, holder);
	const struct watched *w = strmap_get(p->flow->audiences->by_conversation, conversation);
	size_t count = w ? w->count : 0;
	uint64_t *ids = xcalloc(count + 1, sizeof *ids), first_id = first ? first->id : 0;
	if (w)
		memcpy(ids, w->sessions, count * sizeof *ids);
	if (first)
		fn(first, arg);
	for (size_t i = 0; i < count; i++) {
		struct session *s = ids[i] == first_id ? NULL : session_find(p->flow, ids[i]);
		if (s && s->roles & ROLE_SERVES && session_serves(s, p))
			fn(s, arg);
	}
	free(ids);
}

struct telling {
	struct flow *flow;
	Holdfast__V1__Frame__BodyCase which;
	void *body;
};

static void tell_one(struct session *s, void *arg)
{
	const struct telling *t = arg;
	answer_frame(t->flow, s->id, 0, t->which, t->body);
}

void audience_tell(struct pool *p, const char *conversation, const char *holder,
        Holdfast__V1__Frame__BodyCase which, void *body)
{
	struct telling t = {p->flow, which, body};
	audience_each(p, conversation, holder, tell_one, &t);
}
