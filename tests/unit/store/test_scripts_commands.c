// SPDX-License-Identifier: Apache-2.0
// Redis as the scripts use it: random commands, with right and wrong types, and what each must
// leave. Its twin makes the same calls on the simulator's model. HOLDFAST_SEED repeats a run.
#include "scripts.h"

#include <time.h>

#define STEPS    20000
#define KEYS     4 // of each type, so that they meet
#define FAR_MS   INT64_C(86400000)
#define WORD_MAX 12

struct chance {
	uint64_t seed;
	int64_t now;
	char word[WORD_MAX][48];
	size_t words;
	size_t refused;
};

// SplitMix64.
static size_t below(struct chance *c, size_t n)
{
	uint64_t z = c->seed += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (size_t)((z ^ (z >> 31)) % n);
}

static char *next_word(struct chance *c)
{
	assert_true(c->words < WORD_MAX);
	return c->word[c->words++];
}

// What each letter of a row below becomes.
static void add_word(struct chance *c, char kind)
{
	static const char *const scores[] = {"1", "-7", "0.5", "1800000000000", "1799999999999.25",
	        "3", "1e3", "-0", "inf", "x"};
	static const char *const bounds[] = {"-inf", "+inf", "(1", "3", "1800000000000", "(3", "?"};
	static const char *const values[] = {"", "7", "-3", "text", "9223372036854775807", "07",
	        "1.5", "a longer one, with spaces"};
	char *w = next_word(c);
	size_t size = sizeof c->word[0];
	size_t wrong = below(c, 40);
	switch (kind) {
	case 's':
	case 'h':
	case 'm':
	case 'z':
	case 'l': // a key of that type, now and then of another
		snprintf(w, size, "{k}:%c%zu", wrong ? kind : "shmzl"[below(c, 5)], below(c, KEYS));
		break;
	case 'k':
		snprintf(w, size, "{k}:%c%zu", "shmzl"[below(c, 5)], below(c, KEYS));
		break;
	case 'f':
		snprintf(w, size, "f%zu", below(c, 8));
		break;
	case 'v':
		snprintf(w, size, "%s", values[below(c, sizeof values / sizeof values[0])]);
		break;
	case 'd':
		snprintf(w, size, "%s", scores[below(c, sizeof scores / sizeof scores[0])]);
		break;
	case 'b':
		snprintf(w, size, "%s", bounds[below(c, sizeof bounds / sizeof bounds[0])]);
		break;
	case 'i':
		snprintf(w, size, "%d", (int)below(c, 9) - 4);
		break;
	case 'n': // not negative
		snprintf(w, size, "%zu", below(c, 4));
		break;
	case 'e': // far off, or over already
		snprintf(w, size, "%lld", (long long)(wrong ? FAR_MS * 9 : -5));
		break;
	case 'E': // the same as an instant
		snprintf(w, size, "%lld", (long long)(c->now + (wrong ? FAR_MS : -FAR_MS)));
		break;
	case 'F': // an instant far off: when Redis drops what is over at once, only its TTL says
		snprintf(w, size, "%lld", (long long)(c->now + FAR_MS));
		break;
	default:
		fail_msg("no such kind: %c", kind);
	}
}

// A '%' stands before the letter of a word to be made; other words are themselves.
static const char *const rows[] = {
        "GET %s",
        "SET %s %v",
        "SET %s %v NX",
        "SET %s %v XX",
        "SET %s %v NX PX 86400000",
        "SET %s %v PX 86400000",
        "SET %s %v EX 86400",
        "SET %s %v KEEPTTL",
        "SET %s %v PXAT %F",
        "INCR %s",
        "INCRBY %s %i",
        "DECR %s",
        "HSET %h %f %v",
        "HSET %h %f %v %f %v",
        "HSETNX %h %f %v",
        "HGET %h %f",
        "HMGET %h %f %f %f",
        "HGETALL %h",
        "HKEYS %h",
        "HVALS %h",
        "HDEL %h %f %f %f",
        "HINCRBY %h %f %i",
        "HEXISTS %h %f",
        "HLEN %h",
        "SADD %m %f %f",
        "SREM %m %f %f %f",
        "SCARD %m",
        "SISMEMBER %m %f",
        "SMEMBERS %m",
        "RPUSH %l %v",
        "RPUSH %l %f %f",
        "LPUSH %l %f %f",
        "LRANGE %l %i %i",
        "LLEN %l",
        "LINDEX %l %i",
        "LTRIM %l %i %i",
        "LREM %l %n %f",
        "ZADD %z %d %f",
        "ZADD %z %d %f %d %f",
        "ZADD %z NX %d %f",
        "ZADD %z XX %d %f",
        "ZADD %z XX CH %d %f",
        "ZADD %z GT %d %f",
        "ZADD %z LT %d %f",
        "ZADD %z LT CH %d %f %d %f",
        "ZADD %z XX LT %d %f",
        "ZINCRBY %z %n %f",
        "ZREM %z %f %f",
        "ZCARD %z",
        "ZSCORE %z %f",
        "ZMSCORE %z %f %f",
        "ZRANK %z %f",
        "ZRANGE %z %i %i",
        "ZRANGE %z %i %i WITHSCORES",
        "ZRANGE %z %i %i REV WITHSCORES",
        "ZRANGE %z %b %b BYSCORE",
        "ZRANGE %z %b %b BYSCORE LIMIT %n %i WITHSCORES",
        "ZRANGE %z %b %b BYSCORE REV WITHSCORES",
        "ZREVRANGE %z %i %i",
        "ZRANGEBYSCORE %z %b %b",
        "ZRANGEBYSCORE %z %b %b WITHSCORES LIMIT %n %i",
        "ZREVRANGEBYSCORE %z %b %b LIMIT %n %i",
        "ZCOUNT %z %b %b",
        "ZREMRANGEBYRANK %z %i %i",
        "ZREMRANGEBYSCORE %z %b %b",
        "DEL %k %k",
        "UNLINK %k",
        "EXISTS %k %k",
        "TYPE %k",
        "PEXPIRE %k %e",
        "EXPIRE %k 86400",
        "PEXPIREAT %k %E",
        "PTTL %k",
        "TTL %k",
        "PEXPIRETIME %k",
        "PERSIST %k",
        "DBSIZE",
        "PING",
};

static void make_words(struct chance *c, const char *row)
{
	char copy[96];
	snprintf(copy, sizeof copy, "%s", row);
	c->words = 0;
	for (char *rest = copy, *word; (word = strsep(&rest, " ")) != NULL;) {
		if (word[0] == '%')
			add_word(c, word[1]);
		else
			snprintf(next_word(c), sizeof c->word[0], "%s", word);
	}
}

struct answer {
	struct chance *chance;
	bool done;
};

static void on_random(const struct redis_result *r, void *arg)
{
	struct answer *a = arg;
	assert_true(r->status == REDIS_OK || r->status == REDIS_REFUSED);
	a->chance->refused += r->status == REDIS_REFUSED;
	a->done = true;
}

static void send_random(struct world *w, struct chance *c)
{
	struct bytes argv[WORD_MAX];
	struct answer a = {.chance = c};
	make_words(c, rows[below(c, sizeof rows / sizeof rows[0])]);
	for (size_t i = 0; i < c->words; i++)
		argv[i] = bytes_str(c->word[i]);
	redis_command(w->link.redis, (int)c->words, argv, 5000, on_random, &a);
	UNTIL(&w->link, a.done);
}

static void test_random_commands(void **state)
{
	struct world *w = *state;
	const char *given = getenv("HOLDFAST_SEED");
	struct chance c = {.seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL)};
	print_message("# HOLDFAST_SEED=%llu\n", (unsigned long long)c.seed);
	c.now = clock_wall_ms(clock_system());
	for (int i = 0; i < STEPS; i++)
		send_random(w, &c);
	// Errors are part of it, and not the most of it.
	assert_true(c.refused > STEPS / 100 && c.refused < STEPS / 4);
	for (size_t i = 0; i < KEYS; i++)
		assert_true(number(asked(w, "EXISTS {k}:z%zu", i)) <= 1);
	assert_true(number(asked(w, "DBSIZE")) <= 5 * KEYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_random_commands)};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
