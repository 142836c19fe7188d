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

#include "base/mem.h"
#include "sim/model_servers.h"
#include "sim/sim.h"
#include "store/store.h"

#define SERVERS     3
#define PATIENCE_MS 600000
#define POOL        "north"
#define LINE        "15005550100"
#define NEVER       (-1)

static const struct by_level boost = {.ms = {0, 1000, 200000, 500000, 900000, 7777}};
static const struct by_level within = {.ms = {0, 1800000, 900000, 600000, 300000, 60000}};

struct world {
	struct sim *sim;
	struct loop *loop;    // the node's
	struct loop *outside; // the servers'
	struct model_net *net;
	struct model_servers_rules rules;
	struct model_servers *servers;
	struct config_redis config;
	struct redis *redis;
	struct store *store;
	int up, down, resync, messages;
	bool partition;
	int64_t delay_ms, copy_ms;
	enum model_mishap mishap; // of the next command
	const char *refuse;
	bool stormy; // random weather
	int answers;
	enum store_code code;
	char part[3][64];
};

static int64_t on_delay(size_t node, uint16_t port, bool to_server, void *arg)
{
	struct world *w = arg;
	(void)node;
	(void)port;
	(void)to_server;
	return w->stormy ? sim_between(w->sim, 0, 4) : w->delay_ms;
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
	return loop_wall_ms(((struct world *)arg)->outside);
}

static int64_t on_copy(size_t master, size_t replica, void *arg)
{
	struct world *w = arg;
	(void)master;
	(void)replica;
	return w->stormy ? sim_between(w->sim, -5, 35) : w->copy_ms;
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
	if (w->stormy && sim_chance(w->sim, 25))
		return sim_chance(w->sim, 500) ? MISHAP_BEFORE : MISHAP_AFTER;
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

// Time passes until `cond` holds.
#define UNTIL(w, cond)                                                                             \
	do {                                                                                       \
		int64_t last = sim_now((w)->sim) + PATIENCE_MS;                                    \
		while (!(cond))                                                                    \
			if (!sim_step((w)->sim) || sim_now((w)->sim) > last)                       \
				fail_msg("never: %s", #cond);                                      \
	} while (0)

static void pass(struct world *w, int64_t ms)
{
	int64_t end = sim_now(w->sim) + ms;
	UNTIL(w, sim_now(w->sim) >= end);
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

static void make_servers(struct world *w)
{
	w->net = model_net_new(w->outside, &(struct model_weather){on_delay, on_reaches, w});
	model_net_place(w->net, 0, w->loop);
	w->rules = (struct model_servers_rules){.redis = SERVERS,
	        .sentinels = SERVERS,
	        .max_lag_ms = 10000,
	        .wall_ms = on_wall,
	        .copy_ms = on_copy,
	        .refuse = on_refuse,
	        .mishap = on_mishap,
	        .arg = w};
	w->servers = model_servers_new(w->net, &w->rules);
}

static struct world *world_new(uint64_t seed, unsigned copies)
{
	static struct config_endpoint sentinels[] = {{"model", MODEL_SENTINEL_PORT},
	        {"model", MODEL_SENTINEL_PORT + 1}, {"model", MODEL_SENTINEL_PORT + 2}};
	struct world *w = xcalloc(1, sizeof *w);
	w->sim = sim_new(seed);
	w->loop = sim_loop_new(w->sim, "node", 0, 0);
	w->outside = sim_loop_new(w->sim, "outside", 0, 0);
	w->delay_ms = 1;
	w->copy_ms = 1;
	make_servers(w);
	w->config = (struct config_redis){
	        .sentinels = sentinels, .sentinels_count = SERVERS, .master_name = "main"};
	w->redis = redis_new(w->loop, &w->config, &(struct redis_demands){.copies = copies},
	        &(struct redis_events){.up = on_up,
	                .down = on_down,
	                .message = on_message,
	                .resync = on_resync,
	                .arg = w});
	w->store = store_new(w->redis, loop_clock(w->loop));
	UNTIL(w, w->up == 1);
	pass(w, 2000); // the replicas are there
	return w;
}

static void world_free(struct world *w)
{
	store_free(w->store);
	redis_free(w->redis);
	model_servers_free(w->servers);
	model_net_free(w->net);
	loop_free(w->outside);
	loop_free(w->loop);
	sim_free(w->sim);
	free(w);
}

static int world_start(void **state)
{
	*state = world_new(1, 0);
	return 0;
}

static int world_start_with_copies(void **state)
{
	*state = world_new(1, 1);
	return 0;
}

static int world_end(void **state)
{
	world_free(*state);
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
	int64_t from = sim_now(w->sim);
	w->delay_ms = NEVER;
	assert_int_equal(ingest(w, "t1", "c1"), STORE_UNKNOWN);
	assert_in_range(sim_now(w->sim) - from, 3000, 3010);
	UNTIL(w, w->down == 1);
	assert_in_range(sim_now(w->sim) - from, 10000, 10100);
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
	w->copy_ms = NEVER;
	assert_int_equal(ingest(w, "t2", "c2"), STORE_OK);
	assert_int_equal(model_redis_copies(m, 0, model_redis_offset(m, 0)), 0);
	model_servers_crash(w->servers, 0, true);
	model_servers_promote(w->servers, 1);
	model_servers_follow(w->servers, 2, 1);
	w->copy_ms = 1;
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

// ---- the servers by themselves

static void ask(struct world *w, size_t server, const char *words, struct model_reply *out)
{
	struct bytes argv[8];
	int argc = 0;
	char *copy = xstrdup(words);
	for (char *rest = copy, *word; (word = strsep(&rest, " ")) != NULL;) {
		assert_true(argc < 8);
		argv[argc++] = bytes_str(word);
	}
	model_redis_command(
	        model_servers_redis(w->servers), server, on_wall(server, w), argc, argv, NULL, out);
	free(copy);
}

static void expect_answer(struct world *w, size_t server, const char *words, const char *wanted)
{
	struct model_reply out = {0};
	struct buf text = {0};
	ask(w, server, words, &out);
	model_reply_print(&out, &text);
	assert_string_equal(buf_str(&text), wanted);
	buf_free(&text);
	model_reply_free(&out);
}

static void test_what_expires_is_gone_everywhere(void **state)
{
	struct world *w = *state;
	expect_answer(w, 0, "SET a 1 PX 5000", "+OK\r\n");
	expect_answer(w, 0, "HSET b f 1", ":1\r\n");
	expect_answer(w, 0, "PEXPIRE b 200000", ":1\r\n");
	expect_answer(w, 0, "SADD c x", ":1\r\n");
	expect_answer(w, 0, "PEXPIRE c 0", ":1\r\n");
	pass(w, 4000);
	expect_answer(w, 0, "GET a", "$1\r\n1\r\n");
	expect_same_keys(w, 0, 1);
	pass(w, 2000);
	expect_answer(w, 0, "GET a", "$-1\r\n");
	expect_answer(w, 1, "GET a", "$-1\r\n");
	expect_answer(w, 0, "INCR a", ":1\r\n");
	expect_answer(w, 0, "PTTL a", ":-1\r\n");
	pass(w, 400000);
	assert_int_equal(keys_at(w, 0), 1);
	expect_same_keys(w, 0, 1);
	expect_same_keys(w, 0, 2);
}

// However they are taken apart, and although keys come and go meanwhile.
static void test_scan_finds_all_that_stays(void **state)
{
	struct world *w = *state;
	struct model_reply out = {0};
	char words[64], seen[100] = {0};
	uint64_t cursor = 0;
	for (int i = 0; i < 100; i++) {
		snprintf(words, sizeof words, "ZADD z %d m%d", i, i);
		ask(w, 0, words, &out);
	}
	for (int gone = 1; cursor != 0 || gone == 1; gone += 4) {
		snprintf(words, sizeof words, "ZSCAN z %llu COUNT 7", (unsigned long long)cursor);
		ask(w, 0, words, &out);
		assert_true(bytes_to_u64(model_value_bytes(&out.at[1]), &cursor));
		for (size_t i = 3; i < out.count; i += 2) {
			const char *member = (const char *)model_value_bytes(&out.at[i]).data;
			if (member[0] == 'm')
				seen[atoi(member + 1)]++;
		}
		snprintf(words, sizeof words, "ZREM z m%d m%d", gone, gone + 2);
		ask(w, 0, words, &out);
		snprintf(words, sizeof words, "ZADD z 500 new%d", gone);
		ask(w, 0, words, &out);
		assert_true(gone < 200);
	}
	for (int i = 0; i < 100; i += 2)
		assert_int_equal(seen[i], 1);
	model_reply_free(&out);
}

static void test_too_few_replicas_refuse(void **state)
{
	struct world *w = *state;
	w->rules.min_replicas = 2;
	model_servers_free(w->servers);
	w->servers = model_servers_new(w->net, &w->rules);
	pass(w, 2000);
	expect_answer(w, 0, "INCR a", ":1\r\n");
	model_servers_crash(w->servers, 2, false);
	expect_answer(w, 0, "INCR a", "-NOREPLICAS Not enough good replicas to write.\r\n");
	expect_answer(w, 0, "GET a", "$1\r\n1\r\n");
	model_servers_restart(w->servers, 2);
	pass(w, 2000);
	expect_answer(w, 0, "INCR a", ":2\r\n");
	w->copy_ms = NEVER;
	pass(w, 12000);
	expect_answer(w, 0, "INCR a", "-NOREPLICAS Not enough good replicas to write.\r\n");
	expect_answer(w, 1, "INCR a", "-READONLY You can't write against a read only replica.\r\n");
}

// ---- what ends the process

static void run_broken(struct world *w, const char *text)
{
	struct model_lua *lua = model_redis_lua(model_servers_redis(w->servers));
	struct bytes argv[] = {bytes_str("{k}:a"), bytes_str("{k}:b"), bytes_str("x")};
	struct model_reply out = {0};
	model_lua_add(lua, "broken", text);
	model_redis_script(model_servers_redis(w->servers), 0, 1, "broken", 2, 3, argv, NULL, &out);
	model_reply_free(&out);
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

static void test_copies_are_waited_for(void **state)
{
	struct world *w = *state;
	int64_t from = sim_now(w->sim);
	assert_int_equal(ingest(w, "t1", "c1"), STORE_OK);
	assert_in_range(sim_now(w->sim) - from, 0, 30);
	w->copy_ms = NEVER;
	from = sim_now(w->sim);
	assert_int_equal(ingest(w, "t2", "c2"), STORE_SHORT);
	assert_in_range(sim_now(w->sim) - from, 1500, 1600);
	w->copy_ms = 1;
	pass(w, 2000);
	assert_int_equal(ingest(w, "t2", "c2"), STORE_DUPLICATE);
}

// ---- one seed is one run

#define TEXTS 300

static enum store_code ingest_number(struct world *w, int i)
{
	char texter[16], id[16];
	snprintf(texter, sizeof texter, "t%d", i);
	snprintf(id, sizeof id, "c%d", i);
	return ingest(w, texter, id);
}

// As Sentinels do it: the replica that has most takes over.
static void fail_over(struct world *w)
{
	const struct model_redis *m = model_servers_redis(w->servers);
	size_t old = model_servers_master(w->servers);
	size_t one = (old + 1) % SERVERS, other = (old + 2) % SERVERS;
	if (model_redis_offset(m, one) < model_redis_offset(m, other)) {
		one = other;
		other = (old + 1) % SERVERS;
	}
	model_servers_crash(w->servers, old, sim_chance(w->sim, 500));
	model_servers_promote(w->servers, one);
	model_servers_follow(w->servers, other, one);
	pass(w, sim_between(w->sim, 0, 5000));
	model_servers_restart(w->servers, old);
	model_servers_follow(w->servers, old, one);
}

// What happened, as text. All that was accepted is there in the end.
static char *random_run(uint64_t seed)
{
	struct world *w = world_new(seed, 1);
	struct buf out = {0};
	w->stormy = true;
	for (int i = 0; i < TEXTS; i++) {
		while (ingest_number(w, i) != STORE_OK && w->code != STORE_DUPLICATE)
			pass(w, 10);
		if (sim_chance(w->sim, 30))
			fail_over(w);
	}
	w->stormy = false;
	pass(w, 5000);
	for (int i = 0; i < TEXTS; i++) {
		// The link may not know yet that the last master is gone.
		while (ingest_number(w, i) != STORE_DUPLICATE) {
			assert_int_not_equal(w->code, STORE_OK);
			pass(w, 10);
		}
	}
	expect_same_keys(w, 0, 1);
	expect_same_keys(w, 0, 2);
	assert_true(w->down > 0);
	buf_printf(&out, "now %lld down %d offset %llu\n", (long long)sim_now(w->sim), w->down,
	        (unsigned long long)model_redis_offset(model_servers_redis(w->servers), 0));
	model_store_print(model_redis_store(model_servers_redis(w->servers), 0), &out);
	world_free(w);
	return buf_take_str(&out);
}

static void test_random_weather_loses_nothing_twice(void **state)
{
	const char *given = getenv("HOLDFAST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	print_message("# HOLDFAST_SEED=%llu\n", (unsigned long long)seed);
	(void)state;
	char *first = random_run(seed), *again = random_run(seed);
	assert_string_equal(first, again);
	free(first);
	free(again);
}

#define TEST(f)        cmocka_unit_test_setup_teardown(f, world_start, world_end)
#define TEST_COPIES(f) cmocka_unit_test_setup_teardown(f, world_start_with_copies, world_end)

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
	        TEST(test_what_expires_is_gone_everywhere),
	        TEST(test_scan_finds_all_that_stays),
	        TEST(test_too_few_replicas_refuse),
	        TEST(test_broken_scripts_end_the_process),
	        TEST_COPIES(test_copies_are_waited_for),
	        cmocka_unit_test(test_random_weather_loses_nothing_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
