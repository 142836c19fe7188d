// SPDX-License-Identifier: Apache-2.0
// `holdfastctl pool …`: taking a pool offline and online again, for supervisors.
#include "ctl.h"

bool prepare_pool_offline(const struct ctl *c, Frame *request, struct buf *error)
{
	const char *reason = args_value(&c->args, "--reason");

	if (!reason || !*reason) {
		buf_append_str(error, "why? Give --reason WORDS; everybody of the pool reads it");
		return false;
	}
	request->set_pool->pool = xstrdup(ctl_operand(c, 0));
	request->set_pool->offline = true;
	request->set_pool->reason = xstrdup(reason);
	return true;
}

bool prepare_pool_online(const struct ctl *c, Frame *request, struct buf *error)
{
	const char *reason = args_value(&c->args, "--reason");

	(void)error;
	request->set_pool->pool = xstrdup(ctl_operand(c, 0));
	if (reason)
		request->set_pool->reason = xstrdup(reason);
	return true;
}
