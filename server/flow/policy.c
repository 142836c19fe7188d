// SPDX-License-Identifier: Apache-2.0
// Escalation policies: snapshots, and who their targets are at a given moment.
#include "policy.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "staff.h"

static json_t *strings(char *const *list, unsigned count)
{
	json_t *array = json_array();
	for (unsigned i = 0; i < count; i++)
		json_array_append_new(array, json_string(list[i]));
	return array;
}

char *policy_snapshot(const struct config_policy *c)
{
	json_t *levels = json_array();
	for (unsigned i = 0; i < c->levels_count; i++)
		json_array_append_new(
		        levels, json_pack("{s:o, s:I}", "targets",
		                        strings(c->levels[i].targets, c->levels[i].targets_count),
		                        "delay_s", (json_int_t)c->levels[i].delay_s));
	json_t *policy = json_pack("{s:s, s:s, s:o, s:I, s:I, s:o}", "name", c->name, "line",
	        c->line, "levels", levels, "repeats", (json_int_t)c->repeats, "acknowledge_s",
	        (json_int_t)c->acknowledge_s, "catch_all",
	        strings(c->catch_all, c->catch_all_count));
	char *text = json_dumps(policy, JSON_COMPACT);
	json_decref(policy);
	return text;
}

static char **list(const json_t *array, unsigned *count)
{
	char **out = xcalloc(json_array_size(array) + 1, sizeof *out);
	*count = 0;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *s = json_string_value(json_array_get(array, i));
		if (s)
			out[(*count)++] = xstrdup(s);
	}
	return out;
}

static char *text_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));
	return xstrdup(s ? s : "");
}

static uint32_t seconds(const json_t *object, const char *key)
{
	return (uint32_t)json_integer_value(json_object_get(object, key));
}

struct policy *policy_parse(struct bytes json)
{
	json_t *root = json.len ? json_loadb((const char *)json.data, json.len, 0, NULL) : NULL;
	const json_t *levels = json_object_get(root, "levels");
	if (json_array_size(levels) == 0) {
		json_decref(root);
		return NULL;
	}
	struct policy *p = xcalloc(1, sizeof *p);
	struct config_policy *c = &p->config;
	c->name = text_of(root, "name");
	c->line = text_of(root, "line");
	c->repeats = seconds(root, "repeats");
	c->acknowledge_s = seconds(root, "acknowledge_s");
	c->catch_all = list(json_object_get(root, "catch_all"), &c->catch_all_count);
	c->levels_count = (unsigned)json_array_size(levels);
	c->levels = xcalloc(c->levels_count, sizeof *c->levels);
	for (unsigned i = 0; i < c->levels_count; i++) {
		const json_t *level = json_array_get(levels, i);
		c->levels[i].delay_s = seconds(level, "delay_s");
		c->levels[i].targets =
		        list(json_object_get(level, "targets"), &c->levels[i].targets_count);
	}
	json_decref(root);
	return p;
}

static void free_list(char **strings_, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		free(strings_[i]);
	free(strings_);
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	struct config_policy *c = &p->config;
	for (unsigned i = 0; i < c->levels_count; i++)
		free_list(c->levels[i].targets, c->levels[i].targets_count);
	free(c->levels);
	free_list(c->catch_all, c->catch_all_count);
	free(c->name);
	free(c->line);
	free(p);
}

struct gather {
	struct flow *flow;
	const struct staff_member **out;
	size_t count;
	size_t max;
};

static void gather_person(const char *name, void *arg)
{
	struct gather *g = arg;
	const struct staff_member *m = staff_find(g->flow->staff, name);
	if (!m || m->phone.len == 0 || g->count == g->max)
		return;
	for (size_t i = 0; i < g->count; i++)
		if (g->out[i] == m)
			return;
	g->out[g->count++] = m;
}

static void gather_schedule(struct gather *g, const char *name, int64_t at_ms)
{
	for (unsigned i = 0; i < g->flow->config->schedules_count; i++)
		if (strcmp(g->flow->config->schedules[i].name, name) == 0)
			rota_on_call(g->flow->rotas[i], at_ms, gather_person, g);
}

size_t policy_people(struct flow *f, char *const *targets, unsigned targets_count, int64_t at_ms,
        const struct staff_member **out, size_t max)
{
	struct gather g = {.flow = f, .out = out, .max = max};
	for (unsigned i = 0; i < targets_count; i++) {
		if (strncmp(targets[i], "schedule:", 9) == 0)
			gather_schedule(&g, targets[i] + 9, at_ms);
		else if (strncmp(targets[i], "person:", 7) == 0)
			gather_person(targets[i] + 7, &g);
	}
	return g.count;
}
