// SPDX-License-Identifier: Apache-2.0
// holdfast-console: a counselor's terminal.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/exits.h"
#include "base/log.h"
#include "base/version.h"
#include "console.h"

#define LEAVE_MS 10000

static const struct arg_option *const option_tables[] = {settings_options, NULL};

// ---- what all parts use

int64_t console_now(const struct console *c)
{
	return loop_wall_ms(c->loop);
}

struct talk *console_current(const struct console *c)
{
	return c->current ? talks_by_id(&c->talks, c->current) : NULL;
}

void console_prompt(struct console *c)
{
	const struct talk *talk = console_current(c);

	if (talk)
		view_prompt(c->view, talk->number, talk->level);
	else
		view_prompt(c->view, 0, HOLDFAST__V1__LEVEL__LEVEL_UNSPECIFIED);
}

void console_switch(struct console *c, const struct talk *talk)
{
	free(c->current);
	c->current = talk ? xstrdup(talk->id) : NULL;
	console_prompt(c);
}

// ---- leaving

void console_maybe_stop(struct console *c)
{
	if (c->leaving && !c->drafts)
		loop_stop(c->loop);
}

static void leave_now(void *arg)
{
	struct console *c = arg;

	for (const struct draft *d = c->drafts; d; d = d->next)
		view_error(c->view, "NOT SENT: %s", d->text);
	c->code = EXIT_FAILED;
	loop_stop(c->loop);
}

void console_leave(struct console *c)
{
	c->leaving = true;
	if (c->drafts)
		(void)loop_timer(c->loop, LEAVE_MS, leave_now, c);
	console_maybe_stop(c);
}

// ---- the input

static void on_line(const char *line, void *arg)
{
	struct console *c = arg;

	c->reading = false;
	if (line)
		commands_run(c, line);
	else
		console_leave(c);
}

void console_next_line(struct console *c)
{
	if (c->leaving || c->waiting || c->reading)
		return;
	c->reading = true;
	lines_next(c->in);
}

// ---- the program

static void print_help(void)
{
	struct buf options = {0};

	puts("Usage: holdfast-console [OPTIONS]\n\n"
	     "A terminal for counselors and supervisors. /help inside tells the commands. With a "
	     "pipe\n"
	     "as input it reads one command or reply a line, and prints one line an event.\n\n"
	     "Options:");
	args_help(settings_options, NULL, &options);
	fputs(buf_str(&options), stdout);
	puts("\nExit codes: 0 done, 1 not signed in or a reply not sent, 2 wrong usage.");
	buf_free(&options);
}

static int fail(int code, struct buf *error)
{
	struct bytes text = bytes_trim(buf_bytes(error));

	fprintf(stderr, "holdfast-console: %.*s\n", (int)text.len, (const char *)text.data);
	buf_free(error);
	return code;
}

static void on_interrupt(void *arg)
{
	console_leave(arg);
}

static int run(struct settings *settings)
{
	struct console c = {.settings = settings, .code = EXIT_DONE};
	struct buf error = {0};

	c.loop = loop_new(clock_system());
	c.client = client_new(c.loop, settings, "holdfast-console/" HOLDFAST_VERSION,
	        &console_events, &c, &error);
	if (!c.client) {
		loop_free(c.loop);
		return fail(EXIT_FAILED, &error);
	}
	c.view = view_new(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO));
	c.in = lines_new(c.loop, on_line, &c);
	loop_on_signal(c.loop, SIGINT, on_interrupt, &c);
	loop_on_signal(c.loop, SIGTERM, on_interrupt, &c);
	client_connect(c.client);
	loop_run(c.loop);
	c.leaving = true;
	client_free(c.client);
	console_free_state(&c);
	view_free(c.view);
	lines_end(c.in);
	return c.code;
}

static int sign_in(const struct args *args)
{
	struct settings settings = {0};
	struct buf error = {0};
	int code;

	if (settings_resolve(&settings, args, SETTINGS_COUNSELOR, &error))
		code = run(&settings);
	else
		code = fail(EXIT_FAILED, &error);
	settings_free(&settings);
	return code;
}

int main(int argc, char **argv)
{
	struct args args;
	struct buf error = {0};

	log_set_level(LOG_ERROR);
	signal(SIGPIPE, SIG_IGN);
	if (!args_parse(&args, argc, argv, option_tables, &error))
		return fail(EXIT_USAGE, &error);
	if (args_has(&args, "--help")) {
		print_help();
		return EXIT_DONE;
	}
	if (args_has(&args, "--version")) {
		puts("holdfast-console " HOLDFAST_VERSION);
		return EXIT_DONE;
	}
	if (args.words_count == 0)
		return sign_in(&args);
	buf_append_str(&error, "takes options only; see --help");
	return fail(EXIT_USAGE, &error);
}
