// SPDX-License-Identifier: Apache-2.0
// Breaks, the end of a shift, and whom a counselor knows.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../common/words.h"
#include "console.h"

#define MINUTE_MS 60000

static void now_on_break(struct console *c, const char *conversation)
{
	(void)conversation;
	c->presence = HOLDFAST__V1__PRESENCE__PRESENCE_BREAK;
}

// The server's clock: ours may be wrong.
static int64_t server_now(const struct console *c)
{
	return console_now(c) - c->clock_offset_ms;
}

bool duty_break(struct console *c, const char *rest)
{
	char *end;
	long minutes = *rest ? strtol(rest, &end, 10) : 15;

	if (*rest && (*end || minutes < 1 || minutes > 240)) {
		view_error(c->view, "/break takes 1 to 240 minutes");
		return false;
	}
	Frame *f = client_frame(HOLDFAST__V1__FRAME__BODY_SET_PRESENCE);
	f->set_presence->presence = HOLDFAST__V1__PRESENCE__PRESENCE_BREAK;
	f->set_presence->until_ms = server_now(c) + minutes * MINUTE_MS - MINUTE_MS / 60;
	return commands_ask(c, f, NULL,
	        "on a break: no offers, and available again when it is over; whom you hold stays "
	        "yours",
	        now_on_break);
}

// The next time that it is so late here. The zone is this machine's, as its user reads the clock.
static int64_t next_time(int64_t now_ms, int hour, int minute)
{
	time_t now = (time_t)(now_ms / 1000);
	struct tm local;
	localtime_r(&now, &local);
	int wait = (hour - local.tm_hour) * 60 + minute - local.tm_min;
	return now_ms + (int64_t)(wait > 0 ? wait : wait + 24 * 60) * MINUTE_MS;
}

bool duty_shift(struct console *c, const char *rest)
{
	int hour, minute, end = 0;

	if (sscanf(rest, "%2d:%2d%n", &hour, &minute, &end) != 2 || rest[end] || hour < 0 ||
	        hour > 23 || minute < 0 || minute > 59) {
		view_error(c->view,
		        "/shift takes the time at which you stop, for example /shift 22:00");
		return false;
	}
	Frame *f = client_frame(HOLDFAST__V1__FRAME__BODY_SET_PRESENCE);
	f->set_presence->shift_end_ms = next_time(server_now(c), hour, minute);
	return commands_ask(c, f, NULL, "noted: a while before, offers end", NULL);
}

void duty_break_offered(struct console *c)
{
	view_you(c->view,
	        "that was somebody in danger. /break if you want one; you get fewer people for "
	        "a while");
}

void duty_shift_ending(struct console *c, const Holdfast__V1__ShiftEnding *news)
{
	int64_t minutes = (news->shift_end_ms - server_now(c)) / MINUTE_MS;

	view_you(c->view,
	        "your shift ends in %lld minutes: no more offers; bring to an end, or hand over, "
	        "what "
	        "you hold",
	        (long long)minutes);
}

// ---- whom one knows

bool duty_know(struct console *c, const char *rest)
{
	const struct talk *talk = console_current(c);
	Frame *f;

	(void)rest;
	if (!talk) {
		view_error(c->view, "you hold nobody; of an offer say /decline know_them");
		return false;
	}
	f = client_frame(HOLDFAST__V1__FRAME__BODY_RECUSE);
	f->recuse->conversation = xstrdup(talk->id);
	f->recuse->epoch = talk->epoch;
	return commands_ask(c, f, NULL, "noted: you are never asked for this person again", NULL);
}
