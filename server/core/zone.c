// SPDX-License-Identifier: Apache-2.0
// Time zones from TZif files (RFC 8536), without the C library's own idea of local time.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rota.h"
#include "zone_rule.h"

#define ZONE_FOLDER   "/usr/share/zoneinfo/"
#define ZONE_FILE_MAX 65536
#define HEADER_LEN    44

struct zone {
	size_t count;
	int64_t *at;           // UTC seconds of each transition, ascending
	int32_t *offset;       // in force from at[i] on
	int32_t before;        // in force before at[0]
	struct zone_rule rule; // after the last transition
};

// The six counts of a TZif header.
struct header {
	uint32_t isutc, isstd, leap, time, type, chars;
};

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const uint8_t *p)
{
	return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

static bool read_header(struct bytes in, struct header *h)
{
	if (in.len < HEADER_LEN || memcmp(in.data, "TZif", 4) != 0 || in.data[4] < '2')
		return false;
	const uint8_t *p = in.data + 20;
	*h = (struct header){
	        be32(p), be32(p + 4), be32(p + 8), be32(p + 12), be32(p + 16), be32(p + 20)};
	// Bounds, so that the sums below cannot overflow; real files hold a few hundred.
	return h->time <= 4096 && h->type >= 1 && h->type <= 256 && h->chars <= 512 &&
	       h->leap <= 256 && h->isutc <= 256 && h->isstd <= 256;
}

static size_t body_len(const struct header *h, size_t time_len)
{
	return h->time * (time_len + 1) + h->type * 6 + h->chars + h->leap * (time_len + 4) +
	       h->isstd + h->isutc;
}

static bool read_transitions(struct zone *z, const struct header *h, const uint8_t *body)
{
	const uint8_t *index = body + h->time * 8, *types = index + h->time;
	z->count = h->time;
	z->at = xcalloc(z->count + 1, sizeof *z->at);
	z->offset = xcalloc(z->count + 1, sizeof *z->offset);
	z->before = (int32_t)be32(
	        types); // RFC 8536 section 3.2: type 0 applies before the first transition
	for (size_t i = 0; i < z->count; i++) {
		if (index[i] >= h->type)
			return false;
		z->at[i] = be64(body + i * 8);
		z->offset[i] = (int32_t)be32(types + index[i] * 6u);
		if (i > 0 && z->at[i] <= z->at[i - 1])
			return false;
	}
	return true;
}

static bool read_footer(struct zone *z, struct bytes rest)
{
	const uint8_t *end = rest.len >= 2 && rest.data[0] == '\n'
	                             ? memchr(rest.data + 1, '\n', rest.len - 1)
	                             : NULL;
	if (!end)
		return false;
	struct bytes text = bytes_of(rest.data + 1, (size_t)(end - rest.data - 1));
	if (text.len > 0)
		return zone_rule_parse(text, &z->rule);
	z->rule = (struct zone_rule){.offset = z->count ? z->offset[z->count - 1] : z->before};
	return true;
}

static bool parse(struct zone *z, struct bytes in)
{
	struct header h;
	if (!read_header(in, &h))
		return false;
	size_t skip = HEADER_LEN + body_len(&h, 4); // the 32-bit block, for old readers
	if (in.len < skip)
		return false;
	in = bytes_of(in.data + skip, in.len - skip);
	if (!read_header(in, &h) || in.len < HEADER_LEN + body_len(&h, 8))
		return false;
	size_t len = HEADER_LEN + body_len(&h, 8);
	return read_transitions(z, &h, in.data + HEADER_LEN) &&
	       read_footer(z, bytes_of(in.data + len, in.len - len));
}

static bool name_ok(const char *name)
{
	return name[0] && name[0] != '/' && !strstr(name, "..") && strlen(name) <= 64;
}

struct zone *zone_load(const char *name, struct buf *error)
{
	struct buf path = {0}, data = {0};
	struct zone *z = NULL;
	buf_printf(&path, ZONE_FOLDER "%s", name);
	if (!name_ok(name))
		buf_printf(error, "\"%s\" is no IANA time zone", name);
	else if (config_read_file(buf_str(&path), ZONE_FILE_MAX, &data, error)) {
		z = xcalloc(1, sizeof *z);
		if (!parse(z, buf_bytes(&data))) {
			buf_printf(error, "%s is no TZif file that we can read", buf_str(&path));
			zone_free(z);
			z = NULL;
		}
	}
	buf_free(&path);
	buf_free(&data);
	return z;
}

void zone_free(struct zone *z)
{
	if (!z)
		return;
	free(z->at);
	free(z->offset);
	free(z);
}

int32_t zone_offset(const struct zone *z, int64_t utc_s)
{
	if (z->count == 0 || utc_s >= z->at[z->count - 1])
		return zone_rule_offset(&z->rule, utc_s);
	if (utc_s < z->at[0])
		return z->before;
	size_t low = 0, high = z->count - 1; // at[low] <= utc_s < at[high]
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (z->at[middle] <= utc_s)
			low = middle;
		else
			high = middle;
	}
	return z->offset[low];
}

// The first instant in (from, to] at which the local clock shows `local` or later, given that it
// shows less at `from`. One change of offset lies between, so halving finds the end of the gap.
static int64_t first_reaching(const struct zone *z, int64_t from, int64_t to, int64_t local)
{
	while (to - from > 1) {
		int64_t middle = from + (to - from) / 2;
		if (middle + zone_offset(z, middle) >= local)
			to = middle;
		else
			from = middle;
	}
	return to;
}

int64_t zone_to_utc(const struct zone *z, int64_t day, int32_t second, enum zone_pick pick)
{
	int64_t local = day * 86400 + second, found = 0;
	bool any = false;
	// Offsets that may be in force around it: those half a day before and after.
	const int32_t around[2] = {zone_offset(z, local - zone_offset(z, local) - 43200),
	        zone_offset(z, local - zone_offset(z, local) + 43200)};
	for (int i = 0; i < 2; i++) {
		int64_t utc = local - around[i];
		if (zone_offset(z, utc) != around[i])
			continue;
		if (!any || (pick == ZONE_FIRST ? utc < found : utc > found))
			found = utc;
		any = true;
	}
	if (any)
		return found;
	// By the old offset it lies in the gap, which is a day at most (Samoa, 2011).
	int64_t base = local - around[0];
	return first_reaching(z, base - 86400, base, local);
}
