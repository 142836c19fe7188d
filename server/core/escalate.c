// SPDX-License-Identifier: Apache-2.0
// The next step of an escalation, and what counts as an acknowledgement.
#include "core/escalate.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

// Every decision has a next one, no matter what the configuration says.
#define STEP_MIN_MS 1000

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

// The catch-all has been reached: once, and then the levels again; or, after the last pass, it
// alone, for ever.
static struct escalation_decision at_catch_all(const struct escalation *e,
        const struct escalation_policy *p, bool without_end, int64_t now_ms)
{
	struct escalation_decision d = {.page = p->catch_all_reachable, .level = p->levels};
	bool again = without_end || e->pass < p->repeats;
	d.nobody_reachable = !p->catch_all_reachable && next_reachable(p, 0) == p->levels;
	d.next.state = ESCALATION_TRIGGERED;
	d.next.step = again ? 0 : p->levels;
	d.next.pass = again ? e->pass + 1 : e->pass;
	d.next_at_ms = now_ms + longest_delay(p);
	return d;
}

struct escalation_decision escalate_step(const struct escalation *e,
        const struct escalation_policy *p, bool without_end, int64_t now_ms)
{
	size_t level = next_reachable(p, e->step);
	if (level >= p->levels)
		return at_catch_all(e, p, without_end, now_ms);
	struct escalation_decision d = {.page = true, .level = level};
	int64_t delay = p->delay_ms[level] > STEP_MIN_MS ? p->delay_ms[level] : STEP_MIN_MS;
	d.next.state = ESCALATION_TRIGGERED;
	d.next.step = level + 1;
	d.next.pass = e->pass;
	d.next_at_ms = now_ms + delay;
	return d;
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

// Up to nine digits at `at`, with a # before them if they like; the rest must be blanks or a full
// stop.
static bool read_number(const char *text, size_t len, size_t at, uint64_t *number)
{
	uint64_t n = 0;
	if (at < len && text[at] == '#')
		at++;
	size_t start = at;
	for (; at < len && isdigit((unsigned char)text[at]) && at - start < 9; at++)
		n = n * 10 + (uint64_t)(text[at] - '0');
	bool digits = at > start;
	if (at < len && (text[at] == '.' || text[at] == '!'))
		at++;
	if (skip_blanks(text, len, at) != len)
		return false;
	*number = digits ? n : 0;
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
