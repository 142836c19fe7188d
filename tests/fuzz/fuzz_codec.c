// SPDX-License-Identifier: Apache-2.0
// libFuzzer over every decoder of rank 0 that sees bytes from the network. Build:
// clang -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude tests/fuzz/fuzz_codec.c
//     server/base/{buf,clock,codec,log,mem,utf8}.c -lsodium
#include <stdlib.h>

#include "base/codec.h"
#include "base/utf8.h"

#define MAX_PAIRS 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static bool count_pair(struct bytes name, struct bytes value, void *arg)
{
	size_t *count = arg;
	(void)name;
	(void)value;
	require(++*count <= MAX_PAIRS);
	return true;
}

static void fuzz_form(struct bytes in, struct buf *out)
{
	size_t count = 0;
	if (form_parse(in, MAX_PAIRS, count_pair, &count))
		require(count <= in.len);
	(void)!form_get(in, "Body", out);
}

static void fuzz_percent(struct bytes in, struct buf *out)
{
	struct buf back = {0};
	percent_encode(in, out);
	require(percent_decode(buf_bytes(out), false, &back));
	require(bytes_equal(buf_bytes(&back), in));
	buf_clear(&back);
	if (percent_decode(in, true, &back))
		require(back.len <= in.len);
	buf_free(&back);
}

// Strict decoding: what decodes must encode to the very same text.
static void fuzz_base64(struct bytes in, struct buf *out)
{
	struct buf back = {0};
	if (base64_decode(in, &back)) {
		base64_encode(buf_bytes(&back), out);
		require(bytes_equal(buf_bytes(out), in));
	}
	buf_clear(&back);
	if (hex_decode(in, &back))
		require(back.len == in.len / 2);
	buf_free(&back);
}

static void fuzz_utf8(struct bytes in, struct buf *out)
{
	require(utf8_repair(in, out) == utf8_valid(in));
	require(utf8_valid(buf_bytes(out)));
	if (utf8_valid(in))
		require(bytes_equal(buf_bytes(out), in));
	buf_clear(out);
	utf8_from_utf16be(in, out);
	require(utf8_valid(buf_bytes(out)));
	buf_clear(out);
	utf8_for_terminal(in, out);
	require(utf8_valid(buf_bytes(out)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const targets[])(struct bytes, struct buf *) = {
	        fuzz_form, fuzz_percent, fuzz_base64, fuzz_utf8};
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		struct buf out = {0};
		targets[i](bytes_of(data, size), &out);
		buf_free(&out);
	}
	return 0;
}
