// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "net/conn.h"

// An accepted socket, which now belongs to the connection. With `tls` the handshake begins and
// CONN_READY follows; a plain one is ready at once and no CONN_READY comes.
struct conn *conn_accepted(
        struct loop *l, int fd, struct tls_ctx *tls, const char *peer, conn_fn fn, void *arg);

// Runs when the descriptor and the memory go, whoever owns the connection by then.
typedef void (*conn_gone_fn)(struct conn *c, void *arg);
void conn_on_gone(struct conn *c, conn_gone_fn fn, void *arg);

bool conn_is_tls(const struct conn *c);
