// SPDX-License-Identifier: Apache-2.0
// What the errors of Redis mean and what is done about them, without what Redis writes of arguments
// into them.
#include <string.h>

#include "redis_link.h"

// Redis full or without its disk, a script that blocks it, too few replicas: the link stays,
// because only an answer says that it is over.
#define UNFIT DO_ALARM
// Somebody else is the master now, or will be.
#define NO_MASTER (DO_RECONNECT | DO_ASK)
#define LOCKED    (DO_RECONNECT | DO_ALARM)

static const struct redis_error errors[] = {
        {"BUSY", "a script runs for too long and blocks Redis", "busy", UNFIT},
        {"CLUSTERDOWN", "the cluster has no majority", "clusterdown", UNFIT},
        {"CROSSSLOT", "this Redis is a cluster, and the keys are not of one slot", "moved", UNFIT},
        {"EXECABORT", "the transaction was given up", "other", 0},
        {"LOADING", "Redis is still reading its files", "loading", DO_RECONNECT},
        {"MASTERDOWN", "this Redis is a replica without its master", "readonly", NO_MASTER},
        {"MISCONF", "Redis cannot write to its disk", "misconf", UNFIT | DO_ASK},
        {"MOVED", "this Redis is a cluster node that does not own the key", "moved", UNFIT},
        {"NOAUTH", "Redis wants a user and a password (redis.user, redis.password_file)", "auth",
                LOCKED},
        {"NOPERM", "Redis does not permit this user the command (see its ACL)", "auth", UNFIT},
        {"NOREPLICAS", "too few replicas follow this Redis", "noreplicas", UNFIT | DO_ASK},
        {"NOSCRIPT", "Redis does not know the script", "noscript", DO_REPEAT},
        {"OOM", "Redis has reached its maxmemory", "oom", UNFIT},
        {"READONLY", "this Redis is a replica", "readonly", NO_MASTER},
        {"TRYAGAIN", "the cluster is moving the keys", "moved", UNFIT},
        {"UNBLOCKED", "this Redis became a replica while it waited for copies", "readonly",
                NO_MASTER},
        {"UNKILLABLE", "a script that has written already runs for too long", "busy", UNFIT},
        {"WRONGPASS", "the user or the password is wrong (redis.user, redis.password_file)", "auth",
                LOCKED},
        {"WRONGTYPE", "a key holds a value of another type", "wrongtype", 0},
        {"ERR", "Redis refused the command", "other", 0},
};
#define ERRORS (sizeof errors / sizeof errors[0])

// The first word when it is a code at all, and not the start of a sentence.
static struct bytes code_of(const char *text)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
	bool code = len > 0 && len <= 32 && strchr(" :", text[len]); // the NUL, too
	return code ? bytes_of(text, len) : bytes_str(errors[ERRORS - 1].code);
}

const struct redis_error *redis_error_row(size_t i)
{
	return i < ERRORS ? &errors[i] : NULL;
}

const struct redis_error *redis_error_of(const char *text)
{
	struct bytes code = code_of(text);
	for (size_t i = 0; i < ERRORS; i++)
		if (bytes_is(code, errors[i].code))
			return &errors[i];
	return &errors[ERRORS - 1];
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
