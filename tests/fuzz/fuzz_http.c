// SPDX-License-Identifier: Apache-2.0
// Fuzzes the HTTP server over a unix socket: the first byte cuts the input into packets. Whatever
// comes, no more requests may be handled than it can hold, each is well-formed, and none outlives
// its connection.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "net/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	SIZE_MAX_FUZZED = 100000,
	SHORTEST_REQUEST = 18, // "GET / HTTP/1.0\r\n\r\n"
	TURNS_MAX = 200,
};

struct harness {
	struct loop *loop;
	struct http_server *server;
	struct listener *listener;
	char path[64];
	size_t requests;
};

static void on_request(const struct http_request *r, void *arg)
{
	struct harness *h = arg;
	h->requests++;
	if (r->target.len == 0 || r->target.data[0] != '/' ||
	        memchr(r->target.data, ' ', r->target.len) ||
	        r->body.len > http_limits_default.body_bytes)
		abort();
	if (strcmp(r->method, "GET") != 0 && strcmp(r->method, "POST") != 0 &&
	        strcmp(r->method, "HEAD") != 0)
		abort();
	http_respond(h->server, r->id, 200, "text/plain", r->body, NULL);
}

// One for the whole run: a real server lives longer than a connection too.
static struct harness *start(void)
{
	const struct listener_limits admit = {.total = 10, .handshake_ms = 1000};
	struct buf error = {0};
	struct harness *h = xcalloc(1, sizeof(*h));
	log_set_level(LOG_ERROR);
	snprintf(h->path, sizeof(h->path), "/tmp/holdfast-fuzz-http-%d", (int)getpid());
	h->loop = loop_new(clock_system());
	h->server = http_server_new(h->loop, "fuzz", &http_limits_default, on_request, h);
	h->listener = listener_new_unix(
	        h->loop, "fuzz", h->path, &admit, http_server_accept, h->server, &error);
	if (!h->listener)
		fatal("%s", buf_str(&error));
	return h;
}

static int connect_to(const struct harness *h)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	strcpy(a.sun_path, h->path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		fatal("cannot connect");
	loop_turn(h->loop, 0);
	return fd;
}

static void discard(int fd)
{
	char chunk[4096];
	while (recv(fd, chunk, sizeof(chunk), 0) > 0)
		;
}

static void feed(const struct harness *h, int fd, const uint8_t *data, size_t size, size_t packet)
{
	for (size_t at = 0; at < size;) {
		size_t n = size - at < packet ? size - at : packet;
		ssize_t sent = send(fd, data + at, n, MSG_NOSIGNAL);
		loop_turn(h->loop, 0);
		discard(fd);
		if (sent <= 0)
			return;
		at += (size_t)sent;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct harness *h;
	if (!h)
		h = start();
	if (size < 1 || size > SIZE_MAX_FUZZED)
		return 0;
	h->requests = 0;
	int fd = connect_to(h);
	feed(h, fd, data + 1, size - 1, data[0] ? (size_t)data[0] * 16 : size);
	shutdown(fd, SHUT_WR);
	for (int i = 0; i < TURNS_MAX && http_server_open(h->server) > 0; i++) {
		loop_turn(h->loop, 0);
		discard(fd);
	}
	close(fd);
	loop_turn(h->loop, 0);
	if (http_server_open(h->server) > 0 || h->requests > size / SHORTEST_REQUEST)
		abort();
	return 0;
}
