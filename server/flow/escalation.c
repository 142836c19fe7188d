// SPDX-License-Identifier: Apache-2.0
// Escalations: opened by a missed answer_by, stepped by their timer, ended by a human.
#include "escalation.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "history.h"
#include "nodes.h"
#include "policy.h"
#include "staff.h"

#define LEVELS_MAX 32
#define PEOPLE_MAX STORE_PAGES_MAX

// ---- opening ----

struct opening {
	struct pool *pool;
	char conversation[POOL_ID_MAX];
	uint64_t number;
	bool flag; // of a flag
};

static void on_opened(const struct store_answer *a, void *arg)
{
	struct opening *o = arg;
	if (a->code == STORE_OK) {
		int64_t late = redis_integer(redis_at(a->reply, 2));
		metric_observe_ms(M_ESCALATION_LAG_MS, late);
		log_warn("conversation=%s event=escalation_opened cause=%s page=%llu level=%s "
		         "late_ms=%lld",
		        o->conversation, o->flag ? "flag" : "unanswered",
		        (unsigned long long)o->number,
		        level_name((enum level)redis_integer(redis_at(a->reply, 1))),
		        (long long)late);
	}
	free(o);
}

static void on_number(const struct store_answer *a, void *arg)
{
	struct opening *o = arg;
	struct pool *p = o->pool;
	if (a->code != STORE_OK) {
		free(o);
		return;
	}
	o->number = (uint64_t)redis_integer(a->reply);
	char *policy = policy_snapshot(p->policy);
	if (o->flag)
		store_page_open_flag(p->flow->store, p->config->name, o->conversation, o->number,
		        policy, on_opened, o);
	else
		store_page_open(p->flow->store, p->config->name, o->conversation, o->number, policy,
		        nodes_early_ms(p->flow->nodes), on_opened, o);
	free(policy);
}

static void open_it(struct pool *p, const char *conversation, bool flag)
{
	struct opening *o = xcalloc(1, sizeof *o);
	o->pool = p;
	o->flag = flag;
	snprintf(o->conversation, sizeof o->conversation, "%s", conversation);
	store_page_number(p->flow->store, on_number, o);
}

void escalation_open(struct pool *p, const char *conversation)
{
	open_it(p, conversation, false);
}

void escalation_open_flag(struct pool *p, const char *conversation)
{
	open_it(p, conversation, true);
}

// ---- stepping ----

struct step {
	struct pool *pool;
	uint64_t number;
	uint64_t generation;
	char conversation[POOL_ID_MAX];
	struct escalation escalation;
	struct policy *policy;
	bool flag; // it is a flag's, and paged until a supervisor has settled it
	int64_t opened_ms;
	size_t people_count;
	char people[512];
};

static void step_free(struct step *s)
{
	policy_free(s->policy);
	free(s);
}

static void on_stepped(const struct store_answer *a, void *arg)
{
	struct step *s = arg;
	if (a->code == STORE_OK && s->people_count > 0) {
		metric_add(M_PAGES, "queued", (int64_t)s->people_count);
		log_warn("conversation=%s event=paged page=%llu people=%s", s->conversation,
		        (unsigned long long)s->number, s->people);
	} else if (a->code == STORE_RESOLVED) {
		log_info("conversation=%s event=escalation_resolved page=%llu", s->conversation,
		        (unsigned long long)s->number);
	}
	step_free(s);
}

// No word of the texter's in it, and short enough for one segment.
static void page_text(const struct step *s, enum level level, int64_t waited_ms, struct buf *out)
{
	if (s->flag) {
		buf_printf(out,
		        "Holdfast page %llu: FLAGGED, %s, for %lld min, pool %s. A supervisor is "
		        "needed. Reply ACK %llu to take it.",
		        (unsigned long long)s->number, level_name(level),
		        (long long)((flow_now(s->pool->flow) - s->opened_ms) / 60000),
		        s->pool->config->name, (unsigned long long)s->number);
		return;
	}
	buf_printf(out,
	        "Holdfast page %llu: %s, waiting %lld min, pool %s. Reply ACK %llu to take it.",
	        (unsigned long long)s->number, level_name(level), (long long)(waited_ms / 60000),
	        s->pool->config->name, (unsigned long long)s->number);
}

struct draft {
	char id[POOL_ID_MAX];
	struct buf text;
};

static void send_step(struct step *s, const struct escalation_decision *d,
        const struct conversation_view *view, const struct staff_member **people, size_t count)
{
	struct flow *f = s->pool->flow;
	const struct config_line *line = config_line(f->config, s->policy->config.line);
	struct store_page pages[PEOPLE_MAX];
	struct draft drafts[PEOPLE_MAX] = {0};
	struct buf names = {0}, text = {0};
	page_text(s, view->level, flow_now(f) - view->enqueued_ms, &text);
	for (size_t i = 0; i < count; i++) {
		pool_id_new(s->pool, drafts[i].id);
		vault_seal_other(f->vault, drafts[i].id, buf_bytes(&text), &drafts[i].text);
		buf_printf(&names, "%s%s", i ? "," : "", people[i]->name);
		pages[i] = (struct store_page){drafts[i].id, people[i]->name,
		        line ? line->gateway : "", s->policy->config.line,
		        buf_bytes(&people[i]->phone), buf_bytes(&drafts[i].text)};
	}
	snprintf(s->people, sizeof s->people, "%s", buf_str(&names));
	s->people_count = count;
	struct store_step step = {s->pool->config->name, s->number, s->conversation, s->generation,
	        d->next.step, d->next.pass, d->next_at_ms, s->people, pages, count};
	store_page_step(f->store, &step, on_stepped, s);
	for (size_t i = 0; i < count; i++)
		buf_free(&drafts[i].text);
	buf_free(&names);
	buf_free(&text);
}

static void tell_nobody(struct step *s, bool nobody)
{
	if (nobody && !s->pool->nobody_reachable)
		log_error("conversation=%s event=nobody_reachable page=%llu policy=%s text=\"no "
		          "target of this policy can be paged, "
		          "its catch_all included\"",
		        s->conversation, (unsigned long long)s->number, s->policy->config.name);
	s->pool->nobody_reachable = nobody;
}

static void decide(struct step *s, const struct conversation_view *view)
{
	struct flow *f = s->pool->flow;
	const struct config_policy *c = &s->policy->config;
	const struct staff_member *people[PEOPLE_MAX];
	int64_t now = flow_now(f), delays[LEVELS_MAX] = {0};
	bool reachable[LEVELS_MAX] = {false};
	size_t levels = c->levels_count < LEVELS_MAX ? c->levels_count : LEVELS_MAX;
	for (size_t i = 0; i < levels; i++) {
		const struct config_level *level = &c->levels[i];
		delays[i] = (int64_t)level->delay_s * 1000;
		reachable[i] = policy_people(f, level->targets, level->targets_count, now, people,
		                       PEOPLE_MAX) > 0;
	}
	struct escalation_policy policy = {
	        .levels = levels,
	        .delay_ms = delays,
	        .reachable = reachable,
	        .catch_all_reachable = policy_people(f, c->catch_all, c->catch_all_count, now,
	                                       people, PEOPLE_MAX) > 0,
	        .repeats = c->repeats,
	        .acknowledge_ms = (int64_t)c->acknowledge_s * 1000,
	};
	struct escalation_decision d =
	        escalate_step(&s->escalation, &policy, escalation_without_end(view->level), now);
	size_t count = 0;
	if (d.page && d.level < levels)
		count = policy_people(f, c->levels[d.level].targets,
		        c->levels[d.level].targets_count, now, people, PEOPLE_MAX);
	else if (d.page)
		count = policy_people(f, c->catch_all, c->catch_all_count, now, people, PEOPLE_MAX);
	tell_nobody(s, d.nobody_reachable);
	send_step(s, &d, view, people, count);
}

static void on_page_conversation(const struct store_answer *a, void *arg)
{
	struct step *s = arg;
	struct conversation_view view;
	if (a->code == STORE_OK && conversation_view(a->reply, &view))
		decide(s, &view);
	else
		step_free(s);
}

// The policy as it was at the opening; today's when that cannot be read or its line is no longer
// configured: better than silence.
static struct policy *kept_policy(const struct pool *p, struct bytes snapshot)
{
	struct policy *policy = policy_parse(snapshot);
	if (policy && config_line(p->flow->config, policy->config.line))
		return policy;
	policy_free(policy);
	char *today = policy_snapshot(p->policy);
	policy = policy_parse(bytes_str(today));
	free(today);
	if (!policy)
		fatal("event=policy_unreadable policy=%s", p->policy->name);
	return policy;
}

static void on_page(const struct store_answer *a, void *arg)
{
	struct step *s = arg;
	struct flow *f = s->pool->flow;
	if (a->code != STORE_OK) {
		step_free(s);
		return;
	}
	s->policy = kept_policy(s->pool, redis_bytes(redis_field(a->reply, "policy")));
	struct bytes conversation = redis_bytes(redis_field(a->reply, "conversation"));
	bytes_copy(conversation, s->conversation, sizeof s->conversation);
	s->generation = (uint64_t)redis_integer(redis_field(a->reply, "generation"));
	s->flag = redis_bytes(redis_field(a->reply, "cause")).len > 0;
	s->opened_ms = redis_integer(redis_field(a->reply, "opened"));
	s->escalation.state = (enum escalation_state)redis_integer(redis_field(a->reply, "state"));
	s->escalation.step = (size_t)redis_integer(redis_field(a->reply, "step"));
	s->escalation.pass = (uint32_t)redis_integer(redis_field(a->reply, "pass"));
	if (s->escalation.state == ESCALATION_ACKNOWLEDGED) {
		log_warn("conversation=%s event=acknowledgement_over page=%llu", s->conversation,
		        (unsigned long long)s->number);
		s->escalation = escalate_again(&s->escalation);
	}
	store_conversation(
	        f->store, s->pool->config->name, s->conversation, on_page_conversation, s);
}

void escalation_due(struct pool *p, uint64_t number)
{
	struct step *s = xcalloc(1, sizeof *s);
	s->pool = p;
	s->number = number;
	store_page_get(p->flow->store, p->config->name, number, on_page, s);
}

// ---- acknowledging: the number does not tell the pool, so each is asked; at most one knows it
// ----

struct acknowledging {
	struct flow *flow;
	struct escalation_ack ack;
	char person[33];
	size_t open;
	escalation_ack_fn fn;
	void *arg;
};

static void on_acknowledged(const struct store_answer *a, void *arg)
{
	struct acknowledging *k = arg;
	if (a->code == STORE_OK) {
		k->ack.what = ACKED;
		metric_inc(M_PAGES, "acknowledged");
		log_info("event=acknowledged page=%llu staff=%s", (unsigned long long)k->ack.number,
		        k->person);
	} else if (a->code == STORE_ALREADY) {
		struct bytes by = redis_bytes(redis_at(a->reply, 1));
		k->ack.what = ACKED_BEFORE;
		bytes_copy(by, k->ack.by, sizeof k->ack.by);
		k->ack.by_at_ms = redis_integer(redis_at(a->reply, 2));
	} else if (a->code == STORE_RESOLVED) {
		k->ack.what = ACK_RESOLVED;
	} else if (a->code != STORE_NOT_FOUND && k->ack.what == ACK_NOT_FOUND) {
		k->ack.what = ACK_UNAVAILABLE;
	}
	if (--k->open > 0)
		return;
	k->fn(&k->ack, k->arg);
	free(k);
}

void escalation_acknowledge(
        struct flow *f, uint64_t number, const char *person, escalation_ack_fn fn, void *arg)
{
	struct acknowledging *k = xcalloc(1, sizeof *k);
	k->flow = f;
	k->ack = (struct escalation_ack){.what = ACK_NOT_FOUND, .number = number};
	snprintf(k->person, sizeof k->person, "%s", person);
	k->fn = fn;
	k->arg = arg;
	k->open = f->pools_count;
	for (size_t i = 0; i < f->pools_count; i++) {
		struct pool *p = &f->pools[i];
		int64_t within = (int64_t)p->policy->acknowledge_s * 1000;
		store_page_ack(f->store, p->config->name, number, person, within,
		        (int64_t)p->config->flag_acknowledge_s * 1000, on_acknowledged, k);
	}
}

// ---- which are open ----

#define OPEN_MAX 64

struct listing {
	struct flow *flow;
	char person[33];
	size_t open;
	bool known;
	bool held; // one that they have acknowledged already
	uint64_t numbers[OPEN_MAX];
	size_t count;
	escalation_mine_fn fn;
	void *arg;
};

static void listing_step(struct listing *l)
{
	if (--l->open > 0)
		return;
	const struct escalation_mine mine = {l->known, l->held, l->count, l->numbers};
	l->fn(&mine, l->arg);
	free(l);
}

struct listed {
	struct listing *listing;
	uint64_t number;
};

// `latest` maps everybody whom this escalation has paged since it was last acknowledged.
static bool paged(const struct redis_reply *page, const char *person)
{
	struct bytes json = redis_bytes(redis_field(page, "latest"));
	json_t *latest = json.len ? json_loadb((const char *)json.data, json.len, 0, NULL) : NULL;
	bool found = json_object_get(latest, person) != NULL;
	json_decref(latest);
	return found;
}

static void on_listed_page(const struct store_answer *a, void *arg)
{
	struct listed *one = arg;
	struct listing *l = one->listing;
	int64_t state = redis_integer(redis_field(a->reply, "state"));
	if (a->code != STORE_OK)
		l->known = false;
	else if (state == ESCALATION_TRIGGERED && paged(a->reply, l->person) && l->count < OPEN_MAX)
		l->numbers[l->count++] = one->number;
	else if (state == ESCALATION_ACKNOWLEDGED &&
	         bytes_is(redis_bytes(redis_field(a->reply, "by")), l->person))
		l->held = true;
	free(one);
	listing_step(l);
}

struct listing_pool {
	struct listing *listing;
	struct pool *pool;
};

static void on_listed(const struct store_answer *a, void *arg)
{
	struct listing_pool *lp = arg;
	struct listing *l = lp->listing;
	if (a->code != STORE_OK)
		l->known = false;
	for (size_t i = 0; i < redis_count(a->reply) && i < OPEN_MAX; i++) {
		struct listed *one = xcalloc(1, sizeof *one);
		*one = (struct listed){l, (uint64_t)redis_integer(redis_at(a->reply, i))};
		l->open++;
		store_page_get(
		        l->flow->store, lp->pool->config->name, one->number, on_listed_page, one);
	}
	free(lp);
	listing_step(l);
}

void escalation_mine(struct flow *f, const char *person, escalation_mine_fn fn, void *arg)
{
	struct listing *l = xcalloc(1, sizeof *l);
	l->flow = f;
	l->known = true;
	snprintf(l->person, sizeof l->person, "%s", person);
	l->fn = fn;
	l->arg = arg;
	l->open = f->pools_count;
	for (size_t i = 0; i < f->pools_count; i++) {
		struct listing_pool *lp = xcalloc(1, sizeof *lp);
		*lp = (struct listing_pool){l, &f->pools[i]};
		store_pages(f->store, f->pools[i].config->name, false, on_listed, lp);
	}
}
