// SPDX-License-Identifier: Apache-2.0
// Ranges, formats and references of a loaded configuration; every mistake is reported, not only the
// first.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"
#include "config_private.h"

#define NAME_MAX_BYTES  32
#define LINE_NAME_MAX   64
#define DURATION_MAX    (7 * 24 * 3600)
#define REPEATS_MAX     1000
#define RETAIN_DAYS_MAX 36500
#define PEOPLE_MAX      256
#define COPIES_MAX      5
#define SENTINELS_MAX   9
#define SPOOL_MIN_MB    8
#define SPOOL_MAX_MB    65536

static bool is_name(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	return len >= 1 && len <= NAME_MAX_BYTES && !s[len];
}

static void check_name(struct config_report *r, const char *path, const char *name)
{
	if (!*name)
		config_mistake(r, path, "is missing");
	else if (!is_name(name))
		config_mistake(r, path, "must be 1 to %d of a-z, 0-9, _ and -", NAME_MAX_BYTES);
}

static void check_present(struct config_report *r, const char *path, const char *value)
{
	if (!*value)
		config_mistake(r, path, "is missing");
}

static void check_duration(
        struct config_report *r, const char *path, uint32_t seconds, uint32_t least)
{
	if (seconds < least || seconds > DURATION_MAX)
		config_mistake(r, path, "must be %u to %u seconds", least, DURATION_MAX);
}

// "Seen before" for names that must be unique within `seen`.
static void check_unique(
        struct config_report *r, struct strmap *seen, const char *path, const char *name)
{
	if (*name && strmap_get(seen, name))
		config_mistake(r, path, "\"%s\" is taken by an earlier entry", name);
	strmap_put(seen, name, seen);
}

static void check_url(struct config_report *r, const char *path, const char *url)
{
	if (*url && strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
		config_mistake(r, path, "must start with https:// or http://");
}

// ---- files

// A ctl file is holdfastctl's: the account that runs holdfastd need not be able to read it.
static bool is_readable_file_key(const char *path, const char *key)
{
	size_t len = strlen(key);
	return len > 5 && strcmp(key + len - 5, "_file") == 0 && strncmp(path, "ctl.", 4) != 0;
}

static bool is_secret_key(const char *key)
{
	return strcmp(key, "secret_file") == 0 || strcmp(key, "path_secret_file") == 0 ||
	       strcmp(key, "sentinel_password_file") == 0 || strcmp(key, "password_file") == 0;
}

static void check_secret(struct config_report *r, const char *path, const char *file)
{
	struct buf secret = {0}, why = {0};
	if (!config_read_secret(file, &secret, &why)) {
		why.len -= why.len ? 1 : 0; // its newline
		config_mistake(r, path, "%s", buf_str(&why));
	}
	buf_wipe(&secret);
	buf_free(&why);
}

static void check_file(const char *path, const char *key, char **string, void *arg)
{
	struct config_report *r = arg;
	size_t len = strlen(*string), tail = strlen("socket");
	bool socket = len && strlen(key) >= tail && strcmp(key + strlen(key) - tail, "socket") == 0;
	if (socket && len >= sizeof((struct sockaddr_un *)0)->sun_path)
		config_mistake(r, path, "%s: too long for a socket's name", *string);
	if (!len || !is_readable_file_key(path, key))
		return;
	if (is_secret_key(key))
		check_secret(r, path, *string);
	else if (access(*string, R_OK) < 0)
		config_mistake(r, path, "%s: %s", *string, strerror(errno));
}

// ---- the process

static void check_listener(
        struct config_report *r, const char *path, const struct config_tls_listener *l)
{
	check_present(r, config_key("%s.certificate_file", path).path, l->certificate_file);
	check_present(r, config_key("%s.key_file", path).path, l->key_file);
}

// Redis is in one place: embedded, a socket, a host, or where the Sentinels say.
static void check_redis(struct config_report *r, const struct config_redis *redis)
{
	bool socket = !redis->embedded && *redis->socket;
	if (redis->embedded && config_has(r, "redis.socket"))
		config_mistake(r, "redis.socket", "has no use with an embedded Redis");
	if (redis->embedded && *redis->host)
		config_mistake(r, "redis.host", "has no use with an embedded Redis");
	if (redis->embedded && (*redis->user || *redis->password_file))
		config_mistake(r, *redis->user ? "redis.user" : "redis.password_file",
		        "has no use with an embedded Redis");
	if (socket && *redis->host)
		config_mistake(r, "redis.host", "has no use with redis.socket");
	if (!*redis->socket && !*redis->host && !redis->sentinels_count)
		config_mistake(
		        r, "redis", "needs a socket, a host or sentinels when it is not embedded");
	if (*redis->host && !redis->port)
		config_mistake(r, "redis.port", "must not be 0");
	if (*redis->user && !*redis->password_file)
		config_mistake(r, "redis.user", "needs redis.password_file");
	if (redis->tls && (redis->embedded || socket))
		config_mistake(r, "redis.tls", "has no use with a unix socket");
	if (redis->tls && !*redis->ca_file)
		config_mistake(r, "redis.tls", "needs redis.ca_file");
	if (!redis->tls && (*redis->ca_file || *redis->certificate_file || *redis->key_file))
		config_mistake(r, "redis.tls", "must be true when certificates are given");
	if (!*redis->certificate_file != !*redis->key_file)
		config_mistake(r, "redis.certificate_file", "and redis.key_file need each other");
}

static void check_sentinels(struct config_report *r, const struct config_redis *redis)
{
	if (redis->sentinels_count > SENTINELS_MAX)
		config_mistake(r, "redis.sentinels", "must be at most %d", SENTINELS_MAX);
	for (unsigned i = 0; i < redis->sentinels_count; i++) {
		check_present(r, config_key("redis.sentinels[%u].host", i).path,
		        redis->sentinels[i].host);
		if (!redis->sentinels[i].port)
			config_mistake(
			        r, config_key("redis.sentinels[%u].port", i).path, "must not be 0");
	}
	if (redis->sentinels_count == 0) {
		if (*redis->master_name)
			config_mistake(r, "redis.master_name", "needs redis.sentinels");
		if (*redis->sentinel_password_file)
			config_mistake(r, "redis.sentinel_password_file", "needs redis.sentinels");
		return;
	}
	if (!*redis->master_name)
		config_mistake(r, "redis.master_name", "is missing: what the Sentinels call it");
	if (*redis->sentinel_user && !*redis->sentinel_password_file)
		config_mistake(r, "redis.sentinel_user", "needs redis.sentinel_password_file");
	if (redis->embedded || *redis->socket || *redis->host)
		config_mistake(r, "redis.sentinels",
		        "say where Redis is: leave out host, socket and embedded");
}

static void check_copies(struct config_report *r, const struct config *c)
{
	if (c->durability.copies > COPIES_MAX)
		config_mistake(r, "durability.copies", "must be 0 to %d", COPIES_MAX);
	if (c->durability.copies > 0 && c->redis.embedded)
		config_mistake(
		        r, "durability.copies", "an embedded Redis has no replicas: must be 0");
}

static void check_spool(struct config_report *r, const struct config_spool *s)
{
	if (s->size_mb < SPOOL_MIN_MB || s->size_mb > SPOOL_MAX_MB)
		config_mistake(r, "spool.size_mb", "must be %d to %d", SPOOL_MIN_MB, SPOOL_MAX_MB);
	check_duration(r, "spool.page_after_s", s->page_after_s, 1);
}

static void check_process(struct config_report *r, const struct config *c)
{
	enum log_level level;
	check_name(r, "node", c->node);
	if (!log_level_from_name(c->log_level, &level))
		config_mistake(r, "log_level", "must be debug, info, warn or error");
	check_listener(r, "listeners.gateways", &c->gateways_listener);
	check_listener(r, "listeners.consoles", &c->consoles_listener);
	check_redis(r, &c->redis);
	check_sentinels(r, &c->redis);
	check_copies(r, c);
	check_spool(r, &c->spool);
	if (*c->ctl.url && strncmp(c->ctl.url, "wss://", 6) != 0)
		check_url(r, "ctl.url", c->ctl.url);
}

// ---- gateways and lines

static void check_gateway(
        struct config_report *r, const struct config *c, unsigned i, struct strmap *seen)
{
	const struct config_gateway *g = &c->gateways[i];
	struct config_key name = config_key("gateways[%u].name", i);
	check_name(r, name.path, g->name);
	check_unique(r, seen, name.path, g->name);
	check_name(r, config_key("gateways[%u].provider", i).path, g->provider);
	check_present(r, config_key("gateways[%u].secret_file", i).path, g->secret_file);
	check_url(r, config_key("gateways[%u].public_url", i).path, g->public_url);
	check_url(r, config_key("gateways[%u].send_url", i).path, g->send_url);
	check_duration(r, config_key("gateways[%u].validity_s", i).path, g->validity_s, 1);
	if (g->require_client_certificate && !*c->gateways_listener.client_ca_file)
		config_mistake(r, config_key("gateways[%u].require_client_certificate", i).path,
		        "needs listeners.gateways.client_ca_file");
}

static bool is_number(const char *s)
{
	s += *s == '+';
	size_t digits = strspn(s, "0123456789");
	return digits >= 3 && digits <= 15 && !s[digits];
}

static bool is_display_name(const char *s)
{
	struct bytes in = bytes_str(s);
	bool ok = in.len <= LINE_NAME_MAX && utf8_valid(in);
	for (size_t i = 0; i < in.len; i++)
		ok = ok && in.data[i] >= 0x20 && in.data[i] != 0x7f;
	return ok;
}

static void check_line(
        struct config_report *r, const struct config *c, unsigned i, struct strmap *seen)
{
	const struct config_line *l = &c->lines[i];
	struct config_key number = config_key("lines[%u].number", i);
	if (!is_number(l->number))
		config_mistake(r, number.path,
		        "must be 3 to 15 digits, with or without a + before them; "
		        "a number with a + must be quoted: \"+15005550001\"");
	check_unique(r, seen, number.path, l->number);
	if (!is_display_name(l->name))
		config_mistake(r, config_key("lines[%u].name", i).path,
		        "must be at most %d bytes of printable UTF-8", LINE_NAME_MAX);
	if (!config_gateway(c, l->gateway))
		config_mistake(r, config_key("lines[%u].gateway", i).path,
		        "there is no gateway \"%s\"", l->gateway);
	if (!config_pool(c, l->pool))
		config_mistake(r, config_key("lines[%u].pool", i).path, "there is no pool \"%s\"",
		        l->pool);
	config_check_line_skills(r, config_key("lines[%u]", i).path, l);
}

// ---- pools

static void check_by_level(
        struct config_report *r, const char *path, const struct config_by_level *l, uint32_t least)
{
	check_duration(r, config_key("%s.imminent_s", path).path, l->imminent_s, least);
	check_duration(r, config_key("%s.high_s", path).path, l->high_s, least);
	check_duration(r, config_key("%s.unknown_s", path).path, l->unknown_s, least);
	check_duration(r, config_key("%s.medium_s", path).path, l->medium_s, least);
	check_duration(r, config_key("%s.low_s", path).path, l->low_s, least);
}

static void check_two_person(struct config_report *r, unsigned i, const struct config_pool *p)
{
	static const char *const words[] = {
	        "never", "low", "medium", "unknown", "high", "imminent"};
	for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
		if (strcmp(p->two_person_close, words[k]) == 0)
			return;
	config_mistake(r, config_key("pools[%u].two_person_close", i).path,
	        "must be a level (imminent, high, unknown, medium, low) or never");
}

static void check_silence(struct config_report *r, unsigned i, const struct config_pool *p)
{
	const struct config_counselor_silence *s = &p->counselor_silence;
	struct config_key at = config_key("pools[%u].counselor_silence", i);
	check_duration(r, config_key("%s.nudge_s", at.path).path, s->nudge_s, 0);
	check_duration(r, config_key("%s.supervisor_s", at.path).path, s->supervisor_s, 0);
	check_duration(r, config_key("%s.reroute_s", at.path).path, s->reroute_s, 0);
	check_by_level(r, config_key("pools[%u].texter_silence", i).path, &p->texter_silence, 0);
	check_duration(r, config_key("pools[%u].close_silent_s", i).path, p->close_silent_s, 0);
}

static void check_shifts(
        struct config_report *r, const struct config *c, unsigned i, const struct config_pool *p)
{
	check_duration(r, config_key("pools[%u].exposure.after_imminent_s", i).path,
	        p->exposure.after_imminent_s, 0);
	check_duration(r, config_key("pools[%u].drain_before_s", i).path, p->drain_before_s, 0);
	if (*p->shifts && !config_schedule(c, p->shifts))
		config_mistake(r, config_key("pools[%u].shifts", i).path,
		        "there is no schedule \"%s\"", p->shifts);
}

static void check_limits(struct config_report *r, unsigned i, const struct config_limits *l)
{
	struct config_key at = config_key("pools[%u].limits", i);
	if (l->conversations > LIMIT_CONVERSATIONS_MAX)
		config_mistake(r, config_key("%s.conversations", at.path).path, "must be 0 to %d",
		        LIMIT_CONVERSATIONS_MAX);
	if (l->per_hours < 1 || l->per_hours > LIMIT_HOURS_MAX)
		config_mistake(r, config_key("%s.per_hours", at.path).path,
		        "must be 1 to %d, which is 60 days", LIMIT_HOURS_MAX);
	check_duration(r, config_key("%s.later_s", at.path).path, l->later_s, 0);
}

static void check_grade(struct config_report *r, const char *key, uint32_t people)
{
	if (people < 1 || people > 10)
		config_mistake(r, key, "must be 1 to 10");
}

static void check_capacity(struct config_report *r, const struct config_capacity *c)
{
	check_grade(r, "capacity.novice", c->novice);
	check_grade(r, "capacity.standard", c->standard);
	check_grade(r, "capacity.expert", c->expert);
}

static bool has_pool(const struct config *c, const char *name)
{
	for (unsigned i = 0; i < c->pools_count; i++)
		if (c->pools[i].name && strcmp(c->pools[i].name, name) == 0)
			return true;
	return false;
}

static void check_overflow(
        struct config_report *r, const struct config *c, unsigned i, const struct config_pool *p)
{
	const struct config_overflow *o = &p->overflow;
	for (unsigned k = 0; k < o->to_count; k++) {
		const struct config_key key = config_key("pools[%u].overflow.to[%u]", i, k);
		if (!has_pool(c, o->to[k]))
			config_mistake(r, key.path, "there is no pool \"%s\"", o->to[k]);
		else if (strcmp(o->to[k], p->name) == 0)
			config_mistake(r, key.path, "a pool cannot help itself out");
	}
	if (o->oldest_s > 0 && o->oldest_until_s >= o->oldest_s)
		config_mistake(r, config_key("pools[%u].overflow.oldest_until_s", i).path,
		        "must be less than oldest_s");
	if (o->depth > 0 && o->depth_until >= o->depth)
		config_mistake(r, config_key("pools[%u].overflow.depth_until", i).path,
		        "must be less than depth");
}

static void check_pool(
        struct config_report *r, const struct config *c, unsigned i, struct strmap *seen)
{
	const struct config_pool *p = &c->pools[i];
	struct config_key name = config_key("pools[%u].name", i);
	check_name(r, name.path, p->name);
	check_unique(r, seen, name.path, p->name);
	if (!config_policy(c, p->policy))
		config_mistake(r, config_key("pools[%u].policy", i).path,
		        "there is no policy \"%s\"", p->policy);
	check_by_level(r, config_key("pools[%u].answer_within", i).path, &p->answer_within, 1);
	check_by_level(r, config_key("pools[%u].boost", i).path, &p->boost, 0);
	check_duration(r, config_key("pools[%u].offer_s", i).path, p->offer_s, 1);
	if (p->offer_imminent_to < 1 || p->offer_imminent_to > 10)
		config_mistake(
		        r, config_key("pools[%u].offer_imminent_to", i).path, "must be 1 to 10");
	check_duration(r, config_key("pools[%u].grace_s", i).path, p->grace_s, 0);
	check_duration(r, config_key("pools[%u].wrap_up_s", i).path, p->wrap_up_s, 0);
	check_duration(r, config_key("pools[%u].reopen_s", i).path, p->reopen_s, 0);
	check_duration(r, config_key("pools[%u].survey_s", i).path, p->survey_s, 60);
	check_limits(r, i, &p->limits);
	check_silence(r, i, p);
	check_shifts(r, c, i, p);
	check_two_person(r, i, p);
	check_overflow(r, c, i, p);
	check_duration(
	        r, config_key("pools[%u].flag_acknowledge_s", i).path, p->flag_acknowledge_s, 1);
	if (p->retain_days > RETAIN_DAYS_MAX)
		config_mistake(r, config_key("pools[%u].retain_days", i).path, "must be 0 to %d",
		        RETAIN_DAYS_MAX);
	config_check_pool_skills(r, config_key("pools[%u]", i).path, p);
}

// ---- schedules

static bool is_day(const char *s, size_t len)
{
	static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
	for (size_t i = 0; i < 7; i++)
		if (len == 3 && memcmp(s, days[i], 3) == 0)
			return true;
	return false;
}

// "daily", or a list of days and ranges: "mon-wed,sat".
static bool is_days(const char *s)
{
	if (strcmp(s, "daily") == 0)
		return true;
	for (;;) {
		size_t len = strcspn(s, ",");
		bool range = len == 7 && s[3] == '-';
		if (range ? !is_day(s, 3) || !is_day(s + 4, 3) : !is_day(s, len))
			return false;
		if (!s[len])
			return true;
		s += len + 1;
	}
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

// "HH:MM" up to `last` minutes after midnight.
static bool is_time(const char *s, int last)
{
	if (strlen(s) != 5 || !is_digit(s[0]) || !is_digit(s[1]) || s[2] != ':' ||
	        !is_digit(s[3]) || !is_digit(s[4]))
		return false;
	int hour = (s[0] - '0') * 10 + s[1] - '0', minute = (s[3] - '0') * 10 + s[4] - '0';
	return minute < 60 && hour * 60 + minute <= last;
}

static bool is_zone(const char *zone)
{
	char path[200], magic[4];
	if (!*zone || *zone == '/' || strstr(zone, ".."))
		return false;
	if ((size_t)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone) >= sizeof path)
		return false;
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	bool ok = fread(magic, 1, sizeof magic, f) == sizeof magic && !memcmp(magic, "TZif", 4);
	fclose(f);
	return ok;
}

// Opening hours need nobody's name.
static unsigned least_people(const struct config *c, const struct config_schedule *s)
{
	for (unsigned i = 0; i < c->pools_count; i++)
		if (strcmp(c->pools[i].hours, s->name) == 0)
			return 0;
	return 1;
}

static void check_shift(
        struct config_report *r, const char *path, const struct config_shift *s, unsigned least)
{
	if (!is_days(s->days))
		config_mistake(r, config_key("%s.days", path).path,
		        "must be \"daily\" or days as in \"mon-fri\" or \"sat,sun\"");
	if (!is_time(s->from, 23 * 60 + 59))
		config_mistake(r, config_key("%s.from", path).path,
		        "must be a time from \"00:00\" to \"23:59\"");
	if (!is_time(s->to, 24 * 60))
		config_mistake(r, config_key("%s.to", path).path,
		        "must be a time from \"00:00\" to \"24:00\"");
	if (s->people_count < least || s->people_count > PEOPLE_MAX)
		config_mistake(r, config_key("%s.people", path).path, "must name %u to %d people",
		        least, PEOPLE_MAX);
	for (unsigned i = 0; i < s->people_count; i++)
		check_name(r, config_key("%s.people[%u]", path, i).path, s->people[i]);
}

static void check_schedule(
        struct config_report *r, const struct config *c, unsigned i, struct strmap *seen)
{
	const struct config_schedule *s = &c->schedules[i];
	struct config_key name = config_key("schedules[%u].name", i);
	check_name(r, name.path, s->name);
	check_unique(r, seen, name.path, s->name);
	if (!is_zone(s->zone))
		config_mistake(r, config_key("schedules[%u].zone", i).path,
		        "there is no time zone \"%s\"", s->zone);
	for (unsigned j = 0; j < s->shifts_count; j++)
		check_shift(r, config_key("schedules[%u].shifts[%u]", i, j).path, &s->shifts[j],
		        least_people(c, s));
}

// ---- policies

static void check_target(
        struct config_report *r, const struct config *c, const char *path, const char *target)
{
	static const char schedule[] = "schedule:", person[] = "person:";
	if (strncmp(target, schedule, sizeof schedule - 1) == 0) {
		const char *name = target + sizeof schedule - 1;
		if (!config_schedule(c, name))
			config_mistake(r, path, "there is no schedule \"%s\"", name);
	} else if (strncmp(target, person, sizeof person - 1) == 0) {
		check_name(r, path, target + sizeof person - 1);
	} else {
		config_mistake(r, path, "must be schedule:NAME or person:NAME");
	}
}

static void check_targets(struct config_report *r, const struct config *c, const char *path,
        char **targets, unsigned count)
{
	if (!count)
		config_mistake(r, path, "must name somebody to page");
	for (unsigned i = 0; i < count; i++)
		check_target(r, c, config_key("%s[%u]", path, i).path, targets[i]);
}

// A policy whose levels all last 0 s would repeat without a pause and flood the people on call.
static void check_levels(struct config_report *r, const struct config *c, const char *path,
        const struct config_policy *p)
{
	uint64_t total = 0;
	for (unsigned i = 0; i < p->levels_count; i++) {
		const struct config_level *l = &p->levels[i];
		check_targets(r, c, config_key("%s[%u].targets", path, i).path, l->targets,
		        l->targets_count);
		check_duration(r, config_key("%s[%u].delay_s", path, i).path, l->delay_s, 0);
		total += l->delay_s;
	}
	if (p->levels_count == 0)
		config_mistake(r, path, "a policy needs at least one level");
	else if (!total)
		config_mistake(r, path, "at least one level needs a delay_s above 0");
}

static void check_policy(
        struct config_report *r, const struct config *c, unsigned i, struct strmap *seen)
{
	const struct config_policy *p = &c->policies[i];
	struct config_key name = config_key("policies[%u].name", i);
	check_name(r, name.path, p->name);
	check_unique(r, seen, name.path, p->name);
	if (!config_line(c, p->line))
		config_mistake(r, config_key("policies[%u].line", i).path,
		        "there is no line with the number \"%s\"", p->line);
	check_levels(r, c, config_key("policies[%u].levels", i).path, p);
	if (p->repeats > REPEATS_MAX)
		config_mistake(r, config_key("policies[%u].repeats", i).path, "must be 0 to %d",
		        REPEATS_MAX);
	check_duration(r, config_key("policies[%u].acknowledge_s", i).path, p->acknowledge_s, 1);
	check_targets(r, c, config_key("policies[%u].catch_all", i).path, p->catch_all,
	        p->catch_all_count);
}

// ---- all of it

typedef void (*check_fn)(
        struct config_report *r, const struct config *c, unsigned i, struct strmap *seen);

static void check_list(struct config_report *r, const struct config *c, const char *path,
        unsigned count, check_fn check)
{
	struct strmap *seen = strmap_new();
	for (unsigned i = 0; i < count; i++)
		check(r, c, i, seen);
	strmap_free(seen);
	if (!count && check != check_schedule)
		config_mistake(r, path, "at least one is needed");
}

void config_check(struct config *c, struct config_report *r)
{
	check_process(r, c);
	check_capacity(r, &c->capacity);
	check_list(r, c, "gateways", c->gateways_count, check_gateway);
	check_list(r, c, "lines", c->lines_count, check_line);
	check_list(r, c, "pools", c->pools_count, check_pool);
	check_list(r, c, "schedules", c->schedules_count, check_schedule);
	check_list(r, c, "policies", c->policies_count, check_policy);
	config_check_texts(r, c);
	config_each_string(c, check_file, r);
}
