// SPDX-License-Identifier: Apache-2.0
// `holdfastctl doctor`: what is wrong with a configuration, and with the system that runs on it, in
// plain words.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl.h"
#include "net/tls.h"

#define DAY_MS              86400000LL
#define EXPIRY_WARNING_DAYS 14

enum verdict { CHECK_OK, CHECK_WARNING, CHECK_WRONG };

static Holdfast__V1__Check *add(
        Holdfast__V1__CheckList *list, const char *name, enum verdict verdict)
{
	Holdfast__V1__Check *check = xcalloc(1, sizeof(*check));

	holdfast__v1__check__init(check);
	check->name = xstrdup(name);
	check->ok = verdict != CHECK_WRONG;
	check->warning = verdict == CHECK_WARNING;
	list->checks = xrealloc(list->checks, (list->n_checks + 1) * sizeof(*list->checks));
	list->checks[list->n_checks++] = check;
	return check;
}

static void say(Holdfast__V1__CheckList *list, const char *name, enum verdict verdict,
        const char *format, ...) __attribute__((format(printf, 4, 5)));
static void say(Holdfast__V1__CheckList *list, const char *name, enum verdict verdict,
        const char *format, ...)
{
	struct buf text = {0};
	va_list args;

	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	add(list, name, verdict)->text = buf_take_str(&text);
}

// ---- the configuration

static void check_secret(
        Holdfast__V1__CheckList *list, const char *what, const char *owner, const char *path)
{
	struct buf secret = {0}, error = {0};
	char name[128];

	if (!*path)
		return;
	snprintf(name, sizeof(name), "%s %s", what, owner);
	if (!config_read_secret(path, &secret, &error))
		say(list, name, CHECK_WRONG, "%s", buf_str(&error));
	else if (secret.len == 0)
		say(list, name, CHECK_WRONG, "%s is empty", path);
	else
		say(list, name, CHECK_OK, "readable");
	buf_wipe(&secret);
	buf_free(&error);
}

static void check_expiry(Holdfast__V1__CheckList *list, const char *name, const struct tls_ctx *tls)
{
	int64_t left_ms = tls_not_after_ms(tls) - clock_wall_ms(clock_system());
	long long days = (long long)(left_ms / DAY_MS);

	if (left_ms <= 0)
		say(list, name, CHECK_WRONG, "the certificate has expired; renew it");
	else if (days < EXPIRY_WARNING_DAYS)
		say(list, name, CHECK_WARNING, "the certificate ends in %lld days; renew it", days);
	else
		say(list, name, CHECK_OK, "good for %lld days", days);
}

static void check_listener(
        Holdfast__V1__CheckList *list, const char *name, const struct config_tls_listener *l)
{
	struct buf error = {0};
	struct tls_ctx *tls =
	        tls_server_new(l->certificate_file, l->key_file, l->client_ca_file, &error);

	if (tls)
		check_expiry(list, name, tls);
	else
		say(list, name, CHECK_WRONG, "%s", buf_str(&error));
	tls_unref(tls);
	buf_free(&error);
}

static void check_ports(Holdfast__V1__CheckList *list, const struct config *c)
{
	uint16_t gateways = c->gateways_listener.port, consoles = c->consoles_listener.port,
	         admin = c->admin_listener.port;
	bool same = (gateways && (gateways == consoles || gateways == admin)) ||
	            (consoles && consoles == admin);

	if (same)
		say(list, "ports", CHECK_WRONG,
		        "gateways %u, consoles %u and admin %u must differ from each other",
		        gateways, consoles, admin);
	else
		say(list, "ports", CHECK_OK, "gateways %u, consoles %u, admin %u", gateways,
		        consoles, admin);
}

static void check_folder(Holdfast__V1__CheckList *list, const char *name, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		say(list, name, CHECK_WARNING, "%s is not there yet; the first start makes it",
		        path);
	else if (access(path, R_OK | W_OK | X_OK) != 0)
		say(list, name, CHECK_WRONG, "%s cannot be written by this user", path);
	else if (st.st_mode & 077)
		say(list, name, CHECK_WARNING, "others may look into %s; chmod 700", path);
	else
		say(list, name, CHECK_OK, "%s", path);
}

static void check_config(Holdfast__V1__CheckList *list, const struct config *c)
{
	for (unsigned i = 0; i < c->gateways_count; i++) {
		const struct config_gateway *g = &c->gateways[i];
		check_secret(list, "secret of gateway", g->name, g->secret_file);
		check_secret(list, "path secret of gateway", g->name, g->path_secret_file);
	}
	check_secret(list, "password of", c->ctl.user, c->ctl.password_file);
	check_listener(list, "gateway listener", &c->gateways_listener);
	check_listener(list, "console listener", &c->consoles_listener);
	check_ports(list, c);
	check_folder(list, "state folder", c->state_dir);
	check_folder(list, "key folder", c->key_dir);
}

// Every line of `errors` is a mistake of its own.
static void add_mistakes(Holdfast__V1__CheckList *list, struct buf *errors)
{
	char *rest = NULL;
	char *text = buf_take_str(errors);

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		say(list, "configuration", CHECK_WRONG, "%s", line);
	free(text);
}

static bool check_offline(struct ctl *c, Holdfast__V1__CheckList *list)
{
	struct buf errors = {0};

	if (!settings_load(&c->settings, &c->args, &errors)) {
		add_mistakes(list, &errors);
		return false;
	}
	say(list, "configuration", CHECK_OK, "%s", settings_config_path(&c->args));
	check_config(list, c->settings.config);
	return true;
}

// ---- the running system

static void take_checks(const Frame *answer, void *arg)
{
	Holdfast__V1__CheckList *list = arg;
	const char *text;

	if (!client_answered(answer, HOLDFAST__V1__FRAME__BODY_CHECK_LIST, &text)) {
		say(list, "running system", CHECK_WRONG, "%s", text);
		return;
	}
	for (size_t i = 0; i < answer->check_list->n_checks; i++) {
		const Holdfast__V1__Check *check = answer->check_list->checks[i];
		enum verdict v = !check->ok       ? CHECK_WRONG
		                 : check->warning ? CHECK_WARNING
		                                  : CHECK_OK;
		say(list, check->name, v, "%s", check->text);
	}
}

static void check_online(struct ctl *c, Holdfast__V1__CheckList *list)
{
	Frame *request = client_frame(HOLDFAST__V1__FRAME__BODY_RUN_CHECKS);
	struct buf error = {0};

	if (!settings_resolve(&c->settings, &c->args, SETTINGS_OPERATOR, &error) ||
	        !ctl_call(c, request, take_checks, list, &error))
		say(list, "running system", CHECK_WRONG, "%s", buf_str(&error));
	frame_free(request);
	buf_free(&error);
}

int run_doctor(struct ctl *c)
{
	Holdfast__V1__CheckList *list = xcalloc(1, sizeof(*list));
	int code = EXIT_DONE;

	holdfast__v1__check_list__init(list);
	// Whoever has no configuration (another machine) can still ask the running system.
	bool remote = args_value(&c->args, "--url") && !settings_config_path(&c->args);
	if (remote || check_offline(c, list))
		check_online(c, list);
	if (c->json)
		ctl_print_json(&list->base);
	else
		show_checks(list);
	for (size_t i = 0; i < list->n_checks; i++)
		code = list->checks[i]->ok ? code : EXIT_FAILED;
	holdfast__v1__check_list__free_unpacked(list, NULL);
	return code;
}
