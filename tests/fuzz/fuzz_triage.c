// SPDX-License-Identifier: Apache-2.0
// Triage: every byte string gets a level, its reasons lie inside it, and nothing that follows
// "i took all my pills" makes that less urgent.
#include <stdlib.h>
#include <string.h>

#include "core/triage.h"

#define TEXT_MAX 8000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct triage *t, struct bytes text, struct triage_result *r)
{
	struct triage_result again;
	triage_score(t, text, r);
	require(r->level >= LEVEL_LOW && r->level <= LEVEL_IMMINENT);
	require(r->reasons_count <= TRIAGE_REASONS_MAX);
	for (size_t i = 0; i < r->reasons_count; i++)
		require(r->reasons[i].start < r->reasons[i].end && r->reasons[i].end <= text.len);
	triage_score(t, text, &again);
	require(again.level == r->level && again.tags == r->tags);
}

static void check_raised(const struct triage *t, struct bytes text)
{
	static const char risk[] = ".\ni took all my pills\n";
	struct buf both = {0};
	struct triage_result r;
	if (text.len > TEXT_MAX)
		return;
	buf_append(&both, risk, sizeof risk - 1);
	buf_append_bytes(&both, text);
	check(t, buf_bytes(&both), &r);
	require(r.level == LEVEL_IMMINENT);
	buf_free(&both);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct triage *t;
	struct triage_result r;
	struct buf reasons = {0};
	if (!t)
		t = triage_new();
	check(t, bytes_of(data, size), &r);
	triage_reasons(&r, &reasons);
	require((reasons.len > 0) == (r.reasons_count > 0));
	check_raised(t, bytes_of(data, size));
	buf_free(&reasons);
	return 0;
}
