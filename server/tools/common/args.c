// SPDX-License-Identifier: Apache-2.0
// Parses a command line along tables of options.
#include "args.h"

#include <stdio.h>
#include <string.h>

// Also true for "--name=value"; *value is then what follows the "=".
static bool option_is(const struct arg_option *o, const char *arg, const char **value)
{
	size_t len = strlen(o->name);

	if (strncmp(arg, o->name, len) != 0 || (arg[len] != '\0' && arg[len] != '='))
		return false;
	*value = arg[len] == '=' ? arg + len + 1 : NULL;
	return true;
}

static const struct arg_option *find_option(
        const struct arg_option *const *tables, const char *arg, const char **value)
{
	for (; *tables; tables++) {
		for (const struct arg_option *o = *tables; o->name; o++) {
			if (option_is(o, arg, value))
				return o;
		}
	}
	return NULL;
}

static bool add_word(struct args *out, const char *word, struct buf *error)
{
	if (out->words_count == ARGS_MAX) {
		buf_append_str(error, "too many words");
		return false;
	}
	out->words[out->words_count++] = word;
	return true;
}

// `*i` stands at the option; it moves on when the value is the next argument.
static bool add_option(struct args *out, int argc, char **argv, int *i,
        const struct arg_option *const *tables, struct buf *error)
{
	const char *value = NULL;
	const struct arg_option *o = find_option(tables, argv[*i], &value);

	if (!o || out->given_count == ARGS_MAX) {
		buf_printf(error, "unknown option %.60s", argv[*i]);
		return false;
	}
	if (!o->value && value) {
		buf_printf(error, "%s takes no value", o->name);
		return false;
	}
	if (o->value && !value && *i + 1 < argc)
		value = argv[++*i];
	if (o->value && !value) {
		buf_printf(error, "%s needs %s", o->name, o->value);
		return false;
	}
	out->given[out->given_count] = o;
	out->values[out->given_count++] = value;
	return true;
}

bool args_parse(struct args *out, int argc, char **argv, const struct arg_option *const *tables,
        struct buf *error)
{
	bool options = true;

	*out = (struct args){0};
	for (int i = 1; i < argc; i++) {
		bool option = options && argv[i][0] == '-' && argv[i][1] != '\0';
		if (option && strcmp(argv[i], "--") == 0) {
			options = false;
			continue;
		}
		if (option ? !add_option(out, argc, argv, &i, tables, error)
		           : !add_word(out, argv[i], error))
			return false;
	}
	return true;
}

bool args_has(const struct args *a, const char *name)
{
	for (size_t i = 0; i < a->given_count; i++) {
		if (strcmp(a->given[i]->name, name) == 0)
			return true;
	}
	return false;
}

const char *args_value(const struct args *a, const char *name)
{
	// The last one wins, so that a script's defaults can be overridden behind them.
	for (size_t i = a->given_count; i-- > 0;) {
		if (strcmp(a->given[i]->name, name) == 0)
			return a->values[i];
	}
	return NULL;
}

bool args_number(const struct args *a, const char *name, uint64_t most, uint64_t otherwise,
        uint64_t *out, struct buf *error)
{
	const char *text = args_value(a, name);

	*out = otherwise;
	if (!text || (bytes_to_u64(bytes_str(text), out) && *out <= most))
		return true;
	buf_printf(error, "%s needs a number of at most %llu", name, (unsigned long long)most);
	return false;
}

void args_help(const struct arg_option *table, const char *only, struct buf *out)
{
	char left[64];

	for (const struct arg_option *o = table; o->name; o++) {
		if (only && !args_among(only, o->name))
			continue;
		snprintf(left, sizeof(left), "%s%s%s", o->name, o->value ? " " : "",
		        o->value ? o->value : "");
		buf_printf(out, "  %-24s %s\n", left, o->help);
	}
}

bool args_among(const char *names, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = names; (at = strstr(at, name)); at += len) {
		if ((at == names || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
			return true;
	}
	return false;
}
