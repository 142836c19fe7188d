// SPDX-License-Identifier: Apache-2.0
// The list of open conversations by need: for supervisors all of their pools, for counselors their
// own, for operators the same facts of every pool.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "core/need.h"
#include "flow/desk.h"
#include "history.h"

#define LIST_DEFAULT 50
#define LIST_MAX     200
// Of each set of a pool so many are read, those who have been in it for longest.
#define SET_MAX 300

struct entry {
	struct conversation_view view;
	struct need need;
	const struct pool *pool;
	char id[POOL_ID_MAX];
};

struct list {
	struct request *request;
	char name[33]; // who asks
	unsigned states;
	size_t limit, offset;
	size_t open;
	enum err err;
	struct strmap *known; // ids read: one that moves from set to set meanwhile counts once
	struct entry **entries;
	size_t count;
};

struct list_part {
	struct list *list;
	const struct pool *pool;
	bool own; // only what they hold or have joined
	char id[POOL_ID_MAX];
};

static int by_need(const void *x, const void *y)
{
	const struct entry *const *a = x, *const *b = y;
	return need_compare(&(*a)->need, &(*b)->need);
}

static void list_answer(struct list *l)
{
	struct request *r = l->request;
	size_t first = l->offset < l->count ? l->offset : l->count;
	size_t shown = l->count - first < l->limit ? l->count - first : l->limit;
	Holdfast__V1__ConversationList answer = HOLDFAST__V1__CONVERSATION_LIST__INIT;
	Holdfast__V1__Conversation *frames = xcalloc(shown + 1, sizeof *frames);
	Holdfast__V1__Conversation **list = xcalloc(shown + 1, sizeof(void *));
	char *(*reasons)[REASONS_MAX] = xcalloc(shown + 1, sizeof *reasons);
	if (l->count)
		qsort(l->entries, l->count, sizeof(struct entry *), by_need);
	for (size_t i = 0; i < shown; i++) {
		struct entry *e = l->entries[first + i];
		conversation_frame(r->flow, e->pool, e->id, &e->view, reasons[i], &frames[i]);
		list[i] = &frames[i];
	}
	answer.n_conversations = shown;
	answer.conversations = list;
	answer.total = l->count;
	answer_frame(
	        r->flow, r->session, r->id, HOLDFAST__V1__FRAME__BODY_CONVERSATION_LIST, &answer);
	free(reasons);
	free(list);
	free(frames);
	free(r);
}

static void list_step(struct list *l)
{
	if (--l->open > 0)
		return;
	if (l->err == ERR_NONE)
		list_answer(l);
	else
		request_end(l->request, l->err, NULL);
	for (size_t i = 0; i < l->count; i++)
		free(l->entries[i]);
	free(l->entries);
	strmap_free(l->known);
	free(l);
}

static bool wanted(const struct list_part *part, const struct conversation_view *v)
{
	const struct list *l = part->list;
	bool in_it = strcmp(v->holder, l->name) == 0 || view_present(v, l->name);
	return (in_it || !part->own) && (l->states & (1u << v->state));
}

static void take_entry(struct list *l, const struct list_part *part, struct conversation_view *v)
{
	struct entry *e = xcalloc(1, sizeof *e);
	e->view = *v;
	e->pool = part->pool;
	memcpy(e->id, part->id, sizeof e->id);
	e->need = (struct need){.attention = v->attention[0] != '\0',
	        .imminent = v->level == LEVEL_IMMINENT,
	        .silent_since_ms = v->last_out_at_ms ? v->last_out_at_ms : v->enqueued_ms,
	        .score = v->score,
	        .id = e->id};
	l->entries = xrealloc(l->entries, (l->count + 1) * sizeof(struct entry *));
	l->entries[l->count++] = e;
}

static void on_entry(const struct store_answer *a, void *arg)
{
	struct list_part *part = arg;
	struct list *l = part->list;
	struct conversation_view view;
	if (a->code != STORE_OK)
		l->err = store_code_err(a->code);
	else if (conversation_view(a->reply, &view) && wanted(part, &view))
		take_entry(l, part, &view);
	free(part);
	list_step(l);
}

static struct list_part *part_new(struct list *l, const struct pool *p, bool own)
{
	struct list_part *part = xcalloc(1, sizeof *part);
	part->list = l;
	part->pool = p;
	part->own = own;
	l->open++;
	return part;
}

static void on_ids(const struct store_answer *a, void *arg)
{
	struct list_part *set = arg;
	struct list *l = set->list;
	struct store *store = l->request->flow->store;
	if (a->code != STORE_OK)
		l->err = store_code_err(a->code);
	for (size_t i = 0; a->code == STORE_OK && i < redis_count(a->reply); i++) {
		char id[POOL_ID_MAX];
		bytes_copy(redis_bytes(redis_at(a->reply, i)), id, sizeof id);
		if (strmap_get(l->known, id))
			continue;
		strmap_put(l->known, id, l);
		struct list_part *one = part_new(l, set->pool, set->own);
		memcpy(one->id, id, sizeof id);
		store_conversation(store, set->pool->config->name, id, on_entry, one);
	}
	free(set);
	list_step(l);
}

static void read_pool(struct list *l, const struct pool *p, bool own)
{
	static const char *const sets[] = {"w:5", "w:4", "w:3", "w:2", "w:1", "held", "wrap"};
	for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++)
		store_window(l->request->flow->store, p->config->name, sets[i], 0, SET_MAX, on_ids,
		        part_new(l, p, own));
}

// What is open, unless the request chooses.
static bool states_of(const Holdfast__V1__ListConversations *in, unsigned *out)
{
	*out = in->n_states ? 0
	                    : 1u << CONVERSATION_WAITING | 1u << CONVERSATION_OFFERED |
	                              1u << CONVERSATION_HELD | 1u << CONVERSATION_WRAP_UP;
	for (size_t i = 0; i < in->n_states; i++) {
		if ((int)in->states[i] < CONVERSATION_WAITING ||
		        (int)in->states[i] > CONVERSATION_WRAP_UP)
			return false;
		*out |= 1u << in->states[i];
	}
	return true;
}

static const char *list_mistake(const Holdfast__V1__ListConversations *in, unsigned *states)
{
	if (in->limit > LIST_MAX)
		return "limit must be at most 200.";
	return states_of(in, states) ? NULL : "states must be of those that are open.";
}

void desk_list_conversations(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__ListConversations *in = frame->list_conversations;
	struct session *s = session_find(f, session);
	unsigned states;
	const char *mistake = list_mistake(in, &states);
	if (!s || mistake) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST, mistake);
		return;
	}
	struct list *l = xcalloc(1, sizeof *l);
	l->request = request_new(f, s, frame->id);
	snprintf(l->name, sizeof l->name, "%s", s->name);
	l->states = states;
	l->limit = in->limit ? in->limit : LIST_DEFAULT;
	l->offset = in->offset;
	l->known = strmap_new();
	l->open = 1;
	for (size_t i = 0; i < f->pools_count; i++) {
		const struct pool *p = &f->pools[i];
		bool all = s->roles & ROLE_OPERATOR || session_supervises(s, p);
		if ((all || session_serves(s, p)) &&
		        (!in->pool[0] || strcmp(in->pool, p->config->name) == 0))
			read_pool(l, p, !all);
	}
	list_step(l);
}
