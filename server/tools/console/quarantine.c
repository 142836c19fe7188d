// SPDX-License-Identifier: Apache-2.0
// What a supervisor types about the quarantine: list, read, release, discard.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../common/quarantined.h"
#include "../common/words.h"
#include "base/utf8.h"
#include "console.h"

static bool send(struct console *c, Frame *f, client_answer_fn fn)
{
	c->waiting = client_request(c->client, f, fn, c);
	frame_free(f);
	if (!c->waiting)
		view_error(c->view, "no connection now; try again");
	return c->waiting;
}

// Cuts off the first word of *rest; the caller frees it.
static char *next_word(const char **rest)
{
	size_t len = strcspn(*rest, " \t");
	char *word = xstrndup(*rest, len);

	*rest += len + strspn(*rest + len, " \t");
	return word;
}

static bool need(struct console *c, const char *rest, const char *usage)
{
	if (!*rest)
		view_error(c->view, "type %s", usage);
	return *rest;
}

// ---- list

static void on_list(const Frame *answer, void *arg)
{
	struct console *c = arg;
	struct buf text = {0}, safe = {0};
	char came[DURATION_MAX];
	const char *why;

	if (!client_answered(answer, HOLDFAST__V1__FRAME__BODY_QUARANTINE, &why)) {
		view_error(c->view, "not done: %s", why);
		commands_asked(c);
		return;
	}
	const Holdfast__V1__Quarantine *q = answer->quarantine;
	buf_printf(&text, "%" PRIu64 " in the quarantine", q->total);
	for (size_t i = 0; i < q->n_entries; i++) {
		const Holdfast__V1__Quarantined *e = q->entries[i];
		buf_printf(&text, "\n  %s  %s  %s",
		        word_time(came, e->at_ms + c->clock_offset_ms, console_now(c)), e->id,
		        e->reason);
	}
	utf8_for_terminal(buf_bytes(&text), &safe);
	view_plain(c->view, buf_str(&safe));
	buf_free(&text);
	buf_free(&safe);
	commands_asked(c);
}

bool run_quarantine(struct console *c, const char *rest)
{
	(void)rest;
	return send(c, client_frame(HOLDFAST__V1__FRAME__BODY_GET_QUARANTINE), on_list);
}

// ---- read

static void on_read(const Frame *answer, void *arg)
{
	struct console *c = arg;
	struct buf text = {0};
	const char *why;

	if (client_answered(answer, HOLDFAST__V1__FRAME__BODY_QUARANTINED, &why)) {
		quarantined_text(answer->quarantined, &text);
		view_plain(c->view, buf_str(&text));
	} else {
		view_error(c->view, "not done: %s", why);
	}
	buf_wipe(&text);
	commands_asked(c);
}

bool run_read(struct console *c, const char *rest)
{
	Frame *f;

	if (!need(c, rest, "/read ID; see /quarantine"))
		return false;
	f = client_frame(HOLDFAST__V1__FRAME__BODY_READ_QUARANTINED);
	f->read_quarantined->id = next_word(&rest);
	return send(c, f, on_read);
}

// ---- release and discard

bool run_release(struct console *c, const char *rest)
{
	Frame *f = client_frame(HOLDFAST__V1__FRAME__BODY_RELEASE_QUARANTINED);
	Holdfast__V1__ReleaseQuarantined *r = f->release_quarantined;

	r->id = next_word(&rest);
	r->line = next_word(&rest);
	r->from = next_word(&rest);
	r->text = xstrdup(rest);
	if (need(c, rest, "/release ID LINE NUMBER TEXT"))
		return commands_ask(c, f, NULL, "released: it is a text now", NULL);
	frame_free(f);
	return false;
}

bool run_discard(struct console *c, const char *rest)
{
	Frame *f = client_frame(HOLDFAST__V1__FRAME__BODY_DISCARD_QUARANTINED);

	f->discard_quarantined->id = next_word(&rest);
	f->discard_quarantined->reason = xstrdup(rest);
	if (need(c, rest, "/discard ID REASON"))
		return commands_ask(c, f, NULL, "discarded; its ID still works for 30 days", NULL);
	frame_free(f);
	return false;
}
