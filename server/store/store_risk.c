// SPDX-License-Identifier: Apache-2.0
// Levels set by humans, the risk ladder and flags: their scripts, one wrapper each.
#include "call.h"
#include "private.h"

static void begin(struct call *c, struct store *s, const char *script, const struct store_by *by)
{
	const struct store_claim *claim = &by->claim;
	call_script(c, s, script);
	call_key(c, "{%s}:c:%s", claim->pool, claim->conversation);
	call_key(c, "{%s}:q0", claim->pool);
	call_key(c, "{%s}:q", claim->pool);
	call_key(c, "{%s}:due", claim->pool);
	for (int l = LEVEL_LOW; l <= LEVEL_IMMINENT; l++)
		call_key(c, "{%s}:w:%d", claim->pool, l);
	call_key(c, "{%s}:custody:%s", claim->pool, claim->conversation);
	call_now(c);
	call_str(c, claim->conversation);
	call_str(c, claim->name);
	if (by->any_epoch)
		call_str(c, "");
	else
		call_int(c, (int64_t)claim->epoch);
	call_int(c, by->supervisor);
	call_by_level(c, by->boost);
	call_by_level(c, by->within);
	call_channel(c, claim->pool);
}

void store_flag(struct store *s, const struct store_by *by, store_fn fn, void *arg)
{
	struct call c;
	begin(&c, s, "flag", by);
	call_run(&c, fn, arg);
}

void store_set_level(struct store *s, const struct store_by *by, enum level level,
        const char *reason, store_fn fn, void *arg)
{
	struct call c;
	begin(&c, s, "set_level", by);
	call_int(&c, level);
	call_str(&c, reason);
	call_run(&c, fn, arg);
}

void store_set_risk(
        struct store *s, const struct store_by *by, const struct risk *risk, store_fn fn, void *arg)
{
	struct call c;
	begin(&c, s, "set_risk", by);
	call_int(&c, risk->thoughts);
	call_int(&c, risk->plan);
	call_int(&c, risk->means);
	call_int(&c, risk->timeframe);
	call_int(&c, risk_imminent(risk));
	call_run(&c, fn, arg);
}

void store_flag_settle(struct store *s, const struct store_claim *claim, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "flag_settle");
	call_key(&c, "{%s}:c:%s", claim->pool, claim->conversation);
	call_key(&c, "{%s}:due", claim->pool);
	call_key(&c, "{%s}:custody:%s", claim->pool, claim->conversation);
	call_now(&c);
	call_str(&c, claim->conversation);
	call_str(&c, claim->name);
	call_channel(&c, claim->pool);
	call_run(&c, fn, arg);
}

void store_page_open_flag(struct store *s, const char *pool, const char *conversation,
        uint64_t number, const char *policy, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "page_open_flag");
	call_key(&c, "{%s}:c:%s", pool, conversation);
	call_key(&c, "{%s}:e:%llu", pool, (unsigned long long)number);
	call_key(&c, "{%s}:pages", pool);
	call_key(&c, "{%s}:due", pool);
	call_now(&c);
	call_str(&c, conversation);
	call_int(&c, (int64_t)number);
	call_str(&c, policy);
	call_channel(&c, pool);
	call_run(&c, fn, arg);
}
