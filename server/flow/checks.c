// SPDX-License-Identifier: Apache-2.0
// The running half of `holdfastctl doctor`: what is wrong with this system, in plain words.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm.h"
#include "answer.h"
#include "checker.h"
#include "policy.h"
#include "quarantine.h"
#include "spooler.h"
#include "staff.h"
#include "survey.h"

#define CHECKS_MAX   256
#define GAP_AHEAD_MS (8LL * 24 * 3600 * 1000)

struct checks {
	struct flow *flow;
	Holdfast__V1__Check *list[CHECKS_MAX];
	size_t count;
};

enum verdict { FINE, WARNING, WRONG };

static void add(struct checks *c, const char *name, enum verdict verdict, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
static void add(struct checks *c, const char *name, enum verdict verdict, const char *format, ...)
{
	if (c->count == CHECKS_MAX)
		return;
	struct buf text = {0};
	va_list args;
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	Holdfast__V1__Check *check = xcalloc(1, sizeof *check);
	holdfast__v1__check__init(check);
	check->name = xstrdup(name);
	check->ok = verdict != WRONG;
	check->warning = verdict == WARNING;
	check->text = buf_take_str(&text);
	c->list[c->count++] = check;
}

static void check_redis(struct checks *c)
{
	struct redis *r = store_redis(c->flow->store);
	const char *trouble = redis_trouble(r);
	if (!redis_is_up(r))
		add(c, "redis", WRONG,
		        "Redis cannot answer: texts go to the local spool, and nobody is offered "
		        "to a counselor. %s",
		        redis_describe(r));
	else if (*trouble)
		add(c, "redis", WRONG, "Redis refuses texts, they go to the local spool: %s. %s",
		        trouble, redis_describe(r));
	else
		add(c, "redis", FINE, "%s", redis_describe(r));
}

static void check_copies(struct checks *c)
{
	unsigned copies = c->flow->config->durability.copies;
	if (copies == 0)
		add(c, "copies", WARNING,
		        "One Redis holds everything: it survives a crash, not the loss of its "
		        "disk. Back it up, or set up replicas and durability.copies.");
	else if (redis_is_short(store_redis(c->flow->store)))
		add(c, "copies", WRONG,
		        "Fewer than %u replicas have everything: nothing counts as accepted by "
		        "Redis.",
		        copies);
	else
		add(c, "copies", FINE, "%u replicas have what was accepted", copies);
}

static void check_spool(struct checks *c)
{
	struct spooler_state s;
	spooler_state(c->flow->spooler, &s);
	unsigned long long records = s.spool.records, kib = s.spool.bytes / 1024;
	long long age_s = (flow_now(c->flow) - s.spool.oldest_ms) / 1000;
	if (!s.open)
		add(c, "spool", WRONG,
		        "The local spool cannot be used, and without Redis texts would be refused "
		        "with 503: %s",
		        s.error);
	else if (*s.error)
		add(c, "spool", WRONG,
		        "%llu records, %llu KiB of %llu MiB. The latest could not "
		        "be written: %s",
		        records, kib, (unsigned long long)s.spool.limit / 1048576, s.error);
	else if (records)
		add(c, "spool", WARNING,
		        "%llu records wait for Redis, the oldest for %lld s; "
		        "%llu KiB of %llu MiB",
		        records, age_s, kib, (unsigned long long)s.spool.limit / 1048576);
	else
		add(c, "spool", FINE, "empty; %llu MiB in %s",
		        (unsigned long long)s.spool.limit / 1048576, s.dir);
}

static void check_ledger(struct checks *c)
{
	struct ledger_facts facts;
	struct buf text = {0};
	flow_ledger_facts(c->flow, &facts);
	ledger_render(c->flow->ledger, &facts, &text);
	add(c, "ledger", alarm_is_raised(c->flow, ALARM_LEDGER) ? WRONG : FINE, "%s",
	        buf_str(&text));
	buf_free(&text);
}

static void check_quarantine(struct checks *c)
{
	int64_t since_ms;
	char since[25];
	uint64_t waiting = quarantine_waiting(c->flow->quarantine, &since_ms);
	clock_format(since_ms, since);
	if (waiting == 0)
		add(c, "quarantine", FINE, "nothing waits that could not be read");
	else
		add(c, "quarantine", WRONG,
		        "%llu could not be read, since %s. A supervisor has to look: holdfastctl "
		        "quarantine list --user NAME",
		        (unsigned long long)waiting, since);
}

static void check_pool(struct checks *c, const struct survey_pool *s, int64_t now)
{
	const char *pool = s->pool->config->name;
	uint64_t waiting = 0;
	int64_t oldest = now;
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++) {
		waiting += s->waiting[l];
		if (s->oldest_ms[l] && s->oldest_ms[l] < oldest)
			oldest = s->oldest_ms[l];
	}
	if (s->available > 0)
		add(c, "counselors", FINE, "pool %s: %llu available, %llu away", pool,
		        (unsigned long long)s->available, (unsigned long long)s->away);
	else if (waiting == 0)
		add(c, "counselors", WARNING, "pool %s: nobody is available, and nobody waits",
		        pool);
	else
		add(c, "counselors", WRONG,
		        "pool %s: nobody is available and %llu wait, the longest for %lld s. Pages "
		        "go out when answer_by passes.",
		        pool, (unsigned long long)waiting, (long long)((now - oldest) / 1000));
}

// Replies are due at once; what has waited for longer than this is worth a look.
#define UNSENT_LONG_MS 60000

static int64_t oldest_unsent_ms(const struct survey_pool *pools, size_t count, size_t lane)
{
	int64_t oldest = INT64_MAX;
	for (size_t i = 0; i < count && lane < pools[i].lanes_count; i++)
		for (enum send_kind k = 0; k < SEND_KINDS; k++) {
			int64_t at = pools[i].lanes[lane].oldest_ms[k];
			oldest = at && at < oldest ? at : oldest;
		}
	return oldest;
}

static void check_outbox(
        struct checks *c, const struct survey_pool *pools, size_t count, size_t lane)
{
	const char *gateway = lanes_gateway(c->flow->lanes, lane);
	unsigned long long unsent = survey_unsent(pools, count, lane);
	int64_t age = flow_now(c->flow) - oldest_unsent_ms(pools, count, lane);
	if (unsent == 0)
		return;
	if (!config_gateway(c->flow->config, gateway))
		add(c, "outbox", WRONG,
		        "gateway %s: %llu texts wait for it, and it is not configured here. Put it "
		        "back into the configuration until they are sent.",
		        gateway, unsent);
	else if (age > UNSENT_LONG_MS)
		add(c, "outbox", WARNING,
		        "gateway %s: %llu texts wait to be sent, the oldest for %lld s; see the "
		        "gateway's errors in status.",
		        gateway, unsent, (long long)(age / 1000));
	else
		add(c, "outbox", FINE, "gateway %s: %llu texts are on their way", gateway, unsent);
}

static void check_orphans(struct checks *c)
{
	struct checker_report r;
	checker_report(c->flow->checker, &r);
	if (r.passes == 0)
		add(c, "orphans", FINE, "the first look at everything is under way");
	else
		add(c, "orphans",
		        r.orphans                ? WRONG
		        : r.repaired || r.missed ? WARNING
		                                 : FINE,
		        "%llu open conversations looked at in the latest pass, which took %lld s "
		        "and ended %lld s "
		        "ago: %llu orphans, %llu put right, %llu could not be looked at%s%s",
		        (unsigned long long)r.checked, (long long)(r.took_ms / 1000),
		        (long long)((flow_now(c->flow) - r.ended_ms) / 1000),
		        (unsigned long long)r.orphans, (unsigned long long)r.repaired,
		        (unsigned long long)r.missed, r.orphans ? "; one is " : "", r.orphan);
}

static void add_alarm(const char *name, const char *text, void *arg)
{
	(void)name;
	add(arg, "alarm", WRONG, "%s", text);
}

static bool level_reachable(struct flow *f, char *const *targets, unsigned count)
{
	const struct staff_member *people[1];
	return policy_people(f, targets, count, flow_now(f), people, 1) > 0;
}

static void check_policy(struct checks *c, const struct config_policy *p)
{
	for (unsigned i = 0; i < p->levels_count; i++)
		if (!level_reachable(c->flow, p->levels[i].targets, p->levels[i].targets_count))
			add(c, "policy", WARNING,
			        "policy %s: level %u reaches nobody now: no one on call there has "
			        "a phone on record.",
			        p->name, i + 1);
	if (level_reachable(c->flow, p->catch_all, p->catch_all_count))
		add(c, "policy", FINE, "policy %s: its catch_all can be paged", p->name);
	else
		add(c, "policy", WRONG,
		        "policy %s: its catch_all cannot be paged. Give the person a phone: "
		        "holdfastctl staff put NAME --phone-file FILE",
		        p->name);
}

static void count_person(const char *person, void *arg)
{
	(void)person;
	(*(size_t *)arg)++;
}

static void check_schedule(struct checks *c, size_t index)
{
	const char *name = c->flow->config->schedules[index].name;
	int64_t now = flow_now(c->flow), at = now;
	while (at < now + GAP_AHEAD_MS) {
		size_t people = 0;
		char when[25];
		rota_on_call(c->flow->rotas[index], at, count_person, &people);
		int64_t next = rota_next_change(c->flow->rotas[index], at);
		if (people == 0) {
			clock_format(at, when);
			add(c, "schedule", WARNING,
			        "schedule %s: nobody is on call from %s for %lld min", name, when,
			        (long long)((next - at) / 60000));
			return;
		}
		if (next <= at)
			break;
		at = next;
	}
	add(c, "schedule", FINE, "schedule %s: somebody is on call all of the next 8 days", name);
}

static void check_gateway(struct checks *c, const struct gateway_health *h)
{
	if (h->send_errors > 0)
		add(c, "gateway", WARNING,
		        "gateway %s: %llu sends went wrong since the start; the latest: %s",
		        h->config->name, (unsigned long long)h->send_errors, h->last_error);
	else
		add(c, "gateway", FINE, "gateway %s: no send has gone wrong", h->config->name);
	if (strcmp(h->config->provider, "twilio") == 0)
		add(c, "gateway", WARNING,
		        "gateway %s: Twilio tries a text once. Set a fallback URL at each of its "
		        "numbers, to a second node, or what comes while this one is gone is lost.",
		        h->config->name);
	if (strncmp(h->config->send_url, "http://", 7) == 0 && !h->config->send_socket[0] &&
	        !strstr(h->config->send_url, "//127.0.0.1") &&
	        !strstr(h->config->send_url, "//localhost"))
		add(c, "gateway", WRONG,
		        "gateway %s: send_url is plain HTTP to another machine: texts and numbers "
		        "travel in clear.",
		        h->config->name);
}

static void on_survey(enum err e, const struct survey_pool *pools, size_t count, void *arg)
{
	struct request *r = arg;
	struct flow *f = r->flow;
	struct checks c = {.flow = f};
	alarms_each(f, add_alarm, &c);
	check_redis(&c);
	check_orphans(&c);
	check_copies(&c);
	check_spool(&c);
	check_ledger(&c);
	check_quarantine(&c);
	for (size_t i = 0; e == ERR_NONE && i < count; i++)
		check_pool(&c, &pools[i], flow_now(f));
	for (size_t i = 0; e == ERR_NONE && i < lanes_count(f->lanes); i++)
		check_outbox(&c, pools, count, i);
	for (unsigned i = 0; i < f->config->policies_count; i++)
		check_policy(&c, &f->config->policies[i]);
	for (size_t i = 0; i < f->config->schedules_count; i++)
		check_schedule(&c, i);
	for (unsigned i = 0; i < f->config->gateways_count; i++)
		check_gateway(&c, &f->health[i]);
	Holdfast__V1__CheckList answer = HOLDFAST__V1__CHECK_LIST__INIT;
	answer.n_checks = c.count;
	answer.checks = c.list;
	answer_frame(f, r->session, r->id, HOLDFAST__V1__FRAME__BODY_CHECK_LIST, &answer);
	for (size_t i = 0; i < c.count; i++) {
		free(c.list[i]->name);
		free(c.list[i]->text);
		free(c.list[i]);
	}
	free(r);
}

void desk_run_checks(struct flow *f, uint64_t session, const Frame *frame)
{
	struct session *s = session_find(f, session);
	if (s)
		survey_take(f, on_survey, request_new(f, s, frame->id));
}
