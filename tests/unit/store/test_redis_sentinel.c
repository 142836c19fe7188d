// SPDX-License-Identifier: Apache-2.0
// Finding the master: Sentinels that say what a test tells them to, and real redis-servers.
#include "replicas.h"

#include "net/listener.h"

#define SENTINELS 3
#define TALKERS   8

// What a Sentinel answers with: an address, or one of these.
enum { NAMES, SILENT, UNKNOWN_NAME, GARBAGE, ENDLESS, REFUSES, HANGS_UP };

struct sentinel {
	struct listener *listener;
	struct conn *talkers[TALKERS];
	int manner;
	int port; // of the master it names
	int asked;
	struct buf heard;
};

struct world {
	struct link k;      // the first server
	struct link second; // the other one: its server only
	struct config_endpoint endpoints[SENTINELS];
	struct sentinel sentinels[SENTINELS];
};

static void say(struct sentinel *s, struct conn *c)
{
	static const char endless[] = "$1000000\r\n";
	char text[96], filler[8192];
	memset(filler, 'x', sizeof filler);
	snprintf(text, sizeof text, "*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%d\r\n",
	        (int)snprintf(NULL, 0, "%d", s->port), s->port);
	s->asked++;
	switch (s->manner) {
	case NAMES:
		conn_write(c, text, strlen(text));
		break;
	case UNKNOWN_NAME:
		conn_write(c, "*-1\r\n", 5);
		break;
	case GARBAGE:
		conn_write(c, "HTTP/1.1 200 OK\r\n\r\n", 19);
		break;
	case ENDLESS:
		conn_write(c, endless, sizeof endless - 1);
		conn_write(c, filler, sizeof filler);
		break;
	case REFUSES:
		conn_write(c, "-NOPERM no\r\n", 12);
		break;
	case HANGS_UP:
		conn_close_flushed(c, 1000, "told to");
		break;
	default:
		break;
	}
}

static void forget(struct sentinel *s, const struct conn *c)
{
	for (int i = 0; i < TALKERS; i++)
		if (s->talkers[i] == c)
			s->talkers[i] = NULL;
}

static void on_talk(struct conn *c, enum conn_event event, void *arg)
{
	struct sentinel *s = arg;
	if (event == CONN_CLOSED || event == CONN_ERROR) {
		forget(s, c);
		conn_close(c, "gone");
		return;
	}
	if (event != CONN_DATA)
		return;
	struct bytes in = conn_input(c);
	buf_append_bytes(&s->heard, in);
	bool whole = in.len > 8 && memcmp(in.data + in.len - 10, "holdfast\r\n", 10) == 0;
	conn_consume(c, in.len);
	if (!whole)
		return;
	if (s->manner == HANGS_UP)
		forget(s, c);
	say(s, c);
}

static void on_accept(struct conn *c, void *arg)
{
	struct sentinel *s = arg;
	int i = 0;
	while (i < TALKERS - 1 && s->talkers[i])
		i++;
	s->talkers[i] = c;
	conn_set_callback(c, on_talk, s);
}

static void sentinel_open(struct world *w, int i)
{
	struct sentinel *s = &w->sentinels[i];
	static const struct listener_limits limits = {100, 0, 1000};
	struct buf error = {0};
	s->listener = listener_new(w->k.loop, "sentinel", "127.0.0.1", w->endpoints[i].port, NULL,
	        &limits, on_accept, s, &error);
	assert_non_null(s->listener);
	w->endpoints[i].port = listener_port(s->listener);
	w->endpoints[i].host = (char *)(uintptr_t) "127.0.0.1";
}

static void sentinel_close(struct sentinel *s)
{
	listener_free(s->listener);
	s->listener = NULL;
	for (int i = 0; i < TALKERS; i++)
		if (s->talkers[i])
			conn_close(s->talkers[i], "the test ends");
	memset(s->talkers, 0, sizeof s->talkers);
}

static void all_name(struct world *w, int port)
{
	for (int i = 0; i < SENTINELS; i++)
		w->sentinels[i].port = port;
}

static void other_start(struct world *w)
{
	server_start(&w->second);
	UNTIL(&w->k, strcmp(cli(w->second.socket, "PING"), "PONG") == 0);
}

static int set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof *w);
	link_init(&w->k);
	link_init(&w->second);
	w->k.port = free_port();
	w->second.port = free_port();
	server_start(&w->k);
	other_start(w);
	for (int i = 0; i < SENTINELS; i++)
		sentinel_open(w, i);
	all_name(w, w->k.port);
	w->k.config = (struct config_redis){.sentinels = w->endpoints,
	        .sentinels_count = SENTINELS,
	        .master_name = (char *)(uintptr_t) "holdfast"};
	UNTIL(&w->k, strcmp(cli(w->k.socket, "PING"), "PONG") == 0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	redis_free(w->k.redis);
	w->k.redis = NULL;
	for (int i = 0; i < SENTINELS; i++) {
		sentinel_close(&w->sentinels[i]);
		buf_free(&w->sentinels[i].heard);
	}
	loop_turn(w->k.loop, 0);
	link_end(&w->k);
	link_end(&w->second);
	free(w);
	return 0;
}

static bool is_at(const struct world *w, int port)
{
	char where[40];
	snprintf(where, sizeof where, " at 127.0.0.1:%d:", port);
	return redis_is_up(w->k.redis) && strstr(redis_describe(w->k.redis), where);
}

static void open_at(struct world *w, int port)
{
	w->k.up = w->k.resync = w->k.down = 0;
	w->k.redis = link_open(&w->k, false);
	redis_subscribe(w->k.redis, "news");
	UNTIL(&w->k, w->k.up == 1 && w->k.resync == 1);
	assert_true(is_at(w, port));
}

static void test_asks_the_first(void **state)
{
	struct world *w = *state;
	open_at(w, w->k.port);
	assert_int_equal(w->sentinels[1].asked + w->sentinels[2].asked, 0);
	assert_string_equal(buf_str(&w->sentinels[0].heard),
	        "*3\r\n$8\r\nSENTINEL\r\n$23\r\nget-master-addr-by-name\r\n$8\r\nholdfast\r\n");
}

// Whatever two of them do, the third one's word is found, and that one is asked first from then on.
static void test_one_good_one_is_enough(void **state)
{
	struct world *w = *state;
	static const int manners[] = {SILENT, UNKNOWN_NAME, GARBAGE, ENDLESS, REFUSES, HANGS_UP};
	for (size_t i = 0; i < sizeof manners / sizeof manners[0]; i++) {
		w->sentinels[0].manner = manners[i];
		w->sentinels[1].manner = manners[(i + 1) % 6];
		int64_t began = true_ms();
		open_at(w, w->k.port);
		assert_true(true_ms() - began < 1500);
		redis_free(w->k.redis);
		w->k.redis = NULL;
	}
	open_at(w, w->k.port);
	int asked = w->sentinels[0].asked, good = w->sentinels[2].asked;
	server_kill(&w->k);
	UNTIL(&w->k, w->k.down == 1);
	server_start(&w->k);
	UNTIL(&w->k, w->k.up == 2);
	// Each try begins with the one that answered last, however many it takes until the server
	// is back.
	assert_true(w->sentinels[2].asked > good);
	assert_true(w->sentinels[0].asked - asked < w->sentinels[2].asked - good);
}

static void test_all_are_down(void **state)
{
	struct world *w = *state;
	for (int i = 0; i < SENTINELS; i++)
		sentinel_close(&w->sentinels[i]);
	w->k.redis = link_open(&w->k, false);
	int64_t end = true_ms() + 500;
	while (true_ms() < end)
		loop_turn(w->k.loop, 5);
	assert_int_equal(w->k.up + w->k.refused, 0);
	// One of them comes back.
	sentinel_open(w, 1);
	UNTIL(&w->k, w->k.up == 1);
	sentinel_close(&w->sentinels[1]);
	// The last known master is kept, and found again.
	server_kill(&w->k);
	UNTIL(&w->k, w->k.down == 1);
	server_start(&w->k);
	UNTIL(&w->k, w->k.up == 2);
	assert_true(is_at(w, w->k.port));
}

static void test_a_replica_is_no_master(void **state)
{
	struct world *w = *state;
	char words[64];
	snprintf(words, sizeof words, "REPLICAOF 127.0.0.1 %d", w->k.port);
	assert_string_equal(cli(w->second.socket, words), "OK");
	// The first of them has not heard of it yet.
	w->sentinels[0].port = w->second.port;
	w->k.redis = link_open(&w->k, false);
	UNTIL(&w->k, w->k.up == 1);
	assert_true(is_at(w, w->k.port));
	assert_int_equal(w->k.refused, 0);
	assert_true(w->sentinels[0].asked > 0);
}

// One that has heard of nothing names a dead one for ever.
static void test_a_stale_one_is_asked_last(void **state)
{
	struct world *w = *state;
	server_kill(&w->k);
	w->sentinels[1].port = w->sentinels[2].port = w->second.port;
	int64_t began = true_ms();
	open_at(w, w->second.port);
	assert_true(true_ms() - began < 1000);
	assert_in_range(w->sentinels[0].asked, 1, 2);
}

static void test_readonly_leads_to_the_new_master(void **state)
{
	struct world *w = *state;
	struct outcome o;
	open_at(w, w->k.port);
	char words[64];
	snprintf(words, sizeof words, "REPLICAOF 127.0.0.1 %d", w->second.port);
	assert_string_equal(cli(w->k.socket, words), "OK");
	w->sentinels[1].port = w->sentinels[2].port = w->second.port;
	int64_t began = true_ms();
	// Redis may cut us by itself as well.
	ask(&w->k, "SET k v", &o);
	assert_int_not_equal(o.status, REDIS_OK);
	UNTIL(&w->k, w->k.up == 2);
	assert_true(true_ms() - began < 1500);
	assert_true(is_at(w, w->second.port));
	UNTIL(&w->k, w->k.resync >= 2);
	assert_string_equal(cli(w->second.socket, "PUBLISH news one"), "1");
	assert_int_equal(w->k.refused, 0);
}

static void nothing(const struct redis_result *r, void *arg)
{
	(void)r;
	++*(int *)arg;
}

// No replica has our writes: the Sentinels are asked whether there is another master.
static void test_short_asks_again(void **state)
{
	struct world *w = *state;
	int done = 0;
	w->k.copies = 1;
	open_at(w, w->k.port);
	int asked = w->sentinels[1].asked;
	w->sentinels[2].port = w->second.port;
	claim(&w->k, "a", 5000, nothing, &done);
	UNTIL(&w->k, done == 1 && w->sentinels[1].asked > asked && w->sentinels[2].asked > 0);
	// One alone says so: it may be the one that is wrong.
	w->k.ahead_ms += 1001;
	asked = w->sentinels[2].asked;
	UNTIL(&w->k, w->sentinels[2].asked > asked);
	assert_true(is_at(w, w->k.port));
	assert_int_equal(w->k.down, 0);
	// Most of them say so. One that still names the old one does not lead back.
	w->sentinels[1].port = w->second.port;
	UNTIL(&w->k, w->k.up == 2);
	assert_true(is_at(w, w->second.port));
	UNTIL(&w->k, strcmp(cli(w->second.socket, "PUBLISH news one"), "1") == 0);
	assert_int_equal(w->k.down, 1);
}

// Its host is gone: TCP says nothing for long. A command without an answer is the first sign.
static void test_a_silent_master_is_left(void **state)
{
	struct world *w = *state;
	struct outcome o;
	open_at(w, w->k.port);
	kill(w->k.server, SIGSTOP);
	all_name(w, w->second.port);
	int64_t began = true_ms();
	send_words(w->k.redis, "GET x", 200, &o);
	UNTIL(&w->k, w->k.up == 2);
	assert_true(true_ms() - began < 1500);
	assert_true(is_at(w, w->second.port));
	assert_int_equal(o.status, REDIS_UNKNOWN);
	UNTIL(&w->k, strcmp(cli(w->second.socket, "PUBLISH news one"), "1") == 0);
	kill(w->k.server, SIGCONT);
}

// It takes the connection and no more, and one Sentinel still names it.
static void test_a_master_that_is_never_ready(void **state)
{
	struct world *w = *state;
	kill(w->k.server, SIGSTOP);
	w->sentinels[1].port = w->sentinels[2].port = w->second.port;
	w->k.redis = link_open(&w->k, false);
	UNTIL(&w->k, w->sentinels[0].asked == 1);
	loop_turn(w->k.loop, 50);
	w->k.ahead_ms += 3001;
	UNTIL(&w->k, w->k.up == 1);
	assert_true(is_at(w, w->second.port));
	kill(w->k.server, SIGCONT);
}

static void test_signs_in(void **state)
{
	struct world *w = *state;
	char file[96];
	snprintf(file, sizeof file, "%s/password", w->k.dir);
	FILE *f = fopen(file, "we");
	fputs("sesame\n", f);
	fclose(f);
	chmod(file, 0600);
	w->k.config.sentinel_user = (char *)(uintptr_t) "ada";
	w->k.config.sentinel_password_file = file;
	w->k.redis = link_open(&w->k, false);
	UNTIL(&w->k, w->sentinels[0].asked == 1);
	assert_memory_equal(buf_str(&w->sentinels[0].heard),
	        "*3\r\n$4\r\nAUTH\r\n$3\r\nada\r\n$6\r\nsesame\r\n*3\r\n$8\r\nSENTINEL\r\n", 52);
}

#define SENTINEL(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        SENTINEL(test_asks_the_first),
	        SENTINEL(test_one_good_one_is_enough),
	        SENTINEL(test_all_are_down),
	        SENTINEL(test_a_replica_is_no_master),
	        SENTINEL(test_a_stale_one_is_asked_last),
	        SENTINEL(test_readonly_leads_to_the_new_master),
	        SENTINEL(test_short_asks_again),
	        SENTINEL(test_a_silent_master_is_left),
	        SENTINEL(test_a_master_that_is_never_ready),
	        SENTINEL(test_signs_in),
	};
	return cmocka_run_group_tests_name("store/redis_sentinel", tests, NULL, NULL);
}
