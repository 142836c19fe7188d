// SPDX-License-Identifier: Apache-2.0
// Asking the Sentinels where the master is.
#include "redis_sentinel.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "redis_ask.h"

#define AGAIN_MS 1000
#define WAITING  4 // a link has three connections

struct waiter {
	way_fn fn; // NULL: free
	void *arg;
};

struct sentinels {
	struct loop *loop;
	const struct config_redis *config;
	struct tls_ctx *tls;
	struct waiter waiting[WAITING];
	void (*moved)(void *arg);
	void *moved_arg;
	struct place master; // settled last; port 0: never
	unsigned first;      // whom to ask first
	int64_t again_ms;    // when all may be asked again
	// The round under way.
	bool asking;
	bool all;       // asks them all and counts, where otherwise one answer is enough
	unsigned asked; // how many have been asked, the present one included
	struct ask *ask;
	struct place *named; // by each Sentinel in this round; port 0: no answer
	bool *was_silent;    // for the log: each change once
};

static void ask_next(struct sentinels *s);

struct sentinels *sentinels_new(
        struct loop *l, const struct config_redis *config, struct tls_ctx *tls)
{
	struct sentinels *s = xcalloc(1, sizeof *s);
	s->loop = l;
	s->config = config;
	s->tls = tls;
	s->named = xcalloc(config->sentinels_count, sizeof *s->named);
	s->was_silent = xcalloc(config->sentinels_count, sizeof *s->was_silent);
	return s;
}

void sentinels_free(struct sentinels *s)
{
	if (!s)
		return;
	ask_free(s->ask);
	free(s->named);
	free(s->was_silent);
	free(s);
}

static unsigned present(const struct sentinels *s)
{
	return (s->first + s->asked - 1) % s->config->sentinels_count;
}

static void tell_waiters(struct sentinels *s, const struct place *to)
{
	for (size_t i = 0; i < WAITING; i++) {
		struct waiter w = s->waiting[i];
		s->waiting[i] = (struct waiter){0};
		if (w.fn)
			w.fn(to, w.arg);
	}
}

// The place that more than half of all Sentinels named in this round, or NULL.
static const struct place *most_named(const struct sentinels *s)
{
	unsigned count = s->config->sentinels_count;
	for (unsigned i = 0; i < count; i++) {
		unsigned votes = 0;
		for (unsigned j = 0; j < count; j++)
			votes += s->named[i].port && place_equal(&s->named[i], &s->named[j]);
		if (votes * 2 > count)
			return &s->named[i];
	}
	return NULL;
}

// Whom to ask first from now on: somebody who knows.
static void prefer(struct sentinels *s, const struct place *named)
{
	for (unsigned i = 0; i < s->config->sentinels_count; i++)
		if (place_equal(&s->named[i], named))
			s->first = i;
}

static void end_round(struct sentinels *s)
{
	const struct place *most = s->all ? most_named(s) : NULL;
	bool moved = most && s->master.port && !place_equal(most, &s->master);
	s->asking = false;
	if (most)
		prefer(s, most);
	tell_waiters(s, most ? most : s->master.port ? &s->master : NULL);
	if (!moved || !s->moved)
		return;
	struct buf to = {0};
	place_print(most, &to);
	log_warn("event=redis_moved to=%s", buf_str(&to));
	buf_free(&to);
	s->moved(s->moved_arg);
}

static void log_silence(struct sentinels *s, const char *why)
{
	const struct config_endpoint *e = &s->config->sentinels[present(s)];
	bool *was = &s->was_silent[present(s)];
	char quoted[200];
	if (why && !*was)
		log_warn("event=sentinel_silent sentinel=%s:%u reason=%s", e->host,
		        (unsigned)e->port, log_quote(quoted, why));
	if (!why && *was)
		log_info("event=sentinel_answers sentinel=%s:%u", e->host, (unsigned)e->port);
	*was = why != NULL;
}

static void no_answer(struct sentinels *s, const char *why)
{
	log_silence(s, why);
	ask_next(s);
}

static void take_answer(struct sentinels *s, const struct redis_reply *r)
{
	unsigned at = present(s);
	if (redis_count(r) != 2 || !place_read(r, &s->named[at])) {
		no_answer(s, "it knows no master of that name");
		return;
	}
	log_silence(s, NULL);
	tell_waiters(s, &s->named[at]);
	if (s->all) {
		ask_next(s);
		return;
	}
	s->first = at;
	s->asking = false;
}

static void on_answer(const struct redis_reply *r, const char *why, void *arg)
{
	struct sentinels *s = arg;
	s->ask = NULL;
	if (r)
		take_answer(s, r);
	else
		no_answer(s, why);
}

static void ask_next(struct sentinels *s)
{
	if (s->asked == s->config->sentinels_count) {
		end_round(s);
		return;
	}
	s->asked++;
	const struct config_endpoint *e = &s->config->sentinels[present(s)];
	const struct bytes parts[] = {bytes_str("SENTINEL"), bytes_str("get-master-addr-by-name"),
	        bytes_str(s->config->master_name)};
	struct ask_whom whom = {.tls = s->tls,
	        .user = s->config->sentinel_user,
	        .password_file = s->config->sentinel_password_file};
	whom.place.port = e->port;
	bytes_copy(bytes_str(e->host), whom.place.host, sizeof whom.place.host);
	s->ask = ask_new(s->loop, &whom, 3, parts, on_answer, s);
}

static void start_round(struct sentinels *s, bool all)
{
	s->asking = true;
	s->all = all;
	s->asked = 0;
	memset(s->named, 0, s->config->sentinels_count * sizeof *s->named);
	ask_next(s);
}

// Joins the round under way, whose next answer counts.
void sentinels_find(struct sentinels *s, way_fn fn, void *arg)
{
	size_t i = 0;
	while (i < WAITING - 1 && s->waiting[i].fn)
		i++;
	s->waiting[i] = (struct waiter){fn, arg};
	if (!s->asking)
		start_round(s, false);
}

void sentinels_forget(struct sentinels *s, const void *arg)
{
	for (size_t i = 0; i < WAITING; i++)
		if (s->waiting[i].arg == arg)
			s->waiting[i] = (struct waiter){0};
}

void sentinels_settled(struct sentinels *s, const struct place *master)
{
	s->master = *master;
}

// All connections that went there may say so: only the first one's word changes something.
void sentinels_doubt(struct sentinels *s, const struct place *at)
{
	if (!s->asking && s->named[s->first].port && place_equal(&s->named[s->first], at))
		s->first = (s->first + 1) % s->config->sentinels_count;
}

void sentinels_ask_again(struct sentinels *s)
{
	int64_t now = loop_mono_ms(s->loop);
	if (s->asking || now < s->again_ms)
		return;
	s->again_ms = now + AGAIN_MS;
	start_round(s, true);
}

void sentinels_on_moved(struct sentinels *s, void (*moved)(void *arg), void *arg)
{
	s->moved = moved;
	s->moved_arg = arg;
}
