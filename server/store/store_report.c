// SPDX-License-Identifier: Apache-2.0
// Reports of abuse: their scripts, one wrapper each, and the read beside them.
#include "call.h"
#include "private.h"

static void key_texter(
        struct call *c, const char *what, const char *pool, const char *line, const char *texter)
{
	call_key(c, "{%s}:%s:%s:%s", pool, what, line, texter);
}

void store_report(struct store *s, const struct store_claim *claim,
        const struct store_abuse *report, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "report");
	call_key(&c, "{%s}:c:%s", claim->pool, claim->conversation);
	call_key(&c, "{%s}:reports", claim->pool);
	call_key(&c, "{%s}:notes:%s", claim->pool, claim->conversation);
	key_texter(&c, "known", claim->pool, report->line, report->texter);
	call_key(&c, "{%s}:custody:%s", claim->pool, claim->conversation);
	call_claim(&c, claim);
	call_channel(&c, claim->pool);
	call_str(&c, report->reason);
	call_int(&c, report->recuse);
	call_str(&c, report->note ? report->note->id : "");
	call_bytes(&c, report->note ? report->note->sealed : bytes_str(""));
	call_run(&c, fn, arg);
}

void store_report_settle(struct store *s, const struct store_claim *claim,
        const struct store_abuse *report, uint32_t hours, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "report_settle");
	call_key(&c, "{%s}:c:%s", claim->pool, claim->conversation);
	call_key(&c, "{%s}:reports", claim->pool);
	key_texter(&c, "abuse", claim->pool, report->line, report->texter);
	key_texter(&c, "often", claim->pool, report->line, report->texter);
	call_key(&c, "{%s}:q", claim->pool);
	call_key(&c, "{%s}:custody:%s", claim->pool, claim->conversation);
	call_now(&c);
	call_str(&c, claim->conversation);
	call_str(&c, claim->name);
	call_channel(&c, claim->pool);
	call_int(&c, (int64_t)hours * 3600 * 1000);
	call_int(&c, hours);
	call_by_level(&c, report->boost);
	call_run(&c, fn, arg);
}

void store_reports(struct store *s, const char *pool, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "HGETALL");
	call_key(&c, "{%s}:reports", pool);
	call_run(&c, fn, arg);
}
