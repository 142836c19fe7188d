// SPDX-License-Identifier: Apache-2.0
// Staff records: read from Redis, kept in memory, written back.
#include "staff.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/log.h"
#include "people.h"
#include "vault/password.h"

#define RETRY_MS 1000

struct staff {
	struct flow *flow;
	struct strmap *members; // until loaded: those of the copy, good for paging only
	struct people *people;
	bool loaded;
	uint64_t retry; // timer
};

static void free_words(char **words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(words[i]);
	free(words);
}

static void member_free(struct staff_member *m)
{
	free_words(m->pools, m->pools_count);
	free_words(m->skills, m->skills_count);
	free(m->hash);
	buf_free(&m->phone);
	free(m);
}

static void free_member(const char *name, void *value, void *arg)
{
	(void)name;
	(void)arg;
	member_free(value);
}

static void drop_members(struct staff *s)
{
	strmap_each(s->members, free_member, NULL);
	strmap_free(s->members);
	s->members = strmap_new();
}

static void add_member(struct staff_member *m, void *arg)
{
	struct staff *s = arg;
	strmap_put(s->members, m->name, m);
}

struct staff *staff_new(struct flow *f)
{
	struct staff *s = xcalloc(1, sizeof *s);
	s->flow = f;
	s->members = strmap_new();
	s->people = people_new(f);
	people_recall(s->people, add_member, s);
	return s;
}

void staff_free(struct staff *s)
{
	loop_cancel(s->flow->loop, s->retry);
	people_free(s->people);
	drop_members(s);
	strmap_free(s->members);
	free(s);
}

bool staff_loaded(const struct staff *s)
{
	return s->loaded;
}

const struct staff_member *staff_find(const struct staff *s, const char *name)
{
	return strmap_get(s->members, name);
}

struct search {
	const char *phone_hash;
	const struct staff_member *found;
};

static void match_phone(const char *name, void *value, void *arg)
{
	(void)name;
	struct search *search = arg;
	const struct staff_member *m = value;
	if (m->phone.len > 0 && strcmp(m->phone_hash, search->phone_hash) == 0)
		search->found = m;
}

const struct staff_member *staff_by_phone(const struct staff *s, const char *phone_hash)
{
	struct search search = {.phone_hash = phone_hash};
	strmap_each(s->members, match_phone, &search);
	return search.found;
}

struct each {
	void (*fn)(const struct staff_member *m, void *arg);
	void *arg;
};

static void call_each(const char *name, void *value, void *arg)
{
	(void)name;
	struct each *each = arg;
	each->fn(value, each->arg);
}

void staff_each(
        const struct staff *s, void (*fn)(const struct staff_member *m, void *arg), void *arg)
{
	struct each each = {fn, arg};
	strmap_each(s->members, call_each, &each);
}

bool staff_serves(const struct staff_member *m, const char *pool)
{
	for (size_t i = 0; i < m->pools_count; i++)
		if (strcmp(m->pools[i], pool) == 0)
			return true;
	return false;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));
	return s ? s : "";
}

static char **words_of(const json_t *list, size_t *count)
{
	char **words = xcalloc(json_array_size(list) + 1, sizeof *words);
	*count = 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));
		if (word)
			words[(*count)++] = xstrdup(word);
	}
	return words;
}

static unsigned grade_capacity(const struct config *c, int grade)
{
	switch (grade) {
	case HOLDFAST__V1__GRADE__GRADE_NOVICE:
		return c->capacity.novice;
	case HOLDFAST__V1__GRADE__GRADE_EXPERT:
		return c->capacity.expert;
	default:
		return c->capacity.standard;
	}
}

static struct staff_member *member_parse(
        const struct flow *f, const char *name, const json_t *record)
{
	struct staff_member *m = xcalloc(1, sizeof *m);
	snprintf(m->name, sizeof m->name, "%s", name);
	m->roles = (unsigned)json_integer_value(json_object_get(record, "roles"));
	m->own_capacity = (unsigned)json_integer_value(json_object_get(record, "capacity"));
	m->grade = (int)json_integer_value(json_object_get(record, "grade"));
	m->capacity = m->own_capacity ? m->own_capacity : grade_capacity(f->config, m->grade);
	m->hash = xstrdup(text_of(record, "hash"));
	snprintf(m->phone_hash, sizeof m->phone_hash, "%s", text_of(record, "phone_hash"));
	if (!base64_decode(bytes_str(text_of(record, "phone")), &m->phone))
		buf_clear(&m->phone);
	m->pools = words_of(json_object_get(record, "pools"), &m->pools_count);
	m->skills = words_of(json_object_get(record, "skills"), &m->skills_count);
	return m;
}

static void take_record(struct staff *s, struct bytes name, struct bytes json)
{
	char *key = bytes_dup(name);
	json_t *record = json_loadb((const char *)json.data, json.len, 0, NULL);
	if (record)
		strmap_put(s->members, key, member_parse(s->flow, key, record));
	else
		log_error("event=staff_record_unreadable staff=%s", key);
	json_decref(record);
	free(key);
}

static void read_later(struct staff *s, enum store_code code);

static void on_first_operator(const struct store_answer *a, void *arg)
{
	struct staff *s = arg;
	log_info("event=first_operator staff=%s result=%s", s->flow->config->ctl.user,
	        store_code_name(a->code));
	if (a->code == STORE_OK)
		staff_load(s);
	else
		read_later(s, a->code);
}

// The first operator: on an empty system somebody must be able to sign in. False when the
// configuration names none.
static bool bootstrap(struct staff *s)
{
	const struct config_ctl *ctl = &s->flow->config->ctl;
	struct buf password = {0}, error = {0};
	if (!ctl->user[0] || !config_read_secret(ctl->password_file, &password, &error)) {
		log_warn("event=no_staff text=\"nobody can sign in: set ctl.user and "
		         "ctl.password_file, then start again\"");
		buf_free(&error);
		return false;
	}
	char hash[PASSWORD_HASH_MAX];
	password_hash(buf_bytes(&password), hash);
	buf_wipe(&password);
	const struct staff_change change = {.name = ctl->user,
	        .roles = ROLE_OPERATOR,
	        .capacity = 1,
	        .phone = "",
	        .hash = hash};
	staff_write(s, &change, on_first_operator, s);
	return true;
}

static void take_records(struct staff *s, const struct redis_reply *reply)
{
	drop_members(s);
	for (size_t i = 0; i + 1 < redis_count(reply); i += 2)
		take_record(
		        s, redis_bytes(redis_at(reply, i)), redis_bytes(redis_at(reply, i + 1)));
	if (strmap_count(s->members) == 0 && !s->loaded && bootstrap(s))
		return; // loaded when the operator is there
	s->loaded = true;
	people_keep(s->people, s);
	session_check_all(s->flow);
}

static void on_retry(void *arg)
{
	struct staff *s = arg;
	s->retry = 0;
	staff_load(s);
}

// Without the records no timer runs and no page goes out: asked again until they are there.
static void read_later(struct staff *s, enum store_code code)
{
	log_warn("event=staff_not_read code=%s", store_code_name(code));
	if (s->retry == 0)
		s->retry = loop_timer(s->flow->loop, RETRY_MS, on_retry, s);
}

// One reading, and who waits for it.
struct reading {
	struct staff *staff;
	loop_fn then;
	void *arg;
};

static void on_records(const struct store_answer *a, void *arg)
{
	struct reading *r = arg;
	if (a->code == STORE_OK)
		take_records(r->staff, a->reply);
	else
		read_later(r->staff, a->code);
	if (r->then)
		r->then(r->arg);
	free(r);
}

void staff_load_then(struct staff *s, loop_fn then, void *arg)
{
	struct reading *r = xcalloc(1, sizeof *r);
	*r = (struct reading){s, then, arg};
	store_staff_records(s->flow->store, on_records, r);
}

void staff_load(struct staff *s)
{
	staff_load_then(s, NULL, NULL);
}

static json_t *words_json(char *const *words, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(words[i]));
	return list;
}

// The sealed number and its hash: a new one, none, or what is there.
static void phone_json(struct staff *s, const struct staff_change *c,
        const struct staff_member *old, json_t *record, char hash[static VAULT_HASH_LEN + 1])
{
	struct buf sealed = {0}, text = {0};
	hash[0] = 0;
	if (!c->phone && old && old->phone.len) {
		buf_append_bytes(&sealed, buf_bytes(&old->phone));
		memcpy(hash, old->phone_hash, sizeof old->phone_hash);
	} else if (c->phone && c->phone[0]) {
		vault_seal_number(s->flow->vault, c->name, c->phone, &sealed);
		vault_hash(s->flow->vault, "staff", c->phone, hash);
	}
	base64_encode(buf_bytes(&sealed), &text);
	json_object_set_new(record, "phone", json_string(buf_str(&text)));
	json_object_set_new(record, "phone_hash", json_string(hash));
	buf_free(&sealed);
	buf_free(&text);
}

void staff_write(struct staff *s, const struct staff_change *c, store_fn fn, void *arg)
{
	const struct staff_member *old = staff_find(s, c->name);
	const char *hash = c->hash ? c->hash : (old ? old->hash : "");
	char phone_hash[VAULT_HASH_LEN + 1];
	json_t *record = json_pack("{s:i, s:o, s:o, s:i, s:i, s:s}", "roles", (int)c->roles,
	        "pools", words_json(c->pools, c->pools_count), "skills",
	        words_json(c->skills, c->skills_count), "capacity", (int)c->capacity, "grade",
	        c->grade, "hash", hash);
	phone_json(s, c, old, record, phone_hash);
	char *text = json_dumps(record, JSON_COMPACT | JSON_SORT_KEYS);
	store_staff_put(s->flow->store, c->name, text, phone_hash, fn, arg);
	free(text);
	json_decref(record);
}
