// SPDX-License-Identifier: Apache-2.0
// The store's real link on the simulator's network, servers and scripts, in virtual time: what is
// lost, what is done without an answer, what a failover takes away.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sim/model_servers.h"
#include "store/store.h"

#define T0       INT64_C(1800000000000)
#define SERVERS  3
#define FOREVER  600000
#define POOL     "north"
#define LINE     "15005550100"
#define NO_DELAY (-1)

static const struct by_level boost = {.ms = {0, 1000, 200000, 500000, 900000, 7777}};
static const struct by_level within = {.ms = {0, 1800000, 900000, 600000, 300000, 60000}};

struct world {
	int64_t now;
	struct clock clock;
	struct loop *loop;
	struct model_net *net;
	struct model_servers *servers;
	struct config_redis config;
	struct redis *redis;
	struct store *store;
	int up, down, resync, messages;
	bool partition;
	int64_t delay_ms, copy_ms;
	enum model_mishap mishap; // of the next command
	const char *refuse;
	uint64_t seed; // of random weather, 0 without
	bool calm;     // and then without cuts
	int answers;
	enum store_code code;
	char part[3][64];
};

static int64_t world_now(void *arg)
{
	return ((struct world *)arg)->now;
}

// SplitMix64.
static size_t below(struct world *w, size_t n)
{
	uint64_t z = w->seed += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (size_t)((z ^ (z >> 31)) % n);
}

static int64_t on_delay(size_t node, uint16_t port, bool to_server, void *arg)
{
	struct world *w = arg;
	(void)node;
	(void)port;
	(void)to_server;
	return w->seed ? (int64_t)below(w, 5) : w->delay_ms;
}

static bool on_reaches(size_t node, uint16_t port, void *arg)
{
	(void)node;
	(void)port;
	return !((struct world *)arg)->partition;
}

static int64_t on_wall(size_t server, void *arg)
{
	(void)server;
	return ((struct world *)arg)->now;
}

static int64_t on_copy(size_t master, size_t replica, void *arg)
{
	struct world *w = arg;
	(void)master;
	(void)replica;
	return w->seed ? (int64_t)below(w, 40) - 5 : w->copy_ms;
}

static const char *on_refuse(size_t node, size_t server, void *arg)
{
	(void)node;
	(void)server;
	return ((struct world *)arg)->refuse;
}

static enum model_mishap on_mishap(size_t node, size_t server, void *arg)
{
	struct world *w = arg;
	enum model_mishap now = w->mishap;
	(void)node;
	(void)server;
	w->mishap = MISHAP_NONE;
	if (w->seed && !w->calm && below(w, 40) == 0)
		return below(w, 2) ? MISHAP_BEFORE : MISHAP_AFTER;
	return now;
}

static void on_up(void *arg)
{
	((struct world *)arg)->up++;
}

static void on_down(void *arg)
{
	((struct world *)arg)->down++;
}

static void on_message(const char *channel, struct bytes payload, void *arg)
{
	(void)payload;
	assert_string_equal(channel, "{" POOL "}:events");
	((struct world *)arg)->messages++;
}

static void on_resync(void *arg)
{
	((struct world *)arg)->resync++;
}

// Time passes, ms by ms, until `cond` holds.
#define UNTIL(w, cond)                                                                             \
	do {                                                                                       \
		for (int64_t until = (w)->now + FOREVER; !(cond);) {                               \
			if (++(w)->now > until)                                                    \
				fail_msg("never: %s", #cond);                                      \
			loop_turn((w)->loop, 0);                                                   \
		}                                                                                  \
	} while (0)

static void pass(struct world *w, int64_t ms)
{
	int64_t end = w->now + ms;
	UNTIL(w, w->now >= end);
}

static void on_answer(const struct store_answer *a, void *arg)
{
	struct world *w = arg;
	w->answers++;
	w->code = a->code;
	for (size_t i = 0; i < 3; i++)
		bytes_copy(redis_bytes(redis_at(a->reply, i)), w->part[i], sizeof w->part[i]);
}

static enum store_code ingest(struct world *w, const char *texter, const char *id)
{
	struct store_ingest in = {.pool = POOL,
	        .conversation = id,
	        .wrapped_key = bytes_str("wrapped"),
	        .message = id,
	        .sealed_text = bytes_str("sealed"),
	        .level = LEVEL_LOW,
	        .reasons = "reason",
	        .gateway = "twilio",
	        .line = LINE,
	        .sealed_number = bytes_str("number"),
	        .texter = texter,
	        .provider_id_hash = id,
	        .boost = &boost,
	        .within = &within};
	w->answers = 0;
	store_ingest(w->store, &in, on_answer, w);
	assert_int_equal(w->answers, 0); // never from inside
	UNTIL(w, w->answers > 0);
	return w->code;
}

static size_t keys_at(struct world *w, size_t server)
{
	return model_store_count(model_redis_store(model_servers_redis(w->servers), server));
}

static char *all_at(struct world *w, size_t server)
{
	struct buf out = {0};
	model_store_print(model_redis_store(model_servers_redis(w->servers), server), &out);
	return buf_take_str(&out);
}

static void expect_same_keys(struct world *w, size_t a, size_t b)
{
	char *of_a = all_at(w, a), *of_b = all_at(w, b);
	assert_string_equal(of_a, of_b);
	free(of_a);
	free(of_b);
}

static int world_start(void **state)
{
	struct world *w = xcalloc(1, sizeof *w);
	w->now = T0;
	w->delay_ms = 1;
	w->copy_ms = 1;
	w->clock = (struct clock){world_now, world_now, w};
	w->loop = loop_new(&w->clock);
	w->net = model_net_new(w->loop, &(struct model_weather){on_delay, on_reaches, w});
	model_net_place(w->net, 0, w->loop);
	w->servers = model_servers_new(w->net, &(struct model_servers_rules){.redis = SERVERS,
	                                               .max_lag_ms = 10000,
	                                               .wall_ms = on_wall,
	                                               .copy_ms = on_copy,
	                                               .refuse = on_refuse,
	                                               .mishap = on_mishap,
	                                               .arg = w});
	w->config = (struct config_redis){.host = "model", .port = MODEL_REDIS_PORT};
	w->redis = redis_new(w->loop, &w->config, &(struct redis_demands){0},
	        &(struct redis_events){.up = on_up,
	                .down = on_down,
	                .message = on_message,
	                .resync = on_resync,
	                .arg = w});
	w->store = store_new(w->redis, &w->clock);
	UNTIL(w, w->up == 1);
	*state = w;
	return 0;
}

static int world_end(void **state)
{
	struct world *w = *state;
	store_free(w->store);
	redis_free(w->redis);
	model_servers_free(w->servers);
	loop_turn(w->loop, 0);
	model_net_free(w->net);
	loop_free(w->loop);
	free(w);
	return 0;
}

static void test_a_text_reaches_all_servers(void **state)
{
	struct world *w = *state;
	redis_subscribe(w->redis, "{" POOL "}:events");
	UNTIL(w, w->resync == 1);
	assert_int_equal(ingest(w, "t1", "c1"), STORE_OK);
	assert_string_equal(w->part[2], "new");
	UNTIL(w, w->messages == 2);
	assert_int_equal(ingest(w, "t1", "c1"), STORE_DUPLICATE);
	pass(w, 100);
	assert_true(keys_at(w, 0) > 5);
	expect_same_keys(w, 0, 1);
	expect_same_keys(w, 0, 2);
}

static void test_a_cut_before_is_not_done_and_after_is(void **state)
{
	struct world *w = *state;
	w->mishap = MISHAP_BEFORE;
	assert_int_equal(ingest(w, "t1", "c1"), STORE_UNKNOWN);
	assert_int_equal(w->down, 1);
	assert_int_equal(keys_at(w, 0), 0);
	UNTIL(w, w->up == 2);
	w->mishap = MISHAP_AFTER;
	assert_int_equal(ingest(w, "t1", "c1"), STORE_UNKNOWN);
	assert_true(keys_at(w, 0) > 0);
	UNTIL(w, w->up == 3);
	assert_int_equal(ingest(w, "t1", "c1"), STORE_DUPLICATE);
}

static void test_a_half_open_connection_is_given_up(void **state)
{
	struct world *w = *state;
	int64_t from = w->now;
	w->delay_ms = NO_DELAY;
	assert_int_equal(ingest(w, "t1", "c1"), STORE_UNKNOWN);
	assert_int_equal(w->now - from, 3000);
	UNTIL(w, w->down == 1);
	assert_in_range(w->now - from, 10000, 10100);
	w->delay_ms = 1;
	UNTIL(w, w->up == 2);
	assert_int_equal(keys_at(w, 0), 0);
	assert_int_equal(ingest(w, "t1", "c1"), STORE_OK);
}

// What was sent into a partition is done when it is over, long after its deadline.
static void test_a_partition_delays(void **state)
{
	struct world *w = *state;
	w->partition = true;
	assert_int_equal(ingest(w, "t1", "c1"), STORE_UNKNOWN);
	assert_int_equal(keys_at(w, 0), 0);
	w->partition = false;
	UNTIL(w, keys_at(w, 0) > 0);
	assert_int_equal(w->down, 0);
	assert_int_equal(ingest(w, "t1", "c1"), STORE_DUPLICATE);
}

static void test_refusals_change_nothing(void **state)
{
	static const char *const errors[] = {"OOM command not allowed",
	        "MISCONF Redis is configured to save", "LOADING Redis is loading", "BUSY a script"};
	struct world *w = *state;
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
		int up = w->up;
		w->refuse = errors[i];
		assert_int_equal(ingest(w, "t1", "c1"), STORE_UNAVAILABLE);
		assert_int_equal(keys_at(w, 0), 0);
		w->refuse = NULL;
		if (w->down == up)
			UNTIL(w, w->up == up + 1);
	}
	assert_int_equal(w->down, 1); // LOADING
	assert_int_equal(ingest(w, "t1", "c1"), STORE_OK);
	w->refuse = errors[0];
	assert_int_equal(ingest(w, "t1", "c1"), STORE_DUPLICATE); // it writes nothing
}

static void test_a_crash_keeps_what_was_done(void **state)
{
	struct world *w = *state;
	assert_int_equal(ingest(w, "t1", "c1"), STORE_OK);
	model_servers_crash(w->servers, 0, false);
	UNTIL(w, w->down == 1);
	assert_int_equal(ingest(w, "t2", "c2"), STORE_UNAVAILABLE);
	pass(w, 5000);
	assert_int_equal(w->up, 1);
	model_servers_restart(w->servers, 0);
	UNTIL(w, w->up == 2);
	assert_int_equal(ingest(w, "t1", "c1"), STORE_DUPLICATE);
	assert_int_equal(ingest(w, "t2", "c2"), STORE_OK);
}

// The replica that takes over has one of two texts; the old master comes back with its view.
static void test_a_failover_loses_what_was_not_copied(void **state)
{
	struct world *w = *state;
	const struct model_redis *m = model_servers_redis(w->servers);
	assert_int_equal(ingest(w, "t1", "c1"), STORE_OK);
	pass(w, 2000);
	assert_int_equal(model_redis_copies(m, 0, model_redis_offset(m, 0)), 2);
	w->copy_ms = NO_DELAY;
	assert_int_equal(ingest(w, "t2", "c2"), STORE_OK);
	assert_int_equal(model_redis_copies(m, 0, model_redis_offset(m, 0)), 0);
	model_servers_crash(w->servers, 0, true);
	model_servers_promote(w->servers, 1);
	model_servers_follow(w->servers, 2, 1);
	w->copy_ms = 1;
	w->config.port = MODEL_REDIS_PORT + 1;
	assert_int_equal(ingest(w, "t1", "c1"), STORE_UNKNOWN); // nobody has told us
	UNTIL(w, w->up == 2);
	assert_int_equal(ingest(w, "t1", "c1"), STORE_DUPLICATE);
	assert_int_equal(ingest(w, "t2", "c2"), STORE_OK);
	model_servers_restart(w->servers, 0);
	assert_true(model_redis_is_master(m, 0));
	model_servers_follow(w->servers, 0, 1);
	pass(w, 2000);
	expect_same_keys(w, 1, 0);
	expect_same_keys(w, 1, 2);
	assert_int_equal(model_redis_copies(m, 1, model_redis_offset(m, 1)), 2);
}

static void test_a_replica_refuses(void **state)
{
	struct world *w = *state;
	model_servers_promote(w->servers, 1);
	model_servers_follow(w->servers, 0, 1);
	UNTIL(w, w->down == 1);
	w->config.port = MODEL_REDIS_PORT + 1;
	UNTIL(w, w->up == 2);
	model_redis_follow(model_servers_redis(w->servers), 1, 2);
	assert_int_equal(ingest(w, "t1", "c1"), STORE_UNAVAILABLE); // READONLY
	UNTIL(w, w->down == 2);
}

static void test_a_killed_node_hears_nothing(void **state)
{
	struct world *w = *state;
	w->answers = 0;
	store_seen_put(w->store, POOL, "twilio", "p1", "what", on_answer, w);
	model_net_kill(w->net, 0);
	pass(w, 20);
	assert_int_equal(w->answers, 0);
	assert_int_equal(keys_at(w, 0), 1);
	assert_int_equal(w->down, 0);
}

// ---- what ends the process

static void run_broken(struct world *w, const char *text)
{
	struct model_lua *lua = model_redis_lua(model_servers_redis(w->servers));
	struct bytes argv[] = {bytes_str("{k}:a"), bytes_str("{k}:b"), bytes_str("x")};
	struct model_reply out = {0};
	model_lua_add(lua, "broken", text);
	model_redis_script(
	        model_servers_redis(w->servers), 0, w->now, "broken", 2, 3, argv, NULL, &out);
}

static void test_broken_scripts_end_the_process(void **state)
{
	static const char *const texts[] = {
	        "redis.call('SET', '{k}:c', 1)",
	        "redis.call('DEL', KEYS[1], '{k}:c')",
	        "leaked = 1",
	        "return missing",
	        "redis.call('SORT', KEYS[1])",
	        "redis.call('GET')",
	        "redis.call('SET', KEYS[1], 1, 'IFEQ', 2)",
	        "redis.call('HSET', KEYS[1], 'f', 1) redis.call('INCR', KEYS[1])",
	        "return #nil",
	        "return math.random()",
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		int status = 0;
		pid_t pid = fork();
		if (pid == 0) {
			assert_non_null(freopen("/dev/null", "w", stderr));
			run_broken(*state, texts[i]);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 1)
			fail_msg("goes on: %s", texts[i]);
	}
	run_broken(*state, "redis.call('SET', KEYS[1], ARGV[1]) return {1, KEYS[2]}");
	assert_int_equal(keys_at(*state, 0), 1);
}

// ---- one seed is one run

static char *random_run(struct world *w, uint64_t seed)
{
	w->seed = seed;
	for (int i = 0; i < 300; i++) {
		char texter[16], id[16];
		snprintf(texter, sizeof texter, "t%d", i);
		snprintf(id, sizeof id, "c%d", i);
		while (ingest(w, texter, id) != STORE_OK && w->code != STORE_DUPLICATE)
			pass(w, 10);
	}
	w->seed = 0;
	pass(w, 3000);
	expect_same_keys(w, 0, 1);
	expect_same_keys(w, 0, 2);
	struct buf out = {0};
	buf_printf(&out, "now %lld offset %llu\n", (long long)w->now,
	        (unsigned long long)model_redis_offset(model_servers_redis(w->servers), 0));
	model_store_print(model_redis_store(model_servers_redis(w->servers), 0), &out);
	return buf_take_str(&out);
}

static uint64_t choose_seed(void)
{
	const char *given = getenv("HOLDFAST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	print_message("# HOLDFAST_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}

static void test_random_weather_loses_nothing(void **state)
{
	struct world *w = *state;
	free(random_run(w, choose_seed()));
	for (int i = 0; i < 300; i++) {
		char texter[16], id[16];
		snprintf(texter, sizeof texter, "t%d", i);
		snprintf(id, sizeof id, "c%d", i);
		assert_int_equal(ingest(w, texter, id), STORE_DUPLICATE);
	}
	assert_true(w->down > 0);
}

// The jitter of reconnects is chance of its own, so there are no cuts here.
static void test_one_seed_is_one_run(void **state)
{
	uint64_t seed = choose_seed();
	char *runs[2];
	(void)state;
	for (int i = 0; i < 2; i++) {
		void *world;
		world_start(&world);
		((struct world *)world)->calm = true;
		runs[i] = random_run(world, seed);
		world_end(&world);
	}
	assert_string_equal(runs[0], runs[1]);
	free(runs[0]);
	free(runs[1]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_start, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_a_text_reaches_all_servers),
	        TEST(test_a_cut_before_is_not_done_and_after_is),
	        TEST(test_a_half_open_connection_is_given_up),
	        TEST(test_a_partition_delays),
	        TEST(test_refusals_change_nothing),
	        TEST(test_a_crash_keeps_what_was_done),
	        TEST(test_a_failover_loses_what_was_not_copied),
	        TEST(test_a_replica_refuses),
	        TEST(test_a_killed_node_hears_nothing),
	        TEST(test_broken_scripts_end_the_process),
	        TEST(test_random_weather_loses_nothing),
	        cmocka_unit_test(test_one_seed_is_one_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
