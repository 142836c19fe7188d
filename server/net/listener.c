// SPDX-License-Identifier: Apache-2.0
// Listening sockets: accepting, limits, and what to do when descriptors run out.

#include "net/listener.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/map.h"
#include "base/metrics.h"
#include "conn_private.h"
#include "loop_private.h"

enum {
	ACCEPTS_A_TURN = 64, // so that a flood of new connections leaves time for the old ones
	RETRY_MS = 100,
	TELL_MS = 60000, // one line in so long, however many are turned away
};

// One open connection, whoever owns it.
struct accepted {
	struct listener *listener;
	struct conn *conn;
	LIST_ENTRY(accepted) link; // among `handshakes`
	bool handshaking;
};

struct listener {
	struct loop *loop;
	char *name;
	char *unix_path; // removed on stop; NULL for TCP
	struct tls_ctx *tls;
	struct listener_limits limits;
	listener_fn fn;
	void *arg;
	int fd;    // -1 after listener_stop()
	int spare; // given up for a moment when descriptors run out
	struct event *event;
	uint64_t retry;
	int64_t tell_ms; // monotonic: not before then
	uint16_t port;
	size_t open;
	struct strmap *per_peer; // address -> count, as a pointer-sized number
	LIST_HEAD(, accepted) handshakes;
	bool freed; // waits for its last connection
};

static int open_spare(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void destroy(struct listener *li)
{
	if (li->spare >= 0)
		close(li->spare);
	tls_unref(li->tls);
	strmap_free(li->per_peer);
	free(li->unix_path);
	free(li->name);
	free(li);
}

static size_t peer_count(const struct listener *li, const char *peer)
{
	return (size_t)(uintptr_t)strmap_get(li->per_peer, peer);
}

static void count_peer(struct listener *li, const char *peer, bool add)
{
	size_t count = peer_count(li, peer);
	count = add ? count + 1 : count - 1;
	if (count > 0)
		strmap_put(li->per_peer, peer, (void *)(uintptr_t)count);
	else
		strmap_remove(li->per_peer, peer);
}

static void count_open(struct listener *li, const char *peer, bool add)
{
	li->open = add ? li->open + 1 : li->open - 1;
	metric_set(M_CONNECTIONS, li->name, (int64_t)li->open);
	if (li->limits.per_peer)
		count_peer(li, peer, add);
}

static void leave_handshakes(struct accepted *a)
{
	if (a->handshaking)
		LIST_REMOVE(a, link);
	a->handshaking = false;
}

static void on_gone(struct conn *c, void *arg)
{
	struct accepted *a = arg;
	struct listener *li = a->listener;
	leave_handshakes(a);
	count_open(li, conn_peer(c), false);
	free(a);
	if (li->freed && li->open == 0)
		destroy(li);
}

static void hand_over(struct accepted *a)
{
	struct listener *li = a->listener;
	leave_handshakes(a);
	conn_set_callback(a->conn, NULL, NULL);
	conn_deadline(a->conn, 0);
	li->fn(a->conn, li->arg);
}

static void on_handshake(struct conn *c, enum conn_event event, void *arg)
{
	struct accepted *a = arg;
	char quoted[200];
	if (event == CONN_READY) {
		hand_over(a);
		return;
	}
	metric_inc(M_REFUSED, "handshake");
	log_debug("listener=%s peer=%s event=handshake_failed reason=%s", a->listener->name,
	        conn_peer(c),
	        log_quote(quoted, event == CONN_TIMEOUT ? "too slow" : conn_error(c)));
	conn_close(c, "handshake");
}

static void refuse(int fd, const char *reason)
{
	metric_inc(M_REFUSED, reason);
	close(fd);
}

static void take(struct listener *li, int fd, const char *peer)
{
	struct accepted *a = xcalloc(1, sizeof(*a));
	a->listener = li;
	a->conn = conn_accepted(li->loop, fd, li->tls, peer, on_handshake, a);
	a->handshaking = true;
	LIST_INSERT_HEAD(&li->handshakes, a, link);
	conn_on_gone(a->conn, on_gone, a);
	count_open(li, peer, true);
	if (li->tls)
		conn_deadline(a->conn, li->limits.handshake_ms);
	else
		hand_over(a);
}

// An IPv4 peer of a dual-stack socket is named like that of an IPv4 socket.
static void name_peer(
        const struct sockaddr_storage *address, socklen_t len, char out[static NI_MAXHOST])
{
	static const char mapped[] = "::ffff:";
	size_t skip = sizeof(mapped) - 1;
	if (address->ss_family == AF_UNIX) {
		memcpy(out, "unix", sizeof("unix"));
		return;
	}
	if (getnameinfo((const struct sockaddr *)address, len, out, NI_MAXHOST, NULL, 0,
	            NI_NUMERICHOST) != 0)
		memcpy(out, "unknown", sizeof("unknown"));
	if (strncmp(out, mapped, skip) == 0 && strchr(out, '.'))
		memmove(out, out + skip, strlen(out + skip) + 1);
}

static void admit(
        struct listener *li, int fd, const struct sockaddr_storage *address, socklen_t len)
{
	char peer[NI_MAXHOST];
	name_peer(address, len, peer);
	if (li->open >= li->limits.total)
		refuse(fd, "total");
	else if (li->limits.per_peer && peer_count(li, peer) >= li->limits.per_peer)
		refuse(fd, "per_peer");
	else
		take(li, fd, peer);
}

static void on_retry(void *arg)
{
	struct listener *li = arg;
	li->retry = 0;
	if (li->spare < 0)
		li->spare = open_spare();
	if (li->event)
		event_add(li->event, NULL);
}

// Without an accept the pending connection would wake the loop for ever; so it is accepted on the
// spare descriptor and closed. When even that is gone, nobody listens for a moment.
static void out_of_descriptors(struct listener *li)
{
	if (loop_mono_ms(li->loop) >= li->tell_ms) {
		li->tell_ms = loop_mono_ms(li->loop) + TELL_MS;
		log_error("event=out_of_descriptors listener=%s open=%zu text=\"%s\"", li->name,
		        li->open, strerror(errno));
	}
	if (li->spare >= 0) {
		close(li->spare);
		int fd = accept(li->fd, NULL, NULL);
		if (fd >= 0)
			refuse(fd, "descriptors");
		li->spare = open_spare();
	}
	if (li->spare >= 0)
		return;
	event_del(li->event);
	if (!li->retry)
		li->retry = loop_timer(li->loop, RETRY_MS, on_retry, li);
}

static bool accept_one(struct listener *li)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);
	int fd = accept4(li->fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		admit(li, fd, &address, len);
		return true;
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		out_of_descriptors(li);
	// The connection was reset while it waited; others may be behind it.
	return errno == ECONNABORTED || errno == EINTR;
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct listener *li = arg;
	for (int i = 0; i < ACCEPTS_A_TURN && li->fd >= 0; i++) {
		if (!accept_one(li))
			return;
	}
}

static struct listener *new_listener(struct loop *l, const char *name,
        const struct listener_limits *limits, listener_fn fn, void *arg)
{
	struct listener *li = xcalloc(1, sizeof(*li));
	li->loop = l;
	li->name = xstrdup(name);
	li->limits = *limits;
	li->fn = fn;
	li->arg = arg;
	li->fd = -1;
	li->spare = open_spare();
	li->per_peer = strmap_new();
	LIST_INIT(&li->handshakes);
	return li;
}

static bool listen_on(struct listener *li, const struct sockaddr *address, socklen_t len)
{
	int on = 1;
	li->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (li->fd < 0)
		return false;
	// Not SO_REUSEPORT: two installations on one port would silently share its connections.
	if (address->sa_family != AF_UNIX)
		setsockopt(li->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(li->fd, address, len) < 0 || listen(li->fd, SOMAXCONN) < 0)
		return false;
	li->event = event_new(loop_base(li->loop), li->fd, EV_READ | EV_PERSIST, on_acceptable, li);
	return li->event && event_add(li->event, NULL) == 0;
}

static uint16_t bound_port(int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);
	char port[NI_MAXSERV];
	uint64_t number = 0;
	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0 ||
	        getnameinfo((struct sockaddr *)&address, len, NULL, 0, port, sizeof(port),
	                NI_NUMERICSERV) != 0 ||
	        !bytes_to_u64(bytes_str(port), &number))
		return 0;
	return (uint16_t)number;
}

static struct addrinfo *resolve(const char *address, uint16_t port, struct buf *error)
{
	struct addrinfo hints = {
	        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
	        .ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found = NULL;
	char service[8];
	snprintf(service, sizeof(service), "%u", port);
	int r = getaddrinfo(address, service, &hints, &found);
	if (r == 0)
		return found;
	buf_printf(error, "cannot listen on %s port %u: %s", address, port, gai_strerror(r));
	return NULL;
}

struct listener *listener_new(struct loop *l, const char *name, const char *address, uint16_t port,
        struct tls_ctx *tls, const struct listener_limits *limits, listener_fn fn, void *arg,
        struct buf *error)
{
	struct addrinfo *found = resolve(address, port, error);
	if (!found)
		return NULL;
	struct listener *li = new_listener(l, name, limits, fn, arg);
	li->tls = tls_ref(tls);
	bool ok = listen_on(li, found->ai_addr, found->ai_addrlen);
	int why = errno;
	freeaddrinfo(found);
	if (ok) {
		li->port = bound_port(li->fd);
		return li;
	}
	buf_printf(error, "cannot listen on %s port %u: %s", address, port, strerror(why));
	listener_free(li);
	return NULL;
}

// A socket file left by a process that died is replaced; a file of another kind is not.
static void remove_stale_socket(const char *path)
{
	struct stat st;
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
}

struct listener *listener_new_unix(struct loop *l, const char *name, const char *path,
        const struct listener_limits *limits, listener_fn fn, void *arg, struct buf *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(path);
	if (len >= sizeof(address.sun_path)) {
		buf_printf(error, "cannot listen on %s: the path is too long", path);
		return NULL;
	}
	memcpy(address.sun_path, path, len);
	struct listener *li = new_listener(l, name, limits, fn, arg);
	remove_stale_socket(path);
	if (listen_on(li, (struct sockaddr *)&address, sizeof(address))) {
		li->unix_path = xstrdup(path);
		return li;
	}
	buf_printf(error, "cannot listen on %s: %s", path, strerror(errno));
	listener_free(li);
	return NULL;
}

uint16_t listener_port(const struct listener *li)
{
	return li->port;
}

void listener_set_tls(struct listener *li, struct tls_ctx *tls)
{
	struct tls_ctx *old = li->tls;
	li->tls = tls_ref(tls);
	tls_unref(old);
}

void listener_stop(struct listener *li)
{
	if (li->event)
		event_free(li->event);
	li->event = NULL;
	if (li->fd >= 0)
		close(li->fd);
	li->fd = -1;
	if (li->unix_path)
		unlink(li->unix_path);
	loop_cancel(li->loop, li->retry);
	li->retry = 0;
}

void listener_free(struct listener *li)
{
	if (!li)
		return;
	listener_stop(li);
	struct accepted *a;
	while ((a = LIST_FIRST(&li->handshakes))) {
		leave_handshakes(a);
		conn_close(a->conn, "listener freed");
	}
	li->freed = true;
	if (li->open == 0)
		destroy(li);
}
