// SPDX-License-Identifier: Apache-2.0
// How a conversation changes hands or gets company: take-over, transfer, joining, words among
// staff.
#include "call.h"
#include "private.h"

static void key_of(struct call *c, const struct store_claim *claim)
{
	call_key(c, "{%s}:c:%s", claim->pool, claim->conversation);
}

// A key is made of a name that may be empty: nobody has that one.
static void key_hold(struct call *c, const struct store_claim *claim, const char *name)
{
	call_key(c, "{%s}:hold:%s", claim->pool, name[0] ? name : "-");
}

static void key_with(struct call *c, const struct store_claim *claim, const char *name)
{
	call_key(c, "{%s}:with:%s", claim->pool, name);
}

static void key_pool(struct call *c, const struct store_claim *claim, const char *what)
{
	call_key(c, "{%s}:%s", claim->pool, what);
}

static void key_notes(struct call *c, const struct store_claim *claim)
{
	call_key(c, "{%s}:notes:%s", claim->pool, claim->conversation);
}

static void key_custody(struct call *c, const struct store_claim *claim)
{
	call_key(c, "{%s}:custody:%s", claim->pool, claim->conversation);
}

void store_take_over(struct store *s, const struct store_claim *claim, const char *before,
        const struct store_note *note, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "take_over");
	key_of(&c, claim);
	key_pool(&c, claim, "q0");
	key_pool(&c, claim, "q");
	key_pool(&c, claim, "due");
	key_pool(&c, claim, "staff");
	key_hold(&c, claim, before);
	key_hold(&c, claim, claim->name);
	key_pool(&c, claim, "held");
	key_with(&c, claim, claim->name);
	key_notes(&c, claim);
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++)
		call_key(&c, "{%s}:w:%d", claim->pool, l);
	key_custody(&c, claim);
	call_claim(&c, claim);
	call_str(&c, before);
	call_str(&c, note->id);
	call_bytes(&c, note->sealed);
	call_channel(&c, claim->pool);
	call_run(&c, fn, arg);
}

void store_transfer(struct store *s, const struct store_claim *claim, const char *to,
        const char *skill, int64_t transfer_ms, const struct store_note *note, store_fn fn,
        void *arg)
{
	struct call c;
	call_script(&c, s, "transfer");
	key_of(&c, claim);
	key_pool(&c, claim, "due");
	key_pool(&c, claim, "staff");
	key_with(&c, claim, to);
	key_notes(&c, claim);
	call_claim(&c, claim);
	call_str(&c, to);
	call_int(&c, transfer_ms);
	call_str(&c, note->id);
	call_bytes(&c, note->sealed);
	call_channel(&c, claim->pool);
	call_str(&c, skill);
	call_run(&c, fn, arg);
}

void store_transfer_take(
        struct store *s, const struct store_claim *claim, const char *giver, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "transfer_take");
	key_of(&c, claim);
	key_pool(&c, claim, "due");
	key_pool(&c, claim, "staff");
	key_hold(&c, claim, giver);
	key_hold(&c, claim, claim->name);
	key_pool(&c, claim, "held");
	key_with(&c, claim, claim->name);
	key_custody(&c, claim);
	call_claim(&c, claim);
	call_str(&c, giver);
	call_channel(&c, claim->pool);
	call_run(&c, fn, arg);
}

void store_transfer_end(struct store *s, const struct store_claim *claim,
        const struct store_ending *ending, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "transfer_end");
	key_of(&c, claim);
	key_pool(&c, claim, "q0");
	key_pool(&c, claim, "q");
	key_pool(&c, claim, "due");
	key_pool(&c, claim, "staff");
	key_hold(&c, claim, ending->giver);
	key_pool(&c, claim, "held");
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++)
		call_key(&c, "{%s}:w:%d", claim->pool, l);
	key_pool(&c, claim, "tend");
	key_with(&c, claim, claim->name);
	key_with(&c, claim, ending->next[0] ? ending->next : "-");
	key_custody(&c, claim);
	call_claim(&c, claim);
	call_str(&c, ending->why);
	call_channel(&c, claim->pool);
	call_str(&c, ending->giver);
	call_str(&c, ending->next);
	call_int(&c, ending->transfer_ms);
	call_by_level(&c, ending->within);
	call_run(&c, fn, arg);
}

void store_join(struct store *s, const struct store_claim *claim, const char *role,
        const char *session, const char *invited, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "join");
	key_of(&c, claim);
	key_with(&c, claim, claim->name);
	call_key(&c, "{%s}:due", claim->pool);
	key_custody(&c, claim);
	call_now(&c);
	call_str(&c, claim->conversation);
	call_str(&c, claim->name);
	call_str(&c, role);
	call_str(&c, session);
	call_str(&c, invited);
	call_channel(&c, claim->pool);
	call_run(&c, fn, arg);
}

void store_leave(struct store *s, const struct store_claim *claim, const char *session, store_fn fn,
        void *arg)
{
	struct call c;
	call_script(&c, s, "leave");
	key_of(&c, claim);
	key_with(&c, claim, claim->name);
	key_custody(&c, claim);
	call_now(&c);
	call_str(&c, claim->conversation);
	call_str(&c, claim->name);
	call_str(&c, session);
	call_channel(&c, claim->pool);
	call_run(&c, fn, arg);
}

void store_invite(struct store *s, const struct store_claim *claim, const char *whom,
        int64_t invite_ms, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "invite");
	key_of(&c, claim);
	call_claim(&c, claim);
	call_str(&c, whom);
	call_int(&c, invite_ms);
	call_channel(&c, claim->pool);
	call_run(&c, fn, arg);
}

void store_note(struct store *s, const struct store_claim *claim, const char *kind,
        const struct store_note *note, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "note");
	key_of(&c, claim);
	key_notes(&c, claim);
	call_now(&c);
	call_str(&c, claim->conversation);
	call_str(&c, claim->name);
	call_str(&c, note->id);
	call_bytes(&c, note->sealed);
	call_channel(&c, claim->pool);
	call_str(&c, kind);
	call_run(&c, fn, arg);
}

void store_announce(struct store *s, const char *pool, const char *author,
        const struct store_note *note, int64_t keep_ms, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "announce");
	call_key(&c, "{%s}:announcements", pool);
	call_now(&c);
	call_str(&c, note->id);
	call_str(&c, author);
	call_bytes(&c, note->sealed);
	call_int(&c, keep_ms);
	call_channel(&c, pool);
	call_run(&c, fn, arg);
}

void store_set_pool(struct store *s, const char *pool, bool offline, const char *name,
        const char *reason, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "set_pool");
	call_key(&c, "{%s}:offline", pool);
	call_now(&c);
	call_int(&c, offline);
	call_str(&c, name);
	call_str(&c, reason);
	call_channel(&c, pool);
	call_run(&c, fn, arg);
}

void store_set_overflow(struct store *s, const char *pool, const char *why, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "overflow");
	call_key(&c, "{%s}:overflow", pool);
	call_now(&c);
	call_str(&c, why);
	call_channel(&c, pool);
	call_run(&c, fn, arg);
}

// ---- reads ----

void store_overflow(struct store *s, const char *pool, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "HGETALL");
	call_key(&c, "{%s}:overflow", pool);
	call_run(&c, fn, arg);
}

void store_offline(struct store *s, const char *pool, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "HGETALL");
	call_key(&c, "{%s}:offline", pool);
	call_run(&c, fn, arg);
}

void store_notes(struct store *s, const char *pool, const char *id, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "HGETALL");
	call_key(&c, "{%s}:notes:%s", pool, id);
	call_run(&c, fn, arg);
}

void store_of(struct store *s, const char *pool, const char *line, const char *texter, size_t count,
        store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "LRANGE");
	call_key(&c, "{%s}:of:%s:%s", pool, line, texter);
	call_int(&c, -(int64_t)count);
	call_int(&c, -1);
	call_run(&c, fn, arg);
}

void store_with(struct store *s, const char *pool, const char *name, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "HGETALL");
	call_key(&c, "{%s}:with:%s", pool, name);
	call_run(&c, fn, arg);
}

void store_announcements(
        struct store *s, const char *pool, int64_t since_ms, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "ZRANGEBYSCORE");
	call_key(&c, "{%s}:announcements", pool);
	call_int(&c, since_ms);
	call_str(&c, "+inf");
	call_str(&c, "WITHSCORES");
	call_run(&c, fn, arg);
}
