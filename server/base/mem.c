// SPDX-License-Identifier: Apache-2.0
// Allocation that ends the process instead of failing.
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static void *checked(void *p, size_t size)
{
	if (!p)
		fatal("event=out_of_memory bytes=%zu", size);
	return p;
}

// malloc(0) may be NULL, so at least one byte is always asked for.
static size_t at_least_one(size_t size)
{
	return size ? size : 1;
}

void *xmalloc(size_t size)
{
	return checked(malloc(at_least_one(size)), size);
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(at_least_one(count), at_least_one(size)), size);
}

void *xrealloc(void *old, size_t size)
{
	return checked(realloc(old, at_least_one(size)), size);
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t len)
{
	len = strnlen(s, len);
	char *copy = xmalloc(len + 1);
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

void mem_wipe(void *p, size_t len)
{
	if (len)
		explicit_bzero(p, len);
}
