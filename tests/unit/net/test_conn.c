// SPDX-License-Identifier: Apache-2.0
// Connections and listeners: plain and TLS, certificates, limits, back pressure, closing.

#include "net_test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/metrics.h"
#include "net/listener.h"

static struct test_pki pki; // one for the program: making it takes a while

struct side {
	struct conn *conn;
	int events[CONN_ERROR + 1];
	char error[128];
	struct buf got;
	bool keep; // leave the input unconsumed
	bool echo;
};

struct fixture {
	struct fake_clock clock;
	struct loop *loop;
	struct listener *listener;
	struct side server, client;
	int accepted;
	struct buf error;
};

static const struct listener_limits limits = {.total = 8, .per_peer = 0, .handshake_ms = 5000};

static void on_side(struct conn *c, enum conn_event event, void *arg)
{
	struct side *s = arg;
	s->events[event]++;
	if (event == CONN_ERROR)
		snprintf(s->error, sizeof(s->error), "%s", conn_error(c));
	if (event != CONN_DATA || s->keep)
		return;
	struct bytes in = conn_input(c);
	if (s->echo)
		conn_write(c, in.data, in.len);
	buf_append_bytes(&s->got, in);
	conn_consume(c, in.len);
}

static void on_accept(struct conn *c, void *arg)
{
	struct fixture *f = arg;
	f->accepted++;
	if (f->server.conn) {
		conn_close(c, "only one in this test");
		return;
	}
	f->server.conn = c;
	conn_set_callback(c, on_side, &f->server);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	fake_clock_init(&f->clock);
	f->loop = loop_new(&f->clock.clock);
	metrics_reset();
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	if (f->client.conn)
		conn_close(f->client.conn, "test over");
	if (f->server.conn)
		conn_close(f->server.conn, "test over");
	listener_free(f->listener);
	settle(f->loop);
	loop_free(f->loop);
	buf_free(&f->server.got);
	buf_free(&f->client.got);
	buf_free(&f->error);
	free(f);
	return 0;
}

static void listen_with(
        struct fixture *f, const char *client_ca, const struct listener_limits *with)
{
	struct tls_ctx *tls = tls_server_new(pki.cert, pki.key, client_ca, &f->error);
	assert_non_null(tls);
	f->listener =
	        listener_new(f->loop, "test", "127.0.0.1", 0, tls, with, on_accept, f, &f->error);
	assert_non_null(f->listener);
	tls_unref(tls);
}

static void connect_tls(struct fixture *f, const char *ca, const char *name)
{
	struct tls_ctx *tls = tls_client_new(ca, &f->error);
	assert_non_null(tls);
	f->client.conn = conn_connect_tcp(
	        f->loop, "127.0.0.1", listener_port(f->listener), tls, name, on_side, &f->client);
	tls_unref(tls);
}

static void listen_plain(struct fixture *f)
{
	f->listener = listener_new(
	        f->loop, "test", "127.0.0.1", 0, NULL, &limits, on_accept, f, &f->error);
	assert_non_null(f->listener);
}

static struct conn *connect_plain(struct fixture *f, struct side *s)
{
	return conn_connect_tcp(
	        f->loop, "127.0.0.1", listener_port(f->listener), NULL, NULL, on_side, s);
}

static int raw_socket(const struct fixture *f)
{
	struct sockaddr_in a = {
	        .sin_family = AF_INET, .sin_port = htons(listener_port(f->listener))};
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static bool closed_by_peer(int fd)
{
	char c;
	return recv(fd, &c, 1, 0) == 0;
}

static void bytes_go_both_ways_over_tls(void **state)
{
	struct fixture *f = *state;
	static char big[300000];
	memset(big, 'x', sizeof(big));
	listen_with(f, "", &limits);
	f->server.echo = true;
	connect_tls(f, pki.ca, "localhost");
	turn_until(f->loop, f->client.events[CONN_READY]);
	conn_write(f->client.conn, "hello", 5);
	conn_write(f->client.conn, big, sizeof(big));
	turn_until(f->loop, f->client.got.len == 5 + sizeof(big));
	assert_memory_equal(f->client.got.data, "hellox", 6);
	assert_true(f->client.events[CONN_DRAINED] > 0);
	assert_false(conn_peer_verified(f->server.conn));
	assert_true(conn_peer_verified(f->client.conn));
	assert_string_equal(conn_peer(f->server.conn), "127.0.0.1");
	conn_close(f->client.conn, "test");
	f->client.conn = NULL;
	turn_until(f->loop, f->server.events[CONN_CLOSED]);
	assert_int_equal(f->server.events[CONN_ERROR], 0);
}

static void an_address_counts_as_a_name(void **state)
{
	struct fixture *f = *state;
	listen_with(f, "", &limits);
	connect_tls(f, pki.ca, "127.0.0.1");
	turn_until(f->loop, f->client.events[CONN_READY]);
}

static void a_wrong_name_is_refused(void **state)
{
	struct fixture *f = *state;
	listen_with(f, "", &limits);
	connect_tls(f, pki.ca, "elsewhere.example");
	turn_until(f->loop, f->client.events[CONN_ERROR]);
	assert_non_null(strstr(f->client.error, "ostname"));
	assert_int_equal(f->client.events[CONN_READY], 0);
}

static void an_unknown_ca_is_refused(void **state)
{
	struct fixture *f = *state;
	listen_with(f, "", &limits);
	connect_tls(f, "", "localhost");
	turn_until(f->loop, f->client.events[CONN_ERROR]);
	assert_int_equal(f->client.events[CONN_READY], 0);
	turn_until(f->loop, metric_value(M_REFUSED, "handshake") == 1);
	assert_int_equal(f->accepted, 0);
}

static int run_client(const struct fixture *f, const char *options)
{
	char command[512];
	snprintf(command, sizeof(command),
	        "openssl s_client -connect 127.0.0.1:%u -quiet -no_ign_eof %s </dev/null "
	        ">/dev/null 2>&1 &",
	        listener_port(f->listener), options);
	return system(command);
}

static void a_client_certificate_is_optional_but_never_bad(void **state)
{
	struct fixture *f = *state;
	char options[256];
	listen_with(f, pki.ca, &limits);
	connect_tls(f, pki.ca, "localhost");
	turn_until(f->loop, f->server.conn);
	assert_false(conn_peer_verified(f->server.conn));
	conn_close(f->server.conn, "next");
	f->server.conn = NULL;
	f->server.keep = true;

	snprintf(options, sizeof(options), "-cert %s -key %s", pki.client, pki.client_key);
	assert_int_equal(run_client(f, options), 0);
	turn_until(f->loop, f->server.conn);
	assert_true(conn_peer_verified(f->server.conn));
	conn_close(f->server.conn, "next");
	f->server.conn = NULL;

	snprintf(options, sizeof(options), "-cert %s/stranger.pem -key %s/stranger-key.pem",
	        pki.dir, pki.dir);
	assert_int_equal(run_client(f, options), 0);
	turn_until(f->loop, metric_value(M_REFUSED, "handshake") == 1);
	assert_null(f->server.conn);
}

static void old_versions_and_weak_ciphers_are_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {
	        "-tls1_1 -cipher ALL:@SECLEVEL=0",
	        "-tls1_2 -cipher AES256-GCM-SHA384",
	        "-tls1_2 -cipher ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES256-SHA",
	};
	listen_with(f, "", &limits);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(run_client(f, bad[i]), 0);
		turn_until(f->loop, metric_value(M_REFUSED, "handshake") == (int64_t)i + 1);
	}
	assert_int_equal(f->accepted, 0);
	assert_int_equal(run_client(f, "-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384"), 0);
	turn_until(f->loop, f->accepted == 1);
}

static void a_stream_cut_without_close_notify_is_an_error(void **state)
{
	struct fixture *f = *state;
	char command[256];
	listen_with(f, "", &limits);
	snprintf(command, sizeof(command),
	        "sh -c 'sleep 3 | timeout -s KILL 1 openssl s_client -connect 127.0.0.1:%u' "
	        ">/dev/null 2>&1 &",
	        listener_port(f->listener));
	assert_int_equal(system(command), 0);
	turn_until(f->loop, f->server.conn);
	turn_until(f->loop, f->server.events[CONN_ERROR] + f->server.events[CONN_CLOSED]);
	assert_int_equal(f->server.events[CONN_ERROR], 1);
	assert_int_equal(f->server.events[CONN_CLOSED], 0);
}

static void a_slow_handshake_ends_at_its_deadline(void **state)
{
	struct fixture *f = *state;
	listen_with(f, "", &limits);
	int fd = raw_socket(f);
	settle(f->loop);
	assert_int_equal(metric_value(M_CONNECTIONS, "test"), 1);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(write(fd, "\x16\x03\x01\x02", 1), 1);
		f->clock.now += 1249;
		settle(f->loop);
		assert_int_equal(metric_value(M_CONNECTIONS, "test"), 1);
	}
	f->clock.now += 4;
	settle(f->loop);
	assert_int_equal(metric_value(M_CONNECTIONS, "test"), 0);
	assert_int_equal(metric_value(M_REFUSED, "handshake"), 1);
	close(fd);
}

static void one_address_gets_no_more_than_its_share(void **state)
{
	struct fixture *f = *state;
	const struct listener_limits few = {.total = 8, .per_peer = 2, .handshake_ms = 5000};
	int fd[3];
	listen_with(f, "", &few);
	for (int i = 0; i < 3; i++) {
		fd[i] = raw_socket(f);
		settle(f->loop);
	}
	assert_int_equal(metric_value(M_CONNECTIONS, "test"), 2);
	assert_int_equal(metric_value(M_REFUSED, "per_peer"), 1);
	assert_true(closed_by_peer(fd[2]));
	close(fd[0]);
	turn_until(f->loop, metric_value(M_CONNECTIONS, "test") == 1);
	close(fd[2]);
	fd[2] = raw_socket(f);
	turn_until(f->loop, metric_value(M_CONNECTIONS, "test") == 2);
	close(fd[1]);
	close(fd[2]);
}

static void the_total_is_bounded(void **state)
{
	struct fixture *f = *state;
	const struct listener_limits one = {.total = 1, .per_peer = 0, .handshake_ms = 5000};
	listen_with(f, "", &one);
	int first = raw_socket(f);
	int second = raw_socket(f);
	turn_until(f->loop, metric_value(M_REFUSED, "total") == 1);
	assert_true(closed_by_peer(second));
	assert_false(closed_by_peer(first));
	close(first);
	close(second);
}

static void running_out_of_descriptors_refuses_and_recovers(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, low;
	listen_plain(f);
	int fd = raw_socket(f);
	int probe = dup(fd);
	close(probe);
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = (rlim_t)probe;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	settle(f->loop);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_int_equal(metric_value(M_REFUSED, "descriptors"), 1);
	assert_true(closed_by_peer(fd));
	close(fd);
	fd = raw_socket(f);
	turn_until(f->loop, f->server.conn);
	close(fd);
}

static void reading_stops_above_the_input_limit(void **state)
{
	struct fixture *f = *state;
	static char big[4 * 1024 * 1024];
	listen_plain(f);
	f->server.keep = true;
	f->client.conn = connect_plain(f, &f->client);
	turn_until(f->loop, f->server.conn);
	conn_set_input_max(f->server.conn, 1000);
	conn_write(f->client.conn, big, sizeof(big));
	settle(f->loop);
	size_t held = conn_input(f->server.conn).len;
	assert_in_range(held, 1001, 1000 + 128 * 1024);
	assert_true(conn_output_pending(f->client.conn) > 0);
	f->server.keep = false;
	conn_consume(f->server.conn, held);
	turn_until(f->loop, held + f->server.got.len == sizeof(big));
}

static void closing_flushed_delivers_what_was_written(void **state)
{
	struct fixture *f = *state;
	static char big[2 * 1024 * 1024];
	listen_with(f, "", &limits);
	connect_tls(f, pki.ca, "localhost");
	turn_until(f->loop, f->server.conn && f->client.events[CONN_READY]);
	conn_write(f->client.conn, "never read by the server", 24);
	conn_write(f->server.conn, big, sizeof(big));
	conn_close_flushed(f->server.conn, 1000, "test");
	f->server.conn = NULL;
	turn_until(f->loop, f->client.events[CONN_CLOSED]);
	assert_int_equal(f->client.got.len, sizeof(big));
	conn_close(f->client.conn, "test");
	f->client.conn = NULL;
	turn_until(f->loop, metric_value(M_CONNECTIONS, "test") == 0);
	for (int i = 0; i <= CONN_ERROR; i++)
		assert_int_equal(f->server.events[i], 0);
}

static void closing_flushed_gives_up_at_its_limit(void **state)
{
	struct fixture *f = *state;
	static char big[8 * 1024 * 1024];
	listen_plain(f);
	int fd = raw_socket(f);
	turn_until(f->loop, f->server.conn);
	conn_write(f->server.conn, big, sizeof(big));
	conn_close_flushed(f->server.conn, 1000, "test");
	f->server.conn = NULL;
	settle(f->loop);
	assert_int_equal(metric_value(M_CONNECTIONS, "test"), 1);
	f->clock.now += 1000;
	settle(f->loop);
	assert_int_equal(metric_value(M_CONNECTIONS, "test"), 0);
	close(fd);
}

static void a_deadline_does_not_move_with_traffic(void **state)
{
	struct fixture *f = *state;
	listen_plain(f);
	f->client.conn = connect_plain(f, &f->client);
	turn_until(f->loop, f->server.conn && f->client.events[CONN_READY]);
	conn_deadline(f->server.conn, 100);
	f->clock.now += 99;
	conn_write(f->client.conn, "x", 1);
	turn_until(f->loop, f->server.got.len == 1);
	assert_int_equal(f->server.events[CONN_TIMEOUT], 0);
	f->clock.now += 1;
	loop_turn(f->loop, 0);
	assert_int_equal(f->server.events[CONN_TIMEOUT], 1);
	conn_deadline(f->server.conn, 100);
	conn_deadline(f->server.conn, 0);
	f->clock.now += 1000;
	settle(f->loop);
	assert_int_equal(f->server.events[CONN_TIMEOUT], 1);
}

static void a_refused_connection_is_an_event_not_a_return(void **state)
{
	struct fixture *f = *state;
	listen_plain(f);
	uint16_t port = listener_port(f->listener);
	listener_stop(f->listener);
	f->client.conn =
	        conn_connect_tcp(f->loop, "127.0.0.1", port, NULL, NULL, on_side, &f->client);
	assert_int_equal(f->client.events[CONN_ERROR], 0);
	turn_until(f->loop, f->client.events[CONN_ERROR]);
	assert_non_null(strstr(f->client.error, "refused"));
}

static void localhost_is_resolved(void **state)
{
	struct fixture *f = *state;
	listen_plain(f);
	f->client.conn = conn_connect_tcp(
	        f->loop, "localhost", listener_port(f->listener), NULL, NULL, on_side, &f->client);
	turn_until(f->loop, f->client.events[CONN_READY] + f->client.events[CONN_ERROR]);
	assert_string_equal(f->client.error, "");
}

static void unix_sockets_work_and_replace_a_stale_file(void **state)
{
	struct fixture *f = *state;
	char path[96];
	pki_file(&pki, path, "socket");
	for (int round = 0; round < 2; round++) {
		f->listener =
		        listener_new_unix(f->loop, "unix", path, &limits, on_accept, f, &f->error);
		assert_non_null(f->listener);
		f->client.conn = conn_connect_unix(f->loop, path, on_side, &f->client);
		turn_until(f->loop, f->server.conn);
		assert_string_equal(conn_peer(f->server.conn), "unix");
		conn_close(f->client.conn, "next");
		conn_close(f->server.conn, "next");
		f->client.conn = f->server.conn = NULL;
		listener_free(f->listener);
		f->listener = NULL;
		assert_int_not_equal(access(path, F_OK), 0);
	}
	f->client.conn = conn_connect_unix(f->loop, path, on_side, &f->client);
	turn_until(f->loop, f->client.events[CONN_ERROR]);
}

static void bad_files_leave_one_line(void **state)
{
	struct fixture *f = *state;
	assert_null(tls_server_new("/nonexistent", pki.key, "", &f->error));
	assert_non_null(strstr(buf_str(&f->error), "/nonexistent"));
	assert_null(strchr(buf_str(&f->error), '\n'));
	buf_clear(&f->error);
	assert_null(tls_server_new(pki.cert, pki.client_key, "", &f->error));
	assert_non_null(strstr(buf_str(&f->error), "key"));
	assert_null(tls_server_new(pki.cert, pki.key, "/nonexistent", &f->error));
	assert_null(tls_client_new("/nonexistent", &f->error));
	assert_null(listener_new(
	        f->loop, "x", "not an address", 0, NULL, &limits, on_accept, f, &f->error));
}

static void the_end_of_a_certificate_is_known(void **state)
{
	struct fixture *f = *state;
	struct tls_ctx *t = tls_server_new(pki.cert, pki.key, "", &f->error);
	assert_non_null(t);
	int64_t left = tls_not_after_ms(t) - clock_wall_ms(clock_system());
	assert_in_range(left, 47 * 3600000LL, 48 * 3600000LL);
	tls_unref(t);
}

static int make_pki(void **state)
{
	char command[512];
	(void)state;
	log_set_level(LOG_ERROR);
	pki_make(&pki);
	snprintf(command, sizeof(command),
	        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
	        "-subj "
	        "/CN=stranger -keyout %s/stranger-key.pem -out %s/stranger.pem 2>/dev/null",
	        pki.dir, pki.dir);
	assert_int_equal(system(command), 0);
	return 0;
}

static int remove_pki(void **state)
{
	(void)state;
	pki_remove(&pki);
	return 0;
}

#define with_loop(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        with_loop(bytes_go_both_ways_over_tls),
	        with_loop(an_address_counts_as_a_name),
	        with_loop(a_wrong_name_is_refused),
	        with_loop(an_unknown_ca_is_refused),
	        with_loop(a_client_certificate_is_optional_but_never_bad),
	        with_loop(old_versions_and_weak_ciphers_are_refused),
	        with_loop(a_stream_cut_without_close_notify_is_an_error),
	        with_loop(a_slow_handshake_ends_at_its_deadline),
	        with_loop(one_address_gets_no_more_than_its_share),
	        with_loop(the_total_is_bounded),
	        with_loop(running_out_of_descriptors_refuses_and_recovers),
	        with_loop(reading_stops_above_the_input_limit),
	        with_loop(closing_flushed_delivers_what_was_written),
	        with_loop(closing_flushed_gives_up_at_its_limit),
	        with_loop(a_deadline_does_not_move_with_traffic),
	        with_loop(a_refused_connection_is_an_event_not_a_return),
	        with_loop(localhost_is_resolved),
	        with_loop(unix_sockets_work_and_replace_a_stale_file),
	        with_loop(bad_files_leave_one_line),
	        with_loop(the_end_of_a_certificate_is_known),
	};
	return cmocka_run_group_tests(tests, make_pki, remove_pki);
}
