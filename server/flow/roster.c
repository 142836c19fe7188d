// SPDX-License-Identifier: Apache-2.0
// Who is signed in to a pool, as Redis keeps them (lua/include/staff.lua).
#include "roster.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "overflow.h"

static int64_t number_of(const json_t *s, const char *key)
{
	return (int64_t)json_number_value(json_object_get(s, key));
}

// As in staff_capacity() of lua/include/staff.lua.
static unsigned capacity_of(const json_t *s, bool exposed)
{
	int64_t capacity = number_of(s, "capacity") - (exposed ? number_of(s, "exposed_units") : 0);
	return capacity > 1 ? (unsigned)capacity : 1;
}

static bool is_draining(const struct pool *p, const json_t *s)
{
	return assign_draining(number_of(s, "shift_end"), (int64_t)p->config->drain_before_s * 1000,
	        flow_now(p->flow));
}

// False for what is no record.
static bool read_one(
        const struct pool *p, struct bytes name, struct bytes json, struct assign_counselor *out)
{
	json_t *s = json_loadb((const char *)json.data, json.len, 0, NULL);
	const char *presence = json_string_value(json_object_get(s, "presence"));
	bool exposed = flow_now(p->flow) < number_of(s, "exposed_until");
	bool guest = json_is_true(json_object_get(s, "guest"));
	bool asked = !guest || overflow_open(p);
	if (presence)
		*out = (struct assign_counselor){
		        .name = bytes_dup(name),
		        .available = asked && strcmp(presence, "available") == 0,
		        .guest = guest,
		        .capacity = capacity_of(s, exposed),
		        .load = (unsigned)number_of(s, "load"),
		        .draining = is_draining(p, s),
		        .exposed = exposed,
		        .idle_since_ms = number_of(s, "idle_since"),
		};
	json_decref(s);
	return presence != NULL;
}

size_t roster_read(const struct pool *p, const struct redis_reply *reply,
        struct assign_counselor out[static ROSTER_MAX])
{
	size_t count = 0;
	for (size_t i = 0; i + 1 < redis_count(reply) && count < ROSTER_MAX; i += 2)
		count += read_one(p, redis_bytes(redis_at(reply, i)),
		        redis_bytes(redis_at(reply, i + 1)), &out[count]);
	return count;
}

void roster_free(struct assign_counselor *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free((char *)list[i].name);
}

unsigned roster_load(struct bytes json)
{
	json_t *s = json_loadb((const char *)json.data, json.len, 0, NULL);
	unsigned load = (unsigned)number_of(s, "load");
	json_decref(s);
	return load;
}

size_t roster_names(char *csv, const char **out, size_t max)
{
	return csv_split(csv, (char **)out, max);
}
