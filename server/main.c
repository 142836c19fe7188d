// SPDX-License-Identifier: Apache-2.0
// Wiring: options, start-up, signals, drain.
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/version.h"
#include "edge/admin.h"
#include "edge/console.h"
#include "edge/webhook.h"
#include "flow/flow.h"
#include "net/listener.h"
#include "store/disk.h"
#include "store/embedded.h"

#define DRAIN_MS      20000 // longer than a call to a provider may take
#define DRAIN_LOOK_MS 50

enum { GATEWAYS, CONSOLES, ADMIN, LISTENERS };

struct server {
	const char *config_path;
	bool unsafe;
	struct config *config;
	struct steady_clock *steady;
	struct loop *loop;
	struct vault *vault;
	struct embedded *embedded;
	struct redis *redis;
	struct store *store;
	struct http_client *http;
	struct gateways *gateways;
	struct flow *flow;
	struct webhook *webhook;
	struct console *console;
	struct admin *admin;
	struct listener *listeners[LISTENERS];
	bool was_up;
	int64_t drain_until; // monotonic; 0 while serving
	int status;
};

static const char usage[] =
        "holdfastd: the message router of a crisis text line\n"
        "\n"
        "  holdfastd --config FILE              serve\n"
        "  holdfastd --config FILE --check-config\n"
        "                                       say what is wrong with the file, by file, line and "
        "key\n"
        "  holdfastd --generate-keys DIR        make the key files that are missing in DIR\n"
        "\n"
        "  --unsafe-dev   serve on a Redis that may lose texts; never with real people\n"
        "  --version, --help\n"
        "\n"
        "SIGTERM or Ctrl-C drains and ends, a second one ends at once; SIGHUP reads the "
        "certificates again.\n";

// ---- calls from the ranks below ----

static const struct gateway *find_gateway(const char *name, void *arg)
{
	struct server *s = arg;
	return gateways_find(s->gateways, name);
}

static void push(uint64_t session, const Frame *frame, void *arg)
{
	struct server *s = arg;
	console_push(s->console, session, frame);
}

static void end_session(uint64_t session, const char *reason, void *arg)
{
	struct server *s = arg;
	console_end(s->console, session, reason);
}

static void drain(void *arg);

static void on_redis_up(void *arg)
{
	struct server *s = arg;
	s->was_up = true;
	if (s->flow)
		flow_redis_up(s->flow);
}

static void on_redis_down(void *arg)
{
	struct server *s = arg;
	if (s->flow)
		flow_redis_down(s->flow);
}

static void on_redis_refused(const char *why, void *arg)
{
	struct server *s = arg;
	log_error("event=redis_refused text=\"%s\"", why);
	if (s->was_up)
		return; // it served before: spool, and go on asking until somebody has put it
		        // right
	s->status = 1;
	loop_stop(s->loop);
}

static void on_redis_message(const char *channel, struct bytes payload, void *arg)
{
	struct server *s = arg;
	if (s->flow)
		flow_redis_message(s->flow, channel, payload);
}

static void on_redis_deaf(void *arg)
{
	struct server *s = arg;
	if (s->flow)
		flow_redis_deaf(s->flow);
}

static void on_redis_resync(void *arg)
{
	struct server *s = arg;
	if (s->flow)
		flow_redis_resync(s->flow);
}

// ---- signals ----

static void drained(void *arg)
{
	struct server *s = arg;
	size_t open = http_server_open(webhook_server(s->webhook)) + flow_open_sends(s->flow) +
	              flow_spooled(s->flow);
	if (open == 0 || loop_mono_ms(s->loop) >= s->drain_until) {
		log_info("event=drained open=%zu", open);
		loop_stop(s->loop);
		return;
	}
	loop_timer(s->loop, DRAIN_LOOK_MS, drained, s);
}

static void drain(void *arg)
{
	struct server *s = arg;
	if (s->drain_until)
		return;
	log_info("event=draining consoles=%zu", console_open(s->console));
	s->drain_until = loop_mono_ms(s->loop) + DRAIN_MS;
	listener_stop(s->listeners[GATEWAYS]);
	listener_stop(s->listeners[CONSOLES]);
	flow_drain(s->flow);
	http_server_drain(webhook_server(s->webhook));
	loop_timer(s->loop, DRAIN_LOOK_MS, drained, s);
}

static void on_end(void *arg)
{
	struct server *s = arg;
	if (s->drain_until)
		loop_stop(s->loop);
	else
		drain(s);
}

static struct tls_ctx *load_tls(const struct config_tls_listener *l)
{
	struct buf error = {0};
	struct tls_ctx *t =
	        tls_server_new(l->certificate_file, l->key_file, l->client_ca_file, &error);
	if (!t)
		log_error("event=tls_refused text=\"%s\"", buf_str(&error));
	buf_free(&error);
	return t;
}

static void on_reload(void *arg)
{
	struct server *s = arg;
	struct tls_ctx *gateways = load_tls(&s->config->gateways_listener);
	struct tls_ctx *consoles = load_tls(&s->config->consoles_listener);
	if (gateways && consoles) {
		listener_set_tls(s->listeners[GATEWAYS], gateways);
		listener_set_tls(s->listeners[CONSOLES], consoles);
	}
	log_info("event=certificates_%s", gateways && consoles ? "reloaded" : "kept");
	tls_unref(gateways);
	tls_unref(consoles);
}

// ---- start-up ----

// Without it there is no spool, no crash guard and no copy of who is on call; but texts can be
// taken in all the same.
static void make_state_dir(const struct server *s)
{
	const char *dir = s->config->state_dir;
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		log_error("event=state_dir text=\"cannot make %s: %s\"", dir, strerror(errno));
}

static void start_store(struct server *s)
{
	struct buf error = {0};
	const struct redis_events events = {on_redis_up, on_redis_down, on_redis_refused,
	        on_redis_message, on_redis_deaf, on_redis_resync, s};
	if (s->config->redis.embedded) {
		struct buf dir = {0};
		buf_printf(&dir, "%s/redis", s->config->state_dir);
		if (mkdir(buf_str(&dir), 0700) != 0 && errno != EEXIST)
			fatal("event=state_dir text=\"cannot make %s: %s\"", buf_str(&dir),
			        strerror(errno));
		s->embedded = embedded_start(s->loop, buf_str(&dir), &error);
		if (!s->embedded)
			fatal("event=embedded_redis text=\"%s\"", buf_str(&error));
		buf_free(&dir);
	}
	const struct redis_demands demands = {s->unsafe, s->config->durability.copies};
	s->redis = redis_new(s->loop, &s->config->redis, &demands, &events);
	s->store = store_new(s->redis, loop_clock(s->loop));
	buf_free(&error);
}

static void start_flow(struct server *s)
{
	struct buf error = {0}, guard = {0};
	s->http = http_client_new(s->loop);
	s->console = console_new(s->loop);
	s->admin = admin_new(s->loop);
	const struct flow_parts parts = {
	        .loop = s->loop,
	        .config = s->config,
	        .store = s->store,
	        .vault = s->vault,
	        .http = s->http,
	        .steady = s->steady,
	        .disk = disk_system(),
	        .out = {find_gateway, push, end_session, drain, s},
	};
	s->flow = flow_new(&parts, &error);
	if (!s->flow)
		fatal("event=schedule text=\"%s\"", buf_str(&error));
	buf_printf(&guard, "%s/parsing", s->config->state_dir);
	s->webhook = webhook_new(s->loop, s->gateways, s->flow, buf_str(&guard));
	buf_free(&guard);
	console_set_flow(s->console, s->flow);
	admin_set_flow(s->admin, s->flow);
	buf_free(&error);
}

static struct listener *start_listener(struct server *s, const char *name, const char *address,
        uint16_t port, struct tls_ctx *tls, size_t per_peer, struct http_server *http)
{
	const struct listener_limits limits = {
	        .total = 8192, .per_peer = per_peer, .handshake_ms = 5000};
	struct buf error = {0};
	struct listener *l = listener_new(
	        s->loop, name, address, port, tls, &limits, http_server_accept, http, &error);
	if (!l)
		fatal("event=listen text=\"%s\"", buf_str(&error));
	log_info("event=listening listener=%s address=%s port=%u", name, address, listener_port(l));
	buf_free(&error);
	return l;
}

static void start_listeners(struct server *s)
{
	const struct config *c = s->config;
	struct tls_ctx *gateways = load_tls(&c->gateways_listener),
	               *consoles = load_tls(&c->consoles_listener);
	if (!gateways || !consoles)
		exit(1);
	// A provider comes from few addresses, and a whole centre may sit behind one: the cap is
	// against accidents.
	s->listeners[GATEWAYS] = start_listener(s, "gateways", c->gateways_listener.address,
	        c->gateways_listener.port, gateways, 2048, webhook_server(s->webhook));
	s->listeners[CONSOLES] = start_listener(s, "consoles", c->consoles_listener.address,
	        c->consoles_listener.port, consoles, 2048, console_server(s->console));
	s->listeners[ADMIN] = start_listener(s, "admin", c->admin_listener.address,
	        c->admin_listener.port, NULL, 256, admin_server(s->admin));
	tls_unref(gateways);
	tls_unref(consoles);
}

static void load(struct server *s)
{
	struct buf errors = {0};
	enum log_level level;
	s->config = config_load(s->config_path, &errors);
	if (!s->config) {
		fputs(buf_str(&errors), stderr);
		exit(1);
	}
	if (log_level_from_name(s->config->log_level, &level))
		log_set_level(level);
	s->gateways = gateways_new(s->config, &errors);
	s->vault = s->gateways ? vault_open(s->config->key_dir, &errors) : NULL;
	if (!s->vault) {
		fprintf(stderr, "%s: %s\n", s->config_path, buf_str(&errors));
		exit(1);
	}
	buf_free(&errors);
}

static void stop(struct server *s)
{
	for (int i = 0; i < LISTENERS; i++)
		listener_free(s->listeners[i]);
	// Calls under way still answer into the flow, and the flow into the edge: those above go
	// last.
	console_end_all(s->console);
	http_client_free(s->http);
	redis_free(s->redis);
	flow_free(s->flow);
	store_free(s->store);
	webhook_free(s->webhook);
	console_free(s->console);
	admin_free(s->admin);
	if (s->embedded)
		embedded_stop(s->embedded);
	gateways_free(s->gateways);
	vault_close(s->vault);
	loop_free(s->loop);
	steady_clock_free(s->steady);
	config_free(s->config);
}

static int serve(struct server *s)
{
	// Keys and texts must not end in a core file.
	const struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	load(s);
	log_info("event=starting version=" HOLDFAST_VERSION " node=%s%s", s->config->node,
	        s->unsafe ? " unsafe_dev=yes" : "");
	s->steady = steady_clock_new(clock_system());
	s->loop = loop_new(steady_clock(s->steady));
	loop_on_signal(s->loop, SIGTERM, on_end, s);
	loop_on_signal(s->loop, SIGINT, on_end, s);
	loop_on_signal(s->loop, SIGHUP, on_reload, s);
	make_state_dir(s);
	start_store(s);
	start_flow(s);
	start_listeners(s);
	loop_run(s->loop);
	stop(s);
	log_info("event=ended");
	return s->status;
}

static int check_config(const char *path)
{
	struct buf errors = {0};
	struct config *config = config_load(path, &errors);
	struct gateways *gateways = config ? gateways_new(config, &errors) : NULL;
	fputs(buf_str(&errors), stderr);
	if (gateways)
		printf("%s: no mistake found\n", path);
	int status = gateways ? 0 : 1;
	gateways_free(gateways);
	config_free(config);
	buf_free(&errors);
	return status;
}

static int generate_keys(const char *dir)
{
	struct buf error = {0};
	bool ok = vault_generate(dir, &error);
	if (!ok)
		fprintf(stderr, "holdfastd: %s\n", buf_str(&error));
	buf_free(&error);
	return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	        {"config", required_argument, NULL, 'c'},
	        {"check-config", no_argument, NULL, 'k'},
	        {"generate-keys", required_argument, NULL, 'g'},
	        {"unsafe-dev", no_argument, NULL, 'u'},
	        {"version", no_argument, NULL, 'v'},
	        {"help", no_argument, NULL, 'h'},
	        {0},
	};
	struct server server = {0};
	bool check = false;
	for (int o; (o = getopt_long(argc, argv, "c:hv", options, NULL)) != -1;) {
		switch (o) {
		case 'c':
			server.config_path = optarg;
			break;
		case 'k':
			check = true;
			break;
		case 'g':
			return generate_keys(optarg);
		case 'u':
			server.unsafe = true;
			break;
		case 'v':
			puts("holdfastd " HOLDFAST_VERSION);
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			return 2;
		}
	}
	if (!server.config_path || optind < argc) {
		fputs(usage, stderr);
		return 2;
	}
	return check ? check_config(server.config_path) : serve(&server);
}
