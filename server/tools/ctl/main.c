// SPDX-License-Identifier: Apache-2.0
// holdfastctl: finds the command, and prints help and errors.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "ctl.h"

static const struct arg_option *const option_tables[] = {settings_options, ctl_options, NULL};

// ---- what all commands use

const char *ctl_operand(const struct ctl *c, size_t index)
{
	return c->words + index < c->args.words_count ? c->args.words[c->words + index] : NULL;
}

int ctl_fail(int code, const char *format, ...)
{
	struct buf text = {0}, safe = {0};
	va_list args;

	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	// Much of it is the server's, and a gateway's words may be in it.
	utf8_for_terminal(bytes_trim(buf_bytes(&text)), &safe);
	fprintf(stderr, "holdfastctl: %s\n", buf_str(&safe));
	buf_free(&text);
	buf_free(&safe);
	return code;
}

void ctl_print_json(const ProtobufCMessage *m)
{
	struct buf text = {0};

	message_to_json(m, 2, &text);
	puts(buf_str(&text));
	buf_free(&text);
}

// ---- help

static void print_overview(void)
{
	struct buf options = {0};

	puts("Usage: holdfastctl COMMAND [OPTIONS]\n\nCommands:");
	for (const struct command *c = commands; c->name; c++)
		printf("  %-14s %.*s\n", c->name, (int)strcspn(c->help, "\n"), c->help);
	args_help(settings_options, NULL, &options);
	args_help(ctl_options, "--json", &options);
	printf("\nOptions of every command:\n%s", buf_str(&options));
	puts("\n`holdfastctl COMMAND --help` tells more. Exit codes: 0 done, 1 failed or refused, "
	     "2 wrong usage, 3 a ledger of custody that does not hold.");
	buf_free(&options);
}

static void print_help(const struct command *c)
{
	struct buf options = {0};

	printf("Usage: holdfastctl %s%s%s\n\n%s\n\nOptions:\n", c->name, c->usage ? " " : "",
	        c->usage ? c->usage : "", c->help);
	if (c->options)
		args_help(ctl_options, c->options, &options);
	args_help(ctl_options, "--json", &options);
	args_help(settings_options, NULL, &options);
	fputs(buf_str(&options), stdout);
	buf_free(&options);
}

// ---- finding the command

// How many words of the command line are the command's name; 0 when it is another one.
static size_t name_matches(const struct command *c, const struct args *a)
{
	const char *space = strchr(c->name, ' ');
	size_t first = space ? (size_t)(space - c->name) : strlen(c->name);

	if (a->words_count == 0 || strlen(a->words[0]) != first ||
	        strncmp(a->words[0], c->name, first) != 0)
		return 0;
	if (!space)
		return 1;
	return a->words_count > 1 && strcmp(a->words[1], space + 1) == 0 ? 2 : 0;
}

static const struct command *find_command(struct ctl *c)
{
	for (const struct command *command = commands; command->name; command++) {
		c->words = name_matches(command, &c->args);
		if (c->words > 0)
			return command;
	}
	return NULL;
}

static int unknown_command(const struct args *a)
{
	struct buf others = {0};

	for (const struct command *c = commands; c->name; c++) {
		size_t len = strlen(a->words[0]);
		if (strncmp(c->name, a->words[0], len) == 0 && c->name[len] == ' ')
			buf_printf(&others, "%s\"%s\"", others.len ? ", " : "", c->name);
	}
	if (others.len)
		ctl_fail(EXIT_USAGE, "which of %s?", buf_str(&others));
	else
		ctl_fail(EXIT_USAGE, "there is no command \"%.40s\"; see holdfastctl --help",
		        a->words[0]);
	buf_free(&others);
	return EXIT_USAGE;
}

// Those of settings_options, and --json, are every command's.
static bool of_one_command(const struct arg_option *given)
{
	for (const struct arg_option *o = ctl_options; o->name; o++) {
		if (o == given)
			return strcmp(o->name, "--json") != 0;
	}
	return false;
}

static int check_usage(const struct ctl *c, const struct command *command)
{
	for (size_t i = 0; i < c->args.given_count; i++) {
		const struct arg_option *o = c->args.given[i];
		if (of_one_command(o) &&
		        !(command->options && args_among(command->options, o->name)))
			return ctl_fail(
			        EXIT_USAGE, "\"%s\" has no option %s", command->name, o->name);
	}
	if (c->args.words_count - c->words != command->operands)
		return ctl_fail(EXIT_USAGE, "usage: holdfastctl %s %s", command->name,
		        command->usage ? command->usage : "");
	return EXIT_DONE;
}

// ---- one request, one answer

struct showing {
	const struct ctl *ctl;
	const struct command *command;
	int code;
};

static void show_answer(const Frame *answer, void *arg)
{
	struct showing *s = arg;
	const char *text;
	bool yes = client_answered(answer, s->command->answer, &text);

	s->code = yes ? EXIT_DONE : EXIT_FAILED;
	if (yes && s->command->judge)
		s->code = s->command->judge(answer);
	if (s->ctl->json && (yes || answer->body_case == HOLDFAST__V1__FRAME__BODY_RESULT))
		ctl_print_json((const ProtobufCMessage *)answer->ping);
	else if (yes)
		s->command->show(answer);
	if (!yes)
		ctl_fail(EXIT_FAILED, "%s", text);
}

static int run_request(struct ctl *c, const struct command *command)
{
	Frame *request = client_frame(command->request);
	struct showing s = {.ctl = c, .command = command, .code = EXIT_USAGE};
	struct buf error = {0};
	bool ok = !command->prepare || command->prepare(c, request, &error);

	if (ok) {
		s.code = EXIT_FAILED;
		ok = settings_resolve(&c->settings, &c->args, command->purpose, &error) &&
		     ctl_call(c, request, show_answer, &s, &error);
	}
	if (!ok)
		ctl_fail(s.code, "%s", buf_str(&error));
	frame_free(request);
	buf_free(&error);
	return s.code;
}

static int run(struct ctl *c)
{
	const struct command *command;
	int code;

	if (args_has(&c->args, "--version")) {
		puts("holdfastctl " HOLDFAST_VERSION);
		return EXIT_DONE;
	}
	if (c->args.words_count == 0) {
		print_overview();
		return args_has(&c->args, "--help") ? EXIT_DONE : EXIT_USAGE;
	}
	command = find_command(c);
	if (!command)
		return unknown_command(&c->args);
	if (args_has(&c->args, "--help")) {
		print_help(command);
		return EXIT_DONE;
	}
	code = check_usage(c, command);
	if (code != EXIT_DONE)
		return code;
	return command->run ? command->run(c) : run_request(c, command);
}

int main(int argc, char **argv)
{
	struct ctl c = {0};
	struct buf error = {0};
	int code;

	// What goes wrong is said in words; the log of the ranks below would only say it twice.
	log_set_level(LOG_ERROR);
	if (args_parse(&c.args, argc, argv, option_tables, &error)) {
		c.json = args_has(&c.args, "--json");
		code = run(&c);
	} else {
		code = ctl_fail(EXIT_USAGE, "%s", buf_str(&error));
	}
	settings_free(&c.settings);
	buf_free(&error);
	return code;
}
