// SPDX-License-Identifier: Apache-2.0
// Asking each replica for the settings that make its acknowledgement worth something.
#include "redis_replicas.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "redis_ask.h"

static const struct {
	const char *name;
	const char *must;
} settings[] = {
        {"appendonly", "yes"},
        {"appendfsync", "always"},
        {"no-appendfsync-on-rewrite", "no"},
};
#define SETTINGS (sizeof settings / sizeof settings[0])

struct replica {
	struct replicas *owner;
	struct place place;
	struct ask *ask;
	bool unfit;
};

struct replicas {
	struct loop *loop;
	const struct way *way;
	replicas_fn fn;
	void *arg;
	size_t count;
	size_t waiting;
	struct replica all[REPLICAS_MAX];
};

struct replicas *replicas_new(struct loop *l, const struct way *way, replicas_fn fn, void *arg)
{
	struct replicas *r = xcalloc(1, sizeof *r);
	*r = (struct replicas){.loop = l, .way = way, .fn = fn, .arg = arg};
	return r;
}

void replicas_stop(struct replicas *r)
{
	for (size_t i = 0; i < r->count; i++) {
		ask_free(r->all[i].ask);
		r->all[i].ask = NULL;
	}
	r->waiting = 0;
}

void replicas_free(struct replicas *r)
{
	if (!r)
		return;
	replicas_stop(r);
	free(r);
}

static void finish(struct replicas *r)
{
	unsigned unfit = 0;
	for (size_t i = 0; i < r->count; i++)
		unfit += r->all[i].unfit;
	r->fn(unfit, r->arg);
}

// The first setting that is wrong, or NULL.
static const char *wrong_setting(const struct redis_reply *reply)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (!bytes_is(redis_bytes(redis_field(reply, settings[i].name)), settings[i].must))
			return settings[i].name;
	return NULL;
}

static void judge(struct replica *p, const struct redis_reply *reply)
{
	const char *wrong = wrong_setting(reply);
	struct buf at = {0};
	place_print(&p->place, &at);
	if (wrong && !p->unfit)
		log_error("event=replica_unfit replica=%s text=\"its %s lets it forget what it "
		          "acknowledges: one more copy is demanded\"",
		        buf_str(&at), wrong);
	if (!wrong && p->unfit)
		log_info("event=replica_fit replica=%s", buf_str(&at));
	p->unfit = wrong != NULL;
	buf_free(&at);
}

static void on_answer(const struct redis_reply *reply, const char *why, void *arg)
{
	struct replica *p = arg;
	struct replicas *r = p->owner;
	p->ask = NULL;
	if (reply)
		judge(p, reply);
	else
		log_debug("event=replica_not_asked replica=%s reason=\"%s\"", p->place.host, why);
	if (--r->waiting == 0)
		finish(r);
}

static void ask(struct replicas *r, struct replica *p)
{
	struct bytes parts[SETTINGS + 2] = {bytes_str("CONFIG"), bytes_str("GET")};
	struct ask_whom whom;
	for (size_t i = 0; i < SETTINGS; i++)
		parts[2 + i] = bytes_str(settings[i].name);
	way_whom(r->way, &p->place, &whom);
	p->ask = ask_new(r->loop, &whom, SETTINGS + 2, parts, on_answer, p);
}

static bool was_unfit(const struct replica *before, size_t count, const struct place *place)
{
	for (size_t i = 0; i < count; i++)
		if (place_equal(&before[i].place, place))
			return before[i].unfit;
	return false;
}

void replicas_look(struct replicas *r, const struct place *places, size_t count)
{
	struct replica before[REPLICAS_MAX];
	size_t before_count = r->count;
	replicas_stop(r);
	memcpy(before, r->all, sizeof before);
	r->count = r->waiting = count < REPLICAS_MAX ? count : REPLICAS_MAX;
	for (size_t i = 0; i < r->count; i++) {
		struct replica *p = &r->all[i];
		*p = (struct replica){.owner = r, .place = places[i]};
		p->unfit = was_unfit(before, before_count, &places[i]);
		ask(r, p);
	}
	if (r->count == 0)
		finish(r);
}
