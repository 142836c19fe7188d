// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/args.h"
#include "../common/client.h"
#include "../common/exits.h"
#include "../common/settings.h"
#include "../common/show.h"
#include "base/version.h"

// holdfastctl: a table of commands. Most are one request and a way to show its answer; the others
// run by themselves.

struct ctl {
	struct args args;
	size_t words; // how many words of the command line the command's name takes up
	struct settings settings;
	struct loop *loop;
	bool json;
};

struct command {
	const char *name; // "page ack"
	const char *usage;
	const char *help;
	const char *options; // names from ctl_options, between spaces
	size_t operands;     // how many it takes, exactly
	// One request: `prepare` (or NULL) fills its body; false leaves one line in `error`.
	unsigned request;
	bool (*prepare)(const struct ctl *c, Frame *request, struct buf *error);
	unsigned answer; // the body that is a yes
	void (*show)(const Frame *answer);
	int (*judge)(const Frame *answer); // the exit code of a yes; NULL: EXIT_DONE
	// Or all of it: returns an exit code. Then the five above are not used.
	int (*run)(struct ctl *c);
	enum settings_for purpose;
};

extern const struct arg_option ctl_options[];
extern const struct command commands[]; // ends with a NULL name

const char *ctl_operand(const struct ctl *c, size_t index); // NULL when there is none
// One line on stderr; returns `code`.
int ctl_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ctl_print_json(const ProtobufCMessage *m);

// Connects, signs in, sends, calls `answered` with the answer, disconnects. False leaves one line
// in `error`; so does no connection, or no answer in time.
typedef void (*ctl_answer_fn)(const Frame *answer, void *arg);
MUST_CHECK bool ctl_call(
        struct ctl *c, Frame *request, ctl_answer_fn answered, void *arg, struct buf *error);

// ---- requests.c
bool prepare_queue(const struct ctl *c, Frame *request, struct buf *error);
bool prepare_conversations(const struct ctl *c, Frame *request, struct buf *error);
bool prepare_conversation(const struct ctl *c, Frame *request, struct buf *error);
bool prepare_pages(const struct ctl *c, Frame *request, struct buf *error);
bool prepare_acknowledge(const struct ctl *c, Frame *request, struct buf *error);
bool prepare_put_staff(const struct ctl *c, Frame *request, struct buf *error);
bool prepare_remove_staff(const struct ctl *c, Frame *request, struct buf *error);
bool prepare_on_call(const struct ctl *c, Frame *request, struct buf *error);

// ---- show.c, show_status.c

// ---- forecast.c
bool prepare_forecast(const struct ctl *c, Frame *request, struct buf *error);
void show_forecast(const Frame *answer);

// ---- custody.c
bool prepare_custody(const struct ctl *c, Frame *request, struct buf *error);
void show_custody(const Frame *answer);
int judge_custody(const Frame *answer);

// ---- forget.c
bool prepare_forget(const struct ctl *c, Frame *request, struct buf *error);
void show_forgetting(const Frame *answer);

// ---- quarantine.c
bool prepare_read_quarantined(const struct ctl *c, Frame *request, struct buf *error);
bool prepare_release_quarantined(const struct ctl *c, Frame *request, struct buf *error);
bool prepare_discard_quarantined(const struct ctl *c, Frame *request, struct buf *error);
bool prepare_pool_offline(const struct ctl *c, Frame *request, struct buf *error);
bool prepare_pool_online(const struct ctl *c, Frame *request, struct buf *error);
void show_quarantine(const Frame *answer);
void show_quarantined(const Frame *answer);

// ---- commands with a file of their own
int run_doctor(struct ctl *c);
int run_texts(struct ctl *c);
int run_phone(struct ctl *c);
int run_frame(struct ctl *c);
