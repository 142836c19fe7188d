// SPDX-License-Identifier: Apache-2.0
// Loading holdfast.yaml: values, defaults, and mistakes with file, line and key.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"

static const char *const file_names[] = {
        "holdfast.yaml",
        "cert.pem",
        "key.pem",
        "secret",
};

static char folder[] = "/tmp/holdfast-config-XXXXXX";
static struct buf errors;

// Lines 1 to 22.
static const char good[] =
        "listeners:\n"
        "  gateways: {port: 0, certificate_file: cert.pem, key_file: key.pem}\n"
        "  consoles: {certificate_file: cert.pem, key_file: key.pem}\n"
        "gateways:\n"
        "  - name: demo\n"
        "    provider: kannel\n"
        "    secret_file: secret\n"
        "lines:\n"
        "  - {number: \"+15005550001\", name: Demo, gateway: demo, pool: north}\n"
        "pools:\n"
        "  - name: north\n"
        "    policy: night\n"
        "    answer_within: {high_s: 90}\n"
        "    boost: {high_s: 0}\n"
        "schedules:\n"
        "  - name: nights\n"
        "    zone: Europe/Vienna\n"
        "    shifts:\n"
        "      - {days: \"mon-fri,sun\", from: \"20:00\", to: \"08:00\", people: [ada, bo]}\n"
        "policies:\n"
        "  - {name: night, line: \"+15005550001\", repeats: 0,\n"
        "     levels: [{targets: [\"schedule:nights\"]}], catch_all: [\"person:ada\"]}\n";

static struct buf name_in_folder(const char *name)
{
	struct buf path = {0};
	buf_printf(&path, "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *content, mode_t mode)
{
	struct buf path = name_in_folder(name);
	FILE *f = fopen(buf_str(&path), "w");
	assert_non_null(f);
	assert_int_equal(fwrite(content, 1, strlen(content), f), strlen(content));
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(buf_str(&path), mode), 0);
	buf_free(&path);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	for (size_t i = 1; i < sizeof file_names / sizeof *file_names; i++)
		write_file(file_names[i], "x\n", 0600);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof file_names / sizeof *file_names; i++) {
		struct buf path = name_in_folder(file_names[i]);
		unlink(buf_str(&path));
		buf_free(&path);
	}
	return rmdir(folder);
}

static int clear(void **state)
{
	(void)state;
	buf_free(&errors);
	return 0;
}

static struct config *load(const char *yaml)
{
	write_file("holdfast.yaml", yaml, 0600);
	struct buf path = name_in_folder("holdfast.yaml");
	buf_clear(&errors);
	struct config *c = config_load(buf_str(&path), &errors);
	buf_free(&path);
	return c;
}

// The good file with the first `from` in it replaced by `to`.
static struct config *load_changed(const char *from, const char *to)
{
	struct buf yaml = {0};
	const char *at = strstr(good, from);
	assert_non_null(at);
	buf_append(&yaml, good, (size_t)(at - good));
	buf_append_str(&yaml, to);
	buf_append_str(&yaml, at + strlen(from));
	struct config *c = load(buf_str(&yaml));
	buf_free(&yaml);
	return c;
}

static void assert_reported(const char *text)
{
	if (!strstr(buf_str(&errors), text))
		fail_msg("no \"%s\" in:\n%s", text, buf_str(&errors));
}

static void assert_refused(const char *from, const char *to, const char *mistake)
{
	struct config *c = load_changed(from, to);
	assert_null(c);
	assert_reported(mistake);
}

static void assert_in_folder(const char *path, const char *name)
{
	struct buf want = name_in_folder(name);
	assert_string_equal(path, buf_str(&want));
	buf_free(&want);
}

static void test_values_and_defaults(void **state)
{
	(void)state;
	struct config *c = load(good);
	assert_string_equal(buf_str(&errors), "");
	assert_non_null(c);
	assert_string_equal(c->node, "node1");
	assert_string_equal(c->state_dir, folder);
	assert_in_folder(c->key_dir, "keys");
	assert_string_equal(c->consoles_listener.address, "127.0.0.1");
	assert_int_equal(c->gateways_listener.port, 0);
	assert_int_equal(c->consoles_listener.port, 8444);
	assert_int_equal(c->admin_listener.port, 8445);
	assert_in_folder(c->gateways_listener.certificate_file, "cert.pem");
	assert_string_equal(c->gateways_listener.client_ca_file, "");
	assert_true(c->redis.embedded);
	assert_in_folder(c->redis.socket, "redis/redis.sock");
	assert_string_equal(c->ctl.password_file, "");
	assert_int_equal(c->gateways[0].validity_s, 3600);
	config_free(c);
}

static void test_nested_values(void **state)
{
	(void)state;
	struct config *c = load(good);
	assert_non_null(c);
	const struct config_pool *p = config_pool(c, config_line(c, "+15005550001")->pool);
	assert_int_equal(p->answer_within.imminent_s, 60);
	assert_int_equal(p->answer_within.high_s, 90);
	assert_int_equal(p->answer_within.low_s, 900);
	assert_int_equal(p->boost.high_s, 0);
	assert_int_equal(p->boost.unknown_s, 1200);
	assert_int_equal(p->offer_s, 20);
	const struct config_shift *s = config_schedule(c, "nights")->shifts;
	assert_string_equal(s->from, "20:00");
	assert_int_equal(s->people_count, 2);
	assert_string_equal(s->people[1], "bo");
	const struct config_policy *policy = config_policy(c, p->policy);
	assert_int_equal(policy->repeats, 0);
	assert_int_equal(policy->acknowledge_s, 300);
	assert_int_equal(policy->levels[0].delay_s, 120);
	assert_string_equal(policy->catch_all[0], "person:ada");
	assert_null(config_gateway(c, "other"));
	config_free(c);
}

static void test_redis_elsewhere(void **state)
{
	(void)state;
	struct config *c = load_changed("pools:\n", "redis: {host: 127.0.0.1}\npools:\n");
	assert_non_null(c);
	assert_false(c->redis.embedded);
	assert_int_equal(c->redis.port, 6379);
	assert_string_equal(c->redis.socket, "");
	config_free(c);
	assert_refused("pools:\n", "redis: {embedded: no}\npools:\n", ":10: redis: needs a socket");
	assert_refused("pools:\n", "redis: {embedded: maybe}\npools:\n",
	        ":10: redis.embedded: must be true or false\n");
}

static void test_redis_with_copies(void **state)
{
	(void)state;
	struct config *c =
	        load_changed("pools:\n", "redis:\n"
	                                 "  sentinels: [{host: a}, {host: b, port: 5000}]\n"
	                                 "  master_name: holdfast\n"
	                                 "  user: holdfast\n"
	                                 "  password_file: secret\n"
	                                 "  sentinel_user: holdfast\n"
	                                 "  sentinel_password_file: secret\n"
	                                 "  tls: true\n"
	                                 "  ca_file: cert.pem\n"
	                                 "  certificate_file: cert.pem\n"
	                                 "  key_file: key.pem\n"
	                                 "durability: {copies: 5}\n"
	                                 "pools:\n");
	assert_string_equal(buf_str(&errors), "");
	assert_non_null(c);
	assert_false(c->redis.embedded);
	assert_int_equal(c->redis.sentinels_count, 2);
	assert_int_equal(c->redis.sentinels[0].port, 26379);
	assert_int_equal(c->redis.sentinels[1].port, 5000);
	assert_in_folder(c->redis.sentinel_password_file, "secret");
	assert_int_equal(c->durability.copies, 5);
	config_free(c);
}

// Each of them is one line 10 of the good file.
static void test_redis_mistakes(void **state)
{
	static const char *const cases[][2] = {
	        {"redis: {host: a, socket: /s}", ":10: redis.host: has no use with redis.socket\n"},
	        {"redis: {embedded: true, host: a}",
	                ":10: redis.host: has no use with an embedded"},
	        {"redis: {embedded: true, socket: /s}",
	                ":10: redis.socket: has no use with an embedded"},
	        {"redis: {embedded: true, password_file: secret}",
	                ":10: redis.password_file: has no use with an embedded"},
	        {"redis: {embedded: true, sentinels: [{host: a}], master_name: m}",
	                ":10: redis.sentinels: say where Redis is"},
	        {"redis: {host: b, sentinels: [{host: a}], master_name: m}",
	                ":10: redis.sentinels: say where Redis is"},
	        {"redis: {socket: /s, sentinels: [{host: a}], master_name: m}",
	                ":10: redis.sentinels: say where Redis is"},
	        {"redis: {sentinels: [{host: a}]}", ":10: redis.master_name: is missing"},
	        {"redis: {sentinels: [{port: 1}], master_name: m}",
	                ":10: redis.sentinels[0].host: is missing"},
	        {"redis: {sentinels: [{host: a, port: 0}], master_name: m}",
	                ":10: redis.sentinels[0].port: must not be 0"},
	        {"redis: {host: a, master_name: m}",
	                ":10: redis.master_name: needs redis.sentinels"},
	        {"redis: {host: a, sentinel_password_file: secret}",
	                ":10: redis.sentinel_password_file: needs redis.sentinels"},
	        {"redis: {sentinels: [{host: a}], master_name: m, sentinel_user: u}",
	                ":10: redis.sentinel_user: needs redis.sentinel_password_file"},
	        {"redis: {host: a, tls: true}", ":10: redis.tls: needs redis.ca_file"},
	        {"redis: {host: a, ca_file: cert.pem}", ":10: redis.tls: must be true"},
	        {"redis: {socket: /s, tls: true, ca_file: cert.pem}",
	                ":10: redis.tls: has no use with a unix socket"},
	        {"redis: {host: a, tls: true, ca_file: cert.pem, key_file: key.pem}",
	                "redis.certificate_file: and redis.key_file need each other"},
	        {"redis: {host: a, user: u}", ":10: redis.user: needs redis.password_file"},
	        {"redis: {host: a, password_file: cert.pem}",
	                ":10: redis.password_file: "}, // others may read it
	        {"redis: {host: a, tls: true, ca_file: none.pem}", ":10: redis.ca_file: "},
	        {"durability: {copies: 1}", ":10: durability.copies: an embedded Redis has no"},
	        {"durability: {copies: 6}", ":10: durability.copies: must be 0 to 5\n"},
	        {"spool: {size_mb: 7}", ":10: spool.size_mb: must be 8 to 65536\n"},
	        {"spool: {size_mb: 65537}", ":10: spool.size_mb: must be 8 to 65536\n"},
	        {"spool: {page_after_s: 0}", ":10: spool.page_after_s: must be "},
	};
	(void)state;
	write_file("cert.pem", "x\n", 0644);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char to[200];
		snprintf(to, sizeof to, "%s\npools:\n", cases[i][0]);
		assert_refused("pools:\n", to, cases[i][1]);
	}
	write_file("cert.pem", "x\n", 0600);
}

// Each of them is one line 10 of the good file.
static void test_texts(void **state)
{
	static const char *const cases[][2] = {
	        {"texts: [{line: x, language: en, name: welcome, text: Hi}]",
	                ":10: texts[0].line: must be the number or name of a line"},
	        {"texts: [{line: '*', language: English, name: welcome, text: Hi}]",
	                ":10: texts[0].language: must be a language like"},
	        {"texts: [{line: '*', language: en, name: wellcome, text: Hi}]",
	                ":10: texts[0].name: there is no automatic text \"wellcome\"\n"},
	        {"texts: [{line: '*', language: en, name: wait, text: 'In {time}.'}]",
	                ":10: texts[0].text: \"{time}\" is not one of its blanks: line, "
	                "emergency,range\n"},
	        {"texts: [{line: '*', language: en, name: wait}]",
	                ":10: texts[0].text: is missing; "},
	};
	static const char *const of_pools[][2] = {
	        {"retain_days: 36501", ":13: pools[0].retain_days: must be 0 to 36500\n"},
	        {"delete_words: [{language: English, words: [x]}]",
	                ":13: pools[0].delete_words[0].language: must be a language like"},
	        {"delete_words: [{words: [x, '!?']}]",
	                ":13: pools[0].delete_words[0].words[1]: must be one word at least\n"},
	        {"intake: [dreams]", ":13: pools[0].intake[0]: there is no automatic text"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char to[200];
		snprintf(to, sizeof to, "%s\npools:\n", cases[i][0]);
		assert_refused("pools:\n", to, cases[i][1]);
	}
	for (size_t i = 0; i < sizeof of_pools / sizeof *of_pools; i++) {
		char to[200];
		snprintf(to, sizeof to, "    policy: night\n    %s\n", of_pools[i][0]);
		assert_refused("    policy: night\n", to, of_pools[i][1]);
	}
	struct config *c = load_changed("pools:\n",
	        "texts:\n  - {line: '*', language: de, name: wait, text: 'In {range}'}\n"
	        "  - {line: '*', language: en, name: welcome, text: ''}\npools:\n");
	assert_string_equal(buf_str(&errors), "");
	assert_string_equal(c->texts[0].text, "In {range}");
	assert_string_equal(c->texts[1].text, "");
	assert_string_equal(c->lines[0].language, "en");
	assert_string_equal(c->lines[0].emergency, "112");
	assert_true(c->pools[0].automatic);
	assert_int_equal(c->pools[0].retain_days, 365);
	assert_int_equal(c->pools[0].delete_words_count, 0);
	config_free(c);
}

static void test_syntax_and_schema(void **state)
{
	(void)state;
	assert_refused("pools:\n", "pools: [\n", ": not YAML: ");
	assert_refused("    policy: night\n", "    policy: night\n    polcy: x\n",
	        "holdfast.yaml:13: pools[0].polcy: is not a known key\n");
	assert_refused("lines:\n", "nonsense: 1\nlines:\n", ":8: nonsense: is not a known key\n");
	assert_refused("high_s: 90", "high_s: soon",
	        ":13: pools[0].answer_within.high_s: is not a whole number");
	assert_refused(
	        "port: 0", "port: 65536", ":2: listeners.gateways.port: is not a whole number");
	assert_refused("[ada, bo]", "ada", ":19: schedules[0].shifts[0].people: must be a list\n");
	assert_refused("    policy: night\n", "    policy: night\n    name: two\n",
	        ":13: pools[0].name: is given twice\n");
	assert_refused("name: north", "name: *x", ":11: not YAML: found undefined alias");
	assert_refused("name: demo", "name: &x demo\n    account: *x", "YAML alias unsupported");
	assert_null(load(""));
	assert_reported("holdfast.yaml:1: the file is empty\n");
	assert_null(load("# only a comment\n"));
	assert_reported("holdfast.yaml:1: there is nothing in the file\n");
	assert_null(load("- a\n"));
	assert_reported(":1: must hold keys of its own\n");
}

static void test_references(void **state)
{
	(void)state;
	assert_refused("gateway: demo", "gateway: none",
	        ":9: lines[0].gateway: there is no gateway \"none\"\n");
	assert_refused("pool: north", "pool: south", ":9: lines[0].pool: there is no pool");
	assert_refused("policy: night", "policy: day", ":12: pools[0].policy: there is no policy");
	assert_refused("line: \"+15005550001\"", "line: \"+15005550009\"",
	        ":21: policies[0].line: there is no line");
	assert_refused("schedule:nights", "schedule:days",
	        ":22: policies[0].levels[0].targets[0]: there is no schedule \"days\"\n");
	assert_refused("person:ada", "ada", ":22: policies[0].catch_all[0]: must be schedule:NAME");
	assert_refused(", catch_all: [\"person:ada\"]", "",
	        ":21: policies[0].catch_all: must name somebody to page\n");
	assert_refused("pools:\n",
	        "  - {number: \"+15005550001\", gateway: demo, pool: north}\npools:\n",
	        ":10: lines[1].number: \"+15005550001\" is taken");
}

static void test_formats(void **state)
{
	(void)state;
	assert_refused("name: north", "name: North", ":11: pools[0].name: must be 1 to 32 of");
	assert_refused("\"+15005550001\"", "15-00", ":9: lines[0].number: must be 3 to 15 digits");
	assert_refused("Europe/Vienna", "Europe/Atlantis", ":17: schedules[0].zone: there is no");
	assert_refused("Europe/Vienna", "../../../etc/localtime", ":17: schedules[0].zone: ");
	assert_refused("mon-fri,sun", "mon-fri,", ":19: schedules[0].shifts[0].days: must be");
	assert_refused("20:00", "24:00", ":19: schedules[0].shifts[0].from: must be a time");
	assert_refused("08:00", "24:01", ":19: schedules[0].shifts[0].to: must be a time");
	assert_refused("high_s: 90", "high_s: 0", "answer_within.high_s: must be 1 to");
	assert_refused("schedule:nights\"]", "schedule:nights\"], delay_s: 0",
	        ":22: policies[0].levels: at least one level needs");
	assert_refused("levels: [{targets: [\"schedule:nights\"]}]", "levels: []",
	        ":22: policies[0].levels: a policy needs at least one level");
	assert_refused(
	        "port: 0, cert", "prot: 0, cert", ":2: listeners.gateways.prot: is not a known");
	struct config *c = load_changed("mon-fri,sun", "daily");
	assert_non_null(c);
	config_free(c);
}

static void test_all_mistakes_at_once(void **state)
{
	(void)state;
	assert_null(
	        load("node: A\nlog_level: loud\npools:\n  - {name: p, policy: x, offer_s: 0}\n"));
	assert_reported(":1: node: must be");
	assert_reported(":2: log_level: must be");
	assert_reported(":4: pools[0].policy: there is no policy \"x\"\n");
	assert_reported(":4: pools[0].offer_s: must be 1 to");
	assert_reported("lines: at least one is needed\n");
	assert_reported("policies: at least one is needed\n");
	assert_reported("listeners.consoles.key_file: is missing\n");
}

static void test_files(void **state)
{
	(void)state;
	assert_refused(
	        "key_file: key.pem", "key_file: none.pem", ":2: listeners.gateways.key_file: /");
	assert_reported("none.pem: No such file or directory\n");
	write_file("secret", "s3\n", 0640);
	assert_refused("north", "north", ":7: gateways[0].secret_file: ");
	assert_reported("others may read this secret");
	write_file("secret", "s3\n", 0600);
}

static bool read_secret(struct buf *out)
{
	struct buf path = name_in_folder("secret");
	buf_clear(out);
	bool ok = config_read_secret(buf_str(&path), out, &errors);
	buf_free(&path);
	return ok;
}

static void test_secret(void **state)
{
	(void)state;
	static char big[4098];
	struct buf out = {0};
	write_file("secret", " two\n\n", 0600);
	assert_true(read_secret(&out));
	assert_string_equal(buf_str(&out), " two\n");
	write_file("secret", "\n", 0600);
	assert_false(read_secret(&out));
	assert_reported("the secret is empty");
	memset(big, 'x', 4096);
	write_file("secret", big, 0600);
	assert_true(read_secret(&out));
	memset(big, 'x', 4097);
	write_file("secret", big, 0600);
	assert_false(read_secret(&out));
	assert_reported("is larger than 4096 bytes");
	assert_false(config_read_file(folder, 10, &out, &errors));
	assert_reported("is not a regular file");
	write_file("secret", "x\n", 0600);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(test_values_and_defaults, clear),
	        cmocka_unit_test_teardown(test_nested_values, clear),
	        cmocka_unit_test_teardown(test_redis_elsewhere, clear),
	        cmocka_unit_test_teardown(test_redis_with_copies, clear),
	        cmocka_unit_test_teardown(test_redis_mistakes, clear),
	        cmocka_unit_test_teardown(test_texts, clear),
	        cmocka_unit_test_teardown(test_syntax_and_schema, clear),
	        cmocka_unit_test_teardown(test_references, clear),
	        cmocka_unit_test_teardown(test_formats, clear),
	        cmocka_unit_test_teardown(test_all_mistakes_at_once, clear),
	        cmocka_unit_test_teardown(test_files, clear),
	        cmocka_unit_test_teardown(test_secret, clear),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
