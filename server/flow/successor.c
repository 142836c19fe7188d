// SPDX-License-Identifier: Apache-2.0
// Choosing who is asked to take a conversation on, by a skill.
#include "successor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capacity.h"
#include "eligible.h"
#include "roster.h"
#include "staff.h"

#define NAMES_MAX 64

struct search {
	struct pool *pool;
	char conversation[POOL_ID_MAX];
	char skill[33];
	struct conversation_view view;
	struct assign_counselor list[ROSTER_MAX];
	size_t count;
	size_t chosen;
	successor_fn fn;
	void *arg;
};

static bool member_has(const struct staff_member *m, const char *skill)
{
	for (size_t i = 0; i < m->skills_count; i++)
		if (strcmp(m->skills[i], skill) == 0)
			return true;
	return false;
}

struct asking_all {
	const struct pool *pool;
	const char *skill;
	bool any;
};

static void ask_one(const struct staff_member *m, void *arg)
{
	struct asking_all *all = arg;
	if (m->roles & ROLE_SERVES && staff_serves(m, all->pool->config->name) &&
	        member_has(m, all->skill))
		all->any = true;
}

bool successor_exists(const struct flow *f, const struct pool *p, const char *skill)
{
	struct asking_all all = {.pool = p, .skill = skill};
	staff_each(f->staff, ask_one, &all);
	return all.any;
}

static void end(struct search *s, const char *name)
{
	s->fn(name, s->arg);
	roster_free(s->list, s->count);
	free(s);
}

static void choose(struct search *s);

static void on_room(bool fits, void *arg)
{
	struct search *s = arg;
	if (fits) {
		end(s, s->list[s->chosen].name);
		return;
	}
	s->list[s->chosen].available = false;
	choose(s);
}

// Of the lists in the view only copies are cut up: it is looked at again.
static void choose(struct search *s)
{
	char asked[sizeof s->view.transfer_asked], recused[sizeof s->view.recused];
	const char *excluded[NAMES_MAX], *knowing[NAMES_MAX];
	memcpy(asked, s->view.transfer_asked, sizeof asked);
	memcpy(recused, s->view.recused, sizeof recused);
	struct assign_conversation c = {
	        .excluded = excluded,
	        .excluded_count = roster_names(asked, excluded, NAMES_MAX - 2),
	        .recused = knowing,
	        .recused_count = roster_names(recused, knowing, NAMES_MAX),
	        .imminent = s->view.level == LEVEL_IMMINENT,
	};
	excluded[c.excluded_count++] = s->view.holder;
	excluded[c.excluded_count++] = s->view.transfer_to;
	int best = assign_choose(&c, s->list, s->count, NULL);
	if (best < 0) {
		end(s, "");
		return;
	}
	s->chosen = (size_t)best;
	capacity_ask(s->pool->flow, s->list[best].name, s->conversation, on_room, s);
}

static void weigh(struct search *s)
{
	struct eligible e;
	eligible_begin(&e, s->pool, &s->view);
	for (size_t i = 0; i < s->count; i++)
		eligible_note(&e, s->list[i].name);
	for (size_t i = 0; i < s->count; i++) {
		const struct staff_member *m = staff_find(s->pool->flow->staff, s->list[i].name);
		bool has = m && member_has(m, s->skill);
		s->list[i].fit = has ? eligible_rank(&e, s->list[i].name) : -1;
	}
}

static void on_roster(const struct store_answer *a, void *arg)
{
	struct search *s = arg;
	if (a->code == STORE_OK)
		s->count = roster_read(s->pool, a->reply, s->list);
	weigh(s);
	choose(s);
}

static void on_read(const struct store_answer *a, void *arg)
{
	struct search *s = arg;
	if (a->code != STORE_OK || !conversation_view(a->reply, &s->view)) {
		end(s, "");
		return;
	}
	store_signed_in(s->pool->flow->store, s->pool->config->name, on_roster, s);
}

void successor_find(
        struct pool *p, const char *conversation, const char *skill, successor_fn fn, void *arg)
{
	struct search *s = xcalloc(1, sizeof *s);
	s->pool = p;
	s->fn = fn;
	s->arg = arg;
	snprintf(s->conversation, sizeof s->conversation, "%s", conversation);
	snprintf(s->skill, sizeof s->skill, "%s", skill);
	store_conversation(p->flow->store, p->config->name, s->conversation, on_read, s);
}
