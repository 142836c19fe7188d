// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "net/loop.h"

// A private redis-server child under DIR (unix socket, appendfsync always), for one machine without
// a Redis of its own. A lock inherited by the child makes sure that there is only one on these
// files: after a kill -9 of ours, the next start waits until the old child is gone. A child that
// dies is started again.

struct embedded;
// Blocks until the server answers, at most 10 s. NULL leaves one line in `error`.
struct embedded *embedded_start(struct loop *l, const char *dir, struct buf *error);
// Ends the child cleanly (SIGTERM, waits at most 10 s, then SIGKILL: nothing acknowledged is lost
// by that).
void embedded_stop(struct embedded *e);
