// SPDX-License-Identifier: Apache-2.0
// Fuzzes frame decoding: the first byte picks the encoding; what decodes must survive both
// encodings unchanged.
#include <stdlib.h>

#include "proto/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Protobuf bytes keep unknown fields and JSON does not, so JSON is what is compared.
static void check_again(const Frame *f, bool json, const struct buf *expected)
{
	struct buf encoded = {0}, error = {0}, text = {0};
	Frame *again;

	frame_encode(f, json, &encoded);
	again = frame_decode_answer(buf_bytes(&encoded), json, &error);
	// Escapes and names may make a frame longer than what it came from, up to the limit and
	// beyond.
	if (!again && encoded.len <= FRAME_ANSWER_BYTES_MAX)
		abort();
	if (again) {
		frame_encode(again, true, &text);
		if (!bytes_equal(buf_bytes(&text), buf_bytes(expected)))
			abort();
	}
	frame_free(again);
	buf_free(&encoded);
	buf_free(&error);
	buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf error = {0}, text = {0};
	Frame *f;

	if (size == 0)
		return 0;
	f = frame_decode(bytes_of(data + 1, size - 1), data[0] & 1, &error);
	if (!f && error.len == 0)
		abort();
	if (f) {
		frame_encode(f, true, &text);
		check_again(f, true, &text);
		check_again(f, false, &text);
	}
	frame_free(f);
	buf_free(&error);
	buf_free(&text);
	return 0;
}
