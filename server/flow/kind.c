// SPDX-License-Identifier: Apache-2.0
// The table of what can be kept in the spool.
#include "kind.h"

#include "quarantine.h"
#include "text.h"

// Nothing: it shows whether the spool can take something.
static bool probe_take(struct flow *f, struct bytes record, const struct taker *t)
{
	(void)f;
	(void)record;
	(void)t;
	return false;
}

static uint64_t nobodys(struct bytes record)
{
	(void)record;
	return 0;
}

static void nothing(struct flow *f, struct bytes record)
{
	(void)f;
	(void)record;
}

static const struct kind kinds[UINT8_MAX + 1] = {
        [KIND_TEXT] = {"text", text_take, text_whose, text_give_up, text_rehearse},
        [KIND_QUARANTINE] = {"quarantine", quarantine_take, nobodys, NULL, nothing},
        [KIND_PROBE] = {"probe", probe_take, nobodys, NULL, nothing},
};

const struct kind *kind_find(unsigned kind)
{
	return kind <= UINT8_MAX && kinds[kind].take ? &kinds[kind] : NULL;
}
