// SPDX-License-Identifier: Apache-2.0
// What people say of a texter's danger: flags, the risk ladder, levels.
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/log.h"
#include "core/risk.h"
#include "word.h"

static struct store_by by(const struct request *r)
{
	const struct session *s = session_find(r->flow, r->session);
	return (struct store_by){.claim = request_claim(r),
	        .supervisor = session_supervises(s, r->pool),
	        .boost = &r->pool->boost,
	        .within = &r->pool->within};
}

// Its pages stop ringing at once; were we to die here, they do at their next step.
static void resolve(const struct request *r, const struct redis_reply *reply)
{
	uint64_t page = (uint64_t)redis_integer(redis_at(reply, 1));
	if (page)
		store_page_resolve(
		        r->flow->store, r->pool->config->name, page, r->conversation, NULL, NULL);
}

// ---- flag ----

static void on_flagged(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	if (a->code == STORE_OK)
		log_warn("conversation=%s event=flagged staff=%s", r->conversation, r->name);
	request_end(r, store_code_err(a->code),
	        a->code == STORE_OK ? "Flagged: a supervisor is paged." : NULL);
}

void desk_flag(struct flow *f, uint64_t session, const Frame *frame)
{
	struct request *r =
	        request_begin(f, session, frame, frame->flag->conversation, frame->flag->epoch);
	if (!r)
		return;
	const struct store_by who = by(r);
	store_flag(f->store, &who, on_flagged, r);
}

static void on_settled(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	if (a->code == STORE_OK) {
		log_info("conversation=%s event=flag_settled staff=%s", r->conversation, r->name);
		resolve(r, a->reply);
	}
	if (a->code == STORE_ALREADY)
		request_end(r, ERR_CONFLICT, "No flag of this conversation is open.");
	else
		request_end_code(r, a->code);
}

void desk_settle_flag(struct flow *f, uint64_t session, const Frame *frame)
{
	struct request *r =
	        request_begin_own(f, session, frame, frame->settle_flag->conversation, 0);
	if (!r)
		return;
	const struct store_claim claim = request_claim(r);
	store_flag_settle(f->store, &claim, on_settled, r);
}

// ---- the risk ladder ----

static void on_risk(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	if (a->code == STORE_OK)
		log_info("conversation=%s event=risk_set staff=%s", r->conversation, r->name);
	request_end_code(r, a->code);
}

void desk_set_risk(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__SetRisk *in = frame->set_risk;
	const struct risk risk = {(enum risk_answer)in->thoughts, (enum risk_answer)in->plan,
	        (enum risk_answer)in->means, (enum risk_timeframe)in->timeframe};
	if (!risk_valid(&risk)) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST,
		        "thoughts, plan, means and timeframe must be values of the schema.");
		return;
	}
	struct request *r = request_begin(f, session, frame, in->conversation, in->epoch);
	if (!r)
		return;
	const struct store_by who = by(r);
	store_set_risk(f->store, &who, &risk, on_risk, r);
}

// ---- the level ----

static void on_level(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	bool forbidden = a->code == STORE_CONFLICT &&
	                 bytes_is(redis_bytes(redis_at(a->reply, 1)), "supervisor");
	if (a->code == STORE_OK) {
		log_info("conversation=%s event=level_set staff=%s", r->conversation, r->name);
		resolve(r, a->reply);
	}
	if (forbidden)
		request_end(r, ERR_FORBIDDEN, "Only a supervisor lowers what is imminent.");
	else
		request_end_code(r, a->code);
}

void desk_set_level(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__SetLevel *in = frame->set_level;
	enum level level = (enum level)in->level;
	if (level < LEVEL_LOW || level > LEVEL_IMMINENT || !word_ok(in->reason)) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST,
		        "level must be one of the five, and reason one word for the record, such "
		        "as calmer, of at most 32 characters a-z, 0-9, _ and -. What is longer is "
		        "a note.");
		return;
	}
	struct request *r = request_begin(f, session, frame, in->conversation, 0);
	if (!r)
		return;
	struct store_by who = by(r);
	who.any_epoch = true;
	store_set_level(f->store, &who, level, in->reason, on_level, r);
}
