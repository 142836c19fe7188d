// SPDX-License-Identifier: Apache-2.0
// holdfastctl conversation forget: a texter's wish for deletion, by letter or on the phone.
#include <stdio.h>

#include "../common/table.h"
#include "../common/words.h"
#include "ctl.h"

bool prepare_forget(const struct ctl *c, Frame *request, struct buf *error)
{
	(void)error;
	request->forget_conversation->conversation = xstrdup(ctl_operand(c, 0));
	return true;
}

void show_forgetting(const Frame *answer)
{
	const Holdfast__V1__Forgetting *f = answer->forgetting;

	print_safely("Receipt %s", f->receipt);
	puts(f->waits ? "They are being talked with: everything of theirs is deleted when that is "
	                "over."
	              : "Everything of theirs is being deleted now.");
}
