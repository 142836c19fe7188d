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
#include "crash_guard.h"
#include "flow/quarantine.h"
#include "gateways/common.h"
#include "vault/mac.h"

#define NAME_MAX_BYTES 32
#define PREFIX         "/v1/gateways/"

struct webhook {
	struct loop *loop;
	const struct gateways *gateways;
	struct flow *flow;
	struct http_server *server;
	struct crash_guard *guard; // or NULL
	struct idmap *pending;     // tag -> struct pending: what intake has not answered yet
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
	metric_inc(M_INBOUND, err_code(e));
	answer_error(w, r->id, e);
}

// ---- intake's answer

// Of texts the ledger counts what became of them.
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
		if (p->receipt)
			metric_inc(M_INBOUND, err_code(e));
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

// ---- a post on its way through the handler

struct post {
	const struct http_request *http;
	const struct gateway *gateway;
	struct gateway_request request;
	bool receipt;
	bool crashes;   // it crashed the parser before, as often as may be
	struct buf raw; // as the quarantine keeps it
};

static void render_header(struct post *p, const char *name)
{
	struct bytes value = p->request.header(p->request.headers, name, NULL);
	if (!value.data)
		return;
	buf_printf(&p->raw, "%s: ", name);
	buf_append_bytes(&p->raw, value);
	buf_append_char(&p->raw, '\n');
}

// What a human, or a better parser, needs to read it. No secret is in it: neither the path's last
// segment nor a signature.
static void render(struct post *p)
{
	const struct gateway_request *r = &p->request;
	buf_printf(&p->raw, "%s " PREFIX "%s/%s", r->method, p->gateway->name,
	        p->receipt ? "receipts" : "messages");
	if (r->query.len) {
		buf_append_char(&p->raw, '?');
		buf_append_bytes(&p->raw, r->query);
	}
	buf_append_char(&p->raw, '\n');
	render_header(p, "Content-Type");
	for (const char *const *name = p->gateway->provider->kept_headers; name && *name; name++)
		render_header(p, *name);
	buf_append_char(&p->raw, '\n');
	buf_append_bytes(&p->raw, r->body);
}

// ---- an authentic post

static void quarantine(struct webhook *w, struct post *p, const char *reason)
{
	intake_received(w->flow);
	quarantine_put(w->flow, p->gateway, reason, buf_bytes(&p->raw),
	        await_intake(w, p->http, p->gateway, false), on_done, w);
}

static void take_text(struct webhook *w, struct post *p)
{
	struct gateway_inbound in = {0};
	char quoted[200];
	const struct gateway *g = p->gateway;
	enum gateway_parse parse = g->provider->parse_inbound(g, &p->request, &in);
	if (parse == GATEWAY_IGNORED) {
		answer_accepted(w, p->http->id, g->provider);
	} else if (parse == GATEWAY_UNPARSABLE) {
		log_error("gateway=%s event=unparsable reason=%s", g->name,
		        log_quote(quoted, buf_str(&in.error)));
		quarantine(w, p, buf_str(&in.error));
	} else if (!intake_knows_line(w->flow, g, buf_bytes(&in.to))) {
		log_error("gateway=%s event=unknown_line", g->name);
		quarantine(w, p, "it is to a number that is no line of this gateway");
	} else {
		intake_received(w->flow);
		intake_text(w->flow, g, &in, await_intake(w, p->http, g, false), on_done, w);
	}
	gateway_inbound_free(&in);
}

// A receipt holds no person's words: what cannot be read of it is refused.
static void take_receipt(struct webhook *w, struct post *p)
{
	struct gateway_receipt receipt = {0};
	char quoted[200];
	const struct gateway *g = p->gateway;
	enum gateway_parse parse = g->provider->parse_receipt(g, &p->request, &receipt);
	if (parse == GATEWAY_PARSED) {
		intake_receipt(w->flow, g, &receipt, await_intake(w, p->http, g, true), on_done, w);
	} else if (parse == GATEWAY_IGNORED) {
		answer_accepted(w, p->http->id, g->provider);
	} else {
		log_error("gateway=%s event=unparsable reason=%s", g->name,
		        log_quote(quoted, buf_str(&receipt.error)));
		metric_inc(M_INBOUND, err_code(ERR_BAD_REQUEST));
		answer_error(w, p->http->id, ERR_BAD_REQUEST);
	}
	gateway_receipt_free(&receipt);
}

static void take_authentic(struct webhook *w, struct post *p)
{
	metric_set(M_GATEWAY_LAST_INBOUND, p->gateway->name, loop_wall_ms(w->loop) / 1000);
	crash_guard_stage(w->guard, CRASH_PARSE);
	if (p->crashes && p->receipt)
		refuse(w, p->http, p->gateway->name, ERR_BAD_REQUEST, "crashed the parser twice");
	else if (p->crashes)
		quarantine(w, p, "crashed the parser twice");
	else if (p->receipt)
		take_receipt(w, p);
	else
		take_text(w, p);
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

static bool method_allowed(struct webhook *w, const struct post *p)
{
	bool get = p->receipt || p->gateway->provider->text_by_get;
	const char *method = p->request.method;
	if (strcmp(method, "POST") == 0 || (get && strcmp(method, "GET") == 0))
		return true;
	answer(w, p->http->id, 405, "Not a method that this gateway uses.",
	        get ? "Allow: GET, POST\r\n" : "Allow: POST\r\n");
	return false;
}

static void verify_and_take(struct webhook *w, struct post *p)
{
	struct buf error = {0};
	if (p->gateway->provider->verify(p->gateway, &p->request, &error))
		take_authentic(w, p);
	else
		refuse(w, p->http, p->gateway->name, ERR_BAD_SIGNATURE, buf_str(&error));
	buf_free(&error);
}

// Everything that may crash on what is in the request happens between enter and leave.
static void handle_guarded(struct webhook *w, struct post *p)
{
	uint8_t print[CRASH_GUARD_PRINT];
	enum crash_stage stage;
	sha256(buf_bytes(&p->raw), print);
	p->crashes = crash_guard_count(w->guard, print, &stage) >= CRASH_GUARD_MOST;
	if (p->crashes && stage == CRASH_VERIFY) {
		quarantine_crasher(w->flow, p->gateway);
		refuse(w, p->http, p->gateway->name, ERR_BAD_REQUEST, "crashed the check twice");
		return;
	}
	crash_guard_enter(w->guard, print);
	verify_and_take(w, p);
	crash_guard_leave(w->guard);
}

static void handle_gateway(struct webhook *w, const struct http_request *r, const struct gateway *g,
        const struct route *route)
{
	struct post p = {.http = r,
	        .gateway = g,
	        .request = gateway_request(r, route),
	        .receipt = route->receipt};
	if (!method_allowed(w, &p))
		return;
	if (strcmp(r->method, "POST") == 0 && !reads_content(g->provider, &p.request)) {
		refuse(w, r, g->name, ERR_UNSUPPORTED, "content type");
		return;
	}
	render(&p);
	handle_guarded(w, &p);
	buf_wipe(&p.raw);
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

// Texts are taken without it, too.
static struct crash_guard *open_guard(const char *file)
{
	struct buf error = {0};
	struct crash_guard *g = crash_guard_open(file, &error);
	if (!g)
		log_error("event=no_crash_guard text=\"%s\"", buf_str(&error));
	buf_free(&error);
	return g;
}

struct webhook *webhook_new(
        struct loop *l, const struct gateways *gateways, struct flow *flow, const char *guard_file)
{
	struct webhook *w = xcalloc(1, sizeof *w);
	w->guard = guard_file ? open_guard(guard_file) : NULL;
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
	crash_guard_close(w->guard);
	free(w);
}

struct http_server *webhook_server(struct webhook *w)
{
	return w->server;
}
