// SPDX-License-Identifier: Apache-2.0
// Reports of abuse: counselors make them, supervisors decide, and limits expire.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/log.h"
#include "base/metrics.h"
#include "core/limits.h"
#include "flow/desk.h"
#include "history.h"
#include "notes.h"

#define TEXT_MAX   600
#define LISTED_MAX 200

// ---- reporting ----

struct report {
	char reason[WORD_MAX + 1];
	bool recuse;
};

static void on_released(const struct store_answer *a, void *arg)
{
	request_end(arg, store_code_err(a->code),
	        a->code == STORE_OK ? "Reported; you will not be given this person again." : NULL);
}

static void reported(struct request *r, bool held, bool recuse)
{
	struct store_claim claim = request_claim(r);
	log_info("conversation=%s event=abuse_reported staff=%s", r->conversation, r->name);
	metric_inc(M_ABUSE_REPORTS, "reported");
	if (held && recuse)
		store_release(r->flow->store, &claim, "reported", &r->pool->within, on_released, r);
	else
		request_end(r, ERR_NONE, "Reported: a supervisor decides.");
}

static void on_reported(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	struct report *report = r->more;
	bool recuse = report->recuse;
	free(report);
	r->more = NULL;
	if (a->code == STORE_OK)
		reported(r, bytes_is(redis_bytes(redis_at(a->reply, 1)), "3"), recuse);
	else
		request_end(r, store_code_err(a->code),
		        a->code == STORE_FULL ? "There are too many notes on this conversation, or "
		                                "too many reports in this pool."
		                              : NULL);
}

static void report_noted(
        struct request *r, struct conversation_view *view, const struct store_note *note)
{
	const struct report *report = r->more;
	const struct store_abuse abuse = {.line = view->line,
	        .texter = view->texter,
	        .reason = report->reason,
	        .recuse = report->recuse,
	        .note = note};
	struct store_claim claim = request_claim(r);
	store_report(r->flow->store, &claim, &abuse, on_reported, r);
}

void desk_report_abuse(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__ReportAbuse *in = frame->report_abuse;
	if (!limits_reason_ok(in->reason) || !note_fits(in->note, 0, TEXT_MAX)) {
		struct buf text = {0};
		buf_printf(&text, "reason must be one of %s, and note at most %d characters.",
		        limits_reasons(), TEXT_MAX);
		answer_result(f, session, frame->id, ERR_BAD_REQUEST, buf_str(&text));
		buf_free(&text);
		return;
	}
	struct request *r = request_begin(f, session, frame, in->conversation, in->epoch);
	if (!r)
		return;
	struct report *report = xcalloc(1, sizeof *report);
	snprintf(report->reason, sizeof report->reason, "%s", in->reason);
	report->recuse = in->recuse;
	r->more = report;
	note_make(r, in->note, report_noted);
}

// ---- deciding ----

static const struct {
	const char *what;
	const char *text;
} settled[] = {
        {"upheld", "Upheld: their next conversations come later in the queue for that time, unless "
                   "they are in danger."},
        {"dismissed", "Dismissed: nothing changes for them."},
        {"lifted", "Their limit is lifted."},
};

static void end_settled(struct request *r, struct bytes what)
{
	for (size_t i = 0; i < sizeof settled / sizeof settled[0]; i++) {
		if (!bytes_is(what, settled[i].what))
			continue;
		log_info("conversation=%s event=abuse_%s staff=%s", r->conversation,
		        settled[i].what, r->name);
		metric_inc(M_ABUSE_REPORTS, settled[i].what);
		request_end(r, ERR_NONE, settled[i].text);
		return;
	}
	request_end(r, ERR_INTERNAL, NULL);
}

static void on_settled(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	struct bytes what = redis_bytes(redis_at(a->reply, 1));
	if (a->code == STORE_OK)
		end_settled(r, what);
	else if (a->code == STORE_CONFLICT)
		request_end(r, ERR_CONFLICT,
		        bytes_is(what, "self") ? "You have reported it: another supervisor decides."
		                               : "Nothing is reported here, and no limit is set.");
	else
		request_end_code(r, a->code);
}

static void settle(struct request *r, const struct conversation_view *view, uint32_t hours)
{
	struct store_claim claim = request_claim(r);
	const struct store_abuse abuse = {
	        .line = view->line, .texter = view->texter, .boost = &r->pool->boost};
	if (hours && !*view->texter)
		request_end(r, ERR_GONE,
		        "What was said in it has been deleted: whose it was, nobody knows.");
	else
		store_report_settle(r->flow->store, &claim, &abuse, hours, on_settled, r);
}

static void on_conversation(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	uint32_t *more = r->more, hours = *more;
	struct conversation_view view;
	free(more);
	r->more = NULL;
	if (a->code != STORE_OK)
		request_end_code(r, a->code);
	else if (!conversation_view(a->reply, &view))
		request_end(r, ERR_NOT_FOUND, "There is no such conversation in your pools.");
	else
		settle(r, &view, hours);
}

void desk_settle_abuse(struct flow *f, uint64_t session, const Frame *frame)
{
	const Holdfast__V1__SettleAbuse *in = frame->settle_abuse;
	uint32_t hours = limits_abuse_hours(in->hours);
	if (!hours || (!in->uphold && in->hours)) {
		answer_result(f, session, frame->id, ERR_BAD_REQUEST,
		        "hours must be at most 720, and are only for what is upheld.");
		return;
	}
	struct request *r = request_begin_own(f, session, frame, in->conversation, 0);
	if (!r)
		return;
	uint32_t *more = xcalloc(1, sizeof *more);
	*more = in->uphold ? hours : 0;
	r->more = more;
	store_conversation(f->store, r->pool->config->name, r->conversation, on_conversation, r);
}

// ---- the list ----

// Of "AT NAME REASON". Owned by the list.
static Holdfast__V1__AbuseReport *read_one(struct bytes id, struct bytes rest)
{
	char at[24], name[33];
	if (!note_word(&rest, at, sizeof at) || !note_word(&rest, name, sizeof name))
		return NULL;
	Holdfast__V1__AbuseReport *one = xcalloc(1, sizeof *one);
	holdfast__v1__abuse_report__init(one);
	one->conversation = bytes_dup(id);
	one->name = xstrdup(name);
	one->reason = bytes_dup(rest);
	one->at_ms = strtoll(at, NULL, 10);
	return one;
}

static int by_time(const void *x, const void *y)
{
	const Holdfast__V1__AbuseReport *const *a = x, *const *b = y;
	int64_t s = (*a)->at_ms, t = (*b)->at_ms;
	return s != t ? (s > t) - (s < t) : strcmp((*a)->conversation, (*b)->conversation);
}

static void free_one(Holdfast__V1__AbuseReport *one)
{
	free(one->conversation);
	free(one->name);
	free(one->reason);
	free(one);
}

static void on_reports(const struct store_answer *a, void *arg)
{
	struct request *r = arg;
	Holdfast__V1__AbuseList out = HOLDFAST__V1__ABUSE_LIST__INIT;
	if (a->code != STORE_OK) {
		request_end_code(r, a->code);
		return;
	}
	size_t most = redis_count(a->reply) / 2, count = 0;
	Holdfast__V1__AbuseReport **list = xcalloc(most + 1, sizeof(void *));
	for (size_t i = 0; i < most; i++) {
		list[count] = read_one(redis_bytes(redis_at(a->reply, 2 * i)),
		        redis_bytes(redis_at(a->reply, 2 * i + 1)));
		count += list[count] != NULL;
	}
	if (count > 1)
		qsort(list, count, sizeof(void *), by_time);
	out.pool = r->pool->config->name;
	out.reports = list;
	out.n_reports = count < LISTED_MAX ? count : LISTED_MAX;
	out.total = count;
	answer_frame(r->flow, r->session, r->id, HOLDFAST__V1__FRAME__BODY_ABUSE_LIST, &out);
	for (size_t i = 0; i < count; i++)
		free_one(list[i]);
	free(list);
	free(r);
}

void desk_list_abuse(struct flow *f, uint64_t session, const Frame *frame)
{
	const char *name = frame->list_abuse->pool;
	const struct session *s = session_find(f, session);
	struct pool *p = NULL;
	if (!s)
		return;
	for (size_t i = 0; i < f->pools_count && !p; i++) {
		bool meant = !*name || strcmp(name, f->pools[i].config->name) == 0;
		p = meant && session_owns(s, &f->pools[i]) ? &f->pools[i] : NULL;
	}
	if (!p) {
		answer_result(
		        f, session, frame->id, ERR_NOT_FOUND, "There is no such pool of yours.");
		return;
	}
	struct request *r = request_new(f, s, frame->id);
	r->pool = p;
	store_reports(f->store, p->config->name, on_reports, r);
}
