// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "store/disk.h"

// A disk in memory that does what disks do when it matters: every operation can fail, a failed sync
// loses data that reads go on showing, and a power cut keeps what was synced and, of the rest, what
// the seed says: kept, lost or torn, names included. Safe to use from two threads.

struct faulty_disk;
struct faulty_disk *faulty_disk_new(uint64_t seed);
void faulty_disk_free(struct faulty_disk *d);
const struct disk *faulty_disk_table(struct faulty_disk *d);

// Operations so far; a fault is set by counting on from here.
uint64_t faulty_disk_operations(struct faulty_disk *d);
// The `after`-th next operation (0: the very next) and `count` - 1 more fail with `error`; count 0
// ends all faults.
void faulty_disk_fail(struct faulty_disk *d, uint64_t after, uint64_t count, int error);
// Each operation fails by chance from now on.
void faulty_disk_chance(struct faulty_disk *d, unsigned per_million, int error);
// Faults that were injected so far.
uint64_t faulty_disk_faults(struct faulty_disk *d);
// Files may have so many bytes in all; UINT64_MAX for no bound.
void faulty_disk_set_room(struct faulty_disk *d, uint64_t bytes);

// The process is dead: nothing that is still asked for happens. Its handles and locks end with
// revive or power_cut.
void faulty_disk_halt(struct faulty_disk *d);
// A new process on the same machine: it sees all that was written.
void faulty_disk_revive(struct faulty_disk *d);
// A new process after a power cut: it sees all that was synced.
void faulty_disk_power_cut(struct faulty_disk *d);

// Looks at or changes files behind everybody's back. False when there is no such file or place.
bool faulty_disk_flip(struct faulty_disk *d, const char *path, uint64_t at, uint8_t mask);
bool faulty_disk_peek(struct faulty_disk *d, const char *path, struct buf *out);
void faulty_disk_put(struct faulty_disk *d, const char *path, struct bytes content);
// The n-th name there is, in no order but a stable one; NULL behind the last.
const char *faulty_disk_name(struct faulty_disk *d, size_t n);
