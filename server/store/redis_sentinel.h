// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/config.h"
#include "net/loop.h"
#include "net/tls.h"
#include "redis_way.h"

// The Sentinels: asked one after the other, each on a short connection of its own with a deadline,
// beginning with the one that answered last. Behind redis_way.h, which says what each call does.

struct sentinels;
// `config` and `tls` are borrowed.
struct sentinels *sentinels_new(
        struct loop *l, const struct config_redis *config, struct tls_ctx *tls);
void sentinels_free(struct sentinels *s);
// Without any answer the master that was settled last is tried.
void sentinels_find(struct sentinels *s, way_fn fn, void *arg);
void sentinels_forget(struct sentinels *s, const void *arg);
void sentinels_settled(struct sentinels *s, const struct place *master);
void sentinels_doubt(struct sentinels *s, const struct place *at);
void sentinels_ask_again(struct sentinels *s);
void sentinels_on_moved(struct sentinels *s, void (*moved)(void *arg), void *arg);
