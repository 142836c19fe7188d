// SPDX-License-Identifier: Apache-2.0
// Pages about alarms: who is told, and the texts to them.
#include "pager.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/metrics.h"
#include "outgoing.h"
#include "policy.h"
#include "reader.h"
#include "staff.h"

#define PEOPLE_MAX 64

// Somebody who has been named by a catch-all.
struct person {
	struct reader reader;
	const struct config_line *line; // that they are reached by
	uint64_t look;                  // the latest one that named them: each once
	bool busy;
};

struct text {
	struct pager *pager;
	struct person *person; // as long as the pager: they are never dropped
	const struct gateway *gateway;
	uint32_t alarms;
	char name[33];
};

struct pager {
	struct flow *flow;
	struct strmap *people; // name -> struct person
	struct idmap *calls;   // tag -> struct text
	uint64_t next_tag;
	uint64_t look;
	bool nobody; // has been logged
};

struct pager *pager_new(struct flow *f)
{
	struct pager *p = xcalloc(1, sizeof *p);
	p->flow = f;
	p->people = strmap_new();
	p->calls = idmap_new();
	return p;
}

static void free_person(const char *name, void *value, void *arg)
{
	(void)name;
	(void)arg;
	free(value);
}

static void free_text(uint64_t tag, void *value, void *arg)
{
	(void)tag;
	(void)arg;
	free(value);
}

void pager_free(struct pager *p)
{
	idmap_each(p->calls, free_text, NULL);
	idmap_free(p->calls);
	strmap_each(p->people, free_person, NULL);
	strmap_free(p->people);
	free(p);
}

static int64_t now(const struct pager *p)
{
	return loop_mono_ms(p->flow->loop);
}

// ---- one text ----

static void told(struct text *t)
{
	reader_told(&t->person->reader, t->alarms, now(t->pager));
	metric_inc(M_PAGES, "alarm");
	log_warn("event=alarm_paged staff=%s over=%s", t->name, t->alarms ? "no" : "yes");
}

static void not_told(struct text *t, const char *error)
{
	char quoted[200];
	reader_not_told(&t->person->reader, t->alarms, now(t->pager));
	metric_inc(M_PAGES, "failed");
	log_error("event=alarm_not_paged staff=%s gateway=%s reason=%s", t->name,
	        t->gateway ? t->gateway->name : "-", log_quote(quoted, error));
}

static void text_end(struct text *t)
{
	t->person->busy = false;
	free(t);
}

// What may have been sent is sent again.
static void on_called(uint64_t tag, const struct http_result *result, void *arg)
{
	struct pager *p = arg;
	struct text *t = idmap_remove(p->calls, tag);
	struct gateway_reply reply = {.outcome = GATEWAY_RETRY};
	if (!t)
		return;
	if (result->outcome == HTTP_ANSWERED)
		t->gateway->provider->parse_send_reply(
		        t->gateway, result->status, result->body, &reply);
	else
		buf_append_str(&reply.error, result->error);
	if (reply.outcome == GATEWAY_SENT) {
		told(t);
	} else {
		provider_failed(p->flow, t->gateway->name, buf_str(&reply.error));
		not_told(t, buf_str(&reply.error));
	}
	gateway_reply_free(&reply);
	text_end(t);
}

static bool build(struct text *t, const struct staff_member *m, const char *line, const char *text,
        struct gateway_call *call, struct buf *error)
{
	struct flow *f = t->pager->flow;
	struct buf number = {0};
	char id[ID_LEN + 1]; // of no outbox entry: its receipts find nothing
	id_new(id);
	bool good = vault_open_number(f->vault, m->name, buf_bytes(&m->phone), &number);
	const struct gateway_send send = {id, line, buf_str(&number), bytes_str(text)};
	if (!good)
		buf_append_str(error, "the number could not be unsealed");
	else
		good = t->gateway->provider->build_send(t->gateway, &send, call, error);
	buf_wipe(&number);
	return good;
}

static void tell(struct pager *p, struct person *who, const struct staff_member *m, uint32_t alarms,
        const char *text)
{
	struct text *t = xcalloc(1, sizeof *t);
	struct gateway_call call = {0};
	struct buf error = {0};
	*t = (struct text){.pager = p, .person = who, .alarms = alarms};
	snprintf(t->name, sizeof t->name, "%s", m->name);
	t->gateway = who->line ? p->flow->out.gateway(who->line->gateway, p->flow->out.arg) : NULL;
	who->busy = true;
	if (t->gateway && build(t, m, who->line->number, text, &call, &error)) {
		idmap_put(p->calls, ++p->next_tag, t);
		provider_call(p->flow, t->gateway, &call, p->next_tag, on_called, p);
	} else {
		not_told(t, t->gateway ? buf_str(&error) : "the policy's line has no gateway");
		text_end(t);
	}
	gateway_call_free(&call);
	buf_free(&error);
}

// ---- who ----

static void look_at(struct pager *p, const struct staff_member *m, const struct config_line *line,
        uint32_t alarms, const char *text)
{
	struct person *who = strmap_get(p->people, m->name);
	if (!who) {
		who = xcalloc(1, sizeof *who);
		strmap_put(p->people, m->name, who);
	}
	if (who->look == p->look)
		return;
	who->look = p->look;
	if (who->busy || reader_due(&who->reader, alarms, 0, now(p)) != READER_ALARMS)
		return;
	who->line = line;
	tell(p, who, m, alarms, text);
}

static void tell_nobody(struct pager *p, bool nobody)
{
	if (nobody && !p->nobody)
		log_error("event=alarm_reaches_nobody text=\"no policy's catch_all can be paged\"");
	p->nobody = nobody;
}

static void tell_alarms(struct pager *p, uint32_t alarms, const char *text)
{
	const struct config *c = p->flow->config;
	const struct staff_member *people[PEOPLE_MAX];
	size_t reached = 0;
	for (unsigned i = 0; i < c->policies_count; i++) {
		const struct config_policy *policy = &c->policies[i];
		size_t count = policy_people(p->flow, policy->catch_all, policy->catch_all_count,
		        flow_now(p->flow), people, PEOPLE_MAX);
		reached += count;
		for (size_t k = 0; k < count; k++)
			look_at(p, people[k], config_line(c, policy->line), alarms, text);
	}
	tell_nobody(p, reached == 0);
}

struct over {
	struct pager *pager;
	int64_t quiet_ms;
	const char *text;
};

static void tell_over(const char *name, void *value, void *arg)
{
	const struct over *o = arg;
	struct pager *p = o->pager;
	struct person *who = value;
	const struct staff_member *m = staff_find(p->flow->staff, name);
	if (who->busy || reader_due(&who->reader, 0, o->quiet_ms, now(p)) != READER_OVER)
		return;
	if (m && m->phone.len > 0)
		tell(p, who, m, 0, o->text);
	else
		reader_told(&who->reader, 0, now(p)); // has left
}

void pager_look(struct pager *p, uint32_t alarms, int64_t quiet_ms, const char *text)
{
	struct over over = {p, quiet_ms, text};
	p->look++;
	if (alarms) {
		tell_alarms(p, alarms, text);
		return;
	}
	tell_nobody(p, false);
	strmap_each(p->people, tell_over, &over);
}
