// SPDX-License-Identifier: Apache-2.0
#pragma once
// A store on a private redis-server, with a wall clock that only the test moves: what the tests of
// the scripts share. Each call is made and waited for, and then every key of the pool is looked at.
#include "server.h"

#include "core/level.h"
#include "store/store.h"

#define POOL        "north"
#define LINE        "15005550100"
#define TEXTER      "t1"
#define T0          INT64_C(1800000000000)
#define OFFER_MS    20000
#define WRAP_UP_MS  120000
#define GRACE_MS    60000
#define LEASE_MS    30000
#define VALIDITY_MS 3600000
#define ASK_MS      30000
#define GATEWAY     "twilio"
#define OUT_REPLY   "out:" GATEWAY ":reply"
#define OUT_PAGE    "out:" GATEWAY ":page"
#define OUT_NOTICE  "out:" GATEWAY ":notice"
#define NONE        INT64_MIN // no such number
#define PARTS_MAX   64
#define KNOWN_MAX   64
#define STAFF_COUNT 5

// Invented, and different for each level, so that a mix-up shows.
static const struct store_exposure exposure = {3600000, 1};
static const struct by_level boost = {.ms = {0, 1000, 200000, 500000, 900000, 7777}};
static const struct by_level within = {.ms = {0, 1800000, 900000, 600000, 300000, 60000}};
static const char *const staff[STAFF_COUNT] = {"ada", "ben", "cyd", "dee", "eli"};

// What is remembered of a conversation from one look to the next.
struct known {
	char id[24];
	char texter[24];
	int64_t epoch;
	int64_t level;
};

struct world {
	struct link link;
	struct clock clock;
	int64_t now;
	struct store *store;
	int calls;
	enum store_code code;
	size_t parts; // of the latest reply, arrays laid flat
	char part[PARTS_MAX][256];
	unsigned claims;
	char token[24];
	struct store_lease lease;
	struct known known[KNOWN_MAX];
	size_t known_count;
};

static inline int64_t world_now(void *arg)
{
	return ((struct world *)arg)->now;
}

static inline void take_parts(struct world *w, const struct redis_reply *r)
{
	if (redis_type(r) == REDIS_ARRAY) {
		for (size_t i = 0; i < redis_count(r); i++)
			take_parts(w, redis_at(r, i));
		return;
	}
	assert_true(w->parts < PARTS_MAX);
	char *part = w->part[w->parts++];
	struct bytes text = redis_bytes(r);
	if (redis_type(r) == REDIS_NIL)
		snprintf(part, sizeof w->part[0], "nil");
	else if (redis_type(r) == REDIS_INTEGER)
		snprintf(part, sizeof w->part[0], "%lld", (long long)redis_integer(r));
	else
		snprintf(part, sizeof w->part[0], "%.*s", (int)text.len, (const char *)text.data);
}

static inline void take_reply(struct world *w, const struct redis_reply *r)
{
	w->calls++;
	w->parts = 0;
	snprintf(w->part[0], sizeof w->part[0], "nothing");
	take_parts(w, r);
}

static inline void on_answer(const struct store_answer *a, void *arg)
{
	((struct world *)arg)->code = a->code;
	take_reply(arg, a->reply);
}

static inline void on_asked(const struct redis_result *r, void *arg)
{
	if (r->status != REDIS_OK)
		fail_msg("Redis: %s", r->error);
	take_reply(arg, r->reply);
}

static inline enum store_code answered(struct world *w)
{
	UNTIL(&w->link, w->calls > 0);
	assert_int_equal(w->calls, 1);
	w->calls = 0;
	return w->code;
}

#include "invariants.h"

#define ANSWERS(w, wanted)                                                                         \
	do {                                                                                       \
		assert_string_equal(store_code_name(answered(w)), store_code_name(wanted));        \
		check_invariants(w);                                                               \
	} while (0)
// One call of the store, the code that it must answer, and a look at all keys. What it answered
// besides is in `part`.
#define EXPECT(w, wanted, call, ...)                                                               \
	do {                                                                                       \
		call((w)->store, __VA_ARGS__, on_answer, w);                                       \
		ANSWERS(w, wanted);                                                                \
	} while (0)
// The same for a call without arguments.
#define EXPECT_BARE(w, wanted, call)                                                               \
	do {                                                                                       \
		call((w)->store, on_answer, w);                                                    \
		ANSWERS(w, wanted);                                                                \
	} while (0)
#define REPLY(id, client_id) (&(struct store_reply){id, client_id, bytes_str("sealed"), GATEWAY})
#define REPLY_OUT(id, conversation)                                                                \
	(&(struct store_out){POOL, GATEWAY, STORE_REPLY, id, conversation})
#define PAGE_OUT(id)   (&(struct store_out){POOL, GATEWAY, STORE_PAGE, id, ""})
#define NOTICE_OUT(id) (&(struct store_out){POOL, GATEWAY, STORE_NOTICE, id, ""})
#define AUTO_OUT(id, conversation)                                                                 \
	(&(struct store_out){POOL, GATEWAY, STORE_AUTO, id, conversation})
#define OUTCOME(epoch, outcome, provider_id, note, retry_at)                                       \
	(&(struct store_outcome){                                                                  \
	        epoch, outcome, bytes_str(provider_id), bytes_str(note), retry_at, ASK_MS})
// Where no second person is asked for, but for what is said besides.
#define CLOSING(how, wrap_up, last_seen, of_line, of_texter)                                       \
	(&(struct store_closing){.outcome = how,                                                   \
	        .wrap_up_ms = wrap_up,                                                             \
	        .seen = last_seen,                                                                 \
	        .line = of_line,                                                                   \
	        .texter = of_texter})
#define ENDING(of_texter, ...)                                                                     \
	(&(struct store_closing){.outcome = "helped",                                              \
	        .wrap_up_ms = WRAP_UP_MS,                                                          \
	        .line = LINE,                                                                      \
	        .texter = of_texter,                                                               \
	        __VA_ARGS__})
#define CLAIM(conversation, name, epoch) (&(struct store_claim){POOL, conversation, name, epoch})

// A claim of its own: no other has its token.
static inline const struct store_lease *lease(struct world *w)
{
	snprintf(w->token, sizeof w->token, "node/%u", ++w->claims);
	w->lease = (struct store_lease){w->token, LEASE_MS, VALIDITY_MS, false, ASK_MS};
	return &w->lease;
}

static inline void ask_words(struct world *w, char *words)
{
	struct bytes argv[8];
	int argc = 0;
	for (char *rest = words, *word; (word = strsep(&rest, " ")) != NULL;) {
		assert_true(argc < 8);
		for (char *tilde; (tilde = strchr(word, '~')) != NULL;)
			*tilde = ' ';
		argv[argc++] = bytes_str(word);
	}
	redis_command(w->link.redis, argc, argv, 5000, on_asked, w);
	answered(w);
}

// What Redis answers to a command of words parted by single spaces (a ~ is a space inside a word):
// the first part of it, valid until the next call. A key begins with %s for the pool's tag.
__attribute__((format(printf, 2, 3))) static inline const char *asked(
        struct world *w, const char *format, ...)
{
	char words[256];
	va_list args;
	va_start(args, format);
	vsnprintf(words, sizeof words, format, args);
	va_end(args);
	ask_words(w, words);
	return w->part[0];
}

static inline const char *field(struct world *w, const char *kind, const char *id, const char *name)
{
	return asked(w, "HGET {" POOL "}:%s:%s %s", kind, id, name);
}

static inline int64_t number(const char *text)
{
	char *end;
	long long n = strtoll(text, &end, 10);
	return end != text && *end == '\0' ? n : NONE;
}

static inline int64_t field_number(
        struct world *w, const char *kind, const char *id, const char *name)
{
	return number(field(w, kind, id, name));
}

static inline int64_t score(struct world *w, const char *set, const char *member)
{
	return number(asked(w, "ZSCORE {" POOL "}:%s %s", set, member));
}

// Since when a reply has been unsent; its member in the set is two words.
static inline int64_t unsent_since(struct world *w, const char *id, const char *conversation)
{
	char member[64];
	snprintf(member, sizeof member, "%s %s", id, conversation);
	struct bytes argv[] = {bytes_str("ZSCORE"),
	        bytes_str("{" POOL "}:unsent:" GATEWAY ":" STORE_REPLY), bytes_str(member)};
	redis_command(w->link.redis, 3, argv, 5000, on_asked, w);
	answered(w);
	return number(w->part[0]);
}

static inline int64_t size_of_set(struct world *w, const char *set)
{
	return number(asked(w, "ZCARD {" POOL "}:%s", set));
}

// In the latest reply, of names and values from `first` on.
static inline const char *part_named(struct world *w, size_t first, const char *name)
{
	for (size_t i = first; i + 1 < w->parts; i += 2)
		if (strcmp(w->part[i], name) == 0)
			return w->part[i + 1];
	return "absent";
}

static inline void know(struct world *w, const char *id, const char *texter)
{
	assert_true(w->known_count < KNOWN_MAX);
	struct known *k = &w->known[w->known_count++];
	*k = (struct known){0};
	snprintf(k->id, sizeof k->id, "%s", id);
	snprintf(k->texter, sizeof k->texter, "%s", texter);
}

// A text of TEXTER. Its message and its provider's id are both `message`.
static inline struct store_ingest text(const char *id, const char *message, enum level level)
{
	return (struct store_ingest){.pool = POOL,
	        .conversation = id,
	        .wrapped_key = bytes_str("wrapped"),
	        .message = message,
	        .sealed_text = bytes_str("sealed"),
	        .level = level,
	        .reasons = "reason",
	        .provider_ms = T0 - 5,
	        .media = 2,
	        .gateway = "twilio",
	        .line = LINE,
	        .sealed_number = bytes_str("number"),
	        .texter = TEXTER,
	        .provider_id_hash = message,
	        .boost = &boost,
	        .within = &within};
}

static inline enum store_code ingest(struct world *w, const struct store_ingest *in)
{
	store_ingest(w->store, in, on_answer, w);
	enum store_code code = answered(w);
	if (code == STORE_OK && strcmp(w->part[2], "new") == 0)
		know(w, in->conversation, in->texter);
	check_invariants(w);
	return code;
}

// A new conversation, of a texter of its own.
static inline void begin(struct world *w, const char *id, enum level level)
{
	char message[32];
	snprintf(message, sizeof message, "first-%s", id);
	struct store_ingest in = text(id, message, level);
	in.texter = id;
	assert_int_equal(ingest(w, &in), STORE_OK);
	assert_string_equal(w->part[2], "new");
}

static inline void arrive(struct world *w, const char *name, unsigned capacity)
{
	char session[32];
	snprintf(session, sizeof session, "%s-1", name);
	EXPECT(w, STORE_OK, store_sign_in, POOL, name, "node", session, capacity);
	EXPECT(w, STORE_OK, store_set_presence, POOL, name, session, "available");
}

// A new conversation that `name` holds, in epoch 1.
static inline void begin_held(struct world *w, const char *id, const char *name, enum level level)
{
	begin(w, id, level);
	EXPECT(w, STORE_OK, store_offer, POOL, id, name, OFFER_MS);
	EXPECT(w, STORE_OK, store_accept, CLAIM(id, name, 1));
}

// Closes it, with a second person where one is asked for.
static inline enum store_code close_by_two(
        struct world *w, struct store_claim *as, const char *texter)
{
	const struct store_closing closing = *ENDING(texter, .seen = 0);
	store_close(w->store, as, &closing, on_answer, w);
	enum store_code code = answered(w);
	if (code != STORE_APPROVAL)
		return code;
	as->name = "sam";
	store_close_answer(w->store, as, &closing, true, "", on_answer, w);
	return answered(w);
}

static inline int world_start(void **state)
{
	struct world *w = xcalloc(1, sizeof *w);
	link_init(&w->link);
	server_start(&w->link);
	w->link.redis = link_open(&w->link, true);
	UNTIL(&w->link, w->link.up == 1);
	w->clock = (struct clock){.wall_ms = world_now, .mono_ms = world_now, .arg = w};
	w->store = store_new(w->link.redis, &w->clock);
	static const char *const gateways[] = {"kannel", GATEWAY};
	store_know_gateways(w->store, gateways, 2);
	asked(w, "CONFIG SET appendonly no"); // what is tested here is not the disk
	*state = w;
	return 0;
}

static inline int world_empty(void **state)
{
	struct world *w = *state;
	w->now = T0;
	w->known_count = 0;
	asked(w, "FLUSHALL");
	return 0;
}

static inline int world_end(void **state)
{
	struct world *w = *state;
	store_free(w->store);
	link_end(&w->link);
	free(w);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup(f, world_empty)
