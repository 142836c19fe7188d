// SPDX-License-Identifier: Apache-2.0
// What is typed about abuse: counselors report it, supervisors decide.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../common/words.h"
#include "base/utf8.h"
#include "console.h"

static bool report(struct console *c, const char *rest, bool recuse)
{
	const struct talk *talk = need_current(c);
	size_t len = strcspn(rest, " \t");
	Frame *f;

	if (!talk)
		return false;
	if (!len) {
		view_error(c->view, "for what? For example: %s prank, then a note if you like",
		        recuse ? "/reportaway" : "/report");
		return false;
	}
	f = client_frame(HOLDFAST__V1__FRAME__BODY_REPORT_ABUSE);
	f->report_abuse->conversation = xstrdup(talk->id);
	f->report_abuse->epoch = talk->epoch;
	f->report_abuse->reason = xstrndup(rest, len);
	f->report_abuse->note = xstrdup(rest + len + strspn(rest + len, " \t"));
	f->report_abuse->recuse = recuse;
	return commands_ask(c, f, NULL, "reported: a supervisor decides", NULL);
}

bool run_report(struct console *c, const char *rest)
{
	return report(c, rest, false);
}

bool run_report_away(struct console *c, const char *rest)
{
	return report(c, rest, true);
}

bool run_uphold(struct console *c, const char *rest)
{
	size_t len = strcspn(rest, " \t");
	const char *hours = rest + len + strspn(rest + len, " \t");
	uint64_t number = 0;
	Frame *f;

	if (!len || (*hours && (!bytes_to_u64(bytes_str(hours), &number) || number > 720))) {
		view_error(c->view, "type /uphold ID, and for how many hours, at most 720");
		return false;
	}
	f = client_frame(HOLDFAST__V1__FRAME__BODY_SETTLE_ABUSE);
	f->settle_abuse->conversation = xstrndup(rest, len);
	f->settle_abuse->uphold = true;
	f->settle_abuse->hours = (uint32_t)number;
	return commands_ask(c, f, NULL, "upheld: they come later in the queue for a while", NULL);
}

bool run_dismiss(struct console *c, const char *rest)
{
	Frame *f;

	if (!*rest) {
		view_error(c->view, "which conversation? Type /dismiss ID");
		return false;
	}
	f = client_frame(HOLDFAST__V1__FRAME__BODY_SETTLE_ABUSE);
	f->settle_abuse->conversation = xstrdup(rest);
	return commands_ask(c, f, NULL, "dismissed", NULL);
}

static void report_line(struct buf *text, const Holdfast__V1__AbuseReport *one)
{
	char when[24];
	time_t at = (time_t)(one->at_ms / 1000);
	struct tm local;

	strftime(when, sizeof when, "%Y-%m-%d %H:%M", localtime_r(&at, &local));
	buf_printf(text, "\n  %s  %s  %s, by %s", one->conversation, when, one->reason, one->name);
}

static void on_reports(const Frame *answer, void *arg)
{
	struct console *c = arg;
	struct buf text = {0}, safe = {0};
	const char *why;

	commands_asked(c);
	if (!client_answered(answer, HOLDFAST__V1__FRAME__BODY_ABUSE_LIST, &why)) {
		view_error(c->view, "not done: %s", why);
		return;
	}
	const Holdfast__V1__AbuseList *list = answer->abuse_list;
	buf_printf(&text, "%s: %" PRIu64 " to be decided", list->pool, list->total);
	for (size_t i = 0; i < list->n_reports; i++)
		report_line(&text, list->reports[i]);
	utf8_for_terminal(buf_bytes(&text), &safe);
	view_plain(c->view, buf_str(&safe));
	buf_free(&text);
	buf_free(&safe);
}

bool run_reports(struct console *c, const char *rest)
{
	Frame *f = client_frame(HOLDFAST__V1__FRAME__BODY_LIST_ABUSE);

	f->list_abuse->pool = xstrdup(rest);
	c->waiting = client_request(c->client, f, on_reports, c);
	frame_free(f);
	if (!c->waiting)
		view_error(c->view, "no connection now; try again");
	return c->waiting;
}
