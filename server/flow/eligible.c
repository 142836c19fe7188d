// SPDX-License-Identifier: Apache-2.0
// Skills of the staff against what a conversation asks for.
#include "eligible.h"

#include <string.h>

#include "staff.h"

// More than all wishes together.
#define PREFERRED (SKILLS_MAX + 1)
#define TRAINEE   "trainee"

static void take_words(struct skills *out, char *const *words, size_t count)
{
	out->count = count < SKILLS_MAX ? count : SKILLS_MAX;
	for (size_t i = 0; i < out->count; i++)
		out->at[i] = words[i];
}

static struct skills_policy policy_of(const struct config_pool *p)
{
	struct skills_policy out = {.at_most_ms = (int64_t)p->skills_at_most_s * 1000};
	for (unsigned i = 0; i < p->rings_count && i < SKILLS_RINGS_MAX; i++) {
		struct skills_ring *ring = &out.rings[out.rings_count++];
		ring->after_ms = (int64_t)p->rings[i].after_s * 1000;
		take_words(&ring->drop, p->rings[i].drop, p->rings[i].drop_count);
	}
	return out;
}

static struct skills skills_of(const struct pool *p, const char *name)
{
	struct skills out = {0};
	const struct staff_member *m = staff_find(p->flow->staff, name);
	if (m)
		take_words(&out, m->skills, m->skills_count);
	return out;
}

void eligible_begin(struct eligible *e, const struct pool *p, struct conversation_view *view)
{
	*e = (struct eligible){.pool = p,
	        .view = view,
	        .policy = policy_of(p->config),
	        .now_ms = flow_now(p->flow)};
	int64_t since_ms =
	        view->require_at_ms > view->enqueued_ms ? view->require_at_ms : view->enqueued_ms;
	e->waited_ms = e->now_ms - since_ms;
	skills_split(view->require, &e->require);
	skills_split(view->want, &e->want);
	for (size_t i = 0; i < e->require.count; i++)
		e->no_speaker = e->no_speaker ||
		                strncmp(e->require.at[i], SKILL_LANG, strlen(SKILL_LANG)) == 0;
}

void eligible_note(struct eligible *e, const char *name)
{
	const struct skills has = skills_of(e->pool, name);
	for (size_t i = 0; i < e->require.count; i++) {
		if (!skills_meet(&has, e->require.at[i]))
			continue;
		e->known[i] = true;
		if (strncmp(e->require.at[i], SKILL_LANG, strlen(SKILL_LANG)) == 0)
			e->no_speaker = false;
	}
}

// A trainee gets whom they can help; like any other limit it does not outlast the bound.
static bool is_above_them(const struct eligible *e, const struct skills *has)
{
	enum level most;
	return skills_have(has, TRAINEE) &&
	       level_from_name(e->pool->config->trainee_up_to, &most) && e->view->level > most &&
	       e->waited_ms < e->policy.at_most_ms;
}

int eligible_rank(const struct eligible *e, const char *name)
{
	const struct skills has = skills_of(e->pool, name);
	if (is_above_them(e, &has))
		return -1;
	for (size_t i = 0; i < e->require.count; i++)
		if (skills_asked(&e->policy, e->require.at[i], e->waited_ms, e->known[i]) &&
		        !skills_meet(&has, e->require.at[i]))
			return -1;
	bool preferred = e->now_ms < e->view->prefer_until_ms && strcmp(e->view->prefer, name) == 0;
	return (int)skills_wanted(&has, &e->want) + (preferred ? PREFERRED : 0);
}
