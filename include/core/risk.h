// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

// The risk ladder that counselors ask everybody: thoughts, a plan, the means, and when. The numbers
// are kept in Redis and on the wire: never renumber.

enum risk_answer { RISK_UNKNOWN = 0, RISK_NO = 1, RISK_YES = 2 };
enum risk_timeframe {
	TIMEFRAME_UNKNOWN = 0,
	TIMEFRAME_HOURS24 = 1,
	TIMEFRAME_HOURS48 = 2,
	TIMEFRAME_LATER = 3,
	TIMEFRAME_NONE = 4,
};

struct risk {
	enum risk_answer thoughts, plan, means;
	enum risk_timeframe timeframe;
};

bool risk_valid(const struct risk *r);
// Thoughts, a plan, the means at hand, and within 48 hours: that is imminent. It only ever raises.
bool risk_imminent(const struct risk *r);
