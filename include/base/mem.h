// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>

// Allocation that never fails: out of memory ends the process (crash-only: everything that matters
// is already on disk). Callers bound every size that comes from the network before they allocate.

#define MUST_CHECK __attribute__((warn_unused_result))

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);

// Overwrites memory that held a secret; the compiler may not drop it.
void mem_wipe(void *p, size_t len);
