// SPDX-License-Identifier: Apache-2.0
// Pages about alarms: who is told what, and when again.
#include "pager.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/metrics.h"
#include "outgoing.h"
#include "policy.h"
#include "staff.h"

#define AGAIN_MS       300000
#define RETRY_FIRST_MS 5000
#define RETRY_MAX_MS   60000
#define OVER_TRIES     5 // good news may be lost
#define PEOPLE_MAX     64

// What one person has been told.
struct reader {
	uint32_t alarms; // 0: nothing, or that all is over
	int64_t at_ms;   // monotonic: when the latest text went out
	int64_t next_ms; // … and not before this after a failure
	unsigned failures;
	uint64_t look; // the latest one that named them: each once
	bool busy;
};

struct text {
	struct pager *pager;
	struct reader *reader; // as long as the pager: readers are never dropped
	const struct gateway *gateway;
	uint32_t alarms;
	char name[33];
};

struct pager {
	struct flow *flow;
	struct strmap *readers; // name -> struct reader
	struct idmap *calls;    // tag -> struct text
	uint64_t next_tag;
	uint64_t look;
	bool nobody; // has been logged
};

struct pager *pager_new(struct flow *f)
{
	struct pager *p = xcalloc(1, sizeof *p);
	p->flow = f;
	p->readers = strmap_new();
	p->calls = idmap_new();
	return p;
}

static void free_reader(const char *name, void *value, void *arg)
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
	strmap_each(p->readers, free_reader, NULL);
	strmap_free(p->readers);
	free(p);
}

static int64_t now(const struct pager *p)
{
	return loop_mono_ms(p->flow->loop);
}

// ---- one text ----

static void told(struct text *t)
{
	struct reader *r = t->reader;
	r->alarms = t->alarms;
	r->at_ms = now(t->pager);
	r->failures = 0;
	metric_inc(M_PAGES, "alarm");
	log_warn("event=alarm_paged staff=%s over=%s", t->name, t->alarms ? "no" : "yes");
}

static void not_told(struct text *t, const char *error)
{
	struct reader *r = t->reader;
	char quoted[200];
	int64_t wait = RETRY_FIRST_MS << (r->failures < 4 ? r->failures : 4);
	r->failures++;
	r->next_ms = now(t->pager) + (wait < RETRY_MAX_MS ? wait : RETRY_MAX_MS);
	if (t->alarms == 0 && r->failures >= OVER_TRIES)
		r->alarms = 0;
	metric_inc(M_PAGES, "failed");
	log_error("event=alarm_not_paged staff=%s gateway=%s reason=%s", t->name,
	        t->gateway ? t->gateway->name : "-", log_quote(quoted, error));
}

static void text_end(struct text *t)
{
	t->reader->busy = false;
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

static void tell(struct pager *p, struct reader *r, const struct staff_member *m,
        const struct config_line *line, uint32_t alarms, const char *text)
{
	struct text *t = xcalloc(1, sizeof *t);
	struct gateway_call call = {0};
	struct buf error = {0};
	*t = (struct text){.pager = p, .reader = r, .alarms = alarms};
	snprintf(t->name, sizeof t->name, "%s", m->name);
	t->gateway = line ? p->flow->out.gateway(line->gateway, p->flow->out.arg) : NULL;
	r->busy = true;
	if (t->gateway && build(t, m, line->number, text, &call, &error)) {
		idmap_put(p->calls, ++p->next_tag, t);
		provider_call(p->flow, t->gateway, &call, p->next_tag, on_called, p);
	} else {
		not_told(t, t->gateway ? buf_str(&error) : "the policy's line has no gateway");
		text_end(t);
	}
	gateway_call_free(&call);
	buf_free(&error);
}

// ---- who, and when ----

static bool is_due(const struct pager *p, const struct reader *r, uint32_t alarms)
{
	bool news = (alarms & ~r->alarms) != 0 || (alarms == 0 && r->alarms != 0);
	bool again = alarms != 0 && now(p) - r->at_ms >= AGAIN_MS;
	bool waits = r->failures > 0 && now(p) < r->next_ms;
	return !r->busy && !waits && (news || again);
}

static void look_at(struct pager *p, const struct staff_member *m, const struct config_line *line,
        uint32_t alarms, const char *text)
{
	struct reader *r = strmap_get(p->readers, m->name);
	if (!r) {
		r = xcalloc(1, sizeof *r);
		strmap_put(p->readers, m->name, r);
	}
	if (r->look == p->look)
		return;
	r->look = p->look;
	if (is_due(p, r, alarms))
		tell(p, r, m, line, alarms, text);
}

static void tell_nobody(struct pager *p, bool nobody)
{
	if (nobody && !p->nobody)
		log_error("event=alarm_reaches_nobody text=\"no policy's catch_all can be paged\"");
	p->nobody = nobody;
}

void pager_look(struct pager *p, uint32_t alarms, const char *text)
{
	const struct config *c = p->flow->config;
	const struct staff_member *people[PEOPLE_MAX];
	size_t reached = 0;
	p->look++;
	for (unsigned i = 0; i < c->policies_count; i++) {
		const struct config_policy *policy = &c->policies[i];
		const struct config_line *line = config_line(c, policy->line);
		size_t count = policy_people(p->flow, policy->catch_all, policy->catch_all_count,
		        flow_now(p->flow), people, PEOPLE_MAX);
		reached += count;
		for (size_t k = 0; k < count; k++)
			look_at(p, people[k], line, alarms, text);
	}
	tell_nobody(p, alarms != 0 && reached == 0);
}
