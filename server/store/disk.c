// SPDX-License-Identifier: Apache-2.0
// The real disk behind struct disk.

#include "store/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE   0600
#define FOLDER_MODE 0700

static int open_file(const char *path, int flags, int *fd)
{
	do
		*fd = open(path, flags | O_CLOEXEC, FILE_MODE);
	while (*fd < 0 && errno == EINTR);
	return *fd < 0 ? errno : 0;
}

static int sync_fd(int fd, int (*sync)(int))
{
	int failed;
	do
		failed = sync(fd);
	while (failed && errno == EINTR);
	return failed ? errno : 0;
}

static int sync_folder(const char *path)
{
	int fd;
	int error = open_file(path, O_RDONLY | O_DIRECTORY, &fd);
	if (error)
		return error;
	error = sync_fd(fd, fsync);
	close(fd);
	return error;
}

// posix_fallocate() returns its error and leaves errno alone.
static int set_room_aside(int fd, uint64_t size)
{
	int error;
	do
		error = size ? posix_fallocate(fd, 0, (off_t)size) : 0;
	while (error == EINTR);
	return error;
}

static int system_create(const char *path, uint64_t size, int *fd, void *arg)
{
	(void)arg;
	int error = open_file(path, O_RDWR | O_CREAT | O_EXCL, fd);
	if (error)
		return error;
	error = set_room_aside(*fd, size);
	if (error) {
		close(*fd);
		unlink(path);
	}
	return error;
}

static int system_open(const char *path, bool to_write, int *fd, void *arg)
{
	(void)arg;
	return open_file(path, to_write ? O_RDWR : O_RDONLY, fd);
}

static int system_write(int fd, uint64_t at, struct bytes data, void *arg)
{
	(void)arg;
	while (data.len) {
		ssize_t n = pwrite(fd, data.data, data.len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		data = bytes_of(data.data + n, data.len - (size_t)n);
		at += (uint64_t)n;
	}
	return 0;
}

static int system_read(int fd, uint64_t at, size_t len, struct buf *out, void *arg)
{
	(void)arg;
	uint8_t chunk[16 * 1024];
	while (len) {
		size_t want = len < sizeof(chunk) ? len : sizeof(chunk);
		ssize_t n = pread(fd, chunk, want, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : 0;
		buf_append(out, chunk, (size_t)n);
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int system_sync(int fd, void *arg)
{
	(void)arg;
	return sync_fd(fd, fdatasync);
}

static int system_cut(const char *path, uint64_t size, void *arg)
{
	(void)arg;
	return truncate(path, (off_t)size) < 0 ? errno : 0;
}

static int system_sync_folder(const char *path, void *arg)
{
	(void)arg;
	return sync_folder(path);
}

// Linux frees the descriptor even when close() is interrupted.
static int system_close(int fd, void *arg)
{
	(void)arg;
	return close(fd) < 0 && errno != EINTR ? errno : 0;
}

static int system_remove(const char *path, void *arg)
{
	(void)arg;
	return unlink(path) < 0 ? errno : 0;
}

static int system_rename(const char *from, const char *to, void *arg)
{
	(void)arg;
	return rename(from, to) < 0 ? errno : 0;
}

// A folder that a power cut takes away takes its files along.
static int make_folder(const char *path)
{
	if (mkdir(path, FOLDER_MODE) < 0)
		return errno == EEXIST ? 0 : errno;
	const char *slash = strrchr(path, '/');
	if (!slash)
		return sync_folder(".");
	char *parent = slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
	int error = sync_folder(parent);
	free(parent);
	return error;
}

static int list_names(DIR *folder, void (*fn)(const char *name, void *to), void *to)
{
	errno = 0;
	for (const struct dirent *e; (e = readdir(folder)); errno = 0) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			fn(e->d_name, to);
	}
	return errno;
}

static int system_list(
        const char *path, void (*fn)(const char *name, void *to), void *to, void *arg)
{
	(void)arg;
	int error = make_folder(path);
	if (error)
		return error;
	DIR *folder = opendir(path);
	if (!folder)
		return errno;
	error = list_names(folder, fn, to);
	closedir(folder);
	return error;
}

static int system_lock(const char *path, int *fd, void *arg)
{
	(void)arg;
	int error = open_file(path, O_RDWR | O_CREAT, fd);
	if (error)
		return error;
	int failed;
	do
		failed = flock(*fd, LOCK_EX | LOCK_NB);
	while (failed && errno == EINTR);
	error = failed ? errno : 0;
	if (error)
		close(*fd);
	return error;
}

const struct disk *disk_system(void)
{
	static const struct disk disk = {
	        .create = system_create,
	        .open = system_open,
	        .write = system_write,
	        .read = system_read,
	        .sync = system_sync,
	        .cut = system_cut,
	        .sync_folder = system_sync_folder,
	        .close = system_close,
	        .remove = system_remove,
	        .rename = system_rename,
	        .list = system_list,
	        .lock = system_lock,
	};
	return &disk;
}
