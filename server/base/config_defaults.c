// SPDX-License-Identifier: Apache-2.0
// Values of absent keys, and absolute file names.
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "config_private.h"

// A number that takes `value` when its key is absent; a 0 in the file stays 0.
struct default_number {
	const char *key;
	size_t offset;
	uint32_t value;
};

#define POOL(member, value)                                                                        \
	{                                                                                          \
#member, offsetof(struct config_pool, member), value                               \
	}
#define POLICY(member, value)                                                                      \
	{                                                                                          \
#member, offsetof(struct config_policy, member), value                             \
	}

static const struct default_number pool_numbers[] = {
        POOL(answer_within.imminent_s, 60),
        POOL(answer_within.high_s, 180),
        POOL(answer_within.unknown_s, 300),
        POOL(answer_within.medium_s, 600),
        POOL(answer_within.low_s, 900),
        POOL(boost.high_s, 2700),
        POOL(boost.unknown_s, 1200),
        POOL(boost.medium_s, 600),
        POOL(boost.low_s, 0),
        POOL(offer_s, 20),
        POOL(offer_imminent_to, 1),
        POOL(grace_s, 15),
        POOL(wrap_up_s, 0),
        POOL(reopen_s, 1800),
        POOL(survey_s, 86400),
        POOL(exposure.after_imminent_s, 3600),
        POOL(exposure.units, 1),
        POOL(overflow.oldest_s, 300),
        POOL(limits.conversations, 0),
        POOL(limits.per_hours, 48),
        POOL(limits.later_s, 1800),
        POOL(drain_before_s, 900),
        POOL(skills_at_most_s, 600),
        POOL(counselor_silence.nudge_s, 120),
        POOL(counselor_silence.supervisor_s, 180),
        POOL(counselor_silence.reroute_s, 300),
        POOL(flag_acknowledge_s, 120),
        POOL(retain_days, 365),
        POOL(texter_silence.imminent_s, 300),
        POOL(texter_silence.high_s, 600),
        POOL(texter_silence.unknown_s, 900),
        POOL(texter_silence.medium_s, 1800),
        POOL(texter_silence.low_s, 1800),
};

static const struct default_number policy_numbers[] = {
        POLICY(repeats, 2),
        POLICY(acknowledge_s, 300),
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void set_numbers(const struct config_report *r, const char *path, void *entry,
        const struct default_number *table, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!config_has(r, config_key("%s.%s", path, table[i].key).path))
			memcpy((uint8_t *)entry + table[i].offset, &table[i].value,
			        sizeof table[i].value);
}

static void set_port(
        const struct config_report *r, const char *path, uint16_t *port, uint16_t value)
{
	if (!config_has(r, path))
		*port = value;
}

static void set_string(char **string, const char *value)
{
	if (**string)
		return;
	free(*string);
	*string = xstrdup(value);
}

static char *join(const char *folder, const char *name)
{
	struct buf path = {0};
	buf_printf(&path, "%s/%s", folder, name);
	return buf_take_str(&path);
}

static void set_joined(char **string, const char *folder, const char *name)
{
	char *value = join(folder, name);
	set_string(string, value);
	free(value);
}

bool config_is_file_key(const char *key)
{
	static const char *const endings[] = {"_file", "_dir", "socket"};
	size_t len = strlen(key);
	for (size_t i = 0; i < COUNT(endings); i++) {
		size_t tail = strlen(endings[i]);
		if (len >= tail && strcmp(key + len - tail, endings[i]) == 0)
			return true;
	}
	return false;
}

static void fill_string(const char *path, const char *key, char **string, void *arg)
{
	(void)path;
	if (!*string)
		*string = xstrdup("");
	if (!config_is_file_key(key) || !**string || **string == '/')
		return;
	char *absolute = join(arg, *string);
	free(*string);
	*string = absolute;
}

static void set_listeners(struct config *c, const struct config_report *r)
{
	set_string(&c->gateways_listener.address, "127.0.0.1");
	set_string(&c->consoles_listener.address, "127.0.0.1");
	set_string(&c->admin_listener.address, "127.0.0.1");
	set_port(r, "listeners.gateways.port", &c->gateways_listener.port, 8443);
	set_port(r, "listeners.consoles.port", &c->consoles_listener.port, 8444);
	set_port(r, "listeners.admin.port", &c->admin_listener.port, 8445);
}

// Without a word on where Redis is, holdfastd runs its own.
static void set_redis(struct config *c, const struct config_report *r)
{
	struct config_redis *redis = &c->redis;
	if (!config_has(r, "redis.embedded"))
		redis->embedded = !*redis->socket && !*redis->host && !redis->sentinels_count;
	if (redis->embedded)
		set_joined(&redis->socket, c->state_dir, "redis/redis.sock");
	if (*redis->host)
		set_port(r, "redis.port", &redis->port, 6379);
	for (unsigned i = 0; i < redis->sentinels_count; i++)
		set_port(r, config_key("redis.sentinels[%u].port", i).path,
		        &redis->sentinels[i].port, 26379);
}

static void set_spool(struct config_spool *s, const struct config_report *r)
{
	if (!config_has(r, "spool.size_mb"))
		s->size_mb = 256;
	if (!config_has(r, "spool.page_after_s"))
		s->page_after_s = 60;
}

static void set_capacity(struct config_capacity *c, const struct config_report *r)
{
	if (!config_has(r, "capacity.novice"))
		c->novice = 1;
	if (!config_has(r, "capacity.standard"))
		c->standard = 2;
	if (!config_has(r, "capacity.expert"))
		c->expert = 3;
}

static void set_policy(struct config_policy *p, const struct config_report *r, const char *path)
{
	set_numbers(r, path, p, policy_numbers, COUNT(policy_numbers));
	for (unsigned i = 0; i < p->levels_count; i++)
		if (!config_has(r, config_key("%s.levels[%u].delay_s", path, i).path))
			p->levels[i].delay_s = 120;
}

static void set_line(struct config_line *l)
{
	set_string(&l->language, "en");
	// Networks of GSM's kind take it for their own emergency number nearly everywhere.
	set_string(&l->emergency, "112");
}

// Half the mark at which it opens.
static void set_overflow(struct config_overflow *o, const struct config_report *r, const char *path)
{
	if (!config_has(r, config_key("%s.overflow.oldest_until_s", path).path))
		o->oldest_until_s = o->oldest_s / 2;
	if (!config_has(r, config_key("%s.overflow.depth_until", path).path))
		o->depth_until = o->depth / 2;
}

static void set_pool(struct config_pool *p, const struct config_report *r, const char *path)
{
	set_numbers(r, path, p, pool_numbers, COUNT(pool_numbers));
	if (!config_has(r, config_key("%s.automatic", path).path))
		p->automatic = true;
	set_overflow(&p->overflow, r, path);
	set_string(&p->two_person_close, "unknown");
}

void config_set_defaults(struct config *c, struct config_report *r, const char *folder)
{
	config_each_string(c, fill_string, (void *)(uintptr_t)folder);
	set_string(&c->node, "node1");
	set_string(&c->state_dir, folder);
	set_joined(&c->key_dir, c->state_dir, "keys");
	set_string(&c->log_level, "info");
	set_listeners(c, r);
	set_redis(c, r);
	set_spool(&c->spool, r);
	set_capacity(&c->capacity, r);
	for (unsigned i = 0; i < c->gateways_count; i++)
		if (!config_has(r, config_key("gateways[%u].validity_s", i).path))
			c->gateways[i].validity_s = 3600;
	for (unsigned i = 0; i < c->pools_count; i++)
		set_pool(&c->pools[i], r, config_key("pools[%u]", i).path);
	for (unsigned i = 0; i < c->lines_count; i++)
		set_line(&c->lines[i]);
	for (unsigned i = 0; i < c->policies_count; i++)
		set_policy(&c->policies[i], r, config_key("policies[%u]", i).path);
}
