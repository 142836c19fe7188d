// SPDX-License-Identifier: Apache-2.0
// `holdfastctl texts`: what texters are told automatically, in which words, and what it costs.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/table.h"
#include "base/gsm7.h"
#include "base/texts.h"
#include "ctl.h"

// The longest that the blanks usually become.
static struct sms_shape shape_of(const struct config_line *line, const char *words)
{
	const struct text_word values[] = {
	        {"line", *line->name ? line->name : line->number},
	        {"emergency", line->emergency},
	        {"range", "55 to 120 minutes"},
	        {"opens", "Mon 08:00"},
	};
	struct buf text = {0};
	text_fill(words, values, sizeof(values) / sizeof(values[0]), &text);
	struct sms_shape shape = sms_shape(buf_bytes(&text));
	buf_free(&text);
	return shape;
}

static const struct config_pool *pool_of(const struct config *c, const struct config_line *line)
{
	const struct config_pool *pool = config_pool(c, line->pool);
	return pool && pool->automatic ? pool : NULL;
}

struct shown {
	struct table *table; // or NULL
	json_t *list;
};

static void show_text(struct shown *out, const struct config *c, const struct config_line *line,
        const char *language, enum text_id id)
{
	const char *words = pool_of(c, line) ? text_template(c, line, language, id) : "";
	const struct sms_shape shape = shape_of(line, words);
	const char *alphabet = !*words ? "off" : shape.gsm7 ? "GSM-7" : "UCS-2";
	size_t parts = *words ? shape.segments : 0;
	if (!out->table) {
		json_array_append_new(out->list,
		        json_pack("{s:s, s:s, s:s, s:I, s:s, s:s}", "line", line->number,
		                "language", language, "name", text_row(id)->name, "parts",
		                (json_int_t)parts, "alphabet", alphabet, "text", words));
		return;
	}
	table_cell(out->table, "%s", line->number);
	table_cell(out->table, "%s", language);
	table_cell(out->table, "%s", text_row(id)->name);
	table_cell(out->table, "%zu", parts);
	table_cell(out->table, "%s", alphabet);
	table_cell(out->table, "%s", words);
}

static void show_lines(struct shown *out, const struct ctl *c)
{
	const struct config *config = c->settings.config;
	const char *only = args_value(&c->args, "--line");
	const char *language = args_value(&c->args, "--language");
	for (unsigned i = 0; i < config->lines_count; i++) {
		const struct config_line *line = &config->lines[i];
		if (only && strcmp(only, line->number) != 0)
			continue;
		for (enum text_id id = 0; id < TEXTS_COUNT; id++)
			show_text(out, config, line, language ? language : line->language, id);
	}
}

static void print_json(json_t *list)
{
	json_t *answer = json_pack("{s:o}", "texts", list);
	char *text = json_dumps(answer, JSON_INDENT(2));
	puts(text);
	free(text);
	json_decref(answer);
}

int run_texts(struct ctl *c)
{
	static const char *const headings[] = {
	        "LINE", "LANGUAGE", "NAME", "PARTS", "ALPHABET", "TEXT"};
	struct buf error = {0};
	const char *language = args_value(&c->args, "--language");
	if (language && !text_is_language(language))
		return ctl_fail(EXIT_USAGE, "%s is not a language like en, es or fr", language);
	if (!settings_load(&c->settings, &c->args, &error)) {
		int code = ctl_fail(EXIT_FAILED, "%s", buf_str(&error));
		buf_free(&error);
		return code;
	}
	struct shown out = {NULL, NULL};
	if (c->json)
		out.list = json_array();
	else
		out.table = table_new(headings, sizeof(headings) / sizeof(headings[0]));
	show_lines(&out, c);
	if (c->json)
		print_json(out.list);
	else
		table_print(out.table);
	return EXIT_DONE;
}
