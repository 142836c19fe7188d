// SPDX-License-Identifier: Apache-2.0
#pragma once
// A private redis-server and a loop with a clock that can jump: what the tests of this folder
// share.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/loop.h"
#include "store/redis.h"

#define PATIENCE_MS 15000

struct link {
	struct loop *loop;
	struct clock clock;
	int64_t ahead_ms; // how far the loop's clock is ahead of the true one
	int64_t step_ms;  // and how much more with each look at it
	char dir[64];
	char socket[96];
	pid_t server;
	const char *load_delay_us; // how long the server takes for each command of its files
	int port;                  // 0: the server listens on its socket only
	const char *options[24];   // and more of the server's settings
	struct config_redis config;
	unsigned copies; // demanded
	struct redis *redis;
	struct redis *publisher;
	int up, down, refused, resync, messages;
	char why[256];
	char message[64];
};

static inline int64_t link_clock(void *arg)
{
	struct link *k = arg;
	k->ahead_ms += k->step_ms;
	return clock_mono_ms(clock_system()) + k->ahead_ms;
}

static inline int64_t true_ms(void)
{
	return clock_mono_ms(clock_system());
}

// Runs the loop until `cond` holds, and fails the test when it never does.
#define UNTIL(k, cond)                                                                             \
	do {                                                                                       \
		int64_t until = true_ms() + PATIENCE_MS;                                           \
		while (!(cond)) {                                                                  \
			if (true_ms() > until)                                                     \
				fail_msg("never: %s", #cond);                                      \
			loop_turn((k)->loop, 5);                                                   \
		}                                                                                  \
	} while (0)

static inline void remove_tree(const char *dir)
{
	pid_t pid = fork();
	if (pid == 0) {
		execlp("rm", "rm", "-rf", dir, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

static inline void server_start(struct link *k)
{
	k->server = fork();
	if (k->server != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	char port[8];
	snprintf(port, sizeof port, "%d", k->port);
	const char *argv[48] = {"redis-server", "--port", port, "--unixsocket", k->socket, "--dir",
	        k->dir, "--logfile", "log", "--save", "", "--appendonly", "yes", "--appendfsync",
	        "always", "--loading-process-events-interval-bytes", "1024",
	        "--repl-diskless-sync-delay", "0"};
	size_t n = 19;
	for (size_t i = 0; k->options[i]; i++)
		argv[n++] = k->options[i];
	if (k->load_delay_us) {
		argv[n++] = "--key-load-delay";
		argv[n] = k->load_delay_us;
	}
	execvp(argv[0], (char **)(uintptr_t)argv);
	_exit(127);
}

static inline void server_kill(struct link *k)
{
	kill(k->server, SIGKILL);
	waitpid(k->server, NULL, 0);
	k->server = 0;
}

static inline void on_up(void *arg)
{
	((struct link *)arg)->up++;
}

static inline void on_down(void *arg)
{
	((struct link *)arg)->down++;
}

static inline void on_refused(const char *why, void *arg)
{
	struct link *k = arg;
	k->refused++;
	snprintf(k->why, sizeof k->why, "%s", why);
}

static inline void on_message(const char *channel, struct bytes payload, void *arg)
{
	struct link *k = arg;
	k->messages++;
	snprintf(k->message, sizeof k->message, "%s=%.*s", channel, (int)payload.len,
	        (const char *)payload.data);
}

static inline void on_resync(void *arg)
{
	((struct link *)arg)->resync++;
}

static inline struct redis *link_open(struct link *k, bool unsafe)
{
	struct redis_events events = {on_up, on_down, on_refused, on_message, NULL, on_resync, k};
	const struct redis_demands demands = {.unsafe = unsafe, .copies = k->copies};
	return redis_new(k->loop, &k->config, &demands, &events);
}

static inline void link_init(struct link *k)
{
	*k = (struct link){0};
	k->clock = (struct clock){.wall_ms = link_clock, .mono_ms = link_clock, .arg = k};
	k->loop = loop_new(&k->clock);
	snprintf(k->dir, sizeof k->dir, "/tmp/holdfast-store.XXXXXX");
	assert_non_null(mkdtemp(k->dir));
	snprintf(k->socket, sizeof k->socket, "%s/redis.sock", k->dir);
	k->config.socket = k->socket;
}

static inline void link_end(struct link *k)
{
	redis_free(k->redis);
	if (k->server > 0)
		server_kill(k);
	loop_turn(k->loop, 0);
	loop_free(k->loop);
	remove_tree(k->dir);
}

// What one command came to.
struct outcome {
	int calls;
	enum redis_status status;
	int64_t integer;
	char text[128];
	char error[160];
};

static inline void on_outcome(const struct redis_result *r, void *arg)
{
	struct outcome *o = arg;
	struct bytes text = redis_bytes(r->reply);
	o->calls++;
	o->status = r->status;
	o->integer = redis_integer(r->reply);
	snprintf(o->text, sizeof o->text, "%.*s", (int)text.len, (const char *)text.data);
	snprintf(o->error, sizeof o->error, "%s", r->error);
}

// A command of words parted by single spaces.
static inline void send_words(
        struct redis *r, const char *words, int64_t deadline_ms, struct outcome *o)
{
	struct bytes parts[8];
	int count = 0;
	for (const char *at = words; *at && count < 8; count++) {
		size_t len = strcspn(at, " ");
		parts[count] = bytes_of(at, len);
		at += len + (at[len] == ' ');
	}
	*o = (struct outcome){0};
	redis_command(r, count, parts, deadline_ms, on_outcome, o);
}

static inline enum redis_status ask(struct link *k, const char *words, struct outcome *o)
{
	send_words(k->redis, words, 5000, o);
	assert_int_equal(o->calls, 0); // never from inside
	UNTIL(k, o->calls > 0);
	return o->status;
}
