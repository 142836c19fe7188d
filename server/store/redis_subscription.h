// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "net/loop.h"
#include "redis_way.h"
#include "store/redis.h"

// The channels of a link, on a connection of their own.

struct subscription;
// `events` is borrowed.
struct subscription *subscription_new(
        struct loop *l, struct way *way, const struct redis_events *events);
void subscription_free(struct subscription *s);
void subscription_add(struct subscription *s, const char *channel);
// The master is settled: whoever listens elsewhere goes there.
void subscription_follow(struct subscription *s);
