// SPDX-License-Identifier: Apache-2.0
#pragma once

// What every tool ends with.
enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_BROKEN = 3 };
