// SPDX-License-Identifier: Apache-2.0
// What operators and on-call people ask about pages.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "escalation.h"

#define PEOPLE_MAX 64

// One page as read: the frame and what it points to.
struct page {
	Holdfast__V1__Page frame;
	char conversation[POOL_ID_MAX];
	char by[33];
	char cause[16];
	char people[512];
	char *people_list[PEOPLE_MAX];
};

struct pages {
	struct request *request;
	size_t open;
	enum err err;
	struct page **pages;
	size_t count;
};

struct part {
	struct pages *pages;
	const struct pool *pool;
	uint64_t number;
};

static int by_number(const void *x, const void *y)
{
	const struct page *a = *(struct page *const *)x, *b = *(struct page *const *)y;
	return a->frame.number < b->frame.number ? -1 : 1;
}

static void pages_answer(struct pages *all)
{
	struct request *r = all->request;
	Holdfast__V1__Pages answer = HOLDFAST__V1__PAGES__INIT;
	Holdfast__V1__Page **list = xcalloc(all->count + 1, sizeof(Holdfast__V1__Page *));
	if (all->count > 0)
		qsort(all->pages, all->count, sizeof(struct page *), by_number);
	for (size_t i = 0; i < all->count; i++)
		list[i] = &all->pages[i]->frame;
	answer.n_pages = all->count;
	answer.pages = list;
	answer_frame(r->flow, r->session, r->id, HOLDFAST__V1__FRAME__BODY_PAGES, &answer);
	free(list);
	free(r);
}

static void pages_step(struct pages *all)
{
	if (--all->open > 0)
		return;
	if (all->err == ERR_NONE)
		pages_answer(all);
	else
		request_end(all->request, all->err, NULL);
	for (size_t i = 0; i < all->count; i++)
		free(all->pages[i]);
	free(all->pages);
	free(all);
}

static struct page *page_read(const struct part *part, const struct redis_reply *reply)
{
	struct page *p = xcalloc(1, sizeof *p);
	holdfast__v1__page__init(&p->frame);
	bytes_copy(redis_bytes(redis_field(reply, "conversation")), p->conversation,
	        sizeof p->conversation);
	bytes_copy(redis_bytes(redis_field(reply, "by")), p->by, sizeof p->by);
	bytes_copy(redis_bytes(redis_field(reply, "paged")), p->people, sizeof p->people);
	bytes_copy(redis_bytes(redis_field(reply, "cause")), p->cause, sizeof p->cause);
	p->frame.cause = p->cause;
	p->frame.number = part->number;
	p->frame.pool = part->pool->config->name;
	p->frame.conversation = p->conversation;
	p->frame.level = (Holdfast__V1__Level)redis_integer(redis_field(reply, "level"));
	p->frame.state = (Holdfast__V1__PageState)redis_integer(redis_field(reply, "state"));
	p->frame.opened_ms = redis_integer(redis_field(reply, "opened"));
	p->frame.next_at_ms = redis_integer(redis_field(reply, "next_at"));
	p->frame.step = (uint32_t)redis_integer(redis_field(reply, "step"));
	p->frame.pass = (uint32_t)redis_integer(redis_field(reply, "pass"));
	p->frame.acknowledged_by = p->by;
	p->frame.acknowledged_ms = redis_integer(redis_field(reply, "by_at"));
	char *rest = p->people;
	for (char *one; p->frame.n_paged < PEOPLE_MAX && (one = strsep(&rest, ",")) != NULL;)
		if (*one)
			p->people_list[p->frame.n_paged++] = one;
	p->frame.paged = p->people_list;
	return p;
}

static void on_page(const struct store_answer *a, void *arg)
{
	struct part *part = arg;
	struct pages *all = part->pages;
	if (a->code != STORE_OK) {
		all->err = store_code_err(a->code);
	} else if (redis_count(a->reply) > 0) {
		all->pages = xrealloc(all->pages, (all->count + 1) * sizeof(struct page *));
		all->pages[all->count++] = page_read(part, a->reply);
	}
	free(part);
	pages_step(all);
}

static void on_numbers(const struct store_answer *a, void *arg)
{
	struct part *part = arg;
	struct pages *all = part->pages;
	if (a->code != STORE_OK)
		all->err = store_code_err(a->code);
	for (size_t i = 0; i < redis_count(a->reply); i++) {
		struct part *one = xcalloc(1, sizeof *one);
		*one = (struct part){
		        all, part->pool, (uint64_t)redis_integer(redis_at(a->reply, i))};
		all->open++;
		store_page_get(all->request->flow->store, one->pool->config->name, one->number,
		        on_page, one);
	}
	free(part);
	pages_step(all);
}

static void list(struct pages *all, const struct pool *p, bool past)
{
	struct part *part = xcalloc(1, sizeof *part);
	*part = (struct part){all, p, 0};
	all->open++;
	store_pages(all->request->flow->store, p->config->name, past, on_numbers, part);
}

void desk_get_pages(struct flow *f, uint64_t session, const Frame *frame)
{
	struct session *s = session_find(f, session);
	if (!s)
		return;
	struct pages *all = xcalloc(1, sizeof *all);
	all->request = request_new(f, s, frame->id);
	all->open = 1;
	for (size_t i = 0; i < f->pools_count; i++) {
		list(all, &f->pools[i], false);
		if (frame->get_pages->resolved_too)
			list(all, &f->pools[i], true);
	}
	pages_step(all);
}

static void on_acknowledged(const struct escalation_ack *ack, void *arg)
{
	struct request *r = arg;
	char text[160], when[25];
	switch (ack->what) {
	case ACKED:
		snprintf(text, sizeof text, "Page %llu is yours.", (unsigned long long)ack->number);
		request_end(r, ERR_NONE, text);
		return;
	case ACKED_BEFORE:
		clock_format(ack->by_at_ms, when);
		snprintf(text, sizeof text, "Page %llu is already held by %s since %s.",
		        (unsigned long long)ack->number, ack->by, when);
		request_end(r, strcmp(ack->by, r->name) == 0 ? ERR_NONE : ERR_CONFLICT, text);
		return;
	case ACK_RESOLVED:
		request_end(r, ERR_CONFLICT, "That page is over: somebody has the conversation.");
		return;
	case ACK_NOT_FOUND:
		request_end(r, ERR_NOT_FOUND, "There is no page of that number.");
		return;
	case ACK_UNAVAILABLE:
		break;
	}
	request_end(r, ERR_UNAVAILABLE, NULL);
}

void desk_acknowledge_page(struct flow *f, uint64_t session, const Frame *frame)
{
	struct session *s = session_find(f, session);
	if (s)
		escalation_acknowledge(f, frame->acknowledge_page->number, s->name, on_acknowledged,
		        request_new(f, s, frame->id));
}
