// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

// The few calls to the file system on which a promise rests, as a table, so that a test can be the
// disk. All of them may block; all return 0 or an errno. `fd` is the disk's own handle.
struct disk {
	// Makes the file; it must not be there. Room for `size` bytes is set aside.
	int (*create)(const char *path, uint64_t size, int *fd, void *arg);
	int (*open)(const char *path, int *fd, void *arg);                        // to read
	int (*write)(int fd, uint64_t at, struct bytes data, void *arg);          // all of it
	int (*read)(int fd, uint64_t at, size_t len, struct buf *out, void *arg); // less at the end
	int (*sync)(int fd, void *arg);                                           // fdatasync()
	int (*sync_folder)(const char *path, void *arg); // names made and removed in it are kept
	int (*close)(int fd, void *arg);
	int (*remove)(const char *path, void *arg);
	int (*rename)(const char *from, const char *to, void *arg);
	// Calls fn with each plain name in the folder, in no order; makes the folder when it is
	// absent.
	int (*list)(const char *path, void (*fn)(const char *name, void *to), void *to, void *arg);
	void *arg;
};

const struct disk *disk_system(void);
