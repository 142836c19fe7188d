// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

// The few calls to the file system on which a promise rests, as a table, so that a test can be the
// disk. All of them may block and may come from two threads at once, though never for one handle
// that is being written or closed; all return 0 or an errno. `fd` is the disk's own handle.
struct disk {
	// Makes the file, to be written; it must not be there. Room for `size` bytes is set aside
	// and reads as zeros. On an error no file is left behind, as far as the disk lets us.
	int (*create)(const char *path, uint64_t size, int *fd, void *arg);
	// A file that is there, to be read, and to be written too when `to_write`.
	int (*open)(const char *path, bool to_write, int *fd, void *arg);
	int (*write)(int fd, uint64_t at, struct bytes data, void *arg); // all of it
	// Appends to `out`; less than `len` at the end of the file.
	int (*read)(int fd, uint64_t at, size_t len, struct buf *out, void *arg);
	int (*sync)(int fd, void *arg); // fdatasync()
	// Gives back what lies behind `size`.
	int (*cut)(const char *path, uint64_t size, void *arg);
	int (*sync_folder)(const char *path, void *arg); // names made and removed in it are kept
	int (*close)(int fd, void *arg);
	int (*remove)(const char *path, void *arg);
	int (*rename)(const char *from, const char *to, void *arg);
	// Calls fn with each plain name in the folder, in no order; makes the folder when it is
	// absent.
	int (*list)(const char *path, void (*fn)(const char *name, void *to), void *to, void *arg);
	// Makes the file when it is absent and holds it until close() or the end of the process.
	// EWOULDBLOCK when somebody else does.
	int (*lock)(const char *path, int *fd, void *arg);
	void *arg;
};

const struct disk *disk_system(void);
