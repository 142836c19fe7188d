// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/errors.h"
#include "base/id.h"
#include "base/map.h"
#include "core/care.h"
#include "core/conversation.h"
#include "core/escalate.h"
#include "core/overflow.h"
#include "core/rota.h"
#include "core/silence.h"
#include "core/triage.h"
#include "flow/desk.h"
#include "flow/flow.h"

// A supervisor's word on a pool, as last read.
struct pool_offline {
	bool is;
	int64_t at_ms;
	char by[33];
	char reason[801]; // 200 characters
};

// Whether the counselors of other pools help out, as last read.
struct pool_overflow {
	enum overflow_why why;
	int64_t since_ms;
};

// One pool as this node sees it.
struct pool {
	struct flow *flow;
	const struct config_pool *config;
	const struct config_policy *policy;
	struct by_level within;
	struct by_level boost;
	struct silence_policy silence;
	enum level two_person_least; // a close takes two from there on; 0: nowhere
	char *channel;
	bool dispatch_wanted;
	bool sweeping;
	bool tending;
	bool retaining;
	bool retention_waits; // said so
	struct care_pool care;
	struct pool_offline offline;
	struct pool_overflow overflow;
	const struct rota *hours; // NULL: always open
	bool nobody_reachable; // the alarm of a policy that reaches no one, not even its catch-all
};

// One connection of a console. The edge owns the connection, we own this.
struct session {
	uint64_t id;
	char peer[64];
	char name[33];
	char sid[ID_LEN + 1]; // names this sign-in among all nodes
	unsigned roles;
	bool signing_in;
	struct pool **pools; // their own, and then those in which they help out
	size_t pools_count;
	size_t own_count;
	Holdfast__V1__Presence presence;
	int64_t shift_end_ms; // 0: it is not known
	bool shift_told;      // that it is about to end
	char **watching;      // conversations (audience.h)
	size_t watching_count;
};

// What whoever holds somebody may become after an imminent conversation.
struct store_exposure pool_exposure(const struct pool *p);

// What is known of a gateway's calls, for status.
struct gateway_health {
	const struct config_gateway *config;
	int64_t last_inbound_ms;
	uint64_t send_errors;
	char last_error[96];
};

// Conversations, messages and outbox entries are named POOL.RANDOM, so that an id alone says where
// to look.
#define POOL_ID_MAX (32 + 1 + ID_LEN + 1)
void pool_id_new(const struct pool *p, char out[static POOL_ID_MAX]);
// The pool of such an id; NULL when it is not one of ours.
struct pool *pool_of_id(struct flow *f, struct bytes id);
struct pool *pool_find(struct flow *f, const char *name);
int64_t flow_now(const struct flow *f); // wall clock, ms

// NULL when there is no schedule of that name.
const struct rota *flow_rota(const struct flow *f, const char *schedule);

struct staff;
struct audiences;
struct outbox;
struct lanes;
struct asking;
struct nodes;
struct alarms;
struct checker;
struct quarantine;
struct ledger;
struct arrivals;
struct spooler;
struct forecasts;
struct care_desk;
struct wishes;
struct rewrite;

struct flow {
	struct loop *loop;
	const struct config *config;
	struct store *store;
	struct vault *vault;
	struct http_client *http;
	struct steady_clock *steady;
	struct flow_out out;
	struct triage *triage;
	struct pool *pools;
	size_t pools_count;
	struct rota **rotas; // one for each schedule of the configuration, in its order
	struct idmap *sessions;
	struct strmap *signed_in; // name -> struct session: the latest on this node
	struct audiences *audiences;
	struct staff *staff;
	struct outbox *outbox;
	struct lanes *lanes; // of the outbox
	struct asking *asking;
	struct nodes *nodes;
	struct alarms *alarms;
	struct checker *checker;
	struct quarantine *quarantine;
	struct ledger *ledger;
	struct arrivals *arrivals;
	struct spooler *spooler;
	struct forecasts *forecasts;
	struct care_desk *care;
	struct wishes *wishes;
	struct rewrite *rewrite;
	struct gateway_health *health;
	char node[72]; // "node1/<incarnation>": who this process is to the others
	int64_t started_ms;
	int64_t begun_ms; // monotonic
	uint64_t sweep_timer;
	uint64_t round_timer;
	uint64_t beat_timer;
	uint64_t gauges_timer;
	uint64_t look_timer;
	bool dispatching; // one run at a time over all pools: counselors may serve several
	bool draining;
	bool worked;     // the timers have run since the start
	bool subscribed; // to all news: before that a console could miss a text
};

struct ledger_facts;
// What is really there of what the ledger counts.
void flow_ledger_facts(const struct flow *f, struct ledger_facts *out);
// A session whose name has signed in elsewhere: told, then ended.
void session_replaced(struct flow *f, struct session *s);
// Ends the sessions of people who are no longer in the staff records, and takes over changed roles.
void session_check_all(struct flow *f);
// Tells a console that it must go, and ends it.
void session_dismiss(struct flow *f, struct session *s, const char *reason);
