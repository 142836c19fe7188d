// SPDX-License-Identifier: Apache-2.0
// Where each key of the configuration file stands, and mistakes that name the place.
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/log.h"
#include "config_private.h"

#define MAX_DEPTH 8 // the schema needs 6; anchors that hold themselves have no end

struct config_key config_key(const char *format, ...)
{
	struct config_key key;
	va_list args;
	va_start(args, format);
	vsnprintf(key.path, sizeof key.path, format, args);
	va_end(args);
	return key;
}

bool config_has(const struct config_report *r, const char *path)
{
	return strmap_get(r->lines, path) != NULL;
}

// "a[1].b" -> "a[1]" -> "a" -> ""
static void drop_last_part(char *path)
{
	size_t len = strlen(path);
	while (len && path[len] != '.' && path[len] != '[')
		len--;
	path[len] = '\0';
}

static size_t line_of(const struct config_report *r, const char *path)
{
	struct config_key at = config_key("%s", path);
	while (at.path[0] && !config_has(r, at.path))
		drop_last_part(at.path);
	return at.path[0] ? (size_t)(uintptr_t)strmap_get(r->lines, at.path) : 1;
}

static void begin_mistake(struct config_report *r, size_t line, const char *path)
{
	buf_printf(r->errors, "%s:%zu: ", r->file, line);
	if (*path)
		buf_printf(r->errors, "%s: ", path);
	r->mistakes++;
}

void config_mistake(struct config_report *r, const char *path, const char *format, ...)
{
	va_list args;
	begin_mistake(r, line_of(r, path), path);
	va_start(args, format);
	buf_vprintf(r->errors, format, args);
	va_end(args);
	buf_append_char(r->errors, '\n');
}

static void note(struct config_report *r, const char *path, const yaml_node_t *node)
{
	strmap_put(r->lines, path, (void *)(uintptr_t)(node->start_mark.line + 1));
}

static void visit(struct config_report *r, yaml_document_t *doc, yaml_node_t *node,
        const char *path, int depth);

static void visit_mapping(struct config_report *r, yaml_document_t *doc, yaml_node_t *node,
        const char *path, int depth)
{
	yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	for (; pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *name = yaml_document_get_node(doc, pair->key);
		if (name->type != YAML_SCALAR_NODE)
			continue;
		struct config_key key = config_key(
		        "%s%s%s", path, *path ? "." : "", (const char *)name->data.scalar.value);
		note(r, key.path, name);
		visit(r, doc, yaml_document_get_node(doc, pair->value), key.path, depth);
	}
}

static void visit_sequence(struct config_report *r, yaml_document_t *doc, yaml_node_t *node,
        const char *path, int depth)
{
	yaml_node_item_t *item = node->data.sequence.items.start;
	for (unsigned i = 0; item < node->data.sequence.items.top; item++, i++) {
		yaml_node_t *entry = yaml_document_get_node(doc, *item);
		struct config_key key = config_key("%s[%u]", path, i);
		note(r, key.path, entry);
		visit(r, doc, entry, key.path, depth);
	}
}

static void visit(struct config_report *r, yaml_document_t *doc, yaml_node_t *node,
        const char *path, int depth)
{
	if (depth >= MAX_DEPTH)
		return;
	if (node->type == YAML_MAPPING_NODE)
		visit_mapping(r, doc, node, path, depth + 1);
	else if (node->type == YAML_SEQUENCE_NODE)
		visit_sequence(r, doc, node, path, depth + 1);
}

static void report_syntax(struct config_report *r, const yaml_parser_t *parser)
{
	begin_mistake(r, parser->problem_mark.line + 1, "");
	buf_printf(r->errors, "not YAML: %s\n", parser->problem ? parser->problem : "unreadable");
}

bool config_find_lines(struct config_report *r, struct bytes text)
{
	yaml_parser_t parser;
	yaml_document_t doc;
	if (!yaml_parser_initialize(&parser))
		fatal("event=out_of_memory part=yaml");
	yaml_parser_set_input_string(&parser, text.data, text.len);
	bool ok = yaml_parser_load(&parser, &doc);
	if (ok) {
		yaml_node_t *root = yaml_document_get_root_node(&doc);
		if (root)
			visit(r, &doc, root, "", 0);
		yaml_document_delete(&doc);
	} else {
		report_syntax(r, &parser);
	}
	yaml_parser_delete(&parser);
	return ok;
}
