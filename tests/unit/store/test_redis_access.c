// SPDX-License-Identifier: Apache-2.0
// TLS and users, against a redis-server that wants both.
#include "replicas.h"

#include "store/store.h"

struct world {
	struct link k;
	char ca[96], certificate[96], key[96], password_file[96], acl[96];
};

static const char make_certificates[] =
        "cd '%s' && exec 2>/dev/null &&"
        "new() { openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        "-subj /CN=$1 -keyout $1.key -out $1.csr && openssl x509 -req -in $1.csr -CA ca.pem -CAkey "
        "ca.key -CAcreateserial -days 2 -extfile $1.ext -out $1.pem; } &&"
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
        "-subj /CN=Test-CA -keyout ca.key -out ca.pem &&"
        "printf subjectAltName=IP:127.0.0.1 >server.ext && new server &&"
        "printf subjectAltName=DNS:elsewhere.example.org >other.ext && new other";

static void write_file(const char *path, const char *content)
{
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	fputs(content, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static void put(struct world *w, size_t *n, const char *key, const char *value)
{
	w->k.options[(*n)++] = key;
	w->k.options[(*n)++] = value;
}

static void start(struct world *w, const char *certificate)
{
	static char port[8], path[128], key[128];
	size_t n = 0;
	snprintf(port, sizeof port, "%d", free_port());
	snprintf(path, sizeof path, "%s/%s.pem", w->k.dir, certificate);
	snprintf(key, sizeof key, "%s/%s.key", w->k.dir, certificate);
	put(w, &n, "--tls-port", port);
	put(w, &n, "--tls-cert-file", path);
	put(w, &n, "--tls-key-file", key);
	put(w, &n, "--tls-ca-cert-file", w->ca);
	put(w, &n, "--aclfile", w->acl);
	w->k.config.port = (uint16_t)strtol(port, NULL, 10);
	server_start(&w->k);
	UNTIL(&w->k, access(w->k.socket, F_OK) == 0);
}

static int set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof *w);
	char command[1400];
	link_init(&w->k);
	snprintf(command, sizeof command, make_certificates, w->k.dir);
	assert_int_equal(system(command), 0);
	snprintf(w->ca, sizeof w->ca, "%s/ca.pem", w->k.dir);
	snprintf(w->certificate, sizeof w->certificate, "%s/other.pem", w->k.dir);
	snprintf(w->key, sizeof w->key, "%s/other.key", w->k.dir);
	snprintf(w->password_file, sizeof w->password_file, "%s/password", w->k.dir);
	snprintf(w->acl, sizeof w->acl, "%s/acl", w->k.dir);
	write_file(w->password_file, "open sesame\n");
	// The sample of deploy/redis, with this password.
	snprintf(command, sizeof command,
	        "sed 's/#[A-Z]*-PASSWORD-SHA256/#%s/' deploy/redis/users.acl >%s",
	        "41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb", w->acl);
	assert_int_equal(system(command), 0);
	w->k.config = (struct config_redis){.host = (char *)(uintptr_t) "127.0.0.1",
	        .tls = true,
	        .ca_file = w->ca,
	        .certificate_file = w->certificate,
	        .key_file = w->key,
	        .user = (char *)(uintptr_t) "holdfast",
	        .password_file = w->password_file};
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	link_end(&w->k);
	free(w);
	return 0;
}

static void test_up_with_the_least_rights(void **state)
{
	struct world *w = *state;
	struct outcome o;
	w->k.copies = 1;
	start(w, "server");
	w->k.redis = link_open(&w->k, false);
	redis_subscribe(w->k.redis, "{p}:events");
	UNTIL(&w->k, w->k.up == 1 && w->k.resync == 1);
	char where[40];
	snprintf(where, sizeof where, " at 127.0.0.1:%u:", (unsigned)w->k.config.port);
	assert_non_null(strstr(redis_describe(w->k.redis), where));
	static const char *const denied[] = {"KEYS *", "FLUSHALL", "CONFIG SET appendfsync no",
	        "MONITOR", "SHUTDOWN", "ACL LIST", "EVAL return 0", "SCRIPT FLUSH",
	        "REPLICAOF NO ONE", "RESTORE k 0 x", "SAVE", "CLIENT LIST", "SWAPDB 0 1"};
	for (size_t i = 0; i < sizeof denied / sizeof denied[0]; i++) {
		assert_int_equal(ask(&w->k, denied[i], &o), REDIS_REFUSED);
		assert_memory_equal(o.error, "NOPERM: ", 8);
	}
	assert_true(redis_is_up(w->k.redis));
}

static void test_the_wrong_password(void **state)
{
	struct world *w = *state;
	write_file(w->password_file, "wrong-canary\n");
	start(w, "server");
	w->k.redis = link_open(&w->k, false);
	UNTIL(&w->k, w->k.refused == 1);
	assert_string_equal(w->k.why,
	        "WRONGPASS: the user or the password is wrong (redis.user, redis.password_file)");
	// Put right, it needs no restart.
	write_file(w->password_file, "open sesame\n");
	w->k.ahead_ms += 2001;
	UNTIL(&w->k, w->k.up == 1);
}

static void test_no_password(void **state)
{
	struct world *w = *state;
	w->k.config.user = w->k.config.password_file = NULL;
	start(w, "server");
	w->k.redis = link_open(&w->k, false);
	UNTIL(&w->k, w->k.refused == 1);
	assert_non_null(strstr(w->k.why, "NOAUTH: Redis wants a user and a password"));
}

static void test_a_password_that_others_may_read(void **state)
{
	struct world *w = *state;
	assert_int_equal(chmod(w->password_file, 0644), 0);
	start(w, "server");
	w->k.redis = link_open(&w->k, false);
	UNTIL(&w->k, w->k.refused == 1);
	assert_non_null(strstr(w->k.why, w->password_file));
}

// Never up: what is tried stays refused for `tries` connections, each in the log of Redis.
static void assert_never_up(struct world *w)
{
	w->k.redis = link_open(&w->k, false);
	int64_t until = true_ms() + 600;
	while (true_ms() < until)
		loop_turn(w->k.loop, 5);
	assert_int_equal(w->k.up, 0);
	assert_int_equal(w->k.refused, 0);
}

static void test_a_certificate_of_another_host(void **state)
{
	struct world *w = *state;
	start(w, "other");
	assert_never_up(w);
}

static void test_a_certificate_of_another_authority(void **state)
{
	struct world *w = *state;
	start(w, "server");
	char command[256];
	snprintf(command, sizeof command,
	        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
	        "-subj /CN=Test-CA -keyout /dev/null -out %s 2>/dev/null",
	        w->ca);
	assert_int_equal(system(command), 0);
	assert_never_up(w);
}

static void test_redis_may_ask_for_our_certificate(void **state)
{
	struct world *w = *state;
	w->k.config.certificate_file = w->k.config.key_file = NULL;
	start(w, "server");
	assert_never_up(w);
}

#define ACCESS(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        ACCESS(test_up_with_the_least_rights),
	        ACCESS(test_the_wrong_password),
	        ACCESS(test_no_password),
	        ACCESS(test_a_password_that_others_may_read),
	        ACCESS(test_a_certificate_of_another_host),
	        ACCESS(test_a_certificate_of_another_authority),
	        ACCESS(test_redis_may_ask_for_our_certificate),
	};
	return cmocka_run_group_tests_name("store/redis_access", tests, NULL, NULL);
}
