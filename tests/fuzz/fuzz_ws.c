// SPDX-License-Identifier: Apache-2.0
// Fuzzes the frames of a WebSocket session behind a real handshake over a unix socket: the first
// byte cuts the input into packets. Text must be UTF-8, messages within their limit, and every
// session must end.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"
#include "net/ws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define UPGRADE                                                                                    \
	"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"               \
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"             \
	"Sec-WebSocket-Protocol: fuzz\r\n\r\n"

enum {
	SIZE_MAX_FUZZED = 200000,
	TURNS_MAX = 200,
};

struct harness {
	struct loop *loop;
	struct http_server *server;
	struct listener *listener;
	char path[64];
	int open;
};

static void on_ws(struct ws *w, enum ws_event event, struct bytes data, void *arg)
{
	struct harness *h = arg;
	if (event == WS_CLOSED) {
		h->open--;
		return;
	}
	if (data.len > ws_limits_default.message_bytes || (event == WS_TEXT && !utf8_valid(data)))
		abort();
	if (data.len > 0 && data.data[0] == 'q') {
		ws_close(w, 1000, "asked to");
		h->open--;
		return;
	}
	ws_send(w, event == WS_TEXT, data);
}

static void on_request(const struct http_request *r, void *arg)
{
	struct harness *h = arg;
	int status;
	if (!ws_request_ok(r, "fuzz", &status) ||
	        !ws_accept(h->loop, h->server, r->id, http_header(r, "sec-websocket-key", NULL),
	                "fuzz", &ws_limits_default, on_ws, h))
		abort();
	h->open++;
}

static struct harness *start(void)
{
	const struct listener_limits admit = {.total = 10, .handshake_ms = 1000};
	struct buf error = {0};
	struct harness *h = xcalloc(1, sizeof(*h));
	log_set_level(LOG_ERROR);
	snprintf(h->path, sizeof(h->path), "/tmp/holdfast-fuzz-ws-%d", (int)getpid());
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
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	        send(fd, UPGRADE, sizeof(UPGRADE) - 1, MSG_NOSIGNAL) < 0)
		fatal("cannot connect");
	for (int i = 0; i < TURNS_MAX && h->open == 0; i++)
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
	int fd = connect_to(h);
	if (h->open != 1)
		abort();
	feed(h, fd, data + 1, size - 1, data[0] ? (size_t)data[0] * 16 : size);
	shutdown(fd, SHUT_WR);
	for (int i = 0; i < TURNS_MAX && h->open > 0; i++) {
		loop_turn(h->loop, 0);
		discard(fd);
	}
	close(fd);
	for (int i = 0; i < 4; i++)
		loop_turn(h->loop, 0);
	if (h->open != 0)
		abort();
	return 0;
}
