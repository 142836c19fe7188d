// SPDX-License-Identifier: Apache-2.0
// When to tell a person about alarms, when again, and when that all is over.
#include "reader.h"

#define AGAIN_MS       300000
#define QUIET_MS       5000 // an end that lasts
#define RELIEF_MS      3600000
#define RETRY_FIRST_MS 5000
#define RETRY_MAX_MS   60000
#define OVER_TRIES     5 // good news may be lost

static bool has_news(const struct reader *r, uint32_t alarms, int64_t now_ms)
{
	for (int i = 0; i < READER_ALARMS_MAX; i++) {
		uint32_t bit = UINT32_C(1) << i;
		bool told = (r->alarms & bit) && now_ms - r->told_ms[i] < AGAIN_MS;
		if ((alarms & bit) && !told)
			return true;
	}
	return false;
}

static bool is_over(const struct reader *r, int64_t quiet_ms, int64_t now_ms)
{
	bool flaps = r->relieved && now_ms - r->over_ms < RELIEF_MS;
	return r->alarms != 0 && quiet_ms >= QUIET_MS &&
	       (!flaps || now_ms - r->paged_ms >= AGAIN_MS);
}

enum reader_word reader_due(
        const struct reader *r, uint32_t alarms, int64_t quiet_ms, int64_t now_ms)
{
	if (r->failures > 0 && now_ms < r->next_ms)
		return READER_NOTHING;
	if (has_news(r, alarms, now_ms))
		return READER_ALARMS;
	return alarms == 0 && is_over(r, quiet_ms, now_ms) ? READER_OVER : READER_NOTHING;
}

void reader_told(struct reader *r, uint32_t alarms, int64_t now_ms)
{
	r->failures = 0;
	if (alarms == 0) {
		r->alarms = 0;
		r->relieved = true;
		r->over_ms = now_ms;
		return;
	}
	for (int i = 0; i < READER_ALARMS_MAX; i++)
		if (alarms & UINT32_C(1) << i)
			r->told_ms[i] = now_ms;
	r->alarms |= alarms;
	r->paged_ms = now_ms;
}

void reader_not_told(struct reader *r, uint32_t alarms, int64_t now_ms)
{
	int64_t wait = RETRY_FIRST_MS << (r->failures < 4 ? r->failures : 4);
	r->failures++;
	r->next_ms = now_ms + (wait < RETRY_MAX_MS ? wait : RETRY_MAX_MS);
	if (alarms == 0 && r->failures >= OVER_TRIES)
		reader_told(r, 0, now_ms);
}
