// SPDX-License-Identifier: Apache-2.0
// What the risk ladder comes to.
#include "core/risk.h"

static bool known(enum risk_answer a)
{
	return (int)a >= RISK_UNKNOWN && a <= RISK_YES;
}

bool risk_valid(const struct risk *r)
{
	return known(r->thoughts) && known(r->plan) && known(r->means) &&
	       (int)r->timeframe >= TIMEFRAME_UNKNOWN && r->timeframe <= TIMEFRAME_NONE;
}

bool risk_imminent(const struct risk *r)
{
	bool soon = r->timeframe == TIMEFRAME_HOURS24 || r->timeframe == TIMEFRAME_HOURS48;
	return r->thoughts == RISK_YES && r->plan == RISK_YES && r->means == RISK_YES && soon;
}
