// SPDX-License-Identifier: Apache-2.0
// "Accepted means on disk", at connect: asks Redis for its settings, and refuses one that could
// lose what it has accepted.
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "redis_link.h"

// Longer than the link waits for a silent peer: an unanswered check always ends by the cut.
#define CHECK_MS    15000
#define LEAST_MAJOR 7

// Each of these alone voids "accepted means on disk".
static const struct setting {
	const char *name;
	const char *must;
	const char *otherwise;
} settings[] = {
        {"appendonly", "yes", "an accepted text could be lost"},
        {"appendfsync", "always", "an accepted text could be lost"},
        {"no-appendfsync-on-rewrite", "no", "a text accepted during a rewrite could be lost"},
        {"maxmemory-policy", "noeviction", "Redis could throw accepted texts away"},
};
#define SETTINGS (sizeof settings / sizeof settings[0])

enum {
	ASK_PING, // the one of them that a starting server does not answer
	ASK_INFO,
	ASK_ROLE,
	ASK_SETTINGS, // and one more for each setting
	ASK_COUNT = ASK_SETTINGS + SETTINGS
};

struct check {
	struct redis *link;
	bool unsafe;
	const char *address;
	check_fn fn;
	void *arg;
	size_t answered; // replies come in the order of asking
	bool over;
	struct buf why; // the first objection
	struct buf found;
	struct buf description;
};

struct check *check_new(struct redis *r, bool unsafe, const char *address, check_fn fn, void *arg)
{
	struct check *c = xcalloc(1, sizeof *c);
	*c = (struct check){.link = r, .unsafe = unsafe, .address = address, .fn = fn, .arg = arg};
	buf_printf(&c->description, "redis at %s: not checked", address);
	return c;
}

void check_free(struct check *c)
{
	if (!c)
		return;
	buf_free(&c->why);
	buf_free(&c->found);
	buf_free(&c->description);
	free(c);
}

const char *check_describe(struct check *c)
{
	return buf_str(&c->description);
}

static void object(
        struct check *c, const char *name, struct bytes is, const char *must, const char *otherwise)
{
	if (c->why.len > 0)
		return;
	buf_printf(&c->why, "%s is \"%.*s\", must be \"%s\": %s", name,
	        (int)(is.len < 64 ? is.len : 64), (const char *)is.data, must, otherwise);
}

static void take_setting(struct check *c, const struct setting *s, const struct redis_result *r)
{
	if (r->status != REDIS_OK) {
		if (!c->unsafe && c->why.len == 0)
			buf_printf(&c->why,
			        "CONFIG GET %s was refused (%s), must be permitted: %s otherwise",
			        s->name, r->error, s->otherwise);
		return;
	}
	struct bytes is = redis_bytes(redis_field(r->reply, s->name));
	buf_printf(&c->found, "%s %s %.*s", c->found.len ? "," : "", s->name, (int)is.len,
	        (const char *)is.data);
	if (!c->unsafe && !bytes_is(is, s->must))
		object(c, s->name, is, s->must, s->otherwise);
}

// "redis_version:7.0.15\r\n" somewhere in the text.
static void take_info(struct check *c, const struct redis_result *r)
{
	static const char field[] = "redis_version:";
	// Our strings end with a NUL.
	const char *at = strstr((const char *)redis_bytes(r->reply).data, field);
	const char *version = at ? at + sizeof field - 1 : "";
	size_t len = strspn(version, "0123456789.");
	buf_clear(&c->description);
	buf_printf(&c->description, "redis %.*s at %s:", (int)len, version, c->address);
	if (!c->unsafe && strtol(version, NULL, 10) < LEAST_MAJOR)
		object(c, "redis_version", bytes_of(version, len), "7.0 or later",
		        "the scripts need it");
}

static void take_role(struct check *c, const struct redis_result *r)
{
	struct bytes role = redis_bytes(redis_at(r->reply, 0));
	if (!bytes_is(role, "master"))
		object(c, "role", role, "master", "a replica accepts no texts");
}

static void end(struct check *c, enum check_outcome outcome, const char *why)
{
	c->over = true;
	c->fn(outcome, why, c->arg);
}

static void on_answer(const struct redis_result *r, void *arg)
{
	struct check *c = arg;
	size_t i = c->answered++;
	if (c->over || r->status == REDIS_UNKNOWN)
		return;
	if (strncmp(r->error, "LOADING", 7) == 0) {
		end(c, CHECK_LATER, "Redis is still reading its files");
		return;
	}
	if (r->status != REDIS_OK && i < ASK_SETTINGS && c->why.len == 0)
		buf_printf(&c->why, "Redis refused to be checked (%s)", r->error);
	if (i == ASK_INFO)
		take_info(c, r);
	if (i == ASK_ROLE)
		take_role(c, r);
	if (i >= ASK_SETTINGS)
		take_setting(c, &settings[i - ASK_SETTINGS], r);
	if (c->answered < ASK_COUNT)
		return;
	buf_append_bytes(&c->description, buf_bytes(&c->found));
	end(c, c->why.len ? CHECK_REFUSED : CHECK_GOOD, buf_str(&c->why));
}

static void ask(struct check *c, const char *first, const char *second, const char *third)
{
	struct bytes parts[] = {bytes_str(first), bytes_str(second), bytes_str(third)};
	link_send_parts(c->link, third ? 3 : second ? 2 : 1, parts, CHECK_MS, on_answer, c);
}

void check_start(struct check *c)
{
	c->answered = 0;
	c->over = false;
	buf_clear(&c->why);
	buf_clear(&c->found);
	ask(c, "PING", NULL, NULL);
	ask(c, "INFO", "server", NULL);
	ask(c, "ROLE", NULL, NULL);
	for (size_t i = 0; i < SETTINGS; i++)
		ask(c, "CONFIG", "GET", settings[i].name);
}
