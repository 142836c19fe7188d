// SPDX-License-Identifier: Apache-2.0
// Sessions of Redis servers and Sentinels: what the link asks, answered from the model.
#include "model_servers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define PARTS_MAX  1024
#define SCRIPTS    128
#define RETRY_MS   100   // replicas that do not reach their master try again
#define BEAT_MS    1000  // replicas acknowledge, whether there is anything new or not
#define EXPIRE_MS  60000 // masters look for what has expired
#define HASH_BYTES 41

struct script {
	char hash[HASH_BYTES];
	const char *name;
	char *text; // of one that is not in the table of the model
};

struct channel {
	struct channel *next;
	char *name;
};

struct session {
	struct model_servers *servers;
	struct session *next, **link;
	struct model_pipe *pipe;
	bool sentinel;
	size_t server;
	struct buf input;
	struct buf output;
	struct channel *channels;
	uint64_t offset; // of the server, after the session's latest command
	uint64_t wait;   // the timer of a WAIT under way
	uint64_t wanted;
	bool waiting;
	bool cut; // no more is to be read
};

struct instance {
	struct model_servers *servers;
	size_t number;
	unsigned lives;
	bool loaded[SCRIPTS];
	uint64_t timer; // of the next copy or beat, when it follows somebody
	bool copying;
	uint64_t until; // what is on the way to it: the master's offset when it left
};

struct model_servers {
	struct model_net *net;
	struct loop *loop;
	struct model_servers_rules rules;
	struct model_redis *redis;
	struct instance at[MODEL_SERVERS_MAX];
	struct script scripts[SCRIPTS];
	size_t scripts_count;
	struct session *sessions, **last_session;
	size_t master;
	uint64_t expire;
	struct bytes argv[PARTS_MAX];
	struct model_reply reply;
};

// ---- sessions

static void session_free(struct session *s)
{
	struct channel *c;
	loop_cancel(s->servers->loop, s->wait);
	while ((c = s->channels)) {
		s->channels = c->next;
		free(c->name);
		free(c);
	}
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	else
		s->servers->last_session = s->link;
	buf_free(&s->input);
	buf_free(&s->output);
	free(s);
}

static void flush(struct session *s)
{
	if (s->output.len > 0)
		model_pipe_write(s->pipe, buf_bytes(&s->output));
	buf_clear(&s->output);
}

static void session_end(struct session *s, enum model_ending how)
{
	struct model_pipe *p = s->pipe;
	if (how == MODEL_END)
		flush(s);
	session_free(s);
	model_pipe_close(p, how);
}

static void end_all(struct model_servers *m, size_t server, enum model_ending how)
{
	for (struct session *s = m->sessions, *next; s; s = next) {
		next = s->next;
		if (!s->sentinel && s->server == server)
			session_end(s, how);
	}
}

static void *on_accept(struct model_pipe *p, uint16_t port, void *arg)
{
	struct model_servers *m = arg;
	bool sentinel = port >= MODEL_SENTINEL_PORT;
	size_t server = (size_t)port - (sentinel ? MODEL_SENTINEL_PORT : MODEL_REDIS_PORT);
	if (server >= (sentinel ? m->rules.sentinels : m->rules.redis))
		fatal("event=model_port port=%u", (unsigned)port);
	if (!sentinel && !model_redis_is_up(m->redis, server))
		return NULL;
	struct session *s = xcalloc(1, sizeof *s);
	*s = (struct session){.servers = m, .pipe = p, .sentinel = sentinel, .server = server};
	s->link = m->last_session;
	*m->last_session = s;
	m->last_session = &s->next;
	return s;
}

static int64_t on_publish(size_t server, struct bytes channel, struct bytes payload, void *arg)
{
	struct model_servers *m = arg;
	int64_t heard = 0;
	for (struct session *s = m->sessions; s; s = s->next) {
		const struct channel *c = s->sentinel || s->server != server ? NULL : s->channels;
		while (c && !bytes_is(channel, c->name))
			c = c->next;
		if (!c)
			continue;
		struct buf out = {0};
		buf_printf(&out, "*3\r\n$7\r\nmessage\r\n$%zu\r\n%s\r\n$%zu\r\n", channel.len,
		        c->name, payload.len);
		buf_append_bytes(&out, payload);
		buf_append_str(&out, "\r\n");
		model_pipe_write(s->pipe, buf_bytes(&out));
		buf_free(&out);
		heard++;
	}
	return heard;
}

static void on_wrote(size_t server, struct bytes effects, void *arg)
{
	const struct model_servers *m = arg;
	m->rules.wrote(server, effects, m->rules.arg);
}

// ---- copies

static void on_copy(void *arg);

static void arm_copy(struct instance *i, int64_t after_ms)
{
	struct loop *l = i->servers->loop;
	loop_cancel(l, i->timer);
	i->timer = loop_timer(l, after_ms, on_copy, i);
}

static void start_copy(struct instance *i)
{
	const struct model_servers *m = i->servers;
	size_t master = model_redis_master_of(m->redis, i->number);
	int64_t delay = m->rules.copy_ms(master, i->number, m->rules.arg);
	i->copying = delay >= 0;
	i->until = model_redis_offset(m->redis, master);
	arm_copy(i, delay >= 0 ? delay : RETRY_MS);
}

static void end_wait(struct session *s)
{
	struct model_servers *m = s->servers;
	loop_cancel(m->loop, s->wait);
	s->wait = 0;
	s->waiting = false;
	buf_printf(&s->output, ":%zu\r\n", model_redis_copies(m->redis, s->server, s->offset));
}

static void read_commands(struct session *s);

// Whatever waited behind the WAIT is done now.
static void go_on(struct session *s)
{
	end_wait(s);
	read_commands(s);
}

static void on_wait_over(void *arg)
{
	struct session *s = arg;
	s->wait = 0;
	go_on(s);
}

static bool has_copies(const struct session *s)
{
	return model_redis_copies(s->servers->redis, s->server, s->offset) >= s->wanted;
}

static void look_at_waits(struct model_servers *m, size_t server)
{
	for (struct session *s = m->sessions, *next; s; s = next) {
		next = s->next;
		if (s->waiting && !s->sentinel && s->server == server && has_copies(s))
			go_on(s);
	}
}

static void on_copy(void *arg)
{
	struct instance *i = arg;
	struct model_servers *m = i->servers;
	size_t master = model_redis_master_of(m->redis, i->number);
	i->timer = 0;
	if (!i->copying) {
		start_copy(i);
		return;
	}
	i->copying = false;
	uint64_t has = model_redis_offset(m->redis, i->number);
	int64_t now = m->rules.wall_ms(master, m->rules.arg);
	if (!model_redis_stream(m->redis, i->number, now, i->until > has ? i->until - has : 0)) {
		arm_copy(i, RETRY_MS);
		return;
	}
	if (model_redis_offset(m->redis, i->number) < model_redis_offset(m->redis, master))
		start_copy(i);
	else
		arm_copy(i, BEAT_MS);
	look_at_waits(m, master);
}

static void copy_to_replicas(struct model_servers *m, size_t server)
{
	for (size_t i = 0; i < m->rules.redis; i++)
		if (i != server && model_redis_master_of(m->redis, i) == server &&
		        !m->at[i].copying)
			start_copy(&m->at[i]);
}

static void on_expire(void *arg)
{
	struct model_servers *m = arg;
	for (size_t i = 0; i < m->rules.redis; i++)
		if (model_redis_is_up(m->redis, i))
			model_redis_expire(m->redis, i, m->rules.wall_ms(i, m->rules.arg));
	m->expire = loop_timer(m->loop, EXPIRE_MS, on_expire, m);
}

// ---- commands that are the server's own

static void hash_of(struct bytes text, char out[static HASH_BYTES])
{
	uint64_t a = UINT64_C(0xcbf29ce484222325), b = text.len;
	for (size_t i = 0; i < text.len; i++) {
		a = (a ^ text.data[i]) * UINT64_C(0x100000001b3);
		b = (b + a) * UINT64_C(0x9e3779b97f4a7c15);
	}
	snprintf(out, HASH_BYTES, "%016llx%016llx%08x", (unsigned long long)a,
	        (unsigned long long)b, (unsigned)text.len);
}

static size_t script_of(const struct model_servers *m, struct bytes hash)
{
	size_t i = 0;
	while (i < m->scripts_count && !bytes_is(hash, m->scripts[i].hash))
		i++;
	return i;
}

static void add_script(struct model_servers *m, struct bytes text, const char *hash)
{
	struct model_lua *lua = model_redis_lua(m->redis);
	if (m->scripts_count == SCRIPTS)
		fatal("event=model_scripts count=%d", SCRIPTS);
	struct script *one = &m->scripts[m->scripts_count++];
	snprintf(one->hash, sizeof one->hash, "%s", hash);
	one->name = model_lua_name_of(lua, text);
	if (one->name)
		return;
	one->text = bytes_dup(text);
	one->name = one->hash;
	model_lua_add(lua, one->name, one->text);
}

static void do_script(struct session *s, int argc, const struct bytes *argv)
{
	struct model_servers *m = s->servers;
	char hash[HASH_BYTES];
	if (argc != 3 || !bytes_is_nocase(argv[1], "LOAD"))
		fatal("event=model_unknown command=SCRIPT");
	hash_of(argv[2], hash);
	size_t i = script_of(m, bytes_str(hash));
	if (i == m->scripts_count)
		add_script(m, argv[2], hash);
	m->at[s->server].loaded[i] = true;
	model_add_copy(&m->reply, MODEL_STRING, bytes_str(hash));
}

static void do_ping(struct session *s, int argc, const struct bytes *argv)
{
	struct model_reply *r = &s->servers->reply;
	(void)argc;
	(void)argv;
	if (!s->channels) {
		model_add_text(r, MODEL_STATUS, bytes_str("PONG"));
		return;
	}
	model_add_array(r, 2);
	model_add_text(r, MODEL_STRING, bytes_str("pong"));
	model_add_text(r, MODEL_STRING, bytes_str(""));
}

static void do_ok(struct session *s, int argc, const struct bytes *argv)
{
	(void)argc;
	(void)argv;
	model_add_text(&s->servers->reply, MODEL_STATUS, bytes_str("OK"));
}

// run_id names one life of one server.
static void do_info(struct session *s, int argc, const struct bytes *argv)
{
	struct model_servers *m = s->servers;
	char text[160];
	(void)argc;
	(void)argv;
	int n = snprintf(text, sizeof text,
	        "# Server\r\nredis_version:7.0.15\r\nrun_id:%020zu%020u\r\n", s->server,
	        m->at[s->server].lives);
	model_add_copy(&m->reply, MODEL_STRING, bytes_of(text, (size_t)n));
}

static void add_number(struct model_reply *r, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
	model_add_copy(r, MODEL_STRING, bytes_of(digits, (size_t)len));
}

static void do_role(struct session *s, int argc, const struct bytes *argv)
{
	struct model_servers *m = s->servers;
	struct model_reply *r = &m->reply;
	size_t master = model_redis_master_of(m->redis, s->server);
	(void)argc;
	(void)argv;
	if (master != s->server) {
		model_add_array(r, 5);
		model_add_text(r, MODEL_STRING, bytes_str("slave"));
		model_add_text(r, MODEL_STRING, bytes_str("model"));
		model_add_integer(r, MODEL_REDIS_PORT + (int64_t)master);
		model_add_text(r, MODEL_STRING, bytes_str("connected"));
		model_add_integer(r, (int64_t)model_redis_offset(m->redis, s->server));
		return;
	}
	size_t replicas = model_redis_copies(m->redis, s->server, 0);
	model_add_array(r, 3);
	model_add_text(r, MODEL_STRING, bytes_str("master"));
	model_add_integer(r, (int64_t)model_redis_offset(m->redis, s->server));
	model_add_array(r, replicas);
	for (size_t i = 0; i < replicas; i++) {
		model_add_array(r, 3);
		model_add_text(r, MODEL_STRING, bytes_str("model"));
		add_number(r, MODEL_REDIS_PORT);
		add_number(r, 0);
	}
}

static void add_setting(struct model_servers *m, struct bytes name)
{
	static const struct {
		const char *name, *value;
	} settings[] = {
	        {"appendonly", "yes"},
	        {"appendfsync", "always"},
	        {"no-appendfsync-on-rewrite", "no"},
	        {"maxmemory-policy", "noeviction"},
	        {"min-replicas-to-write", NULL},
	};
	size_t i = 0, count = sizeof settings / sizeof settings[0];
	while (i < count && !bytes_is(name, settings[i].name))
		i++;
	if (i == count)
		fatal("event=model_unknown command=CONFIG with=%.*s", (int)name.len,
		        (const char *)name.data);
	model_add_text(&m->reply, MODEL_STRING, bytes_str(settings[i].name));
	if (settings[i].value)
		model_add_text(&m->reply, MODEL_STRING, bytes_str(settings[i].value));
	else
		add_number(&m->reply, m->rules.min_replicas);
}

static void do_config(struct session *s, int argc, const struct bytes *argv)
{
	if (argc < 3 || !bytes_is_nocase(argv[1], "GET"))
		fatal("event=model_unknown command=CONFIG");
	model_add_array(&s->servers->reply, 2 * (size_t)(argc - 2));
	for (int i = 2; i < argc; i++)
		add_setting(s->servers, argv[i]);
}

static void do_subscribe(struct session *s, int argc, const struct bytes *argv)
{
	struct model_reply *r = &s->servers->reply;
	if (argc != 2)
		fatal("event=model_unknown command=SUBSCRIBE parts=%d", argc);
	struct channel *c = xcalloc(1, sizeof *c);
	*c = (struct channel){.next = s->channels, .name = bytes_dup(argv[1])};
	s->channels = c;
	model_add_array(r, 3);
	model_add_text(r, MODEL_STRING, bytes_str("subscribe"));
	model_add_text(r, MODEL_STRING, bytes_str(c->name));
	model_add_integer(r, 1);
}

// Answered at once, or when enough replicas have it, or when its time is over.
static void do_wait(struct session *s, int argc, const struct bytes *argv)
{
	uint64_t ms;
	if (argc != 3 || !bytes_to_u64(argv[1], &s->wanted) || !bytes_to_u64(argv[2], &ms))
		fatal("event=model_unknown command=WAIT");
	if (has_copies(s)) {
		end_wait(s);
		return;
	}
	s->waiting = true;
	s->wait = loop_timer(s->servers->loop, (int64_t)ms, on_wait_over, s);
}

static void do_sentinel(struct session *s, int argc, const struct bytes *argv)
{
	struct model_servers *m = s->servers;
	if (!s->sentinel || argc != 3 || !bytes_is_nocase(argv[1], "get-master-addr-by-name"))
		fatal("event=model_unknown command=SENTINEL");
	model_add_array(&m->reply, 2);
	model_add_text(&m->reply, MODEL_STRING, bytes_str("model"));
	add_number(&m->reply, MODEL_REDIS_PORT + m->master);
}

static const struct own {
	const char *name;
	void (*fn)(struct session *s, int argc, const struct bytes *argv);
} own_commands[] = {
        {"PING", do_ping},
        {"AUTH", do_ok},
        {"INFO", do_info},
        {"ROLE", do_role},
        {"ACL", do_ok}, // everybody may do everything
        {"CONFIG", do_config},
        {"SCRIPT", do_script},
        {"SUBSCRIBE", do_subscribe},
        {"WAIT", do_wait},
        {"SENTINEL", do_sentinel},
};

// ---- commands and scripts on the keys

static bool refuses_all(const char *error)
{
	return error && (strncmp(error, "LOADING", 7) == 0 || strncmp(error, "BUSY", 4) == 0);
}

static void run_script(struct session *s, int argc, const struct bytes *argv, const char *deny)
{
	struct model_servers *m = s->servers;
	uint64_t keys;
	size_t i = argc > 2 ? script_of(m, argv[1]) : 0;
	if (argc < 3 || !bytes_to_u64(argv[2], &keys))
		fatal("event=model_unknown command=EVALSHA parts=%d", argc);
	if (i == m->scripts_count || !m->at[s->server].loaded[i]) {
		model_add_text(&m->reply, MODEL_ERROR,
		        bytes_str("NOSCRIPT No matching script. Please use EVAL."));
		return;
	}
	model_redis_script(m->redis, s->server, m->rules.wall_ms(s->server, m->rules.arg),
	        m->scripts[i].name, (int)keys, argc - 3, argv + 3, deny, &m->reply);
}

static void run(struct session *s, int argc, const struct bytes *argv, const char *deny)
{
	struct model_servers *m = s->servers;
	uint64_t before = model_redis_offset(m->redis, s->server);
	if (bytes_is_nocase(argv[0], "EVALSHA"))
		run_script(s, argc, argv, deny);
	else
		model_redis_command(m->redis, s->server, m->rules.wall_ms(s->server, m->rules.arg),
		        argc, argv, deny, &m->reply);
	s->offset = model_redis_offset(m->redis, s->server);
	if (s->offset != before)
		copy_to_replicas(m, s->server);
}

static void dispatch(struct session *s, int argc, const struct bytes *argv)
{
	struct model_servers *m = s->servers;
	const struct model_servers_rules *r = &m->rules;
	size_t node = model_pipe_node(s->pipe);
	const char *error = s->sentinel || !r->refuse ? NULL : r->refuse(node, s->server, r->arg);
	model_reply_clear(&m->reply);
	if (refuses_all(error)) {
		model_add_text(&m->reply, MODEL_ERROR, bytes_str(error));
		return;
	}
	for (size_t i = 0; i < sizeof own_commands / sizeof own_commands[0]; i++) {
		if (bytes_is_nocase(argv[0], own_commands[i].name)) {
			own_commands[i].fn(s, argc, argv);
			return;
		}
	}
	enum model_mishap mishap = r->mishap ? r->mishap(node, s->server, r->arg) : MISHAP_NONE;
	s->cut = mishap != MISHAP_NONE;
	if (mishap != MISHAP_BEFORE)
		run(s, argc, argv, error);
}

// ---- reading

// "*12\r\n" or "$5\r\n" at *at; false when it is not all there.
static bool take_count(struct bytes in, size_t *at, char mark, size_t *out)
{
	const uint8_t *end = memchr(in.data + *at, '\n', in.len - *at);
	uint64_t n;
	if (!end)
		return false;
	size_t len = (size_t)(end - in.data) - *at;
	if (in.data[*at] != (uint8_t)mark || len < 3 ||
	        !bytes_to_u64(bytes_of(in.data + *at + 1, len - 2), &n))
		fatal("event=model_wire");
	*at += len + 1;
	*out = (size_t)n;
	return true;
}

// The parts of the command that begins at *at; 0 when it is not all there.
static int take_command(struct bytes in, size_t *at, struct bytes *argv)
{
	size_t argc, len, to = *at;
	if (to == in.len || !take_count(in, &to, '*', &argc))
		return 0;
	if (argc == 0 || argc > PARTS_MAX)
		fatal("event=model_wire parts=%zu", argc);
	for (size_t i = 0; i < argc; i++) {
		if (to == in.len || !take_count(in, &to, '$', &len) || in.len - to < len + 2)
			return 0;
		argv[i] = bytes_of(in.data + to, len);
		to += len + 2;
	}
	*at = to;
	return (int)argc;
}

static void read_commands(struct session *s)
{
	struct model_servers *m = s->servers;
	size_t at = 0;
	int argc;
	while (!s->waiting && (argc = take_command(buf_bytes(&s->input), &at, m->argv)) > 0) {
		dispatch(s, argc, m->argv);
		if (s->cut) {
			session_end(s, MODEL_RESET);
			return;
		}
		if (m->reply.count > 0)
			model_reply_print(&m->reply, &s->output);
	}
	buf_consume(&s->input, at);
	flush(s);
}

static void on_data(void *session, struct bytes data)
{
	struct session *s = session;
	buf_append_bytes(&s->input, data);
	read_commands(s);
}

static void on_closed(void *session)
{
	session_free(session);
}

// ---- the whole

struct model_servers *model_servers_new(
        struct model_net *net, const struct model_servers_rules *rules)
{
	struct model_servers *m = xcalloc(1, sizeof *m);
	m->net = net;
	m->loop = model_net_loop(net);
	m->rules = *rules;
	m->last_session = &m->sessions;
	m->redis = model_redis_new(&(struct model_redis_rules){.servers = rules->redis,
	        .min_replicas = rules->min_replicas,
	        .max_lag_ms = rules->max_lag_ms,
	        .publish = on_publish,
	        .wrote = rules->wrote ? on_wrote : NULL,
	        .arg = m});
	for (size_t i = 0; i < rules->redis; i++) {
		m->at[i] = (struct instance){.servers = m, .number = i};
		if (i > 0)
			start_copy(&m->at[i]);
	}
	model_net_listen(net, &(struct model_listener){on_accept, on_data, on_closed, m});
	m->expire = loop_timer(m->loop, EXPIRE_MS, on_expire, m);
	return m;
}

void model_servers_free(struct model_servers *m)
{
	if (!m)
		return;
	while (m->sessions)
		session_end(m->sessions, MODEL_SILENT);
	for (size_t i = 0; i < m->rules.redis; i++)
		loop_cancel(m->loop, m->at[i].timer);
	for (size_t i = 0; i < m->scripts_count; i++)
		free(m->scripts[i].text);
	loop_cancel(m->loop, m->expire);
	model_redis_free(m->redis);
	model_reply_free(&m->reply);
	free(m);
}

struct model_redis *model_servers_redis(struct model_servers *m)
{
	return m->redis;
}

void model_servers_crash(struct model_servers *m, size_t server, bool silently)
{
	model_redis_crash(m->redis, server);
	memset(m->at[server].loaded, 0, sizeof m->at[server].loaded);
	end_all(m, server, silently ? MODEL_SILENT : MODEL_END);
}

void model_servers_restart(struct model_servers *m, size_t server)
{
	m->at[server].lives++;
	model_redis_restart(m->redis, server);
}

void model_servers_promote(struct model_servers *m, size_t server)
{
	loop_cancel(m->loop, m->at[server].timer);
	m->at[server].timer = 0;
	m->at[server].copying = false;
	m->master = server;
	model_redis_promote(m->redis, server);
}

void model_servers_follow(struct model_servers *m, size_t server, size_t master)
{
	model_redis_follow(m->redis, server, master);
	end_all(m, server, MODEL_END);
	start_copy(&m->at[server]);
}

size_t model_servers_master(const struct model_servers *m)
{
	return m->master;
}
