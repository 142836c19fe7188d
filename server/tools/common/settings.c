// SPDX-License-Identifier: Apache-2.0
// Finds out where to connect and as whom; a password never comes from the command line.
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define DEFAULT_CONFIG "var/holdfast.yaml"
#define DEFAULT_PATH   "/v1/console"

const struct arg_option settings_options[] = {
        {"--config", "FILE",
                "configuration ($HOLDFAST_CONFIG, or var/holdfast.yaml if it is there)"},
        {"--url", "URL", "wss://HOST:PORT/v1/console of the console listener"},
        {"--ca", "FILE", "certificates to trust instead of the system's"},
        {"--user", "NAME", "sign in as"},
        {"--password-file", "FILE", "password of that user ($HOLDFAST_PASSWORD_FILE)"},
        {"--help", NULL, "this help"},
        {"--version", NULL, "version of this program"},
        {0},
};

// ---- configuration

const char *settings_config_path(const struct args *a)
{
	const char *path = args_value(a, "--config");

	if (!path)
		path = getenv("HOLDFAST_CONFIG");
	if (path && *path)
		return path;
	return access(DEFAULT_CONFIG, F_OK) == 0 ? DEFAULT_CONFIG : NULL;
}

bool settings_load(struct settings *s, const struct args *a, struct buf *error)
{
	const char *path = settings_config_path(a);

	if (s->config)
		return true;
	if (!path) {
		buf_append_str(
		        error, "no configuration: give --config FILE or set HOLDFAST_CONFIG");
		return false;
	}
	s->config = config_load(path, error);
	return s->config != NULL;
}

// ---- where

static bool parse_port(const char *text, uint16_t *port)
{
	uint64_t number;

	if (!bytes_to_u64(bytes_str(text), &number) || number == 0 || number > UINT16_MAX)
		return false;
	*port = (uint16_t)number;
	return true;
}

// `authority` is HOST, HOST:PORT or [ADDRESS]:PORT; it is cut up in place.
static bool parse_authority(struct settings *s, char *authority)
{
	char *host = authority;
	char *port = strrchr(authority, ':');

	if (*authority == '[') {
		char *end = strchr(authority, ']');
		if (!end)
			return false;
		*end = '\0';
		host = authority + 1;
		port = end[1] == ':' ? end + 1 : NULL;
	} else if (port) {
		*port = '\0';
	}
	s->port = 443;
	s->host = xstrdup(host);
	return *host != '\0' && (!port || parse_port(port + 1, &s->port));
}

static bool parse_url(struct settings *s, const char *url, struct buf *error)
{
	const char *begin = url + strlen("wss://");
	const char *slash;
	char *authority;
	bool ok;

	if (strncmp(url, "wss://", strlen("wss://")) != 0) {
		buf_append_str(error, "the URL must begin with wss://");
		return false;
	}
	slash = strchr(begin, '/');
	authority = xstrndup(begin, slash ? (size_t)(slash - begin) : strlen(begin));
	ok = parse_authority(s, authority);
	free(authority);
	s->path = xstrdup(slash && slash[1] ? slash : DEFAULT_PATH);
	if (!ok)
		buf_append_str(error, "the URL must be wss://HOST:PORT/v1/console");
	return ok;
}

const char *settings_reachable(const char *address)
{
	if (strcmp(address, "0.0.0.0") == 0 || !*address)
		return "127.0.0.1";
	return strcmp(address, "::") == 0 ? "::1" : address;
}

static bool resolve_place(struct settings *s, const struct args *a, struct buf *error)
{
	const char *url = args_value(a, "--url");
	const char *ca = args_value(a, "--ca");

	if (!url && s->config && *s->config->ctl.url)
		url = s->config->ctl.url;
	s->ca_file = xstrdup(ca ? ca : s->config ? s->config->ctl.ca_file : "");
	if (url)
		return parse_url(s, url, error);
	if (!s->config) {
		buf_append_str(error, "where to? Give --url or --config");
		return false;
	}
	s->host = xstrdup(settings_reachable(s->config->consoles_listener.address));
	s->port = s->config->consoles_listener.port;
	s->path = xstrdup(DEFAULT_PATH);
	return true;
}

// ---- as whom

static bool ask(const char *question, struct buf *out)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	fprintf(stderr, "%s: ", question);
	len = getline(&line, &size, stdin);
	if (len > 0)
		buf_append_bytes(
		        out, bytes_of(line, line[len - 1] == '\n' ? (size_t)len - 1 : (size_t)len));
	mem_wipe(line, size);
	free(line);
	return out->len > 0;
}

// Without echo; and without signals, so that no Ctrl-C leaves the terminal mute.
static bool ask_secretly(const char *question, struct buf *out)
{
	struct termios usual, silent;
	bool answered;

	if (tcgetattr(STDIN_FILENO, &usual) != 0)
		return false;
	silent = usual;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	answered = ask(question, out);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual);
	fputc('\n', stderr);
	return answered && !memchr(out->data, '\003', out->len);
}

static bool resolve_user(
        struct settings *s, const struct args *a, enum settings_for purpose, struct buf *error)
{
	const char *user = args_value(a, "--user");
	struct buf typed = {0};

	if (!user && s->config && purpose != SETTINGS_COUNSELOR && *s->config->ctl.user)
		user = s->config->ctl.user;
	if (!user && isatty(STDIN_FILENO) && ask("Name", &typed)) {
		s->user = buf_take_str(&typed);
		return true;
	}
	if (!user)
		buf_append_str(error, "who are you? Give --user");
	s->user = xstrdup(user ? user : "");
	return user != NULL;
}

static const char *password_file(
        const struct settings *s, const struct args *a, enum settings_for purpose)
{
	const char *file =
	        purpose == SETTINGS_OPERATOR_STAFF ? NULL : args_value(a, "--password-file");
	const struct config_ctl *ctl = s->config ? &s->config->ctl : NULL;

	if (!file)
		file = getenv("HOLDFAST_PASSWORD_FILE");
	if (!file && ctl && *ctl->password_file && strcmp(ctl->user, s->user) == 0)
		file = ctl->password_file;
	return file && *file ? file : NULL;
}

static bool resolve_password(
        struct settings *s, const struct args *a, enum settings_for purpose, struct buf *error)
{
	const char *file = password_file(s, a, purpose);

	if (file)
		return config_read_secret(file, &s->password, error);
	if (isatty(STDIN_FILENO) && ask_secretly("Password", &s->password))
		return true;
	buf_append_str(error, "no password: give --password-file or set HOLDFAST_PASSWORD_FILE");
	return false;
}

bool settings_resolve(
        struct settings *s, const struct args *a, enum settings_for purpose, struct buf *error)
{
	// Somebody else's machine has no configuration, and need not have one when the options say
	// it all.
	bool complete = args_value(a, "--url") && args_value(a, "--user");

	if (!complete && settings_config_path(a) && !settings_load(s, a, error))
		return false;
	return resolve_place(s, a, error) && resolve_user(s, a, purpose, error) &&
	       resolve_password(s, a, purpose, error);
}

void settings_free(struct settings *s)
{
	config_free(s->config);
	free(s->host);
	free(s->path);
	free(s->ca_file);
	free(s->user);
	buf_wipe(&s->password);
	*s = (struct settings){0};
}
