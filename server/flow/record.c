// SPDX-License-Identifier: Apache-2.0
// Writing and reading the plain form of a spooled record.
#include "record.h"

static void put_number(struct buf *out, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		buf_append_char(out, (char)(uint8_t)(value >> (8 * i)));
}

void record_begin(struct buf *out, uint8_t version)
{
	put_number(out, version, 1);
}

void record_put_int(struct buf *out, int64_t value)
{
	put_number(out, (uint64_t)value, 8);
}

void record_put_bytes(struct buf *out, struct bytes value)
{
	put_number(out, value.len, 4);
	buf_append_bytes(out, value);
}

static struct bytes take(struct record_reader *r, uint64_t len)
{
	if (r->bad || len > r->rest.len) {
		*r = (struct record_reader){.bad = true};
		return bytes_of(NULL, 0);
	}
	struct bytes head = bytes_of(r->rest.data, (size_t)len);
	r->rest = bytes_of(r->rest.data + len, r->rest.len - (size_t)len);
	return head;
}

static uint64_t take_number(struct record_reader *r, size_t size)
{
	uint64_t value = 0;
	struct bytes b = take(r, size);
	for (size_t i = 0; i < b.len; i++)
		value |= (uint64_t)b.data[i] << (8 * i);
	return value;
}

struct record_reader record_read(struct bytes record, uint8_t version)
{
	struct record_reader r = {.rest = record};
	if (take_number(&r, 1) != version)
		r = (struct record_reader){.bad = true};
	return r;
}

int64_t record_int(struct record_reader *r)
{
	return (int64_t)take_number(r, 8);
}

struct bytes record_bytes(struct record_reader *r)
{
	return take(r, take_number(r, 4));
}

bool record_end(const struct record_reader *r)
{
	return !r->bad && r->rest.len == 0;
}
