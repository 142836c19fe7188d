// SPDX-License-Identifier: Apache-2.0
// holdfast-sim: one simulated night from one seed.
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/codec.h"
#include "base/log.h"
#include "base/metrics.h"
#include "sim_redis.h"
#include "world.h"

#define DRAIN_MS (10 * 60000) // virtual: by then everything must have found its place
#define LOOK_MS  2000

static const char usage[] =
        "holdfast-sim: one simulated night, the same for the same seed\n"
        "\n"
        "  --seed N    default: another one each time\n"
        "  --steps N   events with faults, before they end and everything must drain; 100000\n"
        "  --calm      nothing goes wrong\n"
        "  --safety    without the drain\n"
        "  --trace     every line of what happens; --log: the nodes' logs as well\n"
        "  --nodes N, --copies N   instead of what the seed says\n";

struct options {
	uint64_t seed, steps;
	bool calm, safety, trace, log;
	int64_t nodes, copies;
};

// ---- people

static void hash_password(char out[static crypto_pwhash_STRBYTES])
{
	// The least that argon2id does: thousands sign in each simulated hour.
	if (sodium_init() < 0 || crypto_pwhash_str_alg(out, "invented", strlen("invented"),
	                                 crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN,
	                                 crypto_pwhash_ALG_ARGON2ID13) != 0)
		fatal("event=argon2id");
}

static void write_staff(struct world *w, const char *name, const char *hash, const char *phone,
        int roles, const char *skill)
{
	struct buf sealed = {0}, text = {0};
	char phone_hash[VAULT_HASH_LEN + 1] = "";
	if (*phone) {
		vault_seal_number(w->vault, name, phone, &sealed);
		vault_hash(w->vault, "staff", phone, phone_hash);
		base64_encode(buf_bytes(&sealed), &text);
	}
	json_t *record = json_pack("{s:i, s:[s], s:[s*], s:i, s:s, s:s, s:s}", "roles", roles,
	        "pools", POOL, "skills", skill, "capacity", 3, "hash", hash, "phone",
	        buf_str(&text), "phone_hash", phone_hash);
	char *json = json_dumps(record, JSON_COMPACT | JSON_SORT_KEYS);
	const struct bytes argv[] = {
	        bytes_str("HSET"), bytes_str("{staff}:records"), bytes_str(name), bytes_str(json)};
	sim_redis_write(w->redis, 4, argv);
	free(json);
	json_decref(record);
	buf_free(&sealed);
	buf_free(&text);
}

static void hire(struct world *w)
{
	static const char *const on_call[ON_CALL] = {"nia", "omar", "pia"};
	char hash[crypto_pwhash_STRBYTES];
	hash_password(hash);
	for (size_t i = 0; i < w->counselors_count; i++)
		write_staff(w, counselor_name(i), hash, "",
		        i % 2 ? ROLE_COUNSELOR : ROLE_COUNSELOR | ROLE_SUPERVISOR,
		        i % 3 ? NULL : COUNSELOR_SKILL);
	for (size_t i = 0; i < ON_CALL; i++)
		write_staff(w, on_call[i], "", on_call_number(i), ROLE_COUNSELOR, NULL);
}

// ---- the night

// Some nights have little of it, some have all of it.
static bool rough;

static unsigned some(struct sim *s, unsigned most)
{
	if (rough)
		return most;
	return sim_chance(s, 300) ? 0 : (unsigned)sim_below(s, most + 1);
}

static struct trouble choose_trouble(struct sim *s)
{
	return (struct trouble){
	        .send_refused = some(s, 100),
	        .send_not_taken = some(s, 100),
	        .send_answer_lost = some(s, 60),
	        .send_lost = some(s, 60),
	        .send_slow = some(s, 60),
	        .gateway_down = some(s, 800),
	        .post_answer_lost = some(s, 100),
	        .post_twice = some(s, 150),
	        .kills = some(s, 2000),
	        .stops = some(s, 1500),
	        .jumps = some(s, 1000),
	        .redis = some(s, 12000),
	        .disk = some(s, 30000),
	        .slow_disk = some(s, 60),
	        .send_forbidden = some(s, 60),
	        .fatal_sends = some(s, 60),
	        .mishap = some(s, 300),
	        .lost = some(s, 50),
	        .stale = some(s, 150),
	        .vanish = some(s, 25),
	};
}

static struct world *world_new(const struct options *o)
{
	struct world *w = xcalloc(1, sizeof *w);
	struct sim *s = w->sim = sim_new(o->seed);
	sim_set_world(s, w);
	sim_trace_show(s, o->trace);
	w->seed = o->seed;
	w->oracle = oracle_new(w);
	size_t nodes = (size_t)sim_between(s, 2, NODES_MAX);
	w->copies = (unsigned)sim_below(s, 3);
	rough = sim_chance(s, 400);
	w->trouble = choose_trouble(s);
	if (o->nodes >= 0)
		nodes = (size_t)o->nodes;
	if (o->copies >= 0)
		w->copies = (unsigned)o->copies;
	if (o->calm)
		w->trouble = (struct trouble){0};
	w->redis = sim_redis_new(w, w->copies ? 2 : 0);
	gateways_make(w);
	machines_make(w, nodes);
	counselors_make(w, (size_t)sim_between(s, 2, COUNSELORS_MAX));
	texters_make(w, (size_t)sim_between(s, 4, TEXTERS_MAX));
	hire(w);
	faults_start(w);
	for (size_t i = 0; i < nodes; i++)
		node_start(w->nodes[i]);
	return w;
}

static void world_free(struct world *w)
{
	machines_free(w);
	counselors_free(w);
	texters_free(w);
	sim_redis_free(w->redis);
	providers_free(w);
	oracle_free(w->oracle);
	sim_free(w->sim);
	free(w);
}

static void step(struct world *w)
{
	if (!sim_step(w->sim))
		oracle_violation(w->oracle, "nothing happens any more");
	machines_look(w);
	oracle_step(w->oracle);
}

// Faults stop; then all that was taken finds its place.
static void drain(struct world *w)
{
	int64_t until = sim_now(w->sim) + DRAIN_MS, look = 0;
	const char *why = "";
	sim_trace(w->sim, "faults end");
	faults_end(w);
	while (why && sim_now(w->sim) < until) {
		step(w);
		if (sim_now(w->sim) < look)
			continue;
		why = oracle_drained(w->oracle);
		look = sim_now(w->sim) + LOOK_MS;
	}
	if (why)
		oracle_violation(w->oracle, "not drained: %s", why);
	oracle_all(w->oracle);
}

// The checker runs on every node, all night: whatever it finds wrong is a mistake of the product's,
// or of its own.
static void check_repairs(struct world *w)
{
	static const char name[] = "\nholdfast_orphans_repaired_total{";
	struct buf metrics = {0};
	metrics_render(&metrics);
	const char *found = strstr(buf_str(&metrics), name);
	if (found)
		oracle_violation(w->oracle, "the checker had something to put right: %.*s",
		        (int)strcspn(found + 1, "\n"), found + 1);
	buf_free(&metrics);
}

// The product's own fatal() ends the process: that is a find as well.
static struct world *playing;

static void on_exit_within(void)
{
	if (playing)
		oracle_violation(playing->oracle, "the process ended itself: --log shows why");
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void play(const struct options *o)
{
	double began = seconds();
	struct world *w = world_new(o);
	bool jumps = w->trouble.jumps > 0;
	playing = w;
	while (sim_steps(w->sim) < o->steps)
		step(w);
	oracle_all(w->oracle);
	uint64_t steps = sim_steps(w->sim);
	if (!o->safety)
		drain(w);
	if (!jumps)
		check_repairs(w);
	double took = seconds() - began;
	printf("seed %" PRIu64 ": %" PRIu64 " steps and %" PRIu64
	       " to drain, %.0f virtual s, %zu nodes, %u copies, %" PRIu64 " faults\n",
	        o->seed, steps, sim_steps(w->sim) - steps, (double)sim_now(w->sim) / 1000,
	        w->nodes_count, w->copies, w->faults);
	oracle_print_counts(w->oracle);
	printf("%.0f steps/s\n", (double)sim_steps(w->sim) / took);
	printf("trace %016" PRIx64 "\n", sim_hash(w->sim));
	playing = NULL;
	world_free(w);
}

static uint64_t any_seed(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return ((uint64_t)t.tv_sec * 1000000007 + (uint64_t)t.tv_nsec) % 1000000000;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	        {"seed", required_argument, NULL, 's'},
	        {"steps", required_argument, NULL, 'n'},
	        {"nodes", required_argument, NULL, 'm'},
	        {"copies", required_argument, NULL, 'c'},
	        {"calm", no_argument, NULL, 'q'},
	        {"safety", no_argument, NULL, 'f'},
	        {"trace", no_argument, NULL, 't'},
	        {"log", no_argument, NULL, 'l'},
	        {"help", no_argument, NULL, 'h'},
	        {0},
	};
	struct options o = {.seed = any_seed(), .steps = 100000, .nodes = -1, .copies = -1};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (c) {
		case 's':
			o.seed = strtoull(optarg, NULL, 10);
			break;
		case 'n':
			o.steps = strtoull(optarg, NULL, 10);
			break;
		case 'm':
			o.nodes = strtoll(optarg, NULL, 10);
			break;
		case 'c':
			o.copies = strtoll(optarg, NULL, 10);
			break;
		case 'q':
			o.calm = true;
			break;
		case 'f':
			o.safety = true;
			break;
		case 't':
			o.trace = true;
			break;
		case 'l':
			o.log = true;
			break;
		default:
			fputs(usage, stdout);
			return c == 'h' ? 0 : 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	atexit(on_exit_within);
	json_object_seed(1);
	log_set_level(o.log ? LOG_INFO : (enum log_level)(LOG_ERROR + 1));
	printf("seed %" PRIu64 "\n", o.seed);
	fflush(stdout);
	play(&o);
	return 0;
}
