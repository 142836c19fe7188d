// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buf.h"
#include "net/loop.h"

// The network between nodes and servers: include/net/conn.h on virtual time, so that the store's
// real link to Redis runs in the simulator. Bytes arrive in order or not at all; how late, and
// which of both sides see a connection end, is decided by whoever owns the weather.
//
// A connection belongs to the node whose loop it was made on, and goes to the server of its port;
// hosts mean nothing. Servers live on the network's own loop, so that a node that has stopped or
// died leaves behind what it had sent.

struct model_weather {
	// For bytes sent now: ms until they arrive, or below 0: neither they nor anything later on
	// this connection and in this direction ever arrives, and nobody is told.
	int64_t (*delay_ms)(size_t node, uint16_t port, bool to_server, void *arg);
	// False while a partition is between them: bytes wait, and are sent again when it is over.
	bool (*reaches)(size_t node, uint16_t port, void *arg);
	void *arg;
};

struct model_net;
// One at a time in a process: conn.h has no room for it. `l` runs the servers.
struct model_net *model_net_new(struct loop *l, const struct model_weather *weather);
// After all connections of the nodes have been closed.
void model_net_free(struct model_net *n);
struct loop *model_net_loop(const struct model_net *n);
// From now on connections made on `l` are the node's. Nodes are numbered from 0.
void model_net_place(struct model_net *n, size_t node, struct loop *l);
// kill -9: the node hears and sends nothing more on the connections that it has, and may free them
// when it likes; the servers see them end after what was sent.
void model_net_kill(struct model_net *n, size_t node);
// Ends the connections between a node and a port at once; what is under way is lost. Both sides
// hear of it.
void model_net_cut(struct model_net *n, size_t node, uint16_t port);
size_t model_net_count(const struct model_net *n); // connections that are open

// ---- the servers' side

struct model_pipe; // one connection; NULL never
struct model_listener {
	// A session for a new connection, or NULL when the port is closed.
	void *(*accept)(struct model_pipe *p, uint16_t port, void *arg);
	void (*data)(void *session, struct bytes data);
	void (*closed)(void *session); // the last call for it
	void *arg;
};
void model_net_listen(struct model_net *n, const struct model_listener *l);
size_t model_pipe_node(const struct model_pipe *p);
void model_pipe_write(struct model_pipe *p, struct bytes data);
enum model_ending {
	MODEL_END,    // in order, after what was written
	MODEL_RESET,  // at once: what is under way either way is lost
	MODEL_SILENT, // the node hears nothing, as when a machine loses power
};
// Ends it; `closed` is not called.
void model_pipe_close(struct model_pipe *p, enum model_ending how);
