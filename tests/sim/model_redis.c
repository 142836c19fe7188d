// SPDX-License-Identifier: Apache-2.0
// Masters, replicas, and the stream between them.
#include "model_redis.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

// What is kept of the stream for those who come back: like Redis' backlog.
#define BACKLOG_LEAST 256
#define BACKLOG_MOST  65536

// The effects of one command or script. Servers share it: where two have the same entry, all
// before it is the same.
struct entry {
	uint64_t id; // never 0, and never used again
	size_t refs;
	size_t len;
	uint8_t data[];
};

struct server {
	struct model_store *store;
	bool up;
	bool linked;   // follows its master just now
	size_t master; // itself when it is one
	struct entry **log;
	size_t log_count, log_cap;
	uint64_t base;   // the offset before log[0]
	uint64_t before; // the id of the entry at `base`, 0 when there was none
	uint64_t acked;  // what its master knows it has
	int64_t acked_ms;
};

struct model_redis {
	struct model_redis_rules rules;
	struct server at[MODEL_SERVERS_MAX];
	struct model_lua *lua;
	struct model_effects effects; // of the command being run
	size_t publishing;            // the server that runs it
	uint64_t entries;             // made so far
};

static void entry_drop(struct entry *e)
{
	if (--e->refs == 0)
		free(e);
}

static void log_clear(struct server *s)
{
	for (size_t i = 0; i < s->log_count; i++)
		entry_drop(s->log[i]);
	s->log_count = 0;
}

// The entry after which a server with `offset` stands, which the log keeps.
static uint64_t entry_at(const struct server *s, uint64_t offset)
{
	return offset == s->base ? s->before : s->log[offset - s->base - 1]->id;
}

static uint64_t offset_of(const struct server *s)
{
	return s->base + s->log_count;
}

static void log_add(struct server *s, struct entry *e)
{
	if (s->log_count == s->log_cap) {
		s->log_cap = s->log_cap ? s->log_cap * 2 : 1024;
		s->log = xrealloc(s->log, s->log_cap * sizeof(struct entry *));
	}
	e->refs++;
	s->log[s->log_count++] = e;
}

static void log_trim(struct model_redis *m, size_t server)
{
	struct server *s = &m->at[server];
	uint64_t needed = offset_of(s);
	if (s->log_count < BACKLOG_LEAST * 4)
		return;
	for (size_t i = 0; i < m->rules.servers; i++)
		if (i != server && m->at[i].master == server && m->at[i].acked < needed)
			needed = m->at[i].acked;
	size_t kept = (size_t)(offset_of(s) - (needed > s->base ? needed : s->base));
	kept = kept < BACKLOG_LEAST ? BACKLOG_LEAST : kept > BACKLOG_MOST ? BACKLOG_MOST : kept;
	if (kept >= s->log_count)
		return;
	size_t gone = s->log_count - kept;
	s->before = s->log[gone - 1]->id;
	for (size_t i = 0; i < gone; i++)
		entry_drop(s->log[i]);
	memmove(s->log, s->log + gone, kept * sizeof(struct entry *));
	s->log_count = kept;
	s->base += gone;
}

struct model_redis *model_redis_new(const struct model_redis_rules *rules)
{
	struct model_redis *m = xcalloc(1, sizeof *m);
	m->rules = *rules;
	m->lua = model_lua_new();
	if (rules->servers == 0 || rules->servers > MODEL_SERVERS_MAX)
		fatal("event=model_redis servers=%zu", rules->servers);
	for (size_t i = 0; i < rules->servers; i++)
		m->at[i] = (struct server){.store = model_store_new(), .up = true};
	return m;
}

void model_redis_free(struct model_redis *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->rules.servers; i++) {
		log_clear(&m->at[i]);
		free(m->at[i].log);
		model_store_free(m->at[i].store);
	}
	model_lua_free(m->lua);
	buf_free(&m->effects.data);
	free(m);
}

struct model_lua *model_redis_lua(struct model_redis *m)
{
	return m->lua;
}

// ---- running

static int64_t on_publish(struct bytes channel, struct bytes payload, void *arg)
{
	const struct model_redis *m = arg;
	if (!m->rules.publish)
		return 0;
	return m->rules.publish(m->publishing, channel, payload, m->rules.arg);
}

static const char *denial(const struct model_redis *m, size_t server, int64_t now, const char *deny)
{
	unsigned good = 0;
	if (!model_redis_is_master(m, server))
		return "READONLY You can't write against a read only replica.";
	for (size_t i = 0; i < m->rules.servers; i++) {
		const struct server *s = &m->at[i];
		good += i != server && s->master == server && s->linked &&
		        now - s->acked_ms <= m->rules.max_lag_ms;
	}
	return good < m->rules.min_replicas ? "NOREPLICAS Not enough good replicas to write."
	                                    : deny;
}

static void begin(struct model_redis *m, size_t server)
{
	if (!m->at[server].up)
		fatal("event=model_redis_is_down server=%zu", server);
	m->publishing = server;
	m->effects.count = 0;
	buf_clear(&m->effects.data);
}

// Replicas get what a master did, and never anything from a server that is none.
static void end(struct model_redis *m, size_t server)
{
	struct bytes data = buf_bytes(&m->effects.data);
	if (m->effects.count == 0 || !model_redis_is_master(m, server))
		return;
	struct entry *e = xmalloc(sizeof *e + data.len);
	*e = (struct entry){.id = ++m->entries, .len = data.len};
	memcpy(e->data, data.data, data.len);
	log_add(&m->at[server], e);
	log_trim(m, server);
	if (m->rules.wrote)
		m->rules.wrote(server, bytes_of(e->data, e->len), m->rules.arg);
}

static struct model_call call_of(
        struct model_redis *m, int64_t now_ms, int argc, const struct bytes *argv)
{
	return (struct model_call){.now_ms = now_ms,
	        .argc = argc,
	        .argv = argv,
	        .effects = &m->effects,
	        .publish = on_publish,
	        .arg = m};
}

void model_redis_command(struct model_redis *m, size_t server, int64_t now_ms, int argc,
        const struct bytes *argv, const char *deny, struct model_reply *out)
{
	struct model_call call = call_of(m, now_ms, argc, argv);
	const char *error = denial(m, server, now_ms, deny);
	if (error && model_command_writes(model_command_of(argv[0]))) {
		model_reply_clear(out);
		model_add_copy(out, MODEL_ERROR, bytes_str(error));
		return;
	}
	begin(m, server);
	model_store_run(m->at[server].store, &call, out);
	end(m, server);
}

void model_redis_script(struct model_redis *m, size_t server, int64_t now_ms, const char *script,
        int keys, int argc, const struct bytes *argv, const char *deny, struct model_reply *out)
{
	struct model_call call = call_of(m, now_ms, argc, argv);
	begin(m, server);
	model_lua_run(m->lua, m->at[server].store, script, keys, &call,
	        denial(m, server, now_ms, deny), out);
	end(m, server);
}

void model_redis_expire(struct model_redis *m, size_t server, int64_t now_ms)
{
	if (!model_redis_is_master(m, server))
		return;
	begin(m, server);
	model_store_expire(m->at[server].store, now_ms, &m->effects);
	end(m, server);
}

// ---- copies

bool model_redis_is_up(const struct model_redis *m, size_t server)
{
	return m->at[server].up;
}

bool model_redis_is_master(const struct model_redis *m, size_t server)
{
	return m->at[server].master == server;
}

size_t model_redis_master_of(const struct model_redis *m, size_t server)
{
	return m->at[server].master;
}

uint64_t model_redis_offset(const struct model_redis *m, size_t server)
{
	return offset_of(&m->at[server]);
}

size_t model_redis_copies(const struct model_redis *m, size_t server, uint64_t offset)
{
	size_t have = 0;
	for (size_t i = 0; i < m->rules.servers; i++)
		have += i != server && m->at[i].master == server && m->at[i].linked &&
		        m->at[i].acked >= offset;
	return have;
}

struct model_store *model_redis_store(struct model_redis *m, size_t server)
{
	return m->at[server].store;
}

// Those who follow the copy have another past now.
static void copy_all(struct model_redis *m, size_t replica, const struct server *from)
{
	struct server *to = &m->at[replica];
	model_store_free(to->store);
	to->store = model_store_copy(from->store);
	log_clear(to);
	to->base = offset_of(from);
	to->before = entry_at(from, to->base);
	for (size_t i = 0; i < m->rules.servers; i++)
		if (i != replica && m->at[i].master == replica)
			m->at[i].linked = false;
}

// Whether the master still has what comes after all that the replica has.
static bool same_past(const struct server *replica, const struct server *master)
{
	uint64_t offset = offset_of(replica);
	bool kept = offset >= master->base && offset <= offset_of(master);
	return kept && entry_at(master, offset) == entry_at(replica, offset);
}

bool model_redis_stream(struct model_redis *m, size_t replica, int64_t now_ms, size_t most)
{
	struct server *to = &m->at[replica];
	const struct server *from = &m->at[to->master];
	if (to == from || !to->up || !from->up)
		return false;
	if (to->linked ? offset_of(to) < from->base : !same_past(to, from))
		copy_all(m, replica, from);
	to->linked = true;
	for (size_t i = 0; i < most && offset_of(to) < offset_of(from); i++) {
		struct entry *e = from->log[offset_of(to) - from->base];
		m->publishing = replica;
		model_effects_apply(to->store, bytes_of(e->data, e->len), on_publish, m);
		log_add(to, e);
	}
	to->acked = offset_of(to);
	to->acked_ms = now_ms;
	log_trim(m, replica);
	return true;
}

void model_redis_unlink(struct model_redis *m, size_t replica)
{
	m->at[replica].linked = false;
}

// ---- failover and crashes

void model_redis_promote(struct model_redis *m, size_t server)
{
	m->at[server].master = server;
	m->at[server].linked = false;
}

void model_redis_follow(struct model_redis *m, size_t server, size_t master)
{
	m->at[server].master = master;
	m->at[server].linked = false;
	m->at[server].acked = 0;
}

void model_redis_crash(struct model_redis *m, size_t server)
{
	m->at[server].up = false;
	for (size_t i = 0; i < m->rules.servers; i++)
		if (i == server || m->at[i].master == server)
			m->at[i].linked = false;
}

void model_redis_restart(struct model_redis *m, size_t server)
{
	m->at[server].up = true;
}
