// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/config.h"
#include "base/map.h"

// What the parts of config_load() share. A key is written as its path:
// "pools[0].answer_within.high_s".

struct config_report {
	const char *file;
	struct strmap *lines; // path of each key present -> its line in the file
	struct buf *errors;
	size_t mistakes;
};

struct config_key {
	char path[160];
};

struct config_key config_key(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool config_has(const struct config_report *r, const char *path);
// One line "FILE:LINE: KEY: what is wrong"; an absent key is placed at what should hold it.
void config_mistake(struct config_report *r, const char *path, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

// Fills r->lines; false, with mistakes, when the text is no YAML.
bool config_find_lines(struct config_report *r, struct bytes text);

// Every string of the schema, absent ones (NULL) included, with its path and its last key.
typedef void (*config_string_fn)(const char *path, const char *key, char **string, void *arg);
void config_each_string(struct config *c, config_string_fn fn, void *arg);
// True for keys that hold the name of a file or folder.
bool config_is_file_key(const char *key);

void config_set_defaults(struct config *c, struct config_report *r, const char *folder);
void config_check(struct config *c, struct config_report *r);
void config_check_texts(struct config_report *r, const struct config *c);
void config_check_line_skills(
        struct config_report *r, const char *path, const struct config_line *l);
void config_check_pool_skills(
        struct config_report *r, const char *path, const struct config_pool *p);
