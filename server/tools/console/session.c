// SPDX-License-Identifier: Apache-2.0
// Keeps the console in step with the server: sessions, news, and connections that break.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../common/exits.h"
#include "../common/words.h"
#include "base/id.h"
#include "console.h"

#define BACKOFF_MAX_MS 30000

// ---- offers

static struct offer *find_offer(const struct console *c, const char *conversation)
{
	struct offer *o = c->offers;

	while (o && strcmp(o->conversation, conversation) != 0)
		o = o->next;
	return o;
}

static void remove_offer(struct console *c, struct offer *gone)
{
	struct offer **at = &c->offers;

	while (*at && *at != gone)
		at = &(*at)->next;
	if (*at)
		*at = gone->next;
	free(gone->conversation);
	free(gone->from);
	buf_free(&gone->reasons);
	free(gone);
}

void console_forget_offer(struct console *c, const char *conversation, uint64_t epoch)
{
	struct offer *o = find_offer(c, conversation);

	if (o && o->epoch <= epoch)
		remove_offer(c, o);
}

void console_show_offer(struct console *c, const struct offer *o, bool is_new)
{
	char waiting[DURATION_MAX], left[DURATION_MAX];
	int64_t now = console_now(c);
	struct buf reasons = {0};

	if (o->reasons.len)
		buf_printf(&reasons, " (%s)", (const char *)o->reasons.data);
	if (*o->from)
		buf_printf(&reasons, ", to be taken on from %s", o->from);
	view_offer(c->view, is_new, "%s, %s waiting%s - /accept within %s", word_level(o->level),
	        word_duration(waiting, now - o->enqueued_ms), buf_str(&reasons),
	        word_duration(left, o->until_ms - now));
	buf_free(&reasons);
}

static void add_offer(struct console *c, const Holdfast__V1__Offer *news)
{
	struct offer **at = &c->offers;
	struct offer *o = find_offer(c, news->conversation);

	if (o)
		remove_offer(c, o);
	o = xcalloc(1, sizeof(*o));
	o->conversation = xstrdup(news->conversation);
	o->epoch = news->epoch;
	o->from = xstrdup(news->from);
	o->level = news->level;
	o->until_ms = news->until_ms + c->clock_offset_ms;
	o->enqueued_ms = news->enqueued_ms + c->clock_offset_ms;
	word_list(&o->reasons, news->reasons, news->n_reasons, "");
	(void)buf_str(&o->reasons);
	while (*at)
		at = &(*at)->next;
	*at = o;
	console_show_offer(c, o, true);
}

static const struct {
	const char *reason;
	const char *words;
} offer_ends[] = {
        {"expired", "is over: not accepted in time"},
        {"accepted_elsewhere", "is over: somebody else has it"},
        {"declined", "is over: declined"},
        {"withdrawn", "is taken back"},
};

static void offer_over(struct console *c, const Holdfast__V1__OfferOver *over)
{
	const struct offer *o = find_offer(c, over->conversation);
	const char *words = "is over";

	if (!o || o->epoch > over->epoch)
		return;
	for (size_t i = 0; i < sizeof(offer_ends) / sizeof(offer_ends[0]); i++) {
		if (strcmp(offer_ends[i].reason, over->reason) == 0)
			words = offer_ends[i].words;
	}
	view_offer(c->view, false, "%s: the offer %s", word_level(o->level), words);
	console_forget_offer(c, over->conversation, over->epoch);
}

// ---- messages

static void show_said(
        struct console *c, const struct talk *talk, const struct said *s, const char *author)
{
	bool held = s->delivery == HOLDFAST__V1__DELIVERY__DELIVERY_HELD;
	struct buf note = {0};

	buf_append_str(&note, s->note);
	if (held)
		buf_append_str(&note, "; NOT SENT, /sendheld sends it now");
	view_said(c->view, held, talk->number, author, s->text, word_delivery(s->delivery),
	        buf_str(&note));
	buf_free(&note);
}

void console_show_message(struct console *c, const struct talk *talk, const struct said *s)
{
	struct buf note = {0};

	if (s->damaged)
		buf_append_str(&note, " (damaged on the way)");
	if (s->media)
		buf_printf(&note, " (%u attachments, not shown)", s->media);
	bool mine = strcmp(s->author, c->settings->user) == 0 || !*s->author;
	if (s->in)
		view_texter(c->view, talk->number, talk->level, s->text, buf_str(&note));
	else
		show_said(c, talk, s, mine ? "you" : s->author);
	buf_free(&note);
}

// In their order: what comes after a gap waits for the gap to be filled, or given up (`all`).
static void show_due(struct console *c, struct talk *talk, bool all)
{
	uint64_t complete_to = talk_complete_to(talk);

	for (size_t i = 0; i < talk->said_count; i++) {
		struct said *s = &talk->said[i];
		if (s->shown || (!all && s->sequence > complete_to))
			continue;
		s->shown = true;
		console_show_message(c, talk, s);
	}
}

static void ask_for_missing(struct console *c, struct talk *talk);

static void on_missing(const Frame *answer, void *arg)
{
	struct console *c = arg;
	const char *text;

	if (!client_answered(answer, HOLDFAST__V1__FRAME__BODY_CONVERSATION, &text)) {
		// Whose answer this is, it does not say: all may ask again, after a reconnect or
		// with the next message.
		view_error(c->view, "some messages could not be fetched: %s", text);
		for (struct talk *t = c->talks.first; t; t = t->next) {
			t->asking = false;
			show_due(c, t, true);
		}
		return;
	}
	struct talk *talk = talks_by_id(&c->talks, answer->conversation->id);
	if (!talk)
		return;
	talk->asking = false;
	// An answer without news would make us ask for ever.
	uint64_t before = talk_complete_to(talk);
	for (size_t i = 0; i < answer->conversation->n_messages; i++)
		(void)talk_add(talk, answer->conversation->messages[i]);
	bool progress = talk_complete_to(talk) > before;
	show_due(c, talk, !progress);
	if (progress)
		ask_for_missing(c, talk);
}

static void ask_for_missing(struct console *c, struct talk *talk)
{
	Frame *f;

	if (talk->asking || talk_complete_to(talk) >= talk->last)
		return;
	f = client_frame(HOLDFAST__V1__FRAME__BODY_GET_CONVERSATION);
	f->get_conversation->conversation = xstrdup(talk->id);
	f->get_conversation->after_sequence = talk_complete_to(talk);
	talk->asking = client_request(c->client, f, on_missing, c);
	frame_free(f);
}

void console_message(struct console *c, const Holdfast__V1__Message *m)
{
	struct talk *talk = talks_by_id(&c->talks, m->conversation);

	if (!talk || !talk_add(talk, m))
		return;
	show_due(c, talk, false);
	ask_for_missing(c, talk);
}

static void delivery_change(struct console *c, const Holdfast__V1__DeliveryChange *change)
{
	struct talk *talk = talks_by_id(&c->talks, change->conversation);
	const struct said *s = talk ? talk_delivery(talk, change) : NULL;

	if (s)
		console_show_message(c, talk, s);
}

void console_delivery(struct console *c, const Holdfast__V1__Message *m)
{
	Holdfast__V1__DeliveryChange change = HOLDFAST__V1__DELIVERY_CHANGE__INIT;

	change.conversation = m->conversation;
	change.message = m->id;
	change.delivery = m->delivery;
	change.note = m->delivery_note;
	delivery_change(c, &change);
}

// ---- conversations

static const char *const parts[] = {
        [TALK_HELD] = "yours",
        [TALK_JOINED] = "joined",
        [TALK_WATCHED] = "watched; /join to write, /whisper to who holds it",
};

struct talk *console_take(
        struct console *c, const Holdfast__V1__Conversation *conversation, enum talk_part part)
{
	struct talk *talk = talks_by_id(&c->talks, conversation->id);
	bool is_new = !talk || talk->part != part;

	if (!talk)
		talk = talks_add(&c->talks, conversation->id);
	talk_update(talk, conversation);
	talk->seen = true;
	talk->part = part;
	if (is_new)
		view_note(c->view, talk->number,
		        "%s: %s, line %s, %" PRIu64 " earlier conversations", parts[part],
		        word_level(talk->level), conversation->line,
		        conversation->earlier_conversations);
	if (is_new && conversation->deleted_ms)
		view_note(c->view, talk->number, "what was said in it has been deleted");
	else if (is_new && conversation->deletion_asked_ms)
		view_note(c->view, talk->number,
		        "they have asked that what they write be deleted when it is over");
	for (size_t i = 0; is_new && i < conversation->n_previous; i++)
		console_previous(c, talk, conversation->previous[i]);
	console_notes(c, talk, conversation);
	for (size_t i = 0; i < conversation->n_messages; i++)
		(void)talk_add(talk, conversation->messages[i]);
	show_due(c, talk, false);
	ask_for_missing(c, talk);
	return talk;
}

void console_drop_talk(struct console *c, struct talk *talk, const char *why)
{
	bool current = talk == console_current(c);

	view_note(c->view, talk->number, "%s", why);
	talks_remove(&c->talks, talk);
	// Never to another conversation by itself: what is being typed is meant for this one.
	if (current)
		console_switch(c, NULL);
}

static const struct {
	const char *reason;
	const char *words;
} release_words[] = {
        {"lost", "back in the queue: your console was away for too long"},
        {"silent", "back in the queue: the texter waited too long for you"},
        {"knows_them", "back in the queue: you know them"},
        {"reported", "back in the queue: you have reported them"},
        {"transfer", "back in the queue, with your summary"},
        {"given_back", "back in the queue"},
        {"transferred", "passed on"},
        {"taken_over", "taken over"},
        {"reopened", "they have written again: you are asked first"},
};

static void released(struct console *c, const Holdfast__V1__Released *news)
{
	struct talk *talk = talks_by_id(&c->talks, news->conversation);

	if (!talk)
		return;
	if (strcmp(news->reason, "closed") == 0) {
		// It stays with us until the notes are done.
		talk->state = HOLDFAST__V1__STATE__STATE_WRAP_UP;
		return;
	}
	const char *words = "not yours any more";
	for (size_t i = 0; i < sizeof release_words / sizeof release_words[0]; i++)
		if (strcmp(release_words[i].reason, news->reason) == 0)
			words = release_words[i].words;
	struct buf text = {0};
	buf_printf(&text, "%s%s%s", words, *news->by ? ": " : "", news->by);
	console_drop_talk(c, talk, buf_str(&text));
	buf_free(&text);
	replies_flush(c);
}

static void level_change(struct console *c, const Holdfast__V1__LevelChange *news)
{
	struct talk *talk = talks_by_id(&c->talks, news->conversation);
	struct offer *o = find_offer(c, news->conversation);
	struct buf reasons = {0};

	word_list(&reasons, news->reasons, news->n_reasons, "no reason given");
	if (talk) {
		talk->level = news->level;
		view_note(c->view, talk->number, "now %s (%s)", word_level(news->level),
		        buf_str(&reasons));
		console_prompt(c);
	} else if (o) {
		o->level = news->level;
		console_show_offer(c, o, false);
	}
	buf_free(&reasons);
}

static void presence_change(struct console *c, const Holdfast__V1__PresenceChange *news)
{
	c->presence = news->presence;
	if (strcmp(news->reason, "missed_offers") == 0)
		view_you(c->view, "%s: you missed offers; /available when you are back",
		        word_presence(news->presence));
	else if (strcmp(news->reason, "elsewhere") == 0)
		c->elsewhere = true;
	else if (strcmp(news->reason, "break_over") == 0)
		view_you(c->view, "your break is over: %s", word_presence(news->presence));
	else
		view_you(c->view, "%s", word_presence(news->presence));
}

// What a supervisor must see to, in words; a kind that is not here is shown as it is.
static const struct {
	const char *kind;
	const char *text;
} attentions[] = {
        {"no_speaker", "nobody here speaks the language of"},
        {"pool_offline", "has taken the pool offline"},
        {"overload", "people wait for too long: counselors of other pools help out"},
        {"missed_offers", "missed offers and is away now"},
        {"counselor_silent", "has not answered a texter who waits, in"},
        {"texter_silent", "holds somebody who has gone silent; closing it needs a supervisor:"},
        {"close_asked", "wants to close, which takes two; /approve ID or /refuse ID:"},
        {"flag", "has somebody in imminent danger: /takeover it, or /settle ID when you have seen "
                 "to it:"},
        {"deletion_asked", "talks with somebody who has asked that what they write be deleted when "
                           "it is over:"},
        {"abuse_report", "has reported the texter for abuse; read it, then /uphold ID [HOURS] or "
                         "/dismiss ID:"},
        {"requeued", "was the third to lose this one; it waits again:"},
};

static void attention(struct console *c, const Holdfast__V1__Attention *news)
{
	const char *text = news->kind;

	for (size_t i = 0; i < sizeof attentions / sizeof attentions[0]; i++)
		if (strcmp(news->kind, attentions[i].kind) == 0)
			text = attentions[i].text;
	view_you(c->view, "%s: %s%s%s %s", news->pool, news->name, *news->name ? " " : "", text,
	        news->conversation);
}

static void going_away(struct console *c, const Holdfast__V1__GoingAway *news)
{
	if (strcmp(news->reason, "elsewhere") == 0)
		c->elsewhere = true;
	c->hurry = strcmp(news->reason, "draining") == 0;
	if (!c->elsewhere)
		view_you(c->view, "the server ends this connection (%s)", news->reason);
}

// ---- the session

static void take_held(struct console *c, const Holdfast__V1__Session *s)
{
	struct talk *next;

	for (struct talk *t = c->talks.first; t; t = t->next)
		t->seen = t->asking = false;
	for (size_t i = 0; i < s->n_held; i++) {
		struct talk *talk = console_take(c, s->held[i], TALK_HELD);
		if (talk->state == HOLDFAST__V1__STATE__STATE_WRAP_UP)
			view_note(c->view, talk->number,
			        "in wrap-up; /finish when your notes are done");
	}
	for (struct talk *t = c->talks.first; t; t = next) {
		next = t->next;
		if (!t->seen)
			console_drop_talk(c, t,
			        t->part == TALK_HELD ? "not yours any more"
			                             : "you are out of it; /watch or /join again");
	}
}

static void on_ready(const Holdfast__V1__Session *s, void *arg)
{
	struct console *c = arg;

	c->failures = 0;
	c->presence = s->presence;
	c->clock_offset_ms = console_now(c) - s->now_ms;
	view_you(c->view, "signed in as %s, %s, room for %u%s", s->name, word_presence(s->presence),
	        s->capacity, c->was_signed_in ? "" : "; /help tells what you can do");
	while (c->offers)
		remove_offer(c, c->offers);
	take_held(c, s);
	// At the very beginning nothing has been typed that could reach the wrong person.
	if (!c->was_signed_in && s->n_held == 1)
		console_switch(c, c->talks.first);
	c->was_signed_in = true;
	for (size_t i = 0; i < s->n_offers; i++)
		add_offer(c, s->offers[i]);
	console_prompt(c);
	replies_flush(c);
	console_next_line(c);
}

static void on_staff_news(struct console *c, const Frame *f)
{
	switch (f->body_case) {
	case HOLDFAST__V1__FRAME__BODY_PRESENCE_CHANGE:
		presence_change(c, f->presence_change);
		break;
	case HOLDFAST__V1__FRAME__BODY_NUDGE:
		safety_nudge(c, f->nudge);
		break;
	case HOLDFAST__V1__FRAME__BODY_BREAK_OFFERED:
		duty_break_offered(c);
		break;
	case HOLDFAST__V1__FRAME__BODY_SHIFT_ENDING:
		duty_shift_ending(c, f->shift_ending);
		break;
	case HOLDFAST__V1__FRAME__BODY_ATTENTION:
		attention(c, f->attention);
		break;
	case HOLDFAST__V1__FRAME__BODY_ANNOUNCED:
		console_announced(c, f->announced);
		break;
	case HOLDFAST__V1__FRAME__BODY_POOL_CHANGE:
		pools_changed(c, f->pool_change);
		break;
	case HOLDFAST__V1__FRAME__BODY_GOING_AWAY:
		going_away(c, f->going_away);
		break;
	default: // of a newer server
		break;
	}
}

static void on_news(const Frame *f, void *arg)
{
	struct console *c = arg;

	switch (f->body_case) {
	case HOLDFAST__V1__FRAME__BODY_OFFER:
		add_offer(c, f->offer);
		break;
	case HOLDFAST__V1__FRAME__BODY_OFFER_OVER:
		offer_over(c, f->offer_over);
		break;
	case HOLDFAST__V1__FRAME__BODY_MESSAGE:
		console_message(c, f->message);
		break;
	case HOLDFAST__V1__FRAME__BODY_DELIVERY_CHANGE:
		delivery_change(c, f->delivery_change);
		break;
	case HOLDFAST__V1__FRAME__BODY_LEVEL_CHANGE:
		level_change(c, f->level_change);
		break;
	case HOLDFAST__V1__FRAME__BODY_RELEASED:
		released(c, f->released);
		break;
	case HOLDFAST__V1__FRAME__BODY_CLOSE_ANSWERED:
		safety_close_answered(c, f->close_answered);
		break;
	case HOLDFAST__V1__FRAME__BODY_CONVERSATION:
		console_around(c, f->conversation);
		break;
	case HOLDFAST__V1__FRAME__BODY_WHISPERED:
		console_whispered(c, f->whispered);
		break;
	case HOLDFAST__V1__FRAME__BODY_INVITED:
		console_invited(c, f->invited);
		break;
	case HOLDFAST__V1__FRAME__BODY_TRANSFER_OVER:
		console_transfer_over(c, f->transfer_over);
		break;
	default: // of no conversation
		on_staff_news(c, f);
		break;
	}
}

// ---- the end of a connection

static void stop_with(struct console *c, int code)
{
	c->code = code;
	loop_stop(c->loop);
}

static void connect_again(void *arg)
{
	struct console *c = arg;

	client_connect(c->client);
}

// Doubling from 1 s, varied by a quarter so that a whole room of consoles does not come in one
// second.
static int64_t backoff_ms(unsigned failures)
{
	int64_t ms = failures < 5 ? 1000LL << failures : BACKOFF_MAX_MS;
	uint16_t dice;

	random_bytes(&dice, sizeof(dice));
	return ms - ms / 4 + ms / 2 * dice / UINT16_MAX;
}

static void on_ended(enum client_end end, const char *why, void *arg)
{
	struct console *c = arg;
	char delay[DURATION_MAX];
	int64_t ms;

	if (c->elsewhere) {
		view_error(c->view, "you signed in elsewhere; this console ends");
		stop_with(c, EXIT_FAILED);
	} else if (end == CLIENT_REFUSED || !c->was_signed_in) {
		view_error(c->view,
		        end == CLIENT_REFUSED ? "not signed in: %s" : "no connection: %s", why);
		stop_with(c, EXIT_FAILED);
	} else {
		ms = c->hurry ? 0 : backoff_ms(c->failures++);
		c->hurry = false;
		view_error(c->view, "connection lost (%s); trying again in %s", why,
		        word_duration(delay, ms + 999));
		(void)loop_timer(c->loop, ms, connect_again, c);
	}
}

const struct client_events console_events = {.ready = on_ready, .news = on_news, .ended = on_ended};

void console_free_state(struct console *c)
{
	while (c->offers)
		remove_offer(c, c->offers);
	talks_clear(&c->talks);
	replies_free(c);
	console_forget_listed(c);
	free(c->invited);
	free(c->current);
}
