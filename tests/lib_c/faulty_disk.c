// SPDX-License-Identifier: Apache-2.0
// A model of a disk with a page cache and a power switch.

#include "faulty_disk.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512 };

// Written, not synced.
struct pending_write {
	uint64_t at;
	struct buf data;
};

struct inode {
	struct buf cache;   // what reads see; zeros follow up to `size`
	struct buf durable; // what a power cut leaves at least
	uint64_t size;
	uint64_t durable_size;
	struct pending_write *pending;
	size_t pending_count;
	unsigned uses; // names, unsynced names and handles
};

struct name {
	char *path;
	struct inode *inode; // NULL in a change: the name was removed
};

struct names {
	struct name *items;
	size_t count;
};

struct handle {
	struct inode *inode;
	bool open, writable;
	char *lock;
};

struct faulty_disk {
	pthread_mutex_t lock;
	struct disk table;
	uint64_t random;
	struct names names;   // as seen
	struct names durable; // as synced
	struct names changes; // between the two, in order
	struct handle *handles;
	size_t handle_count;
	uint64_t operations, faults;
	uint64_t fail_from, fail_count;
	int fail_error;
	unsigned chance;
	int chance_error;
	uint64_t room;
	bool halted;
};

// splitmix64
static uint64_t next_random(struct faulty_disk *d)
{
	uint64_t z = d->random += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint64_t below(struct faulty_disk *d, uint64_t n)
{
	return n ? next_random(d) % n : 0;
}

// ---- inodes and names

static void use(struct inode *i)
{
	if (i)
		i->uses++;
}

static void drop_pending(struct inode *i)
{
	for (size_t k = 0; k < i->pending_count; k++)
		buf_free(&i->pending[k].data);
	free(i->pending);
	i->pending = NULL;
	i->pending_count = 0;
}

static void release(struct inode *i)
{
	if (!i || --i->uses)
		return;
	drop_pending(i);
	buf_free(&i->cache);
	buf_free(&i->durable);
	free(i);
}

static struct name *find(struct names *n, const char *path)
{
	for (size_t i = 0; i < n->count; i++) {
		if (strcmp(n->items[i].path, path) == 0)
			return &n->items[i];
	}
	return NULL;
}

static void push(struct names *n, const char *path, struct inode *inode)
{
	n->items = xrealloc(n->items, (n->count + 1) * sizeof(*n->items));
	n->items[n->count++] = (struct name){xstrdup(path), inode};
	use(inode);
}

static void pop(struct names *n, struct name *at)
{
	free(at->path);
	release(at->inode);
	*at = n->items[--n->count];
}

// inode NULL removes the name.
static void set(struct names *n, const char *path, struct inode *inode)
{
	struct name *at = find(n, path);
	use(inode);
	if (at)
		pop(n, at);
	if (inode)
		push(n, path, inode);
	release(inode);
}

static void clear(struct names *n)
{
	while (n->count)
		pop(n, &n->items[n->count - 1]);
	free(n->items);
	*n = (struct names){0};
}

static void change(struct faulty_disk *d, const char *path, struct inode *inode)
{
	push(&d->changes, path, inode);
	set(&d->names, path, inode);
}

static bool in_folder(const char *path, const char *folder)
{
	size_t len = strlen(folder);
	return strncmp(path, folder, len) == 0 && path[len] == '/' && !strchr(path + len + 1, '/');
}

// ---- bytes

static void put_bytes(struct buf *b, uint64_t at, struct bytes data)
{
	static const uint8_t zeros[SECTOR];
	while (b->len < at + data.len) {
		size_t gap = (size_t)(at + data.len) - b->len;
		buf_append(b, zeros, gap < SECTOR ? gap : SECTOR);
	}
	if (data.len)
		memcpy(b->data + at, data.data, data.len);
}

static void write_bytes(struct inode *i, uint64_t at, struct bytes data)
{
	put_bytes(&i->cache, at, data);
	if (at + data.len > i->size)
		i->size = at + data.len;
	i->pending = xrealloc(i->pending, (i->pending_count + 1) * sizeof(*i->pending));
	struct pending_write *p = &i->pending[i->pending_count++];
	*p = (struct pending_write){.at = at};
	buf_append_bytes(&p->data, data);
}

static void shorten(struct buf *b, uint64_t size)
{
	if (b->len > size)
		b->len = (size_t)size;
}

// The disk takes what it wants of a write, sector by sector, and once in a while a part of one.
static void keep_some(struct faulty_disk *d, struct inode *i, const struct pending_write *p)
{
	unsigned mood = (unsigned)below(d, 4); // all, nothing, or either for each sector
	for (size_t at = 0; at < p->data.len;) {
		size_t len = SECTOR - (size_t)((p->at + at) % SECTOR);
		if (len > p->data.len - at)
			len = p->data.len - at;
		size_t kept = below(d, 16) ? len : (size_t)below(d, len);
		if (mood == 0 || (mood > 1 && below(d, 2)))
			put_bytes(&i->durable, p->at + at, bytes_of(p->data.data + at, kept));
		at += len;
	}
}

// ---- faults

// Counts an operation; what it must fail with, or 0.
static int begin(struct faulty_disk *d)
{
	if (d->halted)
		return EIO;
	uint64_t n = d->operations++;
	int error = 0;
	if (n >= d->fail_from && n - d->fail_from < d->fail_count)
		error = d->fail_error;
	else if (d->chance && below(d, 1000000) < d->chance)
		error = d->chance_error;
	d->faults += error != 0;
	return error;
}

static uint64_t used_room(const struct faulty_disk *d)
{
	uint64_t used = 0;
	for (size_t i = 0; i < d->names.count; i++)
		used += d->names.items[i].inode->size;
	return used;
}

static int new_handle(struct faulty_disk *d, struct inode *inode, bool writable)
{
	size_t at = 0;
	while (at < d->handle_count && d->handles[at].open)
		at++;
	if (at == d->handle_count)
		d->handles = xrealloc(d->handles, ++d->handle_count * sizeof(*d->handles));
	d->handles[at] = (struct handle){.inode = inode, .open = true, .writable = writable};
	use(inode);
	return (int)at;
}

static struct handle *handle_of(struct faulty_disk *d, int fd)
{
	bool known = fd >= 0 && (size_t)fd < d->handle_count && d->handles[fd].open;
	return known ? &d->handles[fd] : NULL;
}

static void end_handle(struct handle *h)
{
	release(h->inode);
	free(h->lock);
	*h = (struct handle){0};
}

// ---- the table

static int do_create(struct faulty_disk *d, const char *path, uint64_t size, int *fd)
{
	int error = begin(d);
	if (error)
		return error;
	if (find(&d->names, path))
		return EEXIST;
	if (d->room != UINT64_MAX && used_room(d) + size > d->room)
		return ENOSPC;
	struct inode *i = xcalloc(1, sizeof(*i));
	i->size = size;
	change(d, path, i);
	*fd = new_handle(d, i, true);
	return 0;
}

static int do_open(struct faulty_disk *d, const char *path, bool to_write, int *fd)
{
	int error = begin(d);
	if (error)
		return error;
	struct name *n = find(&d->names, path);
	if (!n)
		return ENOENT;
	*fd = new_handle(d, n->inode, to_write);
	return 0;
}

static int do_write(struct faulty_disk *d, int fd, uint64_t at, struct bytes data)
{
	int error = begin(d);
	struct handle *h = handle_of(d, fd);
	if (d->halted || !h || !h->writable)
		return d->halted ? EIO : EBADF;
	if (error)
		data.len = (size_t)below(d, data.len + 1);
	write_bytes(h->inode, at, data);
	return error;
}

static int do_read(struct faulty_disk *d, int fd, uint64_t at, size_t len, struct buf *out)
{
	static const uint8_t zeros[SECTOR];
	int error = begin(d);
	const struct handle *h = handle_of(d, fd);
	if (error || !h)
		return error ? error : EBADF;
	const struct inode *i = h->inode;
	uint64_t end = at + len < i->size ? at + len : i->size;
	if (at < i->cache.len) {
		size_t n = (size_t)((end < i->cache.len ? end : i->cache.len) - at);
		buf_append(out, i->cache.data + at, n);
		at += n;
	}
	for (; at < end; at += end - at < SECTOR ? end - at : SECTOR)
		buf_append(out, zeros, end - at < SECTOR ? (size_t)(end - at) : SECTOR);
	return 0;
}

// A sync that fails may have written some; what it did not is clean now, and lost.
static int do_sync(struct faulty_disk *d, int fd)
{
	int error = begin(d);
	struct handle *h = handle_of(d, fd);
	if (d->halted || !h)
		return d->halted ? EIO : EBADF;
	struct inode *i = h->inode;
	for (size_t k = 0; k < i->pending_count; k++) {
		if (error)
			keep_some(d, i, &i->pending[k]);
		else
			put_bytes(&i->durable, i->pending[k].at, buf_bytes(&i->pending[k].data));
	}
	drop_pending(i);
	if (!error)
		i->durable_size = i->size;
	if (!error)
		shorten(&i->durable, i->size);
	return error;
}

static int do_cut(struct faulty_disk *d, const char *path, uint64_t size)
{
	int error = begin(d);
	struct name *n = find(&d->names, path);
	if (error || !n)
		return error ? error : ENOENT;
	n->inode->size = size;
	shorten(&n->inode->cache, size);
	if (below(d, 2)) {
		n->inode->durable_size = size;
		shorten(&n->inode->durable, size);
	}
	return 0;
}

static int do_sync_folder(struct faulty_disk *d, const char *folder)
{
	int error = begin(d);
	if (d->halted)
		return error;
	struct names later = {0};
	for (size_t i = 0; i < d->changes.count; i++) {
		struct name *n = &d->changes.items[i];
		bool keep = in_folder(n->path, folder) && (!error || below(d, 2));
		if (keep)
			set(&d->durable, n->path, n->inode);
		else
			push(&later, n->path, n->inode);
	}
	clear(&d->changes);
	d->changes = later;
	return error;
}

static int do_close(struct faulty_disk *d, int fd)
{
	int error = begin(d);
	struct handle *h = handle_of(d, fd);
	if (!h)
		return EBADF;
	end_handle(h);
	return error;
}

static int do_remove(struct faulty_disk *d, const char *path)
{
	int error = begin(d);
	if (error)
		return error;
	if (!find(&d->names, path))
		return ENOENT;
	change(d, path, NULL);
	return 0;
}

static int do_rename(struct faulty_disk *d, const char *from, const char *to)
{
	int error = begin(d);
	struct name *n = find(&d->names, from);
	if (error || !n)
		return error ? error : ENOENT;
	struct inode *i = n->inode;
	use(i);
	change(d, to, i);
	change(d, from, NULL);
	release(i);
	return 0;
}

static int do_list(struct faulty_disk *d, const char *folder, struct names *out)
{
	int error = begin(d);
	for (size_t i = 0; !error && i < d->names.count; i++) {
		if (in_folder(d->names.items[i].path, folder))
			push(out, d->names.items[i].path + strlen(folder) + 1, NULL);
	}
	return error;
}

static int do_lock(struct faulty_disk *d, const char *path, int *fd)
{
	int error = begin(d);
	if (error)
		return error;
	for (size_t i = 0; i < d->handle_count; i++) {
		if (d->handles[i].open && d->handles[i].lock && !strcmp(d->handles[i].lock, path))
			return EWOULDBLOCK;
	}
	*fd = new_handle(d, NULL, false);
	d->handles[*fd].lock = xstrdup(path);
	return 0;
}

#define LOCKED(call)                                                                               \
	struct faulty_disk *d = arg;                                                               \
	pthread_mutex_lock(&d->lock);                                                              \
	int error = call;                                                                          \
	pthread_mutex_unlock(&d->lock);                                                            \
	return error

static int faulty_create(const char *path, uint64_t size, int *fd, void *arg)
{
	LOCKED(do_create(d, path, size, fd));
}

static int faulty_open(const char *path, bool to_write, int *fd, void *arg)
{
	LOCKED(do_open(d, path, to_write, fd));
}

static int faulty_write(int fd, uint64_t at, struct bytes data, void *arg)
{
	LOCKED(do_write(d, fd, at, data));
}

static int faulty_read(int fd, uint64_t at, size_t len, struct buf *out, void *arg)
{
	LOCKED(do_read(d, fd, at, len, out));
}

static int faulty_sync(int fd, void *arg)
{
	LOCKED(do_sync(d, fd));
}

static int faulty_cut(const char *path, uint64_t size, void *arg)
{
	LOCKED(do_cut(d, path, size));
}

static int faulty_sync_folder(const char *path, void *arg)
{
	LOCKED(do_sync_folder(d, path));
}

static int faulty_close(int fd, void *arg)
{
	LOCKED(do_close(d, fd));
}

static int faulty_remove(const char *path, void *arg)
{
	LOCKED(do_remove(d, path));
}

static int faulty_rename(const char *from, const char *to, void *arg)
{
	LOCKED(do_rename(d, from, to));
}

static int faulty_lock(const char *path, int *fd, void *arg)
{
	LOCKED(do_lock(d, path, fd));
}

// Names are handed on without the lock, because fn may use the disk.
static int faulty_list(
        const char *path, void (*fn)(const char *name, void *to), void *to, void *arg)
{
	struct faulty_disk *d = arg;
	struct names found = {0};
	pthread_mutex_lock(&d->lock);
	int error = do_list(d, path, &found);
	pthread_mutex_unlock(&d->lock);
	for (size_t i = 0; i < found.count; i++)
		fn(found.items[i].path, to);
	clear(&found);
	return error;
}

struct faulty_disk *faulty_disk_new(uint64_t seed)
{
	struct faulty_disk *d = xcalloc(1, sizeof(*d));
	pthread_mutex_init(&d->lock, NULL);
	d->random = seed;
	d->room = UINT64_MAX;
	d->table = (struct disk){
	        .create = faulty_create,
	        .open = faulty_open,
	        .write = faulty_write,
	        .read = faulty_read,
	        .sync = faulty_sync,
	        .cut = faulty_cut,
	        .sync_folder = faulty_sync_folder,
	        .close = faulty_close,
	        .remove = faulty_remove,
	        .rename = faulty_rename,
	        .list = faulty_list,
	        .lock = faulty_lock,
	        .arg = d,
	};
	return d;
}

static void end_handles(struct faulty_disk *d)
{
	for (size_t i = 0; i < d->handle_count; i++) {
		if (d->handles[i].open)
			end_handle(&d->handles[i]);
	}
}

void faulty_disk_free(struct faulty_disk *d)
{
	if (!d)
		return;
	end_handles(d);
	free(d->handles);
	clear(&d->names);
	clear(&d->durable);
	clear(&d->changes);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

const struct disk *faulty_disk_table(struct faulty_disk *d)
{
	return &d->table;
}

uint64_t faulty_disk_operations(struct faulty_disk *d)
{
	return d->operations;
}

uint64_t faulty_disk_faults(struct faulty_disk *d)
{
	return d->faults;
}

void faulty_disk_fail(struct faulty_disk *d, uint64_t after, uint64_t count, int error)
{
	d->fail_from = d->operations + after;
	d->fail_count = count;
	d->fail_error = error;
	if (!count)
		d->chance = 0;
}

void faulty_disk_chance(struct faulty_disk *d, unsigned per_million, int error)
{
	d->chance = per_million;
	d->chance_error = error;
}

void faulty_disk_set_room(struct faulty_disk *d, uint64_t bytes)
{
	d->room = bytes;
}

void faulty_disk_halt(struct faulty_disk *d)
{
	pthread_mutex_lock(&d->lock);
	d->halted = true;
	pthread_mutex_unlock(&d->lock);
}

void faulty_disk_revive(struct faulty_disk *d)
{
	end_handles(d);
	d->halted = false;
}

static void lose_unsynced(struct faulty_disk *d, struct inode *i)
{
	for (size_t k = 0; k < i->pending_count; k++)
		keep_some(d, i, &i->pending[k]);
	drop_pending(i);
	if (i->durable_size != i->size)
		i->durable_size = below(d, 2) ? i->size : below(d, i->size + 1);
	if (i->durable_size < i->durable.len)
		i->durable_size = i->durable.len;
	i->size = i->durable_size;
	buf_clear(&i->cache);
	buf_append_bytes(&i->cache, buf_bytes(&i->durable));
}

void faulty_disk_power_cut(struct faulty_disk *d)
{
	faulty_disk_revive(d);
	unsigned mood = (unsigned)below(d, 4); // all, none, or either for each name
	for (size_t i = 0; i < d->changes.count; i++) {
		if (mood == 0 || (mood > 1 && below(d, 2)))
			set(&d->durable, d->changes.items[i].path, d->changes.items[i].inode);
	}
	clear(&d->changes);
	clear(&d->names);
	for (size_t i = 0; i < d->durable.count; i++) {
		push(&d->names, d->durable.items[i].path, d->durable.items[i].inode);
		lose_unsynced(d, d->durable.items[i].inode);
	}
}

bool faulty_disk_flip(struct faulty_disk *d, const char *path, uint64_t at, uint8_t mask)
{
	struct name *n = find(&d->names, path);
	if (!n || at >= n->inode->cache.len)
		return false;
	n->inode->cache.data[at] ^= mask;
	if (at < n->inode->durable.len)
		n->inode->durable.data[at] ^= mask;
	return true;
}

bool faulty_disk_peek(struct faulty_disk *d, const char *path, struct buf *out)
{
	struct name *n = find(&d->names, path);
	if (n)
		buf_append_bytes(out, buf_bytes(&n->inode->cache));
	return n != NULL;
}

void faulty_disk_put(struct faulty_disk *d, const char *path, struct bytes content)
{
	struct inode *i = xcalloc(1, sizeof(*i));
	buf_append_bytes(&i->cache, content);
	buf_append_bytes(&i->durable, content);
	i->size = i->durable_size = content.len;
	set(&d->names, path, i);
	set(&d->durable, path, i);
}

const char *faulty_disk_name(struct faulty_disk *d, size_t n)
{
	return n < d->names.count ? d->names.items[n].path : NULL;
}
