// SPDX-License-Identifier: Apache-2.0
// What texters can be reported for, and for how long they may be limited.
#include "core/limits.h"

#include <string.h>

#define ABUSE_HOURS_USUAL 24

static const char reasons[] = "sexual,threats,harassment,prank,other";

uint32_t limits_abuse_hours(uint32_t hours)
{
	if (hours > LIMITS_ABUSE_HOURS_MAX)
		return 0;
	return hours ? hours : ABUSE_HOURS_USUAL;
}

bool limits_reason_ok(const char *reason)
{
	size_t len = strlen(reason);
	for (const char *at = reasons; *at;) {
		size_t one = strcspn(at, ",");
		if (one == len && memcmp(at, reason, len) == 0)
			return true;
		at += one + (at[one] == ',');
	}
	return false;
}

const char *limits_reasons(void)
{
	return reasons;
}
