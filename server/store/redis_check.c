// SPDX-License-Identifier: Apache-2.0
// "Accepted means on disk", at connect: asks Redis for its settings, and refuses one that could
// lose what it has accepted.
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "redis_link.h"
#include "redis_replicas.h"

// Longer than the link waits for a silent peer: an unanswered check always ends by the cut.
#define CHECK_MS    15000
#define LEAST_MAJOR 7

// Each of these alone voids "accepted means on disk".
static const struct setting {
	const char *name;
	const char *must; // NULL: only looked at
	const char *otherwise;
} settings[] = {
        {"appendonly", "yes", "an accepted text could be lost"},
        {"appendfsync", "always", "an accepted text could be lost"},
        {"no-appendfsync-on-rewrite", "no", "a text accepted during a rewrite could be lost"},
        {"maxmemory-policy", "noeviction", "Redis could throw accepted texts away"},
        {"min-replicas-to-write", NULL, ""},
};
#define SETTINGS (sizeof settings / sizeof settings[0])

enum {
	ASK_PING, // the one of them that a starting server does not answer
	ASK_INFO,
	ASK_ROLE,
	ASK_RIGHTS,
	ASK_SETTINGS, // and one more for each setting
	ASK_COUNT = ASK_SETTINGS + SETTINGS
};

// What one check finds.
struct findings {
	char run_id[48];
	unsigned replicas;
	size_t places_count;
	struct place places[REPLICAS_MAX]; // of the first of them
	bool refuses_alone;
	struct buf description;
};

struct check {
	struct wire *wire;
	struct redis_demands demands;
	check_fn fn;
	void *arg;
	size_t answered; // replies come in the order of asking
	bool over;
	bool replica;
	struct buf why; // the first objection
	struct buf settings;
	struct findings now, last; // last: of the last check that came to its end
};

struct check *check_new(struct wire *w, const struct redis_demands *demands, check_fn fn, void *arg)
{
	struct check *c = xcalloc(1, sizeof *c);
	*c = (struct check){.wire = w, .demands = *demands, .fn = fn, .arg = arg, .over = true};
	return c;
}

void check_free(struct check *c)
{
	if (!c)
		return;
	buf_free(&c->why);
	buf_free(&c->settings);
	buf_free(&c->now.description);
	buf_free(&c->last.description);
	free(c);
}

const char *check_describe(struct check *c)
{
	struct buf *b = &c->last.description;
	if (b->len > 0)
		return buf_str(b);
	buf_append_str(b, "redis at ");
	place_print(wire_place(c->wire), b);
	buf_append_str(b, ": not checked");
	const char *text = buf_str(b);
	// The place may change until it is.
	b->len = 0;
	return text;
}

const char *check_run_id(const struct check *c)
{
	return c->last.run_id;
}

unsigned check_replicas(const struct check *c)
{
	return c->last.replicas;
}

size_t check_places(const struct check *c, const struct place **out)
{
	*out = c->last.places;
	return c->last.places_count;
}

bool check_refuses_alone(const struct check *c)
{
	return c->last.refuses_alone;
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
		if (!c->demands.unsafe && s->must && c->why.len == 0)
			buf_printf(&c->why,
			        "CONFIG GET %s was refused (%s), must be permitted: %s otherwise",
			        s->name, r->error, s->otherwise);
		return;
	}
	struct bytes is = redis_bytes(redis_field(r->reply, s->name));
	bool looked_at = s->must || c->demands.copies > 0;
	if (looked_at)
		buf_printf(&c->settings, "%s %s %.*s", c->settings.len ? "," : "", s->name,
		        (int)is.len, (const char *)is.data);
	if (!s->must)
		c->now.refuses_alone = !bytes_is(is, "0");
	else if (!c->demands.unsafe && !bytes_is(is, s->must))
		object(c, s->name, is, s->must, s->otherwise);
}

// "name:value\r\n" somewhere in the text. Our strings end with a NUL.
static struct bytes info_field(const struct redis_result *r, const char *name)
{
	const char *text = (const char *)redis_bytes(r->reply).data;
	const char *at = text ? strstr(text, name) : NULL;
	return at ? bytes_of(at + strlen(name), strcspn(at + strlen(name), "\r\n")) : bytes_str("");
}

static void take_info(struct check *c, const struct redis_result *r)
{
	struct bytes version = info_field(r, "redis_version:");
	struct buf *out = &c->now.description;
	char text[24];
	bytes_copy(version, text, sizeof text);
	text[strspn(text, "0123456789.")] = '\0';
	bytes_copy(info_field(r, "run_id:"), c->now.run_id, sizeof c->now.run_id);
	buf_printf(out, "redis %s at ", text);
	place_print(wire_place(c->wire), out);
	buf_append_char(out, ':');
	if (!c->demands.unsafe && strtol(text, NULL, 10) < LEAST_MAJOR)
		object(c, "redis_version", bytes_str(text), "7.0 or later", "the scripts need it");
}

// master, offset, [[host, port, offset], …]
static void take_role(struct check *c, const struct redis_result *r)
{
	struct bytes role = redis_bytes(redis_at(r->reply, 0));
	c->replica = r->status == REDIS_OK && !bytes_is(role, "master");
	if (c->replica)
		object(c, "role", role, "master", "a replica accepts no texts");
	const struct redis_reply *list = redis_at(r->reply, 2);
	struct findings *f = &c->now;
	f->replicas = (unsigned)redis_count(list);
	for (size_t i = 0; i < f->replicas && f->places_count < REPLICAS_MAX; i++)
		f->places_count +=
		        place_read(redis_at(list, i), &f->places[f->places_count]) ? 1 : 0;
}

// What a script wrote is a MULTI … EXEC in the file, and Redis 7.0 reads the file as the user
// `default`, on or off: without rights it leaves out each of these, with no more than a line in its
// log.
static void take_rights(struct check *c, const struct redis_result *r)
{
	struct bytes is = redis_bytes(r->reply);
	if (r->status == REDIS_OK && !c->demands.unsafe && !bytes_is(is, "OK"))
		object(c, "ACL DRYRUN default HSET", is, "OK",
		        "Redis would leave out what scripts wrote when it reads its file");
}

static void end(struct check *c, enum check_outcome outcome, const char *why)
{
	c->over = true;
	c->fn(outcome, why, c->arg);
}

static void keep_findings(struct check *c)
{
	struct findings before = c->last;
	buf_append_bytes(&c->now.description, buf_bytes(&c->settings));
	if (!c->replica)
		buf_printf(&c->now.description, ", role master, replicas %u, copies %u",
		        c->now.replicas, c->demands.copies);
	c->last = c->now;
	c->now = (struct findings){0};
	buf_free(&before.description);
}

static void finish(struct check *c)
{
	keep_findings(c);
	end(c,
	        c->replica       ? CHECK_ELSEWHERE
	        : c->why.len > 0 ? CHECK_REFUSED
	                         : CHECK_GOOD,
	        buf_str(&c->why));
}

static bool has_code(const char *error, const char *code)
{
	return strcmp(redis_error_of(error)->code, code) == 0;
}

// Redis answers nobody now. It says nothing about whether it is fit, and texts have the spool.
static bool passes(const char *error)
{
	return error[0] && (has_code(error, "LOADING") || has_code(error, "BUSY"));
}

// PING is told that Redis cannot write to its disk, as scripts will be; whatever reads is answered.
static bool writes_only(size_t asked, const struct redis_result *r)
{
	return asked == ASK_PING && has_code(r->error, "MISCONF");
}

static void on_answer(const struct redis_result *r, void *arg)
{
	struct check *c = arg;
	size_t i = c->answered++;
	if (c->over || r->status == REDIS_UNKNOWN)
		return;
	if (passes(r->error)) {
		end(c, CHECK_LATER, redis_error_of(r->error)->meaning);
		return;
	}
	if (r->status != REDIS_OK && i < ASK_SETTINGS && c->why.len == 0 && !writes_only(i, r))
		buf_printf(&c->why, "Redis refused to be checked (%s)", r->error);
	if (i == ASK_INFO)
		take_info(c, r);
	if (i == ASK_ROLE)
		take_role(c, r);
	if (i == ASK_RIGHTS)
		take_rights(c, r);
	if (i >= ASK_SETTINGS)
		take_setting(c, &settings[i - ASK_SETTINGS], r);
	if (c->answered == ASK_COUNT)
		finish(c);
}

#define WORDS_MAX 7

static const char *const questions[ASK_SETTINGS][WORDS_MAX + 1] = {
        [ASK_PING] = {"PING"},
        [ASK_INFO] = {"INFO", "server"},
        [ASK_ROLE] = {"ROLE"},
        [ASK_RIGHTS] = {"ACL", "DRYRUN", "default", "HSET", "key", "field", "value"},
};

// Of one command; NULL after the last.
static void ask(struct check *c, const char *const words[WORDS_MAX + 1])
{
	struct bytes parts[WORDS_MAX];
	int n = 0;
	for (; words[n]; n++)
		parts[n] = bytes_str(words[n]);
	if (!wire_send_parts(c->wire, n, parts, CHECK_MS, on_answer, c))
		fatal("event=redis_check");
}

void check_start(struct check *c)
{
	c->answered = 0;
	c->over = c->replica = false;
	buf_clear(&c->why);
	buf_clear(&c->settings);
	buf_free(&c->now.description);
	c->now = (struct findings){0};
	for (size_t i = 0; i < ASK_SETTINGS; i++)
		ask(c, questions[i]);
	for (size_t i = 0; i < SETTINGS; i++)
		ask(c, (const char *const[WORDS_MAX + 1]){"CONFIG", "GET", settings[i].name});
}
