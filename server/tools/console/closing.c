// SPDX-License-Identifier: Apache-2.0
// What a counselor types at the end of a conversation, and what is shown of earlier ones.
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../common/words.h"
#include "console.h"

#define TAGS_MAX 16
// Of a summary, so that one conversation is one line or two.
#define SHOWN_MAX 240

// The words of `rest` into a list that a frame owns; false after having said that they are too
// many.
static bool take_tags(struct console *c, const char *rest, size_t *count, char ***out)
{
	char *all = xstrdup(rest), *at = all;

	*out = xcalloc(TAGS_MAX, sizeof(char *));
	for (char *word; (word = strsep(&at, " \t")) != NULL;) {
		if (!*word)
			continue;
		if (*count == TAGS_MAX) {
			view_error(c->view, "at most %d tags", TAGS_MAX);
			free(all);
			return false;
		}
		(*out)[(*count)++] = xstrdup(word);
	}
	free(all);
	return true;
}

static void now_closed(struct console *c, const char *conversation)
{
	struct talk *talk = talks_by_id(&c->talks, conversation);

	if (talk)
		talk->state = HOLDFAST__V1__STATE__STATE_WRAP_UP;
}

bool run_close(struct console *c, const char *rest)
{
	const struct talk *talk = need_current(c);
	size_t len = strcspn(rest, " \t");
	Frame *f;

	if (!talk)
		return false;
	if (!*rest) {
		view_error(c->view, "with which outcome? For example: /close safe_for_now");
		return false;
	}
	f = client_frame(HOLDFAST__V1__FRAME__BODY_CLOSE);
	f->close->conversation = xstrdup(talk->id);
	f->close->epoch = talk->epoch;
	f->close->outcome = xstrndup(rest, len);
	f->close->sequence = talk_complete_to(talk);
	if (take_tags(c, rest + len, &f->close->n_tags, &f->close->tags))
		return commands_ask(c, f, talk->id,
		        "closed; /summary TEXT for whoever has them next, /finish when your notes "
		        "are done",
		        now_closed);
	frame_free(f);
	return false;
}

static void now_finished(struct console *c, const char *conversation)
{
	struct talk *talk = talks_by_id(&c->talks, conversation);

	if (talk)
		console_drop_talk(c, talk, "finished");
}

bool run_finish(struct console *c, const char *rest)
{
	const struct talk *talk = need_current(c);
	Frame *f;

	if (!talk)
		return false;
	if (talk->state != HOLDFAST__V1__STATE__STATE_WRAP_UP) {
		view_error(c->view, "it is still open: /close OUTCOME first");
		return false;
	}
	f = client_frame(HOLDFAST__V1__FRAME__BODY_FINISH_WRAP_UP);
	f->finish_wrap_up->conversation = xstrdup(talk->id);
	f->finish_wrap_up->epoch = talk->epoch;
	if (take_tags(c, rest, &f->finish_wrap_up->n_tags, &f->finish_wrap_up->tags))
		return commands_ask(c, f, talk->id, "your place is free again", now_finished);
	frame_free(f);
	return false;
}

static bool add_note(struct console *c, const char *rest, bool summary)
{
	const struct talk *talk = need_current(c);
	Frame *f;

	if (!talk)
		return false;
	if (!*rest) {
		view_error(c->view, "type %s TEXT", summary ? "/summary" : "/note");
		return false;
	}
	f = client_frame(HOLDFAST__V1__FRAME__BODY_ADD_NOTE);
	f->add_note->conversation = xstrdup(talk->id);
	f->add_note->text = xstrdup(rest);
	f->add_note->summary = summary;
	return commands_ask(c, f, NULL, "noted", NULL);
}

bool run_note(struct console *c, const char *rest)
{
	return add_note(c, rest, false);
}

bool run_summary(struct console *c, const char *rest)
{
	return add_note(c, rest, true);
}

void console_previous(struct console *c, const struct talk *talk, const Holdfast__V1__Previous *one)
{
	char when[24];
	time_t at = (time_t)(one->closed_ms / 1000);
	struct tm local;
	struct buf tags = {0};

	strftime(when, sizeof when, "%Y-%m-%d %H:%M", localtime_r(&at, &local));
	word_list(&tags, one->tags, one->n_tags, "");
	view_note(c->view, talk->number, "earlier, %s, %s, %s%s%s%s%.*s%s", when,
	        word_level(one->level), *one->outcome ? one->outcome : "no outcome",
	        tags.len ? ", " : "", buf_str(&tags), *one->summary ? ": " : "", SHOWN_MAX,
	        one->summary, strlen(one->summary) > SHOWN_MAX ? " …" : "");
	buf_free(&tags);
}
