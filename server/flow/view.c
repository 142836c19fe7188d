// SPDX-License-Identifier: Apache-2.0
// The fields of a conversation's hash, by name.
#include <stddef.h>
#include <string.h>

#include "history.h"

// Whole numbers, all of the same width.
#define AT(field) offsetof(struct conversation_view, field)
static const struct {
	const char *name;
	size_t at;
} numbers[] = {
        {"epoch", AT(epoch)},
        {"created", AT(created_ms)},
        {"enqueued", AT(enqueued_ms)},
        {"answer_by", AT(answer_by_ms)},
        {"offer_until", AT(offer_until_ms)},
        {"score", AT(score)},
        {"declined_at", AT(declined_at_ms)},
        {"held_at", AT(held_at_ms)},
        {"last_out_at", AT(last_out_at_ms)},
        {"unanswered_at", AT(unanswered_at_ms)},
        {"silence_at", AT(silence_at_ms)},
        {"flag_at", AT(flag_at_ms)},
        {"flag_page", AT(flag_page)},
        {"close_at", AT(close_at_ms)},
        {"seq", AT(sequence)},
        {"page", AT(page)},
        {"past", AT(earlier)},
        {"last_in_at", AT(last_in_at_ms)},
        {"transfer_until", AT(transfer_until_ms)},
        {"require_at", AT(require_at_ms)},
        {"closed_at", AT(closed_at_ms)},
        {"prefer_until", AT(prefer_until_ms)},
        {"erase_asked_at", AT(erase_asked_ms)},
        {"erased_at", AT(erased_ms)},
        {"limited_ms", AT(limited_ms)},
};

#define SIZED(field) AT(field), sizeof(((struct conversation_view *)NULL)->field)
static const struct {
	const char *name;
	size_t at, size;
} texts[] = {
        {"holder", SIZED(holder)},
        {"line", SIZED(line)},
        {"gateway", SIZED(gateway)},
        {"texter", SIZED(texter)},
        {"reasons", SIZED(reasons)},
        {"excluded", SIZED(excluded)},
        {"recused", SIZED(recused)},
        {"attention", SIZED(attention)},
        {"present", SIZED(present)},
        {"transfer_to", SIZED(transfer_to)},
        {"transfer_skill", SIZED(transfer_skill)},
        {"transfer_asked", SIZED(transfer_asked)},
        {"invited", SIZED(invited)},
        {"language", SIZED(language)},
        {"require", SIZED(require)},
        {"want", SIZED(want)},
        {"partner", SIZED(partner)},
        {"prefer", SIZED(prefer)},
        {"outcome", SIZED(outcome)},
        {"tags", SIZED(tags)},
        {"limited_by", SIZED(limited_by)},
};

static int64_t number_of(const struct redis_reply *reply, const char *name)
{
	return redis_integer(redis_field(reply, name));
}

static void read_risk(const struct redis_reply *reply, Holdfast__V1__Risk *out)
{
	holdfast__v1__risk__init(out);
	out->thoughts = (Holdfast__V1__RiskAnswer)number_of(reply, "risk_thoughts");
	out->plan = (Holdfast__V1__RiskAnswer)number_of(reply, "risk_plan");
	out->means = (Holdfast__V1__RiskAnswer)number_of(reply, "risk_means");
	out->timeframe = (Holdfast__V1__RiskTimeframe)number_of(reply, "risk_timeframe");
	out->at_ms = number_of(reply, "risk_at");
}

bool conversation_view(const struct redis_reply *reply, struct conversation_view *out)
{
	memset(out, 0, sizeof *out);
	out->state = (int)number_of(reply, "state");
	if (out->state == 0)
		return false;
	out->level = (enum level)number_of(reply, "level");
	out->silence_step = (unsigned)number_of(reply, "silence_step");
	out->requeues = (unsigned)number_of(reply, "requeues");
	out->reopened = (unsigned)number_of(reply, "reopened");
	out->key = redis_bytes(redis_field(reply, "key"));
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		int64_t number = number_of(reply, numbers[i].name);
		memcpy((char *)out + numbers[i].at, &number, sizeof number);
	}
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		bytes_copy(redis_bytes(redis_field(reply, texts[i].name)),
		        (char *)out + texts[i].at, texts[i].size);
	read_risk(reply, &out->risk);
	if (out->state == CONVERSATION_OFFERED &&
	        (uint64_t)number_of(reply, "also_epoch") == out->epoch)
		bytes_copy(redis_bytes(redis_field(reply, "also")), out->also, sizeof out->also);
	return true;
}
