// SPDX-License-Identifier: Apache-2.0
// The bytes of a spool's segment: pure, over bytes, whatever they hold.

#include "spool_segment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crc32c.h"

static const uint8_t file_magic[] = {'H', 'F', 'S', 'P', 'O', 'O', 'L', '\n'};
static const char record_magic[] = "HFR1";
static const char suffix[] = ".seg";

enum {
	MAGIC = 4,
	CRC_AT = 4,
	CHECKED_AT = 8, // the CRC covers the record from here
	LENGTH_AT = 8,
	BACK_AT = 12,
	SEQUENCE_AT = 16,
	TIME_AT = 24,
	KIND_AT = 32,
	NAME_DIGITS = 16,
};

static void put_u32(uint8_t *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> (8 * i));
}

static void put_u64(uint8_t *at, uint64_t v)
{
	put_u32(at, (uint32_t)v);
	put_u32(at + 4, (uint32_t)(v >> 32));
}

static uint32_t get_u32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t get_u64(const uint8_t *at)
{
	return get_u32(at) | (uint64_t)get_u32(at + 4) << 32;
}

void spool_segment_name(uint64_t first, char out[static SPOOL_NAME])
{
	snprintf(out, SPOOL_NAME, "%016" PRIx64 "%s", first, suffix);
}

static bool hex_digit(char c, uint64_t *value)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;
	if (at)
		*value = *value << 4 | (uint64_t)(at - digits);
	return at != NULL;
}

// The last SPOOL_SEQUENCES numbers are refused, so that no sum of ours overflows.
bool spool_segment_parse_name(const char *name, uint64_t *first)
{
	uint64_t value = 0;
	for (int i = 0; i < NAME_DIGITS; i++) {
		if (!hex_digit(name[i], &value))
			return false;
	}
	*first = value;
	return strcmp(name + NAME_DIGITS, suffix) == 0 && value > 0 && value < UINT64_MAX / 2;
}

static uint32_t header_crc(const uint8_t *h)
{
	return crc32c(crc32c(0, bytes_of(h, 12)), bytes_of(h + 16, 8));
}

void spool_segment_header(uint64_t first, struct buf *out)
{
	uint8_t h[SPOOL_HEADER];
	memcpy(h, file_magic, sizeof(file_magic));
	put_u32(h + 8, SPOOL_VERSION);
	put_u64(h + 16, first);
	put_u32(h + 12, header_crc(h));
	buf_append(out, h, sizeof(h));
}

enum spool_header spool_segment_check_header(struct bytes file, uint64_t first)
{
	const uint8_t *h = file.data;
	if (file.len < SPOOL_HEADER || memcmp(h, file_magic, sizeof(file_magic)) != 0)
		return SPOOL_HEADER_BAD;
	if (get_u32(h + 12) != header_crc(h) || get_u64(h + 16) != first)
		return SPOOL_HEADER_BAD;
	return get_u32(h + 8) == SPOOL_VERSION ? SPOOL_HEADER_GOOD : SPOOL_HEADER_NEWER;
}

void spool_segment_encode(const struct spool_item *item, struct buf *out)
{
	uint8_t h[SPOOL_RECORD];
	memcpy(h, record_magic, MAGIC);
	put_u32(h + LENGTH_AT, (uint32_t)item->payload.len);
	put_u32(h + BACK_AT, item->back);
	put_u64(h + SEQUENCE_AT, item->sequence);
	put_u64(h + TIME_AT, (uint64_t)item->at_ms);
	put_u32(h + KIND_AT, item->kind);
	uint32_t crc = crc32c(0, bytes_of(h + CHECKED_AT, SPOOL_RECORD - CHECKED_AT));
	put_u32(h + CRC_AT, crc32c(crc, item->payload));
	buf_append(out, h, sizeof(h));
	buf_append_bytes(out, item->payload);
}

// A header whose record fits into the file; its CRC is another matter.
static bool decode_header(struct bytes file, size_t offset, struct spool_item *out)
{
	if (offset > file.len || file.len - offset < SPOOL_RECORD)
		return false;
	const uint8_t *h = file.data + offset;
	size_t length = get_u32(h + LENGTH_AT);
	if (memcmp(h, record_magic, MAGIC) != 0 || length > file.len - offset - SPOOL_RECORD)
		return false;
	*out = (struct spool_item){
	        .sequence = get_u64(h + SEQUENCE_AT),
	        .at_ms = (int64_t)get_u64(h + TIME_AT),
	        .kind = get_u32(h + KIND_AT),
	        .back = get_u32(h + BACK_AT),
	        .offset = offset,
	        .payload = bytes_of(h + SPOOL_RECORD, length),
	};
	return true;
}

static bool is_sound(struct bytes file, const struct spool_item *item)
{
	const uint8_t *h = file.data + item->offset;
	size_t checked = SPOOL_RECORD - CHECKED_AT + item->payload.len;
	return get_u32(h + CRC_AT) == crc32c(0, bytes_of(h + CHECKED_AT, checked));
}

bool spool_segment_decode(struct bytes file, size_t offset, struct spool_item *out)
{
	return decode_header(file, offset, out) && is_sound(file, out);
}

// Zeros are jumped over by memmem(), and a CRC is reckoned only where a sequence fits: chance finds
// one in 2^44.
bool spool_segment_find(
        struct bytes file, size_t offset, uint64_t least, uint64_t end, struct spool_item *out)
{
	while (offset < file.len) {
		const uint8_t *at =
		        memmem(file.data + offset, file.len - offset, record_magic, MAGIC);
		if (!at)
			return false;
		offset = (size_t)(at - file.data);
		bool fits = decode_header(file, offset, out) && out->sequence >= least &&
		            out->sequence < end;
		if (fits && is_sound(file, out))
			return true;
		offset++;
	}
	return false;
}

void spool_opening_add(struct buf *payload, const struct spool_bounds *bounds)
{
	uint8_t line[SPOOL_BOUNDS];
	put_u64(line, bounds->first);
	put_u64(line + 8, bounds->floor);
	put_u64(line + 16, bounds->end);
	buf_append(payload, line, sizeof(line));
}

bool spool_opening_find(struct bytes payload, uint64_t first, struct spool_bounds *out)
{
	for (size_t at = 0; at + SPOOL_BOUNDS <= payload.len; at += SPOOL_BOUNDS) {
		const uint8_t *line = payload.data + at;
		if (get_u64(line) != first)
			continue;
		*out = (struct spool_bounds){first, get_u64(line + 8), get_u64(line + 16)};
		return true;
	}
	return false;
}
