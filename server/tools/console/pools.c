// SPDX-License-Identifier: Apache-2.0
// A supervisor takes a pool offline, or online again.
#include <stdlib.h>
#include <string.h>

#include "console.h"

void pools_changed(struct console *c, const Holdfast__V1__PoolChange *news)
{
	view_you(c->view, "%s is %s, by %s%s%s", news->pool, news->offline ? "OFFLINE" : "online",
	        news->by, *news->reason ? ": " : "", news->reason);
}

static bool set_pool(struct console *c, const char *rest, bool offline)
{
	size_t len = strcspn(rest, " ");
	const char *reason = rest + len + strspn(rest + len, " ");
	Frame *f;

	if (!len || (offline && !*reason)) {
		view_error(c->view, "%s", offline ? "/offline POOL REASON" : "/online POOL");
		return false;
	}
	f = client_frame(HOLDFAST__V1__FRAME__BODY_SET_POOL);
	f->set_pool->pool = xstrndup(rest, len);
	f->set_pool->offline = offline;
	f->set_pool->reason = xstrdup(reason);
	return commands_ask(c, f, NULL, offline ? "taken offline" : "taken online", NULL);
}

bool run_offline(struct console *c, const char *rest)
{
	return set_pool(c, rest, true);
}

bool run_online(struct console *c, const char *rest)
{
	return set_pool(c, rest, false);
}
