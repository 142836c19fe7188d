// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "flow/intake.h"
#include "kind.h"

// What has just come and waits for a place on a disk: Redis, or the spool when Redis gives no
// outcome in time. A gateway hears within ARRIVAL_ANSWER_MS.
//
//   Redis gave no outcome in ARRIVAL_STORE_MS, or said no at once  -> the spool as well
//   one of a texter's goes to the spool                            -> so do all of theirs under
//                                              way, in order: none overtakes another
//   something of theirs is in the spool already                    -> straight behind it
//   it is not known yet who is on call                             -> the spool
//   the spool refuses                                              -> what is left of the time is
//                                              Redis', then 503
//
// Whichever disk has it first decides. A record that both have is one text: its replay is a
// duplicate.

#define ARRIVAL_STORE_MS  3000
#define ARRIVAL_ANSWER_MS 5000

struct arrivals;
struct arrivals *arrivals_new(struct flow *f);
void arrivals_free(struct arrivals *as); // nobody is told any more
// From now on nothing is begun on Redis: its link is gone.
void arrivals_end(struct arrivals *as);
size_t arrivals_under_way(const struct arrivals *as); // of those that the ledger knows

// Takes over what is in `record`. `done` is called once, later.
void arrivals_take(struct flow *f, unsigned kind, struct buf *record, uint64_t tag,
        intake_done_fn done, void *arg);
// The same for what a supervisor has at hand and can do again: never spooled, not in the ledger.
void arrivals_take_once(struct flow *f, unsigned kind, struct buf *record, uint64_t tag,
        intake_done_fn done, void *arg);
