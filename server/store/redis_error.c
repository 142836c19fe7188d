// SPDX-License-Identifier: Apache-2.0
// What the errors of Redis mean, without what Redis writes of arguments into them.
#include <string.h>

#include "redis_link.h"

static const struct redis_error errors[] = {
        {"BUSY", "a script runs for too long and blocks Redis", "busy", false},
        {"CLUSTERDOWN", "the cluster has no majority", "clusterdown", false},
        {"EXECABORT", "the transaction was given up", "other", false},
        {"LOADING", "Redis is still reading its files", "loading", true},
        {"MASTERDOWN", "this Redis is a replica without its master", "readonly", true},
        {"MISCONF", "Redis cannot write to its disk", "misconf", false},
        {"MOVED", "this Redis is a cluster node that does not own the key", "moved", false},
        {"NOAUTH", "Redis wants a password", "auth", true},
        {"NOPERM", "Redis does not permit this user the command", "auth", false},
        {"NOREPLICAS", "too few replicas follow this Redis", "noreplicas", false},
        {"NOSCRIPT", "Redis does not know the script", "noscript", false},
        {"OOM", "Redis has reached its maxmemory", "oom", false},
        {"READONLY", "this Redis is a replica", "readonly", true},
        {"UNKILLABLE", "a script that has written already runs for too long", "busy", false},
        {"WRONGTYPE", "a key holds a value of another type", "wrongtype", false},
};
static const struct redis_error other = {"ERR", "Redis refused the command", "other", false};

// The first word when it is a code at all, and not the start of a sentence.
static struct bytes code_of(const char *text)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
	bool code = len > 0 && len <= 32 && (text[len] == ' ' || text[len] == '\0');
	return code ? bytes_of(text, len) : bytes_str(other.code);
}

const struct redis_error *redis_error_of(const char *text)
{
	struct bytes code = code_of(text);
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (bytes_is(code, errors[i].code))
			return &errors[i];
	return &other;
}

void redis_error_print(const char *text, struct buf *out)
{
	static const char script[] = "user_script:";
	const char *at = strstr(text, script);
	buf_append_bytes(out, code_of(text));
	buf_printf(out, ": %s", redis_error_of(text)->meaning);
	if (!at)
		return;
	at += sizeof script - 1;
	buf_printf(out, " (script line %.*s)", (int)strspn(at, "0123456789"), at);
}
