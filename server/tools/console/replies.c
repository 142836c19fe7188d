// SPDX-License-Identifier: Apache-2.0
// Replies on their way to the server: kept until it has them, sent again under the same client_id.
#include <stdlib.h>
#include <string.h>

#include "base/errors.h"
#include "base/id.h"
#include "base/utf8.h"
#include "console.h"

#define RETRY_MS       2000
#define CHARACTERS_MAX 1600

static void draft_remove(struct console *c, struct draft *d)
{
	struct draft **at = &c->drafts;

	while (*at && *at != d)
		at = &(*at)->next;
	if (*at)
		*at = d->next;
	mem_wipe(d->text, strlen(d->text));
	free(d->text);
	free(d->conversation);
	free(d);
}

static struct draft *draft_find(const struct console *c, const char *client_id)
{
	struct draft *d = c->drafts;

	while (d && strcmp(d->client_id, client_id) != 0)
		d = d->next;
	return d;
}

// An answer finds its draft by the client_id, which travels as the argument.
struct answer {
	struct console *console;
	char client_id[ID_LEN + 1];
};

static void retry(void *arg)
{
	replies_flush(arg);
}

static bool again_later(const Frame *answer)
{
	enum err e = answer->body_case == HOLDFAST__V1__FRAME__BODY_RESULT
	                     ? err_from_code(answer->result->code)
	                     : ERR_INTERNAL;

	return e == ERR_UNAVAILABLE || e == ERR_TOO_MANY || e == ERR_DRAINING;
}

static void refused(struct console *c, struct draft *d, const char *why)
{
	const struct talk *talk = talks_by_id(&c->talks, d->conversation);

	if (talk)
		view_said(c->view, true, talk->number, "you", d->text, "NOT SENT", why);
	else
		view_error(c->view, "NOT SENT (%s): %s", why, d->text);
	draft_remove(c, d);
	console_maybe_stop(c);
}

static void on_reply(const Frame *answer, void *arg)
{
	struct answer *a = arg;
	struct console *c = a->console;
	struct draft *d = draft_find(c, a->client_id);
	const char *text;

	free(a);
	if (!d)
		return;
	d->under_way = false;
	if (!answer)
		return; // it goes out again after signing in
	if (client_answered(answer, HOLDFAST__V1__FRAME__BODY_REPLY_QUEUED, &text)) {
		draft_remove(c, d);
		if (answer->reply_queued->message)
			console_message(c, answer->reply_queued->message);
		console_maybe_stop(c);
	} else if (again_later(answer)) {
		(void)loop_timer(c->loop, RETRY_MS, retry, c);
	} else {
		refused(c, d, text);
	}
}

static void send_draft(struct console *c, struct draft *d, const struct talk *talk)
{
	Frame *f = client_frame(HOLDFAST__V1__FRAME__BODY_REPLY);
	struct answer *a = xcalloc(1, sizeof(*a));

	a->console = c;
	memcpy(a->client_id, d->client_id, sizeof(a->client_id));
	f->reply->conversation = xstrdup(d->conversation);
	f->reply->epoch = talk->epoch;
	f->reply->client_id = xstrdup(d->client_id);
	f->reply->text = xstrdup(d->text);
	d->under_way = client_request(c->client, f, on_reply, a);
	if (!d->under_way)
		free(a);
	frame_free(f);
}

void replies_flush(struct console *c)
{
	struct draft *next;

	if (!client_ready(c->client))
		return;
	for (struct draft *d = c->drafts; d; d = next) {
		const struct talk *talk = talks_by_id(&c->talks, d->conversation);
		next = d->next;
		if (!talk)
			refused(c, d, "somebody else has this conversation now");
		else if (!d->under_way)
			send_draft(c, d, talk);
	}
}

static size_t count_characters(const char *text)
{
	struct bytes in = bytes_str(text);
	size_t pos = 0, count = 0;

	for (; pos < in.len; count++)
		(void)utf8_next(in, &pos);
	return count;
}

void replies_add(struct console *c, const struct talk *talk, const char *text)
{
	struct draft **at = &c->drafts;
	size_t characters = count_characters(text);
	struct draft *d;

	if (characters > CHARACTERS_MAX) {
		view_error(c->view, "NOT SENT: %zu characters are too many, %d is the limit",
		        characters, CHARACTERS_MAX);
		return;
	}
	d = xcalloc(1, sizeof(*d));
	id_new(d->client_id);
	d->conversation = xstrdup(talk->id);
	d->text = xstrdup(text);
	while (*at)
		at = &(*at)->next;
	*at = d;
	if (!client_ready(c->client))
		view_note(c->view, talk->number,
		        "no connection; your reply goes out when it is back");
	replies_flush(c);
}

void replies_free(struct console *c)
{
	while (c->drafts)
		draft_remove(c, c->drafts);
}
