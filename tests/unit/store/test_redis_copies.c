// SPDX-License-Identifier: Apache-2.0
// WAIT behind scripts, against real replicas that are stopped, killed and started.
#include "replicas.h"

#include "base/metrics.h"

struct world {
	struct link k;
	struct replica replica, other;
};

static int set_up_alone(void **state)
{
	struct world *w = xcalloc(1, sizeof *w);
	link_init(&w->k);
	w->k.port = free_port();
	w->k.copies = 1;
	server_start(&w->k);
	*state = w;
	return 0;
}

static bool follows(const struct world *w)
{
	return strcmp(cli(w->k.socket, "WAIT 1 1000"), "1") == 0;
}

static int set_up(void **state)
{
	set_up_alone(state);
	struct world *w = *state;
	replica_start(&w->k, &w->replica, "replica");
	UNTIL(&w->k, follows(w));
	w->k.redis = link_open(&w->k, false);
	UNTIL(&w->k, w->k.up == 1);
	assert_false(redis_is_short(w->k.redis));
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	replica_end(&w->replica);
	replica_end(&w->other);
	link_end(&w->k);
	free(w);
	return 0;
}

struct claimed {
	int calls;
	enum redis_status status;
	char code[32];
	char error[160];
};

static void on_claimed(const struct redis_result *r, void *arg)
{
	struct claimed *c = arg;
	c->calls++;
	c->status = r->status;
	bytes_copy(redis_bytes(redis_at(r->reply, 0)), c->code, sizeof c->code);
	snprintf(c->error, sizeof c->error, "%s", r->error);
}

static enum redis_status claim_now(struct link *k, const char *id, struct claimed *c)
{
	*c = (struct claimed){0};
	claim(k, id, 5000, on_claimed, c);
	assert_int_equal(c->calls, 0); // never from inside
	UNTIL(k, c->calls > 0);
	return c->status;
}

static void test_ok_means_that_the_replica_has_it(void **state)
{
	struct world *w = *state;
	struct claimed c;
	assert_int_equal(claim_now(&w->k, "a", &c), REDIS_OK);
	assert_string_equal(c.code, "OK");
	assert_string_equal(cli(w->replica.socket, "GET {p}:seen:g:a"), "what");
	assert_non_null(strstr(redis_describe(w->k.redis), "role master, replicas 1, copies 1"));
}

static void test_short_keeps_the_reply(void **state)
{
	struct world *w = *state;
	struct claimed c;
	kill(w->replica.pid, SIGSTOP);
	assert_int_equal(claim_now(&w->k, "a", &c), REDIS_SHORT);
	assert_string_equal(c.code, "OK");
	assert_true(redis_is_short(w->k.redis));
	assert_true(redis_is_up(w->k.redis));
	// The repeat changes nothing, and is no better while the copy is missing.
	assert_int_equal(claim_now(&w->k, "a", &c), REDIS_SHORT);
	assert_string_equal(c.code, "DUPLICATE");
	kill(w->replica.pid, SIGCONT);
	// The no-op of the duplicate covers the first one's write.
	UNTIL(&w->k, claim_now(&w->k, "a", &c) == REDIS_OK);
	assert_string_equal(c.code, "DUPLICATE");
	assert_string_equal(cli(w->replica.socket, "GET {p}:seen:g:a"), "what");
	assert_false(redis_is_short(w->k.redis));
}

static void test_reads_do_not_wait(void **state)
{
	struct world *w = *state;
	struct claimed c = {0};
	struct outcome o = {0};
	kill(w->replica.pid, SIGSTOP);
	claim(&w->k, "a", 5000, on_claimed, &c);
	for (int i = 0; i < 20; i++)
		assert_int_equal(ask(&w->k, "GET {p}:seen:g:b", &o), REDIS_OK);
	assert_int_equal(c.calls, 0);
	UNTIL(&w->k, c.calls == 1);
	assert_int_equal(c.status, REDIS_SHORT);
}

static void test_the_deadline_covers_the_wait(void **state)
{
	struct world *w = *state;
	struct claimed c = {0}, later = {0};
	int64_t began = true_ms();
	kill(w->replica.pid, SIGSTOP);
	claim(&w->k, "a", 300, on_claimed, &c);
	UNTIL(&w->k, c.calls == 1);
	assert_int_equal(c.status, REDIS_UNKNOWN);
	assert_true(true_ms() - began < 1200);
	assert_int_equal(claim_now(&w->k, "b", &later), REDIS_SHORT);
	assert_int_equal(c.calls, 1);
	assert_int_equal(w->k.down, 0);
}

static void test_a_cut_leaves_it_unknown(void **state)
{
	struct world *w = *state;
	struct claimed c = {0};
	kill(w->replica.pid, SIGSTOP);
	claim(&w->k, "a", 5000, on_claimed, &c);
	UNTIL(&w->k, strcmp(cli(w->k.socket, "EXISTS {p}:seen:g:a"), "1") == 0);
	assert_int_equal(c.calls, 0);
	server_kill(&w->k);
	UNTIL(&w->k, w->k.down == 1);
	assert_int_equal(c.calls, 1);
	assert_int_equal(c.status, REDIS_UNKNOWN);
	kill(w->replica.pid, SIGCONT);
	server_start(&w->k);
	UNTIL(&w->k, w->k.up == 2);
	UNTIL(&w->k, claim_now(&w->k, "b", &c) == REDIS_OK);
}

static void test_free_while_it_waits(void **state)
{
	struct world *w = *state;
	struct claimed c = {0};
	kill(w->replica.pid, SIGSTOP);
	claim(&w->k, "a", 5000, on_claimed, &c);
	UNTIL(&w->k, strcmp(cli(w->k.socket, "EXISTS {p}:seen:g:a"), "1") == 0);
	loop_turn(w->k.loop, 5);
	redis_free(w->k.redis);
	w->k.redis = NULL;
	assert_int_equal(c.calls, 1);
	assert_int_equal(c.status, REDIS_UNKNOWN);
}

static int answered;
static void count_answers(const struct redis_result *r, void *arg)
{
	assert_int_equal(r->status, REDIS_OK);
	assert_string_equal((const char *)redis_bytes(redis_at(r->reply, 0)).data, "OK");
	// In the order of sending.
	assert_int_equal((intptr_t)arg, answered++);
}

static void test_one_wait_for_many(void **state)
{
	struct world *w = *state;
	char id[16];
	int waits = 0;
	answered = 0;
	for (intptr_t i = 0; i < 5000; i++) {
		snprintf(id, sizeof id, "n%d", (int)i);
		claim(&w->k, id, 5000, count_answers, (void *)i);
		if (i % 100 == 99)
			loop_turn(w->k.loop, 0);
	}
	UNTIL(&w->k, answered == 5000);
	const char *stats = cli(w->k.socket, "INFO commandstats | grep cmdstat_wait");
	assert_int_equal(sscanf(stats, "cmdstat_wait:calls=%d", &waits), 1);
	assert_in_range(waits, 2, 200);
	assert_string_equal(cli(w->replica.socket, "DBSIZE"), "5000");
}

static void test_an_error_waits_for_nobody(void **state)
{
	struct world *w = *state;
	struct claimed bad = {0}, good = {0};
	struct outcome o = {0};
	ask(&w->k, "LPUSH {p}:seen:g:list x", &o);
	kill(w->replica.pid, SIGSTOP);
	claim(&w->k, "good", 5000, on_claimed, &good);
	claim(&w->k, "list", 5000, on_claimed, &bad);
	UNTIL(&w->k, bad.calls == 1);
	assert_int_equal(bad.status, REDIS_REFUSED);
	assert_int_equal(good.calls, 0);
	UNTIL(&w->k, good.calls == 1);
	assert_int_equal(good.status, REDIS_SHORT);
	assert_string_equal(redis_trouble(w->k.redis), "");
}

static void test_scripts_are_loaded_again(void **state)
{
	struct world *w = *state;
	struct claimed c[3] = {{0}};
	struct outcome o = {0};
	assert_int_equal(ask(&w->k, "SCRIPT FLUSH", &o), REDIS_OK);
	for (int i = 0; i < 3; i++)
		claim(&w->k, "same", 5000, on_claimed, &c[i]);
	UNTIL(&w->k, c[2].calls == 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(c[i].calls, 1);
		assert_int_equal(c[i].status, REDIS_OK);
		assert_string_equal(c[i].code, i == 0 ? "OK" : "DUPLICATE");
	}
}

static void test_no_replica_at_all(void **state)
{
	struct world *w = *state;
	struct claimed c;
	w->k.redis = link_open(&w->k, false);
	UNTIL(&w->k, w->k.up == 1);
	assert_true(redis_is_short(w->k.redis));
	assert_int_equal(claim_now(&w->k, "a", &c), REDIS_SHORT);
	replica_start(&w->k, &w->replica, "replica");
	// By itself: nobody calls a script meanwhile.
	UNTIL(&w->k, !redis_is_short(w->k.redis));
	UNTIL(&w->k, claim_now(&w->k, "a", &c) == REDIS_OK);
	assert_string_equal(c.code, "DUPLICATE");
}

static void test_a_master_that_refuses_alone(void **state)
{
	struct world *w = *state;
	struct claimed c;
	struct outcome o;
	char id[16] = "b";
	assert_int_equal(ask(&w->k, "CONFIG SET min-replicas-to-write 1", &o), REDIS_OK);
	assert_int_equal(claim_now(&w->k, "a", &c), REDIS_OK);
	replica_end(&w->replica);
	// Another one each time: one that was written before Redis noticed is only read from then
	// on.
	for (int i = 0; claim_now(&w->k, id, &c) != REDIS_REFUSED; i++) {
		assert_true(i < 100);
		snprintf(id, sizeof id, "b%d", i);
	}
	assert_memory_equal(c.error, "NOREPLICAS: too few replicas follow this Redis (script", 54);
	assert_string_equal(redis_trouble(w->k.redis), c.error);
	assert_true(redis_is_short(w->k.redis));
	replica_start(&w->k, &w->replica, "replica");
	UNTIL(&w->k, claim_now(&w->k, "c", &c) == REDIS_OK);
	assert_false(redis_is_short(w->k.redis));
	// A script that only reads would have succeeded all the time.
	assert_string_not_equal(redis_trouble(w->k.redis), "");
	w->k.ahead_ms += 3000;
	assert_int_equal(claim_now(&w->k, "d", &c), REDIS_OK);
	assert_string_equal(redis_trouble(w->k.redis), "");
}

static void test_a_master_that_is_demoted_while_it_waits(void **state)
{
	struct world *w = *state;
	struct claimed c = {0};
	kill(w->replica.pid, SIGSTOP);
	claim(&w->k, "a", 5000, on_claimed, &c);
	UNTIL(&w->k, strcmp(cli(w->k.socket, "EXISTS {p}:seen:g:a"), "1") == 0);
	assert_string_equal(cli(w->k.socket, "REPLICAOF 127.0.0.1 1"), "OK");
	UNTIL(&w->k, w->k.down == 1);
	assert_int_equal(c.calls, 1);
	assert_int_equal(c.status, REDIS_UNKNOWN);
	UNTIL(&w->k, w->k.refused > 0);
}

static void test_settings_are_checked_again(void **state)
{
	struct world *w = *state;
	assert_string_equal(cli(w->k.socket, "CONFIG SET appendfsync everysec"), "OK");
	w->k.ahead_ms += 9000;
	loop_turn(w->k.loop, 5);
	assert_int_equal(w->k.down, 0);
	w->k.ahead_ms += 1001;
	UNTIL(&w->k, w->k.refused == 1);
	assert_int_equal(w->k.down, 1);
	assert_string_equal(w->k.why,
	        "appendfsync is \"everysec\", must be \"always\": an accepted text could be lost");
	assert_string_equal(cli(w->k.socket, "CONFIG SET appendfsync always"), "OK");
	w->k.ahead_ms += 2001;
	UNTIL(&w->k, w->k.up == 2);
	for (int i = 0; i < 3; i++) {
		w->k.ahead_ms += 10001;
		loop_turn(w->k.loop, 5);
		struct outcome o;
		assert_int_equal(ask(&w->k, "GET x", &o), REDIS_OK);
	}
	assert_int_equal(w->k.down, 1);
}

// A replica that has fallen silent while it is waited for does not hold up the others for long.
static void test_brief_waits_while_short(void **state)
{
	struct world *w = *state;
	struct claimed c;
	kill(w->replica.pid, SIGSTOP);
	assert_int_equal(claim_now(&w->k, "a", &c), REDIS_SHORT);
	int64_t began = true_ms();
	assert_int_equal(claim_now(&w->k, "b", &c), REDIS_SHORT);
	assert_int_equal(claim_now(&w->k, "c", &c), REDIS_SHORT);
	assert_true(true_ms() - began < 1200);
}

static bool two_follow(const struct world *w)
{
	return strcmp(cli(w->k.socket, "WAIT 2 1000"), "2") == 0;
}

static bool claims_as(struct world *w, enum redis_status wanted)
{
	static int number;
	struct claimed c;
	char id[16];
	snprintf(id, sizeof id, "x%d", number++);
	return claim_now(&w->k, id, &c) == wanted;
}

// One that acknowledges from memory is no copy: with it, two acknowledgements are one.
static void test_an_unfit_replica_does_not_count(void **state)
{
	struct world *w = *state;
	w->replica.port = free_port();
	w->other.port = free_port();
	w->other.appendfsync = "everysec";
	replica_start(&w->k, &w->other, "other");
	UNTIL(&w->k, follows(w));
	w->k.redis = link_open(&w->k, false);
	UNTIL(&w->k, w->k.up == 1);
	assert_true(claims_as(w, REDIS_SHORT));
	replica_start(&w->k, &w->replica, "replica");
	UNTIL(&w->k, two_follow(w));
	UNTIL(&w->k, claims_as(w, REDIS_OK));
	// The good one is away: what is left says yes, and is not believed.
	kill(w->replica.pid, SIGSTOP);
	UNTIL(&w->k, claims_as(w, REDIS_SHORT));
	assert_string_equal(cli(w->other.socket, "CONFIG SET appendfsync always"), "OK");
	// Seen at the next look.
	w->k.ahead_ms += 10001;
	UNTIL(&w->k, claims_as(w, REDIS_OK));
	assert_string_equal(cli(w->other.socket, "CONFIG SET no-appendfsync-on-rewrite yes"), "OK");
	w->k.ahead_ms += 10001;
	UNTIL(&w->k, claims_as(w, REDIS_SHORT));
	kill(w->replica.pid, SIGCONT);
}

#define WITH_REPLICA(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        WITH_REPLICA(test_ok_means_that_the_replica_has_it),
	        WITH_REPLICA(test_short_keeps_the_reply),
	        WITH_REPLICA(test_reads_do_not_wait),
	        WITH_REPLICA(test_the_deadline_covers_the_wait),
	        WITH_REPLICA(test_a_cut_leaves_it_unknown),
	        WITH_REPLICA(test_free_while_it_waits),
	        WITH_REPLICA(test_one_wait_for_many),
	        WITH_REPLICA(test_an_error_waits_for_nobody),
	        WITH_REPLICA(test_scripts_are_loaded_again),
	        cmocka_unit_test_setup_teardown(test_no_replica_at_all, set_up_alone, tear_down),
	        WITH_REPLICA(test_a_master_that_refuses_alone),
	        WITH_REPLICA(test_a_master_that_is_demoted_while_it_waits),
	        WITH_REPLICA(test_settings_are_checked_again),
	        WITH_REPLICA(test_brief_waits_while_short),
	        cmocka_unit_test_setup_teardown(
	                test_an_unfit_replica_does_not_count, set_up_alone, tear_down),
	};
	return cmocka_run_group_tests_name("store/redis_copies", tests, NULL, NULL);
}
