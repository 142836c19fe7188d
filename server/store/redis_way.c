// SPDX-License-Identifier: Apache-2.0
// The way to the master: configured, or asked of the Sentinels.
#include "redis_way.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "redis_ask.h"
#include "redis_reply.h"
#include "redis_sentinel.h"

struct way {
	const struct config_redis *config;
	struct tls_ctx *tls;
	struct sentinels *sentinels; // NULL without
	struct place place;
};

static bool is_set(const char *s)
{
	return s && *s;
}

void place_print(const struct place *p, struct buf *out)
{
	bool colons = strchr(p->host, ':') != NULL;
	if (p->port == 0)
		buf_append_str(out, p->host);
	else
		buf_printf(out, colons ? "[%s]:%u" : "%s:%u", p->host, (unsigned)p->port);
}

bool place_read(const struct redis_reply *r, struct place *out)
{
	struct bytes host = redis_bytes(redis_at(r, 0));
	int64_t port = redis_integer(redis_at(r, 1));
	bool good = host.len > 0 && host.len < sizeof out->host && port > 0 && port <= UINT16_MAX;
	for (size_t i = 0; good && i < host.len; i++)
		good = host.data[i] > ' ' && host.data[i] < 0x7f;
	if (!good)
		return false;
	bytes_copy(host, out->host, sizeof out->host);
	out->port = (uint16_t)port;
	return true;
}

bool place_equal(const struct place *a, const struct place *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

// config_check() has seen the files; what is wrong inside them ends the start.
static struct tls_ctx *load_tls(const struct config_redis *c)
{
	struct buf error = {0};
	struct tls_ctx *t = c->tls ? tls_client_new(c->ca_file, &error) : NULL;
	bool good = !c->tls || t;
	if (t && is_set(c->certificate_file))
		good = tls_client_identity(t, c->certificate_file, c->key_file, &error);
	if (!good)
		fatal("event=redis_tls text=\"%s\"", buf_str(&error));
	buf_free(&error);
	return t;
}

struct way *way_new(struct loop *l, const struct config_redis *config)
{
	struct way *w = xcalloc(1, sizeof *w);
	bool socket = is_set(config->socket);
	w->config = config;
	w->tls = load_tls(config);
	if (config->sentinels_count > 0)
		w->sentinels = sentinels_new(l, config, w->tls);
	else
		snprintf(w->place.host, sizeof w->place.host, "%s",
		        socket ? config->socket : config->host);
	w->place.port = w->sentinels || socket ? 0 : config->port;
	return w;
}

void way_free(struct way *w)
{
	if (!w)
		return;
	sentinels_free(w->sentinels);
	tls_unref(w->tls);
	free(w);
}

void way_find(struct way *w, way_fn fn, void *arg)
{
	if (w->sentinels)
		sentinels_find(w->sentinels, fn, arg);
	else
		fn(&w->place, arg);
}

void way_forget(struct way *w, const void *arg)
{
	if (w->sentinels)
		sentinels_forget(w->sentinels, arg);
}

void way_settled(struct way *w, const struct place *master)
{
	w->place = *master;
	if (w->sentinels)
		sentinels_settled(w->sentinels, master);
}

void way_doubt(struct way *w, const struct place *at)
{
	if (w->sentinels)
		sentinels_doubt(w->sentinels, at);
}

void way_ask_again(struct way *w)
{
	if (w->sentinels)
		sentinels_ask_again(w->sentinels);
}

void way_on_moved(struct way *w, void (*moved)(void *arg), void *arg)
{
	if (w->sentinels)
		sentinels_on_moved(w->sentinels, moved, arg);
}

void way_whom(const struct way *w, const struct place *at, struct ask_whom *out)
{
	*out = (struct ask_whom){.place = *at,
	        .tls = w->tls,
	        .user = w->config->user,
	        .password_file = w->config->password_file};
}

bool way_has_sentinels(const struct way *w)
{
	return w->sentinels != NULL;
}

const struct place *way_place(const struct way *w)
{
	return &w->place;
}

struct tls_ctx *way_tls(const struct way *w)
{
	// A unix socket has no use for it.
	return is_set(w->config->socket) ? NULL : w->tls;
}

bool way_sign_in(const struct way *w, struct buf *out, struct buf *error)
{
	return reply_format_auth(w->config->user, w->config->password_file, out, error);
}
