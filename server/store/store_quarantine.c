// SPDX-License-Identifier: Apache-2.0
// The quarantine: its two scripts, and the reads beside them.
#include "call.h"
#include "private.h"

#define KEEP_MS   (30LL * 24 * 3600 * 1000)
#define PAST_MOST 200

static void key_entry(struct call *c, const char *id)
{
	call_key(c, "{quarantine}:e:%s", id);
}

void store_quarantine_put(
        struct store *s, const struct store_quarantine *in, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "quarantine_put");
	call_key(&c, "{quarantine}:entries");
	key_entry(&c, in->id);
	call_key(&c, "{quarantine}:seen:%s", in->fingerprint);
	call_int(&c, in->at_ms);
	call_str(&c, in->id);
	call_str(&c, in->gateway);
	call_str(&c, in->reason);
	call_int(&c, (int64_t)in->size);
	call_bytes(&c, in->sealed);
	call_int(&c, STORE_QUARANTINE_MOST);
	call_int(&c, STORE_KEEP_MS);
	call_run(&c, fn, arg);
}

void store_quarantine_end(struct store *s, const char *id, const char *outcome, const char *by,
        const char *note, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "quarantine_end");
	call_key(&c, "{quarantine}:entries");
	key_entry(&c, id);
	call_key(&c, "{quarantine}:past");
	call_now(&c);
	call_str(&c, id);
	call_str(&c, outcome);
	call_str(&c, by);
	call_str(&c, note);
	call_int(&c, KEEP_MS);
	call_int(&c, PAST_MOST);
	call_run(&c, fn, arg);
}

void store_quarantine_count(struct store *s, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "ZCARD");
	call_key(&c, "{quarantine}:entries");
	call_run(&c, fn, arg);
}

void store_quarantine_ids(struct store *s, size_t limit, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "ZRANGE");
	call_key(&c, "{quarantine}:entries");
	call_int(&c, 0);
	call_int(&c, (int64_t)limit - 1);
	call_str(&c, "WITHSCORES");
	call_run(&c, fn, arg);
}

void store_quarantine_facts(struct store *s, const char *id, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "HMGET");
	key_entry(&c, id);
	call_str(&c, "at");
	call_str(&c, "reason");
	call_str(&c, "size");
	call_str(&c, "outcome");
	call_str(&c, "by");
	call_run(&c, fn, arg);
}

void store_quarantine_get(struct store *s, const char *id, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "HGETALL");
	key_entry(&c, id);
	call_run(&c, fn, arg);
}
