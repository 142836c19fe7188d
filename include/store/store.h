// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "base/errors.h"
#include "core/level.h"
#include "core/limits.h"
#include "core/risk.h"
#include "store/redis.h"

// Typed calls of the scripts in store/lua (which say what each does and answers) and the reads
// beside them. This is the only place that knows the keys. Every key of a pool P carries its hash
// tag:
//
// clang-format off
//   {P}:seen:G:HASH      id of the message that came with that provider id; expires
//   {P}:texter:LINE:HASH the open conversation of a texter on a line: conversation, key
//   {P}:past:LINE:HASH   how many conversations they had before
//   {P}:c:ID             a conversation: state, level, reasons, line, gateway, number (sealed), texter (hash),
//                        key (wrapped), created, enqueued, answer_by, score, epoch, holder, offer_until, seq,
//                        page, excluded, declined_at, past, outcome, requeues, attention (open matters for
//                        supervisors, CSV), last_in_at, last_out_at, unanswered_at, silence_at, silence_step
//                        (lua/include/silence.lua), transfer_to, transfer_until, transfer_skill, transfer_asked
//                        (lua/include/transfer.lua), require_at (a skill that it was passed on for is asked since),
//                        taken_from (the epoch in which it was taken over or transferred), taken_at (first),
//                        handled (ms that earlier holders had it), present
//                        (lua/include/present.lua), invited, invited_until, language, said (marks of
//                        automatic texts, CSV), said_at, asked (sequence of the latest question), promised (the
//                        end of the latest wait told), tend (as in {P}:tend, or 0), consent, close_by,
//                        close_at, close_outcome (a close that waits for a second person: lua/include/close.lua),
//                        close_tags, tags (CSV), surveyed_at, rating, rated_at, approved_by, flag_at, flag_by,
//                        flag_cause, flag_page (lua/include/flag.lua), risk_thoughts, risk_plan, risk_means,
//                        risk_timeframe, risk_at, risk_by, limited_ms, limited_by (lua/include/limits.lua),
//                        erase_asked_at, erased_at (then most others are gone:
//                        lua/erase.lua), …
//   {P}:notes:ID         what staff wrote for each other about it: note -> "AT KIND AUTHOR SEALED" (lua/include/notes.lua)
//   {P}:with:NAME        conversations that somebody has joined -> session, or is asked to take on -> "transfer"
//   {P}:offline          a supervisor's word on the pool: offline (1 or 0), by, at, reason
//   {P}:overflow         whether other pools' counselors help out: why ("": they do not), at
//   {P}:announcements    the latest words to everybody of the pool, by time: "ID AUTHOR SEALED"; expires
//   {P}:custody:ID       its ledger of custody (lua/include/custody.lua)
//   {P}:late:LINE:HASH   a texter's conversation that has just ended; expires (lua/include/reopen.lua)
//   {P}:of:LINE:HASH     a texter's conversations, oldest first
//   {P}:erase:LINE:HASH  a texter's wish that everything of theirs be deleted (lua/include/erase.lua): id, asked_at, by, phase,
//                        language, gateway, number (sealed), receipt, told_at, told_by (a gateway), again, again_by
//   {P}:closed           what is closed and not deleted, by when it was closed
//   {P}:known:LINE:HASH  the counselors who know that texter
//   {P}:often:LINE:HASH  when that texter's latest conversations began, the newest first; expires
//   {P}:abuse:LINE:HASH  a limit that a supervisor has upheld: "AT NAME CONVERSATION"; expires
//   {P}:reports          reports of abuse that no supervisor has decided: conversation -> "AT NAME REASON"
//   {P}:ms:ID            the ids of its messages in order
//   {P}:m:ID             a message: conversation, seq, direction, at, provider_at, text (sealed), media, damaged,
//                        author, delivery, note, client_id, automatic (the name of the text)
//   {P}:cid:ID           "name client_id" of a reply -> "sequence message"
//   {P}:q0  {P}:q        the queue: imminent by enqueued, the others by score; only what waits and is not offered
//   {P}:w:LEVEL          who waits or is offered, by enqueued
//   {P}:held  {P}:wrap   who is held, in wrap-up
//   {P}:due              timers: answer:ID offer:ID wrap_up:ID silence:ID flag:ID transfer:ID page:N gone:NAME ask:ID break:NAME
//                        erase:LINE:HASH -> when, in ms
//   {P}:tend             when it is decided what those who wait are told next: conversation -> when
//   {P}:told:LINE:HASH   a texter was told lately that nobody is there; expires
//   {P}:staff            signed-in counselors (lua/include/staff.lua)
//   {P}:exposed          who signed off while they were to get less after imminent work: name -> "UNTIL UNITS"
//   {P}:hold:NAME        the conversations of one, offered, held or in wrap-up: id -> units
//   {P}:e:N              an escalation
//   {P}:pages            the open ones by opening time        {P}:pages_past  the latest that are over
//   {P}:o:ID             an outbox entry: kind (reply, page, notice, auto), conversation, state (queued, sending, unknown, held, done),
//                        gateway, line, number (sealed), text (sealed), created, epoch, lease_until, token, tried,
//                        attempts, delivery, provider_id, error, asked, resent, maybe
//   {P}:unsent:G:KIND    what is not settled, by when it was put there (lua/include/outbox.lua)
//   {P}:out:G:KIND       what of it may be sent, by when; of the replies of a conversation the first alone
//                        an automatic text's: condition, valid_ms
//   {P}:replies:ID       the unsettled replies of a conversation, in order    {P}:autos:ID  its automatic texts
//   {P}:rates            what there was to do, in buckets of five minutes (lua/include/rates.lua)
//   {P}:gateways         the gateways that were ever used
//   {P}:sid:G:SID        the entry that a provider's id belongs to; expires
//   {P}:events           channel: what changed, without content
//   {staff}:records {staff}:phones {staff}:numbers {staff}:events
//                        staff records, index of phones, the counter of pages, channel
//   {quarantine}:entries      what waits for a supervisor, by arrival: ids, GATEWAY.RANDOM
//   {quarantine}:e:ID         an entry: at, gateway, reason, size, request (sealed), outcome, by, note, ended
//   {quarantine}:seen:PRINT   id of the entry that was made of a request with that keyed fingerprint; expires
//   {quarantine}:past         the latest that were released or discarded, by when
//   {nodes}:beats        node/incarnation -> heartbeat counter
//   {nodes}:clocks       node/incarnation -> its time at the last beat, ms
// clang-format on

struct store;

// How a script answered. Everything that Redis itself refused or left open is STORE_UNAVAILABLE or
// STORE_UNKNOWN.
enum store_code {
	STORE_OK,
	STORE_DUPLICATE,
	STORE_ANOTHER,
	STORE_NEW,
	STORE_GONE,
	STORE_STALE,
	STORE_CONFLICT,
	STORE_EARLY,
	STORE_ALREADY,
	STORE_RESOLVED,
	STORE_UNSEEN,
	STORE_HELD,
	STORE_NOT_FOUND,
	STORE_FULL,
	STORE_APPROVAL,
	STORE_UNAVAILABLE, // nothing was changed
	STORE_UNKNOWN,     // it may have happened: the call is safe to repeat
	STORE_SHORT, // it happened, on fewer copies than configured: the call is safe to repeat
};
const char *store_code_name(enum store_code c);
// What a console or gateway is told.
enum err store_code_err(enum store_code c);

struct store_answer {
	enum store_code code;
	const struct redis_reply *reply; // of a script: the array whose first element was the code
};
// What the script said, also when too few copies have it.
enum store_code store_said(const struct store_answer *a);
// Called once, later, whatever happens: `arg` may be memory that the callback frees.
typedef void (*store_fn)(const struct store_answer *a, void *arg);

struct store *store_new(struct redis *redis, const struct clock *clock);
void store_free(struct store *s);
struct redis *store_redis(struct store *s);
// The gateways whose outboxes pages may wait in. Copied.
void store_know_gateways(struct store *s, const char *const *names, size_t count);

// The channel of a pool's news ("{P}:events") and of the staff's.
void store_channel(const char *pool, struct buf *out);
const char *store_staff_channel(void);

struct store_ingest {
	const char *pool;
	const char *conversation;
	struct bytes wrapped_key;
	const char *message;
	struct bytes sealed_text;
	enum level level;
	const char *reasons;
	int64_t at_ms; // when it arrived; 0 is now. A wait in a spool counts
	int64_t provider_ms;
	unsigned media;
	bool damaged;
	bool automatic;     // texters get automatic texts
	const char *answer; // to a question of yes or no: "yes", "no"; "" or NULL
	const char *gateway;
	const char *line;
	struct bytes sealed_number;
	const char *texter;
	const char *provider_id_hash; // hex
	const struct by_level *boost;
	const struct by_level *within;
	// Of a first text; a later one's are taken when there was no partner. Lists with commas.
	const char *require;
	const char *want;
	const char *language; // "": the line's
	const char *partner;  // ""
	struct limits limits;
	// Who held the ended conversation that is to be reopened, as STORE_ANOTHER told; "" or
	// NULL.
	const char *last;
};
void store_ingest(struct store *s, const struct store_ingest *in, store_fn fn, void *arg);

// A counselor's claim on a conversation: who, and the epoch that they last saw.
struct store_claim {
	const char *pool;
	const char *conversation;
	const char *name;
	uint64_t epoch;
};
void store_offer(struct store *s, const char *pool, const char *conversation, const char *name,
        int64_t offer_ms, store_fn fn, void *arg);
struct store_offer {
	const char *pool;
	const char *conversation;
	const char *name;
	int64_t offer_ms;
	unsigned elsewhere; // units that they have in other pools
};
void store_offer_to(struct store *s, const struct store_offer *o, store_fn fn, void *arg);
// More who may take the imminent conversation that is offered in that epoch; who accepts first has
// it, and a call of store_accept_also() by one of them must name the holder that it was read with.
#define STORE_ALSO_MAX 9
void store_offer_also(struct store *s, const char *pool, const char *conversation, uint64_t epoch,
        const char *const *names, size_t count, store_fn fn, void *arg);
void store_accept_also(
        struct store *s, const struct store_claim *c, const char *before, store_fn fn, void *arg);
void store_accept(struct store *s, const struct store_claim *c, store_fn fn, void *arg);
void store_unoffer(
        struct store *s, const struct store_claim *c, const char *reason, store_fn fn, void *arg);
// What a conversation costs whom it is offered to or who holds it follows its level.
void store_reweigh(struct store *s, const char *pool, const char *conversation, const char *name,
        store_fn fn, void *arg);
// The counselor knows the texter, and is not asked for them any more.
void store_recuse(struct store *s, const struct store_claim *c, const char *line,
        const char *texter, store_fn fn, void *arg);
// Supervisors must see to it: a kind of PROTOCOL.md's Attention.
void store_attend(struct store *s, const char *pool, const char *conversation, const char *kind,
        const char *name, store_fn fn, void *arg);
void store_forgive(struct store *s, const char *pool, const char *conversation,
        const char *excluded, store_fn fn, void *arg);
void store_release(struct store *s, const struct store_claim *c, const char *reason,
        const struct by_level *within, store_fn fn, void *arg);
// Who changes a level or a risk: its holder, or a supervisor.
struct store_by {
	struct store_claim claim;
	bool supervisor;
	bool any_epoch; // whatever it is
	const struct by_level *boost;
	const struct by_level *within;
};
void store_flag(struct store *s, const struct store_by *by, store_fn fn, void *arg);
void store_set_level(struct store *s, const struct store_by *by, enum level level,
        const char *reason, store_fn fn, void *arg);
void store_set_risk(struct store *s, const struct store_by *by, const struct risk *risk,
        store_fn fn, void *arg);
// Of a supervisor; its epoch does not matter. Answers the number of the escalation, or 0.
void store_flag_settle(struct store *s, const struct store_claim *c, store_fn fn, void *arg);
void store_page_open_flag(struct store *s, const char *pool, const char *conversation,
        uint64_t number, const char *policy, store_fn fn, void *arg);
// From a counselor who is silent, unless they have replied since `silence_at_ms` was read.
void store_release_silent(struct store *s, const struct store_claim *c, int64_t silence_at_ms,
        const struct by_level *within, store_fn fn, void *arg);
// What a look at a silence came to (silence.lua).
struct store_silence {
	const char *pool;
	const char *conversation;
	int64_t silence_at_ms; // as seen
	const char *act;
	unsigned told;
	int64_t since_ms;
	int64_t next_at_ms;
};
void store_silence(struct store *s, const struct store_silence *look, store_fn fn, void *arg);
// A sealed word of staff about a conversation, bound to its id.
struct store_note {
	const char *id;
	struct bytes sealed;
};

struct store_closing {
	const char *outcome;
	int64_t wrap_up_ms;
	uint64_t seen; // sequence of the last message shown; 0 does not ask
	const char *line;
	const char *texter;
	enum level least;  // from there on two people must agree; 0: nowhere
	bool alone;        // there is nobody else who could agree
	int64_t reopen_ms; // for so long a late text goes on with it; 0: a text begins a new one
	bool survey;       // its texter may be asked how it was
	const char *tags;  // comma-separated; NULL: none
	const struct store_note *note; // its summary; NULL: none
};
// STORE_APPROVAL: a supervisor has been asked.
void store_close(struct store *s, const struct store_claim *c, const struct store_closing *closing,
        store_fn fn, void *arg);
// The second person's word; `c` is their claim, in the holder's epoch. Of the closing wrap_up_ms,
// reopen_ms, survey, line and texter count; `reason` is one word or "".
void store_close_answer(struct store *s, const struct store_claim *c,
        const struct store_closing *closing, bool approve, const char *reason, store_fn fn,
        void *arg);
// After an imminent conversation the counselor's capacity is `units` less for that time.
struct store_exposure {
	int64_t ms;
	unsigned units;
};
void store_finish(struct store *s, const struct store_claim *c,
        const struct store_exposure *exposure, store_fn fn, void *arg);
// `tags` and `note` (NULL: none) as in a closing; they count also when the time limit was faster.
void store_finish_with(struct store *s, const struct store_claim *c,
        const struct store_exposure *exposure, const char *tags, const struct store_note *note,
        store_fn fn, void *arg);

// The holder gives it back to the queue: `reason` is "transfer" or "given_back" and the note's
// kind.
// `skill`: whoever takes it next must have it; "" is none.
void store_give_away(struct store *s, const struct store_claim *c, const char *reason,
        const char *skill, const struct store_note *note, const struct by_level *within,
        store_fn fn, void *arg);
// `before` is the holder as seen, "" for nobody.
void store_take_over(struct store *s, const struct store_claim *c, const char *before,
        const struct store_note *note, store_fn fn, void *arg);
// `skill`: it is for whoever has that, and `to` is asked first; "" is none.
void store_transfer(struct store *s, const struct store_claim *c, const char *to, const char *skill,
        int64_t transfer_ms, const struct store_note *note, store_fn fn, void *arg);
// The claim is the other's, in the giver's epoch.
void store_transfer_take(
        struct store *s, const struct store_claim *c, const char *giver, store_fn fn, void *arg);
struct store_ending {
	const char *why; // "declined", "expired", "withdrawn"
	const char *giver;
	// Of one for a skill: who is asked next, "" when there is nobody, and for how long.
	const char *next;
	int64_t transfer_ms;
	const struct by_level *within;
};
void store_transfer_end(struct store *s, const struct store_claim *c,
        const struct store_ending *ending, store_fn fn, void *arg);
// Of the claim's name; its epoch does not matter in these three.
void store_join(struct store *s, const struct store_claim *c, const char *role, const char *session,
        const char *invited, store_fn fn, void *arg);
void store_leave(
        struct store *s, const struct store_claim *c, const char *session, store_fn fn, void *arg);
// `kind` is "whisper", "note" or "summary".
void store_note(struct store *s, const struct store_claim *c, const char *kind,
        const struct store_note *note, store_fn fn, void *arg);
void store_invite(struct store *s, const struct store_claim *c, const char *whom, int64_t invite_ms,
        store_fn fn, void *arg);
void store_announce(struct store *s, const char *pool, const char *author,
        const struct store_note *note, int64_t keep_ms, store_fn fn, void *arg);
// STORE_CONFLICT: it is so already, by somebody else's word.
void store_set_pool(struct store *s, const char *pool, bool offline, const char *name,
        const char *reason, store_fn fn, void *arg);
// Of a report of abuse, or of its settling.
struct store_abuse {
	const char *line;
	const char *texter;
	// Of a report.
	const char *reason;
	bool recuse;
	const struct store_note *note; // or NULL
	// Of its settling: the score of who waits without a limit.
	const struct by_level *boost;
};
void store_report(struct store *s, const struct store_claim *c, const struct store_abuse *report,
        store_fn fn, void *arg);
// `hours` 0 dismisses it. The claim's epoch does not matter.
void store_report_settle(struct store *s, const struct store_claim *c,
        const struct store_abuse *report, uint32_t hours, store_fn fn, void *arg);
void store_reports(struct store *s, const char *pool, store_fn fn, void *arg); // HGETALL
void store_offline(struct store *s, const char *pool, store_fn fn, void *arg); // HGETALL
// `why` of core/overflow.h. STORE_ALREADY: it is so.
void store_set_overflow(struct store *s, const char *pool, const char *why, store_fn fn, void *arg);
void store_overflow(struct store *s, const char *pool, store_fn fn, void *arg); // HGETALL
void store_notes(
        struct store *s, const char *pool, const char *id, store_fn fn, void *arg); // HGETALL
// The ids of a texter's latest conversations, at most `count`, oldest first.
void store_of(struct store *s, const char *pool, const char *line, const char *texter, size_t count,
        store_fn fn, void *arg);
void store_with(
        struct store *s, const char *pool, const char *name, store_fn fn, void *arg); // HGETALL
void store_announcements(struct store *s, const char *pool, int64_t since_ms, store_fn fn,
        void *arg); // with times

// ---- deletion ----

struct store_texter {
	const char *pool;
	const char *line;
	const char *texter;
};
struct store_wish {
	struct store_texter of;
	const char *id; // POOL.RANDOM, should it be a new one
	const char *by; // a staff member, or "": the texter, by a text; the rest is of that text
	const char *language;
	const char *gateway;
	struct bytes sealed_number;
	const char *provider_id_hash; // hex
};
void store_erase_ask(struct store *s, const struct store_wish *wish, store_fn fn, void *arg);
void store_erase_read(struct store *s, const struct store_texter *t, store_fn fn, void *arg);
// `conversation` is what is waited for, or "".
void store_erase_wait(struct store *s, const struct store_texter *t, const char *conversation,
        int64_t next_ms, store_fn fn, void *arg);
struct store_erase {
	struct store_texter of; // `line` and `texter` are its own
	const char *conversation;
	const char *who;                    // "": the texter, or nobody
	const char *why;                    // one word
	bool force;                         // also what waits to be sent
	const struct redis_reply *messages; // the first of its messages, at most
	                                    // STORE_ERASE_MAX
};
#define STORE_ERASE_MAX 100
void store_erase(struct store *s, const struct store_erase *e, store_fn fn, void *arg);
// The receipt: `id` is the wish's, and names the conversation that its key is wrapped for.
struct store_told {
	struct store_texter of;
	const char *id;
	const char *gateway;
	const char *message; // the receipt's id; "" when none was sent
	struct bytes wrapped_key;
	struct bytes sealed_text;
	int64_t valid_ms;
	int64_t next_ms; // when to look at it
};
void store_erase_tell(struct store *s, const struct store_told *told, store_fn fn, void *arg);
// Of `told` the first four count.
void store_erase_end(struct store *s, const struct store_told *told, store_fn fn, void *arg);
// Closed until then, the oldest first.
void store_closed(
        struct store *s, const char *pool, int64_t until_ms, size_t limit, store_fn fn, void *arg);
// The one that was closed last, with its time.
void store_closed_latest(struct store *s, const char *pool, store_fn fn, void *arg);
void store_first_messages(
        struct store *s, const char *pool, const char *id, size_t count, store_fn fn, void *arg);

// ---- the outbox ----

#define STORE_REPLY  "reply"
#define STORE_PAGE   "page"
#define STORE_NOTICE "notice"
#define STORE_AUTO   "auto"

struct store_reply {
	const char *message;
	const char *client_id;
	struct bytes sealed_text;
	const char *gateway;
};
void store_send(struct store *s, const struct store_claim *c, const struct store_reply *r,
        store_fn fn, void *arg);
void store_send_held(struct store *s, const struct store_claim *c, const char *message,
        const char *gateway, store_fn fn, void *arg);
// An automatic text: a row of base/texts.def in its conversation's language.
struct store_automatic {
	const char *pool;
	const char *conversation;
	const char *message;
	const char *text;      // the row's name
	const char *mark;      // what is said once in a conversation; "" may be said again
	const char *condition; // while which it is true
	int64_t valid_ms;
	struct bytes sealed_text;
	const char *gateway;
	const char *line; // the conversation's, as the texter
	const char *texter;
	const char *kept_field; // written into the conversation with it, or ""
	const char *kept;       // "seq" is the message's sequence
	int64_t told_ms; // for so long it is not said again to the same texter in any conversation;
	                 // 0: it may be
};
void store_say(struct store *s, const struct store_automatic *a, store_fn fn, void *arg);
// `seen_ms`: its time as read; `next_ms` 0: nothing is left to say. `mark`: not said, being turned
// off.
void store_tend(struct store *s, const char *pool, const char *conversation, int64_t seen_ms,
        int64_t next_ms, const char *mark, store_fn fn, void *arg);
void store_tending(struct store *s, const char *pool, int64_t until_ms, size_t limit, store_fn fn,
        void *arg); // conversations with their times
struct store_page;
void store_notice(
        struct store *s, const char *pool, const struct store_page *notice, store_fn fn, void *arg);

// An outbox entry and where it waits.
struct store_out {
	const char *pool;
	const char *gateway;
	const char *kind;
	const char *id;
	const char *conversation; // of a reply or an automatic text; "" otherwise
};
struct store_lease {
	const char *token; // the same one again is the same claim
	int64_t lease_ms;
	int64_t validity_ms; // a reply older than this is held
	bool repeatable;     // the provider knows a text by our id: sent twice, it goes out once
	int64_t ask_ms;      // when to ask the provider about what may have been sent; 0: it cannot
};
void store_out_claim(struct store *s, const struct store_out *o, const struct store_lease *l,
        store_fn fn, void *arg);
struct store_outcome {
	uint64_t epoch;
	const char *outcome; // of out_done.lua
	struct bytes provider_id;
	struct bytes note;
	int64_t retry_at_ms;
	int64_t ask_ms;
};
void store_out_done(struct store *s, const struct store_out *o, const struct store_outcome *out,
        store_fn fn, void *arg);
void store_receipt(struct store *s, const struct store_out *o, int delivery,
        struct bytes provider_id, struct bytes note, store_fn fn, void *arg);
// `delays_ms` as in out_ask.lua: "120000,600000,60000".
void store_out_ask(struct store *s, const char *pool, const char *id, const char *delays_ms,
        store_fn fn, void *arg);
// `delivery` 0: the provider does not know it.
void store_out_asked(struct store *s, const struct store_out *o, int delivery,
        struct bytes provider_id, struct bytes note, store_fn fn, void *arg);

// A texter's rating of the conversation that has ended. STORE_NOT_FOUND: nobody asked for it.
struct store_rating {
	const char *pool;
	const char *conversation;
	const char *gateway;
	const char *provider_id_hash;
	const char *line;
	const char *texter;
	unsigned rating;
	int64_t window_ms; // after the question
};
void store_rate(struct store *s, const struct store_rating *r, store_fn fn, void *arg);

void store_seen_get(struct store *s, const char *pool, const char *gateway,
        const char *provider_id_hash, store_fn fn,
        void *arg); // the claimed id's value, or nil
void store_seen_put(struct store *s, const char *pool, const char *gateway,
        const char *provider_id_hash, const char *what, store_fn fn, void *arg);

struct store_page {
	const char *id; // of the outbox entry
	const char *person;
	const char *gateway;
	const char *line;
	struct bytes sealed_number;
	struct bytes sealed_text;
};
struct store_step {
	const char *pool;
	uint64_t number;
	const char *conversation;
	uint64_t generation; // as seen
	size_t step;
	uint32_t pass;
	int64_t next_at_ms;
	const char *people; // comma-separated, for show
	const struct store_page *pages;
	size_t pages_count; // at most 64
};
#define STORE_PAGES_MAX 64
void store_page_number(struct store *s, store_fn fn, void *arg); // answers an integer
// `early_ms`: open also what becomes due within that time.
void store_page_open(struct store *s, const char *pool, const char *conversation, uint64_t number,
        const char *policy, int64_t early_ms, store_fn fn, void *arg);
void store_page_step(struct store *s, const struct store_step *step, store_fn fn, void *arg);
void store_page_ack(struct store *s, const char *pool, uint64_t number, const char *person,
        int64_t acknowledge_ms, int64_t flag_acknowledge_ms, store_fn fn, void *arg);
void store_page_resolve(struct store *s, const char *pool, uint64_t number,
        const char *conversation, store_fn fn, void *arg);

void store_sign_in(struct store *s, const char *pool, const char *name, const char *node,
        const char *session, unsigned capacity, store_fn fn, void *arg);
// Where they help out.
void store_sign_in_guest(struct store *s, const char *pool, const char *name, const char *node,
        const char *session, unsigned capacity, store_fn fn, void *arg);
void store_set_presence(struct store *s, const char *pool, const char *name, const char *session,
        const char *presence, store_fn fn, void *arg);
void store_take_break(struct store *s, const char *pool, const char *name, const char *session,
        int64_t until_ms, store_fn fn, void *arg);
void store_end_break(struct store *s, const char *pool, const char *name, store_fn fn, void *arg);
// 0: when it ends is not known.
void store_set_shift(struct store *s, const char *pool, const char *name, const char *session,
        int64_t shift_end_ms, store_fn fn, void *arg);
void store_gone(struct store *s, const char *pool, const char *name, const char *session,
        int64_t grace_ms, store_fn fn, void *arg);
void store_forget(struct store *s, const char *pool, const char *name, store_fn fn, void *arg);
void store_staff_put(struct store *s, const char *name, const char *record, const char *phone_hash,
        store_fn fn, void *arg);
void store_staff_remove(struct store *s, const char *name, store_fn fn, void *arg);
// One heartbeat; answers the counters and the times of all nodes. `now_ms` is 0 while the node's
// time is not agreed; `forget` are at most STORE_FORGET_MAX nodes that are dead.
#define STORE_FORGET_MAX 16
void store_beat(struct store *s, const char *node, int64_t now_ms, const char *const *forget,
        size_t forget_count, store_fn fn, void *arg);
void store_settle(struct store *s, const char *pool, const char *member, struct bytes score,
        store_fn fn, void *arg);

// What could not be taken as a text, until a supervisor has dealt with it.
struct store_quarantine {
	const char *id; // GATEWAY.RANDOM
	const char *gateway;
	const char *reason;      // never any of the content
	const char *fingerprint; // keyed hash of the request, in hex
	struct bytes sealed;     // bound to the id
	size_t size;             // of what is sealed
	int64_t at_ms;           // when it arrived
};
#define STORE_QUARANTINE_MOST 10000 // entries that may wait; beyond it STORE_FULL
void store_quarantine_put(
        struct store *s, const struct store_quarantine *in, store_fn fn, void *arg);
// `outcome` is "released" (the content goes at once) or "discarded" (it stays for 30 days).
void store_quarantine_end(struct store *s, const char *id, const char *outcome, const char *by,
        const char *note, store_fn fn, void *arg);

// The checker's: each answers OK and the names of what was wrong and has been put right. What they
// are given is as the caller has just read it; STORE_STALE means that it is changing.
struct store_check {
	const char *pool;
	const char *conversation;
	const char *holder;
	const char *line;
	const char *texter;
	uint64_t page;
	uint64_t flag_page;
	const struct by_level *boost;
	const struct by_level *within;
};
#define STORE_CHECK_HOLD_MAX 128
void store_check(struct store *s, const struct store_check *check, store_fn fn, void *arg);
void store_check_hold(struct store *s, const char *pool, const char *name, const char *const *ids,
        size_t count, store_fn fn, void *arg);
void store_check_texter(struct store *s, const char *pool, const char *line, const char *texter,
        const char *conversation, store_fn fn, void *arg);
void store_check_page(struct store *s, const char *pool, uint64_t number, store_fn fn, void *arg);
void store_check_erase(struct store *s, const struct store_texter *t, store_fn fn, void *arg);
// STORE_ANOTHER: the reply in the first part of the answer goes before it and is to be looked at.
void store_check_out(struct store *s, const struct store_out *o, store_fn fn, void *arg);

// Reads. The reply is Redis' own.
void store_quarantine_count(struct store *s, store_fn fn, void *arg);
void store_quarantine_ids(
        struct store *s, size_t limit, store_fn fn, void *arg); // with times, oldest first
void store_quarantine_facts(struct store *s, const char *id, store_fn fn,
        void *arg); // at, reason, size, outcome, by: in this order, nil when there is none
void store_quarantine_get(struct store *s, const char *id, store_fn fn, void *arg); // HGETALL
void store_conversation(
        struct store *s, const char *pool, const char *id, store_fn fn, void *arg); // HGETALL
void store_message_ids(struct store *s, const char *pool, const char *id, uint64_t after_sequence,
        store_fn fn, void *arg);
void store_message(
        struct store *s, const char *pool, const char *id, store_fn fn, void *arg); // HGETALL
void store_holds(
        struct store *s, const char *pool, const char *name, store_fn fn, void *arg); // ids
void store_held_since(struct store *s, const char *pool, size_t limit, store_fn fn,
        void *arg); // ids with the time of the accept
void store_rates(struct store *s, const char *pool, store_fn fn, void *arg);     // HGETALL
void store_signed_in(struct store *s, const char *pool, store_fn fn, void *arg); // HGETALL
void store_queue(struct store *s, const char *pool, bool imminent, size_t first, size_t count,
        store_fn fn, void *arg);
void store_waiting(struct store *s, const char *pool, enum level l, size_t limit, store_fn fn,
        void *arg); // ids with enqueued
void store_waiting_count(struct store *s, const char *pool, enum level l, store_fn fn, void *arg);
void store_state_count(struct store *s, const char *pool, const char *set, store_fn fn,
        void *arg); // "held", "wrap", "pages"
void store_due(struct store *s, const char *pool, int64_t until_ms, size_t limit, store_fn fn,
        void *arg); // members with scores
void store_outbox(struct store *s, const char *pool, const char *gateway, const char *kind,
        int64_t until_ms, size_t limit, store_fn fn, void *arg); // members with scores
void store_unsent_count(struct store *s, const char *pool, const char *gateway, const char *kind,
        store_fn fn, void *arg);
void store_unsent_oldest(struct store *s, const char *pool, const char *gateway, const char *kind,
        store_fn fn, void *arg); // one member with its score, or none
void store_gateways_used(struct store *s, const char *pool, store_fn fn, void *arg); // SMEMBERS
void store_custody(struct store *s, const char *pool, const char *id, store_fn fn,
        void *arg); // custody_read.lua
void store_entry(
        struct store *s, const char *pool, const char *id, store_fn fn, void *arg); // HGETALL
void store_pages(struct store *s, const char *pool, bool past, store_fn fn,
        void *arg); // numbers, oldest first
// A window of a sorted set of the pool ("q", "w:3", "due" …), members by rank.
void store_window(struct store *s, const char *pool, const char *set, size_t first, size_t count,
        store_fn fn, void *arg);
// The pool's keys of conversations, holds, outbox entries and texters, a few hundred at a time:
// SCAN's own answer. `cursor` is "0" at first. Names come whole, "{P}:c:ID".
void store_scan(struct store *s, const char *pool, const char *cursor, store_fn fn, void *arg);
void store_texter(struct store *s, const char *pool, const char *line, const char *texter,
        store_fn fn, void *arg); // HGETALL
void store_page_get(struct store *s, const char *pool, uint64_t number, store_fn fn, void *arg);
void store_staff_records(struct store *s, store_fn fn, void *arg);
