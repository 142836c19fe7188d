// SPDX-License-Identifier: Apache-2.0
// What supervisors ask about the quarantine: list, read, release as a text, discard.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/log.h"
#include "quarantine.h"

#define SHOWN_MOST    200
#define TEXT_MAX      4096 // bytes
#define REASON_MAX    200  // bytes
#define NUMBER_DIGITS "0123456789"

static const char no_entry[] = "There is no such entry that you may see.";

// A gateway is the business of whoever has a line on it; one that has no line, or none any more, is
// everybody's.
static bool may_see(const struct flow *f, const struct session *s, const char *gateway)
{
	bool used = false;
	for (unsigned i = 0; i < f->config->lines_count; i++) {
		const struct config_line *line = &f->config->lines[i];
		if (strcmp(line->gateway, gateway) != 0)
			continue;
		used = true;
		for (size_t k = 0; k < s->own_count; k++)
			if (strcmp(s->pools[k]->config->name, line->pool) == 0)
				return true;
	}
	return !used;
}

// ---- list ----

struct row {
	char id[QUARANTINE_ID_MAX];
	char gateway[33];
	int64_t at_ms;
	char *reason; // NULL when the entry has gone meanwhile
	uint32_t size;
};

struct listing {
	struct request *request;
	uint64_t total;
	size_t open;
	enum err err;
	struct row *rows;
	size_t count;
};

struct fact {
	struct listing *listing;
	struct row *row;
};

static void listing_answer(struct listing *l)
{
	struct request *r = l->request;
	Holdfast__V1__Quarantined *frames = xcalloc(l->count + 1, sizeof *frames);
	Holdfast__V1__Quarantined **list =
	        xcalloc(l->count + 1, sizeof(Holdfast__V1__Quarantined *));
	Holdfast__V1__Quarantine answer = HOLDFAST__V1__QUARANTINE__INIT;
	answer.total = l->total;
	answer.entries = list;
	for (size_t i = 0; i < l->count; i++) {
		if (!l->rows[i].reason)
			continue;
		Holdfast__V1__Quarantined *e = &frames[i];
		holdfast__v1__quarantined__init(e);
		e->id = l->rows[i].id;
		e->gateway = l->rows[i].gateway;
		e->at_ms = l->rows[i].at_ms;
		e->reason = l->rows[i].reason;
		e->size = l->rows[i].size;
		list[answer.n_entries++] = e;
	}
	answer_frame(r->flow, r->session, r->id, HOLDFAST__V1__FRAME__BODY_QUARANTINE, &answer);
	free(frames);
	free(list);
	free(r);
}

static void listing_step(struct listing *l)
{
	if (--l->open > 0)
		return;
	if (l->err == ERR_NONE)
		listing_answer(l);
	else
		request_end(l->request, l->err, NULL);
	for (size_t i = 0; i < l->count; i++)
		free(l->rows[i].reason);
	free(l->rows);
	free(l);
}

static void on_facts(const struct store_answer *a, void *arg)
{
	struct fact *fact = arg;
	if (a->code != STORE_OK)
		fact->listing->err = store_code_err(a->code);
	else if (redis_type(redis_at(a->reply, 0)) != REDIS_NIL) {
		fact->row->reason = bytes_dup(redis_bytes(redis_at(a->reply, 1)));
		fact->row->size = (uint32_t)redis_integer(redis_at(a->reply, 2));
	}
	listing_step(fact->listing);
	free(fact);
}

static void add_row(struct listing *l, const struct session *s, struct bytes id, int64_t at_ms)
{
	struct row row = {.at_ms = at_ms};
	bytes_copy(id, row.id, sizeof row.id);
	if (!quarantine_gateway(row.id, row.gateway) || !may_see(l->request->flow, s, row.gateway))
		return;
	l->total++;
	if (l->count < SHOWN_MOST)
		l->rows[l->count++] = row;
}

static void ask_facts(struct listing *l)
{
	for (size_t i = 0; i < l->count; i++) {
		struct fact *fact = xcalloc(1, sizeof *fact);
		*fact = (struct fact){l, &l->rows[i]};
		l->open++;
		store_quarantine_facts(l->request->flow->store, l->rows[i].id, on_facts, fact);
	}
}

static void on_ids(const struct store_answer *a, void *arg)
{
	struct listing *l = arg;
	const struct session *s = session_find(l->request->flow, l->request->session);
	if (a->code != STORE_OK)
		l->err = store_code_err(a->code);
	for (size_t i = 0; s && i + 1 < redis_count(a->reply); i += 2)
		add_row(l, s, redis_bytes(redis_at(a->reply, i)),
		        redis_integer(redis_at(a->reply, i + 1)));
	ask_facts(l);
	listing_step(l);
}

void desk_get_quarantine(struct flow *f, uint64_t session, const Frame *frame)
{
	struct session *s = session_find(f, session);
	if (!s)
		return;
	struct listing *l = xcalloc(1, sizeof *l);
	l->request = request_new(f, s, frame->id);
	l->rows = xcalloc(SHOWN_MOST, sizeof *l->rows);
	l->open = 1;
	// All ids, because which of them this person may see is only known here.
	store_quarantine_ids(f->store, STORE_QUARANTINE_MOST, on_ids, l);
}

// ---- one entry ----

// A request about one entry, and for a release what it becomes.
struct handling {
	struct request *request;
	char id[QUARANTINE_ID_MAX];
	char gateway[33];
	const struct gateway *to; // of the line
	char *line;
	char *from;
	char *text; // of the release, or the reason of a discard
};

static void handling_end(struct handling *h, enum err e, const char *text)
{
	request_end(h->request, e, text);
	if (h->from)
		mem_wipe(h->from, strlen(h->from));
	if (h->text)
		mem_wipe(h->text, strlen(h->text));
	free(h->line);
	free(h->from);
	free(h->text);
	free(h);
}

// NULL after having answered.
static struct handling *begin(struct flow *f, uint64_t session, const Frame *frame, const char *id)
{
	struct session *s = session_find(f, session);
	char gateway[33];
	if (!s)
		return NULL;
	if (strlen(id) >= QUARANTINE_ID_MAX || !quarantine_gateway(id, gateway) ||
	        !may_see(f, s, gateway)) {
		answer_result(f, session, frame->id, ERR_NOT_FOUND, no_entry);
		return NULL;
	}
	struct handling *h = xcalloc(1, sizeof *h);
	h->request = request_new(f, s, frame->id);
	memcpy(h->id, id, strlen(id));
	memcpy(h->gateway, gateway, sizeof gateway);
	return h;
}

static void end_not_found(struct handling *h)
{
	handling_end(h, ERR_NOT_FOUND, no_entry);
}

static void end_over(struct handling *h, struct bytes outcome, struct bytes by)
{
	char text[120];
	snprintf(text, sizeof text, "%.*s has %.*s it already.", (int)by.len, (const char *)by.data,
	        (int)outcome.len, (const char *)outcome.data);
	handling_end(h, ERR_CONFLICT, text);
}

// ---- read ----

static void show(struct handling *h, const struct redis_reply *entry, struct bytes request)
{
	struct request *r = h->request;
	Holdfast__V1__Quarantined answer = HOLDFAST__V1__QUARANTINED__INIT;
	char *reason = bytes_dup(redis_bytes(redis_field(entry, "reason")));
	answer.id = h->id;
	answer.gateway = h->gateway;
	answer.at_ms = redis_integer(redis_field(entry, "at"));
	answer.reason = reason;
	answer.size = (uint32_t)request.len;
	answer.request.len = request.len;
	answer.request.data = (uint8_t *)request.data;
	log_info("event=quarantine_read id=%s staff=%s", h->id, r->name);
	answer_frame(r->flow, r->session, r->id, HOLDFAST__V1__FRAME__BODY_QUARANTINED, &answer);
	free(reason);
	free(r);
	free(h);
}

static void on_entry(const struct store_answer *a, void *arg)
{
	struct handling *h = arg;
	struct bytes sealed = redis_bytes(redis_field(a->reply, "request"));
	struct buf request = {0};
	if (a->code != STORE_OK) {
		handling_end(h, store_code_err(a->code), NULL);
	} else if (redis_count(a->reply) == 0) {
		end_not_found(h);
	} else if (sealed.len == 0) {
		end_over(h, redis_bytes(redis_field(a->reply, "outcome")),
		        redis_bytes(redis_field(a->reply, "by")));
	} else if (!vault_unseal_other(h->request->flow->vault, h->id, sealed, &request)) {
		log_error("event=quarantine_unreadable id=%s", h->id);
		handling_end(h, ERR_INTERNAL, NULL);
	} else {
		show(h, a->reply, buf_bytes(&request));
	}
	buf_wipe(&request);
}

void desk_read_quarantined(struct flow *f, uint64_t session, const Frame *frame)
{
	struct handling *h = begin(f, session, frame, frame->read_quarantined->id);
	if (h)
		store_quarantine_get(f->store, h->id, on_entry, h);
}

// ---- release ----

static void on_released(const struct store_answer *a, void *arg)
{
	struct handling *h = arg;
	struct flow *f = h->request->flow;
	quarantine_look(f->quarantine);
	// The text is in: whoever was first, this person's wish has come true.
	if (a->code == STORE_OK || a->code == STORE_ALREADY) {
		log_info("event=quarantine_released id=%s staff=%s line=%s", h->id,
		        h->request->name, h->line);
		handling_end(h, ERR_NONE, NULL);
	} else {
		handling_end(h, store_code_err(a->code), NULL);
	}
}

static void on_ingested(uint64_t tag, enum err e, void *arg)
{
	struct handling *h = arg;
	(void)tag;
	if (e == ERR_NONE)
		store_quarantine_end(h->request->flow->store, h->id, "released", h->request->name,
		        "", on_released, h);
	else
		handling_end(h, e, NULL);
}

// The way of every text. By its provider's id a release that is repeated is one text.
static void ingest(struct handling *h)
{
	struct gateway_inbound in = {0};
	buf_printf(&in.provider_id, "quarantine:%s", h->id);
	buf_append_str(&in.from, h->from);
	buf_append_str(&in.to, h->line);
	buf_append_str(&in.text, h->text);
	intake_release(h->request->flow, h->to, &in, 0, on_ingested, h);
	gateway_inbound_free(&in);
}

static void on_state(const struct store_answer *a, void *arg)
{
	struct handling *h = arg;
	struct bytes outcome = redis_bytes(redis_at(a->reply, 3));
	if (a->code != STORE_OK)
		handling_end(h, store_code_err(a->code), NULL);
	else if (redis_type(redis_at(a->reply, 0)) == REDIS_NIL)
		end_not_found(h);
	else if (bytes_is(outcome, "released"))
		end_over(h, outcome, redis_bytes(redis_at(a->reply, 4)));
	else
		ingest(h);
}

static bool number_ok(const char *number)
{
	const char *digits = number + (number[0] == '+');
	size_t len = strspn(digits, NUMBER_DIGITS);
	return len >= 3 && len <= 15 && !digits[len];
}

static const char *mistake(
        struct flow *f, const struct session *s, const Holdfast__V1__ReleaseQuarantined *in)
{
	const struct config_line *line = config_line(f->config, in->line);
	const struct pool *pool = line ? pool_find(f, line->pool) : NULL;
	size_t len = strlen(in->text);
	if (!pool || !session_owns(s, pool))
		return "line must be the number of a line of one of your pools.";
	if (!number_ok(in->from))
		return "from must be the texter's number: + and 3 to 15 digits.";
	if (len > TEXT_MAX || bytes_trim(bytes_str(in->text)).len == 0)
		return "text must have 1 to 4096 bytes, not only blanks.";
	return NULL;
}

void desk_release_quarantined(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__ReleaseQuarantined *in = frame->release_quarantined;
	const struct session *s = session_find(f, session);
	const char *wrong = s ? mistake(f, s, in) : NULL;
	if (wrong) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST, wrong);
		return;
	}
	struct handling *h = begin(f, session, frame, in->id);
	if (!h)
		return;
	h->to = f->out.gateway(config_line(f->config, in->line)->gateway, f->out.arg);
	h->line = xstrdup(in->line);
	h->from = xstrdup(in->from);
	h->text = xstrdup(in->text);
	store_quarantine_facts(f->store, h->id, on_state, h);
}

// ---- discard ----

static void on_discarded(const struct store_answer *a, void *arg)
{
	struct handling *h = arg;
	char quoted[200];
	quarantine_look(h->request->flow->quarantine);
	if (a->code == STORE_NOT_FOUND) {
		end_not_found(h);
	} else if (a->code == STORE_ALREADY) {
		end_over(h, redis_bytes(redis_at(a->reply, 1)), redis_bytes(redis_at(a->reply, 2)));
	} else {
		if (a->code == STORE_OK)
			log_warn("event=quarantine_discarded id=%s staff=%s reason=%s", h->id,
			        h->request->name, log_quote(quoted, h->text));
		handling_end(h, store_code_err(a->code), NULL);
	}
}

void desk_discard_quarantined(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__DiscardQuarantined *in = frame->discard_quarantined;
	size_t len = strlen(in->reason);
	if (len > REASON_MAX || bytes_trim(bytes_str(in->reason)).len == 0) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST,
		        "reason must have 1 to 200 bytes, not only blanks.");
		return;
	}
	struct handling *h = begin(f, session, frame, in->id);
	if (!h)
		return;
	h->text = xstrdup(in->reason);
	store_quarantine_end(
	        f->store, h->id, "discarded", h->request->name, h->text, on_discarded, h);
}
