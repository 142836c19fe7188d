// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "net/http.h"

// The admin listener: /healthz (the process runs its loop), /readyz (texts are accepted), /metrics
// (Prometheus). No text, no numbers.

struct flow;
struct admin;
struct admin *admin_new(struct loop *l);
void admin_free(struct admin *a);
void admin_set_flow(struct admin *a, struct flow *flow);
struct http_server *admin_server(struct admin *a);
