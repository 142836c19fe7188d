// SPDX-License-Identifier: Apache-2.0
// The next step of an escalation, and what counts as an acknowledgement.
#include "core/escalate.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

// Every decision has a next one, no matter what the configuration says.
#define STEP_MIN_MS 1000
// How soon to look again when nobody at all can be paged.
#define NOBODY_MS 10000

bool escalation_without_end(enum level l)
{
	return l >= LEVEL_HIGH;
}

static int64_t longest_delay(const struct escalation_policy *p)
{
	int64_t longest = STEP_MIN_MS;
	for (size_t i = 0; i < p->levels; i++)
		if (p->delay_ms[i] > longest)
			longest = p->delay_ms[i];
	return longest;
}

// The first level at or after `step` where somebody can be paged; p->levels when there is none.
static size_t next_reachable(const struct escalation_policy *p, size_t step)
{
	while (step < p->levels && !p->reachable[step])
		step++;
	return step;
}

// Pages `step`, which somebody answers for, and says what comes after it.
static struct escalation_decision page_at(
        const struct escalation_policy *p, size_t step, uint32_t pass, int64_t now_ms)
{
	int64_t delay = step < p->levels ? p->delay_ms[step] : longest_delay(p);
	return (struct escalation_decision){
	        .page = true,
	        .level = step,
	        .next = {ESCALATION_TRIGGERED, step + 1, pass},
	        .next_at_ms = now_ms + (delay > STEP_MIN_MS ? delay : STEP_MIN_MS),
	};
}

struct escalation_decision escalate_step(const struct escalation *e,
        const struct escalation_policy *p, bool without_end, int64_t now_ms)
{
	size_t step = next_reachable(p, e->step);
	uint32_t pass = e->pass;
	bool again = step > p->levels && (without_end || pass < p->repeats);
	if (again || (step >= p->levels && !p->catch_all_reachable)) {
		step = next_reachable(p, 0); // an empty catch-all is passed over like any level
		pass++;
	}
	if (step < p->levels)
		return page_at(p, step, pass, now_ms);
	if (p->catch_all_reachable)
		return page_at(p, p->levels, pass, now_ms);
	return (struct escalation_decision){
	        .level = p->levels,
	        .nobody_reachable = true,
	        .next = {ESCALATION_TRIGGERED, 0, e->pass},
	        .next_at_ms = now_ms + NOBODY_MS,
	};
}

struct escalation escalate_again(const struct escalation *e)
{
	struct escalation again = *e;
	again.state = ESCALATION_TRIGGERED;
	again.step = e->step > 0 ? e->step - 1 : 0;
	return again;
}

// ---- acknowledgements ----

static size_t skip_blanks(const char *text, size_t len, size_t at)
{
	while (at < len && isspace((unsigned char)text[at]))
		at++;
	return at;
}

// Nothing, or a number above 0 of up to nine digits, with a # before it if they like; then a full
// stop or an exclamation mark, then blanks.
static bool read_number(const char *text, size_t len, size_t at, uint64_t *number)
{
	uint64_t n = 0;
	bool wanted = at < len && text[at] == '#';
	if (wanted)
		at++;
	size_t start = at;
	for (; at < len && isdigit((unsigned char)text[at]) && at - start < 9; at++)
		n = n * 10 + (uint64_t)(text[at] - '0');
	if ((wanted || at > start) && n == 0)
		return false;
	if (at < len && (text[at] == '.' || text[at] == '!'))
		at++;
	if (skip_blanks(text, len, at) != len)
		return false;
	*number = n;
	return true;
}

bool escalation_is_ack(const char *text, size_t len, uint64_t *number)
{
	static const char *const words[] = {"acknowledged", "ack", "okay", "ok"};
	size_t at = skip_blanks(text, len, 0);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t n = strlen(words[i]);
		if (len - at >= n && strncasecmp(text + at, words[i], n) == 0)
			return read_number(text, len, skip_blanks(text, len, at + n), number);
	}
	return false;
}
