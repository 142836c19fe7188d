// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "args.h"
#include "base/buf.h"
#include "base/config.h"

// Where to connect and as whom, from options, the environment and a configuration file, in this
// order.

struct settings {
	struct config *config; // NULL when none was needed or there is none
	char *host;
	uint16_t port;
	char *path;
	char *ca_file; // "" trusts the system's store
	char *user;
	struct buf password;
};

extern const struct arg_option settings_options[];

enum settings_for {
	SETTINGS_OPERATOR,       // the configuration's operator, unless --user says otherwise
	SETTINGS_OPERATOR_STAFF, // the same, where --password-file is somebody else's
	SETTINGS_COUNSELOR,      // nobody's unless --user or the terminal says so
};

// Path of the configuration: --config, $HOLDFAST_CONFIG, var/holdfast.yaml if it is there; else
// NULL.
const char *settings_config_path(const struct args *a);
// Loads it into s->config. False leaves the mistakes in `error`; so does having none.
MUST_CHECK bool settings_load(struct settings *s, const struct args *a, struct buf *error);
// All of it. Asks on the terminal for what is missing. False leaves one line in `error`.
MUST_CHECK bool settings_resolve(
        struct settings *s, const struct args *a, enum settings_for purpose, struct buf *error);
// The address on which this machine reaches a listener of its own: loopback for one that listens on
// all.
const char *settings_reachable(const char *address);
void settings_free(struct settings *s);
