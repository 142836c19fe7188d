// SPDX-License-Identifier: Apache-2.0
// A machine whose wall clock somebody sets, or that passes time: CLOCK_REALTIME and CLOCK_MONOTONIC
// are shifted by the milliseconds in the file that HOLDFAST_CLOCK names (8 bytes for each, mapped,
// so that a change is felt at once). Nothing else is touched.
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { WALL, MONOTONIC, CLOCKS };

static int64_t shift_ms(int clock)
{
	static const volatile int64_t *shift;
	static int64_t none[CLOCKS];
	if (!shift) {
		const char *path = getenv("HOLDFAST_CLOCK");
		int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
		void *at =
		        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, fd, 0);
		if (fd >= 0)
			close(fd);
		shift = at == MAP_FAILED ? none : at;
	}
	return shift[clock];
}

int clock_gettime(clockid_t id, struct timespec *out)
{
	static int (*real)(clockid_t, struct timespec *);
	if (!real)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	int result = real(id, out);
	if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_MONOTONIC)) {
		int64_t ms = shift_ms(id == CLOCK_REALTIME ? WALL : MONOTONIC);
		out->tv_sec += ms / 1000; // whole seconds only
	}
	return result;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	int result = clock_gettime(CLOCK_REALTIME, &now);
	out->tv_sec = now.tv_sec;
	out->tv_usec = now.tv_nsec / 1000;
	return result;
}

time_t time(time_t *out)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}
