// SPDX-License-Identifier: Apache-2.0
// A machine with its clocks and its disk, and the process on it: the real flow over the model of
// Redis, wired as server/main.c does.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "base/log.h"
#include "flow/private.h"
#include "flow/spooler.h"
#include "lib_c/faulty_disk.h"
#include "sim_redis.h"
#include "world.h"

#define OFF_MAX_MS 200 // what a machine's clock is off in peace

struct node {
	struct world *world;
	size_t index;
	char name[24];
	struct config *config;
	int64_t wall_off, up_since; // of the machine
	int64_t drift_ppm;
	struct faulty_disk *disk;
	unsigned slow_disk;
	bool born_right; // the process began with the right time
	// Of the process, NULL while it is dead.
	struct loop *loop;
	struct steady_clock *steady;
	struct redis *redis;
	struct store *store;
	struct http_client *http;
	struct flow *flow;
	int64_t well_since, suspect_until;
};

struct world *world_of(const struct loop *l)
{
	return sim_world(sim_of(l));
}

// ---- configuration

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0 || chmod(path, 0600) != 0)
		fatal("event=cannot_write path=%s", path);
}

static void write_named(const struct world *w, const char *name, const char *text)
{
	struct buf path = {0};
	buf_printf(&path, "%s/%s", w->folder, name);
	write_file(buf_str(&path), text);
	buf_free(&path);
}

// Everything is a tenth of what a real line would have: a night passes sooner.
static const char house[] =
        "state_dir: .\n"
        "spool: {size_mb: 8}\n"
        "key_dir: keys\n"
        "listeners:\n"
        "  gateways: {certificate_file: any, key_file: any}\n"
        "  consoles: {certificate_file: any, key_file: any}\n"
        "gateways:\n"
        "  - {name: plain, provider: plain, account: simulated, secret_file: any,\n"
        "     public_url: 'https://sms.example.org', send_url: 'https://sms.example.org'}\n"
        "  - {name: once, provider: once, account: simulated, secret_file: any,\n"
        "     public_url: 'https://sms.example.org', send_url: 'https://sms.example.org'}\n"
        "lines:\n"
        "  - {number: '741741', name: First, gateway: plain, pool: main}\n"
        "  - {number: '741742', name: Second, gateway: once, pool: main}\n"
        "pools:\n"
        "  - name: main\n"
        "    policy: nights\n"
        "    answer_within: {imminent_s: 10, high_s: 20, unknown_s: 30, medium_s: 60, low_s: 90}\n"
        "    boost: {high_s: 270, unknown_s: 120, medium_s: 60, low_s: 0}\n"
        "    offer_s: 15\n"
        "    offer_imminent_to: 3\n"
        "    grace_s: 8\n"
        "    wrap_up_s: 20\n"
        "    reopen_s: 60\n"
        "    two_person_close: never\n"
        "    counselor_silence: {nudge_s: 12, supervisor_s: 18, reroute_s: 30}\n"
        "    automatic: yes\n"
        "    texter_silence: {imminent_s: 20, high_s: 15, unknown_s: 15, medium_s: 15, low_s: 15}\n"
        "schedules:\n"
        "  - name: primary\n"
        "    zone: UTC\n"
        "    shifts: [{days: daily, from: '00:00', to: '24:00', people: [nia]}]\n"
        "policies:\n"
        "  - name: nights\n"
        "    line: '741741'\n"
        "    levels:\n"
        "      - {targets: ['schedule:primary'], delay_s: 15}\n"
        "      - {targets: ['person:omar', 'person:nia'], delay_s: 15}\n"
        "    repeats: 1\n"
        "    acknowledge_s: 40\n"
        "    catch_all: ['person:pia']\n";

static struct config *configure(const struct world *w, const struct node *n)
{
	struct buf yaml = {0}, path = {0}, errors = {0};
	buf_printf(&yaml, "node: %s\n", n->name);
	sim_redis_configure(w->redis, &yaml);
	buf_printf(&yaml, "durability: {copies: %u}\n%s", w->copies, house);
	buf_printf(&path, "%s/%s.yaml", w->folder, n->name);
	write_file(buf_str(&path), buf_str(&yaml));
	struct config *c = config_load(buf_str(&path), &errors);
	if (!c)
		fatal("event=simulated_configuration text=\"%s\"", buf_str(&errors));
	buf_free(&yaml);
	buf_free(&path);
	return c;
}

// The same keys in every run: keyed hashes stand in keys, and their order could matter.
static void open_vault(struct world *w)
{
	static const char *const names[] = {"keys/kek-1.key", "keys/number.key", "keys/lookup.key"};
	struct buf dir = {0}, error = {0};
	snprintf(w->folder, sizeof w->folder, "/tmp/hf-sim-XXXXXX");
	if (!mkdtemp(w->folder))
		fatal("event=no_folder");
	buf_printf(&dir, "%s/keys", w->folder);
	if (mkdir(buf_str(&dir), 0700) != 0)
		fatal("event=no_folder");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char hex[66];
		memset(hex, '1' + (int)i, 64);
		memcpy(hex + 64, "\n", 2);
		write_named(w, names[i], hex);
	}
	write_named(w, "any", "any\n");
	w->vault = vault_open(buf_str(&dir), &error);
	if (!w->vault)
		fatal("event=simulated_keys text=\"%s\"", buf_str(&error));
	buf_free(&dir);
}

// ---- the process

static const struct gateway *find_gateway(const char *name, void *arg)
{
	struct node *n = arg;
	for (size_t i = 0; i < GATEWAYS; i++)
		if (strcmp(n->world->gateways[i].name, name) == 0)
			return &n->world->gateways[i];
	return NULL;
}

static void push(uint64_t session, const Frame *frame, void *arg)
{
	struct node *n = arg;
	if (!sim_loop_dead(n->loop))
		console_take(n->world, session, frame);
}

static void end_session(uint64_t session, const char *reason, void *arg)
{
	struct node *n = arg;
	(void)reason;
	if (sim_loop_dead(n->loop))
		return;
	console_cut(n->world, session);
	desk_closed(n->flow, session);
}

static void drain(void *arg)
{
	(void)arg;
}

static void on_up(void *arg)
{
	struct node *n = arg;
	sim_trace(n->world->sim, "%s redis up", n->name);
	if (n->flow && !sim_loop_dead(n->loop))
		flow_redis_up(n->flow);
}

static void on_down(void *arg)
{
	struct node *n = arg;
	sim_trace(n->world->sim, "%s redis down", n->name);
	if (n->flow && !sim_loop_dead(n->loop))
		flow_redis_down(n->flow);
}

static void on_refused(const char *why, void *arg)
{
	struct node *n = arg;
	sim_trace(n->world->sim, "%s redis refused: %s", n->name, why);
}

static void on_message(const char *channel, struct bytes payload, void *arg)
{
	struct node *n = arg;
	if (n->flow && !sim_loop_dead(n->loop))
		flow_redis_message(n->flow, channel, payload);
}

static void on_deaf(void *arg)
{
	struct node *n = arg;
	if (n->flow && !sim_loop_dead(n->loop))
		flow_redis_deaf(n->flow);
}

static void on_resync(void *arg)
{
	struct node *n = arg;
	if (n->flow && !sim_loop_dead(n->loop))
		flow_redis_resync(n->flow);
}

static bool somebody_well(const struct world *w)
{
	for (size_t i = 0; i < w->nodes_count; i++)
		if (w->nodes[i]->well_since >= 0)
			return true;
	return false;
}

bool node_born_right(const struct node *n)
{
	return n->born_right;
}

void node_start(struct node *n)
{
	struct world *w = n->world;
	struct buf error = {0};
	const struct redis_events events = {
	        on_up, on_down, on_refused, on_message, on_deaf, on_resync, n};
	const struct redis_demands demands = {false, w->copies};
	if (n->loop)
		return;
	// With nobody to ask, a machine that starts with a wrong clock cannot know.
	if (!somebody_well(w))
		n->wall_off = 0;
	n->born_right = n->wall_off <= OFF_MAX_MS && n->wall_off >= -OFF_MAX_MS;
	if (sim_chance(w->sim, 600))
		faulty_disk_power_cut(n->disk);
	else
		faulty_disk_revive(n->disk);
	n->loop = sim_loop_new(w->sim, n->name, n->wall_off, sim_now(w->sim) - n->up_since);
	sim_loop_drift(n->loop, n->drift_ppm);
	sim_loop_slow(n->loop, n->slow_disk);
	n->steady = steady_clock_new(sim_loop_system(n->loop));
	sim_loop_use(n->loop, steady_clock(n->steady));
	n->well_since = -1;
	sim_redis_place(w->redis, n->index, n->loop);
	n->redis = redis_new(n->loop, &n->config->redis, &demands, &events);
	n->store = store_new(n->redis, loop_clock(n->loop));
	n->http = http_client_new(n->loop);
	const struct flow_parts parts = {
	        .loop = n->loop,
	        .config = n->config,
	        .store = n->store,
	        .vault = w->vault,
	        .http = n->http,
	        .steady = n->steady,
	        .disk = faulty_disk_table(n->disk),
	        .out = {find_gateway, push, end_session, drain, n},
	};
	n->flow = flow_new(&parts, &error);
	if (!n->flow)
		fatal("event=simulated_flow text=\"%s\"", buf_str(&error));
	sim_trace(w->sim, "%s starts", n->name);
}

// What the process asks for from now on does not happen, so that its memory can be given back.
static void end_process(struct node *n)
{
	n->wall_off = sim_loop_wall_off(n->loop);
	sim_loop_kill(n->loop);
	faulty_disk_halt(n->disk);
	sim_redis_kill(n->world->redis, n->index);
	redis_free(n->redis);
	flow_free(n->flow);
	store_free(n->store);
	http_client_free(n->http);
	loop_free(n->loop);
	steady_clock_free(n->steady);
	n->loop = NULL;
	n->redis = NULL;
	n->store = NULL;
	n->http = NULL;
	n->flow = NULL;
	n->well_since = -1;
}

void node_kill(struct node *n)
{
	if (!n->loop)
		return;
	sim_trace(n->world->sim, "%s is killed", n->name);
	end_process(n);
	consoles_lost(n);
}

void node_stop(struct node *n)
{
	if (!n->loop || sim_loop_stopped(n->loop))
		return;
	sim_trace(n->world->sim, "%s stops", n->name);
	sim_loop_stop(n->loop);
}

void node_continue(struct node *n)
{
	if (!n->loop || !sim_loop_stopped(n->loop))
		return;
	sim_trace(n->world->sim, "%s continues", n->name);
	sim_loop_continue(n->loop);
	node_unwell(n, 12000); // what has ended meanwhile it has yet to notice
}

void node_jump(struct node *n, int64_t by_ms)
{
	if (n->loop) {
		sim_trace(n->world->sim, "%s clock jumps by %lld ms", n->name, (long long)by_ms);
		sim_loop_jump(n->loop, by_ms);
		node_unwell(n, 2000);
	}
}

// ---- what the world sees

struct flow *node_flow(const struct node *n)
{
	return n->flow;
}

struct loop *node_loop(const struct node *n)
{
	return n->loop;
}

const char *node_name(const struct node *n)
{
	return n->name;
}

struct world *world_of_node(const struct node *n)
{
	return n->world;
}

size_t node_index(const struct node *n)
{
	return n->index;
}

bool node_alive(const struct node *n)
{
	return n->loop != NULL;
}

bool node_running(const struct node *n)
{
	return n->loop && !sim_loop_stopped(n->loop);
}

struct node *node_of_loop(const struct world *w, const struct loop *l)
{
	for (size_t i = 0; i < w->nodes_count; i++)
		if (w->nodes[i]->loop == l)
			return w->nodes[i];
	return NULL;
}

struct node *node_any(struct world *w)
{
	struct node *running[NODES_MAX];
	size_t count = 0;
	for (size_t i = 0; i < w->nodes_count; i++)
		if (node_running(w->nodes[i]))
			running[count++] = w->nodes[i];
	return count ? running[sim_below(w->sim, count)] : NULL;
}

void node_unwell(struct node *n, int64_t for_ms)
{
	int64_t until = sim_now(n->world->sim) + for_ms;
	n->suspect_until = until > n->suspect_until ? until : n->suspect_until;
}

void machines_look(struct world *w)
{
	int64_t now = sim_now(w->sim);
	for (size_t i = 0; i < w->nodes_count; i++) {
		struct node *n = w->nodes[i];
		bool well = node_running(n) && now >= n->suspect_until && flow_ready(n->flow) &&
		            !*redis_trouble(n->redis) && !redis_is_short(n->redis);
		n->well_since = !well ? -1 : n->well_since < 0 ? now : n->well_since;
	}
}

int64_t node_well_since(const struct node *n)
{
	return n->well_since;
}

// One that is dead, or has not read its disk yet, may have something.
bool node_spool_empty(const struct node *n)
{
	struct spooler_state state = {0};
	if (n->flow)
		spooler_state(n->flow->spooler, &state);
	return state.open && state.spool.records == 0;
}

bool node_spool_told(const struct node *n)
{
	struct spooler_state state = {0};
	if (n->flow)
		spooler_state(n->flow->spooler, &state);
	return state.aside || state.damaged || state.spool.damaged;
}

void node_disk_trouble(struct node *n, unsigned per_million, unsigned slow_per_mille)
{
	n->slow_disk = slow_per_mille;
	faulty_disk_chance(n->disk, per_million, EIO);
	if (n->loop)
		sim_loop_slow(n->loop, slow_per_mille);
}

uint64_t node_disk_faults(const struct node *n)
{
	return faulty_disk_faults(n->disk);
}

// ---- the machines

static struct node *node_new(struct world *w, size_t index)
{
	struct node *n = xcalloc(1, sizeof *n);
	n->world = w;
	n->index = index;
	snprintf(n->name, sizeof n->name, "n%zu", index + 1);
	n->wall_off = sim_between(w->sim, -OFF_MAX_MS, OFF_MAX_MS);
	n->drift_ppm = sim_between(w->sim, -50, 50);
	n->well_since = -1;
	n->up_since = -sim_between(w->sim, 1000, 100000000);
	n->config = configure(w, n);
	n->disk = faulty_disk_new(w->seed * NODES_MAX + index);
	node_disk_trouble(n, w->trouble.disk, w->trouble.slow_disk);
	return n;
}

void machines_make(struct world *w, size_t count)
{
	open_vault(w);
	w->nodes_count = count;
	for (size_t i = 0; i < count; i++)
		w->nodes[i] = node_new(w, i);
}

static void remove_file(const struct world *w, const char *name)
{
	struct buf path = {0};
	buf_printf(&path, "%s/%s", w->folder, name);
	remove(buf_str(&path));
	buf_free(&path);
}

void machines_remove_files(struct world *w)
{
	static const char *const names[] = {"keys/kek-1.key", "keys/number.key", "keys/lookup.key",
	        "keys", "any", "n1.yaml", "n2.yaml", "n3.yaml", "n4.yaml", ""};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		remove_file(w, names[i]);
}

void machines_free(struct world *w)
{
	for (size_t i = 0; i < w->nodes_count; i++) {
		struct node *n = w->nodes[i];
		if (n->loop)
			end_process(n);
		config_free(n->config);
		faulty_disk_free(n->disk);
		free(n);
	}
	vault_close(w->vault);
	machines_remove_files(w);
}
