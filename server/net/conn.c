// SPDX-License-Identifier: Apache-2.0
// Byte streams over libevent's bufferevents, with the input bounded by our own count.

#include "net/conn.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/log.h"
#include "conn_private.h"
#include "loop_private.h"
#include "tls_private.h"

enum {
	INPUT_MAX = 256 * 1024,
};

// Where an outgoing connection goes; kept until it starts.
struct target {
	char *host; // the path of a unix socket when `port` is 0
	uint16_t port;
};

struct conn {
	struct loop *loop;
	struct bufferevent *bev;
	struct tls_ctx *tls;
	conn_fn fn;
	void *arg;
	conn_gone_fn gone;
	void *gone_arg;
	struct target *target;
	char *peer;
	char *error;
	uint64_t deadline;
	size_t input_max;
	bool ready;
	bool paused;    // reading is off: too much input unconsumed
	bool ended;     // the peer sent its last byte
	bool failed;    // CONN_ERROR was reported
	bool finishing; // conn_close_flushed(): output goes, input is thrown away
	bool half_shut; // finishing, and our last byte is out
	bool closed;    // conn_close(): memory goes at the end of the turn
};

static void emit(struct conn *c, enum conn_event event)
{
	if (!c->closed && !c->finishing && c->fn)
		c->fn(c, event, c->arg);
}

static void set_error(struct conn *c, const char *text)
{
	free(c->error);
	c->error = xstrdup(text);
}

static void prepare_fd(const struct conn *c)
{
	int on = 1;
	int fd = bufferevent_getfd(c->bev);
	if (fd < 0)
		return;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	// Fails on a unix socket, which has no Nagle algorithm to switch off.
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void send_close_notify(struct conn *c)
{
	SSL *ssl = bufferevent_openssl_get_ssl(c->bev);
	if (!ssl || !c->ready || c->failed)
		return;
	SSL_shutdown(ssl);
	ERR_clear_error();
}

static void free_target(struct target *t)
{
	if (t)
		free(t->host);
	free(t);
}

static void conn_free(void *arg)
{
	struct conn *c = arg;
	if (!c->half_shut)
		send_close_notify(c);
	bufferevent_free(c->bev);
	if (c->gone)
		c->gone(c, c->gone_arg);
	tls_unref(c->tls);
	free_target(c->target);
	free(c->peer);
	free(c->error);
	free(c);
}

void conn_close(struct conn *c, const char *reason)
{
	if (c->closed)
		return;
	log_debug("peer=%s event=conn_closed reason=\"%s\"", c->peer, reason);
	c->closed = true;
	loop_cancel(c->loop, c->deadline);
	c->deadline = 0;
	bufferevent_disable(c->bev, EV_READ | EV_WRITE);
	loop_defer(c->loop, conn_free, c);
}

// Closing while input is unread would make the kernel send a reset, which can overtake and destroy
// our last answer: so we end our half and read on until the peer ends its own.
static void finish_step(struct conn *c)
{
	evbuffer_drain(bufferevent_get_input(c->bev), SIZE_MAX);
	if (evbuffer_get_length(bufferevent_get_output(c->bev)) > 0)
		return;
	if (!c->half_shut) {
		send_close_notify(c);
		shutdown(bufferevent_getfd(c->bev), SHUT_WR);
		c->half_shut = true;
	}
	if (c->ended)
		conn_close(c, "flushed");
}

void conn_close_flushed(struct conn *c, int64_t within_ms, const char *reason)
{
	if (c->closed || c->finishing)
		return;
	if (!c->ready || c->failed) {
		conn_close(c, reason);
		return;
	}
	log_debug("peer=%s event=conn_finishing reason=\"%s\"", c->peer, reason);
	c->finishing = true;
	conn_deadline(c, within_ms > 0 ? within_ms : 1);
	if (!c->ended)
		bufferevent_enable(c->bev, EV_READ);
	finish_step(c);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;
	if (c->closed)
		return;
	if (c->finishing) {
		finish_step(c);
		return;
	}
	emit(c, CONN_DATA);
	if (c->closed || c->finishing || c->paused)
		return;
	if (evbuffer_get_length(bufferevent_get_input(bev)) > c->input_max) {
		bufferevent_disable(bev, EV_READ);
		c->paused = true;
	}
}

static void on_write(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;
	if (c->closed || !c->ready || evbuffer_get_length(bufferevent_get_output(bev)) > 0)
		return;
	if (c->finishing)
		finish_step(c);
	else
		emit(c, CONN_DRAINED);
}

static void become_ready(struct conn *c)
{
	c->ready = true;
	prepare_fd(c);
	bufferevent_enable(c->bev, EV_READ);
	emit(c, CONN_READY);
}

static const char *tls_failure(const struct conn *c)
{
	SSL *ssl = bufferevent_openssl_get_ssl(c->bev);
	if (!ssl)
		return NULL;
	long verify = SSL_get_verify_result(ssl);
	if (verify != X509_V_OK)
		return X509_verify_cert_error_string(verify);
	unsigned long code = bufferevent_get_openssl_error(c->bev);
	return code ? ERR_reason_error_string(code) : NULL;
}

static const char *failure(const struct conn *c, short what, int error)
{
	int dns = bufferevent_socket_get_dns_error(c->bev);
	if (dns)
		return evutil_gai_strerror(dns);
	const char *tls = tls_failure(c);
	if (tls)
		return tls;
	if (what & BEV_EVENT_EOF)
		return "closed by the peer before it was ready";
	return error ? strerror(error) : "connection failed";
}

static void fail(struct conn *c, const char *text)
{
	set_error(c, text);
	ERR_clear_error();
	if (c->failed)
		return;
	c->failed = true;
	if (c->finishing)
		conn_close(c, "failed while finishing");
	else
		emit(c, CONN_ERROR);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	int error = EVUTIL_SOCKET_ERROR();
	struct conn *c = arg;
	(void)bev;
	if (c->closed)
		return;
	if (what & BEV_EVENT_CONNECTED) {
		become_ready(c);
	} else if ((what & BEV_EVENT_ERROR) || !c->ready) {
		fail(c, failure(c, what, error));
	} else if (what & BEV_EVENT_EOF) {
		c->ended = true;
		if (c->finishing)
			finish_step(c);
		else
			emit(c, CONN_CLOSED);
	}
}

static struct conn *new_conn(
        struct loop *l, struct tls_ctx *tls, const char *peer, conn_fn fn, void *arg)
{
	struct conn *c = xcalloc(1, sizeof(*c));
	c->loop = l;
	c->tls = tls_ref(tls);
	c->peer = xstrdup(peer);
	c->fn = fn;
	c->arg = arg;
	c->input_max = INPUT_MAX;
	return c;
}

static void attach(struct conn *c, struct bufferevent *bev)
{
	if (!bev)
		fatal("event=conn_failed part=bufferevent");
	c->bev = bev;
	bufferevent_setcb(bev, on_read, on_write, on_event, c);
}

struct conn *conn_accepted(
        struct loop *l, int fd, struct tls_ctx *tls, const char *peer, conn_fn fn, void *arg)
{
	struct conn *c = new_conn(l, tls, peer, fn, arg);
	if (tls) {
		attach(c, bufferevent_openssl_socket_new(loop_base(l), fd, tls_session_server(tls),
		                  BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE));
		prepare_fd(c);
		return c;
	}
	attach(c, bufferevent_socket_new(loop_base(l), fd, BEV_OPT_CLOSE_ON_FREE));
	c->ready = true;
	prepare_fd(c);
	bufferevent_enable(c->bev, EV_READ);
	return c;
}

static int start_unix(struct conn *c)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(c->target->host);
	if (len >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, c->target->host, len);
	return bufferevent_socket_connect(c->bev, (struct sockaddr *)&address, sizeof(address));
}

static int start_tcp(struct conn *c)
{
	return bufferevent_socket_connect_hostname(
	        c->bev, loop_dns(c->loop), AF_UNSPEC, c->target->host, c->target->port);
}

// Deferred, so that no failure is reported from inside conn_connect_*().
static void start(void *arg)
{
	struct conn *c = arg;
	if (c->closed)
		return;
	errno = 0;
	int r = c->target->port ? start_tcp(c) : start_unix(c);
	if (r < 0 && !c->failed && !c->closed)
		fail(c, errno ? strerror(errno) : "cannot connect");
	if (!c->closed)
		prepare_fd(c);
}

static struct conn *connect_later(struct conn *c, const char *host, uint16_t port, const char *name)
{
	struct event_base *base = loop_base(c->loop);
	c->target = xcalloc(1, sizeof(*c->target));
	c->target->host = xstrdup(host);
	c->target->port = port;
	attach(c,
	        c->tls ? bufferevent_openssl_socket_new(base, -1, tls_session_client(c->tls, name),
	                         BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE)
	               : bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE));
	loop_defer(c->loop, start, c);
	return c;
}

struct conn *conn_connect_unix(struct loop *l, const char *path, conn_fn fn, void *arg)
{
	return connect_later(new_conn(l, NULL, "unix", fn, arg), path, 0, NULL);
}

struct conn *conn_connect_tcp(struct loop *l, const char *host, uint16_t port, struct tls_ctx *tls,
        const char *name, conn_fn fn, void *arg)
{
	return connect_later(new_conn(l, tls, host, fn, arg), host, port, name ? name : host);
}

void conn_set_callback(struct conn *c, conn_fn fn, void *arg)
{
	c->fn = fn;
	c->arg = arg;
}

struct bytes conn_input(struct conn *c)
{
	struct evbuffer *input = bufferevent_get_input(c->bev);
	size_t len = evbuffer_get_length(input);
	return bytes_of(len ? evbuffer_pullup(input, -1) : NULL, len);
}

void conn_consume(struct conn *c, size_t len)
{
	struct evbuffer *input = bufferevent_get_input(c->bev);
	evbuffer_drain(input, len);
	if (!c->paused || c->closed || evbuffer_get_length(input) > c->input_max)
		return;
	c->paused = false;
	bufferevent_enable(c->bev, EV_READ);
}

void conn_set_input_max(struct conn *c, size_t max)
{
	c->input_max = max;
	conn_consume(c, 0);
}

void conn_write(struct conn *c, const void *data, size_t len)
{
	if (c->closed || c->finishing || c->failed || len == 0)
		return;
	struct evbuffer *output = bufferevent_get_output(c->bev);
	bool first = evbuffer_get_length(output) == 0;
	if (evbuffer_add(output, data, len) < 0)
		fatal("event=conn_failed part=output");
	// Nearly always the kernel has room: try within this turn instead of asking epoll first.
	if (first && c->ready)
		event_base_active_by_fd(loop_base(c->loop), bufferevent_getfd(c->bev), EV_WRITE);
}

size_t conn_output_pending(const struct conn *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev));
}

static void on_deadline(void *arg)
{
	struct conn *c = arg;
	c->deadline = 0;
	if (c->finishing)
		conn_close(c, "not flushed in time");
	else
		emit(c, CONN_TIMEOUT);
}

void conn_deadline(struct conn *c, int64_t after_ms)
{
	loop_cancel(c->loop, c->deadline);
	c->deadline = 0;
	if (after_ms > 0 && !c->closed)
		c->deadline = loop_timer(c->loop, after_ms, on_deadline, c);
}

const char *conn_peer(const struct conn *c)
{
	return c->peer;
}

const char *conn_error(const struct conn *c)
{
	return c->error ? c->error : "";
}

bool conn_peer_verified(const struct conn *c)
{
	SSL *ssl = bufferevent_openssl_get_ssl(c->bev);
	return ssl && SSL_get0_peer_certificate(ssl) && SSL_get_verify_result(ssl) == X509_V_OK;
}

void conn_on_gone(struct conn *c, conn_gone_fn fn, void *arg)
{
	c->gone = fn;
	c->gone_arg = arg;
}

bool conn_is_tls(const struct conn *c)
{
	return c->tls != NULL;
}
