// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buf.h"

// CRC-32C (Castagnoli, RFC 3720 appendix B.4). `crc` is that of what came before, 0 at first.
uint32_t crc32c(uint32_t crc, struct bytes data);
