// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

// holdfast.yaml as a struct. The one table of keys is the libcyaml schema in server/base/config.c:
// key, type, limits. Strings are never NULL after loading; an absent one is "". File names are made
// absolute, relative to the folder of the configuration file. Durations are whole seconds.

struct config_tls_listener {
	char *address;
	uint16_t port; // 0 lets the kernel choose (tests); the port is logged
	char *certificate_file;
	char *key_file;
	char *client_ca_file; // "" asks for no client certificate
};

struct config_admin {
	char *address;
	uint16_t port;
};

struct config_endpoint {
	char *host;
	uint16_t port;
};

struct config_redis {
	bool embedded; // holdfastd starts and minds a private redis-server under state_dir
	char *socket;  // path; used when not ""
	char *host;
	uint16_t port;
	char *user; // ACL user; "" is Redis' default user
	char *password_file;
	bool tls; // to Redis and to the Sentinels
	char *ca_file;
	char *certificate_file; // ours, where Redis asks for one
	char *key_file;
	// Sentinels know where the master is; host and port have no use then.
	struct config_endpoint *sentinels;
	unsigned sentinels_count;
	char *master_name; // as the Sentinels call it
	char *sentinel_user;
	char *sentinel_password_file;
};

struct config_durability {
	uint32_t copies; // replicas that must have a change before anybody is told that it is safe
};

struct config_spool {
	uint32_t size_mb;      // the most that the spool may hold
	uint32_t page_after_s; // people are paged when a spooled text is older
};

struct config_gateway {
	char *name;
	char *provider; // a row of edge/gateways.def
	char *account;  // Twilio: AccountSid. Kannel: sendsms user
	char *secret_file;
	char *path_secret_file;          // "" when the provider signs
	bool require_client_certificate; // and the listener has a client_ca_file
	char *public_url;                // scheme://host[:port] under which the provider reaches us
	char *send_url;                  // base URL of the provider's API
	char *send_socket;               // unix socket to reach send_url through, or ""
	char *send_ca_file;              // "" trusts the system's store
	uint32_t validity_s;             // how long the provider may try to deliver
	uint32_t rate_per_s;             // the most texts a second over all nodes; 0 is no limit
};

// A word with which a first text may begin, such as a partner's: it only tags the conversation.
struct config_keyword {
	char *word;
	char *partner;
	char *language; // also asked of the counselor, as "lang:…"
	char **require;
	unsigned require_count;
	char **want;
	unsigned want_count;
};

struct config_line {
	char *number;
	char *name;
	char *gateway;
	char *pool;
	char *language;  // of automatic texts, where the conversation has none of its own
	char *emergency; // the number to call in danger, as texters are told it
	char **require;  // skills (core/skills.h) that are asked of counselors
	unsigned require_count;
	char **want; // and those that are wished for
	unsigned want_count;
	struct config_keyword *keywords;
	unsigned keywords_count;
};

// An automatic text in other words than the table's (base/texts.def).
struct config_text {
	char *line; // number or name of a line, or "*"
	char *language;
	char *name;
	char *text; // "" turns it off
};

struct config_by_level {
	uint32_t imminent_s;
	uint32_t high_s;
	uint32_t unknown_s;
	uint32_t medium_s;
	uint32_t low_s;
};

// How long a texter may wait for a reply of whoever holds their conversation; 0 is never.
struct config_counselor_silence {
	uint32_t nudge_s;      // the counselor is reminded
	uint32_t supervisor_s; // supervisors are told
	uint32_t reroute_s;    // somebody else is asked
};

// What is asked of counselors no more when somebody has waited for so long.
struct config_ring {
	uint32_t after_s;
	char **drop;
	unsigned drop_count;
};

// How many people at once, by a counselor's grade.
struct config_capacity {
	uint32_t novice;
	uint32_t standard;
	uint32_t expert;
};

// After an imminent conversation: so long, so many fewer people at once. 0 s turns it off.
struct config_exposure {
	uint32_t after_imminent_s;
	uint32_t units;
};

// When the counselors of other pools help out.
struct config_overflow {
	char **to; // pools; none: nobody does
	unsigned to_count;
	uint32_t oldest_s;
	uint32_t oldest_until_s;
	uint32_t depth;
	uint32_t depth_until;
};

// Whole texts by which texters have what they wrote deleted.
struct config_delete_words {
	char *language; // of the receipt; "" is the line's
	char **words;
	unsigned words_count;
};

// Who begins more conversations than that within the time comes later in the queue.
#define LIMIT_CONVERSATIONS_MAX 100
#define LIMIT_HOURS_MAX         1440
struct config_limits {
	uint32_t conversations; // 0: nobody is counted
	uint32_t per_hours;
	uint32_t later_s; // also of who is limited for abuse
};

struct config_pool {
	char *name;
	char *policy;
	struct config_by_level answer_within;
	struct config_by_level boost; // imminent_s has no use: imminent is a class of its own
	uint32_t offer_s;             // how long an offer stands
	uint32_t offer_imminent_to;   // so many are asked at once when somebody is in danger
	uint32_t grace_s;             // how long a vanished console keeps its people
	uint32_t wrap_up_s;
	bool survey;       // texters are asked how it was
	uint32_t survey_s; // for so long a number is an answer
	uint32_t reopen_s; // 0: a late text begins a new conversation
	struct config_limits limits;
	struct config_exposure exposure;
	struct config_overflow overflow;
	char *shifts; // the schedule of its counselors' shifts, or ""
	struct config_ring *rings;
	unsigned rings_count;
	uint32_t skills_at_most_s; // nothing but a language is asked for longer
	char *trainee_up_to; // the highest level of whom counselors with the skill "trainee" get;
	                     // "": any
	uint32_t drain_before_s; // the end of a shift: no new offers from then on
	struct config_counselor_silence counselor_silence;
	struct config_by_level texter_silence; // after a reply; 0 is never
	uint32_t flag_acknowledge_s; // an acknowledged flag that nobody has settled rings again
	char *two_person_close;      // a level, from which on a close takes two people, or "never"
	uint32_t close_silent_s;     // medium and low end by themselves after it; 0 is never
	bool automatic;              // texters get automatic texts
	char *hours;                 // the schedule within which people are here; "" is always
	struct config_delete_words *delete_words; // none: core/deletion.h's own
	unsigned delete_words_count;
	uint32_t retain_days; // closed conversations are deleted after it; 0: never
	char **intake;        // questions to those who wait: rows of base/texts.def, question_NAME
	unsigned intake_count;
};

struct config_shift {
	char *days; // "mon-fri", "sat,sun", "daily"
	char *from; // "08:00" local time
	char *to;   // "20:00"; at or before `from` means the next day; "24:00" is midnight
	char **people;
	unsigned people_count;
};

struct config_schedule {
	char *name;
	char *zone; // IANA
	struct config_shift *shifts;
	unsigned shifts_count;
};

struct config_level {
	char **targets; // "schedule:NAME" or "person:NAME"
	unsigned targets_count;
	uint32_t delay_s; // before the next level
};

struct config_policy {
	char *name;
	char *line; // the line's number that pages are sent from
	struct config_level *levels;
	unsigned levels_count;
	uint32_t repeats; // extra passes for unknown, medium and low; imminent and high repeat
	                  // without end
	uint32_t acknowledge_s; // an acknowledged page whose conversation is still unanswered rings
	                        // again after this
	char **catch_all;       // targets; mandatory
	unsigned catch_all_count;
};

struct config_ctl {
	char *user; // the operator that holdfastctl signs in as
	char *password_file;
	char *url;     // "" is derived from the console listener
	char *ca_file; // "" trusts the system's store
};

struct config {
	char *node; // this node's name, unique among nodes
	char *state_dir;
	char *key_dir;
	char *log_level;
	struct config_tls_listener gateways_listener;
	struct config_tls_listener consoles_listener;
	struct config_admin admin_listener;
	struct config_redis redis;
	struct config_durability durability;
	struct config_spool spool;
	struct config_ctl ctl;
	struct config_capacity capacity;
	struct config_gateway *gateways;
	unsigned gateways_count;
	struct config_line *lines;
	unsigned lines_count;
	struct config_pool *pools;
	unsigned pools_count;
	struct config_schedule *schedules;
	unsigned schedules_count;
	struct config_policy *policies;
	unsigned policies_count;
	struct config_text *texts;
	unsigned texts_count;
};

// Reads and checks a file: syntax, keys, types, ranges, then references (a line's gateway and pool,
// a pool's policy, a policy's schedules, a mandatory catch_all, unique names, known IANA zones,
// readable files). NULL on failure, with one line for each mistake in `errors`: "FILE:LINE: KEY:
// what is wrong". The caller frees the result with config_free().
struct config *config_load(const char *path, struct buf *errors);
void config_free(struct config *c);

const struct config_gateway *config_gateway(
        const struct config *c, const char *name); // NULL when absent
const struct config_line *config_line(const struct config *c, const char *number);
const struct config_pool *config_pool(const struct config *c, const char *name);
const struct config_schedule *config_schedule(const struct config *c, const char *name);
const struct config_policy *config_policy(const struct config *c, const char *name);

// A skill's name: a-z, 0-9, ':', '_' and '-', at most 32, perhaps with a '!' before it.
bool config_is_skill(const char *skill);
// One of the five levels' names.
bool config_is_level(const char *name);

// A secret's file: one trailing newline dropped, at most 4 KiB, refused when others may read it
// (mode & 077). False leaves a sentence in `errors`.
MUST_CHECK bool config_read_secret(const char *path, struct buf *out, struct buf *errors);
// Any file, at most `max` bytes.
MUST_CHECK bool config_read_file(const char *path, size_t max, struct buf *out, struct buf *errors);
