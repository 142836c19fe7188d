// SPDX-License-Identifier: Apache-2.0
// The private redis-server: its configuration, its lock, its start, and its restart when it dies.
#include "store/embedded.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/conn.h"

#define START_MS    10000
#define STOP_MS     10000
#define POLL_MS     20
#define RESTART_MIN 100
#define RESTART_MAX 5000
#define STEADY_MS   60000 // after so long a life the next restart is quick again

struct embedded {
	struct loop *loop;
	char *dir; // absolute
	char *binary;
	char *config;
	char *socket;
	char *log;
	char *pid_file;
	int lock; // flock()ed; the child inherits it, so the lock ends with the last of both
	pid_t pid;
	struct conn *watch; // an idle connection: its end is the first sign of the child's
	uint64_t timer;
	int64_t restart_ms;
	int64_t started_ms;
};

// No path and no number of ours: see print_config() for those.
static const char *const settings[] = {
        "port 0",
        "unixsocketperm 700",
        "daemonize no",
        "databases 1",
        "always-show-logo no",
        // Accepted means on disk.
        "appendonly yes",
        "appendfsync always",
        "no-appendfsync-on-rewrite no",
        "maxmemory-policy noeviction",
        "save \"\"",
        // A torn tail was never acknowledged under `always`.
        "aof-load-truncated yes",
        // No arguments in any log: they hold sealed texts and hashes of numbers.
        "slowlog-log-slower-than -1",
        "crash-log-enabled no",
        "crash-memcheck-enabled no",
        "enable-debug-command no",
        "enable-module-command no",
        "enable-protected-configs no",
};

static int64_t now_ms(const struct embedded *e)
{
	return loop_mono_ms(e->loop);
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
}

static char *path_in(const char *dir, const char *name)
{
	struct buf path = {0};
	buf_printf(&path, "%s/%s", dir, name);
	return buf_take_str(&path);
}

static char *find_binary(void)
{
	const char *path = getenv("PATH");
	struct bytes rest = bytes_str(path ? path : "/usr/local/bin:/usr/bin:/bin");
	while (rest.len > 0) {
		const uint8_t *colon = memchr(rest.data, ':', rest.len);
		size_t len = colon ? (size_t)(colon - rest.data) : rest.len;
		char *dir = bytes_dup(bytes_of(rest.data, len));
		char *found = path_in(dir, "redis-server");
		free(dir);
		if (access(found, X_OK) == 0)
			return found;
		free(found);
		len += colon ? 1 : 0;
		rest = bytes_of(rest.data + len, rest.len - len);
	}
	return NULL;
}

static void print_path(struct buf *out, const char *key, const char *path)
{
	buf_printf(out, "%s \"", key);
	for (; *path; path++) {
		if (*path == '"' || *path == '\\')
			buf_append_char(out, '\\');
		buf_append_char(out, *path);
	}
	buf_append_str(out, "\"\n");
}

static bool write_file(const char *path, struct bytes content, struct buf *error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool good = fd >= 0 && write(fd, content.data, content.len) == (ssize_t)content.len;
	if (!good)
		buf_printf(error, "cannot write %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return good;
}

static bool write_config(const struct embedded *e, struct buf *error)
{
	struct buf out = {0};
	buf_append_str(&out, "# Written by holdfastd at each start.\n");
	print_path(&out, "dir", e->dir);
	print_path(&out, "unixsocket", e->socket);
	print_path(&out, "logfile", e->log);
	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
		buf_printf(&out, "%s\n", settings[i]);
	bool good = write_file(e->config, buf_bytes(&out), error);
	buf_free(&out);
	return good;
}

static bool write_pid(const struct embedded *e, struct buf *error)
{
	char line[16];
	int len = snprintf(line, sizeof line, "%d\n", (int)e->pid);
	return write_file(e->pid_file, bytes_of(line, (size_t)len), error);
}

static bool take_lock(struct embedded *e, struct buf *error)
{
	char *path = path_in(e->dir, "lock");
	int64_t until = now_ms(e) + START_MS;
	bool good = false;
	e->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	while (e->lock >= 0 && !good) {
		good = flock(e->lock, LOCK_EX | LOCK_NB) == 0;
		if (!good && (errno != EWOULDBLOCK || now_ms(e) >= until))
			break;
		if (!good)
			pause_ms(POLL_MS);
	}
	if (!good && errno == EWOULDBLOCK)
		buf_printf(error, "another server is running on %s", e->dir);
	else if (!good)
		buf_printf(error, "cannot lock %s: %s", path, strerror(errno));
	free(path);
	return good;
}

// Between fork() and exec(): only calls that are safe there, for other threads may have held locks.
static void become_server(const struct embedded *e, pid_t parent)
{
	char *argv[] = {e->binary, e->config, NULL};
	sigset_t none;
	sigemptyset(&none);
	// The lock stays with it too: whoever comes after us waits for its end, or two servers
	// would write the same files, and the elder, ending, would remove the younger's socket.
	fcntl(e->lock, F_SETFD, 0);
	// Of its own session, so that Ctrl-C reaches us alone and we end it in order.
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	// We may have died before that call.
	if (getppid() != parent)
		_exit(1);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(077);
	int in = open("/dev/null", O_RDONLY);
	int out = open(e->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	fcntl(e->lock, F_SETFD, 0);
	execv(e->binary, argv);
}

// Returns 0 once the child has become redis-server, or an errno. The loop needs us to wait for
// that: until then the child holds copies of all its descriptors.
static int fork_server(struct embedded *e)
{
	int failure = 0;
	int done[2]; // closed by exec()
	pid_t parent = getpid();
	if (pipe2(done, O_CLOEXEC) != 0)
		return errno;
	e->pid = fork();
	if (e->pid == 0) {
		become_server(e, parent);
		failure = errno;
		_exit(write(done[1], &failure, sizeof failure) > 0 ? 127 : 126);
	}
	if (e->pid < 0)
		failure = errno;
	close(done[1]);
	if (read(done[0], &failure, sizeof failure) < 0)
		failure = errno;
	close(done[0]);
	return failure;
}

static bool spawn(struct embedded *e, struct buf *error)
{
	e->started_ms = now_ms(e);
	int failure = fork_server(e);
	if (failure == 0)
		return write_pid(e, error);
	buf_printf(error, "cannot start %s: %s", e->binary, strerror(failure));
	return false;
}

// True once: the child is reaped.
static bool has_died(struct embedded *e, int *status)
{
	*status = 0;
	pid_t pid = waitpid(e->pid, status, WNOHANG);
	if (pid == 0 || (pid < 0 && errno == EINTR))
		return false;
	e->pid = 0;
	return true;
}

static void print_end(struct buf *out, int status)
{
	if (WIFSIGNALED(status))
		buf_printf(out, "redis-server ended by signal %d", WTERMSIG(status));
	else
		buf_printf(out, "redis-server ended with %d", WEXITSTATUS(status));
}

// One blocking question; false while nothing listens or Redis still reads its files.
static bool answers(const struct embedded *e)
{
	static const char ping[] = "PING\r\n";
	char answer[5] = "";
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	memcpy(to.sun_path, e->socket, strlen(e->socket));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	struct timeval second = {.tv_sec = 1};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
	bool good = connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
	            send(fd, ping, sizeof ping - 1, MSG_NOSIGNAL) == sizeof ping - 1 &&
	            recv(fd, answer, sizeof answer, MSG_WAITALL) == sizeof answer &&
	            memcmp(answer, "+PONG", sizeof answer) == 0;
	close(fd);
	return good;
}

static bool wait_until_it_answers(struct embedded *e, struct buf *error)
{
	int64_t until = now_ms(e) + START_MS;
	int status;
	while (!answers(e)) {
		if (has_died(e, &status)) {
			print_end(error, status);
			buf_printf(error, "; %s says why", e->log);
			return false;
		}
		if (now_ms(e) >= until) {
			buf_printf(error, "redis-server does not answer; %s may say why", e->log);
			return false;
		}
		pause_ms(POLL_MS / 4);
	}
	return true;
}

static void mind(void *arg);

static void mind_soon(struct embedded *e, int64_t after_ms)
{
	e->timer = loop_timer(e->loop, after_ms, mind, e);
}

static void on_watch(struct conn *c, enum conn_event event, void *arg)
{
	struct embedded *e = arg;
	if (event == CONN_DATA)
		conn_consume(c, conn_input(c).len);
	if (event == CONN_READY || event == CONN_DATA || event == CONN_DRAINED)
		return;
	conn_close(c, "redis-server is gone");
	e->watch = NULL;
	mind_soon(e, POLL_MS);
}

static void restart(void *arg);

static void restart_later(struct embedded *e)
{
	if (now_ms(e) - e->started_ms >= STEADY_MS)
		e->restart_ms = RESTART_MIN;
	e->timer = loop_timer(e->loop, e->restart_ms, restart, e);
	e->restart_ms = e->restart_ms * 2 > RESTART_MAX ? RESTART_MAX : e->restart_ms * 2;
}

static void restart(void *arg)
{
	struct embedded *e = arg;
	struct buf error = {0};
	if (!spawn(e, &error))
		log_error("event=embedded_redis error=\"%s\"", buf_str(&error));
	buf_free(&error);
	if (e->pid > 0)
		mind_soon(e, POLL_MS);
	else
		restart_later(e);
}

// The child is either dead, and started again, or watched.
static void mind(void *arg)
{
	struct embedded *e = arg;
	int status;
	e->timer = 0;
	if (!has_died(e, &status)) {
		e->watch = conn_connect_unix(e->loop, e->socket, on_watch, e);
		return;
	}
	struct buf end = {0};
	print_end(&end, status);
	log_error("event=embedded_redis error=\"%s\" log=%s", buf_str(&end), e->log);
	buf_free(&end);
	restart_later(e);
}

// Reaps the child within `within_ms`.
static bool wait_for_end(struct embedded *e, int within_ms)
{
	int status;
	int fd = pidfd_open(e->pid, 0);
	struct pollfd ended = {.fd = fd, .events = POLLIN};
	int got = poll(&ended, 1, within_ms);
	while (got < 0 && errno == EINTR)
		got = poll(&ended, 1, within_ms);
	if (fd >= 0)
		close(fd);
	return has_died(e, &status);
}

static void end_child(struct embedded *e)
{
	if (e->pid <= 0)
		return;
	kill(e->pid, SIGTERM);
	if (wait_for_end(e, STOP_MS))
		return;
	log_warn("event=embedded_redis error=\"does not end by itself\"");
	kill(e->pid, SIGKILL);
	wait_for_end(e, STOP_MS);
}

void embedded_stop(struct embedded *e)
{
	if (!e)
		return;
	loop_cancel(e->loop, e->timer);
	if (e->watch)
		conn_close(e->watch, "redis-server is stopped");
	end_child(e);
	if (e->lock >= 0)
		close(e->lock);
	if (e->pid_file)
		unlink(e->pid_file);
	free(e->dir);
	free(e->binary);
	free(e->config);
	free(e->socket);
	free(e->log);
	free(e->pid_file);
	free(e);
}

static bool set_paths(struct embedded *e, const char *dir, struct buf *error)
{
	char absolute[PATH_MAX];
	if ((mkdir(dir, 0700) != 0 && errno != EEXIST) || !realpath(dir, absolute)) {
		buf_printf(error, "cannot make the folder %s: %s", dir, strerror(errno));
		return false;
	}
	e->dir = xstrdup(absolute);
	e->config = path_in(e->dir, "redis.conf");
	e->socket = path_in(e->dir, "redis.sock");
	e->log = path_in(e->dir, "redis.log");
	size_t most = sizeof((struct sockaddr_un *)0)->sun_path - 1;
	if (strlen(e->socket) <= most)
		return true;
	buf_printf(error,
	        "the path of the socket %s has %zu bytes, a unix socket may have %zu: "
	        "choose a shorter state folder",
	        e->socket, strlen(e->socket), most);
	return false;
}

static bool prepare(struct embedded *e, const char *dir, struct buf *error)
{
	e->binary = find_binary();
	if (!e->binary) {
		buf_append_str(
		        error, "redis-server is not installed: apt-get install redis-server");
		return false;
	}
	if (!set_paths(e, dir, error) || !take_lock(e, error))
		return false;
	// From here on the file is ours to write, and to remove.
	e->pid_file = path_in(e->dir, "redis.pid");
	return write_config(e, error) && spawn(e, error) && wait_until_it_answers(e, error);
}

struct embedded *embedded_start(struct loop *l, const char *dir, struct buf *error)
{
	struct embedded *e = xcalloc(1, sizeof *e);
	e->loop = l;
	e->lock = -1;
	e->restart_ms = RESTART_MIN;
	if (!prepare(e, dir, error)) {
		embedded_stop(e);
		return NULL;
	}
	e->watch = conn_connect_unix(l, e->socket, on_watch, e);
	return e;
}
