// SPDX-License-Identifier: Apache-2.0
// TLS contexts: the one place that says which versions, ciphers and checks we use.

#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "tls_private.h"

struct tls_ctx {
	SSL_CTX *ssl;
	unsigned refs;
	int64_t not_after_ms;
};

// Mozilla's intermediate list without finite-field Diffie-Hellman; TLS 1.3 suites are all AEAD.
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
static const char groups[] = "X25519:P-256:P-384";
static const unsigned char http_1_1[] = "\x08http/1.1";

static void explain(struct buf *error, const char *what, const char *file)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;
	buf_printf(error, "%s %s: %s", what, file, reason ? reason : "not usable");
	ERR_clear_error();
}

static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
        const unsigned char *offered, unsigned offered_len, void *arg)
{
	(void)ssl;
	(void)arg;
	unsigned char *chosen = NULL;
	int r = SSL_select_next_proto(
	        &chosen, out_len, http_1_1, sizeof(http_1_1) - 1, offered, offered_len);
	*out = chosen;
	return r == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

static struct tls_ctx *new_ctx(const SSL_METHOD *method)
{
	struct tls_ctx *t = xcalloc(1, sizeof(*t));
	t->refs = 1;
	t->ssl = SSL_CTX_new(method);
	if (!t->ssl)
		fatal("event=tls_failed part=context");
	SSL_CTX_set_min_proto_version(t->ssl, TLS1_2_VERSION);
	SSL_CTX_set_options(
	        t->ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_session_cache_mode(t->ssl, SSL_SESS_CACHE_OFF);
	// An idle connection keeps no record buffers: 34 KB less for each.
	SSL_CTX_set_mode(t->ssl, SSL_MODE_RELEASE_BUFFERS);
	if (!SSL_CTX_set_cipher_list(t->ssl, ciphers) || !SSL_CTX_set1_groups_list(t->ssl, groups))
		fatal("event=tls_failed part=ciphers");
	return t;
}

static int64_t not_after_ms(const SSL_CTX *ssl)
{
	struct tm tm;
	const X509 *certificate = SSL_CTX_get0_certificate(ssl);
	if (!certificate || !ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm))
		return 0;
	return (int64_t)timegm(&tm) * 1000;
}

static bool load_identity(
        struct tls_ctx *t, const char *certificate_file, const char *key_file, struct buf *error)
{
	if (SSL_CTX_use_certificate_chain_file(t->ssl, certificate_file) != 1) {
		explain(error, "certificate", certificate_file);
		return false;
	}
	if (SSL_CTX_use_PrivateKey_file(t->ssl, key_file, SSL_FILETYPE_PEM) != 1 ||
	        SSL_CTX_check_private_key(t->ssl) != 1) {
		explain(error, "key", key_file);
		return false;
	}
	t->not_after_ms = not_after_ms(t->ssl);
	return true;
}

// A certificate is asked for, not demanded; but one that is shown and is bad ends the handshake.
static bool load_client_ca(struct tls_ctx *t, const char *file, struct buf *error)
{
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file);
	if (!names || SSL_CTX_load_verify_file(t->ssl, file) != 1) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		explain(error, "client CA", file);
		return false;
	}
	SSL_CTX_set_client_CA_list(t->ssl, names);
	SSL_CTX_set_verify(t->ssl, SSL_VERIFY_PEER, NULL);
	return true;
}

struct tls_ctx *tls_server_new(const char *certificate_file, const char *key_file,
        const char *client_ca_file, struct buf *error)
{
	static const unsigned char session_context[] = "holdfast";
	struct tls_ctx *t = new_ctx(TLS_server_method());
	SSL_CTX_set_options(t->ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_num_tickets(t->ssl, 0);
	SSL_CTX_set_session_id_context(t->ssl, session_context, sizeof(session_context) - 1);
	SSL_CTX_set_alpn_select_cb(t->ssl, select_alpn, NULL);
	ERR_clear_error();
	if (!load_identity(t, certificate_file, key_file, error) ||
	        (client_ca_file && *client_ca_file && !load_client_ca(t, client_ca_file, error))) {
		tls_unref(t);
		return NULL;
	}
	return t;
}

struct tls_ctx *tls_client_new(const char *ca_file, struct buf *error)
{
	struct tls_ctx *t = new_ctx(TLS_client_method());
	bool own_ca = ca_file && *ca_file;
	SSL_CTX_set_verify(t->ssl, SSL_VERIFY_PEER, NULL);
	ERR_clear_error();
	int ok = own_ca ? SSL_CTX_load_verify_file(t->ssl, ca_file)
	                : SSL_CTX_set_default_verify_paths(t->ssl);
	if (ok == 1)
		return t;
	explain(error, "CA", own_ca ? ca_file : "store of the system");
	tls_unref(t);
	return NULL;
}

bool tls_client_identity(
        struct tls_ctx *t, const char *certificate_file, const char *key_file, struct buf *error)
{
	ERR_clear_error();
	return load_identity(t, certificate_file, key_file, error);
}

struct tls_ctx *tls_ref(struct tls_ctx *t)
{
	if (t)
		t->refs++;
	return t;
}

void tls_unref(struct tls_ctx *t)
{
	if (!t || --t->refs > 0)
		return;
	SSL_CTX_free(t->ssl);
	free(t);
}

int64_t tls_not_after_ms(const struct tls_ctx *t)
{
	return t->not_after_ms;
}

static SSL *new_session(struct tls_ctx *t)
{
	SSL *ssl = SSL_new(t->ssl);
	if (!ssl)
		fatal("event=tls_failed part=session");
	return ssl;
}

SSL *tls_session_server(struct tls_ctx *t)
{
	return new_session(t);
}

SSL *tls_session_client(struct tls_ctx *t, const char *name)
{
	SSL *ssl = new_session(t);
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1)
		return ssl;
	ERR_clear_error();
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (SSL_set1_host(ssl, name) != 1 || SSL_set_tlsext_host_name(ssl, name) != 1)
		fatal("event=tls_failed part=name");
	return ssl;
}
