// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "flow/desk.h"
#include "flow/flow.h"
#include "flow/intake.h"
#include "oracle.h"
#include "sim.h"

// The world around Holdfast: nodes that run the real flow, texters and on-call people with phones,
// providers, counselors with consoles, and what goes wrong.

#define NODES_MAX      4
#define COUNSELORS_MAX 6
#define ON_CALL        3
#define TEXTERS_MAX    16
#define GATEWAYS       2
#define POOL           "main"
#define ID_TEXT        64 // an id of ours: POOL.RANDOM
#define NAME_TEXT      33

// How often what goes wrong, of 1,000; `calm` has none of it.
struct trouble {
	unsigned send_forbidden, send_refused, send_not_taken, send_answer_lost, send_lost,
	        send_slow;
	unsigned gateway_down;              // a provider's API is away for a while, each minute
	unsigned post_answer_lost;          // a provider does not hear our 2xx
	unsigned post_twice;                // it posts a text again although it was told
	unsigned kills, stops, jumps, cuts; // each minute, of any node
	unsigned redis;                     // crashes, failovers, refusals, each minute
	unsigned mishap, lost;              // of a command, of bytes sent: of 100,000
	unsigned slow_disk;                 // of each piece of work for one
	unsigned fatal_sends;               // the node dies, or stops, when a provider takes a text
	unsigned disk;                      // of any call to a disk
	unsigned stale;                     // a counselor repeats an old request, each look
	unsigned vanish;                    // a console's connection is lost, each look
};

struct node;
struct counselor;
struct texters;
struct phones;
struct redis_world;

struct world {
	struct sim *sim;
	uint64_t seed;
	struct oracle *oracle;
	struct trouble trouble;
	bool ending; // faults have stopped, texters too: everything must drain
	char folder[64];
	struct vault *vault;
	unsigned copies;
	struct node *nodes[NODES_MAX];
	size_t nodes_count;
	struct counselor *counselors[COUNSELORS_MAX];
	size_t counselors_count;
	struct idmap *consoles; // session -> struct counselor
	uint64_t next_session;
	struct texters *texters;
	struct phones *phones;
	struct redis_world *redis;
	bool gateway_down[GATEWAYS];
	struct gateway gateways[GATEWAYS];
	uint64_t faults; // injected so far
};

struct world *world_of(const struct loop *l);

// ---- sim_node.c: one machine, and the process on it

void machines_make(struct world *w, size_t count);
void machines_free(struct world *w);
void node_start(struct node *n);
void node_kill(struct node *n);
void node_stop(struct node *n);
void node_continue(struct node *n);
void node_jump(struct node *n, int64_t by_ms);
bool node_alive(const struct node *n);
bool node_running(const struct node *n); // alive, and not stopped
struct flow *node_flow(const struct node *n);
struct loop *node_loop(const struct node *n);
const char *node_name(const struct node *n);
// Since when, in true time, it has had all that it needs to do its work; -1 while it has not.
int64_t node_well_since(const struct node *n);
// Something was done to it: for so long nothing is expected of it.
void node_unwell(struct node *n, int64_t for_ms);
void machines_look(struct world *w);        // after each event
bool node_born_right(const struct node *n); // its machine's clock was right at the start
bool node_spool_empty(const struct node *n);
// It raised the alarm that a part of its spool could not be read; after a restart it may be.
bool node_spool_told(const struct node *n);
void node_disk_trouble(struct node *n, unsigned per_million, unsigned slow_per_mille);
uint64_t node_disk_faults(const struct node *n);
struct node *node_of_loop(const struct world *w, const struct loop *l);
struct node *node_any(struct world *w); // running, or NULL
size_t node_index(const struct node *n);
struct world *world_of_node(const struct node *n);
void machines_remove_files(struct world *w);

// ---- sim_gateway.c and sim_http.c: providers

void gateways_make(struct world *w);
void providers_free(struct world *w);

// Somebody's phone gets a text of ours.
void phone_rings(struct world *w, const char *to, struct bytes text);

// ---- sim_texter.c: people with phones, and the posts of their providers

void texters_make(struct world *w, size_t count);
void texters_free(struct world *w);
const char *texter_number(size_t texter);      // these two live until the next call
size_t texters_waiting(const struct world *w); // texts that no node has taken yet
uint64_t texts_sent(const struct world *w);
const char *on_call_number(size_t person);

// ---- sim_counselor.c: people with consoles

void counselors_make(struct world *w, size_t count);
void counselors_free(struct world *w);
const char *counselor_name(size_t i);
#define COUNSELOR_SKILL "lang:es" // every third has it, every second is a supervisor, too
// Since when they have had no console on a node that lives; -1 while they have one.
int64_t counselor_gone_since(const struct world *w, const char *name);
void console_take(struct world *w, uint64_t session, const Frame *frame); // pushed by a node
void console_cut(struct world *w, uint64_t session);                      // by a node
void consoles_lost(struct node *n);                                       // the node has died

// ---- sim_fault.c

// kill -9 or SIGSTOP, and back later.
void fault_strikes(struct world *w, struct node *n);
void faults_start(struct world *w);
void faults_end(struct world *w);
