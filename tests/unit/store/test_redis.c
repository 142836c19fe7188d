// SPDX-License-Identifier: Apache-2.0
// The link against a real redis-server that is stopped, killed and misconfigured.
#include "server.h"

#include "base/metrics.h"

static int set_up(void **state)
{
	struct link *k = xcalloc(1, sizeof *k);
	link_init(k);
	server_start(k);
	k->redis = link_open(k, false);
	UNTIL(k, k->up == 1);
	*state = k;
	return 0;
}

static int set_up_unsafe(void **state)
{
	struct link *k = xcalloc(1, sizeof *k);
	link_init(k);
	server_start(k);
	k->redis = link_open(k, true);
	UNTIL(k, k->up == 1);
	*state = k;
	return 0;
}

static int tear_down(void **state)
{
	link_end(*state);
	free(*state);
	return 0;
}

static void test_describes_what_it_checked(void **state)
{
	struct link *k = *state;
	char start[160];
	snprintf(start, sizeof start, " at %s: appendonly yes, appendfsync always,", k->socket);
	assert_non_null(strstr(redis_describe(k->redis), start));
	assert_memory_equal(redis_describe(k->redis), "redis 7.", 8);
	assert_true(redis_is_up(k->redis));
	assert_int_equal(metric_value(M_REDIS_UP, NULL), 1);
}

static int next_in_order;
static void in_order(const struct redis_result *r, void *arg)
{
	assert_int_equal(r->status, REDIS_OK);
	assert_int_equal(redis_integer(r->reply), (intptr_t)arg);
	assert_int_equal((intptr_t)arg, ++next_in_order);
}

static void test_answers_come_in_order(void **state)
{
	struct link *k = *state;
	struct bytes incr[] = {bytes_str("INCR"), bytes_str("n")};
	next_in_order = 0;
	for (intptr_t i = 1; i <= 5000; i++)
		redis_command(k->redis, 2, incr, 5000, in_order, (void *)i);
	assert_int_equal(next_in_order, 0);
	UNTIL(k, next_in_order == 5000);
}

static void test_bytes_survive(void **state)
{
	struct link *k = *state;
	struct outcome o = {0};
	struct bytes set[] = {bytes_str("SET"), bytes_str("k"), bytes_of("a\0b\r\n", 5)};
	redis_command(k->redis, 3, set, 5000, NULL, NULL);
	assert_int_equal(ask(k, "STRLEN k", &o), REDIS_OK);
	assert_int_equal(o.integer, 5);
	assert_int_equal(ask(k, "SET empty ", &o), REDIS_REFUSED);
}

static void fields(const struct redis_result *r, void *arg)
{
	int *calls = arg;
	++*calls;
	assert_int_equal(redis_type(r->reply), REDIS_ARRAY);
	assert_int_equal(redis_count(r->reply), 4);
	assert_int_equal(redis_integer(redis_field(r->reply, "b")), -42);
	assert_int_equal(redis_type(redis_field(r->reply, "c")), REDIS_NIL);
	assert_int_equal(redis_type(redis_at(r->reply, 9)), REDIS_NIL);
	assert_int_equal(redis_bytes(redis_at(r->reply, 9)).len, 0);
}

static void test_fields_of_a_reply(void **state)
{
	struct link *k = *state;
	struct outcome o = {0};
	int calls = 0;
	ask(k, "HSET h a 1 b -42", &o);
	struct bytes all[] = {bytes_str("HGETALL"), bytes_str("h")};
	redis_command(k->redis, 2, all, 5000, fields, &calls);
	UNTIL(k, calls == 1);
}

static void test_errors_keep_no_arguments(void **state)
{
	struct link *k = *state;
	struct outcome o = {0};
	assert_int_equal(ask(k, "CANARY secret words", &o), REDIS_REFUSED);
	assert_string_equal(o.error, "ERR: Redis refused the command");
	ask(k, "SET s 1", &o);
	assert_int_equal(ask(k, "LPUSH s secret", &o), REDIS_REFUSED);
	assert_string_equal(o.error, "WRONGTYPE: a key holds a value of another type");
}

static void test_deadline_of_a_stopped_redis(void **state)
{
	struct link *k = *state;
	struct outcome late = {0}, patient = {0};
	kill(k->server, SIGSTOP);
	send_words(k->redis, "INCR n", 50, &late);
	send_words(k->redis, "INCR n", 9000, &patient);
	UNTIL(k, late.calls == 1);
	assert_int_equal(late.status, REDIS_UNKNOWN);
	assert_int_equal(patient.calls, 0);
	kill(k->server, SIGCONT);
	// The late answer is dropped: this is the second one's own.
	UNTIL(k, patient.calls == 1);
	assert_int_equal(patient.status, REDIS_OK);
	assert_int_equal(patient.integer, 2);
	assert_int_equal(late.calls, 1);
	assert_int_equal(k->down, 0);
}

static void test_a_shorter_deadline_after_a_longer_one(void **state)
{
	struct link *k = *state;
	struct outcome o[3] = {{0}};
	kill(k->server, SIGSTOP);
	send_words(k->redis, "INCR n", 8000, &o[0]);
	send_words(k->redis, "INCR n", 2000, &o[1]);
	send_words(k->redis, "INCR n", 5000, &o[2]);
	k->ahead_ms += 2001;
	UNTIL(k, o[1].calls == 1);
	assert_int_equal(o[0].calls + o[2].calls, 0);
	k->ahead_ms += 3000;
	UNTIL(k, o[2].calls == 1);
	assert_int_equal(o[0].calls, 0);
	kill(k->server, SIGCONT);
	UNTIL(k, o[0].calls == 1);
	assert_int_equal(o[0].status, REDIS_OK);
	assert_int_equal(o[0].integer, 1);
}

static void test_silence_cuts(void **state)
{
	struct link *k = *state;
	struct outcome o = {0};
	kill(k->server, SIGSTOP);
	send_words(k->redis, "INCR n", 60000, &o);
	k->ahead_ms += 9000;
	loop_turn(k->loop, 5);
	assert_int_equal(k->down, 0);
	k->ahead_ms += 1001;
	UNTIL(k, k->down == 1);
	assert_int_equal(o.status, REDIS_UNKNOWN);
	assert_int_equal(o.calls, 1);
	kill(k->server, SIGCONT);
	UNTIL(k, k->up == 2);
}

static void test_killed_with_a_command_under_way(void **state)
{
	struct link *k = *state;
	struct outcome o = {0}, after = {0};
	kill(k->server, SIGSTOP);
	send_words(k->redis, "SET k v", 60000, &o);
	loop_turn(k->loop, 5);
	server_kill(k);
	UNTIL(k, o.calls == 1);
	assert_int_equal(o.status, REDIS_UNKNOWN);
	assert_int_equal(k->down, 1);
	assert_int_equal(metric_value(M_REDIS_UP, NULL), 0);
	assert_int_equal(ask(k, "GET k", &after), REDIS_NO_LINK);
	server_start(k);
	UNTIL(k, k->up == 2);
	assert_int_equal(ask(k, "PING", &after), REDIS_OK);
	assert_int_equal(o.calls, 1);
}

static void test_acknowledged_survives_kill(void **state)
{
	struct link *k = *state;
	struct outcome o = {0};
	assert_int_equal(ask(k, "SET k kept", &o), REDIS_OK);
	server_kill(k);
	server_start(k);
	UNTIL(k, k->up == 2);
	assert_int_equal(ask(k, "GET k", &o), REDIS_OK);
	assert_string_equal(o.text, "kept");
}

static void test_waits_for_a_server_that_loads(void **state)
{
	struct link *k = *state;
	struct outcome o = {0};
	int64_t before = metric_value(M_REDIS_ERRORS, "loading");
	struct bytes incr[] = {bytes_str("INCR"), bytes_str("n")};
	// While it loads, Redis answers once in 1024 commands.
	for (int i = 0; i < 8000; i++)
		redis_command(k->redis, 2, incr, 5000, NULL, NULL);
	assert_int_equal(ask(k, "GET n", &o), REDIS_OK);
	server_kill(k);
	k->load_delay_us = "100";
	server_start(k);
	UNTIL(k, k->up == 2);
	assert_true(metric_value(M_REDIS_ERRORS, "loading") > before);
	assert_int_equal(k->refused, 0);
	assert_int_equal(ask(k, "GET n", &o), REDIS_OK);
	assert_int_equal(o.integer, 8000);
}

static void test_in_flight_is_bounded(void **state)
{
	struct link *k = *state;
	struct bytes ping[] = {bytes_str("PING")};
	struct outcome last = {0}, beyond = {0};
	kill(k->server, SIGSTOP);
	for (int i = 1; i < REDIS_IN_FLIGHT_MAX; i++)
		redis_command(k->redis, 1, ping, 60000, NULL, NULL);
	send_words(k->redis, "PING", 60000, &last);
	send_words(k->redis, "PING", 60000, &beyond);
	assert_int_equal(beyond.calls, 0);
	UNTIL(k, beyond.calls == 1);
	assert_int_equal(beyond.status, REDIS_NO_LINK);
	kill(k->server, SIGCONT);
	UNTIL(k, last.calls == 1);
	assert_int_equal(last.status, REDIS_OK);
}

static void test_free_ends_what_is_under_way(void **state)
{
	struct link *k = *state;
	struct outcome sent = {0}, rejected = {0};
	kill(k->server, SIGSTOP);
	send_words(k->redis, "PING", 60000, &sent);
	k->ahead_ms += 10001;
	UNTIL(k, k->down == 1);
	send_words(k->redis, "PING", 60000, &rejected);
	redis_free(k->redis);
	k->redis = NULL;
	assert_int_equal(sent.status, REDIS_UNKNOWN);
	assert_int_equal(rejected.calls, 1);
	assert_int_equal(rejected.status, REDIS_NO_LINK);
}

struct chain {
	struct redis *redis;
	int left;
};

static void go_on(const struct redis_result *r, void *arg)
{
	struct chain *c = arg;
	struct bytes ping[] = {bytes_str("PING")};
	assert_int_equal(r->status, REDIS_OK);
	if (--c->left > 0)
		redis_command(c->redis, 1, ping, 5000, go_on, c);
}

static void test_callbacks_may_send(void **state)
{
	struct link *k = *state;
	struct chain c = {k->redis, 100};
	struct bytes ping[] = {bytes_str("PING")};
	redis_command(k->redis, 1, ping, 5000, go_on, &c);
	UNTIL(k, c.left == 0);
}

// set_presence.lua refuses an unknown name without writing: the smallest call there is.
static void call_script(struct link *k, struct outcome *o)
{
	struct bytes parts[] = {bytes_str("{p}staff"), bytes_str("1"), bytes_str("nobody"),
	        bytes_str("away"), bytes_str("1"), bytes_str("1"), bytes_str("1")};
	*o = (struct outcome){0};
	redis_script(k->redis, "set_presence", 1, 7, parts, 5000, on_outcome, o);
	assert_int_equal(o->calls, 0);
}

static void test_script_is_loaded_again(void **state)
{
	struct link *k = *state;
	struct outcome o[3] = {{0}};
	call_script(k, &o[0]);
	UNTIL(k, o[0].calls == 1);
	assert_int_equal(o[0].status, REDIS_OK);
	assert_int_equal(ask(k, "SCRIPT FLUSH", &o[1]), REDIS_OK);
	for (int i = 0; i < 3; i++)
		call_script(k, &o[i]);
	UNTIL(k, o[2].calls == 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(o[i].calls, 1);
		assert_string_equal(o[i].error, "");
		assert_int_equal(o[i].status, REDIS_OK);
	}
	assert_int_equal(metric_value(M_REDIS_ERRORS, "noscript"), 3);
}

static void test_script_without_a_link(void **state)
{
	struct link *k = *state;
	struct outcome o = {0};
	server_kill(k);
	UNTIL(k, k->down == 1);
	call_script(k, &o);
	UNTIL(k, o.calls == 1);
	assert_int_equal(o.status, REDIS_NO_LINK);
}

static void test_subscription_comes_back(void **state)
{
	struct link *k = *state;
	struct outcome o = {0};
	redis_subscribe(k->redis, "one");
	UNTIL(k, k->resync == 1);
	redis_subscribe(k->redis, "two");
	UNTIL(k, k->resync == 2);
	ask(k, "PUBLISH two hello", &o);
	UNTIL(k, k->messages == 1);
	assert_string_equal(k->message, "two=hello");
	server_kill(k);
	UNTIL(k, k->down == 1);
	server_start(k);
	UNTIL(k, k->resync == 3 && k->up == 2);
	ask(k, "PUBLISH one again", &o);
	UNTIL(k, k->messages == 2);
	assert_string_equal(k->message, "one=again");
	assert_int_equal(k->resync, 3);
}

static void test_silent_subscription_is_cut(void **state)
{
	struct link *k = *state;
	redis_subscribe(k->redis, "one");
	UNTIL(k, k->resync == 1);
	kill(k->server, SIGSTOP);
	k->ahead_ms += 10001;
	loop_turn(k->loop, 5);
	k->ahead_ms += 10001;
	loop_turn(k->loop, 5);
	kill(k->server, SIGCONT);
	UNTIL(k, k->resync == 2);
}

static void test_a_replica_is_left(void **state)
{
	struct link *k = *state;
	struct outcome o = {0};
	assert_int_equal(ask(k, "REPLICAOF 127.0.0.1 1", &o), REDIS_OK);
	assert_int_equal(ask(k, "SET k v", &o), REDIS_REFUSED);
	assert_string_equal(o.error, "READONLY: this Redis is a replica");
	UNTIL(k, k->refused == 1);
	assert_int_equal(k->down, 1);
	assert_string_equal(
	        k->why, "role is \"slave\", must be \"master\": a replica accepts no texts");
}

struct bad {
	const char *command;
	const char *why;
	const char *heal;
};

// One link without the check changes the setting, another with it has to refuse, and to come up
// once it is right.
static void refuses(struct link *k, const struct bad *b)
{
	struct outcome o = {0};
	assert_int_equal(ask(k, b->command, &o), REDIS_OK);
	k->up = k->refused = 0;
	struct redis *safe = link_open(k, false);
	UNTIL(k, k->refused == 1);
	assert_string_equal(k->why, b->why);
	assert_false(redis_is_up(safe));
	k->ahead_ms += 2001;
	UNTIL(k, k->refused == 2);
	assert_int_equal(ask(k, b->heal, &o), REDIS_OK);
	k->ahead_ms += 2001;
	UNTIL(k, k->up == 1);
	assert_true(redis_is_up(safe));
	redis_free(safe);
}

static void test_settings_are_refused(void **state)
{
	static const struct bad settings[] = {
	        {"CONFIG SET appendonly no",
	                "appendonly is \"no\", must be \"yes\": an accepted text could be lost",
	                "CONFIG SET appendonly yes"},
	        {"CONFIG SET appendfsync everysec",
	                "appendfsync is \"everysec\", must be \"always\": an accepted text could "
	                "be lost",
	                "CONFIG SET appendfsync always"},
	        {"CONFIG SET no-appendfsync-on-rewrite yes",
	                "no-appendfsync-on-rewrite is \"yes\", must be \"no\": a text accepted "
	                "during a "
	                "rewrite could be lost",
	                "CONFIG SET no-appendfsync-on-rewrite no"},
	        {"CONFIG SET maxmemory-policy allkeys-lru",
	                "maxmemory-policy is \"allkeys-lru\", must be \"noeviction\": Redis could "
	                "throw "
	                "accepted texts away",
	                "CONFIG SET maxmemory-policy noeviction"},
	        {"ACL SETUSER default -hset",
	                "ACL DRYRUN default HSET is \"This user has no permissions to run the "
	                "'hset' command\", must be \"OK\": Redis would leave out what scripts "
	                "wrote "
	                "when it reads its file",
	                "ACL SETUSER default +hset"},
	};
	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
		refuses(*state, &settings[i]);
}

// What a server cannot do for the moment does not say that it is unfit: a node that starts now must
// live, for its spool.
static void test_one_that_cannot_write_is_not_refused(void **state)
{
	struct link *k = *state;
	struct outcome o = {0};
	const struct bytes save[] = {
	        bytes_str("CONFIG"), bytes_str("SET"), bytes_str("save"), bytes_str("3600 1")};
	char blocked[128];
	snprintf(blocked, sizeof blocked, "%s/dump.rdb", k->dir);
	assert_int_equal(mkdir(blocked, 0700), 0);
	redis_command(k->redis, 4, save, 5000, on_outcome, &o);
	ask(k, "BGSAVE", &o);
	UNTIL(k, ask(k, "PING", &o) == REDIS_REFUSED);
	assert_memory_equal(o.error, "MISCONF", 7);
	k->up = 0;
	struct redis *safe = link_open(k, false);
	UNTIL(k, k->up == 1);
	assert_int_equal(k->refused, 0);
	redis_free(safe);
}

static void test_one_that_is_busy_is_not_refused(void **state)
{
	struct link *k = *state;
	struct outcome busy, o;
	k->up = 0;
	struct redis *other = link_open(k, true);
	UNTIL(k, k->up == 1);
	ask(k, "CONFIG SET busy-reply-threshold 1", &o);
	send_words(other, "EVAL while\ttrue\tdo\tend 0", 15000, &busy);
	UNTIL(k, ask(k, "PING", &o) == REDIS_REFUSED);
	int64_t before = metric_value(M_REDIS_ERRORS, "busy");
	k->up = 0;
	struct redis *safe = link_open(k, false);
	UNTIL(k, metric_value(M_REDIS_ERRORS, "busy") > before);
	loop_turn(k->loop, 5);
	assert_int_equal(k->refused, 0);
	ask(k, "SCRIPT KILL", &o);
	UNTIL(k, redis_is_up(safe));
	assert_int_equal(k->refused, 0);
	redis_free(safe);
	redis_free(other);
}

static void test_oom_changes_nothing(void **state)
{
	struct link *k = *state;
	struct outcome o = {0};
	ask(k, "CONFIG SET maxmemory 1", &o);
	assert_int_equal(ask(k, "SET k v", &o), REDIS_REFUSED);
	assert_string_equal(o.error, "OOM: Redis has reached its maxmemory");
	assert_true(redis_is_up(k->redis));
}

#define LINK_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        LINK_TEST(test_describes_what_it_checked),
	        LINK_TEST(test_answers_come_in_order),
	        LINK_TEST(test_bytes_survive),
	        LINK_TEST(test_fields_of_a_reply),
	        LINK_TEST(test_errors_keep_no_arguments),
	        LINK_TEST(test_deadline_of_a_stopped_redis),
	        LINK_TEST(test_a_shorter_deadline_after_a_longer_one),
	        LINK_TEST(test_silence_cuts),
	        LINK_TEST(test_killed_with_a_command_under_way),
	        LINK_TEST(test_acknowledged_survives_kill),
	        LINK_TEST(test_waits_for_a_server_that_loads),
	        LINK_TEST(test_in_flight_is_bounded),
	        LINK_TEST(test_free_ends_what_is_under_way),
	        LINK_TEST(test_callbacks_may_send),
	        LINK_TEST(test_script_is_loaded_again),
	        LINK_TEST(test_script_without_a_link),
	        LINK_TEST(test_subscription_comes_back),
	        LINK_TEST(test_silent_subscription_is_cut),
	        LINK_TEST(test_a_replica_is_left),
	        cmocka_unit_test_setup_teardown(
	                test_settings_are_refused, set_up_unsafe, tear_down),
	        LINK_TEST(test_one_that_cannot_write_is_not_refused),
	        LINK_TEST(test_one_that_is_busy_is_not_refused),
	        LINK_TEST(test_oom_changes_nothing),
	};
	return cmocka_run_group_tests_name("store/redis", tests, NULL, NULL);
}
