// SPDX-License-Identifier: Apache-2.0
// A machine whose power will be cut: each fsync() or fdatasync() of a file copies what it then
// holds, each fsync() of a folder notes its names. HOLDFAST_POWERCUT is "SHADOW:FOLDER[:FOLDER…]":
// only what lies in the folders is watched (real paths), and tests/lib/powercut.py makes of SHADOW
// what a power cut would leave. A file's contents go with its inode and time of birth, so a rename
// needs no fsync of the file, and a new file in an old one's inode is a new one.
#define _GNU_SOURCE // statx(), SEEK_DATA
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 1200

static int is_watched(const char *path)
{
	const char *at = getenv("HOLDFAST_POWERCUT");
	at = at ? strchr(at, ':') : NULL;
	while (at) {
		const char *folder = at + 1;
		at = strchr(folder, ':');
		size_t len = at ? (size_t)(at - folder) : strlen(folder);
		if (strncmp(path, folder, len) == 0 && (path[len] == 0 || path[len] == '/'))
			return 1;
	}
	return 0;
}

// SHADOW/FORMAT…
static void shadow_path(char *out, const char *format, ...)
{
	const char *all = getenv("HOLDFAST_POWERCUT");
	size_t len = strcspn(all, ":");
	memcpy(out, all, len);
	va_list args;
	va_start(args, format);
	vsnprintf(out + len, PATH_SIZE - len, format, args);
	va_end(args);
}

// A name of the shadow must appear whole or not at all: the process may be killed here as anywhere.
static void temporary_path(char *out)
{
	static _Atomic unsigned long count;
	shadow_path(out, "/tmp-%d-%lu", getpid(), atomic_fetch_add(&count, 1));
}

static void key_of(int folder, const char *name, char out[64])
{
	struct statx s = {0};
	statx(folder, name, AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH),
	        STATX_INO | STATX_BTIME, &s);
	snprintf(out, 64, "%llx-%llx-%x", (unsigned long long)s.stx_ino,
	        (unsigned long long)s.stx_btime.tv_sec, s.stx_btime.tv_nsec);
}

static void fail(const char *what)
{
	fprintf(stderr, "powercut: %s: %s\n", what, strerror(errno));
	_exit(98);
}

static void copy_data(int from, int to, off_t size)
{
	static __thread char chunk[65536];
	for (off_t at = 0; at < size && (at = lseek(from, at, SEEK_DATA)) >= 0;) {
		ssize_t n = pread(from, chunk, sizeof chunk, at);
		if (n <= 0)
			break;
		if (pwrite(to, chunk, (size_t)n, at) != n)
			fail("write");
		at += n;
	}
}

static void keep_file(int fd, const char *path, off_t size)
{
	char key[64], temporary[PATH_SIZE], target[PATH_SIZE];
	int from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		fail(path);
	temporary_path(temporary);
	int to = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (to < 0 || ftruncate(to, size) < 0)
		fail(temporary);
	copy_data(from, to, size);
	close(from);
	close(to);
	key_of(fd, "", key);
	shadow_path(target, "/file-%s", key);
	if (rename(temporary, target) < 0)
		fail(target);
}

static void keep_names(const char *path)
{
	char key[64], temporary[PATH_SIZE], target[PATH_SIZE], flat[PATH_SIZE];
	DIR *folder = opendir(path);
	temporary_path(temporary);
	FILE *out = fopen(temporary, "we");
	if (!folder || !out)
		fail(path);
	fprintf(out, "%s\n", path);
	for (const struct dirent *e; (e = readdir(folder));) {
		if (e->d_type != DT_REG)
			continue;
		key_of(dirfd(folder), e->d_name, key);
		fprintf(out, "%s %s\n", key, e->d_name);
	}
	closedir(folder);
	fclose(out);
	snprintf(flat, sizeof flat, "%s", path);
	for (char *c = flat; *c; c++)
		*c = *c == '/' ? '%' : *c;
	shadow_path(target, "/names-%s", flat);
	if (rename(temporary, target) < 0)
		fail(target);
}

static void keep(int fd)
{
	char link[64], path[PATH_SIZE];
	struct stat s;
	if (!getenv("HOLDFAST_POWERCUT"))
		return;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof path - 1);
	if (len < 0 || fstat(fd, &s) < 0)
		return;
	path[len] = 0;
	if (!is_watched(path))
		return;
	if (S_ISREG(s.st_mode))
		keep_file(fd, link, s.st_size);
	else if (S_ISDIR(s.st_mode))
		keep_names(path);
}

static int sync_and_keep(const char *name, int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
	int result = real(fd);
	int error = errno;
	if (result == 0)
		keep(fd);
	errno = error;
	return result;
}

int fsync(int fd)
{
	return sync_and_keep("fsync", fd);
}

int fdatasync(int fd)
{
	return sync_and_keep("fdatasync", fd);
}
