// SPDX-License-Identifier: Apache-2.0
// include/store/redis.h, done twice: each call is made on a real Redis and on the model of the
// simulator, and ends the process when they answer differently. All keys are compared before they
// are flushed, and when the link ends.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "model_answer.h"
#include "model_lua.h"
#include "net/loop.h"
#include "store/redis.h"
#include "store/redis_reply.h"

// After our own headers: hiredis defines REDIS_OK as a macro of the same value.
#include <hiredis/hiredis.h>

#define RETRY_MS  5
#define CLOCKS_MS 5000 // how far apart the two may see the same expiry

struct script_source {
	const char *name;
	const char *text;
};

static const struct script_source sources[] = {
#include "scripts.inc"
};
#define SOURCES_COUNT (sizeof sources / sizeof sources[0])

struct twin {
	redisContext *real;
	struct model_store *model;
	struct model_lua *lua;
	struct model_reply reply;
	model_publish_fn publish;
	void *publish_arg;
	char *eval; // the text of the latest EVAL
	char *hashes[SOURCES_COUNT];
	size_t calls;
};

// What is compared: replies as text, one value a line.
static void print_model(const struct model_reply *r, size_t *at, struct buf *out)
{
	const struct model_value *v = &r->at[(*at)++];
	struct bytes text = model_value_bytes(v);
	switch (v->type) {
	case MODEL_NIL:
		buf_append_str(out, "nil\n");
		break;
	case MODEL_INTEGER:
		buf_printf(out, "%lld\n", (long long)v->integer);
		break;
	case MODEL_STRING:
	case MODEL_STATUS:
		buf_printf(out, "\"%.*s\"\n", (int)text.len, (const char *)text.data);
		break;
	case MODEL_ERROR:
		buf_printf(out, "error %.*s\n", (int)strcspn((const char *)text.data, " "),
		        (const char *)text.data);
		break;
	case MODEL_ARRAY:
		buf_printf(out, "[%lld\n", (long long)v->integer);
		for (int64_t i = 0; i < v->integer; i++)
			print_model(r, at, out);
		break;
	}
}

static void print_real(const redisReply *r, struct buf *out)
{
	switch (r->type) {
	case REDIS_REPLY_INTEGER:
		buf_printf(out, "%lld\n", r->integer);
		break;
	case REDIS_REPLY_STRING:
	case REDIS_REPLY_STATUS:
		buf_printf(out, "\"%.*s\"\n", (int)r->len, r->str);
		break;
	case REDIS_REPLY_ERROR:
		buf_printf(out, "error %.*s\n", (int)strcspn(r->str, " "), r->str);
		break;
	case REDIS_REPLY_ARRAY:
		buf_printf(out, "[%zu\n", r->elements);
		for (size_t i = 0; i < r->elements; i++)
			print_real(r->element[i], out);
		break;
	default:
		buf_append_str(out, "nil\n");
	}
}

static redisReply *ask_real(struct twin *t, int argc, const struct bytes *argv)
{
	const char **parts = xcalloc((size_t)argc, sizeof *parts);
	size_t *lens = xcalloc((size_t)argc, sizeof *lens);
	for (int i = 0; i < argc; i++) {
		parts[i] = argv[i].len ? (const char *)argv[i].data : "";
		lens[i] = argv[i].len;
	}
	redisReply *r = redisCommandArgv(t->real, argc, parts, lens);
	free(parts);
	free(lens);
	if (!r)
		fatal("event=twin_lost_redis error=\"%s\"", t->real->errstr);
	return r;
}

static redisReply *ask_words(struct twin *t, const char *a, const char *b, const char *c)
{
	struct bytes argv[] = {bytes_str(a), bytes_str(b), bytes_str(c)};
	return ask_real(t, c ? 3 : b ? 2 : 1, argv);
}

// ---- comparing

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

// Sorts the lines after the first, in groups of `group`.
static void sort_lines(struct buf *text, size_t group)
{
	char *copy = xstrdup(buf_str(text));
	char *rest = copy, *line = strsep(&rest, "\n");
	char **groups = xcalloc(strlen(copy) + text->len + 1, sizeof *groups);
	size_t count = 0;
	buf_clear(text);
	buf_printf(text, "%s\n", line);
	while (rest && *rest) {
		char *start = rest;
		for (size_t i = 0; i < group && rest; i++)
			strsep(&rest, "\n");
		for (char *c = start; rest && c < rest - 1; c++)
			*c = *c ? *c : ' ';
		groups[count++] = start;
	}
	qsort(groups, count, sizeof *groups, by_text);
	for (size_t i = 0; i < count; i++)
		buf_printf(text, "%s\n", groups[i]);
	free(groups);
	free(copy);
}

// How many lines make one item of a reply whose order means nothing; 0 where it does.
static size_t unordered(struct bytes command)
{
	if (bytes_is_nocase(command, "HGETALL"))
		return 2;
	static const char *const names[] = {"SMEMBERS", "HKEYS", "HVALS", "KEYS"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (bytes_is_nocase(command, names[i]))
			return 1;
	return 0;
}

static bool about_time(struct bytes command)
{
	return bytes_is_nocase(command, "PTTL") || bytes_is_nocase(command, "TTL") ||
	       bytes_is_nocase(command, "PEXPIRETIME");
}

static bool near(const char *a, const char *b)
{
	long long x = atoll(a), y = atoll(b);
	return (x < 0) == (y < 0) && llabs(x - y) <= CLOCKS_MS;
}

static void expect_same(
        struct twin *t, const char *what, struct bytes command, const redisReply *real)
{
	struct buf theirs = {0}, ours = {0};
	size_t at = 0, group = unordered(command);
	print_real(real, &theirs);
	print_model(&t->reply, &at, &ours);
	if (group) {
		sort_lines(&theirs, group);
		sort_lines(&ours, group);
	}
	// Redis has no subscriber here.
	bool same = bytes_is_nocase(command, "PUBLISH") ||
	            strcmp(buf_str(&theirs), buf_str(&ours)) == 0 ||
	            (about_time(command) && near(buf_str(&theirs), buf_str(&ours)));
	if (!same)
		fatal("event=twin_differs call=%zu what=%s redis:\n%s\nmodel:\n%s", t->calls, what,
		        buf_str(&theirs), buf_str(&ours));
	buf_free(&theirs);
	buf_free(&ours);
}

static struct model_call call_of(struct twin *t, int argc, const struct bytes *argv)
{
	return (struct model_call){.now_ms = clock_wall_ms(clock_system()),
	        .argc = argc,
	        .argv = argv,
	        .publish = t->publish,
	        .arg = t->publish_arg};
}

// EVAL, its text, the number of keys.
static void eval(struct twin *t, int argc, const struct bytes *argv)
{
	uint64_t keys;
	char *text = bytes_dup(argv[1]);
	if (argc < 3 || !bytes_to_u64(argv[2], &keys))
		fatal("event=twin_eval");
	model_lua_add(t->lua, "eval", text);
	free(t->eval);
	t->eval = text;
	struct model_call call = call_of(t, argc - 3, argv + 3);
	model_lua_run(t->lua, t->model, "eval", (int)keys, &call, NULL, &t->reply);
}

static void ask_model(struct twin *t, int argc, const struct bytes *argv)
{
	struct model_call call = call_of(t, argc, argv);
	if (bytes_is_nocase(argv[0], "EVAL")) {
		eval(t, argc, argv);
		return;
	}
	model_store_run(t->model, &call, &t->reply);
}

static void twin_command(struct twin *t, int argc, const struct bytes *argv);

static void compare_key(struct twin *t, const char *type, const char *key)
{
	static const struct {
		const char *type, *command, *a, *b, *c;
	} reads[] = {
	        {"string", "GET", NULL, NULL, NULL},
	        {"hash", "HGETALL", NULL, NULL, NULL},
	        {"set", "SMEMBERS", NULL, NULL, NULL},
	        {"zset", "ZRANGE", "0", "-1", "WITHSCORES"},
	        {"list", "LRANGE", "0", "-1", NULL},
	};
	for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++) {
		if (strcmp(reads[i].type, type) != 0)
			continue;
		struct bytes argv[] = {bytes_str(reads[i].command), bytes_str(key),
		        bytes_str(reads[i].a), bytes_str(reads[i].b), bytes_str(reads[i].c)};
		twin_command(t, reads[i].c ? 5 : reads[i].b ? 4 : 2, argv);
	}
}

// The keys of both, each with all it holds.
static void twin_compare(struct twin *t)
{
	redisReply *keys = ask_words(t, "KEYS", "*", NULL);
	twin_command(t, 1, (struct bytes[]){bytes_str("DBSIZE")});
	for (size_t i = 0; i < keys->elements; i++) {
		const char *key = keys->element[i]->str;
		twin_command(t, 2, (struct bytes[]){bytes_str("TYPE"), bytes_str(key)});
		char *type = bytes_dup(model_value_bytes(&t->reply.at[0]));
		compare_key(t, type, key);
		twin_command(t, 2, (struct bytes[]){bytes_str("PEXPIRETIME"), bytes_str(key)});
		free(type);
	}
	freeReplyObject(keys);
}

// ---- the calls

// What the model has no use for: it stays with Redis alone.
static bool is_for_redis(struct bytes command)
{
	return bytes_is_nocase(command, "CONFIG");
}

static bool twin_alone(struct twin *t, int argc, const struct bytes *argv)
{
	if (!is_for_redis(argv[0]))
		return false;
	freeReplyObject(ask_real(t, argc, argv));
	model_reply_clear(&t->reply);
	model_add_text(&t->reply, MODEL_STATUS, bytes_str("OK"));
	return true;
}

static void twin_command(struct twin *t, int argc, const struct bytes *argv)
{
	char what[32];
	if (twin_alone(t, argc, argv))
		return;
	if (bytes_is_nocase(argv[0], "FLUSHALL"))
		twin_compare(t);
	bytes_copy(argv[0], what, sizeof what);
	t->calls++;
	redisReply *real = ask_real(t, argc, argv);
	ask_model(t, argc, argv);
	expect_same(t, what, argv[0], real);
	freeReplyObject(real);
}

static const char *hash_of(const struct twin *t, const char *script)
{
	for (size_t i = 0; i < SOURCES_COUNT; i++)
		if (strcmp(sources[i].name, script) == 0)
			return t->hashes[i];
	fatal("event=no_such_script script=%s", script);
}

static void twin_script(
        struct twin *t, const char *script, int keys, int argc, const struct bytes *argv)
{
	char count[16];
	struct bytes *parts = xcalloc((size_t)argc + 3, sizeof *parts);
	snprintf(count, sizeof count, "%d", keys);
	parts[0] = bytes_str("EVALSHA");
	parts[1] = bytes_str(hash_of(t, script));
	parts[2] = bytes_str(count);
	memcpy(parts + 3, argv, (size_t)argc * sizeof *parts);
	t->calls++;
	redisReply *real = ask_real(t, argc + 3, parts);
	struct model_call call = call_of(t, argc, argv);
	model_lua_run(t->lua, t->model, script, keys, &call, NULL, &t->reply);
	expect_same(t, script, bytes_str(script), real);
	freeReplyObject(real);
	free(parts);
}

// NULL while the server is not there yet.
static struct twin *twin_new(const char *socket)
{
	redisContext *real = redisConnectUnix(socket);
	if (!real || real->err) {
		redisFree(real);
		return NULL;
	}
	struct twin *t = xcalloc(1, sizeof *t);
	t->real = real;
	t->model = model_store_new();
	t->lua = model_lua_new();
	// Hashes of any size stay in the order of their fields.
	struct bytes config[] = {bytes_str("CONFIG"), bytes_str("SET"),
	        bytes_str("hash-max-listpack-value"), bytes_str("1000000"),
	        bytes_str("hash-max-listpack-entries"), bytes_str("1000000")};
	freeReplyObject(ask_real(t, 6, config));
	for (size_t i = 0; i < SOURCES_COUNT; i++) {
		redisReply *r = ask_words(t, "SCRIPT", "LOAD", sources[i].text);
		t->hashes[i] = xstrdup(r->str);
		freeReplyObject(r);
	}
	return t;
}

static void twin_free(struct twin *t)
{
	if (!t)
		return;
	twin_compare(t);
	for (size_t i = 0; i < SOURCES_COUNT; i++)
		free(t->hashes[i]);
	redisFree(t->real);
	model_store_free(t->model);
	model_lua_free(t->lua);
	free(t->eval);
	model_reply_free(&t->reply);
	free(t);
}

// ---- include/store/redis.h

#define CHANNELS_MAX 8

// One answer on its way to its callback, or one message when it has a channel.
struct waiting {
	struct waiting *next;
	struct model_answer answer;
	redis_fn fn;
	void *arg;
	char *channel;
	char *payload;
};

struct redis {
	struct loop *loop;
	struct redis_events events;
	const struct config_redis *config;
	struct twin *twin; // from the connection on
	struct reply_reader *reader;
	struct waiting *first, **last;
	char *channels[CHANNELS_MAX];
	size_t channels_count;
	uint64_t timer;
	uint64_t retry;
};

static void on_answers(void *arg);

static struct waiting *wait_for_turn(struct redis *r)
{
	struct waiting *w = xcalloc(1, sizeof *w);
	*r->last = w;
	r->last = &w->next;
	if (!r->timer)
		r->timer = loop_timer(r->loop, 0, on_answers, r);
	return w;
}

// Redis has no subscriber here: the messages are the model's.
static int64_t on_publish(struct bytes channel, struct bytes payload, void *arg)
{
	struct redis *r = arg;
	int64_t heard = 0;
	for (size_t i = 0; i < r->channels_count; i++) {
		if (!bytes_is(channel, r->channels[i]))
			continue;
		struct waiting *w = wait_for_turn(r);
		w->channel = bytes_dup(channel);
		w->payload = bytes_dup(payload);
		heard++;
	}
	return heard;
}

static void connect_now(void *arg)
{
	struct redis *r = arg;
	r->retry = 0;
	r->twin = twin_new(r->config->socket);
	if (!r->twin) {
		r->retry = loop_timer(r->loop, RETRY_MS, connect_now, r);
		return;
	}
	r->twin->publish = on_publish;
	r->twin->publish_arg = r;
	if (r->events.up)
		r->events.up(r->events.arg);
}

struct redis *redis_new(struct loop *l, const struct config_redis *config,
        const struct redis_demands *demands, const struct redis_events *events)
{
	struct redis *r = xcalloc(1, sizeof *r);
	(void)demands;
	r->loop = l;
	r->events = *events;
	r->config = config;
	r->reader = reply_reader_new();
	r->last = &r->first;
	r->retry = loop_timer(l, 0, connect_now, r);
	return r;
}

static void on_answers(void *arg)
{
	struct redis *r = arg;
	struct waiting *w = r->first;
	r->timer = 0;
	r->first = NULL;
	r->last = &r->first;
	while (w) {
		struct waiting *next = w->next;
		if (w->fn)
			w->fn(&w->answer.result, w->arg);
		if (w->channel && r->events.message)
			r->events.message(w->channel, bytes_str(w->payload), r->events.arg);
		model_answer_free(&w->answer);
		free(w->channel);
		free(w->payload);
		free(w);
		w = next;
	}
}

void redis_free(struct redis *r)
{
	if (!r)
		return;
	loop_cancel(r->loop, r->timer);
	loop_cancel(r->loop, r->retry);
	on_answers(r);
	twin_free(r->twin);
	for (size_t i = 0; i < r->channels_count; i++)
		free(r->channels[i]);
	reply_reader_free(r->reader);
	free(r);
}

static void give(struct redis *r, redis_fn fn, void *arg)
{
	struct waiting *w = wait_for_turn(r);
	model_answer_take(&w->answer, r->reader, &r->twin->reply);
	w->fn = fn;
	w->arg = arg;
}

void redis_command(struct redis *r, int argc, const struct bytes *argv, int64_t deadline_ms,
        redis_fn fn, void *arg)
{
	(void)deadline_ms;
	twin_command(r->twin, argc, argv);
	give(r, fn, arg);
}

void redis_script(struct redis *r, const char *script, int keys, int argc, const struct bytes *argv,
        int64_t deadline_ms, redis_fn fn, void *arg)
{
	(void)deadline_ms;
	twin_script(r->twin, script, keys, argc, argv);
	give(r, fn, arg);
}

void redis_subscribe(struct redis *r, const char *channel)
{
	if (r->channels_count == CHANNELS_MAX)
		fatal("event=twin_channels channel=%s", channel);
	r->channels[r->channels_count++] = xstrdup(channel);
	if (r->events.resync)
		loop_timer(r->loop, 0, r->events.resync, r->events.arg);
}

bool redis_is_up(const struct redis *r)
{
	return r->twin != NULL;
}

bool redis_is_short(const struct redis *r)
{
	(void)r;
	return false;
}

const char *redis_trouble(struct redis *r)
{
	(void)r;
	return "";
}

const char *redis_describe(const struct redis *r)
{
	(void)r;
	return "redis and its model";
}
