// SPDX-License-Identifier: Apache-2.0
// The table of configuration keys, and loading a file into struct config.
#include "base/config.h"

#include <cyaml/cyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_private.h"

#define MAX_FILE   (1024 * 1024)
#define MAX_STRING 1024
#define MAX_LIST   1000

// Every key is optional to libcyaml: config_check() names what is missing, all of it at once.
#define STRING(type, key) STRING_AS(#key, type, key)
#define STRING_AS(name, type, member)                                                              \
	CYAML_FIELD_STRING_PTR(                                                                    \
	        name, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER_NULL, type, member, 0, MAX_STRING)
#define NUMBER(type, key) CYAML_FIELD_UINT(#key, CYAML_FLAG_OPTIONAL, type, key)
// libcyaml takes any word for a CYAML_BOOL; a strict enum takes these only.
#define BOOLEAN(type, key)                                                                         \
	CYAML_FIELD_ENUM(#key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, type, key, booleans,       \
	        sizeof booleans / sizeof *booleans)
#define MAPPING(type, key, fields) MAPPING_AS(#key, type, key, fields)
#define MAPPING_AS(name, type, member, fields)                                                     \
	CYAML_FIELD_MAPPING(name, CYAML_FLAG_OPTIONAL, type, member, fields)
#define LIST(type, key, entry)                                                                     \
	CYAML_FIELD_SEQUENCE(                                                                      \
	        #key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, type, key, entry, 0, MAX_LIST)
#define ENTRY(type, fields)                                                                        \
	{                                                                                          \
		CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, type, fields)                              \
	}

_Static_assert(sizeof(bool) == 1, "a bool is written as an enum of one byte");
static const cyaml_strval_t booleans[] = {
        {"false", 0},
        {"true", 1},
        {"no", 0},
        {"yes", 1},
};

static const cyaml_schema_value_t string_entry = {
        CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, MAX_STRING)};

static const cyaml_schema_field_t tls_listener_fields[] = {
        STRING(struct config_tls_listener, address),
        NUMBER(struct config_tls_listener, port),
        STRING(struct config_tls_listener, certificate_file),
        STRING(struct config_tls_listener, key_file),
        STRING(struct config_tls_listener, client_ca_file),
        CYAML_FIELD_END,
};

static const cyaml_schema_field_t admin_fields[] = {
        STRING(struct config_admin, address),
        NUMBER(struct config_admin, port),
        CYAML_FIELD_END,
};

static const cyaml_schema_field_t listeners_fields[] = {
        MAPPING_AS("gateways", struct config, gateways_listener, tls_listener_fields),
        MAPPING_AS("consoles", struct config, consoles_listener, tls_listener_fields),
        MAPPING_AS("admin", struct config, admin_listener, admin_fields),
        CYAML_FIELD_END,
};

static const cyaml_schema_field_t endpoint_fields[] = {
        STRING(struct config_endpoint, host),
        NUMBER(struct config_endpoint, port),
        CYAML_FIELD_END,
};
static const cyaml_schema_value_t endpoint_entry = ENTRY(struct config_endpoint, endpoint_fields);

static const cyaml_schema_field_t redis_fields[] = {
        BOOLEAN(struct config_redis, embedded),
        STRING(struct config_redis, socket),
        STRING(struct config_redis, host),
        NUMBER(struct config_redis, port),
        STRING(struct config_redis, user),
        STRING(struct config_redis, password_file),
        BOOLEAN(struct config_redis, tls),
        STRING(struct config_redis, ca_file),
        STRING(struct config_redis, certificate_file),
        STRING(struct config_redis, key_file),
        LIST(struct config_redis, sentinels, &endpoint_entry),
        STRING(struct config_redis, master_name),
        STRING(struct config_redis, sentinel_user),
        STRING(struct config_redis, sentinel_password_file),
        CYAML_FIELD_END,
};

static const cyaml_schema_field_t durability_fields[] = {
        NUMBER(struct config_durability, copies),
        CYAML_FIELD_END,
};

static const cyaml_schema_field_t spool_fields[] = {
        NUMBER(struct config_spool, size_mb),
        NUMBER(struct config_spool, page_after_s),
        CYAML_FIELD_END,
};

static const cyaml_schema_field_t ctl_fields[] = {
        STRING(struct config_ctl, user),
        STRING(struct config_ctl, password_file),
        STRING(struct config_ctl, url),
        STRING(struct config_ctl, ca_file),
        CYAML_FIELD_END,
};

static const cyaml_schema_field_t gateway_fields[] = {
        STRING(struct config_gateway, name),
        STRING(struct config_gateway, provider),
        STRING(struct config_gateway, account),
        STRING(struct config_gateway, secret_file),
        STRING(struct config_gateway, path_secret_file),
        BOOLEAN(struct config_gateway, require_client_certificate),
        STRING(struct config_gateway, public_url),
        STRING(struct config_gateway, send_url),
        STRING(struct config_gateway, send_socket),
        STRING(struct config_gateway, send_ca_file),
        NUMBER(struct config_gateway, validity_s),
        NUMBER(struct config_gateway, rate_per_s),
        CYAML_FIELD_END,
};
static const cyaml_schema_value_t gateway_entry = ENTRY(struct config_gateway, gateway_fields);

static const cyaml_schema_field_t keyword_fields[] = {
        STRING(struct config_keyword, word),
        STRING(struct config_keyword, partner),
        STRING(struct config_keyword, language),
        LIST(struct config_keyword, require, &string_entry),
        LIST(struct config_keyword, want, &string_entry),
        CYAML_FIELD_END,
};
static const cyaml_schema_value_t keyword_entry = ENTRY(struct config_keyword, keyword_fields);

static const cyaml_schema_field_t line_fields[] = {
        STRING(struct config_line, number),
        STRING(struct config_line, name),
        STRING(struct config_line, gateway),
        STRING(struct config_line, pool),
        STRING(struct config_line, language),
        STRING(struct config_line, emergency),
        LIST(struct config_line, require, &string_entry),
        LIST(struct config_line, want, &string_entry),
        LIST(struct config_line, keywords, &keyword_entry),
        CYAML_FIELD_END,
};
static const cyaml_schema_value_t line_entry = ENTRY(struct config_line, line_fields);

static const cyaml_schema_field_t text_fields[] = {
        STRING(struct config_text, line),
        STRING(struct config_text, language),
        STRING(struct config_text, name),
        STRING(struct config_text, text),
        CYAML_FIELD_END,
};
static const cyaml_schema_value_t text_entry = ENTRY(struct config_text, text_fields);

static const cyaml_schema_field_t by_level_fields[] = {
        NUMBER(struct config_by_level, imminent_s),
        NUMBER(struct config_by_level, high_s),
        NUMBER(struct config_by_level, unknown_s),
        NUMBER(struct config_by_level, medium_s),
        NUMBER(struct config_by_level, low_s),
        CYAML_FIELD_END,
};

static const cyaml_schema_field_t counselor_silence_fields[] = {
        NUMBER(struct config_counselor_silence, nudge_s),
        NUMBER(struct config_counselor_silence, supervisor_s),
        NUMBER(struct config_counselor_silence, reroute_s),
        CYAML_FIELD_END,
};

static const cyaml_schema_field_t ring_fields[] = {
        NUMBER(struct config_ring, after_s),
        LIST(struct config_ring, drop, &string_entry),
        CYAML_FIELD_END,
};
static const cyaml_schema_value_t ring_entry = ENTRY(struct config_ring, ring_fields);

static const cyaml_schema_field_t delete_words_fields[] = {
        STRING(struct config_delete_words, language),
        LIST(struct config_delete_words, words, &string_entry),
        CYAML_FIELD_END,
};
static const cyaml_schema_value_t delete_words_entry =
        ENTRY(struct config_delete_words, delete_words_fields);

static const cyaml_schema_field_t capacity_fields[] = {
        NUMBER(struct config_capacity, novice),
        NUMBER(struct config_capacity, standard),
        NUMBER(struct config_capacity, expert),
        CYAML_FIELD_END,
};

static const cyaml_schema_field_t overflow_fields[] = {
        LIST(struct config_overflow, to, &string_entry),
        NUMBER(struct config_overflow, oldest_s),
        NUMBER(struct config_overflow, oldest_until_s),
        NUMBER(struct config_overflow, depth),
        NUMBER(struct config_overflow, depth_until),
        CYAML_FIELD_END,
};

static const cyaml_schema_field_t exposure_fields[] = {
        NUMBER(struct config_exposure, after_imminent_s),
        NUMBER(struct config_exposure, units),
        CYAML_FIELD_END,
};

static const cyaml_schema_field_t limits_fields[] = {
        NUMBER(struct config_limits, conversations),
        NUMBER(struct config_limits, per_hours),
        NUMBER(struct config_limits, later_s),
        CYAML_FIELD_END,
};

static const cyaml_schema_field_t pool_fields[] = {
        STRING(struct config_pool, name),
        STRING(struct config_pool, policy),
        MAPPING(struct config_pool, answer_within, by_level_fields),
        MAPPING(struct config_pool, boost, by_level_fields),
        NUMBER(struct config_pool, offer_s),
        NUMBER(struct config_pool, offer_imminent_to),
        NUMBER(struct config_pool, grace_s),
        NUMBER(struct config_pool, wrap_up_s),
        NUMBER(struct config_pool, reopen_s),
        BOOLEAN(struct config_pool, survey),
        NUMBER(struct config_pool, survey_s),
        MAPPING(struct config_pool, exposure, exposure_fields),
        MAPPING(struct config_pool, overflow, overflow_fields),
        MAPPING(struct config_pool, limits, limits_fields),
        STRING(struct config_pool, shifts),
        NUMBER(struct config_pool, drain_before_s),
        LIST(struct config_pool, rings, &ring_entry),
        NUMBER(struct config_pool, skills_at_most_s),
        STRING(struct config_pool, trainee_up_to),
        MAPPING(struct config_pool, counselor_silence, counselor_silence_fields),
        MAPPING(struct config_pool, texter_silence, by_level_fields),
        NUMBER(struct config_pool, close_silent_s),
        BOOLEAN(struct config_pool, automatic),
        STRING(struct config_pool, hours),
        LIST(struct config_pool, intake, &string_entry),
        LIST(struct config_pool, delete_words, &delete_words_entry),
        NUMBER(struct config_pool, retain_days),
        STRING(struct config_pool, two_person_close),
        NUMBER(struct config_pool, flag_acknowledge_s),
        CYAML_FIELD_END,
};
static const cyaml_schema_value_t pool_entry = ENTRY(struct config_pool, pool_fields);

static const cyaml_schema_field_t shift_fields[] = {
        STRING(struct config_shift, days),
        STRING(struct config_shift, from),
        STRING(struct config_shift, to),
        LIST(struct config_shift, people, &string_entry),
        CYAML_FIELD_END,
};
static const cyaml_schema_value_t shift_entry = ENTRY(struct config_shift, shift_fields);

static const cyaml_schema_field_t schedule_fields[] = {
        STRING(struct config_schedule, name),
        STRING(struct config_schedule, zone),
        LIST(struct config_schedule, shifts, &shift_entry),
        CYAML_FIELD_END,
};
static const cyaml_schema_value_t schedule_entry = ENTRY(struct config_schedule, schedule_fields);

static const cyaml_schema_field_t level_fields[] = {
        LIST(struct config_level, targets, &string_entry),
        NUMBER(struct config_level, delay_s),
        CYAML_FIELD_END,
};
static const cyaml_schema_value_t level_entry = ENTRY(struct config_level, level_fields);

static const cyaml_schema_field_t policy_fields[] = {
        STRING(struct config_policy, name),
        STRING(struct config_policy, line),
        LIST(struct config_policy, levels, &level_entry),
        NUMBER(struct config_policy, repeats),
        NUMBER(struct config_policy, acknowledge_s),
        LIST(struct config_policy, catch_all, &string_entry),
        CYAML_FIELD_END,
};
static const cyaml_schema_value_t policy_entry = ENTRY(struct config_policy, policy_fields);

static const cyaml_schema_field_t fields[] = {
        STRING(struct config, node),
        STRING(struct config, state_dir),
        STRING(struct config, key_dir),
        STRING(struct config, log_level),
        // The listeners are one mapping in the file but members of struct config itself: offset 0.
        {.key = "listeners",
                .value = {CYAML_VALUE_MAPPING(
                        CYAML_FLAG_OPTIONAL, struct config, listeners_fields)}},
        MAPPING(struct config, redis, redis_fields),
        MAPPING(struct config, durability, durability_fields),
        MAPPING(struct config, spool, spool_fields),
        MAPPING(struct config, ctl, ctl_fields),
        MAPPING(struct config, capacity, capacity_fields),
        LIST(struct config, gateways, &gateway_entry),
        LIST(struct config, lines, &line_entry),
        LIST(struct config, pools, &pool_entry),
        LIST(struct config, schedules, &schedule_entry),
        LIST(struct config, policies, &policy_entry),
        LIST(struct config, texts, &text_entry),
        CYAML_FIELD_END,
};
static const cyaml_schema_value_t schema = {
        CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config, fields)};

// ---- libcyaml's own mistakes: it says what is wrong in one log line, and where in those after it

struct complaint {
	char what[200];
	struct config_key at; // grows from the innermost key outwards
};

static void note_place(struct complaint *c, const char *text)
{
	char key[64];
	unsigned entry;
	const char *sep = c->at.path[0] && c->at.path[0] != '[' ? "." : "";
	if (sscanf(text, " in mapping field '%63[^']'", key) == 1)
		c->at = config_key("%s%s%.80s", key, sep, c->at.path);
	else if (sscanf(text, " in sequence entry '%u'", &entry) == 1)
		c->at = config_key("[%u]%s%.80s", entry - 1, sep, c->at.path);
}

static void note_log(cyaml_log_t level, void *ctx, const char *format, va_list args)
        __attribute__((format(printf, 3, 0)));
static void note_log(cyaml_log_t level, void *ctx, const char *format, va_list args)
{
	struct complaint *c = ctx;
	char text[sizeof c->what];
	if (level < CYAML_LOG_ERROR)
		return;
	vsnprintf(text, sizeof text, format, args);
	text[strcspn(text, "\n")] = '\0';
	if (strncmp(text, "Load: ", 6) != 0)
		note_place(c, text);
	else if (!c->what[0] && strcmp(text, "Load: Backtrace:") != 0)
		snprintf(c->what, sizeof c->what, "%s", text + 6);
}

static const struct {
	const char *prefix;
	const char *meaning;
} meanings[] = {
        {"Invalid ENUM", "must be true or false"},
        {"Invalid ", "is not a whole number, or too large a one"},
        {"Expecting SEQUENCE", "must be a list"},
        {"Expecting MAPPING", "must hold keys of its own"},
        {"Expecting ", "must be a single value"},
        {"Mapping field already seen", "is given twice"},
        {"STRING length >", "is too long"},
        {"STRING length <", "is empty"},
        {"Excessive entries", "has too many entries"},
};

static void report_complaint(struct config_report *r, const struct complaint *c, cyaml_err_t err)
{
	char key[64];
	if (sscanf(c->what, "Unexpected key: %63s", key) == 1) {
		const char *sep = c->at.path[0] ? "." : "";
		config_mistake(r, config_key("%.90s%s%s", c->at.path, sep, key).path,
		        "is not a known key");
		return;
	}
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
		if (strncmp(c->what, meanings[i].prefix, strlen(meanings[i].prefix)) == 0) {
			config_mistake(r, c->at.path, "%s", meanings[i].meaning);
			return;
		}
	config_mistake(r, c->at.path, "%s", c->what[0] ? c->what : cyaml_strerror(err));
}

static cyaml_config_t cyaml_config(struct complaint *c)
{
	return (cyaml_config_t){
	        .log_fn = c ? note_log : NULL,
	        .log_ctx = c,
	        .log_level = CYAML_LOG_ERROR,
	        .mem_fn = cyaml_mem,
	        .flags = CYAML_CFG_NO_ALIAS,
	};
}

static struct config *parse(struct config_report *r, struct bytes text)
{
	if (!text.len)
		config_mistake(r, "", "the file is empty");
	if (!text.len || !config_find_lines(r, text))
		return NULL;
	struct complaint complaint = {0};
	cyaml_config_t settings = cyaml_config(&complaint);
	cyaml_data_t *data = NULL;
	cyaml_err_t err = cyaml_load_data(text.data, text.len, &settings, &schema, &data, NULL);
	if (err != CYAML_OK)
		report_complaint(r, &complaint, err);
	else if (!data)
		config_mistake(r, "", "there is nothing in the file");
	return data;
}

static struct config *load(struct config_report *r, const char *folder)
{
	struct buf text = {0};
	struct config *c = NULL;
	if (config_read_file(r->file, MAX_FILE, &text, r->errors))
		c = parse(r, buf_bytes(&text));
	buf_free(&text);
	if (!c)
		return NULL;
	config_set_defaults(c, r, folder);
	config_check(c, r);
	if (!r->mistakes)
		return c;
	config_free(c);
	return NULL;
}

// The folder that relative names start from, absolute; the caller frees it.
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
	char *absolute = realpath(folder, NULL);
	if (!absolute)
		return folder;
	free(folder);
	return absolute;
}

struct config *config_load(const char *path, struct buf *errors)
{
	struct config_report r = {.file = path, .lines = strmap_new(), .errors = errors};
	char *folder = folder_of(path);
	struct config *c = load(&r, folder);
	free(folder);
	strmap_free(r.lines);
	return c;
}

void config_free(struct config *c)
{
	cyaml_config_t settings = cyaml_config(NULL);
	if (c)
		cyaml_free(&settings, &schema, c, 0);
}

// ---- a walk over the schema

struct walk {
	config_string_fn fn;
	void *arg;
};

static void walk_fields(
        const struct walk *w, const cyaml_schema_field_t *f, uint8_t *data, const char *path);

static void walk_list(
        const struct walk *w, const cyaml_schema_field_t *f, uint8_t *data, const char *path)
{
	const cyaml_schema_value_t *entry = f->value.sequence.entry;
	uint8_t *first;
	unsigned count;
	memcpy(&first, data + f->data_offset, sizeof first);
	memcpy(&count, data + f->count_offset, sizeof count);
	bool strings = entry->type == CYAML_STRING;
	size_t stride = strings ? sizeof(char *) : entry->data_size;
	for (unsigned i = 0; i < count; i++) {
		struct config_key key = config_key("%s[%u]", path, i);
		void *at = first + i * stride;
		if (strings)
			w->fn(key.path, f->key, at, w->arg);
		else
			walk_fields(w, entry->mapping.fields, at, key.path);
	}
}

// Recurses as deep as the schema, which is fixed.
static void walk_fields(
        const struct walk *w, const cyaml_schema_field_t *f, uint8_t *data, const char *path)
{
	for (; f->key; f++) {
		struct config_key key = config_key("%s%s%s", path, *path ? "." : "", f->key);
		void *at = data + f->data_offset;
		if (f->value.type == CYAML_STRING)
			w->fn(key.path, f->key, at, w->arg);
		else if (f->value.type == CYAML_MAPPING)
			walk_fields(w, f->value.mapping.fields, at, key.path);
		else if (f->value.type == CYAML_SEQUENCE)
			walk_list(w, f, data, key.path);
	}
}

void config_each_string(struct config *c, config_string_fn fn, void *arg)
{
	struct walk w = {fn, arg};
	walk_fields(&w, fields, (uint8_t *)c, "");
}

// ---- lookups

// Entries are few and looked up by name rarely: a plain search. `id` is the member that names an
// entry.
#define LOOKUP(function, type, list, id)                                                           \
	const struct type *function(const struct config *c, const char *name)                      \
	{                                                                                          \
		for (unsigned i = 0; i < c->list##_count; i++)                                     \
			if (strcmp(c->list[i].id, name) == 0)                                      \
				return &c->list[i];                                                \
		return NULL;                                                                       \
	}

LOOKUP(config_gateway, config_gateway, gateways, name)
LOOKUP(config_line, config_line, lines, number)
LOOKUP(config_pool, config_pool, pools, name)
LOOKUP(config_schedule, config_schedule, schedules, name)
LOOKUP(config_policy, config_policy, policies, name)
