// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <event2/dns.h>
#include <event2/event.h>

#include "net/loop.h"

// What the loop shows to the rest of server/net and to nobody else.
struct event_base *loop_base(struct loop *l);
// The asynchronous resolver, made on first use; NULL when the system names no name server.
struct evdns_base *loop_dns(struct loop *l);
