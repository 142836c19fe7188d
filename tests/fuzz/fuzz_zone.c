// SPDX-License-Identifier: Apache-2.0
// POSIX TZ strings, as zone files end with.
#include <stdlib.h>

#include "../../server/core/zone_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t instants[] = {INT64_MIN / 4096, -1, 0, 1762063200, 253402300800};
	struct zone_rule rule;
	if (!zone_rule_parse((struct bytes){data, size}, &rule))
		return 0;
	for (size_t i = 0; i < sizeof instants / sizeof instants[0]; i++) {
		int32_t offset = zone_rule_offset(&rule, instants[i]);
		if (offset != rule.offset && offset != rule.dst_offset)
			abort();
	}
	return 0;
}
