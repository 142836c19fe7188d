// SPDX-License-Identifier: Apache-2.0
// What monitoring asks over plain HTTP.
#include "edge/admin.h"

#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "flow/flow.h"

struct admin {
	struct flow *flow;
	struct http_server *http;
};

static int healthz(struct admin *a, struct buf *out)
{
	(void)a;
	buf_append_str(out, "ok\n");
	return 200;
}

static int readyz(struct admin *a, struct buf *out)
{
	if (a->flow && flow_ready(a->flow)) {
		buf_append_str(out, "ready\n");
		return 200;
	}
	buf_append_str(out,
	        a->flow && flow_draining(a->flow) ? "draining\n" : "not ready: Redis is not up\n");
	return 503;
}

static int metrics(struct admin *a, struct buf *out)
{
	(void)a;
	metrics_render(out);
	return 200;
}

static const struct {
	const char *path;
	int (*fn)(struct admin *a, struct buf *out);
} pages[] = {
        {"/healthz", healthz},
        {"/readyz", readyz},
        {"/metrics", metrics},
};

static void on_request(const struct http_request *r, void *arg)
{
	struct admin *a = arg;
	struct buf out = {0};
	int status = 404;
	for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
		if (bytes_is(r->path, pages[i].path))
			status = pages[i].fn(a, &out);
	if (status == 404)
		buf_append_str(&out, "There are /healthz, /readyz and /metrics here.\n");
	http_respond(a->http, r->id, status, "text/plain; version=0.0.4; charset=utf-8",
	        buf_bytes(&out), NULL);
	buf_free(&out);
}

struct admin *admin_new(struct loop *l)
{
	struct admin *a = xcalloc(1, sizeof *a);
	a->http = http_server_new(l, "admin", &http_limits_default, on_request, a);
	return a;
}

void admin_free(struct admin *a)
{
	http_server_free(a->http);
	free(a);
}

void admin_set_flow(struct admin *a, struct flow *flow)
{
	a->flow = flow;
}

struct http_server *admin_server(struct admin *a)
{
	return a->http;
}
