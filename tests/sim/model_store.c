// SPDX-License-Identifier: Apache-2.0
// The keyspace of the model store: objects, expiry, replies, effects, and the way to each command.
#include "model_store.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "model_keys.h"

#define NAME_MAX_LEN 24

void model_text_set(struct model_text *t, struct bytes value)
{
	t->data = xrealloc(t->data, value.len + 1);
	if (value.len > 0)
		memcpy(t->data, value.data, value.len);
	t->data[value.len] = '\0';
	t->len = value.len;
}

void model_object_free(struct model_object *o)
{
	size_t i = 0;
	struct model_entry *e;
	switch (o->kind) {
	case KIND_STRING:
		free(o->is.text.data);
		break;
	case KIND_HASH:
		while ((e = model_dict_next(&o->is.dict, &i)))
			free(e->value.text.data);
		model_dict_free(&o->is.dict);
		break;
	case KIND_SET:
		model_dict_free(&o->is.dict);
		break;
	case KIND_ZSET:
		model_zset_free(&o->is.zset);
		break;
	case KIND_LIST:
		for (; i < o->is.list.count; i++)
			free(o->is.list.at[i].data);
		free(o->is.list.at);
		break;
	}
	free(o);
}

struct model_store *model_store_new(void)
{
	return xcalloc(1, sizeof(struct model_store));
}

void model_store_free(struct model_store *s)
{
	size_t i = 0;
	struct model_entry *e;
	if (!s)
		return;
	while ((e = model_dict_next(&s->keys, &i)))
		model_object_free(e->value.object);
	model_dict_free(&s->keys);
	free(s);
}

static void copy_dict(struct model_dict *to, const struct model_dict *from, bool texts)
{
	size_t i = 0;
	struct model_entry *e;
	bool added;
	while ((e = model_dict_next(from, &i))) {
		struct model_entry *copy = model_dict_put(to, model_key(e), &added);
		if (texts)
			model_text_set(&copy->value.text, model_text(&e->value.text));
	}
}

static void copy_zset(struct model_zset *to, const struct model_zset *from)
{
	size_t i = 0;
	struct model_entry *e;
	bool changed;
	while ((e = model_dict_next(&from->members, &i)))
		model_zset_put(to, model_key(e), e->value.score, &changed);
}

static void copy_list(struct model_list *to, const struct model_list *from)
{
	to->cap = to->count = from->count;
	to->at = xcalloc(from->count + 1, sizeof *to->at);
	for (size_t i = 0; i < from->count; i++)
		model_text_set(&to->at[i], model_text(&from->at[i]));
}

static struct model_object *copy_object(const struct model_object *from)
{
	struct model_object *to = xcalloc(1, sizeof *to);
	to->kind = from->kind;
	to->expires_ms = from->expires_ms;
	switch (from->kind) {
	case KIND_STRING:
		model_text_set(&to->is.text, model_text(&from->is.text));
		break;
	case KIND_HASH:
	case KIND_SET:
		copy_dict(&to->is.dict, &from->is.dict, from->kind == KIND_HASH);
		break;
	case KIND_ZSET:
		copy_zset(&to->is.zset, &from->is.zset);
		break;
	case KIND_LIST:
		copy_list(&to->is.list, &from->is.list);
		break;
	}
	return to;
}

struct model_store *model_store_copy(const struct model_store *s)
{
	struct model_store *copy = model_store_new();
	size_t i = 0;
	struct model_entry *e;
	bool added;
	while ((e = model_dict_next(&s->keys, &i)))
		model_dict_put(&copy->keys, model_key(e), &added)->value.object =
		        copy_object(e->value.object);
	return copy;
}

size_t model_store_count(const struct model_store *s)
{
	return s->keys.count;
}

// ---- keys

static bool has_expired(const struct model_run *r, const struct model_object *o)
{
	return o->expires_ms != 0 && o->expires_ms <= r->call->now_ms;
}

static void forget(struct model_store *s, struct model_entry *e, struct model_effects *effects)
{
	if (effects)
		model_effects_add(effects, 2, (struct bytes[]){bytes_str("DEL"), model_key(e)});
	model_object_free(e->value.object);
	model_dict_remove(&s->keys, e);
}

// Reads never change anything: a reader of a replica must not.
static struct model_object *look(struct model_run *r, struct bytes key, bool write)
{
	struct model_entry *e = model_dict_find(&r->store->keys, key);
	if (!e)
		return NULL;
	if (!has_expired(r, e->value.object))
		return e->value.object;
	if (write)
		forget(r->store, e, r->call->effects);
	return NULL;
}

static struct model_object *of_kind(
        struct model_run *r, struct model_object *o, enum model_kind kind)
{
	if (!o || o->kind == kind)
		return o;
	r->wrong = true;
	model_fail(r, "WRONGTYPE Operation against a key holding the wrong kind of value");
	return NULL;
}

struct model_object *model_read(struct model_run *r, struct bytes key, enum model_kind kind)
{
	return of_kind(r, look(r, key, false), kind);
}

struct model_object *model_write(struct model_run *r, struct bytes key, enum model_kind kind)
{
	return of_kind(r, look(r, key, true), kind);
}

struct model_object *model_make(struct model_run *r, struct bytes key, enum model_kind kind)
{
	bool added;
	struct model_object *o = model_write(r, key, kind);
	if (o || r->wrong)
		return o;
	o = xcalloc(1, sizeof *o);
	o->kind = kind;
	model_dict_put(&r->store->keys, key, &added)->value.object = o;
	return o;
}

struct model_object *model_any(struct model_run *r, struct bytes key)
{
	return look(r, key, false);
}

bool model_delete(struct model_run *r, struct bytes key)
{
	if (!look(r, key, true))
		return false;
	forget(r->store, model_dict_find(&r->store->keys, key), NULL);
	return true;
}

void model_tidy(struct model_run *r, struct bytes key, const struct model_object *o)
{
	size_t left = o->kind == KIND_ZSET     ? o->is.zset.members.count
	              : o->kind == KIND_LIST   ? o->is.list.count
	              : o->kind == KIND_STRING ? 1
	                                       : o->is.dict.count;
	if (left == 0)
		model_delete(r, key);
}

void model_store_expire(struct model_store *s, int64_t now_ms, struct model_effects *effects)
{
	size_t i = 0;
	struct model_entry *e;
	while ((e = model_dict_next(&s->keys, &i))) {
		const struct model_object *o = e->value.object;
		if (o->expires_ms != 0 && o->expires_ms <= now_ms)
			forget(s, e, effects);
	}
}

// ---- what commands share

void model_fail(struct model_run *r, const char *error)
{
	model_reply_clear(r->out);
	model_add_text(r->out, MODEL_ERROR, bytes_str(error));
	r->dirty = false;
}

bool model_is(struct bytes a, const char *word)
{
	return bytes_is_nocase(a, word);
}

void model_unknown(const struct model_run *r, struct bytes what)
{
	fatal("event=model_unknown command=%.*s with=\"%.*s\"", (int)r->argv[0].len,
	        (const char *)r->argv[0].data, (int)what.len, (const char *)what.data);
}

static bool parse_integer(struct bytes text, int64_t *out)
{
	char digits[24];
	char *end;
	if (text.len == 0 || text.len >= sizeof digits)
		return false;
	bytes_copy(text, digits, sizeof digits);
	if (!isdigit((unsigned char)digits[0]) && (digits[0] != '-' || text.len == 1))
		return false;
	errno = 0;
	long long n = strtoll(digits, &end, 10);
	*out = n;
	return errno == 0 && *end == '\0' && (digits[0] != '0' || text.len == 1);
}

bool model_integer(struct model_run *r, struct bytes text, int64_t *out)
{
	if (parse_integer(text, out))
		return true;
	model_fail(r, "ERR value is not an integer or out of range");
	return false;
}

bool model_double(struct bytes text, double *out)
{
	char digits[64];
	char *end;
	int64_t n;
	if (text.len < 16 && parse_integer(text, &n)) {
		*out = (double)n;
		return true;
	}
	if (text.len == 0 || text.len >= sizeof digits || isspace(text.data[0]))
		return false;
	bytes_copy(text, digits, sizeof digits);
	*out = strtod(digits, &end);
	return *end == '\0' && !isnan(*out);
}

bool model_range(int64_t *first, int64_t *last, size_t count)
{
	int64_t n = (int64_t)count;
	if (*first < 0)
		*first = *first + n < 0 ? 0 : *first + n;
	if (*last < 0)
		*last += n;
	if (*last >= n)
		*last = n - 1;
	return *first <= *last && *first < n;
}

// ---- running one command

static const struct model_command *const tables[] = {
        model_string_commands, model_hash_commands, model_zset_commands, model_key_commands};

// Any case is right; scripts and wrappers write capitals, which are found at once.
const struct model_command *model_command_of(struct bytes name)
{
	for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++)
		for (const struct model_command *c = tables[t]; c->name; c++)
			if (c->name[0] == (char)toupper(name.data[0]) && model_is(name, c->name))
				return c;
	fatal("event=model_unknown command=%.*s", (int)name.len, (const char *)name.data);
}

bool model_command_writes(const struct model_command *c)
{
	return c->writes;
}

int model_command_key(const struct model_command *c, int argc, int i)
{
	if (c->first_key == 0)
		return 0;
	int last = c->last_key < 0 ? argc + c->last_key : c->last_key;
	int at = c->first_key + i * c->key_step;
	return at <= last ? at : 0;
}

static void check_parts(const struct model_command *c, const struct model_run *r)
{
	if (c->parts < 0 ? r->argc < -c->parts : r->argc != c->parts)
		fatal("event=model_unknown command=%s parts=%d", c->name, r->argc);
}

void model_store_run(struct model_store *s, const struct model_call *call, struct model_reply *out)
{
	const struct model_command *c = model_command_of(call->argv[0]);
	struct model_run r = {
	        .store = s, .call = call, .argc = call->argc, .argv = call->argv, .out = out};
	check_parts(c, &r);
	model_reply_clear(out);
	c->fn(&r);
	if (r.dirty && !r.rewritten && call->effects)
		model_effects_add(call->effects, call->argc, call->argv);
}

// ---- effects

static void add_number(struct buf *b, size_t n)
{
	uint32_t word = (uint32_t)n;
	buf_append(b, &word, sizeof word);
}

void model_effects_add(struct model_effects *e, int argc, const struct bytes *argv)
{
	add_number(&e->data, (size_t)argc);
	for (int i = 0; i < argc; i++) {
		add_number(&e->data, argv[i].len);
		buf_append_bytes(&e->data, argv[i]);
	}
	e->count++;
}

static size_t take_number(struct bytes *b)
{
	uint32_t word;
	memcpy(&word, b->data, sizeof word);
	*b = bytes_of(b->data + sizeof word, b->len - sizeof word);
	return word;
}

// On a replica nothing expires by itself: what expires on its master comes as DEL.
void model_effects_apply(
        struct model_store *s, struct bytes data, model_publish_fn publish, void *arg)
{
	struct model_reply out = {0};
	struct bytes *argv = NULL;
	while (data.len > 0) {
		size_t argc = take_number(&data);
		argv = xrealloc(argv, (argc + 1) * sizeof *argv);
		for (size_t i = 0; i < argc; i++) {
			size_t len = take_number(&data);
			argv[i] = bytes_of(data.data, len);
			data = bytes_of(data.data + len, data.len - len);
		}
		struct model_call call = {.now_ms = INT64_MIN,
		        .argc = (int)argc,
		        .argv = argv,
		        .publish = publish,
		        .arg = arg};
		model_store_run(s, &call, &out);
	}
	free(argv);
	model_reply_free(&out);
}

void model_effects_each(struct bytes data, void (*fn)(struct bytes key, void *arg), void *arg)
{
	while (data.len > 0) {
		size_t argc = take_number(&data);
		for (size_t i = 0; i < argc; i++) {
			size_t len = take_number(&data);
			if (i == 1)
				fn(bytes_of(data.data, len), arg);
			data = bytes_of(data.data + len, data.len - len);
		}
	}
}

// ---- printing

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

// Prints and frees the lines, sorted.
static void print_sorted(char **lines, size_t count, struct buf *out)
{
	qsort(lines, count, sizeof *lines, by_text);
	for (size_t i = 0; i < count; i++) {
		buf_append_str(out, lines[i]);
		free(lines[i]);
	}
	free(lines);
}

static void print_text(struct buf *out, struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		buf_printf(out, isprint(text.data[i]) ? "%c" : "\\x%02x", text.data[i]);
}

static void print_dict(const struct model_dict *d, enum model_kind kind, struct buf *out)
{
	char **lines = xcalloc(d->count + 1, sizeof *lines);
	size_t i = 0, count = 0;
	struct model_entry *e;
	while ((e = model_dict_next(d, &i))) {
		struct buf line = {0};
		buf_append_char(&line, ' ');
		print_text(&line, model_key(e));
		if (kind == KIND_HASH) {
			buf_append_char(&line, '=');
			print_text(&line, model_text(&e->value.text));
		} else if (kind == KIND_ZSET) {
			buf_printf(&line, "=%.17g", e->value.score);
		}
		lines[count++] = buf_take_str(&line);
	}
	print_sorted(lines, count, out);
}

static void print_list(const struct model_list *l, struct buf *out)
{
	for (size_t i = 0; i < l->count; i++) {
		buf_append_char(out, ' ');
		print_text(out, model_text(&l->at[i]));
	}
}

static void print_object(const struct model_object *o, struct buf *out)
{
	static const char *const names[] = {"string ", "hash", "set", "zset", "list"};
	if (o->expires_ms)
		buf_printf(out, "expires %lld ", (long long)o->expires_ms);
	buf_append_str(out, names[o->kind]);
	switch (o->kind) {
	case KIND_STRING:
		print_text(out, model_text(&o->is.text));
		break;
	case KIND_HASH:
	case KIND_SET:
		print_dict(&o->is.dict, o->kind, out);
		break;
	case KIND_ZSET:
		print_dict(&o->is.zset.members, o->kind, out);
		break;
	case KIND_LIST:
		print_list(&o->is.list, out);
		break;
	}
}

void model_store_print(const struct model_store *s, struct buf *out)
{
	char **lines = xcalloc(s->keys.count + 1, sizeof *lines);
	size_t i = 0, count = 0;
	struct model_entry *e;
	while ((e = model_dict_next(&s->keys, &i))) {
		struct buf line = {0};
		print_text(&line, model_key(e));
		buf_append_str(&line, ": ");
		print_object(e->value.object, &line);
		buf_append_char(&line, '\n');
		lines[count++] = buf_take_str(&line);
	}
	print_sorted(lines, count, out);
}
