// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <openssl/ssl.h>

#include "net/tls.h"

// A new session of the context for conn.c: a server's, or a client's that demands a certificate for
// `name`.
SSL *tls_session_server(struct tls_ctx *t);
SSL *tls_session_client(struct tls_ctx *t, const char *name);
