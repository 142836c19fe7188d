// SPDX-License-Identifier: Apache-2.0
// A machine that runs out of memory: once armed, the n-th allocation of the process fails, and so
// do `run - 1` after it. The file that HOLDFAST_MALLOC names holds three 64-bit numbers, mapped:
// armed (0 or 1), the countdown n, and run; when the countdown has reached its end, armed is 0
// again and the countdown is negative.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct control {
	_Atomic int64_t armed, countdown, run;
};

static struct control nothing;
static struct control *control = &nothing;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("HOLDFAST_MALLOC");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED
	                  : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at != MAP_FAILED)
		control = at;
	if (fd >= 0)
		close(fd);
}

static int fails(void)
{
	if (!atomic_load(&control->armed))
		return 0;
	int64_t left = atomic_fetch_sub(&control->countdown, 1) - 1;
	if (left > 0)
		return 0;
	if (-left + 1 >= atomic_load(&control->run))
		atomic_store(&control->armed, 0);
	errno = ENOMEM;
	return 1;
}

// dlsym() may allocate before the real functions are known: from here, and never given back.
static char early[65536];
static size_t early_used;

static void *take_early(size_t size)
{
	size_t at = early_used;
	early_used += (size + 15) & ~(size_t)15;
	if (early_used > sizeof early)
		_exit(99);
	return early + at;
}

static int is_early(const void *p)
{
	return (const char *)p >= early && (const char *)p < early + sizeof early;
}

static void *(*real_malloc)(size_t), *(*real_calloc)(size_t, size_t),
        *(*real_realloc)(void *, size_t);
static void (*real_free)(void *);
static int finding;

static int find(void)
{
	if (real_free)
		return 1;
	if (finding)
		return 0;
	finding = 1;
	real_malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
	real_calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
	real_realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
	real_free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
	finding = 0;
	return 1;
}

void *malloc(size_t size)
{
	if (!find())
		return take_early(size);
	return fails() ? NULL : real_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	if (!find())
		return take_early(count * size); // zero: never used before
	return fails() ? NULL : real_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	if (!find() || is_early(old)) {
		void *p = find() ? real_malloc(size) : take_early(size);
		if (old)
			memcpy(p, old, size);
		return p;
	}
	return fails() ? NULL : real_realloc(old, size);
}

void free(void *p)
{
	if (p && !is_early(p) && find())
		real_free(p);
}
