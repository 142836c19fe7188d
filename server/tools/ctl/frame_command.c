// SPDX-License-Identifier: Apache-2.0
// `holdfastctl frame`: converts one frame between its encodings, for authors of clients.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "ctl.h"

static bool read_input(struct buf *out)
{
	uint8_t chunk[4096];
	ssize_t len;

	while ((len = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0 &&
	        out->len <= 2 * FRAME_ANSWER_BYTES_MAX)
		buf_append(out, chunk, (size_t)len);
	return len == 0;
}

// What begins with a brace is JSON, anything else protobuf in hex.
static Frame *decode(struct bytes in, struct buf *error)
{
	struct buf binary = {0};
	Frame *f = NULL;

	if (in.len > 0 && in.data[0] == '{')
		return frame_decode_answer(in, true, error);
	if (hex_decode(in, &binary))
		f = frame_decode_answer(buf_bytes(&binary), false, error);
	else
		buf_append_str(error, "the input is neither JSON nor hex");
	buf_free(&binary);
	return f;
}

static bool print_as(const Frame *f, const char *encoding)
{
	struct buf bytes = {0}, text = {0};
	bool known = args_among("json hex binary", encoding);

	frame_encode(f, strcmp(encoding, "json") == 0, &bytes);
	if (strcmp(encoding, "hex") == 0)
		hex_encode(buf_bytes(&bytes), &text);
	else
		buf_append_bytes(&text, buf_bytes(&bytes));
	if (strcmp(encoding, "binary") != 0)
		buf_append_char(&text, '\n');
	if (known)
		fwrite(text.data, 1, text.len, stdout);
	buf_free(&bytes);
	buf_free(&text);
	return known;
}

int run_frame(struct ctl *c)
{
	struct buf in = {0}, error = {0};
	int code = EXIT_DONE;
	Frame *f;

	if (!read_input(&in))
		buf_append_str(&error, "the input could not be read");
	f = error.len ? NULL : decode(bytes_trim(buf_bytes(&in)), &error);
	if (!f)
		code = ctl_fail(EXIT_FAILED, "%s", buf_str(&error));
	else if (!print_as(f, ctl_operand(c, 0)))
		code = ctl_fail(EXIT_USAGE, "frame converts to json, hex or binary");
	frame_free(f);
	buf_wipe(&in);
	buf_free(&error);
	return code;
}
