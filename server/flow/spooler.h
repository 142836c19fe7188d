// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "kind.h"
#include "store/spool.h"

// The spool's two ends: what Redis could not take is sealed and appended, and taken into Redis,
// oldest first, as soon as Redis can. Records of one person go one after the other, and while any
// of theirs is in the spool, what comes from them live goes behind it: nobody's texts overtake
// each other. Which people those are is not written in clear anywhere, so after a start all
// records are opened once; until that is done, everybody counts as one of them.

struct spooler;
// The folder "spool" in the state folder of the configuration. It may be out of order: then it is
// tried again, an alarm is raised, and everything is refused until it works.
struct spooler *spooler_new(struct flow *f, const struct disk *disk);
// Waits for appends under way and calls their callbacks; nothing is replayed any more.
void spooler_free(struct spooler *sp);

// `fn` is called once, later: true when it is on disk. `record` is copied.
typedef void (*spooler_fn)(struct flow *f, uint64_t id, bool on_disk);
void spooler_append(struct spooler *sp, unsigned kind, uint64_t whose, struct bytes record,
        spooler_fn fn, uint64_t id);
// Something of theirs is in the spool, or may be.
bool spooler_holds(const struct spooler *sp, uint64_t whose);
// A post had to be answered with 503 because the spool's disk had not answered.
void spooler_is_slow(struct spooler *sp);

// Redis is there again: at once, whatever the pause was.
void spooler_resume(struct spooler *sp);
// Records that are on their way into Redis, and get there.
uint64_t spooler_moving(const struct spooler *sp);
// Alarms and gauges; every second.
void spooler_look(struct spooler *sp);

struct spooler_state {
	bool open;
	struct spool_state spool; // all 0 when not open
	uint64_t damaged;         // as the ledger counts them
	bool aside;               // files were put aside, and are still in the folder
	const char *dir;
	const char *error; // "" in peace
};
void spooler_state(const struct spooler *sp, struct spooler_state *out);
