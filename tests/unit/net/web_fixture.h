// SPDX-License-Identifier: Apache-2.0
#pragma once
// An HTTP server on a loopback port with a clock that tests move, and bare sockets to speak to it.

#include "net_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/metrics.h"
#include "net/http.h"

struct web {
	struct fake_clock clock;
	struct loop *loop;
	struct listener *listener;
	struct http_server *server;
	struct buf error;
	void *extra;
};

// A test's end of a connection: everything received so far, and whether the stream has ended.
struct peer {
	int fd;
	struct buf got;
	bool ended;
};

static inline void web_start(struct web *w, const struct http_limits *limits, http_fn fn, void *arg)
{
	const struct listener_limits admit = {.total = 100, .handshake_ms = 5000};
	fake_clock_init(&w->clock);
	metrics_reset();
	w->loop = loop_new(&w->clock.clock);
	w->server = http_server_new(w->loop, "test", limits, fn, arg);
	w->listener = listener_new(w->loop, "test", "127.0.0.1", 0, NULL, &admit,
	        http_server_accept, w->server, &w->error);
	assert_non_null(w->listener);
}

static inline void web_stop(struct web *w)
{
	http_server_free(w->server);
	listener_free(w->listener);
	settle(w->loop);
	loop_free(w->loop);
	buf_free(&w->error);
}

static inline struct peer peer_connect(const struct web *w)
{
	struct sockaddr_in a = {
	        .sin_family = AF_INET, .sin_port = htons(listener_port(w->listener))};
	struct peer p = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(p.fd, (struct sockaddr *)&a, sizeof(a)), 0);
	fcntl(p.fd, F_SETFL, O_NONBLOCK);
	return p;
}

static inline void peer_send_bytes(
        struct web *w, const struct peer *p, const void *data, size_t len)
{
	const char *at = data;
	while (len > 0) {
		ssize_t n = send(p->fd, at, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return; // the server has closed; the test looks at what it said before
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
		loop_turn(w->loop, 0);
	}
}

static inline void peer_send(struct web *w, const struct peer *p, const char *text)
{
	peer_send_bytes(w, p, text, strlen(text));
}

static inline void peer_read(struct peer *p)
{
	char chunk[65536];
	ssize_t n;
	while ((n = recv(p->fd, chunk, sizeof(chunk), 0)) > 0)
		buf_append(&p->got, chunk, (size_t)n);
	if (n == 0 || errno == ECONNRESET)
		p->ended = true;
}

static inline bool peer_has(struct peer *p, const char *text)
{
	peer_read(p);
	return strstr(buf_str(&p->got), text) != NULL;
}

static inline bool peer_ended(struct peer *p)
{
	peer_read(p);
	return p->ended;
}

static inline void peer_close(struct peer *p)
{
	close(p->fd);
	buf_free(&p->got);
}

// Status of the first answer; 0 when there is none yet.
static inline int peer_status(struct peer *p)
{
	int status = 0;
	peer_read(p);
	if (sscanf(buf_str(&p->got), "HTTP/1.1 %3d ", &status) != 1)
		return 0;
	return status;
}
