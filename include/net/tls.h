// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buf.h"

// TLS contexts. Servers: TLS 1.2 and 1.3, ECDHE with AEAD only, no tickets, no 0-RTT, no
// renegotiation, no compression. Clients: the same versions, the peer's name and chain always
// verified. Contexts are counted: a connection keeps the one that it began with, so a reload never
// cuts anyone.

struct tls_ctx;

// Loads and checks certificate, key and, when client_ca_file is not "", the CA whose client
// certificates are asked for (asked, not demanded: whoever needs one checks conn_peer_verified()).
// NULL leaves one line in `error`.
struct tls_ctx *tls_server_new(const char *certificate_file, const char *key_file,
        const char *client_ca_file, struct buf *error);
// ca_file "" trusts the system's store.
struct tls_ctx *tls_client_new(const char *ca_file, struct buf *error);
// The certificate that a client shows where it is asked for one. False leaves one line in `error`.
MUST_CHECK bool tls_client_identity(
        struct tls_ctx *t, const char *certificate_file, const char *key_file, struct buf *error);
struct tls_ctx *tls_ref(struct tls_ctx *t);
void tls_unref(struct tls_ctx *t);
// Wall-clock end of the server certificate in ms since 1970.
int64_t tls_not_after_ms(const struct tls_ctx *t);
