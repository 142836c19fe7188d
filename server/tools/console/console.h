// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "../common/client.h"
#include "../common/lines.h"
#include "base/id.h"
#include "talk.h"
#include "view.h"

// holdfast-console: a counselor's terminal. session.c keeps it in step with the server, replies.c
// sees to it that no typed reply is lost or doubled, commands.c does what is typed, view.c prints.

struct offer {
	char *conversation;
	uint64_t epoch;
	char *from; // who holds it and wants to pass it on; "" is the queue
	Holdfast__V1__Level level;
	int64_t until_ms;    // by this machine's clock
	int64_t enqueued_ms; // likewise
	struct buf reasons;
	struct offer *next;
};

// A reply that the server has not confirmed yet.
struct draft {
	char client_id[ID_LEN + 1];
	char *conversation;
	char *text;
	bool under_way;
	struct draft *next;
};

struct console {
	struct loop *loop;
	struct client *client;
	struct lines *in;
	struct view *view;
	struct settings *settings;
	Holdfast__V1__Presence presence;
	int64_t clock_offset_ms; // ours minus the server's
	struct talks talks;
	char *current;        // id of the conversation that typed text goes to, or NULL
	struct offer *offers; // as they came
	struct draft *drafts; // as they were typed
	char **listed;        // ids of the latest /list all: /watch N means the N-th
	uint64_t *listed_epochs;
	size_t listed_count;
	char *invited;        // conversation of the latest invitation, or NULL
	int64_t announced_ms; // of the latest announcement that was shown
	bool was_signed_in;
	unsigned failures; // connections in a row that came to nothing
	bool elsewhere;
	bool hurry;   // the node is shutting down: another one is there already
	bool leaving; // /quit, or the end of the input
	bool reading; // a line has been asked for
	bool waiting; // a command is under way: the next line is read when it is over
	int code;
};

int64_t console_now(const struct console *c); // wall clock
struct talk *console_current(const struct console *c);
void console_switch(struct console *c, const struct talk *talk); // NULL is nobody
void console_prompt(struct console *c);
// Asks for the next typed line, unless leaving.
void console_next_line(struct console *c);
// Ends the program as soon as no draft is left, or after ten seconds.
void console_leave(struct console *c);
void console_maybe_stop(struct console *c);

// ---- session.c
extern const struct client_events console_events;
// A conversation of ours with its messages: shows what is new, asks for what is missing.
struct talk *console_take(
        struct console *c, const Holdfast__V1__Conversation *conversation, enum talk_part part);
void console_show_message(struct console *c, const struct talk *talk, const struct said *s);
void console_message(struct console *c, const Holdfast__V1__Message *m);
// What the message says of its delivery.
void console_delivery(struct console *c, const Holdfast__V1__Message *m);
void console_forget_offer(struct console *c, const char *conversation, uint64_t epoch);
void console_show_offer(struct console *c, const struct offer *o, bool is_new);
void console_drop_talk(struct console *c, struct talk *talk, const char *why);
void console_free_state(struct console *c);

// ---- replies.c
void replies_add(struct console *c, const struct talk *talk, const char *text);
// Sends what is not under way; drops, and says so, what belongs to nobody of ours any more.
void replies_flush(struct console *c);
void replies_free(struct console *c);

// ---- commands.c
void commands_run(struct console *c, const char *line);
// Sends a request that is answered by a Result, says `done` or why not, and then calls `then` (or
// NULL). Frees `f`. True when it is under way: commands_asked() is called at its end.
bool commands_ask(struct console *c, Frame *f, const char *conversation, const char *done,
        void (*then)(struct console *c, const char *conversation));
// A command's request has been answered: the next line may be read.
void commands_asked(struct console *c);

// ---- desk.c: commands of supervisors, and what brings others into a conversation
bool run_list_all(struct console *c);
void console_forget_listed(struct console *c);
bool run_watch(struct console *c, const char *rest);
bool run_unwatch(struct console *c, const char *rest);
bool run_join(struct console *c, const char *rest);
bool run_leave(struct console *c, const char *rest);
bool run_take_over(struct console *c, const char *rest);
bool run_whisper(struct console *c, const char *rest);
bool run_offline(struct console *c, const char *rest);
bool run_online(struct console *c, const char *rest);
void pools_changed(struct console *c, const Holdfast__V1__PoolChange *news);
bool run_announce(struct console *c, const char *rest);
bool run_transfer(struct console *c, const char *rest);
bool run_give_back(struct console *c, const char *rest);
bool run_invite(struct console *c, const char *rest);

// ---- company.c: news of others in a conversation
// Shows the notes that were not shown yet.
void console_notes(struct console *c, struct talk *talk, const Holdfast__V1__Conversation *in);
// Who has it and who is in it, when that has changed; takes its epoch over.
void console_around(struct console *c, const Holdfast__V1__Conversation *in);
void console_whispered(struct console *c, const Holdfast__V1__Whispered *news);
void console_announced(struct console *c, const Holdfast__V1__Announced *news);
void console_invited(struct console *c, const Holdfast__V1__Invited *news);
void console_transfer_over(struct console *c, const Holdfast__V1__TransferOver *news);

// ---- closing.c: commands, as in the table of commands.c
bool run_close(struct console *c, const char *rest);
bool run_finish(struct console *c, const char *rest);
bool run_note(struct console *c, const char *rest);
bool run_summary(struct console *c, const char *rest);
// What is known of an earlier conversation of the same texter, in a line.
void console_previous(
        struct console *c, const struct talk *talk, const Holdfast__V1__Previous *one);

// ---- abuse.c: commands, as in the table of commands.c
bool run_report(struct console *c, const char *rest);
bool run_report_away(struct console *c, const char *rest);
bool run_reports(struct console *c, const char *rest);
bool run_uphold(struct console *c, const char *rest);
bool run_dismiss(struct console *c, const char *rest);

// ---- custody.c: a command
bool run_custody(struct console *c, const char *rest);

// ---- quarantine.c: commands, as in the table of commands.c
bool run_quarantine(struct console *c, const char *rest);
bool run_read(struct console *c, const char *rest);
bool run_release(struct console *c, const char *rest);
bool run_discard(struct console *c, const char *rest);

// ---- overview.c: commands, as in the table of commands.c
bool run_status(struct console *c, const char *rest);
bool run_queue(struct console *c, const char *rest);
bool run_pages(struct console *c, const char *rest);
bool run_acknowledge(struct console *c, const char *rest);
bool run_staff(struct console *c, const char *rest);
bool run_on_call(struct console *c, const char *rest);
bool run_checks(struct console *c, const char *rest);

// ---- forecast.c: a command, as in the table of commands.c
bool run_forecast(struct console *c, const char *rest);

// ---- duty.c: breaks and shifts. The first three are commands, as in commands.c
bool duty_break(struct console *c, const char *rest);
bool duty_shift(struct console *c, const char *rest);
bool duty_know(struct console *c, const char *rest);
void duty_break_offered(struct console *c);
void duty_shift_ending(struct console *c, const Holdfast__V1__ShiftEnding *news);

// ---- safety.c: silences, closes that take two; commands, as in the table of commands.c
void safety_nudge(struct console *c, const Holdfast__V1__Nudge *news);
void safety_close_answered(struct console *c, const Holdfast__V1__CloseAnswered *news);
bool run_approve(struct console *c, const char *rest);
bool run_refuse(struct console *c, const char *rest);
bool run_flag(struct console *c, const char *rest);
bool run_settle(struct console *c, const char *rest);
bool run_risk(struct console *c, const char *rest);
bool run_level(struct console *c, const char *rest);
struct talk *need_current(struct console *c); // of commands.c; says so when there is none
