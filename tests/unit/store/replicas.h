// SPDX-License-Identifier: Apache-2.0
#pragma once
// A master that replicas can follow, and looking into any server without the link.
#include "server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

// A port that was free a moment ago.
static inline int free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof at;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	close(fd);
	return ntohs(at.sin_port);
}

struct replica {
	char socket[112];
	int port;                // 0: the link cannot ask it
	const char *appendfsync; // "always" when NULL
	pid_t pid;
};

// The master of a link listens on `port` as well.
static inline void replica_start(const struct link *k, struct replica *r, const char *name)
{
	char dir[96], port[8], own[8];
	snprintf(dir, sizeof dir, "%s/%s", k->dir, name);
	snprintf(r->socket, sizeof r->socket, "%s/r.sock", dir);
	snprintf(port, sizeof port, "%d", k->port);
	snprintf(own, sizeof own, "%d", r->port);
	mkdir(dir, 0700);
	r->pid = fork();
	if (r->pid != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execlp("redis-server", "redis-server", "--port", own, "--unixsocket", r->socket, "--dir",
	        dir, "--logfile", "log", "--save", "", "--appendonly", "yes", "--appendfsync",
	        r->appendfsync ? r->appendfsync : "always", "--repl-diskless-sync-delay", "0",
	        "--replicaof", "127.0.0.1", port, (char *)NULL);
	_exit(127);
}

static inline void replica_end(struct replica *r)
{
	if (r->pid > 0) {
		kill(r->pid, SIGKILL);
		waitpid(r->pid, NULL, 0);
	}
	r->pid = 0;
}

// One line of what redis-cli says.
static inline const char *cli(const char *socket, const char *words)
{
	static char line[512];
	char command[512];
	snprintf(command, sizeof command, "redis-cli -s %s %s 2>&1", socket, words);
	FILE *f = popen(command, "re");
	assert_non_null(f);
	size_t len = fread(line, 1, sizeof line - 1, f);
	line[len] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	pclose(f);
	return line;
}

// {p}:seen:… is claimed by the smallest script that writes: OK, then DUPLICATE.
static inline void claim(
        struct link *k, const char *id, int64_t deadline_ms, redis_fn fn, void *arg)
{
	struct buf key = {0};
	buf_printf(&key, "{p}:seen:g:%s", id);
	struct bytes parts[] = {buf_bytes(&key), bytes_str("what"), bytes_str("600000")};
	redis_script(k->redis, "seen", 1, 3, parts, deadline_ms, fn, arg);
	buf_free(&key);
}
