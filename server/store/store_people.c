// SPDX-License-Identifier: Apache-2.0
// Staff, presence, nodes and pages: their scripts, one wrapper each.
#include "call.h"
#include "private.h"

#define STAFF_CHANNEL "{staff}:events"

const char *store_staff_channel(void)
{
	return STAFF_CHANNEL;
}

void store_seen_get(struct store *s, const char *pool, const char *gateway,
        const char *provider_id_hash, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "GET");
	call_key(&c, "{%s}:seen:%s:%s", pool, gateway, provider_id_hash);
	call_run(&c, fn, arg);
}

void store_rate(struct store *s, const struct store_rating *r, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "rate");
	call_key(&c, "{%s}:seen:%s:%s", r->pool, r->gateway, r->provider_id_hash);
	call_key(&c, "{%s}:texter:%s:%s", r->pool, r->line, r->texter);
	call_key(&c, "{%s}:c:%s", r->pool, r->conversation);
	call_now(&c);
	call_int(&c, r->rating);
	call_int(&c, r->window_ms);
	call_int(&c, STORE_KEEP_MS);
	call_run(&c, fn, arg);
}

void store_seen_put(struct store *s, const char *pool, const char *gateway,
        const char *provider_id_hash, const char *what, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "seen");
	call_key(&c, "{%s}:seen:%s:%s", pool, gateway, provider_id_hash);
	call_str(&c, what);
	call_int(&c, STORE_KEEP_MS);
	call_run(&c, fn, arg);
}

void store_page_number(struct store *s, store_fn fn, void *arg)
{
	struct call c;
	call_command(&c, s, "INCR");
	call_key(&c, "{staff}:numbers");
	call_run(&c, fn, arg);
}

// A page may wait with any gateway.
static void key_page_outboxes(struct call *c, const struct store *s, const char *pool)
{
	for (size_t i = 0; i < s->gateways_count; i++) {
		call_key(c, "{%s}:out:%s:" STORE_PAGE, pool, s->gateways[i]);
		call_key(c, "{%s}:unsent:%s:" STORE_PAGE, pool, s->gateways[i]);
	}
}

static void call_gateways(struct call *c, const struct store *s)
{
	struct buf names = {0};
	for (size_t i = 0; i < s->gateways_count; i++)
		buf_printf(&names, "%s%s", i ? "," : "", s->gateways[i]);
	call_bytes(c, buf_bytes(&names));
	buf_free(&names);
}

static void key_page(struct call *c, const char *pool, uint64_t number)
{
	call_key(c, "{%s}:e:%llu", pool, (unsigned long long)number);
}

void store_page_open(struct store *s, const char *pool, const char *conversation, uint64_t number,
        const char *policy, int64_t early_ms, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "page_open");
	call_key(&c, "{%s}:c:%s", pool, conversation);
	key_page(&c, pool, number);
	call_key(&c, "{%s}:pages", pool);
	call_key(&c, "{%s}:due", pool);
	call_now(&c);
	call_str(&c, conversation);
	call_int(&c, (int64_t)number);
	call_str(&c, policy);
	call_channel(&c, pool);
	call_int(&c, early_ms);
	call_run(&c, fn, arg);
}

void store_page_step(struct store *s, const struct store_step *step, store_fn fn, void *arg)
{
	struct call c;
	const char *pool = step->pool;
	call_script(&c, s, "page_step");
	key_page(&c, pool, step->number);
	call_key(&c, "{%s}:c:%s", pool, step->conversation);
	call_key(&c, "{%s}:due", pool);
	call_key(&c, "{%s}:pages", pool);
	call_key(&c, "{%s}:pages_past", pool);
	call_key(&c, "{%s}:gateways", pool);
	key_page_outboxes(&c, s, pool);
	for (size_t i = 0; i < step->pages_count; i++)
		call_key(&c, "{%s}:o:%s", pool, step->pages[i].id);
	call_now(&c);
	call_int(&c, (int64_t)step->number);
	call_int(&c, (int64_t)step->generation);
	call_int(&c, (int64_t)step->step);
	call_int(&c, step->pass);
	call_int(&c, step->next_at_ms);
	call_str(&c, step->people);
	call_channel(&c, pool);
	call_int(&c, STORE_KEEP_MS);
	call_gateways(&c, s);
	for (size_t i = 0; i < step->pages_count; i++) {
		const struct store_page *p = &step->pages[i];
		call_str(&c, p->id);
		call_str(&c, p->person);
		call_str(&c, p->gateway);
		call_str(&c, p->line);
		call_bytes(&c, p->sealed_number);
		call_bytes(&c, p->sealed_text);
	}
	call_run(&c, fn, arg);
}

void store_page_ack(struct store *s, const char *pool, uint64_t number, const char *person,
        int64_t acknowledge_ms, int64_t flag_acknowledge_ms, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "page_ack");
	key_page(&c, pool, number);
	call_key(&c, "{%s}:due", pool);
	key_page_outboxes(&c, s, pool);
	call_now(&c);
	call_int(&c, (int64_t)number);
	call_str(&c, person);
	call_int(&c, acknowledge_ms);
	call_int(&c, flag_acknowledge_ms);
	call_run(&c, fn, arg);
}

void store_page_resolve(struct store *s, const char *pool, uint64_t number,
        const char *conversation, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "page_resolve");
	key_page(&c, pool, number);
	call_key(&c, "{%s}:c:%s", pool, conversation);
	call_key(&c, "{%s}:due", pool);
	call_key(&c, "{%s}:pages", pool);
	call_key(&c, "{%s}:pages_past", pool);
	key_page_outboxes(&c, s, pool);
	call_now(&c);
	call_int(&c, (int64_t)number);
	call_int(&c, STORE_KEEP_MS);
	call_run(&c, fn, arg);
}

static void sign_in(struct store *s, const char *pool, const char *name, const char *node,
        const char *session, unsigned capacity, bool guest, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "sign_in");
	call_key(&c, "{%s}:staff", pool);
	call_key(&c, "{%s}:due", pool);
	call_key(&c, "{%s}:hold:%s", pool, name);
	call_key(&c, "{%s}:exposed", pool);
	call_now(&c);
	call_str(&c, name);
	call_str(&c, node);
	call_str(&c, session);
	call_int(&c, capacity);
	call_channel(&c, pool);
	call_int(&c, guest);
	call_run(&c, fn, arg);
}

void store_sign_in(struct store *s, const char *pool, const char *name, const char *node,
        const char *session, unsigned capacity, store_fn fn, void *arg)
{
	sign_in(s, pool, name, node, session, capacity, false, fn, arg);
}

void store_sign_in_guest(struct store *s, const char *pool, const char *name, const char *node,
        const char *session, unsigned capacity, store_fn fn, void *arg)
{
	sign_in(s, pool, name, node, session, capacity, true, fn, arg);
}

void store_set_presence(struct store *s, const char *pool, const char *name, const char *session,
        const char *presence, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "set_presence");
	call_key(&c, "{%s}:staff", pool);
	call_key(&c, "{%s}:due", pool);
	call_str(&c, name);
	call_str(&c, session);
	call_str(&c, presence);
	call_channel(&c, pool);
	call_run(&c, fn, arg);
}

void store_take_break(struct store *s, const char *pool, const char *name, const char *session,
        int64_t until_ms, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "take_break");
	call_key(&c, "{%s}:staff", pool);
	call_key(&c, "{%s}:due", pool);
	call_str(&c, name);
	call_str(&c, session);
	call_int(&c, until_ms);
	call_run(&c, fn, arg);
}

void store_end_break(struct store *s, const char *pool, const char *name, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "end_break");
	call_key(&c, "{%s}:staff", pool);
	call_key(&c, "{%s}:due", pool);
	call_now(&c);
	call_str(&c, name);
	call_channel(&c, pool);
	call_run(&c, fn, arg);
}

void store_set_shift(struct store *s, const char *pool, const char *name, const char *session,
        int64_t shift_end_ms, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "set_shift");
	call_key(&c, "{%s}:staff", pool);
	call_str(&c, name);
	call_str(&c, session);
	call_int(&c, shift_end_ms);
	call_run(&c, fn, arg);
}

void store_gone(struct store *s, const char *pool, const char *name, const char *session,
        int64_t grace_ms, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "gone");
	call_key(&c, "{%s}:staff", pool);
	call_key(&c, "{%s}:due", pool);
	call_now(&c);
	call_str(&c, name);
	call_str(&c, session);
	call_int(&c, grace_ms);
	call_run(&c, fn, arg);
}

void store_forget(struct store *s, const char *pool, const char *name, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "forget");
	call_key(&c, "{%s}:staff", pool);
	call_key(&c, "{%s}:due", pool);
	call_key(&c, "{%s}:hold:%s", pool, name);
	call_key(&c, "{%s}:exposed", pool);
	call_now(&c);
	call_str(&c, name);
	call_run(&c, fn, arg);
}

void store_staff_put(struct store *s, const char *name, const char *record, const char *phone_hash,
        store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "staff_put");
	call_key(&c, "{staff}:records");
	call_key(&c, "{staff}:phones");
	call_str(&c, name);
	call_str(&c, record);
	call_str(&c, phone_hash);
	call_str(&c, STAFF_CHANNEL);
	call_run(&c, fn, arg);
}

void store_staff_remove(struct store *s, const char *name, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "staff_remove");
	call_key(&c, "{staff}:records");
	call_key(&c, "{staff}:phones");
	call_str(&c, name);
	call_str(&c, STAFF_CHANNEL);
	call_run(&c, fn, arg);
}

void store_beat(struct store *s, const char *node, int64_t now_ms, const char *const *forget,
        size_t forget_count, store_fn fn, void *arg)
{
	struct call c;
	call_script(&c, s, "beat");
	call_key(&c, "{nodes}:beats");
	call_key(&c, "{nodes}:clocks");
	call_str(&c, node);
	call_int(&c, now_ms);
	for (size_t i = 0; i < forget_count && i < STORE_FORGET_MAX; i++)
		call_str(&c, forget[i]);
	call_run(&c, fn, arg);
}
