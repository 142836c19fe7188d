// SPDX-License-Identifier: Apache-2.0
// A random walk: counselors, texters and the sweeper do anything at any time, with claims that are
// often stale, and every conversation stays in exactly one place. HOLDFAST_SEED repeats a walk.
#include "walk.h"

#include <time.h>

#define STEPS      6000
#define STEPS_ALL  40000 // HOLDFAST_FAULTS=all
#define STEPS_MOST 10    // times as many, until everything that can happen has
#define LOOK_EVERY 50
#define TEXTERS    20

static void began(struct walk *k, const char *id, const char *texter)
{
	assert_true(k->count < OPEN_MAX);
	struct one *c = &k->at[k->count++];
	*c = (struct one){.state = 1, .taken_from = UINT64_MAX};
	snprintf(c->id, sizeof c->id, "%s", id);
	snprintf(c->texter, sizeof c->texter, "%s", texter);
	know(k->w, id, texter);
}

static void expect_ingest(struct walk *k, const struct one *open, bool repeated)
{
	const char *wanted = repeated ? "DUPLICATE" : open ? "ANOTHER" : "OK";
	assert_string_equal(k->w->part[0], wanted);
	if (!repeated && open)
		assert_string_equal(k->w->part[1], open->id);
}

static void do_ingest(struct walk *k)
{
	char texter[8], id[24], message[24];
	snprintf(texter, sizeof texter, "t%zu", below(k, TEXTERS));
	snprintf(id, sizeof id, "c%u", ++k->made);
	snprintf(message, sizeof message, "m%u", k->made);
	const struct one *open = of_texter(k, texter);
	if (!open && k->count == OPEN_MAX)
		return;
	struct store_ingest in = text(id, message, (enum level)(LEVEL_LOW + below(k, 5)));
	bool repeated = k->last_provider_id[0] && one_in(k, 10);
	in.texter = texter;
	if (repeated)
		in.provider_id_hash = k->last_provider_id;
	store_ingest(k->w->store, &in, on_answer, k->w);
	enum store_code code = result(k);
	expect_ingest(k, open, repeated);
	if (code == STORE_OK)
		began(k, id, texter);
	if (code == STORE_ANOTHER) {
		in.conversation = open->id;
		store_ingest(k->w->store, &in, on_answer, k->w);
		assert_int_equal(result(k), STORE_OK);
	}
	if (code != STORE_DUPLICATE)
		snprintf(k->last_provider_id, sizeof k->last_provider_id, "%s", message);
}

static void do_offer(struct walk *k)
{
	struct one *c = any(k);
	if (!c)
		return;
	const char *name = staff[below(k, STAFF_COUNT)];
	store_offer(k->w->store, POOL, c->id, name, OFFER_MS, on_answer, k->w);
	if (result(k) != STORE_OK)
		return;
	assert_int_equal(c->state, 1);
	assert_int_equal(number(k->w->part[1]), c->epoch + 1);
	c->state = 2;
	c->epoch++;
	snprintf(c->name, sizeof c->name, "%s", name);
}

static void do_accept(struct walk *k)
{
	struct one *c = any(k);
	if (!c)
		return;
	struct store_claim as = claim(k, c);
	bool right = (c->state == 2 || c->state == 3) && rightful(c, &as);
	store_accept(k->w->store, &as, on_answer, k->w);
	assert_int_equal(result(k), right ? STORE_OK : STORE_GONE);
	if (right)
		c->state = 3;
}

static void do_unoffer(struct walk *k)
{
	static const char *const reasons[] = {"declined", "expired", "withdrawn"};
	struct one *c = any(k);
	if (!c)
		return;
	struct store_claim as = claim(k, c);
	bool right = c->state == 2 && rightful(c, &as);
	store_unoffer(k->w->store, &as, reasons[below(k, 3)], on_answer, k->w);
	enum store_code code = result(k);
	if (!right)
		assert_int_equal(code, STORE_GONE);
	if (code != STORE_OK)
		return;
	c->state = 1;
	c->epoch++;
	c->name[0] = '\0';
}

static void do_forgive(struct walk *k)
{
	struct one *c = any(k);
	if (!c)
		return;
	char excluded[64];
	snprintf(excluded, sizeof excluded, "%s", field(k->w, "c", c->id, "excluded"));
	store_forgive(k->w->store, POOL, c->id, excluded, on_answer, k->w);
	assert_int_equal(result(k), c->state == 1 ? STORE_OK : STORE_CONFLICT);
}

// The code that a claim must be answered with by what is done in `state` only.
static enum store_code fenced(const struct one *c, const struct store_claim *as, int state)
{
	if (!rightful(c, as))
		return STORE_STALE;
	return c->state == state ? STORE_OK : STORE_CONFLICT;
}

static void do_release(struct walk *k)
{
	struct one *c = any(k);
	if (!c || !one_in(k, 4))
		return;
	struct store_claim as = claim(k, c);
	enum store_code wanted = fenced(c, &as, 3);
	store_release(k->w->store, &as, "lost", &within, on_answer, k->w);
	assert_int_equal(result(k), wanted);
	if (wanted != STORE_OK)
		return;
	c->state = 1;
	c->epoch++;
	c->name[0] = c->to[0] = '\0';
	c->page = 0;
}

// ---- changes of hands

#define NOTE (&(struct store_note){"n1", bytes_str("sealed")})

// The same call again, after its answer was lost.
static bool taken_before(const struct one *c, const struct store_claim *as)
{
	return c->state == 3 && strcmp(c->name, as->name) == 0 && c->taken_from == as->epoch;
}

static void took(struct one *c, const char *name)
{
	snprintf(c->name, sizeof c->name, "%s", name);
	c->state = 3;
	c->taken_from = c->epoch++;
	c->to[0] = '\0';
}

static void do_take_over(struct walk *k)
{
	struct one *c = any(k);
	if (!c || !one_in(k, 4))
		return;
	struct store_claim as = claim(k, c);
	as.name = staff[below(k, STAFF_COUNT)];
	bool before = taken_before(c, &as), mine = strcmp(c->name, as.name) == 0;
	store_take_over(k->w->store, &as, c->name, NOTE, on_answer, k->w);
	enum store_code code = result(k);
	if (before)
		assert_int_equal(code, STORE_OK);
	else if (as.epoch != c->epoch)
		assert_int_equal(code, STORE_STALE);
	else if (c->state > 3 || (c->state == 3 && mine))
		assert_int_equal(code, STORE_CONFLICT);
	else if (code != STORE_GONE) // not signed in
		assert_int_equal(code, STORE_OK);
	if (code == STORE_OK && !before)
		took(c, as.name);
}

static void do_transfer(struct walk *k)
{
	struct one *c = any(k);
	if (!c)
		return;
	const char *to = staff[below(k, STAFF_COUNT)];
	struct store_claim as = claim(k, c);
	enum store_code wanted = fenced(c, &as, 3);
	bool skilled = one_in(k, 2);
	store_transfer(
	        k->w->store, &as, to, skilled ? "lang:es" : "", OFFER_MS, NOTE, on_answer, k->w);
	enum store_code code = result(k);
	if (wanted == STORE_OK && c->to[0])
		wanted = strcmp(c->to, to) == 0 ? STORE_OK : STORE_CONFLICT;
	else if (wanted == STORE_OK && strcmp(to, as.name) == 0)
		wanted = STORE_CONFLICT;
	else if (wanted == STORE_OK && (code == STORE_GONE || code == STORE_FULL))
		wanted = code;
	assert_int_equal(code, wanted);
	if (code == STORE_OK && !c->to[0]) {
		snprintf(c->to, sizeof c->to, "%s", to);
		c->skilled = skilled;
	}
}

// Who is asked, mostly, and in the epoch of the giver.
static struct store_claim asked_one(struct walk *k, const struct one *c)
{
	struct store_claim as = claim(k, c);
	as.name = c->to[0] && !one_in(k, STALE_EVERY) ? c->to : staff[below(k, STAFF_COUNT)];
	return as;
}

static bool is_asked(const struct one *c, const struct store_claim *as)
{
	return c->state == 3 && as->epoch == c->epoch && strcmp(c->to, as->name) == 0;
}

static void do_transfer_take(struct walk *k)
{
	struct one *c = any(k);
	if (!c)
		return;
	struct store_claim as = asked_one(k, c);
	bool before = taken_before(c, &as), right = is_asked(c, &as);
	store_transfer_take(k->w->store, &as, c->name, on_answer, k->w);
	enum store_code code = result(k);
	if (before)
		assert_int_equal(code, STORE_OK);
	else if (!right)
		assert_int_equal(code, STORE_GONE);
	else
		assert_true(code == STORE_OK || code == STORE_FULL || code == STORE_GONE);
	if (code == STORE_OK && !before) {
		char name[8];
		snprintf(name, sizeof name, "%s", as.name);
		took(c, name);
	}
}

static void waits_again(struct one *c)
{
	c->state = 1;
	c->epoch++;
	c->name[0] = c->to[0] = '\0';
	c->page = 0;
}

static void ended(struct one *c, const char *how, const char *next)
{
	assert_int_equal(c->skilled, strcmp(how, "kept") != 0);
	if (strcmp(how, "next") == 0)
		snprintf(c->to, sizeof c->to, "%s", next);
	else if (strcmp(how, "released") == 0)
		waits_again(c);
	else
		c->to[0] = '\0';
}

static void do_transfer_end(struct walk *k)
{
	static const char *const whys[] = {"declined", "expired", "withdrawn"};
	struct one *c = any(k);
	if (!c)
		return;
	struct store_claim as = asked_one(k, c);
	bool right = is_asked(c, &as);
	const struct store_ending ending = {.why = whys[below(k, 3)],
	        .giver = c->name,
	        .next = one_in(k, 3) ? "" : staff[below(k, STAFF_COUNT)],
	        .transfer_ms = OFFER_MS,
	        .within = &within};
	store_transfer_end(k->w->store, &as, &ending, on_answer, k->w);
	enum store_code code = result(k);
	if (!right)
		assert_int_equal(code, STORE_GONE);
	else
		assert_true(code == STORE_OK || code == STORE_EARLY);
	if (code == STORE_OK)
		ended(c, k->w->part[1], ending.next);
}

static void do_close(struct walk *k)
{
	struct one *c = any(k);
	if (!c)
		return;
	struct store_claim as = claim(k, c);
	enum store_code wanted = fenced(c, &as, 3);
	if (wanted == STORE_CONFLICT && c->state > 3)
		wanted = STORE_OK;
	assert_int_equal(close_by_two(k->w, &as, c->texter), wanted);
	k->answers[wanted]++;
	if (wanted == STORE_OK && c->state == 3) {
		c->state = 4;
		c->to[0] = '\0';
	}
}

static void do_finish(struct walk *k)
{
	struct one *c = any(k);
	if (!c)
		return;
	struct store_claim as = claim(k, c);
	enum store_code wanted = fenced(c, &as, 4);
	if (wanted == STORE_CONFLICT && c->state == 5)
		wanted = STORE_OK;
	store_finish(k->w->store, &as, &exposure, on_answer, k->w);
	assert_int_equal(result(k), wanted);
	if (wanted == STORE_OK)
		c->state = 5;
}

static void remember_reply(struct walk *k, const char *id, const char *conversation)
{
	struct reply *r = &k->replies[k->replied++ % REPLIES];
	bytes_copy(bytes_str(id), r->id, sizeof r->id);
	bytes_copy(bytes_str(conversation), r->conversation, sizeof r->conversation);
	r->rank = 0;
}

static struct reply *any_reply(struct walk *k)
{
	size_t count = k->replied < REPLIES ? k->replied : REPLIES;
	return count ? &k->replies[below(k, count)] : NULL;
}

static void do_send(struct walk *k)
{
	struct one *c = any(k);
	if (!c)
		return;
	char id[24];
	snprintf(id, sizeof id, "r%u", ++k->made);
	struct store_claim as = claim(k, c);
	enum store_code wanted = fenced(c, &as, 3);
	store_send(k->w->store, &as, REPLY(id, id), on_answer, k->w);
	assert_int_equal(result(k), wanted);
	if (wanted == STORE_OK)
		remember_reply(k, id, c->id);
	if (wanted != STORE_OK || one_in(k, 2))
		return;
	store_send(k->w->store, &as, REPLY(id, id), on_answer, k->w);
	assert_int_equal(result(k), STORE_DUPLICATE);
}

static void do_page(struct walk *k)
{
	struct one *c = any(k);
	if (!c)
		return;
	uint64_t page = ++k->made;
	store_page_open(k->w->store, POOL, c->id, page, "policy", 0, on_answer, k->w);
	enum store_code code = result(k);
	if (c->state > 2 || c->page)
		assert_int_equal(code, STORE_GONE);
	if (code != STORE_OK)
		return;
	c->page = page;
	c->generation = 0;
}

static void do_step(struct walk *k)
{
	struct one *c = any(k);
	if (!c || !c->page)
		return;
	char entry[24];
	snprintf(entry, sizeof entry, "e%u", ++k->made);
	const struct store_page page = {
	        entry, "bo", "twilio", LINE, bytes_str("number"), bytes_str("sealed")};
	const struct store_step s = {.pool = POOL,
	        .number = c->page,
	        .conversation = c->id,
	        .generation = c->generation + (one_in(k, STALE_EVERY) ? 1 : 0),
	        .next_at_ms = k->w->now + 60000,
	        .people = "bo",
	        .pages = &page,
	        .pages_count = 1};
	store_page_step(k->w->store, &s, on_answer, k->w);
	enum store_code code = result(k);
	if (code == STORE_OK) {
		assert_true(c->state <= 2 && s.generation == c->generation);
		c->generation++;
	}
}

static void do_acknowledge(struct walk *k)
{
	struct one *c = any(k);
	if (!c || !c->page)
		return;
	store_page_ack(k->w->store, POOL, c->page, "bo", 600000, 600000, on_answer, k->w);
	if (result(k) == STORE_OK)
		c->generation++;
}

static void do_resolve(struct walk *k)
{
	struct one *c = any(k);
	if (!c || !c->page)
		return;
	store_page_resolve(k->w->store, POOL, c->page, c->id, on_answer, k->w);
	assert_int_equal(result(k), c->state <= 2 ? STORE_CONFLICT : STORE_OK);
	if (c->state > 2)
		c->page = 0;
}

static const char *session(struct walk *k, size_t i, char out[static 24])
{
	snprintf(out, 24, "s%d", k->session[i]);
	return out;
}

static void do_sign_in(struct walk *k)
{
	char s[24];
	size_t i = below(k, STAFF_COUNT);
	k->session[i]++;
	store_sign_in(k->w->store, POOL, staff[i], "node", session(k, i, s),
	        1 + (unsigned)below(k, 4), on_answer, k->w);
	assert_int_equal(result(k), STORE_OK);
}

static void do_presence(struct walk *k)
{
	char s[24];
	size_t i = below(k, STAFF_COUNT);
	store_set_presence(k->w->store, POOL, staff[i], session(k, i, s),
	        one_in(k, 5) ? "away" : "available", on_answer, k->w);
	result(k);
}

static void do_gone(struct walk *k)
{
	char s[24];
	size_t i = below(k, STAFF_COUNT);
	if (!one_in(k, 4))
		return;
	store_gone(k->w->store, POOL, staff[i], session(k, i, s), GRACE_MS, on_answer, k->w);
	result(k);
}

static void do_forget(struct walk *k)
{
	store_forget(k->w->store, POOL, staff[below(k, STAFF_COUNT)], on_answer, k->w);
	result(k);
}

static struct store_out any_due(struct walk *k, char id[static 24], char conversation[static 24])
{
	static const char *const kinds[] = {STORE_REPLY, STORE_REPLY, STORE_PAGE};
	struct world *w = k->w;
	const char *kind = kinds[below(k, 3)];
	id[0] = conversation[0] = '\0';
	store_outbox(w->store, POOL, GATEWAY, kind, w->now, 1, on_answer, w);
	result(k);
	if (w->parts > 0)
		assert_true(sscanf(w->part[0], "%23s %23s", id, conversation) >= 1);
	return (struct store_out){POOL, GATEWAY, kind, id, conversation};
}

// Sends the first entry of an outbox, or tries to; a lease may have run out meanwhile.
static void do_outbox(struct walk *k)
{
	static const char *const outcomes[] = {"sent", "retry", "failed", "unknown", "again"};
	struct world *w = k->w;
	char id[24], conversation[24], sid[32];
	const struct store_out o = any_due(k, id, conversation);
	if (!id[0])
		return;
	snprintf(sid, sizeof sid, "p-%s", id);
	store_out_claim(w->store, &o, lease(w), on_answer, w);
	if (result(k) != STORE_OK || one_in(k, 4))
		return;
	uint64_t epoch = strtoull(w->part[1], NULL, 10);
	if (one_in(k, 4)) {
		store_receipt(w->store, &o, one_in(k, 2) ? 3 : 4, bytes_str(sid), bytes_str(""),
		        on_answer, w);
		assert_int_equal(result(k), STORE_OK);
	}
	if (one_in(k, 10)) // stopped for longer than its lease
		w->now += LEASE_MS + 1;
	store_out_done(w->store, &o, OUTCOME(epoch, outcomes[below(k, 5)], sid, "", w->now + 5000),
	        on_answer, w);
	result(k);
}

static void do_report(struct walk *k)
{
	const struct reply *r = any_reply(k);
	if (!r)
		return;
	store_receipt(k->w->store, REPLY_OUT(r->id, r->conversation), 2 + (int)below(k, 3),
	        bytes_str(""), bytes_str(""), on_answer, k->w);
	result(k);
}

static void do_ask(struct walk *k)
{
	const struct reply *r = any_reply(k);
	if (!r)
		return;
	store_out_ask(k->w->store, POOL, r->id, "90000,480000,60000", on_answer, k->w);
	if (result(k) != STORE_OK || one_in(k, 3))
		return;
	char sid[32];
	snprintf(sid, sizeof sid, "p-%s", r->id);
	store_out_asked(k->w->store, REPLY_OUT(r->id, r->conversation), one_in(k, 2) ? 2 : 0,
	        bytes_str(sid), bytes_str(""), on_answer, k->w);
	assert_int_equal(result(k), STORE_OK);
}

static void do_send_held(struct walk *k)
{
	struct reply *r = any_reply(k);
	const struct one *c = any(k);
	if (!r || !c)
		return;
	for (size_t i = 0; i < k->count; i++)
		if (strcmp(k->at[i].id, r->conversation) == 0)
			c = &k->at[i];
	struct store_claim as = claim(k, c);
	store_send_held(k->w->store, &as, r->id, GATEWAY, on_answer, k->w);
	if (result(k) != STORE_OK)
		return;
	assert_true(rightful(c, &as) && c->state == 3 && strcmp(c->id, r->conversation) == 0);
	r->rank = 0;
}

// As a report ranks them: queued and held, may have been sent, sent, failed, delivered.
static int64_t rank_of(int64_t delivery)
{
	static const int64_t ranks[] = {-1, 1, 3, 5, 4, 2, 1};
	assert_true(delivery >= 1 && delivery <= 6);
	return ranks[delivery];
}

// A reply's delivery only goes forward, but that a late outcome may say of what may have been sent
// that it was not; and whoever is to be sent is in the outbox.
static void check_replies(struct walk *k)
{
	size_t count = k->replied < REPLIES ? k->replied : REPLIES;
	for (size_t i = 0; i < count; i++) {
		struct reply *r = &k->replies[i];
		int64_t delivery = field_number(k->w, "m", r->id, "delivery");
		int64_t rank = rank_of(delivery);
		bool open = delivery == 1;
		if (rank < r->rank && !(delivery == 6 && r->rank == 2))
			fail_msg("%s: its delivery went back to %lld", r->id, (long long)delivery);
		r->rank = rank;
		same(r->id, "unsent", unsent_since(k->w, r->id, r->conversation) != NONE, open);
	}
}

static void do_wait(struct walk *k)
{
	k->w->now += (int64_t)below(k, 30000);
}

// Long enough for replies to be held.
static void do_wait_long(struct walk *k)
{
	if (one_in(k, 10))
		k->w->now += VALIDITY_MS + 1;
}

static void (*const deeds[])(struct walk *k) = {do_ingest, do_ingest, do_ingest, do_offer, do_offer,
        do_offer, do_accept, do_accept, do_unoffer, do_forgive, do_release, do_close, do_finish,
        do_take_over, do_transfer, do_transfer, do_transfer_take, do_transfer_take, do_transfer_end,
        do_send, do_page, do_step, do_acknowledge, do_resolve, do_sign_in, do_presence, do_presence,
        do_gone, do_forget, do_outbox, do_outbox, do_outbox, do_report, do_ask, do_send_held,
        do_wait, do_wait_long};
#define DEEDS (sizeof deeds / sizeof deeds[0])

// The walk's own book and Redis agree.
static void check_book(struct walk *k)
{
	for (size_t i = 0; i < k->count; i++) {
		const struct one *c = &k->at[i];
		same(c->id, "state", field_number(k->w, "c", c->id, "state"), c->state);
		same(c->id, "epoch", field_number(k->w, "c", c->id, "epoch"), (int64_t)c->epoch);
	}
}

// What is over was looked at once more, and is left out from now on: were it in any set after
// that, it would be a stranger.
static void leave_out_closed(struct walk *k)
{
	size_t kept = 0;
	for (size_t i = 0; i < k->count; i++) {
		if (k->at[i].state == 5)
			continue;
		k->w->known[kept] = k->w->known[i];
		k->at[kept++] = k->at[i];
	}
	k->count = k->w->known_count = kept;
}

static uint64_t choose_seed(void)
{
	const char *given = getenv("HOLDFAST_SEED");
	return given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
}

static int choose_steps(void)
{
	const char *faults = getenv("HOLDFAST_FAULTS");
	return faults && strcmp(faults, "all") == 0 ? STEPS_ALL : STEPS;
}

// Some answers take a rare chain of deeds: a walk that has not come by one goes on.
static bool came_by_everything(const struct walk *k)
{
	return k->answers[STORE_STALE] > 0 && k->answers[STORE_GONE] > 0 &&
	       k->answers[STORE_HELD] > 0 && k->answers[STORE_UNKNOWN] > 0;
}

static void test_a_random_walk(void **state)
{
	struct walk k = {.w = *state, .seed = choose_seed()};
	int steps = choose_steps(), i = 1;
	print_message("# HOLDFAST_SEED=%llu\n", (unsigned long long)k.seed);
	for (; i <= steps || (!came_by_everything(&k) && i <= STEPS_MOST * steps); i++) {
		deeds[below(&k, DEEDS)](&k);
		if (i % LOOK_EVERY == 0) {
			check_invariants(k.w);
			for (size_t c = 0; c < k.count; c++)
				is_healthy(k.w, k.at[c].id);
			all_else_is_healthy(k.w);
			check_book(&k);
			check_replies(&k);
			leave_out_closed(&k);
		}
	}
	check_invariants(k.w);
	assert_true(k.answers[STORE_OK] > (unsigned)i / 10);
	assert_true(came_by_everything(&k));
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_a_random_walk)};
	return cmocka_run_group_tests(tests, world_start, world_end);
}
