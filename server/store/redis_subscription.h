// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/config.h"
#include "net/loop.h"
#include "store/redis.h"

// The channels of a link, on a connection of their own.

struct subscription;
// `events` is borrowed.
struct subscription *subscription_new(
        struct loop *l, const struct config_redis *config, const struct redis_events *events);
void subscription_free(struct subscription *s);
void subscription_add(struct subscription *s, const char *channel);
