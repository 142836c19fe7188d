// SPDX-License-Identifier: Apache-2.0
// Reading bounded files and secrets.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"

#define MAX_SECRET 4096

static bool refuse(struct buf *errors, const char *path, const char *why)
{
	buf_printf(errors, "%s: %s\n", path, why);
	return false;
}

// Reads to the end of the file; false with errno 0 when there is more than `max`.
static bool read_all(int fd, size_t max, struct buf *out)
{
	uint8_t chunk[4096];
	size_t total = 0;
	ssize_t n;
	errno = 0;
	while ((n = read(fd, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		total += (size_t)n;
		if (total > max)
			break;
		buf_append(out, chunk, (size_t)n);
	}
	mem_wipe(chunk, sizeof chunk);
	errno = n < 0 ? errno : 0;
	return n == 0;
}

static bool read_open(int fd, const char *path, size_t max, struct buf *out, struct buf *errors)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return refuse(errors, path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(errors, path, "is not a regular file");
	if (!read_all(fd, max, out)) {
		if (errno)
			return refuse(errors, path, strerror(errno));
		buf_printf(errors, "%s: is larger than %zu bytes\n", path, max);
		return false;
	}
	return true;
}

// O_NONBLOCK: opening a pipe by mistake must not hang the start.
static int open_file(const char *path, struct buf *errors)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		refuse(errors, path, strerror(errno));
	return fd;
}

bool config_read_file(const char *path, size_t max, struct buf *out, struct buf *errors)
{
	int fd = open_file(path, errors);
	if (fd < 0)
		return false;
	bool ok = read_open(fd, path, max, out, errors);
	close(fd);
	return ok;
}

static bool is_private(int fd, const char *path, struct buf *errors)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return refuse(errors, path, strerror(errno));
	if (st.st_mode & 077)
		return refuse(errors, path, "others may read this secret; chmod 600 it");
	return true;
}

bool config_read_secret(const char *path, struct buf *out, struct buf *errors)
{
	int fd = open_file(path, errors);
	if (fd < 0)
		return false;
	size_t before = out->len;
	bool ok = is_private(fd, path, errors) && read_open(fd, path, MAX_SECRET, out, errors);
	close(fd);
	if (ok && out->len > before && out->data[out->len - 1] == '\n')
		out->len--;
	if (ok && out->len == before)
		return refuse(errors, path, "the secret is empty");
	return ok;
}
