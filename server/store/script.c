// SPDX-License-Identifier: Apache-2.0
// The Lua scripts of server/store/lua, embedded: loaded on connect, called by hash, loaded again
// when Redis forgot.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "redis_link.h"
#include "redis_reply.h"

struct script_source {
	const char *name;
	const char *text;
};

static const struct script_source sources[] = {
#include "scripts.inc"
};
#define SCRIPTS  (sizeof sources / sizeof sources[0])
#define HASH_LEN 40 // SHA-1 in hex

// As for the check: the cut comes first.
#define LOAD_MS 15000

struct script {
	struct scripts *owner;
	const struct script_source *source;
	char hash[HASH_LEN + 1];
	bool reloading; // a SCRIPT LOAD of it is ahead of what is sent now
};

struct scripts {
	struct wire *wire;
	scripts_fn fn;
	void *arg;
	size_t missing;
	bool failed;
	struct script all[SCRIPTS];
};

struct scripts *scripts_new(struct wire *w, scripts_fn fn, void *arg)
{
	struct scripts *s = xcalloc(1, sizeof *s);
	s->wire = w;
	s->fn = fn;
	s->arg = arg;
	for (size_t i = 0; i < SCRIPTS; i++) {
		s->all[i].owner = s;
		s->all[i].source = &sources[i];
	}
	return s;
}

void scripts_free(struct scripts *s)
{
	free(s);
}

static void load(struct script *s, redis_fn fn)
{
	struct bytes parts[] = {bytes_str("SCRIPT"), bytes_str("LOAD"), bytes_str(s->source->text)};
	if (!wire_send_parts(s->owner->wire, 3, parts, LOAD_MS, fn, s))
		fatal("event=script_too_large script=%s", s->source->name);
}

static void on_loaded(const struct redis_result *r, void *arg)
{
	struct script *s = arg;
	struct scripts *all = s->owner;
	struct bytes hash = redis_bytes(r->reply);
	if (r->status == REDIS_UNKNOWN || all->failed)
		return;
	if (r->status != REDIS_OK || hash.len != HASH_LEN) {
		all->failed = true;
		struct buf error = {0};
		buf_printf(&error, "%s.lua: %s", s->source->name, r->error);
		all->fn(buf_str(&error), all->arg);
		buf_free(&error);
		return;
	}
	memcpy(s->hash, hash.data, HASH_LEN);
	if (--all->missing == 0)
		all->fn("", all->arg);
}

void scripts_load(struct scripts *s)
{
	s->missing = SCRIPTS;
	s->failed = false;
	for (size_t i = 0; i < SCRIPTS; i++) {
		s->all[i].reloading = false;
		load(&s->all[i], on_loaded);
	}
}

// One call under way. It keeps the command as sent, to repeat it once.
struct invocation {
	struct redis *link;
	struct script *script;
	struct buf formatted;
	int64_t deadline; // on the monotonic clock
	bool repeated;
	redis_fn fn;
	void *arg;
};

static void on_reloaded(const struct redis_result *r, void *arg)
{
	struct script *s = arg;
	s->reloading = false;
	if (r->status == REDIS_REFUSED)
		log_error("event=script_not_loaded script=%s error=\"%s\"", s->source->name,
		        r->error);
}

static void on_result(const struct redis_result *r, void *arg);

// Nothing has run so far: repeating it is safe. The load goes ahead of it on the same connection.
static void repeat(struct invocation *i)
{
	int64_t left = i->deadline - link_mono_ms(i->link);
	i->repeated = true;
	if (!i->script->reloading)
		load(i->script, on_reloaded);
	i->script->reloading = true;
	link_send_script(i->link, buf_bytes(&i->formatted), left > 0 ? left : 1, on_result, i);
}

static void on_result(const struct redis_result *r, void *arg)
{
	struct invocation *i = arg;
	if (r->status == REDIS_REFUSED && !i->repeated &&
	        (redis_error_of(r->error)->actions & DO_REPEAT)) {
		repeat(i);
		return;
	}
	if (i->fn)
		i->fn(r, i->arg);
	buf_free(&i->formatted);
	free(i);
}

static struct script *find(struct scripts *s, const char *name)
{
	for (size_t i = 0; i < SCRIPTS; i++)
		if (strcmp(s->all[i].source->name, name) == 0)
			return &s->all[i];
	fatal("event=no_such_script script=%s", name);
}

static bool format(struct invocation *i, int keys, int argc, const struct bytes *argv)
{
	char count[16];
	struct bytes *parts = xcalloc((size_t)argc + 3, sizeof *parts);
	snprintf(count, sizeof count, "%d", keys);
	parts[0] = bytes_str("EVALSHA");
	parts[1] = bytes_str(i->script->hash);
	parts[2] = bytes_str(count);
	if (argc > 0)
		memcpy(parts + 3, argv, (size_t)argc * sizeof *parts);
	bool good = reply_format(argc + 3, parts, &i->formatted);
	free(parts);
	return good;
}

void redis_script(struct redis *r, const char *script, int keys, int argc, const struct bytes *argv,
        int64_t deadline_ms, redis_fn fn, void *arg)
{
	struct script *s = find(link_scripts(r), script);
	struct invocation *i = xcalloc(1, sizeof *i);
	*i = (struct invocation){.link = r, .script = s, .fn = fn, .arg = arg};
	i->deadline = link_mono_ms(r) + deadline_ms;
	if (link_takes_scripts(r) && format(i, keys, argc, argv)) {
		link_send_script(r, buf_bytes(&i->formatted), deadline_ms, on_result, i);
		return;
	}
	link_reject(r, fn, arg);
	buf_free(&i->formatted);
	free(i);
}
