// SPDX-License-Identifier: Apache-2.0
// What a supervisor says to everybody of a pool.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/log.h"
#include "flow/desk.h"
#include "news.h"
#include "notes.h"
#include "overflow.h"

#define TEXT_MAX 500
// So long it stays for those who come later.
#define KEEP_MS 3600000

static void seal_context(const struct pool *p, const char *id, char out[static 80])
{
	snprintf(out, 80, "announcement:%s:%s", p->config->name, id);
}

static void on_said(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	if (a->code == STORE_OK)
		log_info("event=announced staff=%s pool=%s", r->name, r->pool->config->name);
	request_end_code(r, a->code);
}

void desk_announce(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__Announce *in = frame->announce;
	struct session *s = session_find(f, session);
	struct pool *p = pool_find(f, in->pool);
	char id[ID_LEN + 1], context[80];
	struct buf sealed = {0};
	if (!s)
		return;
	if (!p || !session_owns(s, p)) {
		answer_result(f, session, frame->id, ERR_NOT_FOUND, "That is no pool of yours.");
		return;
	}
	if (!note_fits(in->text, 1, TEXT_MAX)) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST,
		        "text must have 1 to 500 characters.");
		return;
	}
	struct request *r = request_new(f, s, frame->id);
	r->pool = p;
	id_new(id);
	seal_context(p, id, context);
	vault_seal_other(f->vault, context, bytes_str(in->text), &sealed);
	store_announce(f->store, p->config->name, s->name,
	        &(struct store_note){id, buf_bytes(&sealed)}, KEEP_MS, on_said, r);
	buf_free(&sealed);
}

// ---- to whom it concerns ----

struct hearing {
	struct pool *pool;
	char id[ID_LEN + 1]; // the one, or "" for all
	uint64_t session;    // the one, or 0 for all
};

struct telling {
	const struct hearing *hearing;
	Holdfast__V1__Announced body;
};

// Who helps out hears it while they do.
static bool concerns(const struct session *s, const struct pool *p)
{
	bool helps = session_serves(s, p) && overflow_open(p);
	return s->roles & ROLE_SERVES && (session_owns(s, p) || helps);
}

static void tell_one(uint64_t id, void *value, void *arg)
{
	const struct session *s = value;
	struct telling *t = arg;
	const struct hearing *h = t->hearing;
	if (concerns(s, h->pool) && (!h->session || h->session == id))
		answer_frame(h->pool->flow, id, 0, HOLDFAST__V1__FRAME__BODY_ANNOUNCED, &t->body);
}

// "ID AUTHOR SEALED"
static void tell(const struct hearing *h, struct bytes member, int64_t at_ms)
{
	char id[ID_LEN + 1], author[33], context[80];
	struct buf text = {0};
	struct bytes rest = member;
	if (!note_word(&rest, id, sizeof id) || !note_word(&rest, author, sizeof author) ||
	        (h->id[0] && strcmp(h->id, id) != 0))
		return;
	seal_context(h->pool, id, context);
	if (vault_unseal_other(h->pool->flow->vault, context, rest, &text)) {
		struct telling t = {h, HOLDFAST__V1__ANNOUNCED__INIT};
		t.body.pool = h->pool->config->name;
		t.body.id = id;
		t.body.author = author;
		t.body.at_ms = at_ms;
		t.body.text = (char *)buf_str(&text);
		idmap_each(h->pool->flow->sessions, tell_one, &t);
	} else {
		log_error("event=announcement_unreadable pool=%s", h->pool->config->name);
	}
	buf_wipe(&text);
}

static void on_read(const struct store_answer *a, void *arg)
{
	struct hearing *h = arg;
	for (size_t i = 0; a->code == STORE_OK && i + 1 < redis_count(a->reply); i += 2)
		tell(h, redis_bytes(redis_at(a->reply, i)),
		        redis_integer(redis_at(a->reply, i + 1)));
	free(h);
}

static void hear(struct pool *p, const char *id, uint64_t session)
{
	struct hearing *h = xcalloc(1, sizeof *h);
	h->pool = p;
	h->session = session;
	snprintf(h->id, sizeof h->id, "%s", id);
	store_announcements(
	        p->flow->store, p->config->name, flow_now(p->flow) - KEEP_MS, on_read, h);
}

void news_announced(struct pool *p, char **w)
{
	hear(p, w[1], 0);
}

void news_announcements(struct pool *p, uint64_t session)
{
	hear(p, "", session);
}
