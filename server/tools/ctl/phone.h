// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "../common/lines.h"
#include "ctl.h"
#include "net/http_client.h"
#include "net/listener.h"

// A simulated handset behind a simulated Kannel: phone.c texts in, phone_sendsms.c takes texts out.

struct phone {
	const struct config *config;
	const struct config_gateway *gateway;
	struct loop *loop;
	struct http_client *http;
	struct lines *in;
	struct http_server *server;
	struct listener *listener;
	struct buf secret;      // sendsms password
	struct buf path_secret; // of our posts
	char *from;             // the handset's number
	const char *to;         // the line
	int64_t linger_ms;
	size_t posts; // texts under way
	bool input_over;
	int code;
};

// Serves Kannel's sendsms on the gateway's send_socket. False leaves one line in `error`.
MUST_CHECK bool phone_serve(struct phone *p, struct buf *error);
void phone_close(struct phone *p);
