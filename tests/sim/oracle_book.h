// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/map.h"
#include "core/custody.h"
#include "model_store.h"
#include "oracle.h"
#include "world.h"

// What the oracle keeps, between its two files.

enum { WAITING = 1, OFFERED, HELD, WRAP_UP, CLOSED };

struct text_seen {
	uint64_t number;
	size_t texter, gateway;
	unsigned by; // bits of the nodes that said 2xx
	bool stored; // in a conversation
	bool wish;   // asks for deletion
	bool gone;   // with its conversation, which was deleted as its texter wished
	struct conversation *of;
	char words[80];
};

struct ask {
	enum ask_kind kind;
	uint64_t epoch;
	char name[36];
	char client[40];
};

struct conversation {
	char id[64];
	int state; // 0: not in the keyspace, as far as we know
	int level;
	uint64_t epoch;
	int64_t declined_at;
	char holder[33];
	size_t messages;
	size_t texter; // by its first text; gateway with it
	size_t gateway;
	int64_t due;            // true time at which an escalation must begin, 0 when none must
	struct custody custody; // its ledger, as far as it was read
	struct ask *asks;       // all claims that consoles ever made
	size_t asks_count;
	bool silent;     // a supervisor must look at it: its texter is silent, and at risk
	bool alone;      // it was closed by one, because nobody else was there
	bool erased;     // its messages are gone
	bool must_erase; // its texter has asked for that, and was heard
};

struct message_seen {
	uint64_t sequence;
	bool reply;
	int delivery;
	char conversation[64];
};

struct oracle {
	struct world *world;
	struct text_seen **texts;
	size_t texts_count;
	struct strmap *conversations; // id -> struct conversation
	struct strmap *messages;      // id -> struct message_seen, as in the keyspace
	struct strmap *whose;         // id of a message -> struct conversation, for ever
	struct strmap *held;          // "conversation epoch" -> who was told
	struct strmap *queued;        // message ids that were called queued
	struct strmap *taken;         // message ids that a provider took
	struct strmap *clients;       // "conversation client_id" of replies in the keyspace
	uint64_t acknowledged, shown;
	bool wished[TEXTERS_MAX]; // they have asked for deletion, perhaps unheard
	int64_t next_look;
	int64_t apart; // ms
	struct model_reply reply;
};

struct text_seen *oracle_text_of(struct oracle *o, uint64_t number);
struct conversation *oracle_conversation(struct oracle *o, const char *id);
bool oracle_was_asked(const struct conversation *c, enum ask_kind kind, const char *name,
        uint64_t epoch, const char *client);

// ---- oracle_store.c

// One conversation's keys: that it is where it should be, and nothing else changed than may.
void oracle_look(struct oracle *o, struct conversation *c);
// A script or command has written; `key` is one of those written. Conversations and messages are
// looked at when it is over.
void oracle_wrote(struct oracle *o, struct bytes key);
void oracle_written(struct oracle *o);
int oracle_delivery(struct oracle *o, const char *message); // 0 when it is not there
size_t oracle_count(struct oracle *o, const char *set);     // of a sorted set
bool oracle_erased(struct oracle *o, const struct conversation *c);
bool oracle_wishes(struct oracle *o); // some wish for deletion is not fulfilled
