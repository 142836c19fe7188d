// SPDX-License-Identifier: Apache-2.0
// Hex, base64, percent-encoding and forms; every decoder is strict.
#include "base/codec.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static void base64_encode_as(struct bytes in, struct buf *out, int variant)
{
	size_t size = sodium_base64_encoded_len(in.len, variant);
	char *text = xmalloc(size);
	sodium_bin2base64(text, size, in.data, in.len, variant);
	buf_append_str(out, text);
	mem_wipe(text, size);
	free(text);
}

void hex_encode(struct bytes in, struct buf *out)
{
	size_t size = in.len * 2 + 1;
	char *text = xmalloc(size);
	sodium_bin2hex(text, size, in.data, in.len);
	buf_append_str(out, text);
	mem_wipe(text, size);
	free(text);
}

bool hex_decode(struct bytes in, struct buf *out)
{
	size_t len = 0, size = in.len / 2 + 1;
	uint8_t *data = xmalloc(size);
	// Without an end pointer libsodium refuses anything that does not use up the input.
	bool ok = !in.len ||
	          sodium_hex2bin(data, size, (const char *)in.data, in.len, NULL, &len, NULL) == 0;
	if (ok)
		buf_append(out, data, len);
	mem_wipe(data, size);
	free(data);
	return ok;
}

void base64_encode(struct bytes in, struct buf *out)
{
	base64_encode_as(in, out, sodium_base64_VARIANT_ORIGINAL);
}

void base64url_encode(struct bytes in, struct buf *out)
{
	base64_encode_as(in, out, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

// sodium_base642bin() of libsodium 1.0.18 takes every byte over 0x7F for a digit.
static bool is_ascii(struct bytes in)
{
	for (size_t i = 0; i < in.len; i++)
		if (in.data[i] > 0x7F)
			return false;
	return true;
}

bool base64_decode(struct bytes in, struct buf *out)
{
	size_t len = 0, size = in.len / 4 * 3 + 3;
	uint8_t *data = xmalloc(size);
	int variant = sodium_base64_VARIANT_ORIGINAL;
	bool ok = !in.len || (is_ascii(in) && sodium_base642bin(data, size, (const char *)in.data,
	                                              in.len, NULL, &len, NULL, variant) == 0);
	if (ok)
		buf_append(out, data, len);
	mem_wipe(data, size);
	free(data);
	return ok;
}

static bool unreserved(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._~", c));
}

void percent_encode(struct bytes in, struct buf *out)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.data[i];
		char escape[3] = {'%', digits[c >> 4], digits[c & 15]};
		if (unreserved(c))
			buf_append_char(out, (char)c);
		else
			buf_append(out, escape, sizeof escape);
	}
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// How many bytes from `pos` stand for themselves.
static size_t plain_run(struct bytes in, size_t pos, bool plus_is_space)
{
	size_t end = pos;
	while (end < in.len && in.data[end] != '%' && !(plus_is_space && in.data[end] == '+'))
		end++;
	return end - pos;
}

bool percent_decode(struct bytes in, bool plus_is_space, struct buf *out)
{
	for (size_t i = 0; i < in.len;) {
		size_t run = plain_run(in, i, plus_is_space);
		if (run) {
			buf_append(out, in.data + i, run);
			i += run;
		} else if (in.data[i] == '+') {
			buf_append_char(out, ' ');
			i++;
		} else {
			int high = in.len - i < 3 ? -1 : hex_digit(in.data[i + 1]);
			int low = in.len - i < 3 ? -1 : hex_digit(in.data[i + 2]);
			if (high < 0 || low < 0)
				return false;
			buf_append_char(out, (char)(high << 4 | low));
			i += 3;
		}
	}
	return true;
}

// Cuts `in` at the first `c`: the part before it is returned, the part after it stays. Without a
// `c` everything is returned.
static struct bytes cut(struct bytes *in, char c)
{
	const uint8_t *at = in->len ? memchr(in->data, c, in->len) : NULL;
	struct bytes head = {in->data, at ? (size_t)(at - in->data) : in->len};
	size_t skip = head.len + (at ? 1 : 0);
	*in = in->len ? bytes_of(in->data + skip, in->len - skip) : *in;
	return head;
}

struct decoded {
	struct buf name;
	struct buf value;
};

static bool form_pair(struct bytes value, struct decoded *d, form_fn fn, void *arg)
{
	struct bytes name = cut(&value, '=');
	buf_clear(&d->name);
	buf_clear(&d->value);
	return percent_decode(name, true, &d->name) && percent_decode(value, true, &d->value) &&
	       fn(buf_bytes(&d->name), buf_bytes(&d->value), arg);
}

bool form_parse(struct bytes in, size_t max, form_fn fn, void *arg)
{
	struct decoded d = {0};
	bool ok = true;
	for (size_t count = 0; ok && in.len;) {
		struct bytes pair = cut(&in, '&');
		if (!pair.len)
			continue; // "a=1&&b=2": an empty part is no pair, as in every browser
		ok = count++ < max && form_pair(pair, &d, fn, arg);
	}
	buf_wipe(&d.name);
	buf_wipe(&d.value); // may be message text
	return ok;
}

bool form_get(struct bytes in, const char *name, struct buf *out)
{
	struct buf key = {0};
	bool found = false, ok = false;
	while (!found && in.len) {
		struct bytes value = cut(&in, '&');
		struct bytes raw = cut(&value, '=');
		buf_clear(&key);
		found = raw.len && percent_decode(raw, true, &key) &&
		        bytes_is(buf_bytes(&key), name);
		ok = found && percent_decode(value, true, out);
	}
	buf_free(&key);
	return ok;
}

void form_add(struct buf *out, const char *name, struct bytes value)
{
	if (out->len)
		buf_append_char(out, '&');
	percent_encode(bytes_str(name), out);
	buf_append_char(out, '=');
	percent_encode(value, out);
}

size_t csv_split(char *csv, char **out, size_t max)
{
	size_t n = 0;
	char *rest = csv;
	for (char *one; n < max && (one = strsep(&rest, ",")) != NULL;)
		if (*one)
			out[n++] = one;
	return n;
}
