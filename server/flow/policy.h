// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "private.h"

// A policy as an escalation keeps it from its opening on (JSON in the page's hash), and its targets
// resolved to people who can be paged now.

struct policy {
	struct config_policy config; // parsed back from the snapshot: owned
};
// JSON; the caller frees it.
char *policy_snapshot(const struct config_policy *config);
// NULL when it cannot be read.
struct policy *policy_parse(struct bytes json);
void policy_free(struct policy *p);

// The people of some targets who have a phone, each once, at most `max`. Returns how many.
struct staff_member;
size_t policy_people(struct flow *f, char *const *targets, unsigned targets_count, int64_t at_ms,
        const struct staff_member **out, size_t max);
