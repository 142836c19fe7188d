// SPDX-License-Identifier: Apache-2.0
// One automatic text: its words, sealed, into the outbox.
#include "say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "history.h"

struct saying {
	struct pool *pool;
	char conversation[POOL_ID_MAX];
	char message[POOL_ID_MAX];
	struct say_what what;
	char mark[32];
	char kept_field[16];
	char kept[24];
	say_fn fn;
	void *arg;
};

static void saying_end(struct saying *s, enum store_code code)
{
	if (code == STORE_OK)
		log_info("conversation=%s event=said text=%s message=%s", s->conversation,
		        text_row(s->what.id)->name, s->message);
	else if (code != STORE_DUPLICATE && code != STORE_GONE)
		log_warn("conversation=%s event=not_said text=%s code=%s", s->conversation,
		        text_row(s->what.id)->name, store_code_name(code));
	if (s->fn)
		s->fn(code, s->arg);
	free(s);
}

static void on_said(const struct store_answer *a, void *arg)
{
	saying_end(arg, a->code == STORE_SHORT ? STORE_OK : a->code);
}

static void fill(const struct say_what *what, const struct config_line *line, const char *language,
        const char *words, struct buf *out)
{
	struct buf range = {0}, opens = {0};
	if (what->high_ms > 0)
		text_range(language, what->low_ms, what->high_ms, &range);
	text_moment(language, (unsigned)what->opens_weekday, what->opens_minute, &opens);
	const struct text_word values[] = {
	        {"line", *line->name ? line->name : line->number},
	        {"emergency", line->emergency},
	        {"range", buf_str(&range)},
	        {"opens", buf_str(&opens)},
	};
	text_fill(words, values, sizeof values / sizeof values[0], out);
	buf_free(&range);
	buf_free(&opens);
}

static void send(struct saying *s, const struct conversation_view *view,
        const struct conversation_key *key, struct bytes text)
{
	const struct text_row *row = text_row(s->what.id);
	struct buf sealed = {0};
	vault_seal(key, s->conversation, s->message, "out", text, &sealed);
	const struct store_automatic automatic = {
	        .pool = s->pool->config->name,
	        .conversation = s->conversation,
	        .message = s->message,
	        .text = row->name,
	        .mark = s->mark,
	        .condition = row->condition,
	        .valid_ms = (int64_t)row->valid_s * 1000,
	        .sealed_text = buf_bytes(&sealed),
	        .gateway = conversation_gateway(s->pool->flow, view),
	        .line = view->line,
	        .texter = view->texter,
	        .kept_field = s->kept_field,
	        .kept = s->kept,
	        .told_ms = s->what.told_ms,
	};
	store_say(s->pool->flow->store, &automatic, on_said, s);
	buf_free(&sealed);
}

static void say_to(struct saying *s, const struct conversation_view *view)
{
	const struct config *config = s->pool->flow->config;
	const struct config_line *line = config_line(config, view->line);
	const char *language = *view->language || !line ? view->language : line->language;
	const char *words = line ? text_template(config, line, language, s->what.id) : "";
	struct conversation_key key;
	struct buf text = {0};
	if (!*words) {
		saying_end(s, STORE_GONE);
		return;
	}
	if (!vault_unwrap(s->pool->flow->vault, s->conversation, view->key, &key)) {
		log_error("conversation=%s event=key_unreadable", s->conversation);
		saying_end(s, STORE_GONE);
		return;
	}
	fill(&s->what, line, language, words, &text);
	send(s, view, &key, buf_bytes(&text));
	conversation_key_wipe(&key);
	buf_free(&text);
}

static void on_conversation(const struct store_answer *a, void *arg)
{
	struct saying *s = arg;
	struct conversation_view view;
	if (a->code != STORE_OK)
		saying_end(s, a->code);
	else if (!conversation_view(a->reply, &view) || view.erased_ms)
		saying_end(s, STORE_NOT_FOUND);
	else
		say_to(s, &view);
}

void say(
        struct pool *p, const char *conversation, const struct say_what *what, say_fn fn, void *arg)
{
	const struct text_row *row = text_row(what->id);
	const char *mark = what->mark ? what->mark : row->once ? row->name : "";
	if (!p->config->automatic) {
		if (fn)
			fn(STORE_GONE, arg);
		return;
	}
	struct saying *s = xcalloc(1, sizeof *s);
	s->pool = p;
	s->what = *what;
	s->what.mark = s->what.kept_field = s->what.kept = NULL;
	s->fn = fn;
	s->arg = arg;
	snprintf(s->conversation, sizeof s->conversation, "%s", conversation);
	snprintf(s->mark, sizeof s->mark, "%s", mark);
	snprintf(s->kept_field, sizeof s->kept_field, "%s",
	        what->kept_field ? what->kept_field : "");
	snprintf(s->kept, sizeof s->kept, "%s", what->kept ? what->kept : "");
	pool_id_new(p, s->message);
	store_conversation(p->flow->store, p->config->name, s->conversation, on_conversation, s);
}
