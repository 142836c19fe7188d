// SPDX-License-Identifier: Apache-2.0
// The gateway listener's requests: authenticate, parse, hand over to intake, answer when intake
// has.
#include "edge/webhook.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/log.h"
#include "base/map.h"
#include "base/metrics.h"
#include "gateways/common.h"

#define NAME_MAX_BYTES 32
#define PREFIX         "/v1/gateways/"

struct webhook {
	struct loop *loop;
	const struct gateways *gateways;
	struct flow *flow;
	struct http_server *server;
	struct idmap *pending; // tag -> struct pending: what intake has not answered yet
	uint64_t last_tag;
};

// A post that waits for intake. Its connection may be gone when the answer comes.
struct pending {
	uint64_t request;
	int64_t since_ms; // monotonic
	const struct gateway_provider *provider;
	char gateway[NAME_MAX_BYTES + 1];
	bool receipt;
};

// ---- the path

struct route {
	char gateway[NAME_MAX_BYTES + 1];
	bool receipt;
	struct buf secret; // decoded
};

// Cuts off the segment up to the next slash.
static struct bytes next_segment(struct bytes *path)
{
	const uint8_t *slash = path->len ? memchr(path->data, '/', path->len) : NULL;
	struct bytes head = {path->data, slash ? (size_t)(slash - path->data) : path->len};
	size_t skip = head.len + (slash ? 1 : 0);
	if (path->len)
		*path = bytes_of(path->data + skip, path->len - skip);
	return head;
}

static bool route_name(struct bytes name, struct route *out)
{
	if (!name.len || name.len > NAME_MAX_BYTES || memchr(name.data, '\0', name.len))
		return false;
	memcpy(out->gateway, name.data, name.len);
	return true;
}

// /v1/gateways/NAME/messages[/SECRET] and /v1/gateways/NAME/receipts[/SECRET]
static bool route_parse(struct bytes path, struct route *out)
{
	size_t prefix = strlen(PREFIX);
	if (path.len < prefix || memcmp(path.data, PREFIX, prefix) != 0)
		return false;
	path = bytes_of(path.data + prefix, path.len - prefix);
	if (!route_name(next_segment(&path), out))
		return false;
	struct bytes kind = next_segment(&path);
	out->receipt = bytes_is(kind, "receipts");
	if (!out->receipt && !bytes_is(kind, "messages"))
		return false;
	struct bytes secret = next_segment(&path);
	return !path.len && percent_decode(secret, false, &out->secret);
}

// ---- answers

static void answer(
        struct webhook *w, uint64_t request, int status, const char *text, const char *headers)
{
	struct buf body = {0};
	buf_printf(&body, "%s\n", text);
	http_respond(
	        w->server, request, status, "text/plain; charset=utf-8", buf_bytes(&body), headers);
	buf_free(&body);
}

static void answer_error(struct webhook *w, uint64_t request, enum err e)
{
	bool later = err_http(e) == 503;
	metric_inc(M_INBOUND, err_code(e));
	answer(w, request, err_http(e), err_text(e), later ? "Retry-After: 2\r\n" : NULL);
}

static void answer_accepted(
        struct webhook *w, uint64_t request, const struct gateway_provider *provider)
{
	http_respond(w->server, request, 200, provider->ack_content_type,
	        bytes_str(provider->ack_body), NULL);
}

static void refuse(struct webhook *w, const struct http_request *r, const char *gateway, enum err e,
        const char *reason)
{
	char quoted[200];
	log_warn("gateway=%s event=refused reason=%s", gateway, log_quote(quoted, reason));
	answer_error(w, r->id, e);
}

// ---- intake's answer

// Intake counts what it took; here only what came to nothing is counted.
static void on_done(uint64_t tag, enum err e, void *arg)
{
	struct webhook *w = arg;
	struct pending *p = idmap_remove(w->pending, tag);
	if (!p)
		return;
	metric_observe_ms(M_INGEST_MS, loop_mono_ms(w->loop) - p->since_ms);
	if (e == ERR_NONE) {
		answer_accepted(w, p->request, p->provider);
	} else {
		log_warn("gateway=%s event=%s error=%s", p->gateway,
		        p->receipt ? "receipt_not_taken" : "text_not_taken", err_code(e));
		answer_error(w, p->request, e);
	}
	free(p);
}

static uint64_t await_intake(
        struct webhook *w, const struct http_request *r, const struct gateway *g, bool receipt)
{
	struct pending *p = xcalloc(1, sizeof *p);
	p->request = r->id;
	p->since_ms = loop_mono_ms(w->loop);
	p->provider = g->provider;
	p->receipt = receipt;
	memcpy(p->gateway, g->name, strnlen(g->name, NAME_MAX_BYTES));
	idmap_put(w->pending, ++w->last_tag, p);
	return w->last_tag;
}

// ---- an authentic post

// Until there is a place to keep what cannot be read, the provider's own log has to: it gets a 400,
// and people an error.
static void not_parsed(struct webhook *w, const struct http_request *r, const struct gateway *g,
        enum gateway_parse parse, struct buf *error)
{
	char quoted[200];
	if (parse == GATEWAY_IGNORED) {
		answer_accepted(w, r->id, g->provider);
		return;
	}
	log_error("gateway=%s event=unparsable reason=%s", g->name,
	        log_quote(quoted, buf_str(error)));
	answer_error(w, r->id, ERR_BAD_REQUEST);
}

static void take_text(struct webhook *w, const struct http_request *r, const struct gateway *g,
        const struct gateway_request *request)
{
	struct gateway_inbound in = {0};
	enum gateway_parse parse = g->provider->parse_inbound(g, request, &in);
	if (parse == GATEWAY_PARSED)
		intake_text(w->flow, g, &in, await_intake(w, r, g, false), on_done, w);
	else
		not_parsed(w, r, g, parse, &in.error);
	gateway_inbound_free(&in);
}

static void take_receipt(struct webhook *w, const struct http_request *r, const struct gateway *g,
        const struct gateway_request *request)
{
	struct gateway_receipt receipt = {0};
	enum gateway_parse parse = g->provider->parse_receipt(g, request, &receipt);
	if (parse == GATEWAY_PARSED)
		intake_receipt(w->flow, g, &receipt, await_intake(w, r, g, true), on_done, w);
	else
		not_parsed(w, r, g, parse, &receipt.error);
	gateway_receipt_free(&receipt);
}

// ---- a request

static struct bytes request_header(const void *request, const char *name, size_t *count)
{
	return http_header(request, name, count);
}

static struct gateway_request gateway_request(
        const struct http_request *r, const struct route *route)
{
	return (struct gateway_request){
	        .method = r->method,
	        .target = r->target,
	        .path_secret = buf_bytes(&route->secret),
	        .query = r->query,
	        .body = r->body,
	        .content_type = http_header(r, "Content-Type", NULL),
	        .peer_verified = r->peer_verified,
	        .header = request_header,
	        .headers = r,
	};
}

static bool reads_content(
        const struct gateway_provider *provider, const struct gateway_request *request)
{
	struct bytes type = gateway_media_type(request->content_type);
	for (const char *const *known = provider->content_types; *known; known++)
		if (bytes_is_nocase(type, *known))
			return true;
	return false;
}

static bool method_allowed(
        struct webhook *w, const struct http_request *r, const struct gateway *g, bool receipt)
{
	bool get = receipt || g->provider->text_by_get;
	if (strcmp(r->method, "POST") == 0 || (get && strcmp(r->method, "GET") == 0))
		return true;
	answer(w, r->id, 405, "Not a method that this gateway uses.",
	        get ? "Allow: GET, POST\r\n" : "Allow: POST\r\n");
	return false;
}

static void handle_authentic(struct webhook *w, const struct http_request *r,
        const struct gateway *g, const struct gateway_request *request, bool receipt)
{
	metric_set(M_GATEWAY_LAST_INBOUND, g->name, loop_wall_ms(w->loop) / 1000);
	if (receipt)
		take_receipt(w, r, g, request);
	else
		take_text(w, r, g, request);
}

static void handle_gateway(struct webhook *w, const struct http_request *r, const struct gateway *g,
        const struct route *route)
{
	struct gateway_request request = gateway_request(r, route);
	struct buf error = {0};
	if (!method_allowed(w, r, g, route->receipt))
		return;
	if (strcmp(r->method, "POST") == 0 && !reads_content(g->provider, &request))
		refuse(w, r, g->name, ERR_UNSUPPORTED, "content type");
	else if (!g->provider->verify(g, &request, &error))
		refuse(w, r, g->name, ERR_BAD_SIGNATURE, buf_str(&error));
	else
		handle_authentic(w, r, g, &request, route->receipt);
	buf_free(&error);
}

static void handle(const struct http_request *r, void *arg)
{
	struct webhook *w = arg;
	struct route route = {0};
	const struct gateway *g = NULL;
	if (route_parse(r->path, &route))
		g = gateways_find(w->gateways, route.gateway);
	if (g)
		handle_gateway(w, r, g, &route);
	else
		refuse(w, r, "-", ERR_NOT_FOUND, "no such gateway or path");
	buf_wipe(&route.secret);
}

// ---- life

struct webhook *webhook_new(struct loop *l, const struct gateways *gateways, struct flow *flow)
{
	struct webhook *w = xcalloc(1, sizeof *w);
	w->loop = l;
	w->gateways = gateways;
	w->flow = flow;
	w->pending = idmap_new();
	w->server = http_server_new(l, "gateways", &http_limits_default, handle, w);
	return w;
}

static void free_pending(uint64_t id, void *value, void *arg)
{
	(void)id;
	(void)arg;
	free(value);
}

void webhook_free(struct webhook *w)
{
	if (!w)
		return;
	http_server_free(w->server);
	idmap_each(w->pending, free_pending, NULL);
	idmap_free(w->pending);
	free(w);
}

struct http_server *webhook_server(struct webhook *w)
{
	return w->server;
}
