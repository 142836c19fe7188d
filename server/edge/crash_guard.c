// SPDX-License-Identifier: Apache-2.0
// A mapped file: one slot for the request being handled, and a table of those that crashed us.
#include "crash_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC   "HFcrash1"
#define ENTRIES 256

// In the byte order of this machine: the file never leaves it.
struct crash {
	uint8_t print[CRASH_GUARD_PRINT];
	uint32_t count; // 0: free
	uint32_t stage;
	uint64_t turn; // the higher, the later
};

struct image {
	char magic[8];
	uint32_t size; // of all of this
	_Atomic uint32_t stage;
	uint8_t print[CRASH_GUARD_PRINT];
	struct crash crashes[ENTRIES];
};

struct crash_guard {
	int fd;
	struct image *image;
	bool any; // there is something in the table
};

static bool stage_known(uint32_t stage)
{
	return stage == CRASH_VERIFY || stage == CRASH_PARSE;
}

static struct crash *find(struct image *m, const uint8_t *print)
{
	for (size_t i = 0; i < ENTRIES; i++) {
		struct crash *c = &m->crashes[i];
		if (c->count && stage_known(c->stage) &&
		        memcmp(c->print, print, sizeof c->print) == 0)
			return c;
	}
	return NULL;
}

// A free place, or the oldest.
static struct crash *make_room(struct image *m)
{
	struct crash *oldest = &m->crashes[0];
	for (size_t i = 1; i < ENTRIES && oldest->count; i++)
		if (!m->crashes[i].count || m->crashes[i].turn < oldest->turn)
			oldest = &m->crashes[i];
	return oldest;
}

static uint64_t next_turn(const struct image *m)
{
	uint64_t latest = 0;
	for (size_t i = 0; i < ENTRIES; i++)
		if (m->crashes[i].count && m->crashes[i].turn > latest)
			latest = m->crashes[i].turn;
	return latest + 1;
}

// The slot of the life before goes into the table.
static void take_slot(struct image *m)
{
	uint32_t stage = m->stage;
	if (stage_known(stage)) {
		uint64_t turn = next_turn(m);
		struct crash *c = find(m, m->print);
		if (!c) {
			c = make_room(m);
			*c = (struct crash){0};
			memcpy(c->print, m->print, sizeof c->print);
		}
		c->count += c->count < UINT32_MAX;
		c->stage = stage;
		c->turn = turn;
	}
	m->stage = CRASH_NONE;
	memset(m->print, 0, sizeof m->print);
}

static bool is_image(const struct image *m)
{
	return memcmp(m->magic, MAGIC, sizeof m->magic) == 0 && m->size == sizeof *m;
}

// A file of another size, version or making is begun anew. Every block is written before it is
// mapped: a full disk must show here, not as a signal later.
static bool prepare(int fd)
{
	struct stat st;
	struct image *m = xcalloc(1, sizeof *m);
	bool ok = fstat(fd, &st) == 0;
	if (ok && (st.st_size != sizeof *m || pread(fd, m, sizeof *m, 0) != sizeof *m ||
	                  !is_image(m))) {
		*m = (struct image){.size = sizeof *m};
		memcpy(m->magic, MAGIC, sizeof m->magic);
	}
	ok = ok && pwrite(fd, m, sizeof *m, 0) == sizeof *m && ftruncate(fd, sizeof *m) == 0;
	free(m);
	return ok;
}

static struct image *map(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) != 0 || !prepare(fd))
		return NULL;
	void *m = mmap(NULL, sizeof(struct image), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return m == MAP_FAILED ? NULL : m;
}

struct crash_guard *crash_guard_open(const char *path, struct buf *error)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct image *m = fd >= 0 ? map(fd) : NULL;
	if (!m) {
		buf_printf(error, "cannot use %s: %s", path,
		        errno == EWOULDBLOCK ? "another process does" : strerror(errno));
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	struct crash_guard *g = xcalloc(1, sizeof *g);
	take_slot(m);
	g->fd = fd;
	g->image = m;
	g->any = next_turn(m) > 1;
	return g;
}

void crash_guard_close(struct crash_guard *g)
{
	if (!g)
		return;
	munmap(g->image, sizeof *g->image);
	close(g->fd);
	free(g);
}

unsigned crash_guard_count(const struct crash_guard *g,
        const uint8_t print[static CRASH_GUARD_PRINT], enum crash_stage *stage)
{
	const struct crash *c = g && g->any ? find(g->image, print) : NULL;
	*stage = c ? (enum crash_stage)c->stage : CRASH_NONE;
	return c ? c->count : 0;
}

// The stage is written last: a slot that is set is whole.
void crash_guard_enter(struct crash_guard *g, const uint8_t print[static CRASH_GUARD_PRINT])
{
	if (!g)
		return;
	memcpy(g->image->print, print, sizeof g->image->print);
	atomic_store_explicit(&g->image->stage, CRASH_VERIFY, memory_order_release);
}

void crash_guard_stage(struct crash_guard *g, enum crash_stage stage)
{
	if (g)
		atomic_store_explicit(&g->image->stage, stage, memory_order_release);
}

void crash_guard_leave(struct crash_guard *g)
{
	if (!g)
		return;
	crash_guard_stage(g, CRASH_NONE);
	struct crash *c = g->any ? find(g->image, g->image->print) : NULL;
	if (c && c->count < CRASH_GUARD_MOST)
		c->count = 0;
	memset(g->image->print, 0, sizeof g->image->print);
}
