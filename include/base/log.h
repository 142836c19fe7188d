// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

// One line an event on stderr, `key=value`, conversation id first where there is one:
//   log_info("conversation=%s event=offered staff=%s epoch=%llu", …)
// Never message text, never a full number: pass numbers through log_number().

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set_level(enum log_level least);
bool log_level_from_name(const char *name, enum log_level *out);
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Logs, then exits with 1: for start-up mistakes and impossible states only.
void fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

// A value that came from outside or may hold spaces, made safe for one key=value line: quoted where
// needed, control bytes and quotes escaped, cut at 160 bytes. Returns `out`.
const char *log_quote(char out[static 200], const char *value);
// "+15005550001" as "+15…01": enough to compare by eye, too little to call. Returns `out`.
const char *log_number(char out[static 16], const char *number);
