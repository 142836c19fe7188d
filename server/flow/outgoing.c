// SPDX-License-Identifier: Apache-2.0
// Outbox entries unsealed, and calls to providers.
#include "outgoing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"

static bool open_text(struct flow *f, const char *id, const char *conversation,
        const struct redis_reply *entry, struct buf *text)
{
	struct bytes sealed = redis_bytes(redis_field(entry, "text"));
	if (!*conversation)
		return vault_unseal_other(f->vault, id, sealed, text);
	struct conversation_key key;
	if (!vault_unwrap(f->vault, conversation, redis_bytes(redis_field(entry, "key")), &key))
		return false;
	bool ok = vault_unseal(&key, conversation, id, "out", sealed, text);
	conversation_key_wipe(&key);
	return ok;
}

static bool open_number(struct flow *f, const struct redis_reply *entry, struct buf *number)
{
	char *context = bytes_dup(redis_bytes(redis_field(entry, "number_context")));
	bool ok = vault_open_number(
	        f->vault, context, redis_bytes(redis_field(entry, "number")), number);
	free(context);
	return ok;
}

bool outgoing_open(struct flow *f, const char *id, const char *conversation,
        const struct redis_reply *entry, struct outgoing *out)
{
	buf_append_bytes(&out->line, redis_bytes(redis_field(entry, "line")));
	return open_text(f, id, conversation, entry, &out->text) &&
	       open_number(f, entry, &out->number);
}

void outgoing_wipe(struct outgoing *out)
{
	buf_wipe(&out->text);
	buf_wipe(&out->number);
	buf_free(&out->line);
}

void provider_call(struct flow *f, const struct gateway *g, struct gateway_call *call, uint64_t tag,
        http_done_fn done, void *arg)
{
	const char *headers[GATEWAY_HEADERS_MAX + 1] = {0};
	for (size_t i = 0; i < call->headers_count; i++)
		headers[i] = buf_str(&call->headers[i]);
	char *password = call->user ? bytes_dup(call->password) : NULL;
	const struct http_call http = {
	        .method = call->method,
	        .url = buf_str(&call->url),
	        .headers = headers,
	        .body = buf_bytes(&call->body),
	        .user = call->user,
	        .password = password,
	        .unix_socket = g->send_socket[0] ? g->send_socket : NULL,
	        .ca_file = g->send_ca_file,
	        .timeout_ms = PROVIDER_TIMEOUT_MS,
	};
	http_client_call(f->http, &http, tag, done, arg);
	if (password) {
		mem_wipe(password, strlen(password));
		free(password);
	}
}

void provider_failed(struct flow *f, const char *gateway, const char *error)
{
	for (unsigned i = 0; i < f->config->gateways_count; i++) {
		struct gateway_health *h = &f->health[i];
		if (strcmp(h->config->name, gateway) != 0)
			continue;
		h->send_errors++;
		snprintf(h->last_error, sizeof h->last_error, "%s", error);
	}
	metric_inc(M_GATEWAY_ERRORS, gateway);
}
