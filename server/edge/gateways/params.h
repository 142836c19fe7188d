// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "flow/gateway.h"

// The parameters of a webhook, decoded: from the query of a GET, from the form or JSON object of a
// POST.

struct param {
	struct buf name;
	struct buf value;
};

struct params {
	struct param *list;
	size_t count;
};

#define PARAMS_MAX 256

bool params_is_form(const struct gateway_request *r);
bool params_is_get(const struct gateway_request *r);
// False when they are malformed or too many; what was read stays until params_free().
MUST_CHECK bool params_read(const struct gateway_request *r, struct params *out);
MUST_CHECK bool params_read_form(struct bytes form, struct params *out);
// First value of a name; data NULL when absent.
struct bytes params_get(const struct params *p, const char *name);
// By name, then by value, in the order of UTF-16 units, as the strings of JavaScript and Java sort.
void params_sort(struct params *p);
void params_free(struct params *p); // wipes: texts and numbers are in it
