// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "flow/gateway.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "proto/frame.h"
#include "store/disk.h"
#include "store/store.h"
#include "vault/vault.h"

// Sequences the ranks below: intake, dispatch, escalation, outbox, timers, and the consoles'
// requests. All state is in Redis; what is here can be lost at any moment. Scripts publish what
// changed, every node hears it, and a node acts on it alike whether it made the change or not.

// Calls upward, filled in by main.c.
struct flow_out {
	const struct gateway *(*gateway)(const char *name, void *arg); // NULL when unknown
	void (*push)(uint64_t session, const Frame *frame,
	        void *arg); // a session that is gone is a normal thing
	void (*end_session)(uint64_t session, const char *reason, void *arg);
	void (*drain)(void *arg); // an operator asks this node to drain and end
	void *arg;
};

struct flow_parts {
	struct loop *loop;
	const struct config *config;
	struct store *store;
	struct vault *vault;
	struct http_client *http;
	struct steady_clock *steady; // the one that the loop's clock is
	const struct disk *disk;     // the spool's
	struct flow_out out;
};

struct flow;
// NULL leaves one line in `error` (a schedule's zone that cannot be read).
struct flow *flow_new(const struct flow_parts *parts, struct buf *error);
// After the Redis link is freed: calls under way still answer into the flow.
void flow_free(struct flow *f);

// From the Redis link.
void flow_redis_up(struct flow *f);
void flow_redis_down(struct flow *f);
void flow_redis_message(struct flow *f, const char *channel, struct bytes payload);
void flow_redis_deaf(struct flow *f);   // news may be missed from now on
void flow_redis_resync(struct flow *f); // news may have been missed: everything is read again
// Everything works: staff records are read, the timers run. While it does not, texts are accepted
// all the same, into the spool.
bool flow_ready(const struct flow *f);

// No new offers, no timers, no sends; consoles are told and ended.
void flow_drain(struct flow *f);
bool flow_draining(const struct flow *f);
// Records of the spool that can be taken into Redis now: a node that goes away should do it before.
uint64_t flow_spooled(const struct flow *f);
size_t flow_open_sends(const struct flow *f); // sends under way, up to the record of their outcome
